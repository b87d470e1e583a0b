//! Takes out what cannot have been, rule by rule, and counts it. A sound track stays as it is.

use super::columns::{Columns, ExactTrack, NO_TIME, model_ranges};
use super::reading::{Flaw, Recording, Rule};
use crate::domain::Sport;

mod jumps;
mod times;

/// What the rules know besides the points.
struct Context {
    now_ms: i64,
    sport: Option<Sport>,
}

/// One rule: finds the points that break it, in ascending order, and what is left without them or
/// without their times.
struct Cleaning {
    rule: Rule,
    find: fn(&Columns, &Context) -> Vec<usize>,
    leave_out: fn(&Columns, &[usize]) -> Columns,
}

/// In this order: each rule counts on those before it, and may bring out what they look for.
const CLEANINGS: &[Cleaning] = &[
    Cleaning { rule: Rule::InvalidTime, find: times::out_of_range, leave_out: without_times },
    Cleaning { rule: Rule::NullIsland, find: on_null_island, leave_out: without_points },
    Cleaning { rule: Rule::DuplicatePoint, find: duplicates, leave_out: without_points },
    Cleaning { rule: Rule::UnsoundClock, find: times::of_unsound_clock, leave_out: without_times },
    Cleaning { rule: Rule::TimeRunsBack, find: times::running_back, leave_out: without_points },
    Cleaning { rule: Rule::TimeJumps, find: times::beyond_jump, leave_out: without_times },
    Cleaning { rule: Rule::ImpossibleJump, find: jumps::impossible, leave_out: without_points },
];

/// Positions this close to latitude 0, longitude 0 are what devices write that know none: 11 m.
const NULL_ISLAND_E7: u32 = 1_000;
/// A track that comes closer to there than this may really have been there: 11 km.
const NEAR_NULL_ISLAND_E7: u32 = 1_000_000;

/// Of two million made-up tracks 160 needed a second round and none a third: so many bound the time
/// that a file made for it can cost.
const ROUNDS_MAX: usize = 10;

/// Applies every rule to a recording, until none finds anything, and adds the flaws found. `now_ms`
/// is the present time in milliseconds since 1970. A recording that loses all its times counts as
/// planned; `None` when no point is left.
///
/// The rules, each under the name its flaw has:
///
/// * `invalid_time`: times before 1990 or later than a day from now are left out, not their points.
/// * `null_island`: points within 11 m of latitude 0, longitude 0 are left out if every other point
///   is 11 km or more away from there.
/// * `duplicate_point`: a point with the position and the time of the one before it, in the same
///   part, is left out.
/// * `unsound_clock`: where more than half of the points would have to go for times not to run
///   back, all times are left out instead.
/// * `time_runs_back`: the fewest points are left out that make the times of the others never run
///   back.
/// * `time_jumps`: where more than a week lies between two points of a part, the clock was set in
///   between; the longest stretch between such points keeps its times, the others lose them.
/// * `impossible_jump`: a stretch of up to thirty points is left out if it could only be reached
///   faster than the sport allows, and is shorter than the stretch it is reached from.
pub fn clean(mut recording: Recording, now_ms: i64) -> Option<Recording> {
    let context = Context { now_ms, sport: recording.sport };
    let mut counts = [0_u64; CLEANINGS.len()];
    for _ in 0..ROUNDS_MAX {
        let counts_before = counts;
        for (cleaning, count) in CLEANINGS.iter().zip(&mut counts) {
            let columns = recording.track.columns();
            let found = (cleaning.find)(columns, &context);
            if !found.is_empty() {
                *count += found.len() as u64;
                recording.track = ExactTrack::new((cleaning.leave_out)(columns, &found));
            }
        }
        if counts == counts_before {
            break;
        }
    }
    let found = CLEANINGS.iter().zip(counts).filter(|(_, count)| 0 < *count);
    recording.flaws.extend(found.map(|(cleaning, count)| Flaw {
        rule: cleaning.rule,
        count,
        first: None,
    }));
    let columns = recording.track.columns();
    recording.planned |= columns.time_ms.is_empty();
    (!columns.is_empty()).then_some(recording)
}

fn on_null_island(columns: &Columns, _: &Context) -> Vec<usize> {
    let distances_e7 = columns.lat_e7.iter().zip(&columns.lon_e7).enumerate();
    let distances_e7 =
        distances_e7.map(|(index, (lat, lon))| (index, lat.unsigned_abs().max(lon.unsigned_abs())));
    let mut found = Vec::new();
    for (index, distance_e7) in distances_e7 {
        if distance_e7 <= NULL_ISLAND_E7 {
            found.push(index);
        } else if distance_e7 < NEAR_NULL_ISLAND_E7 {
            return Vec::new();
        }
    }
    found
}

fn duplicates(columns: &Columns, _: &Context) -> Vec<usize> {
    let repeats = |index: usize| {
        columns.lat_e7[index] == columns.lat_e7[index - 1]
            && columns.lon_e7[index] == columns.lon_e7[index - 1]
            && (columns.time_ms.is_empty() || columns.time_ms[index] == columns.time_ms[index - 1])
    };
    columns
        .parts()
        .flat_map(|part| (part.start + 1..part.end).filter(|index| repeats(*index)))
        .collect()
}

/// The columns without the points at `indices`, which ascend. A part that loses all its points goes.
fn without_points(columns: &Columns, indices: &[usize]) -> Columns {
    let dropped_before = |index: usize| indices.partition_point(|dropped| *dropped < index);
    let mut part_ends: Vec<usize> =
        columns.part_ends.iter().map(|end| end - dropped_before(*end)).collect();
    part_ends.dedup();
    if part_ends.first() == Some(&0) {
        part_ends.remove(0);
    }
    Columns {
        lat_e7: without(&columns.lat_e7, indices),
        lon_e7: without(&columns.lon_e7, indices),
        elevation_dm: without(&columns.elevation_dm, indices),
        elevation_from_model: model_ranges(&without(&columns.model_marks(), indices)),
        time_ms: without(&columns.time_ms, indices),
        heart_rate_bpm: without(&columns.heart_rate_bpm, indices),
        cadence_d: without(&columns.cadence_d, indices),
        power_w: without(&columns.power_w, indices),
        temperature_dc: without(&columns.temperature_dc, indices),
        part_ends,
    }
}

fn without<T: Copy>(column: &[T], indices: &[usize]) -> Vec<T> {
    let mut left = Vec::with_capacity(column.len().saturating_sub(indices.len()));
    let mut start = 0;
    for index in indices.iter().filter(|_| !column.is_empty()) {
        left.extend_from_slice(&column[start..*index]);
        start = index + 1;
    }
    left.extend_from_slice(&column[start..]);
    left
}

/// The columns with the points at `indices` stripped of their times.
fn without_times(columns: &Columns, indices: &[usize]) -> Columns {
    let mut columns = columns.clone();
    for index in indices {
        columns.time_ms[*index] = NO_TIME;
    }
    if columns.time_ms.iter().all(|time_ms| *time_ms == NO_TIME) {
        columns.time_ms.clear();
    }
    columns
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::columns::MISSING;
    use super::super::read;
    use super::*;

    /// 2024-05-01.
    const START_MS: i64 = 1_714_521_600_000;
    const NOW_MS: i64 = 1_800_000_000_000;

    /// One point a second, eastward at about 7.6 m/s.
    fn ride(len: u16) -> Columns {
        let indices = 0..i32::from(len);
        Columns {
            lat_e7: indices.clone().map(|_| 470_000_000).collect(),
            lon_e7: indices.clone().map(|index| 80_000_000 + index * 1_000).collect(),
            time_ms: indices.clone().map(|index| START_MS + i64::from(index) * 1_000).collect(),
            heart_rate_bpm: indices.map(|index| 100 + index).collect(),
            part_ends: vec![usize::from(len)],
            ..Columns::default()
        }
    }

    fn recording(columns: Columns) -> Recording {
        Recording {
            planned: false,
            sport: Some(Sport::Cycling),
            title: None,
            description: None,
            track: ExactTrack::new(columns),
            waypoints: Vec::new(),
            flaws: Vec::new(),
        }
    }

    fn cleaned(columns: Columns) -> (Columns, Vec<(Rule, u64)>) {
        let cleaned = clean(recording(columns), NOW_MS).unwrap();
        let flaws = cleaned.flaws.iter().map(|flaw| (flaw.rule, flaw.count)).collect();
        (cleaned.track.columns().clone(), flaws)
    }

    #[test]
    fn sound_tracks_stay_as_they_are() {
        assert_eq!(cleaned(ride(100)), (ride(100), vec![]));
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/tracks/");
        for path in [
            "gpx/tkrajina+gpxpy/cerknicko-jezero.gpx",
            "gpx/placemark+togeojson/multitrackgpx.gpx",
            "gpx/placemark+togeojson/Friday-Evening-Run.gpx",
            "tcx/placemark+togeojson/sample.tcx",
            "tcx/vkurup+python-tcxparser/sup_activity_1.tcx",
            "kml/OpenTracksApp+OpenTracks/legacy_kml22_statistics_marker.kml",
        ] {
            let bytes = std::fs::read(format!("{folder}{path}")).unwrap();
            for recording in read(&bytes).unwrap().recordings {
                let before = recording.track.clone();
                let cleaned = clean(recording, NOW_MS).unwrap();
                assert!(cleaned.track == before, "{path}");
                assert!(cleaned.flaws.is_empty(), "{path}");
            }
        }
    }

    #[test]
    fn times_that_no_device_can_have_written_are_left_out() {
        let mut columns = ride(4);
        columns.time_ms[0] = 0;
        columns.time_ms[3] = NOW_MS + 2 * 24 * 60 * 60 * 1000;
        let (columns, flaws) = cleaned(columns);
        assert_eq!(columns.time_ms, [NO_TIME, START_MS + 1_000, START_MS + 2_000, NO_TIME]);
        assert_eq!(flaws, [(Rule::InvalidTime, 2)]);
    }

    #[test]
    fn a_recording_without_a_time_left_is_planned() {
        let mut columns = ride(3);
        columns.time_ms = vec![0, 1_000, 2_000];
        let cleaned = clean(recording(columns), NOW_MS).unwrap();
        assert!(cleaned.planned);
        assert!(cleaned.track.columns().time_ms.is_empty());
    }

    #[test]
    fn null_island_goes_unless_the_track_is_there() {
        let mut columns = ride(5);
        (columns.lat_e7[2], columns.lon_e7[2]) = (0, 0);
        let (columns, flaws) = cleaned(columns);
        assert_eq!(columns.heart_rate_bpm, [100, 101, 103, 104]);
        assert_eq!(flaws, [(Rule::NullIsland, 1)]);

        let mut there = ride(5);
        there.lat_e7 = vec![0; 5];
        there.lon_e7 = vec![-2_000, -1_000, 0, 1_000, 2_000];
        assert_eq!(cleaned(there.clone()), (there, vec![]));
    }

    #[test]
    fn a_part_that_loses_all_its_points_goes() {
        let mut columns = ride(5);
        (columns.lat_e7[0], columns.lon_e7[0]) = (0, 0);
        columns.part_ends = vec![1, 5];
        assert_eq!(cleaned(columns).0.part_ends, [4]);
    }

    #[test]
    fn nothing_is_left_of_a_recording_that_was_nowhere() {
        let mut columns = ride(3);
        (columns.lat_e7, columns.lon_e7) = (vec![0; 3], vec![0; 3]);
        assert!(clean(recording(columns), NOW_MS).is_none());
    }

    #[test]
    fn repeated_points_go_but_for_the_ends_of_parts() {
        let mut columns = ride(6);
        for index in [2, 4] {
            columns.lon_e7[index] = columns.lon_e7[index - 1];
            columns.time_ms[index] = columns.time_ms[index - 1];
        }
        columns.part_ends = vec![4, 6];
        let (columns, flaws) = cleaned(columns);
        assert_eq!(columns.heart_rate_bpm, [100, 101, 103, 104, 105]);
        assert_eq!(columns.part_ends, [3, 5]);
        assert_eq!(flaws, [(Rule::DuplicatePoint, 1)]);
    }

    #[test]
    fn the_fewest_points_go_when_time_runs_back() {
        let mut columns = ride(20);
        columns.time_ms[5] = START_MS + 18_500;
        columns.time_ms[12] = START_MS;
        columns.time_ms[8] = columns.time_ms[7];
        let (columns, flaws) = cleaned(columns);
        assert_eq!(columns.len(), 18);
        assert!(columns.time_ms.is_sorted());
        assert_eq!(flaws, [(Rule::TimeRunsBack, 2)]);
    }

    #[test]
    fn a_track_whose_times_all_run_back_loses_them_and_no_point() {
        let mut columns = ride(20);
        columns.time_ms.reverse();
        let (columns, flaws) = cleaned(columns);
        assert_eq!(columns.len(), 20);
        assert!(columns.time_ms.is_empty());
        assert_eq!(flaws, [(Rule::UnsoundClock, 20)]);
    }

    #[test]
    fn a_clock_set_on_the_way_loses_the_times_of_the_shorter_side() {
        let mut columns = ride(20);
        for time_ms in &mut columns.time_ms[..3] {
            *time_ms -= 20 * 24 * 60 * 60 * 1000;
        }
        let (columns, flaws) = cleaned(columns);
        assert_eq!(columns.time_ms[..3], [NO_TIME; 3]);
        assert_eq!(columns.time_ms[3], START_MS + 3_000);
        assert_eq!(flaws, [(Rule::TimeJumps, 3)]);
    }

    #[test]
    fn stretches_out_of_reach_go_wherever_they_are() {
        for bad in [0..2, 9..12, 19..20] {
            let mut columns = ride(20);
            for lat_e7 in &mut columns.lat_e7[bad.clone()] {
                *lat_e7 += 1_000_000;
            }
            let (columns, flaws) = cleaned(columns);
            assert_eq!(columns.len(), 20 - bad.len());
            assert!(columns.lat_e7.iter().all(|lat_e7| *lat_e7 == 470_000_000));
            assert_eq!(flaws, [(Rule::ImpossibleJump, bad.len() as u64)]);
        }
    }

    #[test]
    fn several_stretches_out_of_reach_go_together() {
        let mut columns = ride(20);
        columns.lat_e7[0] += 1_000_000;
        columns.lat_e7[1] -= 1_000_000;
        columns.lat_e7[18] += 1_000_000;
        let (columns, flaws) = cleaned(columns);
        assert!(columns.lat_e7.iter().all(|lat_e7| *lat_e7 == 470_000_000));
        assert_eq!(flaws, [(Rule::ImpossibleJump, 3)]);
    }

    #[test]
    fn a_change_of_place_for_long_is_no_error() {
        let mut columns = ride(100);
        for lat_e7 in &mut columns.lat_e7[50..] {
            *lat_e7 += 1_000_000;
        }
        assert_eq!(cleaned(columns.clone()), (columns, vec![]));
    }

    #[test]
    fn what_one_rule_brings_out_another_takes() {
        let mut columns = ride(8);
        // Near nowhere, and out of reach: without it no point is near nowhere but those that are there.
        (columns.lat_e7[1], columns.lon_e7[1]) = (500_000, 0);
        for index in [4, 6] {
            (columns.lat_e7[index], columns.lon_e7[index]) = (0, 0);
            columns.time_ms[index] = NO_TIME;
        }
        let (columns, flaws) = cleaned(columns);
        assert_eq!(columns.heart_rate_bpm, [100, 102, 103, 105, 107]);
        assert_eq!(flaws, [(Rule::NullIsland, 2), (Rule::ImpossibleJump, 1)]);
    }

    proptest! {
        #[test]
        fn what_is_clean_stays_clean(
            points in prop::collection::vec((-300_i32..300, -300_i32..300, -20_i64..400), 1..60),
            cut in 0_usize..60,
        ) {
            let columns = Columns {
                lat_e7: points.iter().map(|point| point.0 * 10_000).collect(),
                lon_e7: points.iter().map(|point| point.1 * 10_000).collect(),
                elevation_dm: vec![MISSING; points.len()],
                time_ms: points.iter().map(|point| START_MS + point.2 * 1_000).collect(),
                part_ends: if 0 < cut && cut < points.len() { vec![cut, points.len()] } else { vec![points.len()] },
                ..Columns::default()
            };
            if let Some(once) = clean(recording(columns), NOW_MS) {
                let columns = once.track.columns();
                prop_assert_eq!(columns.part_ends.last(), Some(&columns.len()));
                prop_assert!(columns.parts().all(|part| !part.is_empty()));
                prop_assert!(columns.time_ms.is_empty() || columns.time_ms.len() == columns.len());
                let flaws = once.flaws.len();
                let twice = clean(once, NOW_MS).unwrap();
                prop_assert_eq!(twice.flaws.len(), flaws);
            }
        }
    }
}
