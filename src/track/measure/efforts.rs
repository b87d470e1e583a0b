//! Best efforts: the shortest time in which a distance was covered.

use serde::{Deserialize, Serialize};

use super::pace::Pace;

/// The distances that are looked for, in metres: as far as the track goes.
pub(super) const EFFORT_DISTANCES_M: [f64; 10] = [
    400.0, 1_000.0, 1_609.344, 5_000.0, 10_000.0, 21_097.5, 42_195.0, 50_000.0, 100_000.0,
    160_934.4,
];

/// The longest of them.
pub(super) const EFFORT_DISTANCE_MOST_M: f64 = EFFORT_DISTANCES_M[EFFORT_DISTANCES_M.len() - 1];

/// The fastest stretch of some length.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct BestEffort {
    /// Its length in metres.
    pub distance_m: f64,
    /// The time it took in seconds, pauses within it included.
    pub duration_s: f64,
    /// How far along the track it starts, in metres.
    pub start_m: f64,
}

/// The best effort over each distance that the track is long enough for.
pub(super) fn best_efforts(pace: &Pace) -> Vec<BestEffort> {
    EFFORT_DISTANCES_M.iter().filter_map(|distance_m| best_effort(pace, *distance_m)).collect()
}

/// The fastest stretch starts or ends at a point: between points speed is even, so a stretch that
/// does neither could be moved either way without loss. Both kinds are searched in linear time.
fn best_effort(pace: &Pace, distance_m: f64) -> Option<BestEffort> {
    let count = pace.len();
    let forward = fastest(count, distance_m, |point| pace.at(point));
    let backward = fastest(count, distance_m, |point| {
        let (along_m, clock_s) = pace.at(count - 1 - point);
        (-along_m, -clock_s)
    })
    .map(|(duration_s, end_m)| (duration_s, -end_m - distance_m));
    let (duration_s, start_m) =
        forward.into_iter().chain(backward).min_by(|one, other| one.0.total_cmp(&other.0))?;
    Some(BestEffort { distance_m, duration_s, start_m: start_m.max(0.0) })
}

/// The shortest time, and the place from which it counts, over all stretches that start at a
/// point. `at` gives way and time, both ascending.
fn fastest(count: usize, distance_m: f64, at: impl Fn(usize) -> (f64, f64)) -> Option<(f64, f64)> {
    let mut best: Option<(f64, f64)> = None;
    let mut end = 1;
    for start in 0..count {
        let (start_m, start_s) = at(start);
        let goal_m = start_m + distance_m;
        while end < count && at(end).0 < goal_m {
            end += 1;
        }
        if end == count {
            break;
        }
        let ((before_m, before_s), (after_m, after_s)) = (at(end - 1), at(end));
        let share = (goal_m - before_m) / (after_m - before_m);
        let duration_s = before_s + share * (after_s - before_s) - start_s;
        if best.is_none_or(|(best_s, _)| duration_s < best_s) {
            best = Some((duration_s, start_m));
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pace(legs: &[(f64, f64)]) -> Pace {
        let mut pace = Pace::default();
        let mut here = (0.0, 0.0);
        pace.push(here.0, here.1);
        for (metres, seconds) in legs {
            here = (here.0 + metres, here.1 + seconds);
            pace.push(here.0, here.1);
        }
        pace
    }

    #[test]
    fn the_fastest_stretch_is_found_between_points() {
        let effort = best_effort(&pace(&[(700.0, 700.0), (800.0, 160.0), (500.0, 500.0)]), 1000.0);
        let effort = effort.unwrap();
        assert!((effort.duration_s - 360.0).abs() < 1e-9, "{effort:?}");
    }

    #[test]
    fn only_distances_the_track_covers_are_told() {
        let efforts = best_efforts(&pace(&[(1_000.0, 250.0), (4_000.0, 1_250.0)]));
        let distances_m: Vec<f64> = efforts.iter().map(|effort| effort.distance_m).collect();
        assert_eq!(distances_m, [400.0, 1_000.0, 1_609.344, 5_000.0]);
        assert!((efforts[3].duration_s - 1_500.0).abs() < 1e-9);
    }

    #[test]
    fn a_pause_counts_in_an_effort() {
        let efforts = best_efforts(&pace(&[(250.0, 100.0), (0.0, 600.0), (250.0, 100.0)]));
        assert!((efforts[0].duration_s - 760.0).abs() < 1e-9, "{efforts:?}");
    }

    proptest! {
        #[test]
        fn no_stretch_is_faster(legs in prop::collection::vec((0.0..300.0f64, 1.0..100.0f64), 1..40)) {
            let pace = pace(&legs);
            let Some(effort) = best_effort(&pace, 400.0) else { return Ok(()) };
            let length_m = pace.at(pace.len() - 1).0;
            for place in 1..200 {
                let start_m = f64::from(place) * (length_m - 400.0) / 200.0;
                let [start_s, _] = pace.reached_s(start_m).unwrap();
                let [end_s, _] = pace.reached_s(start_m + 400.0).unwrap();
                prop_assert!(effort.duration_s <= end_s - start_s + 1e-6);
            }
        }
    }
}
