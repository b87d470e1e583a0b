//! Time and speed.

use crate::track::Columns;
use crate::track::columns::NO_TIME;

use super::steps::{Step, seconds};

/// A step counts as moving from this speed on: slower than anybody walks, faster than a resting
/// receiver's position drifts.
pub(super) const MOVING_SPEED_MIN_MPS: f64 = 0.5;
/// The greatest speed is the greatest median of so many successive steps. One bad point spoils
/// the two steps it ends and starts, which five can stand.
pub(super) const SPEED_MEDIAN_STEPS: usize = 5;

/// How a track was moved along.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Motion {
    /// From the first to the last time, with all that lies between.
    pub elapsed_s: Option<f64>,
    /// What of it was spent moving.
    pub moving_s: Option<f64>,
    /// Timed distance over moving time.
    pub speed_avg_mps: Option<f64>,
    /// The greatest speed that is no outlier.
    pub speed_max_mps: Option<f64>,
}

impl Step {
    /// Whether the step was made moving. A gap in the record counts by its mean speed, like any
    /// step, so that time counts where distance does.
    pub(super) fn is_moving(&self) -> bool {
        MOVING_SPEED_MIN_MPS <= self.speed_mps()
    }
}

/// Measures times and speeds.
pub(super) fn motion(columns: &Columns, steps: impl Iterator<Item = Step>) -> Motion {
    let Some(elapsed_s) = elapsed_s(&columns.time_ms) else {
        return Motion::default();
    };
    let (mut moving_s, mut timed_m) = (0.0, 0.0);
    let mut recent = RunningMedian::default();
    let mut speed_max_mps: Option<f64> = None;
    for step in steps {
        timed_m += step.metres;
        if step.is_moving() {
            moving_s += step.seconds;
        }
        recent.push(step.speed_mps());
        if recent.is_full() && recent.may_exceed(speed_max_mps) {
            speed_max_mps = greater(speed_max_mps, recent.median());
        }
    }
    Motion {
        elapsed_s: Some(elapsed_s),
        moving_s: Some(moving_s),
        speed_avg_mps: (0.0 < moving_s).then_some(timed_m / moving_s),
        speed_max_mps: speed_max_mps.or(recent.median()),
    }
}

fn elapsed_s(time_ms: &[i64]) -> Option<f64> {
    let times = || time_ms.iter().filter(|time_ms| **time_ms != NO_TIME);
    let (first_ms, last_ms) = (times().min()?, times().max()?);
    (first_ms < last_ms).then(|| seconds(last_ms.saturating_sub(*first_ms)))
}

fn greater(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    one.into_iter().chain(other).reduce(f64::max)
}

/// The median of the last few values.
#[derive(Default)]
struct RunningMedian {
    recent: [f64; SPEED_MEDIAN_STEPS],
    count: usize,
}

impl RunningMedian {
    fn push(&mut self, value: f64) {
        self.recent[self.count % SPEED_MEDIAN_STEPS] = value;
        self.count += 1;
    }

    fn is_full(&self) -> bool {
        SPEED_MEDIAN_STEPS <= self.count
    }

    /// Whether more than half of the values are greater than `limit`; otherwise the median is not.
    fn may_exceed(&self, limit: Option<f64>) -> bool {
        let limit = limit.unwrap_or(f64::NEG_INFINITY);
        SPEED_MEDIAN_STEPS / 2 < self.recent.iter().filter(|value| limit < **value).count()
    }

    /// `None` before the first value.
    fn median(&self) -> Option<f64> {
        let mut known = self.recent;
        let known = &mut known[..self.count.min(SPEED_MEDIAN_STEPS)];
        known.sort_unstable_by(f64::total_cmp);
        let last = known.len().checked_sub(1)?;
        Some(f64::midpoint(known[last / 2], known[last.div_ceil(2)]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::track::measure::measure;

    /// A metre of latitude, in 1e-7 degrees at the equator.
    const METRE_E7: f64 = 90.437;

    fn track(points: &[(f64, i64)]) -> Columns {
        #[expect(clippy::cast_possible_truncation, reason = "small in tests")]
        Columns {
            lat_e7: points.iter().map(|(metres, _)| (metres * METRE_E7) as i32).collect(),
            lon_e7: vec![0; points.len()],
            time_ms: points.iter().map(|(_, time_ms)| *time_ms).collect(),
            part_ends: vec![points.len()],
            ..Columns::default()
        }
    }

    fn assert_about(value: Option<f64>, expected: f64) {
        assert!(value.is_some_and(|value| (value - expected).abs() < 0.01), "{value:?}");
    }

    #[test]
    fn resting_counts_as_elapsed_and_not_as_moving() {
        let points = [(0.0, 0), (30.0, 10_000), (31.0, 60_000), (61.0, 70_000)];
        let statistics = measure(&track(&points));
        assert_about(statistics.elapsed_s, 70.0);
        assert_about(statistics.moving_s, 20.0);
        assert_about(statistics.speed_avg_mps, 3.05);
    }

    #[test]
    fn a_bad_point_does_not_make_the_greatest_speed() {
        let mut points: Vec<(f64, i64)> =
            (0..20).map(|s| (3.0 * f64::from(s), i64::from(s) * 1000)).collect();
        points[7].0 += 500.0;
        points[13].0 -= 300.0;
        assert_about(measure(&track(&points)).speed_max_mps, 3.0);
    }

    #[test]
    fn a_track_of_two_points_has_a_greatest_speed() {
        assert_about(measure(&track(&[(0.0, 0), (20.0, 10_000)])).speed_max_mps, 2.0);
    }

    #[test]
    fn times_may_count_from_anywhere_and_lack_in_part() {
        let points = [(0.0, NO_TIME), (0.0, 5_000), (10.0, NO_TIME), (20.0, 15_000)];
        let from_start = measure(&track(&points));
        let since_1970 = measure(&track(&points.map(|(metres, time_ms)| match time_ms {
            NO_TIME => (metres, NO_TIME),
            _ => (metres, time_ms + 1_700_000_000_000),
        })));
        assert_about(from_start.moving_s, 10.0);
        assert_about(from_start.speed_avg_mps, 2.0);
        assert_eq!(from_start, since_1970);
    }

    #[test]
    fn without_times_no_speed_is_known() {
        let mut columns = track(&[(0.0, 0), (20.0, 0)]);
        columns.time_ms.clear();
        let statistics = measure(&columns);
        assert_eq!((statistics.elapsed_s, statistics.moving_s), (None, None));
        assert_eq!((statistics.speed_avg_mps, statistics.speed_max_mps), (None, None));
    }
}
