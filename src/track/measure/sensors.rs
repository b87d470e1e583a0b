//! What sensors recorded, in short.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::track::Columns;
use crate::track::columns::MISSING;

/// The sensors of a track. `None` is a sensor that recorded nothing.
#[derive(Clone, Copy, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Sensors {
    /// Heart rate in beats a minute.
    pub heart_rate_bpm: Option<Summary>,
    /// Cadence in revolutions, or pairs of steps, a minute, without the times of standing still.
    pub cadence_rpm: Option<Summary>,
    /// Power in watts, with the times of no power.
    pub power_w: Option<Summary>,
    /// Air temperature in degrees Celsius.
    pub temperature_c: Option<Summary>,
}

/// The readings of a sensor, in short.
#[derive(Clone, Copy, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Summary {
    /// The least reading.
    pub min: f64,
    /// The mean of all readings.
    pub avg: f64,
    /// The greatest reading.
    pub max: f64,
}

/// Sums up what sensors recorded.
pub fn sensors(columns: &Columns) -> Sensors {
    Sensors {
        heart_rate_bpm: summary(&columns.heart_rate_bpm, 1.0, |_| true),
        cadence_rpm: summary(&columns.cadence_d, 10.0, |cadence_d| cadence_d != 0),
        power_w: summary(&columns.power_w, 1.0, |_| true),
        temperature_c: summary(&columns.temperature_dc, 10.0, |_| true),
    }
}

fn summary(readings: &[i32], per_unit: f64, counts: impl Fn(i32) -> bool) -> Option<Summary> {
    let mut known = readings.iter().copied().filter(|one| *one != MISSING && counts(*one));
    let first = known.next()?;
    let (mut min, mut max, mut sum, mut count) = (first, first, i64::from(first), 1.0);
    for reading in known {
        (min, max) = (min.min(reading), max.max(reading));
        sum += i64::from(reading);
        count += 1.0;
    }
    #[expect(clippy::cast_precision_loss, reason = "exact up to four million greatest readings")]
    let avg = sum as f64 / count / per_unit;
    Some(Summary { min: f64::from(min) / per_unit, avg, max: f64::from(max) / per_unit })
}

/// It shows nothing of somebody's health.
impl fmt::Debug for Sensors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sensors(…)")
    }
}

/// It shows nothing of somebody's health.
impl fmt::Debug for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Summary(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readings_are_summed_up_in_their_units() {
        let columns = Columns {
            heart_rate_bpm: vec![100, MISSING, 150, 140],
            temperature_dc: vec![-15, 25, 20, 30],
            ..Columns::default()
        };
        let sensors = sensors(&columns);
        assert_eq!(sensors.heart_rate_bpm, Some(Summary { min: 100.0, avg: 130.0, max: 150.0 }));
        assert_eq!(sensors.temperature_c, Some(Summary { min: -1.5, avg: 1.5, max: 3.0 }));
        assert_eq!(sensors.power_w, None);
    }

    #[test]
    fn coasting_has_no_cadence_and_no_power() {
        let columns =
            Columns { cadence_d: vec![0, 800], power_w: vec![0, 200], ..Columns::default() };
        let sensors = sensors(&columns);
        assert_eq!(sensors.cadence_rpm, Some(Summary { min: 80.0, avg: 80.0, max: 80.0 }));
        assert_eq!(sensors.power_w, Some(Summary { min: 0.0, avg: 100.0, max: 200.0 }));
    }

    #[test]
    fn the_greatest_readings_do_not_overflow() {
        let columns = Columns { power_w: vec![i32::MAX; 1000], ..Columns::default() };
        assert_eq!(sensors(&columns).power_w.map(|power_w| power_w.max), Some(2_147_483_647.0));
    }
}
