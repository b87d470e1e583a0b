//! How long a planned route will take.

use serde::{Deserialize, Serialize};

use crate::domain::Sport;
use crate::track::Columns;

use super::cycling::{self, Rider};
use super::profile::Profile;
use super::{Statistics, ruler::along_m};

/// DIN 33466 (signposts of hiking trails): so far in an hour on the flat, in metres.
pub(super) const DIN_WAY_MPH: f64 = 4_000.0;
/// DIN 33466: so high up in an hour, in metres.
pub(super) const DIN_UP_MPH: f64 = 300.0;
/// DIN 33466: so far down in an hour, in metres.
pub(super) const DIN_DOWN_MPH: f64 = 500.0;

/// P. Scarf, Route choice in mountain navigation, Naismith's rule, and the equivalence of distance
/// and climb (2007): for a runner a metre up takes as long as so many metres on the flat.
pub(super) const SCARF_WAY_PER_UP: f64 = 7.92;
/// The pace on the flat that a runner is taken to have, in metres an hour: six minutes a kilometre.
pub(super) const RUNNING_WAY_MPH: f64 = 10_000.0;

/// W. Munter, 3×3 Lawinen: a unit is a kilometre of way or so many metres of height.
pub(super) const MUNTER_HEIGHT_M: f64 = 100.0;
/// Munter: units an hour on the way up and on the flat.
pub(super) const MUNTER_UP_UNITS_PER_H: f64 = 4.0;
/// Munter: units an hour on the way down on skis.
pub(super) const MUNTER_DOWN_UNITS_PER_H: f64 = 10.0;

/// International Trail Running Association: so much ascent counts as a kilometre of way.
pub(super) const EFFORT_UP_M: f64 = 100.0;

const HOUR_S: f64 = 3_600.0;

/// The time a route will take.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Estimate {
    /// The time in seconds, without breaks.
    pub duration_s: f64,
    /// How it was found.
    pub method: EstimateMethod,
}

/// A formula for the duration of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EstimateMethod {
    /// DIN 33466, on foot.
    Din33466,
    /// Naismith's rule with Scarf's equivalence, running.
    NaismithScarf,
    /// Munter's units, on touring skis.
    Munter,
    /// The balance of power of Martin et al., on a bicycle.
    CyclingPower,
}

/// Estimates how long a route takes in a sport; `None` for a sport without a published formula.
/// Where no elevations are known the route is taken as flat.
pub fn estimate(columns: &Columns, statistics: &Statistics, sport: Sport) -> Option<Estimate> {
    let way_m = statistics.distance_m;
    let up_m = statistics.ascent_m.unwrap_or(0.0);
    let down_m = statistics.descent_m.unwrap_or(0.0);
    let (duration_s, method) = match sport {
        Sport::Walking | Sport::Hiking | Sport::Mountaineering | Sport::Snowshoeing => {
            (din_33466_s(way_m, up_m, down_m), EstimateMethod::Din33466)
        }
        Sport::Running | Sport::TrailRunning => {
            let flat_m = way_m + SCARF_WAY_PER_UP * up_m;
            (flat_m / RUNNING_WAY_MPH * HOUR_S, EstimateMethod::NaismithScarf)
        }
        Sport::SkiTouring => (munter_s(way_m, up_m, down_m), EstimateMethod::Munter),
        Sport::Cycling | Sport::GravelCycling | Sport::MountainBiking | Sport::EBiking => {
            let profile = Profile::new(columns, &along_m(columns)).smoothed();
            let rider = Rider::of(sport);
            (cycling::duration_s(&rider, way_m, &profile), EstimateMethod::CyclingPower)
        }
        Sport::Swimming
        | Sport::Rowing
        | Sport::Paddling
        | Sport::Sailing
        | Sport::AlpineSkiing
        | Sport::NordicSkiing
        | Sport::Snowboarding
        | Sport::Skating
        | Sport::HorseRiding
        | Sport::Wheelchair
        | Sport::Driving
        | Sport::Flying
        | Sport::Transition
        | Sport::Other => return None,
    };
    Some(Estimate { duration_s, method })
}

/// The greater of the times for way and height, and half of the smaller one.
fn din_33466_s(way_m: f64, up_m: f64, down_m: f64) -> f64 {
    let way_h = way_m / DIN_WAY_MPH;
    let height_h = up_m / DIN_UP_MPH + down_m / DIN_DOWN_MPH;
    (way_h.max(height_h) + way_h.min(height_h) / 2.0) * HOUR_S
}

/// The way is shared between up and down as the heights are.
fn munter_s(way_m: f64, up_m: f64, down_m: f64) -> f64 {
    let height_m = up_m + down_m;
    let share_down = if 0.0 < height_m { down_m / height_m } else { 0.0 };
    let units = |way_m: f64, height_m: f64| way_m / 1_000.0 + height_m / MUNTER_HEIGHT_M;
    let up_h = units(way_m * (1.0 - share_down), up_m) / MUNTER_UP_UNITS_PER_H;
    let down_h = units(way_m * share_down, down_m) / MUNTER_DOWN_UNITS_PER_H;
    (up_h + down_h) * HOUR_S
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::track::measure::measure;

    #[test]
    fn the_standards_own_example_takes_four_hours() {
        assert!((din_33466_s(8_000.0, 900.0, 0.0) / HOUR_S - 4.0).abs() < 1e-9);
    }

    #[test]
    fn a_ski_tour_up_and_down() {
        // 4 km and 800 m up: 12 units; 4 km and 800 m down: 12 units.
        assert!((munter_s(8_000.0, 800.0, 800.0) / HOUR_S - 4.2).abs() < 1e-9);
        assert!((munter_s(4_000.0, 0.0, 0.0) / HOUR_S - 1.0).abs() < 1e-9);
    }

    #[test]
    fn every_sport_has_an_estimate_or_none() {
        let columns = Columns {
            lat_e7: vec![0, 900_000],
            lon_e7: vec![0; 2],
            part_ends: vec![2],
            ..Columns::default()
        };
        let statistics = measure(&columns);
        for sport in Sport::ALL {
            let estimate = estimate(&columns, &statistics, *sport);
            assert!(estimate.is_none_or(|estimate| 600.0 < estimate.duration_s), "{sport:?}");
        }
        assert!(estimate(&columns, &statistics, Sport::Cycling).is_some());
        assert_eq!(estimate(&columns, &statistics, Sport::Sailing), None);
    }
}
