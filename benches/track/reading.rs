//! Reading, beside the crates that read the same formats.

use std::fs;
use std::path::Path;

use opentracks::track;
use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::Value;

use crate::table::{self, Goal};
use crate::timing::pair;

/// GPX, beside bare events and beside the crate that reads it into structures.
pub fn gpx(path: &Path, points: usize) {
    let file = fs::read(path).expect("the file was written before");
    let what = format!("GPX → columns, {points} points");
    let bare = pair(|| read(&file, points), || count_events(&file));
    table::compared(&what, "quick-xml, bare events", points, &bare, Goal::AtLeast(0.8));
    let whole =
        pair(|| read(&file, points), || gpx::read(file.as_slice()).expect("the file is sound"));
    table::compared(&what, "gpx crate", points, &whole, Goal::AtLeast(12.0));
}

/// FIT, beside the crate that reads it into messages.
pub fn fit(file: &[u8], points: usize) {
    let pair =
        pair(|| read(file, points), || fitparser::from_bytes(file).expect("the file is sound"));
    let what = format!("FIT → columns, {points} points");
    table::compared(what, "fitparser", points, &pair, Goal::AtLeast(5.0));
}

/// GeoJSON, beside the values of any JSON.
pub fn geojson(file: &[u8], points: usize) {
    let pair = pair(
        || read(file, points),
        || serde_json::from_slice::<Value>(file).expect("the file is sound"),
    );
    let what = format!("GeoJSON → columns, {points} points");
    table::compared(what, "serde_json, values", points, &pair, Goal::None);
}

/// Reads a file that has to have a single recording of so many points, all sound.
pub fn read(file: &[u8], points: usize) -> track::Reading {
    let reading = track::read(file).expect("the file is sound");
    assert!(reading.flaws.is_empty() && reading.recordings.len() == 1);
    let recording = &reading.recordings[0];
    assert!(recording.flaws.is_empty(), "{:?}", recording.flaws);
    assert_eq!(recording.track.columns().len(), points);
    let heart_rates = recording.track.columns().heart_rate_bpm.len();
    assert!(heart_rates == 0 || heart_rates == points);
    reading
}

fn count_events(file: &[u8]) -> usize {
    let mut reader = Reader::from_reader(file);
    let mut events = 0;
    while !matches!(reader.read_event().expect("the file is sound"), Event::Eof) {
        events += 1;
    }
    events
}
