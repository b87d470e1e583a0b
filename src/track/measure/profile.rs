//! The profile of a track: elevation as a function of the way along it.

use std::ops::Range;

use crate::track::Columns;
use crate::track::columns::{MISSING, NO_TIME};

use super::area::Area;
use super::motion::MOVING_SPEED_MIN_MPS;
use super::steps::seconds;

/// A step of the readings that is both higher than this and steeper than 45° is a fault of the
/// device, such as a first fix or a recalibration, and not a climb.
pub(super) const JUMP_MIN_M: f64 = 20.0;
/// The profile over the way is averaged over this length to either side.
pub(super) const SMOOTHING_REACH_M: f64 = 30.0;
/// The profile over time is averaged over this time to either side.
pub(super) const SMOOTHING_REACH_S: f64 = 15.0;
/// A faster step takes as long as at this speed, so that averages over time reach 75 m at most; a
/// slower one than counts as moving as long as at that, so that a rest takes no time.
pub(super) const SMOOTHING_SPEED_MAX_MPS: f64 = 5.0;
/// A step without times takes as long as at this speed, where both averages are the same.
const SMOOTHING_SPEED_UNKNOWN_MPS: f64 = SMOOTHING_REACH_M / SMOOTHING_REACH_S;
/// Noise is told from ups and downs that follow one another within this length; over longer ones
/// they may be the terrain.
pub(super) const NOISE_SPAN_MAX_M: f64 = 100.0;

/// Elevation as a function of the way along a track.
///
/// What lies between parts, and what is a jump of the readings, adds neither way nor elevation:
/// the values that follow are shifted to continue the ones before. So the profile tells changes;
/// it does not tell elevations above the sea.
#[derive(Clone, Debug, Default)]
pub(super) struct Profile {
    /// The way along the track, in metres: strictly ascending.
    pub along_m: Vec<f64>,
    /// The elevation there, in metres.
    pub elevation_m: Vec<f64>,
    /// The time it was reached at, in seconds, as averages count it: never descending.
    pub reached_s: Vec<f64>,
}

/// What a point tells.
#[derive(Clone, Copy)]
struct Reading {
    along_m: f64,
    elevation_m: f64,
    time_ms: i64,
}

impl Profile {
    /// The profile through all points with an elevation. Readings at one place are averaged.
    pub fn new(columns: &Columns, along_m: &[f64]) -> Self {
        let mut profile = Self::default();
        let (mut shift_m, mut reached_s) = (0.0, 0.0);
        let mut before: Option<Reading> = None;
        let mut readings_here = 0.0;
        for part in columns.parts() {
            let mut part_begins = true;
            for reading in readings(columns, along_m, part) {
                let way_m = before.map_or(0.0, |before| reading.along_m - before.along_m);
                if let Some(before) = before {
                    let change_m = reading.elevation_m - before.elevation_m;
                    if part_begins || is_jump(change_m, way_m) {
                        shift_m -= change_m;
                    }
                    reached_s += counted_s(way_m, before.time_ms, reading.time_ms);
                }
                let moved = before.is_none() || 0.0 < way_m;
                readings_here = if moved { 1.0 } else { readings_here + 1.0 };
                let elevation_m = reading.elevation_m + shift_m;
                profile.push(Reading { elevation_m, ..reading }, reached_s, readings_here);
                before = Some(reading);
                part_begins = false;
            }
        }
        profile
    }

    /// Appends the first reading of a place, or averages in a further one.
    fn push(&mut self, reading: Reading, reached_s: f64, readings_here: f64) {
        match self.elevation_m.last_mut() {
            Some(mean_m) if 1.0 < readings_here => {
                *mean_m += (reading.elevation_m - *mean_m) / readings_here;
            }
            _ => {
                self.along_m.push(reading.along_m);
                self.elevation_m.push(reading.elevation_m);
                self.reached_s.push(reached_s);
            }
        }
    }

    /// The elevation at a place, between two readings by their straight line; `None` without any
    /// readings.
    pub fn elevation_m_at(&self, place_m: f64) -> Option<f64> {
        let after = self.along_m.partition_point(|along_m| *along_m < place_m);
        let Some(before) = after.checked_sub(1) else {
            return self.elevation_m.first().copied();
        };
        let (Some(after_m), Some(high_m)) = (self.along_m.get(after), self.elevation_m.get(after))
        else {
            return self.elevation_m.last().copied();
        };
        let share = (place_m - self.along_m[before]) / (after_m - self.along_m[before]);
        Some(self.elevation_m[before] + share * (high_m - self.elevation_m[before]))
    }

    /// How much single readings scatter, in metres: the root of the negative correlation between
    /// one change and the next.
    ///
    /// Independent errors of variance σ² make successive changes correlate by −σ², whereas the
    /// terrain, which is smooth over a few metres, makes them correlate positively. Barometers
    /// give 0 to 0.3 m, bare GPS 0.4 m and more.
    pub fn noise_m(&self) -> f64 {
        let (mut sum, mut count) = (0.0, 0.0);
        for (along_m, elevation_m) in self.along_m.windows(3).zip(self.elevation_m.windows(3)) {
            if along_m[2] - along_m[0] <= NOISE_SPAN_MAX_M {
                let change_m = elevation_m[1] - elevation_m[0];
                let next_m = elevation_m[2] - elevation_m[1];
                sum += (-change_m * next_m).max(0.0);
                count += 1.0;
            }
        }
        if 0.0 < count { f64::sqrt(sum / count) } else { 0.0 }
    }

    /// How much of the noise of single readings is left in averages over time: a mean of n
    /// independent readings scatters by one over the root of n.
    pub fn noise_left(&self) -> f64 {
        let lasts_s = self.reached_s.last().copied().unwrap_or(0.0);
        #[expect(clippy::cast_precision_loss, reason = "at most a million readings")]
        let readings = self.reached_s.len() as f64 * 2.0 * SMOOTHING_REACH_S / lasts_s;
        if 1.0 < readings { readings.sqrt().recip() } else { 1.0 }
    }

    /// The same profile as a moving average over the way. It does not depend on how densely, or
    /// how fast, the track was recorded.
    pub fn smoothed(&self) -> Self {
        Self {
            along_m: self.along_m.clone(),
            elevation_m: self.averaged_m(&self.along_m, SMOOTHING_REACH_M),
            reached_s: self.reached_s.clone(),
        }
    }

    /// The elevations as a moving average over time: what devices measure climbs in, since what
    /// disturbs a barometer, such as wind, comes and goes in seconds, at any speed.
    pub fn smoothed_over_time_m(&self) -> Vec<f64> {
        self.averaged_m(&self.reached_s, SMOOTHING_REACH_S)
    }

    /// At each place, the mean of the line through the readings up to `reach` before and behind.
    fn averaged_m(&self, places: &[f64], reach: f64) -> Vec<f64> {
        let (Some(first), Some(last)) = (places.first(), places.last()) else {
            return Vec::new();
        };
        let line = || Area::new(places, &self.elevation_m);
        let (mut behind, mut ahead) = (line(), line());
        let mean_m = |(here, reading_m): (&f64, &f64)| {
            let (from, to) = (first.max(here - reach), last.min(here + reach));
            let area = ahead.up_to(to) - behind.up_to(from);
            if from < to { area / (to - from) } else { *reading_m }
        };
        places.iter().zip(&self.elevation_m).map(mean_m).collect()
    }
}

/// The readings of a part, from the points that have one.
fn readings<'a>(
    columns: &'a Columns,
    along_m: &'a [f64],
    part: Range<usize>,
) -> impl Iterator<Item = Reading> + 'a {
    let elevations_dm = columns.elevation_dm.get(part.clone()).unwrap_or_default();
    part.zip(elevations_dm).filter(|(_, elevation_dm)| **elevation_dm != MISSING).map(
        |(point, elevation_dm)| Reading {
            along_m: along_m[point],
            elevation_m: f64::from(*elevation_dm) / 10.0,
            time_ms: columns.time_ms.get(point).copied().unwrap_or(NO_TIME),
        },
    )
}

/// The time of a step, as averages count it.
fn counted_s(way_m: f64, from_ms: i64, to_ms: i64) -> f64 {
    let takes_s = if from_ms == NO_TIME || to_ms == NO_TIME {
        way_m / SMOOTHING_SPEED_UNKNOWN_MPS
    } else {
        seconds(to_ms.saturating_sub(from_ms))
    };
    takes_s.clamp(way_m / SMOOTHING_SPEED_MAX_MPS, way_m / MOVING_SPEED_MIN_MPS)
}

fn is_jump(change_m: f64, way_m: f64) -> bool {
    JUMP_MIN_M.max(way_m) < change_m.abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(readings: &[(f64, i32)], part_ends: Vec<usize>) -> Profile {
        let columns = Columns {
            lat_e7: vec![0; readings.len()],
            lon_e7: vec![0; readings.len()],
            elevation_dm: readings.iter().map(|reading| reading.1).collect(),
            part_ends,
            ..Columns::default()
        };
        let along_m: Vec<f64> = readings.iter().map(|reading| reading.0).collect();
        Profile::new(&columns, &along_m)
    }

    #[test]
    fn readings_at_one_place_are_averaged() {
        let profile = profile(&[(0.0, 100), (5.0, 110), (5.0, 120), (5.0, 160)], vec![4]);
        assert_eq!(profile.along_m, [0.0, 5.0]);
        assert_eq!(profile.elevation_m, [10.0, 13.0]);
    }

    #[test]
    fn what_lies_between_parts_is_no_climb() {
        let profile = profile(&[(0.0, 100), (5.0, 110), (5.0, 260), (9.0, 280)], vec![2, 4]);
        assert_eq!(profile.elevation_m, [10.0, 11.0, 13.0]);
    }

    #[test]
    fn a_jump_of_the_readings_is_no_climb() {
        let jump = [(0.0, 550), (3.0, 1424), (6.0, 1424), (10.0, 560), (13.0, 562)];
        let profile = profile(&jump, vec![5]);
        assert!(profile.elevation_m.iter().all(|elevation_m| (elevation_m - 55.0).abs() < 0.3));
    }

    #[test]
    fn points_without_elevation_are_passed_over() {
        let profile = profile(&[(0.0, MISSING), (5.0, 110), (7.0, MISSING), (9.0, 920)], vec![4]);
        assert_eq!(profile.along_m, [5.0, 9.0]);
    }

    #[test]
    fn smoothing_keeps_a_steady_slope_and_halves_a_step() {
        let slope: Vec<(f64, i32)> = (0..50).map(|x| (f64::from(x) * 7.0, x * 3)).collect();
        let smooth = profile(&slope, vec![50]).smoothed();
        assert!((smooth.elevation_m[25] - 7.5).abs() < 1e-9);

        let step = [(0.0, 0), (100.0, 0), (100.001, 100), (200.0, 100)];
        let smooth = profile(&step, vec![4]).smoothed();
        assert!((smooth.elevation_m[1] - 5.0).abs() < 1e-3, "{smooth:?}");
        assert!((smooth.elevation_m[3] - 10.0).abs() < 1e-9);
    }

    /// One reading a second for each of these ways, with times or without.
    fn timed(along_m: &[f64], time_ms: Vec<i64>) -> Profile {
        let columns = Columns {
            lat_e7: vec![0; along_m.len()],
            lon_e7: vec![0; along_m.len()],
            elevation_dm: vec![0; along_m.len()],
            time_ms,
            part_ends: vec![along_m.len()],
            ..Columns::default()
        };
        Profile::new(&columns, along_m)
    }

    #[test]
    fn averages_count_no_rest_and_no_haste() {
        let along_m = [0.0, 3.0, 4.0, 24.0, 24.0, 27.0];
        let time_ms = vec![0, 1_000, 601_000, 602_000, 902_000, 903_000];
        assert_eq!(timed(&along_m, time_ms).reached_s, [0.0, 1.0, 3.0, 7.0, 8.0]);
        assert_eq!(timed(&along_m, vec![]).reached_s, [0.0, 1.5, 2.0, 12.0, 13.5]);
        let some = vec![0, NO_TIME, 5_000, 9_000, NO_TIME, NO_TIME];
        assert_eq!(timed(&along_m, some).reached_s, [0.0, 1.5, 2.0, 6.0, 7.5]);
    }

    #[test]
    fn without_times_both_averages_are_the_same() {
        let bumps: Vec<(f64, i32)> = (0..50).map(|x| (f64::from(x) * 7.0, x * x % 23)).collect();
        let profile = profile(&bumps, vec![50]);
        let over_way_m = profile.smoothed().elevation_m;
        let same = |(one, other): (&f64, &f64)| (one - other).abs() < 1e-9;
        assert!(over_way_m.iter().zip(&profile.smoothed_over_time_m()).all(same));
    }

    #[test]
    fn the_more_readings_an_average_has_the_less_noise_is_left() {
        let every = |step_s: i64| {
            let times = (0..=400).map(|index| index * step_s * 1_000).collect();
            #[expect(clippy::cast_precision_loss, reason = "small")]
            let along_m: Vec<f64> = (0..=400).map(|index| (2 * index * step_s) as f64).collect();
            timed(&along_m, times).noise_left()
        };
        assert!((every(1) - 0.18).abs() < 0.01, "{}", every(1));
        assert!((every(10) - 0.58).abs() < 0.01);
        assert!((every(60) - 1.0).abs() < f64::EPSILON);
        assert!((Profile::default().noise_left() - 1.0).abs() < f64::EPSILON);
    }

    #[test]
    fn elevations_are_read_off_between_readings() {
        let profile = profile(&[(10.0, 100), (20.0, 200)], vec![2]);
        let at = |place_m| profile.elevation_m_at(place_m);
        assert_eq!([at(0.0), at(10.0), at(30.0)], [Some(10.0), Some(10.0), Some(20.0)]);
        assert_eq!(at(15.0), Some(15.0));
        assert_eq!(Profile::default().elevation_m_at(0.0), None);
    }

    #[test]
    fn noise_is_told_from_a_slope() {
        let slope: Vec<(f64, i32)> = (0..100).map(|x| (f64::from(x) * 5.0, x * 10)).collect();
        assert!(profile(&slope, vec![100]).noise_m() < 1e-12);
        let shaky: Vec<(f64, i32)> =
            slope.iter().map(|(x, e)| (*x, e + if e % 20 == 0 { 20 } else { 0 })).collect();
        assert!(1.0 < profile(&shaky, vec![100]).noise_m());
    }
}
