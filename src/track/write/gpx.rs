//! GPX 1.1.

use super::text::{
    instant, push_decimal_element, push_degrees, push_element, push_element_if,
    push_western_longitude, time_ms, value,
};
use super::{Document, Times};
use crate::track::reading::Waypoint;

const HEAD: &str = concat!(
    r#"<?xml version="1.0" encoding="UTF-8"?>"#,
    "\n",
    r#"<gpx version="1.1" creator="OpenTracks" xmlns="http://www.topografix.com/GPX/1/1""#,
    r#" xmlns:gpxtpx="http://www.garmin.com/xmlschemas/TrackPointExtension/v1""#,
    r#" xmlns:pwr="http://www.garmin.com/xmlschemas/PowerExtension/v1">"#,
    "\n",
);

/// What Garmin's schema takes for a heart rate.
const HEART_RATE_BPM: std::ops::RangeInclusive<i32> = 1..=255;
/// What Garmin's schema takes for a cadence.
const CADENCE: std::ops::RangeInclusive<i32> = 0..=254;

/// The document as GPX: one track with a segment for each part, planned or not, since devices
/// recalculate what a file calls a route. It is valid by the schema of GPX 1.1 and by those of the
/// extensions.
///
/// What GPX cannot hold: times that count from the start; whether a track with times was planned; the
/// tenths of a cadence and cadences above 254; characters that XML 1.0 has no way to say. Longitude
/// 180° is written as −180°.
pub fn gpx(document: &Document) -> Vec<u8> {
    let mut out = String::from(HEAD);
    out.push_str("<metadata>");
    push_element(&mut out, "name", document.title);
    push_element_if(&mut out, "desc", document.description);
    if let Some(author) = document.author {
        out.push_str("<author>");
        push_element(&mut out, "name", author);
        out.push_str("</author>");
    }
    out.push_str("</metadata>\n");
    document.waypoints.iter().for_each(|waypoint| push_waypoint(&mut out, waypoint));
    out.push_str("<trk>");
    push_element(&mut out, "name", document.title);
    push_element_if(&mut out, "desc", document.description);
    push_element(&mut out, "type", document.sport.name());
    for part in document.columns.parts() {
        out.push_str("\n<trkseg>\n");
        part.for_each(|point| push_point(&mut out, document, point));
        out.push_str("</trkseg>");
    }
    out.push_str("\n</trk>\n</gpx>\n");
    out.into_bytes()
}

fn push_waypoint(out: &mut String, waypoint: &Waypoint) {
    push_position(out, "wpt", waypoint.lat_e7, waypoint.lon_e7);
    push_decimal_element(out, "ele", waypoint.elevation_dm, 1);
    push_element_if(out, "name", waypoint.name.as_deref());
    push_element_if(out, "desc", waypoint.description.as_deref());
    push_element_if(out, "sym", waypoint.symbol.as_deref());
    out.push_str("</wpt>\n");
}

fn push_point(out: &mut String, document: &Document, point: usize) {
    let columns = document.columns;
    push_position(out, "trkpt", columns.lat_e7[point], columns.lon_e7[point]);
    push_decimal_element(out, "ele", value(&columns.elevation_dm, point), 1);
    if document.times == Times::Absolute {
        push_element_if(out, "time", time_ms(&columns.time_ms, point).and_then(instant).as_deref());
    }
    push_extensions(out, document, point);
    out.push_str("</trkpt>\n");
}

fn push_extensions(out: &mut String, document: &Document, point: usize) {
    let columns = document.columns;
    let temperature_dc = value(&columns.temperature_dc, point);
    let heart_rate_bpm =
        value(&columns.heart_rate_bpm, point).filter(|bpm| HEART_RATE_BPM.contains(bpm));
    let cadence =
        value(&columns.cadence_d, point).map(|tenths| tenths.saturating_add(5).div_euclid(10));
    let cadence = cadence.filter(|cadence| CADENCE.contains(cadence));
    let power_w = value(&columns.power_w, point);
    let of_track_point = temperature_dc.or(heart_rate_bpm).or(cadence);
    if of_track_point.or(power_w).is_none() {
        return;
    }
    out.push_str("<extensions>");
    if of_track_point.is_some() {
        out.push_str("<gpxtpx:TrackPointExtension>");
        push_decimal_element(out, "gpxtpx:atemp", temperature_dc, 1);
        push_decimal_element(out, "gpxtpx:hr", heart_rate_bpm, 0);
        push_decimal_element(out, "gpxtpx:cad", cadence, 0);
        out.push_str("</gpxtpx:TrackPointExtension>");
    }
    push_decimal_element(out, "pwr:PowerInWatts", power_w, 0);
    out.push_str("</extensions>");
}

fn push_position(out: &mut String, element: &str, lat_e7: i32, lon_e7: i32) {
    out.push('<');
    out.push_str(element);
    out.push_str(" lat=\"");
    push_degrees(out, lat_e7);
    out.push_str("\" lon=\"");
    push_western_longitude(out, lon_e7);
    out.push_str("\">");
}

#[cfg(test)]
mod tests {
    use super::super::tests::{columns, document};
    use super::*;
    use crate::track::columns::Columns;

    #[test]
    fn the_antimeridian_is_written_as_the_schema_has_it() {
        let columns = Columns { lon_e7: vec![1_800_000_000; 4], ..columns() };
        let file = String::from_utf8(gpx(&document(&columns))).unwrap();
        assert!(file.contains("lon=\"-180\"") && !file.contains("lon=\"180\""));
    }

    #[test]
    fn a_point_has_its_values_in_the_order_of_the_schema() {
        let columns = columns();
        let file = String::from_utf8(gpx(&document(&columns))).unwrap();
        assert!(file.contains(concat!(
            r#"<trkpt lat="47.1" lon="8.5"><ele>412.3</ele><time>2023-11-14T22:13:20Z</time><extensions>"#,
            "<gpxtpx:TrackPointExtension><gpxtpx:atemp>-1.5</gpxtpx:atemp><gpxtpx:hr>120</gpxtpx:hr>",
            "<gpxtpx:cad>86</gpxtpx:cad></gpxtpx:TrackPointExtension>",
            "<pwr:PowerInWatts>250</pwr:PowerInWatts></extensions></trkpt>",
        )));
    }
}
