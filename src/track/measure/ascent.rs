//! Ascent and descent.

use crate::track::Columns;
use crate::track::columns::MISSING;

use super::profile::Profile;

/// The smallest climb that counts where readings do not scatter at all.
pub(super) const CLIMB_MIN_M: f64 = 0.5;
/// By how many times the noise left in averages a climb must exceed that: a thousand values of
/// normal distribution lie within six and a half of their deviations.
pub(super) const CLIMB_MIN_NOISES: f64 = 6.0;
/// A climb of this height counts, however much noise is left.
pub(super) const CLIMB_MIN_MOST_M: f64 = 10.0;

/// The elevations of a track.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[expect(clippy::struct_field_names, reason = "units are last in names, and all are metres")]
pub(super) struct Heights {
    pub min_m: Option<f64>,
    pub max_m: Option<f64>,
    pub ascent_m: Option<f64>,
    pub descent_m: Option<f64>,
    pub noise_m: Option<f64>,
}

/// Measures elevations.
///
/// Climbs and drops are those between the turning points of the profile averaged over time, from
/// low to high and from high to low in full; a change of direction that is smaller than the least
/// climb is no turning point. The least climb grows with the noise that averages leave of single
/// readings, so that the same rule serves a barometer every second (some 0.5 to 1 m) and bare GPS
/// every minute (up to 10 m).
///
/// The parameters are those that come closest to the figures of 20 FIT files' devices and of 53 of
/// their laps; without any one of the devices the same are chosen, or neighbours.
pub(super) fn heights(columns: &Columns, along_m: &[f64]) -> Heights {
    let known = || columns.elevation_dm.iter().filter(|elevation_dm| **elevation_dm != MISSING);
    let (Some(min_dm), Some(max_dm)) = (known().min(), known().max()) else {
        return Heights::default();
    };
    let profile = Profile::new(columns, along_m);
    let noise_m = profile.noise_m();
    let climb_min_m = climb_min_m(noise_m * profile.noise_left());
    let [ascent_m, descent_m] = climbs_m(&profile.smoothed_over_time_m(), climb_min_m);
    Heights {
        min_m: Some(f64::from(*min_dm) / 10.0),
        max_m: Some(f64::from(*max_dm) / 10.0),
        ascent_m: Some(ascent_m),
        descent_m: Some(descent_m),
        noise_m: Some(noise_m),
    }
}

/// The smallest climb that counts, given how much noise is left in averages.
fn climb_min_m(noise_left_m: f64) -> f64 {
    CLIMB_MIN_MOST_M.min(CLIMB_MIN_M + CLIMB_MIN_NOISES * noise_left_m)
}

/// All that goes up and all that goes down between turning points.
fn climbs_m(elevation_m: &[f64], least_m: f64) -> [f64; 2] {
    let Some(first_m) = elevation_m.first() else {
        return [0.0; 2];
    };
    let (mut ascent_m, mut descent_m) = (0.0, 0.0);
    let mut leg = Leg::Level;
    let (mut low_m, mut high_m) = (*first_m, *first_m);
    for here_m in elevation_m {
        let turns_up = least_m <= here_m - low_m;
        let turns_down = least_m <= high_m - here_m;
        match leg {
            Leg::Level | Leg::Down if turns_up => {
                descent_m += if leg == Leg::Down { high_m - low_m } else { 0.0 };
                (leg, high_m) = (Leg::Up, *here_m);
            }
            Leg::Level | Leg::Up if turns_down => {
                ascent_m += if leg == Leg::Up { high_m - low_m } else { 0.0 };
                (leg, low_m) = (Leg::Down, *here_m);
            }
            Leg::Level => (low_m, high_m) = (low_m.min(*here_m), high_m.max(*here_m)),
            Leg::Up => high_m = high_m.max(*here_m),
            Leg::Down => low_m = low_m.min(*here_m),
        }
    }
    match leg {
        Leg::Level => {}
        Leg::Up => ascent_m += high_m - low_m,
        Leg::Down => descent_m += high_m - low_m,
    }
    [ascent_m, descent_m]
}

/// Where the profile leads since its last turning point.
#[derive(Clone, Copy, PartialEq)]
enum Leg {
    Level,
    Up,
    Down,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::track::measure::{along_m, measure};
    use crate::track::read;

    fn assert_climbs(elevation_m: &[f64], least_m: f64, expected_m: [f64; 2]) {
        let climbs_m = climbs_m(elevation_m, least_m);
        let close = climbs_m.iter().zip(expected_m).all(|(is, should)| (is - should).abs() < 1e-9);
        assert!(close, "{climbs_m:?} instead of {expected_m:?}");
    }

    #[test]
    fn climbs_count_in_full() {
        assert_climbs(&[0.0, 3.0, 9.0, 8.0, 12.0, 4.0], 2.0, [12.0, 8.0]);
    }

    #[test]
    fn changes_below_the_least_climb_do_not_count() {
        assert_climbs(&[5.0, 5.9, 5.0, 5.9, 5.0], 1.0, [0.0, 0.0]);
        assert_climbs(&[0.0, 10.0, 9.5, 20.0, 19.5], 1.0, [20.0, 0.0]);
    }

    #[test]
    fn descent_is_the_ascent_of_the_way_back() {
        let there = [3.0, 8.0, 7.5, 9.0, 2.0, 6.0, 5.0];
        let back: Vec<f64> = there.into_iter().rev().collect();
        let [ascent_m, descent_m] = climbs_m(&there, 1.0);
        assert_climbs(&back, 1.0, [descent_m, ascent_m]);
    }

    /// A flat run with a shaky barometer, a hilly one with bare GPS, a triathlon on the plain with
    /// a point every few seconds, and a hundred paces.
    #[test]
    fn devices_found_the_same_ascent() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/tracks/fit/");
        for (path, device_m) in [
            ("fgebhart+workoutizer/2019-09-25-16-15-53.fit", 8.0),
            ("tormoder+fit/2013-02-06-12-11-14.fit", 168.0),
            ("dtcooper+python-fitparse/sample_mulitple_header.fit", 32.0),
            ("dtcooper+python-fitparse/garmin-fenix-5-walk.fit", 1.0),
        ] {
            let recordings = read(&std::fs::read(format!("{folder}{path}")).unwrap()).unwrap();
            let legs = recordings.recordings.iter().map(|leg| measure(leg.track.columns()));
            let ours_m: f64 = legs.filter_map(|leg| leg.ascent_m).sum();
            assert!((ours_m / device_m - 1.0).abs() < 0.1, "{ours_m} in {path}");
        }
    }

    /// An hour at 3 m/s with readings that scatter evenly by some decimetres to either side.
    fn on_a_lake(every_s: i32, scatter_dm: i32, timed: bool) -> Columns {
        let (points, len) = (3_600 / every_s, 3_600 / every_s.unsigned_abs() as usize);
        let scatter = |point: i32| point * 7_919 % (2 * scatter_dm + 1) - scatter_dm;
        let time_ms = |point: i32| i64::from(point * every_s) * 1_000;
        Columns {
            lat_e7: (0..points).map(|point| point * every_s * 270).collect(),
            lon_e7: vec![0; len],
            elevation_dm: (0..points).map(|point| 3_970 + scatter(point)).collect(),
            time_ms: (0..points).filter(|_| timed).map(time_ms).collect(),
            part_ends: vec![len],
            ..Columns::default()
        }
    }

    #[test]
    fn flat_water_has_no_ascent() {
        for (every_s, scatter_dm) in [(1, 0), (1, 3), (1, 30), (3, 20), (10, 20)] {
            for timed in [true, false] {
                let columns = on_a_lake(every_s, scatter_dm, timed);
                let heights = heights(&columns, &along_m(&columns));
                let found_m = [heights.ascent_m, heights.descent_m];
                assert_eq!(found_m, [Some(0.0); 2], "{every_s} s, {scatter_dm} dm, {timed}");
            }
        }
    }

    #[test]
    fn without_elevations_nothing_is_known() {
        let columns =
            Columns { lat_e7: vec![0], lon_e7: vec![0], part_ends: vec![1], ..Columns::default() };
        assert_eq!(heights(&columns, &[0.0]), Heights::default());
    }
}
