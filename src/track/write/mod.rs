//! Tracks as files for other programs.

mod csv;
mod geojson;
mod gpx;
mod kml;
#[cfg(test)]
mod returns;
mod tcx;
mod text;

use super::columns::Columns;
use super::reading::Waypoint;
use crate::domain::Sport;

pub use csv::csv;
pub use geojson::geojson;
pub use gpx::gpx;
pub use kml::kml;
pub use tcx::tcx;

/// What a file says.
#[derive(Clone, Copy)]
pub struct Document<'a> {
    /// The title.
    pub title: &'a str,
    /// The description.
    pub description: Option<&'a str>,
    /// Whom to name as the author: a public name, never an address.
    pub author: Option<&'a str>,
    /// The sport.
    pub sport: Sport,
    /// Whether it was planned, not recorded.
    pub planned: bool,
    /// The points.
    pub columns: &'a Columns,
    /// What [`Columns::time_ms`] counts from.
    pub times: Times,
    /// Points of interest.
    pub waypoints: &'a [Waypoint],
}

/// What the times of a document count from. Formats that hold no relative times leave them out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// 1970-01-01 UTC: the document is for its owner.
    Absolute,
    /// The start of the track: the document is for others.
    FromStart,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::track::columns::{MISSING, NO_TIME};

    const WRITERS: [fn(&Document) -> Vec<u8>; 5] = [geojson, gpx, tcx, kml, csv];

    #[test]
    fn times_of_a_public_track_are_never_taken_for_times_of_day() {
        let columns = columns();
        for write in WRITERS {
            let absolute = text(write(&document(&columns)));
            assert!(absolute.contains("2023-11-14T22:13:20Z"));
            let from_start =
                text(write(&Document { times: Times::FromStart, ..document(&columns) }));
            assert!(!from_start.contains("T22:") && !from_start.contains("1970"));
        }
    }

    #[test]
    fn the_author_is_named_in_every_format() {
        let columns = columns();
        for write in WRITERS {
            assert!(text(write(&document(&columns))).contains("Ada"));
            assert!(!text(write(&Document { author: None, ..document(&columns) })).contains("Ada"));
        }
    }

    #[test]
    fn a_document_without_points_is_written_all_the_same() {
        let columns = Columns::default();
        for write in WRITERS {
            assert!(!write(&document(&columns)).is_empty());
        }
    }

    #[test]
    fn markup_in_texts_stays_text() {
        let columns = columns();
        for write in [gpx, tcx, kml] {
            let document = Document { title: "<b>]]>&amp;\u{1}", ..document(&columns) };
            let document = text(write(&document));
            assert!(
                !document.contains("<b>")
                    && !document.contains('\u{1}')
                    && !document.contains("]]>")
            );
        }
    }

    /// Two parts, with every quantity, some of them missing.
    pub fn columns() -> Columns {
        Columns {
            lat_e7: vec![471_000_000, 471_000_100, 471_000_200, -120],
            lon_e7: vec![85_000_000, 85_000_007, 85_000_100, -1_800_000_000],
            elevation_dm: vec![4123, MISSING, 4130, -5],
            elevation_from_model: Vec::new(),
            time_ms: vec![1_700_000_000_000, 1_700_000_001_250, NO_TIME, 1_700_000_600_000],
            heart_rate_bpm: vec![120, 121, MISSING, 130],
            cadence_d: vec![855, 860, MISSING, 0],
            power_w: vec![250, MISSING, 0, 300],
            temperature_dc: vec![-15, 0, MISSING, 210],
            part_ends: vec![2, 4],
        }
    }

    pub fn document(columns: &Columns) -> Document<'_> {
        Document {
            title: "Round the lake",
            description: Some("With a \"view\""),
            author: Some("Ada & <co>"),
            sport: Sport::GravelCycling,
            planned: false,
            columns,
            times: Times::Absolute,
            waypoints: &[],
        }
    }

    fn text(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).unwrap()
    }
}
