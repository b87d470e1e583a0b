//! How each number is found, for people who want to know.

use serde::Serialize;

use super::{ascent, cycling, efforts, estimate, grade, motion, pauses, profile, ruler, splits};

/// How a number is found.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Method {
    /// The number, by the name it has in answers.
    pub number: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// How it is found.
    pub method: &'static str,
    /// Who published the method.
    pub source: &'static str,
    /// The values the method works with.
    pub parameters: &'static [Parameter],
}

/// A value that a method works with.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Parameter {
    /// What it is.
    pub name: &'static str,
    /// Its value.
    pub value: f64,
    /// Its unit.
    pub unit: &'static str,
}

const fn parameter(name: &'static str, value: f64, unit: &'static str) -> Parameter {
    Parameter { name, value, unit }
}

const MOVING_SPEED: Parameter =
    parameter("speed from which a step counts", motion::MOVING_SPEED_MIN_MPS, "m/s");
const SMOOTHING: Parameter = parameter("smoothing to either side", profile::SMOOTHING_REACH_M, "m");
const OURS: &str = "own definition";

/// Every number that is told of a track. The values are those the code works with.
#[expect(clippy::cast_precision_loss, reason = "a handful of steps")]
pub const METHODS: &[Method] = &[
    Method {
        number: "distance_m",
        unit: "m",
        method: "Length of the line on the WGS 84 ellipsoid, in two dimensions, inside parts. Steps \
                 up to the limit are measured in a plane that touches the ellipsoid, longer ones \
                 and those round a pole as geodesics; both agree within 0.001 %.",
        source: "C. F. F. Karney, Algorithms for geodesics, 2013, doi:10.1007/s00190-012-0578-z; \
                 J. P. Snyder, Map Projections, 1987, equations 4-18 and 4-20",
        parameters: &[
            parameter("equatorial radius", ruler::EQUATOR_RADIUS_M, "m"),
            parameter("flattening", ruler::FLATTENING, ""),
            parameter("longest step in the plane", ruler::PLANE_STEP_MAX_DEGREES, "°"),
        ],
    },
    Method {
        number: "elapsed_s",
        unit: "s",
        method: "From the first to the last time, pauses included.",
        source: OURS,
        parameters: &[],
    },
    Method {
        number: "moving_s",
        unit: "s",
        method: "Sum of the steps inside parts whose mean speed reaches the limit. A gap in the \
                 record counts by its mean speed like any step.",
        source: "the limit that device makers' figures agree with within 3.4 %",
        parameters: &[MOVING_SPEED],
    },
    Method {
        number: "pauses",
        unit: "s",
        method: "What lies between parts, and rests inside parts that last long enough.",
        source: OURS,
        parameters: &[
            MOVING_SPEED,
            parameter("shortest rest that counts", pauses::PAUSE_MIN_S, "s"),
        ],
    },
    Method {
        number: "speed_avg_mps",
        unit: "m/s",
        method: "Distance between points with a time, over moving_s.",
        source: OURS,
        parameters: &[MOVING_SPEED],
    },
    Method {
        number: "speed_max_mps",
        unit: "m/s",
        method: "The greatest running median of the speeds of successive steps, which single bad \
                 points do not change.",
        source: "J. W. Tukey, Exploratory Data Analysis, 1977, chapter 7 (running medians)",
        parameters: &[parameter("steps", motion::SPEED_MEDIAN_STEPS as f64, "")],
    },
    Method {
        number: "profile: speed_mps",
        unit: "m/s",
        method: "At each point the median of the successive steps around it; at the ends that of \
                 the first and of the last ones. The greatest of all is `speed_max_mps`.",
        source: OURS,
        parameters: &[parameter("steps", motion::SPEED_MEDIAN_STEPS as f64, "")],
    },
    Method {
        number: "elevation_min_m, elevation_max_m",
        unit: "m",
        method: "The lowest and the highest elevation as recorded, above sea level as the source \
                 has it.",
        source: OURS,
        parameters: &[],
    },
    Method {
        number: "elevation_noise_m",
        unit: "m",
        method: "Root of the mean product of successive changes of elevation that turn back, \
                 within a short way: how much single readings scatter. 0 to 0.3 m is typical of a \
                 barometer, more of bare satellite positions.",
        source: "negative first autocovariance of differences, as in R. Roll, A simple implicit \
                 measure of the effective bid-ask spread, 1984",
        parameters: &[parameter("longest way of two changes", profile::NOISE_SPAN_MAX_M, "m")],
    },
    Method {
        number: "ascent_m, descent_m",
        unit: "m",
        method: "The profile is averaged over time. For that a step counts with the slowest speed \
                 if it was slower, so that rests take no time, with the fastest if it was faster, \
                 and without times so that the average is one over the way. What lies between \
                 parts and jumps of the readings are left out. Climbs and drops count in full from \
                 turning point to turning point; a change of direction below the least climb is no \
                 turning point. The least climb grows with the noise left in averages: \
                 elevation_noise_m over the root of how many readings an average has. The same \
                 rule serves barometers, satellite positions, elevation models, and tracks without \
                 times. What a device stored as its total is not used.",
        source: "averages over time before a threshold, as in https://github.com/dietrichmax/colota/\
                 pull/591; climbs from turning point to turning point, as proposed on \
                 golden-cheetah-developers, https://groups.google.com/g/golden-cheetah-developers/\
                 c/Yn_LG9BocmA; parameters chosen on the figures that devices stored",
        parameters: &[
            parameter("smoothing to either side", profile::SMOOTHING_REACH_S, "s"),
            parameter("slowest", motion::MOVING_SPEED_MIN_MPS, "m/s"),
            parameter("fastest", profile::SMOOTHING_SPEED_MAX_MPS, "m/s"),
            parameter("smoothing to either side without times", profile::SMOOTHING_REACH_M, "m"),
            parameter("least climb without noise", ascent::CLIMB_MIN_M, "m"),
            parameter("added to it for each metre of noise left", ascent::CLIMB_MIN_NOISES, "m"),
            parameter("most the least climb can be", ascent::CLIMB_MIN_MOST_M, "m"),
            parameter("jump, if steeper than 45°", profile::JUMP_MIN_M, "m"),
        ],
    },
    Method {
        number: "grade",
        unit: "1",
        method: "The steepest mean slope of the averaged profile, up and down.",
        source: OURS,
        parameters: &[SMOOTHING, parameter("length of the mean", grade::GRADE_LENGTH_M, "m")],
    },
    Method {
        number: "bbox",
        unit: "°",
        method: "West, south, east, north of all points; west is greater than east over the \
                 antimeridian, and a box that holds a pole goes all round.",
        source: "RFC 7946, sections 5.2 and 5.3",
        parameters: &[],
    },
    Method {
        number: "heart_rate_bpm, cadence_rpm, power_w, temperature_c",
        unit: "1/min, 1/min, W, °C",
        method: "Least, mean and greatest reading. Cadence leaves out zeros, power does not.",
        source: OURS,
        parameters: &[],
    },
    Method {
        number: "splits",
        unit: "s",
        method: "Time, moving time and change of elevation for each length of way; times between \
                 points by even speed.",
        source: OURS,
        parameters: &[parameter("length", splits::SPLIT_M, "m")],
    },
    Method {
        number: "best_efforts",
        unit: "s",
        method: "The shortest time in which a distance was covered anywhere on the track, pauses \
                 included; times between points by even speed.",
        source: OURS,
        parameters: &[
            parameter("shortest distance", efforts::EFFORT_DISTANCES_M[0], "m"),
            parameter("longest distance", efforts::EFFORT_DISTANCE_MOST_M, "m"),
        ],
    },
    Method {
        number: "effort_km",
        unit: "km",
        method: "Kilometres of way and hundreds of metres of ascent, added.",
        source: "kilometre-effort of the International Trail Running Association; the same as the \
                 Leistungskilometer of the Swiss Army without steep descents",
        parameters: &[parameter("ascent that counts as a kilometre", estimate::EFFORT_UP_M, "m")],
    },
    Method {
        number: "estimate: din33466",
        unit: "s",
        method: "On foot: the greater of the times for way and for height, and half of the smaller.",
        source: "DIN 33466, Wegweiser für Wanderwege",
        parameters: &[
            parameter("way in an hour", estimate::DIN_WAY_MPH, "m"),
            parameter("up in an hour", estimate::DIN_UP_MPH, "m"),
            parameter("down in an hour", estimate::DIN_DOWN_MPH, "m"),
        ],
    },
    Method {
        number: "estimate: naismith_scarf",
        unit: "s",
        method: "Running: way and ascent as flat way, at an even pace.",
        source: "P. Scarf, Route choice in mountain navigation, Naismith's rule, and the \
                 equivalence of distance and climb, 2007; the pace is an assumption of ours",
        parameters: &[
            parameter("flat way for a metre up", estimate::SCARF_WAY_PER_UP, "m"),
            parameter("way in an hour", estimate::RUNNING_WAY_MPH, "m"),
        ],
    },
    Method {
        number: "estimate: munter",
        unit: "s",
        method: "On touring skis: units of way and height over units an hour, up and down apart.",
        source: "W. Munter, 3×3 Lawinen",
        parameters: &[
            parameter("height of a unit", estimate::MUNTER_HEIGHT_M, "m"),
            parameter("units an hour, up", estimate::MUNTER_UP_UNITS_PER_H, ""),
            parameter("units an hour, down", estimate::MUNTER_DOWN_UNITS_PER_H, ""),
        ],
    },
    Method {
        number: "estimate: cycling_power",
        unit: "s",
        method: "On a bicycle: piece by piece the speed at which a steady power is used up by air, \
                 rolling and climbing, without wind.",
        source: "J. C. Martin et al., Validation of a mathematical model for road cycling power, \
                 1998; power, mass and resistances are assumptions of ours",
        parameters: &[
            parameter("power", cycling::ROAD.power_w, "W"),
            parameter("power with a motor", cycling::ELECTRIC.power_w, "W"),
            parameter("mass", cycling::MASS_KG, "kg"),
            parameter("drag area on roads", cycling::ROAD.drag_area_m2, "m²"),
            parameter("rolling resistance on roads", cycling::ROAD.rolling, ""),
            parameter("rolling resistance on gravel", cycling::GRAVEL.rolling, ""),
            parameter("rolling resistance on trails", cycling::TRAIL.rolling, ""),
            parameter("greatest speed", cycling::DESCENT_SPEED_MAX_MPS, "m/s"),
            parameter("greatest speed with a motor", cycling::MOTOR_SPEED_MAX_MPS, "m/s"),
            parameter("least speed", cycling::PUSHING_SPEED_MPS, "m/s"),
        ],
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::track::Columns;
    use crate::track::measure::{detail, measure};

    fn has_method(name: &str) -> bool {
        let numbers = METHODS.iter().flat_map(|method| method.number.split(", "));
        let plain = ["points", "parts", "elevation_source", "sensors"];
        numbers.chain(plain).any(|number| number == name)
    }

    #[test]
    fn every_number_has_a_method() {
        let statistics = serde_json::to_value(measure(&Columns::default())).unwrap();
        let details = serde_json::to_value(detail(&Columns::default())).unwrap();
        let sensors = details["sensors"].as_object().unwrap();
        for told in [statistics.as_object(), details.as_object(), Some(sensors)] {
            for name in told.unwrap().keys() {
                assert!(has_method(name), "{name}");
            }
        }
    }
}
