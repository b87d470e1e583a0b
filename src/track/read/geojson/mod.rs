//! GeoJSON (RFC 7946): lines with the times and sensor values that togeojson puts beside them.
//!
//! The text is walked once, straight into columns. The order of an object's members does not
//! matter, as it does not in JSON: positions are kept until it is known what they are.

mod collection;
mod coordinates;
mod escape;
mod feature;
mod json;
mod series;
mod shape;

use std::borrow::Cow;

use crate::track::reading::{Reading, Rule, Unreadable};

use super::activities::recordings;
use super::flaws::line;
use collection::Collection;
use json::{Json, Stop};

const NOT_JSON: &str = "is not JSON";
const NOT_GEOJSON: &str = "is JSON, but not GeoJSON";
const NO_LINE: &str = "has no line: it holds only points or areas";

/// Reads a GeoJSON text: a collection, a feature or a bare geometry, as clients post it.
///
/// Each feature with lines is a track whose parts they are. A point becomes a waypoint; areas are
/// passed over. A line without times is planned.
///
/// # Errors
/// [`Unreadable`] for what is no GeoJSON, has no line with a sound position, or exceeds a limit.
pub(super) fn read(bytes: &[u8]) -> Result<Reading, Unreadable> {
    let text =
        std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::from);
    let bytes = text.as_bytes();
    let mut json = Json::new(&text);
    let mut collection = Collection::default();
    let mut reason = NO_LINE;
    match collection.read(&mut json, 0) {
        Ok(()) if collection.is_geojson => {
            if json.peek().is_some() {
                collection.flaws.note(Rule::Malformed, json.offset());
            }
        }
        Ok(()) => reason = NOT_GEOJSON,
        Err(Stop::Refused(reason)) => {
            return Err(Unreadable { reason, place: Some(line(bytes, json.offset())) });
        }
        Err(Stop::Truncated) => collection.flaws.note(Rule::Truncated, json.offset()),
        Err(Stop::Malformed) => {
            reason = NOT_JSON;
            collection.flaws.note(Rule::Malformed, json.offset());
        }
    }
    let mut recordings = recordings(collection.lines, Vec::new());
    let Some(first) = recordings.first_mut() else {
        return Err(collection.flaws.into_unreadable(reason, bytes));
    };
    first.waypoints = collection.waypoints;
    Ok(Reading { recordings, flaws: collection.flaws.into_lines(bytes) })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::track::columns::{Columns, MISSING};
    use crate::track::read::{POINTS_MAX, TOO_MANY_POINTS, sound};
    use crate::track::reading::{Flaw, Place};

    use super::*;

    macro_rules! fixture {
        ($name:literal) => {
            include_bytes!(concat!("../../../../fixtures/tracks/geojson/", $name)).as_slice()
        };
    }

    const COLLECTION: &[u8] = fixture!("georust+geojson/good-featurecollection.geojson");
    const PARTS: &[u8] = fixture!("mapbox+togeojson/gxmultitrack.kml.geojson");
    const SENSORS: &[u8] = fixture!("mapbox+togeojson/missing_hr.gpx.geojson");

    fn columns(text: &str) -> Columns {
        read(text.as_bytes()).unwrap().recordings[0].track.columns().clone()
    }

    fn flaws(text: &str) -> Vec<Flaw> {
        read(text.as_bytes()).unwrap().flaws
    }

    fn reason(text: &[u8]) -> &'static str {
        read(text).unwrap_err().reason
    }

    fn flaw(rule: Rule, count: u64, line: u64) -> Flaw {
        Flaw { rule, count, first: Some(Place::Line(line)) }
    }

    #[test]
    fn lines_are_read_with_their_times_and_heart_rates() {
        let reading = read(SENSORS).unwrap();
        let columns = reading.recordings[0].track.columns();
        assert_eq!(columns.part_ends, [3, 13, 16]);
        assert_eq!((columns.lat_e7[0], columns.lon_e7[0]), (478_728_961, 138_153_799));
        assert_eq!(columns.elevation_dm[0], 4_349);
        assert_eq!(columns.time_ms[3], 1_495_857_660_000);
        assert_eq!(columns.heart_rate_bpm[2..5], [MISSING, 104, 104]);
        assert!(!reading.recordings[0].planned);
        assert_eq!(reading.recordings[0].title.as_deref(), Some("missing hr"));
        assert_eq!(reading.flaws, []);
    }

    #[test]
    fn lines_of_a_collection_of_geometries_are_parts_and_points_waypoints() {
        let reading = read(PARTS).unwrap();
        assert_eq!(reading.recordings[0].track.columns().part_ends, [13, 26]);
        assert_eq!(reading.recordings[0].waypoints.len(), 2);
        assert_eq!(reading.recordings[0].waypoints[0].elevation_dm, Some(7_916));
    }

    #[test]
    fn areas_are_passed_over_and_alone_are_no_track() {
        let reading = read(COLLECTION).unwrap();
        assert_eq!(reading.recordings[0].track.columns().len(), 4);
        assert!(reading.recordings[0].planned);
        assert_eq!(reason(fixture!("georust+geojson/multipolygon.geojson")), NO_LINE);
        assert_eq!(reason(br#"{"type":"Point","coordinates":[1,2]}"#), NO_LINE);
    }

    #[test]
    fn members_may_stand_in_any_order() {
        let text = r#"{"properties": {"coordinateProperties": {"times": ["2020-01-01T00:00:00Z", 1577836801]}},
            "geometry": {"coordinates": [[8.1, 47.1], [8.2, 47.2]], "type": "LineString"}, "type": "Feature"}"#;
        assert_eq!(columns(text).time_ms, [1_577_836_800_000, 1_577_836_801_000]);
    }

    #[test]
    fn unsound_positions_are_left_out_with_their_times() {
        let text = r#"{"type": "Feature", "geometry": {"type": "LineString", "coordinates": [
            [1, 2],
            [NaN, 2], [1, 91], [null, null], [1], "x", [1e999, 1],
            [3, 4]]},
            "properties": {"times": [1, 2, 3, 4, 5, 6, 7, 8]}}"#;
        let columns = columns(text);
        assert_eq!(columns.lon_e7, [10_000_000, 30_000_000]);
        assert_eq!(columns.time_ms, [1_000, 8_000]);
        assert_eq!(flaws(text), [flaw(Rule::InvalidPosition, 6, 3)]);
    }

    #[test]
    fn times_that_do_not_match_the_positions_are_left_out() {
        let text = r#"{"type": "Feature", "properties": {"coordTimes": ["2020-01-01T00:00:00Z"]},
            "geometry": {"type": "LineString", "coordinates": [[1, 2], [3, 4]]}}"#;
        assert!(columns(text).time_ms.is_empty());
        assert_eq!(flaws(text), [flaw(Rule::Malformed, 1, 2)]);
    }

    #[test]
    fn what_came_before_a_text_breaks_off_is_kept() {
        let text = "{\"type\": \"LineString\",\n\"coordinates\": [[1, 2], [3, 4], [5";
        assert_eq!(columns(text).len(), 2);
        assert_eq!(flaws(text), [flaw(Rule::Truncated, 1, 2)]);
    }

    #[test]
    fn what_is_no_geojson_says_so() {
        assert_eq!(reason(b"{'type': 'LineString'}"), NOT_JSON);
        assert_eq!(reason(b"[1, 2]"), NOT_GEOJSON);
        assert_eq!(reason(br#"{"type": "Topology"}"#), NOT_GEOJSON);
        assert_eq!(reason(br#"{"type": "LineString", "coordinates": []}"#), NO_LINE);
    }

    #[test]
    fn nesting_is_bounded() {
        let deep = [
            r#"{"geometry":"#,
            r#"{"features":["#,
            r#"{"geometries":["#,
            r#"{"coordinates":["#,
            "[",
        ];
        for opening in deep {
            assert!(read(opening.repeat(100_000).as_bytes()).is_err());
        }
        let coordinates = format!("{}1,2{}", "[".repeat(9), "]".repeat(9));
        let text = format!(r#"{{"type":"LineString","coordinates":{coordinates}}}"#);
        assert_eq!(reason(text.as_bytes()), NO_LINE);
    }

    #[test]
    fn positions_that_are_none_count_too() {
        let many = "1,".repeat(POINTS_MAX + 1);
        let text = format!(r#"{{"type":"LineString","coordinates":[[1,2],{many}[3,4]]}}"#);
        assert_eq!(reason(text.as_bytes()), TOO_MANY_POINTS);
    }

    #[test]
    fn the_last_of_two_members_of_one_name_counts() {
        let text =
            r#"{"type": "LineString", "coordinates": [[9, 9]], "coordinates": [[1, 2], [3, 4]]}"#;
        assert_eq!(columns(text).lon_e7, [10_000_000, 30_000_000]);
    }

    proptest! {
        #[test]
        fn lines_are_read_as_serde_json_writes_them(
            line: Vec<(i32, i32)>,
        ) {
            let degrees = |e7: i32, turn: i32| f64::from(e7 % turn) / 1e7;
            let line: Vec<[f64; 2]> = line
                .iter()
                .map(|(lon, lat)| [degrees(*lon, 1_800_000_001), degrees(*lat, 900_000_001)])
                .collect();
            prop_assume!(!line.is_empty());
            let text = serde_json::json!({ "coordinates": line, "type": "LineString" }).to_string();
            let columns = columns(&text);
            let read: Vec<[f64; 2]> = columns
                .lon_e7
                .iter()
                .zip(&columns.lat_e7)
                .map(|(lon, lat)| [f64::from(*lon) / 1e7, f64::from(*lat) / 1e7])
                .collect();
            prop_assert_eq!(read, line);
        }

        #[test]
        fn what_is_read_of_any_bytes_is_sound(bytes: Vec<u8>) {
            sound::check_read(&[b"{\"type\":\"LineString\",\"coordinates\":", &bytes[..]].concat());
        }

        #[test]
        fn what_is_read_of_a_damaged_file_is_sound(
            changes in prop::collection::vec(
                (any::<prop::sample::Index>(), prop::sample::select(b"[]{},:\"\\u0 .-eN\n\xff".to_vec())),
                0..20,
            ),
            cut: prop::sample::Index,
        ) {
            for text in [COLLECTION, PARTS, SENSORS] {
                let mut damaged = text.to_vec();
                for (index, byte) in &changes {
                    *index.get_mut(&mut damaged) = *byte;
                }
                damaged.truncate(cut.index(damaged.len()));
                sound::check_read(&damaged);
            }
        }
    }
}
