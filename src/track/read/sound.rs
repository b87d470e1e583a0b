//! What has to be true of everything that is read.

use crate::track::columns::{Columns, MISSING, NO_TIME};
use crate::track::read;
use crate::track::read::{LINES_MAX, POINTS_MAX, WAYPOINTS_MAX};
use crate::track::reading::{Flaw, Place, Reading, Unreadable};

/// Reads a file and checks what is found. Nothing of it is `None` for want of trying: a file that is
/// turned down says why.
pub fn check_read(file: &[u8]) -> Option<Reading> {
    match read(file) {
        Ok(reading) => {
            check_reading(&reading, file);
            Some(reading)
        }
        Err(Unreadable { reason, place }) => {
            assert!(!reason.is_empty());
            check_place(place, file);
            None
        }
    }
}

fn check_reading(reading: &Reading, file: &[u8]) {
    assert!((1..=LINES_MAX).contains(&reading.recordings.len()));
    check_flaws(&reading.flaws, file);
    let (mut points, mut waypoints) = (0, 0);
    for recording in &reading.recordings {
        let columns = recording.track.columns();
        check_columns(columns);
        check_quantities(columns);
        assert!(!columns.is_empty());
        assert!(recording.planned || !columns.time_ms.is_empty());
        check_flaws(&recording.flaws, file);
        for waypoint in &recording.waypoints {
            check_position(waypoint.lat_e7, waypoint.lon_e7);
            assert!(waypoint.elevation_dm.is_none_or(|one| (-120_000..=1_000_000).contains(&one)));
        }
        points += columns.len();
        waypoints += recording.waypoints.len();
    }
    assert!(points <= POINTS_MAX && waypoints <= WAYPOINTS_MAX);
}

fn check_flaws(flaws: &[Flaw], file: &[u8]) {
    for (index, flaw) in flaws.iter().enumerate() {
        assert!(flaw.count > 0);
        assert!(flaws[..index].iter().all(|before| before.rule != flaw.rule));
        check_place(flaw.first, file);
    }
}

/// Of a packed file the place is one in what was unpacked.
fn check_place(place: Option<Place>, file: &[u8]) {
    let is_packed = file.starts_with(b"PK") || file.starts_with(&[0x1F, 0x8B]);
    match place {
        Some(Place::Line(line)) => {
            assert!(line >= 1 && (is_packed || line <= file.len() as u64 + 1));
        }
        Some(Place::Offset(offset)) => assert!(is_packed || offset <= file.len() as u64),
        None => {}
    }
}

/// What [`Columns`] says of itself.
pub fn check_columns(columns: &Columns) {
    let len = columns.len();
    assert_eq!(columns.lon_e7.len(), len);
    for (lat_e7, lon_e7) in columns.lat_e7.iter().zip(&columns.lon_e7) {
        check_position(*lat_e7, *lon_e7);
    }
    for column in sensors(columns) {
        assert!(column.is_empty() || column.len() == len);
    }
    assert!(columns.time_ms.is_empty() || columns.time_ms.len() == len);
    assert!(columns.part_ends.is_sorted_by(|end, next| end < next));
    assert_eq!(columns.part_ends.last().copied().unwrap_or(0), len);
    assert!(len == 0 || columns.part_ends[0] > 0);
}

/// What every reader promises of the values it lets through.
fn check_quantities(columns: &Columns) {
    let limits = [-120_000..=1_000_000, 1..=255, 0..=3_000, 0..=5_000, -1_000..=1_000];
    for (column, limits) in sensors(columns).into_iter().zip(limits) {
        assert!(column.iter().all(|value| *value == MISSING || limits.contains(value)));
        assert!(column.is_empty() || column.iter().any(|value| *value != MISSING));
    }
    let times = &columns.time_ms;
    assert!(times.is_empty() || times.iter().any(|time_ms| *time_ms != NO_TIME));
}

fn sensors(columns: &Columns) -> [&Vec<i32>; 5] {
    [
        &columns.elevation_dm,
        &columns.heart_rate_bpm,
        &columns.cadence_d,
        &columns.power_w,
        &columns.temperature_dc,
    ]
}

fn check_position(lat_e7: i32, lon_e7: i32) {
    assert!((-900_000_000..=900_000_000).contains(&lat_e7));
    assert!((-1_800_000_000..=1_800_000_000).contains(&lon_e7));
}

/// Whether two files say the same, where one is the other in another wrapping.
pub fn assert_same(one: Option<&Reading>, other: Option<&Reading>) {
    let (Some(one), Some(other)) = (one, other) else {
        return assert!(one.is_none() && other.is_none(), "one of them can be read");
    };
    assert_eq!(one.flaws, other.flaws);
    assert_eq!(one.recordings.len(), other.recordings.len());
    for (one, other) in one.recordings.iter().zip(&other.recordings) {
        assert!(one.track == other.track);
        assert!(one.waypoints == other.waypoints);
        assert_eq!((&one.title, &one.description), (&other.title, &other.description));
        assert_eq!((one.sport, one.planned), (other.sport, other.planned));
    }
}
