//! The box around a track.

use crate::track::Columns;
use crate::track::columns::PER_DEGREE;

use super::ruler::eastward_e7;

const POLE_E7: i32 = 900_000_000;
const HALF_TURN_E7: i64 = 1_800_000_000;

/// The box as `[west, south, east, north]` in degrees, as RFC 7946, section 5, has it: west is
/// greater than east where the track crosses the antimeridian, and a box that holds a pole goes
/// all round. `None` without points.
pub fn bounds(columns: &Columns) -> Option<[f64; 4]> {
    let south_e7 = *columns.lat_e7.iter().min()?;
    let north_e7 = *columns.lat_e7.iter().max()?;
    let poles = Poles::of(columns);
    let south = if poles.south { -90.0 } else { f64::from(south_e7) / PER_DEGREE };
    let north = if poles.north { 90.0 } else { f64::from(north_e7) / PER_DEGREE };
    let [west, east] = match longitudes_e7(&columns.lon_e7)? {
        [west_e7, east_e7] if east_e7 - west_e7 < 2 * HALF_TURN_E7 && !poles.any() => {
            [in_range(west_e7), in_range(east_e7)]
        }
        _ => [-180.0, 180.0],
    };
    Some([west, south, east, north])
}

/// How far west and east the track goes, counted on past the antimeridian.
fn longitudes_e7(lon_e7: &[i32]) -> Option<[i64; 2]> {
    let first = *lon_e7.first()?;
    let mut here_e7 = i64::from(first);
    let mut extremes = [here_e7, here_e7];
    for pair in lon_e7.windows(2) {
        here_e7 += eastward_e7(pair[0], pair[1]);
        extremes = [extremes[0].min(here_e7), extremes[1].max(here_e7)];
    }
    Some(extremes)
}

fn in_range(lon_e7: i64) -> f64 {
    let mut inside_e7 = lon_e7;
    if HALF_TURN_E7 < lon_e7.abs() {
        inside_e7 = (lon_e7 + HALF_TURN_E7).rem_euclid(2 * HALF_TURN_E7) - HALF_TURN_E7;
    }
    #[expect(clippy::cast_precision_loss, reason = "a longitude has 32 bits")]
    let inside_e7 = inside_e7 as f64;
    inside_e7 / PER_DEGREE
}

/// Which poles the track touches.
#[derive(Default)]
struct Poles {
    south: bool,
    north: bool,
}

impl Poles {
    fn of(columns: &Columns) -> Self {
        let mut poles = Self::default();
        for part in columns.parts() {
            let (lat_e7, lon_e7) = (&columns.lat_e7[part.clone()], &columns.lon_e7[part]);
            poles.north |= lat_e7.contains(&POLE_E7);
            poles.south |= lat_e7.contains(&-POLE_E7);
            for (lat_e7, lon_e7) in lat_e7.windows(2).zip(lon_e7.windows(2)) {
                // From a meridian to the opposite one the short way leads over the nearer pole.
                if eastward_e7(lon_e7[0], lon_e7[1]).abs() == HALF_TURN_E7 {
                    let over_north = 0 <= i64::from(lat_e7[0]) + i64::from(lat_e7[1]);
                    poles.north |= over_north;
                    poles.south |= !over_north;
                }
            }
        }
        poles
    }

    fn any(&self) -> bool {
        self.south || self.north
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds_of(degrees: &[(i32, i32)]) -> Option<[f64; 4]> {
        bounds(&Columns {
            lat_e7: degrees.iter().map(|(lat, _)| lat * 10_000_000).collect(),
            lon_e7: degrees.iter().map(|(_, lon)| lon * 10_000_000).collect(),
            part_ends: vec![degrees.len()],
            ..Columns::default()
        })
    }

    #[test]
    fn no_points_have_no_box() {
        assert_eq!(bounds(&Columns::default()), None);
    }

    #[test]
    fn a_box_goes_from_south_west_to_north_east() {
        assert_eq!(bounds_of(&[(47, 8), (46, 9), (48, 7)]), Some([7.0, 46.0, 9.0, 48.0]));
    }

    #[test]
    fn over_the_antimeridian_west_is_greater_than_east() {
        assert_eq!(bounds_of(&[(-17, 178), (-18, -179)]), Some([178.0, -18.0, -179.0, -17.0]));
        assert_eq!(bounds_of(&[(-17, -179), (-18, 178)]), Some([178.0, -18.0, -179.0, -17.0]));
    }

    #[test]
    fn up_to_the_antimeridian_is_not_over_it() {
        assert_eq!(bounds_of(&[(1, 178), (2, 180)]), Some([178.0, 1.0, 180.0, 2.0]));
        assert_eq!(bounds_of(&[(1, -178), (2, -180)]), Some([-180.0, 1.0, -178.0, 2.0]));
    }

    #[test]
    fn a_box_over_a_pole_goes_all_round_and_up_to_it() {
        assert_eq!(bounds_of(&[(88, 10), (88, -170)]), Some([-180.0, 88.0, 180.0, 90.0]));
        assert_eq!(bounds_of(&[(-90, 10), (-88, 20)]), Some([-180.0, -90.0, 180.0, -88.0]));
    }

    #[test]
    fn a_voyage_round_the_world_goes_all_round() {
        let round = [(-50, 0), (-55, 100), (-56, -160), (-50, -60), (-50, 10)];
        assert_eq!(bounds_of(&round), Some([-180.0, -56.0, 180.0, -50.0]));
    }
}
