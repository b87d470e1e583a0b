//! The pace of a track: time as a function of the way along it.

use crate::track::Columns;

use super::steps::{Step, seconds};

/// When, and after how much moving, each place along a track was reached.
#[derive(Clone, Debug, Default)]
pub(super) struct Pace {
    along_m: Vec<f64>,
    clock_s: Vec<f64>,
    moving_s: Vec<f64>,
}

impl Pace {
    /// The pace over all timed steps, pauses between parts included in the clock.
    pub fn new(columns: &Columns, along_m: &[f64], steps: &[Step]) -> Self {
        let mut pace = Self::default();
        let Some(first_ms) = steps.first().map(|step| columns.time_ms[step.from]) else {
            return pace;
        };
        let clock_s = |point: usize| seconds(columns.time_ms[point].saturating_sub(first_ms));
        let mut reached: Option<usize> = None;
        for step in steps {
            if reached != Some(step.from) {
                pace.push(along_m[step.from], clock_s(step.from));
            }
            pace.push(along_m[step.to], clock_s(step.to));
            if let (true, Some(moving_s)) = (step.is_moving(), pace.moving_s.last_mut()) {
                *moving_s += step.seconds;
            }
            reached = Some(step.to);
        }
        pace
    }

    /// Appends a place. Times that run back between parts are held.
    pub fn push(&mut self, along_m: f64, clock_s: f64) {
        self.along_m.push(along_m);
        self.clock_s.push(self.clock_s.last().map_or(clock_s, |last_s| last_s.max(clock_s)));
        self.moving_s.push(self.moving_s.last().copied().unwrap_or(0.0));
    }

    /// How many places it has.
    pub fn len(&self) -> usize {
        self.along_m.len()
    }

    /// The way and the clock at a place, by its index.
    pub fn at(&self, place: usize) -> (f64, f64) {
        (self.along_m[place], self.clock_s[place])
    }

    /// The clock and the time spent moving when a place was first reached; `None` without times.
    pub fn reached_s(&self, place_m: f64) -> Option<[f64; 2]> {
        let after = self.along_m.partition_point(|along_m| *along_m < place_m);
        let after = after.min(self.len().checked_sub(1)?);
        let Some(before) = after.checked_sub(1) else {
            return Some([self.clock_s[0], self.moving_s[0]]);
        };
        let length_m = self.along_m[after] - self.along_m[before];
        let share = if 0.0 < length_m { (place_m - self.along_m[before]) / length_m } else { 1.0 };
        let between = |values: &[f64]| {
            values[before] + share.clamp(0.0, 1.0) * (values[after] - values[before])
        };
        Some([between(&self.clock_s), between(&self.moving_s)])
    }

    /// The clock and the time spent moving at the end.
    pub fn end_s(&self) -> Option<[f64; 2]> {
        Some([*self.clock_s.last()?, *self.moving_s.last()?])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::track::measure::{along_m, steps::steps};

    #[test]
    fn the_clock_runs_on_between_parts_and_moving_time_does_not() {
        let columns = Columns {
            lat_e7: vec![0, 9_044, 9_044, 18_088, 18_089],
            lon_e7: vec![0; 5],
            time_ms: vec![5_000, 55_000, 155_000, 205_000, 215_000],
            part_ends: vec![2, 5],
            ..Columns::default()
        };
        let along_m = along_m(&columns);
        let steps: Vec<Step> = steps(&columns, &along_m).collect();
        let pace = Pace::new(&columns, &along_m, &steps);
        assert_eq!(pace.end_s(), Some([210.0, 100.0]));
        let [clock_s, moving_s] = pace.reached_s(150.0).unwrap();
        assert!((clock_s - 175.0).abs() < 0.1 && (moving_s - 75.0).abs() < 0.1);
    }

    #[test]
    fn without_times_no_place_is_reached() {
        assert_eq!(Pace::default().reached_s(0.0), None);
        assert_eq!(Pace::default().end_s(), None);
    }
}
