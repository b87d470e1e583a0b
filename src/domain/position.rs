//! Positions on the earth.

use std::fmt;

use super::Invalid;

/// A longitude and latitude on WGS 84, in degrees: finite and in range.
#[derive(Clone, Copy, PartialEq)]
pub struct Position {
    longitude: f64,
    latitude: f64,
}

impl Position {
    /// A position from degrees; longitude −180 to 180, latitude −90 to 90.
    pub fn new(longitude: f64, latitude: f64) -> Result<Self, Invalid> {
        // Written so that NaN fails.
        let sound = (-180.0..=180.0).contains(&longitude) && (-90.0..=90.0).contains(&latitude);
        if !sound {
            return Err(Invalid {
                field: "position",
                reason: "must be [longitude, latitude] in degrees, −180 to 180 and −90 to 90",
            });
        }
        Ok(Self { longitude, latitude })
    }

    /// Degrees east.
    pub const fn longitude(self) -> f64 {
        self.longitude
    }

    /// Degrees north.
    pub const fn latitude(self) -> f64 {
        self.latitude
    }
}

/// Where someone is, hence not shown.
impl fmt::Debug for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Position(…)")
    }
}

/// How far around a place is hidden: 100 m to 5 km.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ZoneRadius(f64);

impl ZoneRadius {
    /// In metres.
    pub const fn metres(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for ZoneRadius {
    type Error = Invalid;

    fn try_from(metres: f64) -> Result<Self, Invalid> {
        let sound = (100.0..=5_000.0).contains(&metres);
        let invalid = Invalid { field: "radius_m", reason: "must be from 100 to 5,000" };
        sound.then_some(Self(metres)).ok_or(invalid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_finite_degrees_in_range_are_a_position() {
        assert!(Position::new(180.0, -90.0).is_ok());
        for (longitude, latitude) in
            [(0.0, 90.1), (-180.1, 0.0), (f64::NAN, 0.0), (0.0, f64::NAN), (f64::INFINITY, 0.0)]
        {
            assert!(Position::new(longitude, latitude).is_err());
        }
    }
}
