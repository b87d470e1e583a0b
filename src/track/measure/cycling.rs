//! How fast somebody rides a bicycle, from the balance of power.

use crate::domain::Sport;

use super::profile::Profile;

/// Mass of rider, bicycle and load, in kilogrammes.
pub(super) const MASS_KG: f64 = 85.0;
/// Density of the air, in kilogrammes a cubic metre.
pub(super) const AIR_KG_PER_M3: f64 = 1.2;
/// Standard gravity, in metres a second squared.
pub(super) const GRAVITY_MPS2: f64 = 9.806_65;
/// What of the power the chain leaves: Martin et al., 97.7 %.
pub(super) const CHAIN_EFFICIENCY: f64 = 0.977;
/// Nobody is taken to ride down a hill faster than this, in metres a second.
pub(super) const DESCENT_SPEED_MAX_MPS: f64 = 12.5;
/// Nobody is taken to be slower than this, in metres a second: one pushes.
pub(super) const PUSHING_SPEED_MPS: f64 = 1.0;
/// The speed is found for pieces of this length, in metres.
pub(super) const PIECE_M: f64 = 100.0;
/// A motor helps up to 25 km/h: EU regulation 168/2013.
pub(super) const MOTOR_SPEED_MAX_MPS: f64 = 25.0 / 3.6;

/// More pieces than this are not looked at one by one; what is beyond is taken as flat.
const PIECES_MAX: usize = 100_000;
/// Halvings that find a speed to a millimetre a second.
const HALVINGS: usize = 14;

/// A rider and what they ride.
pub(super) struct Rider {
    pub power_w: f64,
    pub drag_area_m2: f64,
    pub rolling: f64,
    pub speed_max_mps: f64,
}

/// An even ride on the road.
pub(super) const ROAD: Rider = Rider {
    power_w: 130.0,
    drag_area_m2: 0.40,
    rolling: 0.005,
    speed_max_mps: DESCENT_SPEED_MAX_MPS,
};
/// An even ride on gravel.
pub(super) const GRAVEL: Rider = Rider { drag_area_m2: 0.45, rolling: 0.010, ..ROAD };
/// An even ride on trails.
pub(super) const TRAIL: Rider = Rider { drag_area_m2: 0.50, rolling: 0.020, ..ROAD };
/// An even ride with a motor.
pub(super) const ELECTRIC: Rider = Rider {
    power_w: 280.0,
    drag_area_m2: 0.50,
    rolling: 0.010,
    speed_max_mps: MOTOR_SPEED_MAX_MPS,
};

impl Rider {
    pub fn of(sport: Sport) -> Self {
        match sport {
            Sport::GravelCycling => GRAVEL,
            Sport::MountainBiking => TRAIL,
            Sport::EBiking => ELECTRIC,
            _ => ROAD,
        }
    }

    /// The speed at which the power is used up by air, rolling and climbing (J. C. Martin et al.,
    /// Validation of a mathematical model for road cycling power, 1998, without wind).
    fn speed_mps(&self, grade: f64) -> f64 {
        let length = grade.hypot(1.0);
        let weight_n = MASS_KG * GRAVITY_MPS2;
        let uphill_n = weight_n * (grade + self.rolling) / length;
        let needed_w = |speed_mps: f64| {
            let air_n = AIR_KG_PER_M3 * self.drag_area_m2 * speed_mps * speed_mps / 2.0;
            (air_n + uphill_n) * speed_mps / CHAIN_EFFICIENCY
        };
        let (mut slow_mps, mut fast_mps) = (PUSHING_SPEED_MPS, self.speed_max_mps);
        for _ in 0..HALVINGS {
            let middle_mps = f64::midpoint(slow_mps, fast_mps);
            if needed_w(middle_mps) < self.power_w {
                slow_mps = middle_mps;
            } else {
                fast_mps = middle_mps;
            }
        }
        f64::midpoint(slow_mps, fast_mps)
    }
}

/// How long the way along a smoothed profile takes. Beyond the profile it is taken as flat.
pub(super) fn duration_s(rider: &Rider, way_m: f64, profile: &Profile) -> f64 {
    let (mut start_m, mut total_s) = (0.0, 0.0);
    for _ in 0..PIECES_MAX {
        if way_m <= start_m {
            break;
        }
        let end_m = f64::min(start_m + PIECE_M, way_m);
        let change_m = || Some(profile.elevation_m_at(end_m)? - profile.elevation_m_at(start_m)?);
        let grade = change_m().unwrap_or(0.0) / (end_m - start_m);
        total_s += (end_m - start_m) / rider.speed_mps(grade);
        start_m = end_m;
    }
    total_s + (way_m - start_m) / rider.speed_mps(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_even_ride_on_the_flat_is_about_27_km_an_hour() {
        let speed_kmh = ROAD.speed_mps(0.0) * 3.6;
        assert!((25.0..29.0).contains(&speed_kmh), "{speed_kmh}");
    }

    #[test]
    fn uphill_is_slower_and_downhill_is_bounded() {
        assert!(ROAD.speed_mps(0.08) < 2.0);
        assert!((ROAD.speed_mps(-0.15) - DESCENT_SPEED_MAX_MPS).abs() < 0.01);
        assert!((ROAD.speed_mps(3.0) - PUSHING_SPEED_MPS).abs() < 0.01);
    }

    #[test]
    fn a_hill_costs_time_there_and_back() {
        let hill = Profile {
            along_m: vec![0.0, 5_000.0, 10_000.0],
            elevation_m: vec![0.0, 300.0, 0.0],
            ..Profile::default()
        };
        let flat_s = duration_s(&ROAD, 10_000.0, &Profile::default());
        assert!(1.2 * flat_s < duration_s(&ROAD, 10_000.0, &hill));
    }
}
