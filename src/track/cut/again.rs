//! The second cut: what is left of a track for others once its author has left.

use chrono::NaiveDate;

use super::even::evened;
use super::place::Place;
use super::{Cut, Ends, Shade, Zone, find_visible_runs, first_time, gather};
use crate::track::columns::{Columns, ExactTrack, PublicTrack};
use crate::track::elevation;

/// With fewer points it is not worth what it might tell.
const POINTS_MIN: usize = 10;
/// And if it is shorter than this, in metres.
const LENGTH_M_MIN: f64 = 500.0;

/// What is left of a track that nobody shall be tied to: of what [`super::cut()`] leaves a part, further
/// away from every place that is hidden, without times and without any sensor. `None` if that is too
/// little.
///
/// It only removes, and then draws what is left as no device in particular does (`even.rs`): every point lies some
/// metres at the most from a line that `cut` leaves under the same zones and ends. How much
/// more is hidden round each place `chance` says, a number from 0 to 1 for each; it has to be random, and
/// another one for each track. The ends of an author's tracks then lie at places of their own, and not
/// together on the circles round where they live.
///
/// Heights are those of `height_m`, a model that is asked for degrees and tells metres, or there are none: by how
/// much a device is wrong about them is the same in all that it records.
pub fn cut_again(
    track: &ExactTrack,
    zones: &[Zone],
    ends: Ends,
    chance: impl FnMut() -> f64,
    height_m: impl FnMut(f64, f64) -> Option<f64>,
) -> Option<Cut> {
    let (left, day) = hide_again(track, zones, ends, chance)?;
    let mut even = evened(&left);
    elevation::fill(&mut even, height_m);
    let is_enough = POINTS_MIN <= even.len();
    is_enough.then(|| Cut { track: PublicTrack::new(even), day, hour: None })
}

/// What is not hidden, if it is enough, and its day.
fn hide_again(
    track: &ExactTrack,
    zones: &[Zone],
    ends: Ends,
    mut chance: impl FnMut() -> f64,
) -> Option<(Columns, Option<NaiveDate>)> {
    let columns = track.columns();
    let shade = Shade::again(track, zones, ends, &mut chance);
    let runs = find_visible_runs(columns, &shade);
    let day = first_time(&columns.time_ms, &runs).map(|time| time.date_naive());
    let left = Columns {
        lat_e7: gather(&columns.lat_e7, &runs),
        lon_e7: gather(&columns.lon_e7, &runs),
        part_ends: runs
            .iter()
            .scan(0, |end, run| {
                *end += run.len();
                Some(*end)
            })
            .collect(),
        ..Columns::default()
    };
    let is_enough = POINTS_MIN <= left.len() && LENGTH_M_MIN <= length_m(&left);
    is_enough.then_some((left, day))
}

fn length_m(columns: &Columns) -> f64 {
    let place = |index: usize| Place::new(columns.lat_e7[index], columns.lon_e7[index]);
    let steps = columns.parts().flat_map(|part| part.clone().zip(part.skip(1)));
    steps.map(|(from, to)| place(from).distance_m(&place(to))).sum()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::super::{SensorsShown, cut};
    use super::*;
    use crate::track::cut::grid::Grid;

    const HOME: Zone = Zone { lat_e7: 471_000_000, lon_e7: 85_000_000, radius_m: 400.0 };
    /// About a metre northwards, and eastwards at HOME.
    const NORTH_E7: i32 = 90;
    const EAST_E7: i32 = 132;

    fn track(ways: &[(i32, i32)], breaks: &BTreeSet<usize>) -> ExactTrack {
        let len = i64::try_from(ways.len()).unwrap();
        let mut part_ends: Vec<usize> =
            breaks.iter().copied().filter(|end| (1..ways.len()).contains(end)).collect();
        part_ends.push(ways.len());
        ExactTrack::new(Columns {
            lat_e7: ways.iter().map(|(north_m, _)| HOME.lat_e7 + north_m * NORTH_E7).collect(),
            lon_e7: ways.iter().map(|(_, east_m)| HOME.lon_e7 + east_m * EAST_E7).collect(),
            elevation_dm: vec![4_000; ways.len()],
            time_ms: (0..len).map(|second| 1_780_000_000_000 + second * 1_000).collect(),
            heart_rate_bpm: vec![140; ways.len()],
            part_ends,
            ..Columns::default()
        })
    }

    /// From here to `metres` to the north, a point every ten metres.
    fn northwards(metres: i32) -> ExactTrack {
        let ways: Vec<(i32, i32)> = (0..metres / 10).map(|step| (step * 10, 0)).collect();
        track(&ways, &BTreeSet::new())
    }

    const ENDS: Ends = Ends { radius_m: 200.0, grid: Grid::FIXED };

    #[test]
    fn of_a_long_track_the_middle_is_left_without_times_and_sensors() {
        let long = northwards(5_000);
        let shown = cut(&long, &[], ENDS, SensorsShown::HeartRate).unwrap();
        let again = cut_again(&long, &[], ENDS, || 0.5, |_, _| Some(70.0)).unwrap();
        let columns = again.track.columns();
        assert!(columns.len() + 40 < shown.track.columns().len(), "{again:?}");
        assert!(2_000.0 < length_m(columns));
        assert!(columns.time_ms.is_empty() && columns.heart_rate_bpm.is_empty());
        // No height is the device's.
        assert!(columns.elevation_dm.iter().all(|dm| *dm == 700));
        let bare = cut_again(&long, &[], ENDS, || 0.5, |_, _| None).unwrap();
        assert!(bare.track.columns().elevation_dm.is_empty());
        assert_eq!((again.hour, again.day), (None, shown.day));
    }

    #[test]
    fn what_leaves_too_little_leaves_nothing() {
        assert!(
            cut_again(&northwards(1_100), &[], Ends::SHOWN, || 0.0, |_, _| Some(70.0)).is_none()
        );
        assert!(cut_again(&northwards(100), &[], Ends::SHOWN, || 0.0, |_, _| Some(70.0)).is_none());
    }

    #[test]
    fn ends_that_were_shown_are_hidden_too() {
        let again =
            cut_again(&northwards(5_000), &[], Ends::SHOWN, || 0.0, |_, _| Some(70.0)).unwrap();
        let first = again.track.columns().lat_e7[0];
        let away_m =
            Place::new(first, HOME.lon_e7).distance_m(&Place::new(HOME.lat_e7, HOME.lon_e7));
        assert!(300.0 < away_m, "{away_m}");
    }

    /// Two tracks of one author end at one place before, and at two after.
    #[test]
    fn ends_on_one_circle_part() {
        let ends = |share: f64| {
            let again =
                cut_again(&northwards(5_000), &[HOME], ENDS, || share, |_, _| Some(70.0)).unwrap();
            again.track.columns().lat_e7[0]
        };
        let apart_m = f64::from(ends(0.9) - ends(0.1)) / f64::from(NORTH_E7);
        assert!((300.0..340.0).contains(&apart_m), "{apart_m}");
    }

    impl std::fmt::Debug for Cut {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "Cut({:?})", self.track)
        }
    }

    proptest! {
        /// Whatever is hidden before is hidden after, and whatever is there after was there before.
        #[test]
        fn it_only_removes(
            ways in vec((-3_000..3_000_i32, -3_000..3_000_i32), 12..120),
            breaks in proptest::collection::btree_set(1..100_usize, 0..4),
            ends_m in prop_oneof![Just(0.0), 1.0..1_000.0_f64],
            shares in vec(0.0..1.0_f64, 8),
            with_zone in any::<bool>(),
        ) {
            let track = track(&ways, &breaks);
            let zones = if with_zone { vec![HOME] } else { vec![] };
            let ends = Ends { radius_m: ends_m, grid: Grid::FIXED };
            let mut shares = shares.into_iter().cycle();
            if let Some((again, _)) = hide_again(&track, &zones, ends, || shares.next().unwrap()) {
                let again = Cut { track: PublicTrack::new(again), day: None, hour: None };
                let before = cut(&track, &zones, ends, SensorsShown::None).unwrap();
                let points = |cut: &Cut| -> Vec<(i32, i32)> {
                    let columns = cut.track.columns();
                    columns.lat_e7.iter().copied().zip(columns.lon_e7.iter().copied()).collect()
                };
                // In the same order, so that no line is drawn that was not there.
                let mut rest = points(&before).into_iter();
                for point in points(&again) {
                    prop_assert!(rest.any(|known| known == point));
                }
                let steps = |cut: &Cut| -> BTreeSet<[(i32, i32); 2]> {
                    let points = points(cut);
                    let parts = cut.track.columns().parts().collect::<Vec<_>>();
                    parts
                        .into_iter()
                        .flat_map(|part| part.clone().zip(part.skip(1)))
                        .map(|(from, to)| [points[from], points[to]])
                        .collect()
                };
                prop_assert!(steps(&again).is_subset(&steps(&before)));
                prop_assert!(again.track.columns().time_ms.is_empty());
            }
        }
    }
}
