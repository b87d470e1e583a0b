//! The profile of a track: elevation as a function of the way along it.

use crate::track::Columns;
use crate::track::columns::MISSING;

use super::area::Area;

/// A step of the readings that is both higher than this and steeper than 45° is a fault of the
/// device, such as a first fix or a recalibration, and not a climb.
pub(super) const JUMP_MIN_M: f64 = 20.0;
/// The profile is averaged over this length to either side.
pub(super) const SMOOTHING_REACH_M: f64 = 30.0;
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
}

impl Profile {
    /// The profile through all points with an elevation. Readings at one place are averaged.
    pub fn new(columns: &Columns, along_m: &[f64]) -> Self {
        let mut profile = Self::default();
        let mut shift_m = 0.0;
        let mut before: Option<(f64, f64)> = None;
        let mut readings_here = 0.0;
        for part in columns.parts() {
            let mut part_begins = true;
            let elevations_dm = columns.elevation_dm.get(part.clone()).unwrap_or_default();
            for (elevation_dm, here_m) in elevations_dm.iter().zip(&along_m[part]) {
                if *elevation_dm == MISSING {
                    continue;
                }
                let reading_m = f64::from(*elevation_dm) / 10.0;
                if let Some((before_m, before_reading_m)) = before {
                    let change_m = reading_m - before_reading_m;
                    if part_begins || is_jump(change_m, here_m - before_m) {
                        shift_m -= change_m;
                    }
                }
                let moved = before.is_none_or(|(before_m, _)| before_m < *here_m);
                readings_here = if moved { 1.0 } else { readings_here + 1.0 };
                profile.push(*here_m, reading_m + shift_m, readings_here);
                before = Some((*here_m, reading_m));
                part_begins = false;
            }
        }
        profile
    }

    /// Appends the first reading of a place, or averages in a further one.
    fn push(&mut self, here_m: f64, elevation_m: f64, readings_here: f64) {
        match self.elevation_m.last_mut() {
            Some(mean_m) if 1.0 < readings_here => {
                *mean_m += (elevation_m - *mean_m) / readings_here;
            }
            _ => {
                self.along_m.push(here_m);
                self.elevation_m.push(elevation_m);
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

    /// The same profile as a moving average: at each of its places, the mean of the line through
    /// the readings up to [`SMOOTHING_REACH_M`] before and behind. As it averages over the way,
    /// it does not depend on how densely, or how fast, the track was recorded.
    pub fn smoothed(&self) -> Self {
        let (Some(first_m), Some(last_m)) = (self.along_m.first(), self.along_m.last()) else {
            return Self::default();
        };
        let (mut behind, mut ahead) = (Area::new(self), Area::new(self));
        let mean_m = |(here_m, reading_m): (&f64, &f64)| {
            let from_m = first_m.max(here_m - SMOOTHING_REACH_M);
            let to_m = last_m.min(here_m + SMOOTHING_REACH_M);
            let area = ahead.up_to(to_m) - behind.up_to(from_m);
            if from_m < to_m { area / (to_m - from_m) } else { *reading_m }
        };
        let elevation_m = self.along_m.iter().zip(&self.elevation_m).map(mean_m).collect();
        Self { along_m: self.along_m.clone(), elevation_m }
    }
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
