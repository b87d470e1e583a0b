//! Places as vectors, where neither poles nor the antimeridian are special.

use crate::track::columns::PER_DEGREE;

/// Half the equatorial diameter of WGS 84 in metres.
const EQUATORIAL_RADIUS_M: f64 = 6_378_137.0;
/// The smallest radius of a curve on it in metres: along a meridian at the equator, b²/a.
pub const SMALLEST_RADIUS_M: f64 = 6_335_439.327;
/// The square of its first eccentricity.
const ECCENTRICITY_SQUARED: f64 = 0.006_694_379_990_14;

/// A place on the WGS 84 ellipsoid, in metres from the middle of the Earth.
///
/// Straight lines through the ground serve as distances: they are shorter than the way over it, by
/// 1 mm in 10 km and 1 m in 100 km.
#[derive(Clone, Copy, PartialEq)]
pub struct Place {
    xyz_m: [f64; 3],
    /// In radians.
    lon: f64,
}

impl Place {
    /// A place in 1e-7 degrees.
    pub fn new(lat_e7: i32, lon_e7: i32) -> Self {
        Self::from_degrees(f64::from(lat_e7) / PER_DEGREE, f64::from(lon_e7) / PER_DEGREE)
    }

    /// A place in degrees.
    pub fn from_degrees(lat_deg: f64, lon_deg: f64) -> Self {
        let (lat, lon) = (lat_deg.to_radians(), lon_deg.to_radians());
        let normal_m =
            EQUATORIAL_RADIUS_M / (1.0 - ECCENTRICITY_SQUARED * lat.sin().powi(2)).sqrt();
        let xyz_m = [
            normal_m * lat.cos() * lon.cos(),
            normal_m * lat.cos() * lon.sin(),
            normal_m * (1.0 - ECCENTRICITY_SQUARED) * lat.sin(),
        ];
        Self { xyz_m, lon }
    }

    /// The longitude in radians.
    pub fn lon(&self) -> f64 {
        self.lon
    }

    /// The straight distance to another place in metres.
    pub fn distance_m(&self, other: &Self) -> f64 {
        norm(subtract(self.xyz_m, other.xyz_m))
    }

    /// The place at a share of the straight way to another, from 0 to 1.
    #[must_use]
    pub fn towards(&self, other: &Self, share: f64) -> Self {
        let way = subtract(other.xyz_m, self.xyz_m).map(|axis| axis * share);
        let xyz_m = [0, 1, 2].map(|axis| self.xyz_m[axis] + way[axis]);
        Self { xyz_m, lon: xyz_m[1].atan2(xyz_m[0]) }
    }

    /// At which share of the straight way from one place to another it leaves the ball of `radius_m` metres
    /// round this one; `None` when it ends before.
    pub fn is_left_at(&self, from: &Self, to: &Self, radius_m: f64) -> Option<f64> {
        let (line, way) = (subtract(to.xyz_m, from.xyz_m), subtract(from.xyz_m, self.xyz_m));
        let (square, along) = (dot(line, line), dot(way, line));
        let inside = radius_m.mul_add(radius_m, -dot(way, way));
        let share = (along.mul_add(along, square * inside).max(0.0).sqrt() - along) / square;
        (share <= 1.0).then_some(share)
    }

    /// The distance to the nearest place of a straight line in metres.
    pub fn distance_to_line_m(&self, from: &Self, to: &Self) -> f64 {
        let (line, way) = (subtract(to.xyz_m, from.xyz_m), subtract(self.xyz_m, from.xyz_m));
        let length_squared = dot(line, line);
        let share = if length_squared > 0.0 {
            (dot(way, line) / length_squared).clamp(0.0, 1.0)
        } else {
            0.0
        };
        norm(subtract(way, line.map(|along| along * share)))
    }
}

fn subtract(left: [f64; 3], right: [f64; 3]) -> [f64; 3] {
    [left[0] - right[0], left[1] - right[1], left[2] - right[2]]
}

fn dot(left: [f64; 3], right: [f64; 3]) -> f64 {
    left[0] * right[0] + left[1] * right[1] + left[2] * right[2]
}

fn norm(vector: [f64; 3]) -> f64 {
    dot(vector, vector).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_the_ellipsoid() {
        // A degree of latitude and one of longitude at the equator (GeographicLib).
        let degree = |lat_e7, lon_e7| Place::new(0, 0).distance_m(&Place::new(lat_e7, lon_e7));
        assert!((degree(100_000, 0) - 1_105.743).abs() < 0.001);
        assert!((degree(0, 100_000) - 1_113.195).abs() < 0.001);
    }

    #[test]
    fn the_antimeridian_and_the_pole_are_places_like_others() {
        assert!(Place::new(0, 1_800_000_000).distance_m(&Place::new(0, -1_800_000_000)) < 1e-6);
        assert!(
            Place::new(900_000_000, 0).distance_m(&Place::new(900_000_000, 1_234_567_890)) < 1e-6
        );
    }

    #[test]
    fn the_nearest_place_of_a_line_may_be_its_end() {
        let (from, to) = (Place::new(0, 0), Place::new(0, 100_000));
        assert!((Place::new(10_000, 50_000).distance_to_line_m(&from, &to) - 110.574).abs() < 0.05);
        assert!((Place::new(0, 110_000).distance_to_line_m(&from, &to) - 111.320).abs() < 0.01);
        assert!((Place::new(0, 10_000).distance_to_line_m(&from, &from) - 111.320).abs() < 0.01);
    }
}
