//! GeoJSON (RFC 7946).

use std::fmt::Write;

use super::text::{instant, push_decimal, push_degrees, push_json, time_ms, value};
use super::{Document, Times};
use crate::track::antimeridian::{self, Position};
use crate::track::columns::{MISSING, NO_TIME};
use crate::track::reading::Waypoint;

/// A position of a line must not stand alone.
const LINE_POINTS_MIN: usize = 2;

/// The document as a collection: the track as a feature with one or more lines, then a feature for
/// each waypoint.
///
/// Lines that cross the antimeridian are cut there, as RFC 7946 asks (3.1.9). Values for each
/// position stand in `coordinateProperties`, under the names that togeojson uses.
///
/// What GeoJSON cannot hold: a part of one point, since a line needs two; that a line was one where
/// it is cut. Times that count from the start stand under a name of our own.
pub fn geojson(document: &Document) -> Vec<u8> {
    let mut lines = antimeridian::lines(document.columns);
    lines.retain(|line| line.len() >= LINE_POINTS_MIN);
    let mut out =
        String::from(r#"{"type":"FeatureCollection","features":[{"type":"Feature","geometry":"#);
    match lines.as_slice() {
        [] => out.push_str("null"),
        [line] => {
            out.push_str(r#"{"type":"LineString","coordinates":"#);
            push_line(&mut out, line);
            out.push('}');
        }
        lines => {
            out.push_str(r#"{"type":"MultiLineString","coordinates":"#);
            push_list(&mut out, lines, |out, line| push_line(out, line));
            out.push('}');
        }
    }
    push_properties(&mut out, document, &lines);
    out.push('}');
    document.waypoints.iter().for_each(|waypoint| push_waypoint(&mut out, waypoint));
    out.push_str("]}\n");
    out.into_bytes()
}

fn push_properties(out: &mut String, document: &Document, lines: &[Vec<Position>]) {
    out.push_str(r#","properties":{"name":"#);
    push_json(out, document.title);
    for (name, text) in [("desc", document.description), ("author", document.author)] {
        push_property(out, name, text);
    }
    push_property(out, "type", Some(document.sport.name()));
    let _ = write!(out, r#","planned":{},"coordinateProperties":{{"#, document.planned);
    let columns = document.columns;
    let start = out.len();
    if columns.time_ms.iter().any(|&time_ms| time_ms != NO_TIME) {
        let (name, push): (_, fn(&mut String, i64)) = match document.times {
            Times::Absolute => ("times", push_instant),
            Times::FromStart => ("elapsed_s", |out, time_ms| push_decimal(out, time_ms, 3)),
        };
        push_values(out, name, lines, |point| time_ms(&columns.time_ms, point), push);
    }
    for (name, column, digits) in [
        ("heart", &columns.heart_rate_bpm, 0),
        ("cads", &columns.cadence_d, 1),
        ("powers", &columns.power_w, 0),
        ("atemps", &columns.temperature_dc, 1),
    ] {
        if column.iter().any(|&value| value != MISSING) {
            if out.len() > start {
                out.push(',');
            }
            push_values(
                out,
                name,
                lines,
                |point| value(column, point),
                |out, value| push_decimal(out, value.into(), digits),
            );
        }
    }
    out.push_str("}}");
}

/// Appends a property that holds a value for each position: a list, or a list for each of several
/// lines.
fn push_values<T>(
    out: &mut String,
    name: &str,
    lines: &[Vec<Position>],
    value: impl Fn(usize) -> Option<T>,
    push: impl Fn(&mut String, T),
) {
    let push_one = |out: &mut String, position: &Position| match position.point.and_then(&value) {
        Some(value) => push(out, value),
        None => out.push_str("null"),
    };
    let _ = write!(out, r#""{name}":"#);
    match lines {
        [line] => push_list(out, line, push_one),
        lines => push_list(out, lines, |out, line| push_list(out, line, push_one)),
    }
}

fn push_waypoint(out: &mut String, waypoint: &Waypoint) {
    out.push_str(r#",{"type":"Feature","geometry":{"type":"Point","coordinates":"#);
    push_coordinates(out, waypoint.lat_e7, waypoint.lon_e7, waypoint.elevation_dm);
    out.push_str(r#"},"properties":{"name":"#);
    match &waypoint.name {
        Some(name) => push_json(out, name),
        None => out.push_str("null"),
    }
    push_property(out, "desc", waypoint.description.as_deref());
    push_property(out, "sym", waypoint.symbol.as_deref());
    out.push_str("}}");
}

fn push_line(out: &mut String, line: &[Position]) {
    push_list(out, line, |out, position| {
        push_coordinates(out, position.lat_e7, position.lon_e7, position.elevation_dm);
    });
}

fn push_coordinates(out: &mut String, lat_e7: i32, lon_e7: i32, elevation_dm: Option<i32>) {
    out.push('[');
    push_degrees(out, lon_e7);
    out.push(',');
    push_degrees(out, lat_e7);
    if let Some(elevation_dm) = elevation_dm {
        out.push(',');
        push_decimal(out, elevation_dm.into(), 1);
    }
    out.push(']');
}

fn push_instant(out: &mut String, time_ms: i64) {
    match instant(time_ms) {
        Some(text) => push_json(out, &text),
        None => out.push_str("null"),
    }
}

fn push_property(out: &mut String, name: &str, text: Option<&str>) {
    if let Some(text) = text {
        let _ = write!(out, r#","{name}":"#);
        push_json(out, text);
    }
}

fn push_list<T>(out: &mut String, items: &[T], push: impl Fn(&mut String, &T)) {
    out.push('[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        push(out, item);
    }
    out.push(']');
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::tests::{columns, document};
    use super::*;
    use crate::track::Columns;

    #[test]
    fn a_line_over_the_antimeridian_is_cut_there() {
        let columns = Columns {
            lat_e7: vec![100_000_000, 120_000_000],
            lon_e7: vec![1_790_000_000, -1_780_000_000],
            elevation_dm: vec![0, 300],
            time_ms: vec![0, 1000],
            part_ends: vec![2],
            ..Columns::default()
        };
        let document = Document { times: Times::FromStart, ..document(&columns) };
        let track = parse(&geojson(&document))["features"][0].take();
        let third = serde_json::json!([
            [[179, 10, 0], [180, 10.666_666_6, 10]],
            [[-180, 10.666_666_6, 10], [-178, 12, 30]]
        ]);
        assert_eq!(track["geometry"]["coordinates"], third);
        assert_eq!(
            track["properties"]["coordinateProperties"]["elapsed_s"],
            serde_json::json!([[0, null], [null, 1]])
        );
    }

    #[test]
    fn values_stand_beside_their_positions() {
        let track = parse(&geojson(&document(&columns())))["features"][0].take();
        // The second part goes over the antimeridian, and so is two lines.
        assert_eq!(track["geometry"]["type"], "MultiLineString");
        assert_eq!(track["geometry"]["coordinates"][0][0], serde_json::json!([8.5, 47.1, 412.3]));
        assert_eq!(
            track["properties"]["coordinateProperties"]["heart"],
            serde_json::json!([[120, 121], [null, null], [null, 130]])
        );
    }

    fn parse(bytes: &[u8]) -> Value {
        serde_json::from_slice(bytes).unwrap()
    }
}
