//! Tracks that the fuzzer makes up, point by point.

use libfuzzer_sys::arbitrary::{self, Arbitrary};

use crate::track::columns::{Columns, MISSING, NO_TIME};

/// About a metre northwards, and eastwards where people live.
const NORTH_E7: i32 = 90;
const EAST_E7: i32 = 130;
/// The full circle in 1e-7 degrees.
const TURN_E7: i64 = 3_600_000_000;

/// Where a track is, in 1e-7 degrees.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub struct Origin {
    lat_e7: i32,
    lon_e7: i32,
}

/// A point, by its way from the origin in metres, and what else there is of it.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub struct Spot {
    north_m: i16,
    east_m: i16,
    elevation_dm: Option<i16>,
    /// Since the point before.
    step_ms: i16,
    sensors: [u8; 4],
    /// Bits: a part ends here, there is no time, a sensor is missing.
    marks: u8,
}

impl Origin {
    /// A position in metres from here; over the antimeridian it goes round, at the poles it stops.
    pub fn go(self, north_m: i16, east_m: i16) -> (i32, i32) {
        let lat_e7 =
            i64::from(self.lat_e7 % 900_000_001) + i64::from(north_m) * i64::from(NORTH_E7);
        let lon_e7 =
            i64::from(self.lon_e7 % 1_800_000_001) + i64::from(east_m) * i64::from(EAST_E7);
        let lat_e7 = lat_e7.clamp(-900_000_000, 900_000_000);
        let lon_e7 = (lon_e7 + TURN_E7 / 2).rem_euclid(TURN_E7) - TURN_E7 / 2;
        (i32::try_from(lat_e7).expect("clamped"), i32::try_from(lon_e7).expect("wrapped"))
    }
}

impl Spot {
    /// Where it is.
    pub fn position(&self, origin: Origin) -> (i32, i32) {
        origin.go(self.north_m, self.east_m)
    }

    /// Whether a part ends with it.
    pub fn ends_part(&self) -> bool {
        self.marks & 0b11 == 0b11
    }

    /// A small number.
    pub fn count(&self) -> u8 {
        self.marks >> 5
    }

    fn sensor(&self, index: usize, value: i32) -> i32 {
        if self.marks >> (3 + index) & 1 == 1 { MISSING } else { value }
    }
}

/// A track of these points that begins at a time. Its values are such as readers let through.
pub fn columns(origin: Origin, start_ms: i64, spots: &[Spot]) -> Columns {
    let mut columns = Columns::default();
    let mut now_ms = start_ms;
    for spot in spots {
        let (lat_e7, lon_e7) = spot.position(origin);
        let [heart, cadence, power, temperature] = spot.sensors.map(i32::from);
        now_ms += i64::from(spot.step_ms);
        columns.lat_e7.push(lat_e7);
        columns.lon_e7.push(lon_e7);
        columns.elevation_dm.push(spot.elevation_dm.map_or(MISSING, i32::from));
        columns.time_ms.push(if spot.marks & 0b100 == 0 { now_ms } else { NO_TIME });
        columns.heart_rate_bpm.push(spot.sensor(0, heart.max(1)));
        columns.cadence_d.push(spot.sensor(1, cadence * 11));
        columns.power_w.push(spot.sensor(2, power * 19));
        columns.temperature_dc.push(spot.sensor(3, temperature * 7 - 900));
        if spot.ends_part() {
            columns.part_ends.push(columns.lat_e7.len());
        }
    }
    if columns.part_ends.last().copied().unwrap_or(0) < columns.len() {
        columns.part_ends.push(columns.len());
    }
    columns
}
