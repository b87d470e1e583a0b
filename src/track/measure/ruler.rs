//! Lengths on the WGS 84 ellipsoid.

use geo::{Distance, Geodesic, Point};

use crate::track::Columns;
use crate::track::columns::PER_DEGREE;

/// Equatorial radius of WGS 84.
pub(super) const EQUATOR_RADIUS_M: f64 = 6_378_137.0;
/// Flattening of WGS 84.
pub(super) const FLATTENING: f64 = 1.0 / 298.257_223_563;
const ECCENTRICITY_SQUARED: f64 = FLATTENING * (2.0 - FLATTENING);

/// Steps of up to half a degree in latitude and in longitude are measured in a tangent plane; its
/// error there stays below 0.001 %. Longer steps, and those round a pole, are measured with
/// Karney's geodesic.
pub(super) const PLANE_STEP_MAX_DEGREES: f64 = 0.5;
const PLANE_STEP_MAX_E7: i64 = 5_000_000;
/// A tangent plane serves up to a hundredth of a degree of latitude away from where it touches.
const PLANE_REACH_E7: i64 = 100_000;
const TURN_E7: i64 = 3_600_000_000;

/// Measures geodesic distances on WGS 84, in two dimensions.
///
/// It keeps the plane it measured in last, since the next step is most often close by: a step
/// then costs a square root and no trigonometry. Every distance is within 0.001 % of Karney's
/// (C. F. F. Karney, Algorithms for geodesics, 2013, doi 10.1007/s00190-012-0578-z). The plane's
/// radii of curvature are those of J. P. Snyder, Map Projections (1987), equations 4-18 and 4-20.
#[derive(Clone, Debug)]
pub struct Ruler {
    touches_lat_e7: i64,
    north_m: f64,
    east_m: f64,
    east_slope_m: f64,
}

impl Ruler {
    /// A ruler whose plane touches the equator, until it measures elsewhere.
    pub fn new() -> Self {
        Self::touching(0)
    }

    /// The distance between two points, in metres: finite and not negative. Points are latitude
    /// and longitude in 1e-7 degrees; the figure has no meaning where they are out of range.
    pub fn distance_m(&mut self, from_e7: (i32, i32), to_e7: (i32, i32)) -> f64 {
        let north_e7 = i64::from(to_e7.0) - i64::from(from_e7.0);
        let east_e7 = eastward_e7(from_e7.1, to_e7.1);
        if PLANE_STEP_MAX_E7 < north_e7.abs() || PLANE_STEP_MAX_E7 < east_e7.abs() {
            // Karney's distance is not a number for a latitude out of range.
            return Geodesic.distance(point(from_e7), point(to_e7)).max(0.0);
        }
        let middle_e7 = i64::from(from_e7.0) + north_e7 / 2;
        if PLANE_REACH_E7 < (middle_e7 - self.touches_lat_e7).abs() {
            *self = Self::touching(middle_e7);
        }
        let above_e7 = small(middle_e7 - self.touches_lat_e7);
        let north_m = small(north_e7) * self.north_m;
        let east_m = small(east_e7) * (self.east_m + self.east_slope_m * above_e7);
        (north_m * north_m + east_m * east_m).sqrt()
    }

    /// The plane that touches the ellipsoid at a latitude: metres for each 1e-7 degrees to the
    /// north and to the east, and how the latter changes with latitude.
    fn touching(lat_e7: i64) -> Self {
        let radians_each = 1f64.to_radians() / PER_DEGREE;
        #[expect(clippy::cast_precision_loss, reason = "a latitude has 31 bits")]
        let (sin, cos) = (lat_e7 as f64 * radians_each).sin_cos();
        let bulge = 1.0 - ECCENTRICITY_SQUARED * sin * sin;
        let prime_vertical_m = EQUATOR_RADIUS_M / bulge.sqrt();
        let meridian_m = prime_vertical_m * (1.0 - ECCENTRICITY_SQUARED) / bulge;
        Self {
            touches_lat_e7: lat_e7,
            north_m: meridian_m * radians_each,
            east_m: prime_vertical_m * cos * radians_each,
            east_slope_m: -meridian_m * sin * radians_each * radians_each,
        }
    }
}

impl Default for Ruler {
    fn default() -> Self {
        Self::new()
    }
}

/// For each point, the distance from the first point to it, in metres, along the line inside
/// parts: from the end of a part to the start of the next nothing is added.
pub fn along_m(columns: &Columns) -> Vec<f64> {
    let mut ruler = Ruler::new();
    let mut along_m = Vec::with_capacity(columns.len());
    let mut total_m = 0.0;
    for part in columns.parts() {
        let mut before: Option<(i32, i32)> = None;
        for position in columns.lat_e7[part.clone()].iter().zip(&columns.lon_e7[part]) {
            let here = (*position.0, *position.1);
            total_m += before.map_or(0.0, |before| ruler.distance_m(before, here));
            along_m.push(total_m);
            before = Some(here);
        }
    }
    along_m
}

/// How far east one longitude is of another, the short way round: −180° to 180°.
pub(super) fn eastward_e7(from_e7: i32, to_e7: i32) -> i64 {
    let east_e7 = i64::from(to_e7) - i64::from(from_e7);
    match east_e7 {
        _ if TURN_E7 / 2 < east_e7 => east_e7 - TURN_E7,
        _ if east_e7 < -TURN_E7 / 2 => east_e7 + TURN_E7,
        _ => east_e7,
    }
}

fn point(position_e7: (i32, i32)) -> Point {
    Point::new(f64::from(position_e7.1) / PER_DEGREE, f64::from(position_e7.0) / PER_DEGREE)
}

/// Exact: the difference is at most a plane's step.
#[expect(clippy::cast_possible_truncation, reason = "at most PLANE_STEP_MAX_E7")]
fn small(difference_e7: i64) -> f64 {
    f64::from(difference_e7 as i32)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn error(from_e7: (i32, i32), to_e7: (i32, i32)) -> f64 {
        let geodesic_m = Geodesic.distance(point(from_e7), point(to_e7));
        let difference_m = (Ruler::new().distance_m(from_e7, to_e7) - geodesic_m).abs();
        difference_m / geodesic_m.max(1e-3)
    }

    proptest! {
        #[test]
        fn every_step_is_within_a_thousandth_of_a_percent_of_karneys(
            lat_e7 in -900_000_000..=900_000_000i32, lon_e7 in -1_800_000_000..=1_800_000_000i32,
            scale in 0..8u32, north in -9_000_000..=9_000_000i32, east in -9_000_000..=9_000_000i32,
        ) {
            let (north, east) = (north / 10i32.pow(scale), east / 10i32.pow(scale));
            let to_lat_e7 = (lat_e7 + north).clamp(-900_000_000, 900_000_000);
            let to_lon_e7 = (lon_e7 + east).clamp(-1_800_000_000, 1_800_000_000);
            prop_assert!(error((lat_e7, lon_e7), (to_lat_e7, to_lon_e7)) < 1e-5);
        }
    }

    #[test]
    fn a_step_over_the_antimeridian_is_short() {
        let metres = Ruler::new().distance_m((0, 1_799_999_000), (0, -1_799_999_000));
        assert!((metres - 22.2639).abs() < 1e-4, "{metres}");
    }

    #[test]
    fn a_step_over_the_pole_is_short() {
        let metres = Ruler::new().distance_m((899_999_000, 0), (899_999_000, 1_800_000_000));
        assert!((metres - 22.3388).abs() < 1e-4, "{metres}");
    }

    #[test]
    fn a_plane_is_not_used_out_of_its_reach() {
        let mut ruler = Ruler::new();
        for lat_e7 in (-890_000_000..890_000_000).step_by(70_001) {
            let (from, to) = ((lat_e7, 0), (lat_e7 + 300, 700));
            let geodesic_m = Geodesic.distance(point(from), point(to));
            assert!((ruler.distance_m(from, to) / geodesic_m - 1.0).abs() < 1e-5);
        }
    }

    #[test]
    fn nothing_is_added_between_parts() {
        let columns = Columns {
            lat_e7: vec![0, 1_000, 500_000, 501_000],
            lon_e7: vec![0; 4],
            part_ends: vec![2, 4],
            ..Columns::default()
        };
        let along_m = along_m(&columns);
        assert!((along_m[1] - along_m[2]).abs() < f64::EPSILON);
        assert!((along_m[3] - 22.1149).abs() < 1e-3, "{along_m:?}");
    }
}
