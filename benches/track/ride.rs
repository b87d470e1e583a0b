//! The ride that is measured with: one point a second, the same in every run.

use std::f64::consts::PI;

use opentracks::track::Columns;
use opentracks::track::columns::PER_DEGREE;

const SEED: u64 = 0x000B_1C7C_1E00;
/// 2024-06-01T06:00:00Z.
const START_MS: i64 = 1_717_221_600_000;
const START: (f64, f64) = (47.3, 8.5);
/// The rider turns back this far, in degrees, from the start.
const REACH: f64 = 0.6;
const METRES_PER_DEGREE: f64 = 111_195.0;

/// Rides for `points` seconds, with bends, hills, a red light now and then, a receiver whose error
/// drifts by some metres, a barometer and a heart-rate belt.
pub fn ride(points: usize) -> Columns {
    let mut columns = Columns { part_ends: vec![points], ..Columns::default() };
    let mut rider = Rider::new();
    for second in 0..points {
        rider.ride_on();
        columns.lat_e7.push(whole((rider.lat + rider.error[0].value) * PER_DEGREE));
        columns.lon_e7.push(whole((rider.lon + rider.error[1].value) * PER_DEGREE));
        columns.elevation_dm.push(whole(rider.elevation_m() * 10.0));
        columns.time_ms.push(START_MS + 1_000 * i64::try_from(second).expect("few enough"));
        columns.heart_rate_bpm.push(whole(rider.heart_rate_bpm));
    }
    columns
}

struct Rider {
    dice: Dice,
    lat: f64,
    lon: f64,
    heading: f64,
    turn: f64,
    speed_mps: f64,
    distance_m: f64,
    heart_rate_bpm: f64,
    /// Seconds to wait yet.
    waiting_s: f64,
    wanted_turn: Drift,
    wanted_speed_mps: Drift,
    wanted_heart_rate_bpm: Drift,
    pressure_error_m: Drift,
    /// Of the receiver, in degrees to the north and to the east.
    error: [Drift; 2],
}

impl Rider {
    fn new() -> Self {
        let error = || Drift::new(1.5 / METRES_PER_DEGREE, 120.0);
        Self {
            dice: Dice(SEED),
            lat: START.0,
            lon: START.1,
            heading: 0.0,
            turn: 0.0,
            speed_mps: 0.0,
            distance_m: 0.0,
            heart_rate_bpm: 120.0,
            waiting_s: 0.0,
            wanted_turn: Drift::new(0.06, 10.0),
            wanted_speed_mps: Drift::new(1.8, 40.0),
            wanted_heart_rate_bpm: Drift::new(15.0, 120.0),
            pressure_error_m: Drift::new(0.5, 300.0),
            error: [error(), error()],
        }
    }

    /// A second passes.
    fn ride_on(&mut self) {
        let dice = &mut self.dice;
        if dice.fraction() < 1.0 / 600.0 {
            self.waiting_s = 10.0 + 50.0 * dice.fraction();
        }
        self.waiting_s = (self.waiting_s - 1.0).max(0.0);
        let cruising_mps = 7.0 + self.wanted_speed_mps.step(dice);
        let wanted_mps = if 0.0 < self.waiting_s { 0.0 } else { cruising_mps };
        self.speed_mps = (self.speed_mps + (wanted_mps - self.speed_mps) / 4.0).max(0.0);
        self.turn += (self.wanted_turn.step(dice) - self.turn) / 3.0;
        self.heading += self.turn * self.speed_mps / 7.0;
        let wanted_bpm = 135.0 + self.wanted_heart_rate_bpm.step(dice);
        self.heart_rate_bpm += (wanted_bpm - self.heart_rate_bpm) / 10.0;
        self.pressure_error_m.step(dice);
        for error in &mut self.error {
            error.step(dice);
        }
        let (east, north) = self.heading.sin_cos();
        let away = (self.lat - START.0) * north + (self.lon - START.1) * east;
        if REACH < (self.lat - START.0).hypot(self.lon - START.1) && 0.0 < away {
            self.heading += PI;
        }
        self.lat += north * self.speed_mps / METRES_PER_DEGREE;
        self.lon += east * self.speed_mps / METRES_PER_DEGREE / self.lat.to_radians().cos();
        self.distance_m += self.speed_mps;
    }

    fn elevation_m(&self) -> f64 {
        let hills = [(120.0, 5_000.0), (30.0, 900.0), (4.0, 150.0)];
        let hill_m =
            |(height_m, length_m): (f64, f64)| height_m * (self.distance_m / length_m).sin();
        450.0 + hills.into_iter().map(hill_m).sum::<f64>() + self.pressure_error_m.value
    }
}

/// A value that wanders about 0 and forgets where it was (Ornstein and Uhlenbeck, 1930).
struct Drift {
    value: f64,
    keeps: f64,
    kick: f64,
}

impl Drift {
    fn new(spread: f64, memory_s: f64) -> Self {
        let keeps = (-1.0 / memory_s).exp();
        Self { value: 0.0, keeps, kick: spread * (1.0 - keeps * keeps).sqrt() }
    }

    fn step(&mut self, dice: &mut Dice) -> f64 {
        self.value = self.value * self.keeps + self.kick * dice.normal();
        self.value
    }
}

/// `SplitMix64` (Steele, Lea and Flood, 2014, doi 10.1145/2660193.2660195).
struct Dice(u64);

impl Dice {
    fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to 1.
    fn fraction(&mut self) -> f64 {
        f64::from(u32::try_from(self.throw() >> 32).expect("32 bits")) / f64::from(u32::MAX)
    }

    /// Of mean 0 and deviation 1, nearly normal: a sum of twelve.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.fraction()).sum::<f64>() - 6.0
    }
}

/// The nearest whole number.
#[expect(clippy::cast_possible_truncation, reason = "all quantities of a ride are small")]
pub fn whole(value: f64) -> i32 {
    value.round() as i32
}
