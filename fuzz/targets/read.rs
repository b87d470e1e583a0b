//! Any file, all the way: read, cleaned, measured, stored, cut, simplified and written.

#![no_main]

use libfuzzer_sys::fuzz_target;
use opentracks_fuzz::track::columns::Columns;
use opentracks_fuzz::track::cut::grid::Grid;
use opentracks_fuzz::track::encode::{decode_exact, decode_public, encode_exact, encode_public};
use opentracks_fuzz::track::reading::Recording;
use opentracks_fuzz::track::simplify::{preview, simplify_for_zoom};
use opentracks_fuzz::track::write::{Document, Times, csv};
use opentracks_fuzz::track::{Ends, SensorsShown, Zone, clean, cut, measure};
use opentracks_fuzz::{files, returns, sound};

/// 2027-01-15.
const NOW_MS: i64 = 1_800_000_000_000;
const ENDS: Ends = Ends { radius_m: 100.0, grid: Grid::FIXED };

fuzz_target!(|bytes: &[u8]| {
    let reading = sound::check_read(bytes);
    if !bytes.starts_with(&[0x1F, 0x8B]) {
        let packed = sound::check_read(&files::gzip(bytes));
        sound::assert_same(reading.as_ref(), packed.as_ref());
    }
    for recording in reading.into_iter().flat_map(|reading| reading.recordings) {
        follow(recording);
    }
});

fn follow(recording: Recording) {
    let Some(recording) = clean(recording, NOW_MS) else { return };
    let columns = recording.track.columns();
    sound::check_columns(columns);
    let statistics = measure(columns);
    assert!(statistics.distance_m.is_finite() && statistics.distance_m >= 0.0);
    assert!(decode_exact(&encode_exact(&recording.track)) == Ok(recording.track.clone()));
    sound::check_columns(&preview(columns));
    let home = Zone { lat_e7: columns.lat_e7[0], lon_e7: columns.lon_e7[0], radius_m: 300.0 };
    for zones in [&[][..], &[home]] {
        if let Some(cut) = cut(&recording.track, zones, ENDS, SensorsShown::HeartRate) {
            sound::check_columns(cut.track.columns());
            sound::check_columns(&simplify_for_zoom(cut.track.columns(), 12));
            assert!(decode_public(&encode_public(&cut.track)) == Ok(cut.track));
        }
    }
    write(&recording, columns);
}

fn write(recording: &Recording, columns: &Columns) {
    let document = Document {
        title: recording.title.as_deref().unwrap_or("Without a title"),
        description: recording.description.as_deref(),
        author: Some("Ada"),
        sport: recording.sport.unwrap_or_default(),
        planned: recording.planned,
        columns,
        times: Times::Absolute,
        waypoints: &recording.waypoints,
    };
    returns::check(&document);
    assert!(!csv(&document).is_empty());
}
