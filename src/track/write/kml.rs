//! KML 2.2.

use std::ops::Range;

use super::text::{
    instant, push_decimal, push_degrees, push_element, push_element_if, time_ms, value,
};
use super::{Document, Times};
use crate::track::columns::{MISSING, NO_TIME};

const HEAD: &str = concat!(
    r#"<?xml version="1.0" encoding="UTF-8"?>"#,
    "\n",
    r#"<kml xmlns="http://www.opengis.net/kml/2.2" xmlns:gx="http://www.google.com/kml/ext/2.2""#,
    r#" xmlns:atom="http://www.w3.org/2005/Atom">"#,
    "\n<Document>",
);

/// A column of values, and what KML calls it.
type Sensor<'a> = (&'static str, &'a [i32], usize);

/// The document as KML: one placemark with a line, or with a `gx:Track` that has times and sensor
/// values where times of day are known, for each part; then a placemark for each waypoint. It is
/// valid by the schemas of the OGC and of Google but for one thing: they have no word for a point
/// without a time among others, whose `when` is empty.
///
/// What KML cannot hold: sensor values without times; times that count from the start; the symbol of
/// a waypoint; elevations of a line that are all 0, which is what others write where there are none;
/// characters that XML 1.0 has no way to say.
pub fn kml(document: &Document) -> Vec<u8> {
    let mut out = String::from(HEAD);
    push_element(&mut out, "name", document.title);
    if let Some(author) = document.author {
        out.push_str("<atom:author>");
        push_element(&mut out, "atom:name", author);
        out.push_str("</atom:author>");
    }
    push_element_if(&mut out, "description", document.description);
    let columns = document.columns;
    let timed = document.times == Times::Absolute
        && columns.time_ms.iter().any(|&time_ms| time_ms != NO_TIME);
    let sensors = if timed { sensors(document) } else { Vec::new() };
    push_schema(&mut out, &sensors);
    out.push_str("\n<Placemark>");
    push_element(&mut out, "name", document.title);
    push_element_if(&mut out, "description", document.description);
    push_sport(&mut out, document);
    let (open, close) = if timed {
        ("<gx:MultiTrack>", "</gx:MultiTrack>")
    } else {
        ("<MultiGeometry>", "</MultiGeometry>")
    };
    out.push_str(open);
    for part in columns.parts() {
        if timed {
            push_track(&mut out, document, part, &sensors);
        } else {
            push_line(&mut out, document, part);
        }
    }
    out.push_str(close);
    out.push_str("</Placemark>\n");
    push_waypoints(&mut out, document);
    out.push_str("</Document>\n</kml>\n");
    out.into_bytes()
}

fn sensors<'a>(document: &Document<'a>) -> Vec<Sensor<'a>> {
    let columns = document.columns;
    let all: [Sensor; 4] = [
        ("heartrate", &columns.heart_rate_bpm, 0),
        ("cadence", &columns.cadence_d, 1),
        ("power", &columns.power_w, 0),
        ("temperature", &columns.temperature_dc, 1),
    ];
    all.into_iter().filter(|(_, column, _)| column.iter().any(|&value| value != MISSING)).collect()
}

fn push_schema(out: &mut String, sensors: &[Sensor]) {
    if sensors.is_empty() {
        return;
    }
    out.push_str("\n<Schema id=\"sensors\">");
    for (name, ..) in sensors {
        out.push_str("<gx:SimpleArrayField name=\"");
        out.push_str(name);
        out.push_str("\" type=\"float\"/>");
    }
    out.push_str("</Schema>");
}

fn push_sport(out: &mut String, document: &Document) {
    out.push_str("<ExtendedData><Data name=\"type\">");
    push_element(out, "value", document.sport.name());
    out.push_str("</Data></ExtendedData>\n");
}

fn push_track(out: &mut String, document: &Document, part: Range<usize>, sensors: &[Sensor]) {
    let columns = document.columns;
    out.push_str("<gx:Track>\n");
    for point in part.clone() {
        let time = time_ms(&columns.time_ms, point).and_then(instant);
        push_element(out, "when", time.as_deref().unwrap_or_default());
        out.push('\n');
    }
    for point in part.clone() {
        out.push_str("<gx:coord>");
        push_coordinates(
            out,
            columns.lat_e7[point],
            columns.lon_e7[point],
            value(&columns.elevation_dm, point),
            ' ',
        );
        out.push_str("</gx:coord>\n");
    }
    if !sensors.is_empty() {
        out.push_str("<ExtendedData><SchemaData schemaUrl=\"#sensors\">\n");
        for (name, column, digits) in sensors {
            out.push_str("<gx:SimpleArrayData name=\"");
            out.push_str(name);
            out.push_str("\">");
            for point in part.clone() {
                out.push_str("<gx:value>");
                if let Some(value) = value(column, point) {
                    push_decimal(out, value.into(), *digits);
                }
                out.push_str("</gx:value>");
            }
            out.push_str("</gx:SimpleArrayData>\n");
        }
        out.push_str("</SchemaData></ExtendedData>");
    }
    out.push_str("</gx:Track>\n");
}

fn push_line(out: &mut String, document: &Document, part: Range<usize>) {
    let columns = document.columns;
    out.push_str("<LineString><tessellate>1</tessellate><coordinates>");
    for (index, point) in part.enumerate() {
        if index > 0 {
            out.push(' ');
        }
        push_coordinates(
            out,
            columns.lat_e7[point],
            columns.lon_e7[point],
            value(&columns.elevation_dm, point),
            ',',
        );
    }
    out.push_str("</coordinates></LineString>\n");
}

fn push_waypoints(out: &mut String, document: &Document) {
    for waypoint in document.waypoints {
        out.push_str("<Placemark>");
        push_element_if(out, "name", waypoint.name.as_deref());
        push_element_if(out, "description", waypoint.description.as_deref());
        out.push_str("<Point><coordinates>");
        push_coordinates(out, waypoint.lat_e7, waypoint.lon_e7, waypoint.elevation_dm, ',');
        out.push_str("</coordinates></Point></Placemark>\n");
    }
}

fn push_coordinates(
    out: &mut String,
    lat_e7: i32,
    lon_e7: i32,
    elevation_dm: Option<i32>,
    separator: char,
) {
    push_degrees(out, lon_e7);
    out.push(separator);
    push_degrees(out, lat_e7);
    if let Some(elevation_dm) = elevation_dm {
        out.push(separator);
        push_decimal(out, elevation_dm.into(), 1);
    }
}
