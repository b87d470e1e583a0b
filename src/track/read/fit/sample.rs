//! What a device measured at one moment, from the units of FIT into ours.

use std::ops::RangeInclusive;

use crate::track::columns::MISSING;
use crate::track::read::points::Point;

use super::profile::record;

/// A half turn, in semicircles.
const HALF_TURN: i64 = 1 << 31;
/// A half turn, in 1e-7 degrees.
const HALF_TURN_E7: i64 = 1_800_000_000;
/// The fractions of a revolution that the fractional cadence counts.
const CADENCE_FRACTIONS: i64 = 128;

/// What each quantity can be, in our units; the same as for every other format.
const ELEVATION_DM: RangeInclusive<i64> = -120_000..=1_000_000;
const HEART_RATE_BPM: RangeInclusive<i64> = 1..=255;
const CADENCE_D: RangeInclusive<i64> = 0..=3_000;
const POWER_W: RangeInclusive<i64> = 0..=5_000;
const TEMPERATURE_DC: RangeInclusive<i64> = -1_000..=1_000;

/// The wanted fields of a record, in the units of FIT.
#[derive(Default)]
pub(super) struct Sample {
    latitude: Option<i64>,
    longitude: Option<i64>,
    altitude: Option<i64>,
    enhanced_altitude: Option<i64>,
    heart_rate: Option<i64>,
    cadence: Option<i64>,
    fractional_cadence: Option<i64>,
    power: Option<i64>,
    temperature: Option<i64>,
}

/// A latitude and longitude that no place on earth has.
pub(super) struct OffEarth;

impl Sample {
    /// Gathers the fields of a record. Of two with the same number the first counts: the second is
    /// a developer's.
    pub(super) fn new(values: impl Iterator<Item = (u8, i64)>) -> Self {
        let mut sample = Self::default();
        for (field, value) in values {
            let slot = match field {
                record::LATITUDE => &mut sample.latitude,
                record::LONGITUDE => &mut sample.longitude,
                record::ALTITUDE => &mut sample.altitude,
                record::ENHANCED_ALTITUDE => &mut sample.enhanced_altitude,
                record::HEART_RATE => &mut sample.heart_rate,
                record::CADENCE => &mut sample.cadence,
                record::FRACTIONAL_CADENCE => &mut sample.fractional_cadence,
                record::POWER => &mut sample.power,
                record::TEMPERATURE => &mut sample.temperature,
                _ => continue,
            };
            slot.get_or_insert(value);
        }
        sample
    }

    /// Where it was, as [`position`] tells.
    pub(super) fn position(&self) -> Option<Result<(i32, i32), OffEarth>> {
        position(self.latitude, self.longitude)
    }

    /// The point at a position and time, and how many values were left out because their quantity
    /// cannot have them.
    pub(super) fn point(&self, lat_e7: i32, lon_e7: i32, time_ms: i64) -> (Point, u32) {
        let mut unsound = 0;
        let mut sound = |value: Option<i64>, range: RangeInclusive<i64>| {
            let Some(value) = value else { return MISSING };
            let within = range.contains(&value).then(|| i32::try_from(value).ok()).flatten();
            unsound += u32::from(within.is_none());
            within.unwrap_or(MISSING)
        };
        let altitude = self.enhanced_altitude.or(self.altitude);
        let cadence = self.cadence.map(|cadence| {
            let fraction = self.fractional_cadence.unwrap_or_default();
            cadence.saturating_mul(10).saturating_add(
                (fraction.saturating_mul(10) + CADENCE_FRACTIONS / 2) / CADENCE_FRACTIONS,
            )
        });
        let point = Point {
            elevation_dm: sound(altitude.map(elevation_dm), ELEVATION_DM),
            time_ms,
            heart_rate_bpm: sound(self.heart_rate, HEART_RATE_BPM),
            cadence_d: sound(cadence, CADENCE_D),
            power_w: sound(self.power, POWER_W),
            temperature_dc: sound(self.temperature.map(|it| it.saturating_mul(10)), TEMPERATURE_DC),
            ..Point::at(lat_e7, lon_e7)
        };
        (point, unsound)
    }
}

/// A latitude and longitude in semicircles as 1e-7 degrees. `None` where there is neither, as
/// before the first fix; half a position is none on earth.
pub(super) fn position(
    latitude: Option<i64>,
    longitude: Option<i64>,
) -> Option<Result<(i32, i32), OffEarth>> {
    if latitude.is_none() && longitude.is_none() {
        return None;
    }
    let lat_e7 = latitude.and_then(|latitude| degrees_e7(latitude, HALF_TURN / 2));
    let lon_e7 = longitude.and_then(|longitude| degrees_e7(longitude, HALF_TURN));
    Some(lat_e7.zip(lon_e7).ok_or(OffEarth))
}

/// Rounded half away from zero. `None` beyond `limit` on either side.
fn degrees_e7(semicircles: i64, limit: i64) -> Option<i32> {
    if !(-limit..=limit).contains(&semicircles) {
        return None;
    }
    let size_e7 = (semicircles.abs() * HALF_TURN_E7 + HALF_TURN / 2) / HALF_TURN;
    i32::try_from(size_e7 * semicircles.signum()).ok()
}

/// From fifths of a metre above −500 m.
fn elevation_dm(altitude: i64) -> i64 {
    altitude.saturating_mul(2).saturating_sub(5_000)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sample(values: &[(u8, i64)]) -> (Point, u32) {
        Sample::new(values.iter().copied()).point(0, 0, 0)
    }

    #[test]
    fn altitudes_are_fifths_of_a_metre_above_minus_500_and_the_enhanced_one_counts() {
        assert_eq!(sample(&[(record::ALTITUDE, 2_500)]).0.elevation_dm, 0);
        assert_eq!(sample(&[(record::ALTITUDE, 2_411)]).0.elevation_dm, -178);
        let both = [(record::ALTITUDE, 2_500), (record::ENHANCED_ALTITUDE, 46_740)];
        assert_eq!(sample(&both).0.elevation_dm, 88_480);
    }

    #[test]
    fn a_fractional_cadence_is_added_and_steps_are_not_doubled() {
        assert_eq!(sample(&[(record::CADENCE, 85)]).0.cadence_d, 850);
        let half = [(record::CADENCE, 85), (record::FRACTIONAL_CADENCE, 64)];
        assert_eq!(sample(&half).0.cadence_d, 855);
    }

    #[test]
    fn a_field_of_the_profile_counts_before_a_developers() {
        assert_eq!(sample(&[(record::POWER, 200), (record::POWER, 300)]).0.power_w, 200);
    }

    #[test]
    fn what_a_quantity_cannot_be_is_left_out_and_counted() {
        let (point, unsound) = sample(&[(record::HEART_RATE, 0), (record::POWER, 60_000)]);
        assert_eq!((point.heart_rate_bpm, point.power_w, unsound), (MISSING, MISSING, 2));
    }

    #[test]
    fn positions_end_at_the_poles_and_half_a_position_is_none() {
        let pole = HALF_TURN / 2;
        let at = |latitude, longitude| position(latitude, longitude).map(Result::ok);
        assert_eq!(at(Some(pole), Some(-HALF_TURN)), Some(Some((900_000_000, -1_800_000_000))));
        assert_eq!(at(Some(pole + 1), Some(0)), Some(None));
        assert_eq!(at(Some(0), None), Some(None));
        assert_eq!(at(None, None), None);
    }

    proptest! {
        #[test]
        fn semicircles_become_the_nearest_ten_millionth_of_a_degree(semicircles: i32) {
            let exact = f64::from(semicircles) * 180e7 / 2_f64.powi(31);
            let e7 = degrees_e7(semicircles.into(), HALF_TURN).unwrap();
            prop_assert!((f64::from(e7) - exact).abs() <= 0.5);
        }
    }
}
