//! The numbers of a track: one definition each, the same for every format and for renditions.

mod area;
mod ascent;
mod bounds;
mod cycling;
mod details;
mod efforts;
mod estimate;
mod grade;
mod methods;
mod motion;
mod pace;
mod pauses;
mod profile;
mod ruler;
mod sensors;
mod series;
mod splits;
mod steps;

use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::Columns;
use super::columns::MISSING;

pub use bounds::bounds;
pub use details::{Details, detail};
pub use efforts::BestEffort;
pub use estimate::{Estimate, EstimateMethod, estimate};
pub use grade::Grade;
pub use methods::{METHODS, Method, Parameter};
pub use pauses::{Pause, PauseKind};
pub use ruler::{Ruler, along_m};
pub use sensors::{Sensors, Summary, sensors};
pub use series::{Series, series};
pub use splits::Split;

/// What can be said of a track in numbers. `None` is what cannot be known.
#[derive(Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Statistics {
    /// Length along the line, inside parts, in metres: the two-dimensional geodesic on WGS 84.
    pub distance_m: f64,
    /// From the first to the last time, in seconds, pauses included.
    pub elapsed_s: Option<f64>,
    /// Time spent moving, in seconds.
    pub moving_s: Option<f64>,
    /// Ascent in metres, without what is noise.
    pub ascent_m: Option<f64>,
    /// Descent in metres, above zero, without what is noise.
    pub descent_m: Option<f64>,
    /// The lowest elevation in metres above sea level.
    pub elevation_min_m: Option<f64>,
    /// The highest elevation in metres above sea level.
    pub elevation_max_m: Option<f64>,
    /// Effort-kilometres: a kilometre of way or a hundred metres of ascent each count as one.
    pub effort_km: Option<f64>,
    /// How much single elevations scatter, in metres: 0 to 0.3 m with a barometer, more without.
    pub elevation_noise_m: Option<f64>,
    /// Where the elevations come from.
    pub elevation_source: ElevationSource,
    /// Mean speed while moving, in metres a second.
    pub speed_avg_mps: Option<f64>,
    /// The greatest speed, single outliers apart, in metres a second.
    pub speed_max_mps: Option<f64>,
    /// How many points there are.
    pub points: usize,
    /// How many parts there are; between parts nothing was recorded.
    pub parts: usize,
    /// The box around it, `[west, south, east, north]` in degrees, as in RFC 7946, section 5:
    /// west is greater than east over the antimeridian.
    pub bbox: Option<[f64; 4]>,
}

/// Where elevations come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ElevationSource {
    /// There are none.
    #[default]
    None,
    /// The device or the file.
    Device,
    /// An elevation model.
    Model,
    /// Some are the device's, and some a model's.
    Mixed,
}

/// Measures a track. Times may lack, in part or altogether, and may count from anywhere.
pub fn measure(columns: &Columns) -> Statistics {
    let along_m = along_m(columns);
    let motion = motion::motion(columns, steps::steps(columns, &along_m));
    let heights = ascent::heights(columns, &along_m);
    let distance_m = along_m.last().copied().unwrap_or(0.0);
    let effort_km = |ascent_m: f64| distance_m / 1_000.0 + ascent_m / estimate::EFFORT_UP_M;
    Statistics {
        distance_m,
        elapsed_s: motion.elapsed_s,
        moving_s: motion.moving_s,
        ascent_m: heights.ascent_m,
        descent_m: heights.descent_m,
        elevation_min_m: heights.min_m,
        elevation_max_m: heights.max_m,
        effort_km: heights.ascent_m.map(effort_km),
        elevation_noise_m: heights.noise_m,
        elevation_source: elevation_source(columns),
        speed_avg_mps: motion.speed_avg_mps,
        speed_max_mps: motion.speed_max_mps,
        points: columns.len(),
        parts: columns.part_ends.len(),
        bbox: bounds(columns),
    }
}

/// Where the elevations of these points come from, the track's others apart.
fn elevation_source(columns: &Columns) -> ElevationSource {
    let known = columns.elevation_dm.iter().filter(|one| **one != MISSING).count();
    let from_model: usize = columns.elevation_from_model.iter().map(Range::len).sum();
    match (known, from_model) {
        (0, _) => ElevationSource::None,
        (_, 0) => ElevationSource::Device,
        _ if from_model < known => ElevationSource::Mixed,
        _ => ElevationSource::Model,
    }
}

/// It shows no place.
impl fmt::Debug for Statistics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Statistics({} points)", self.points)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::track::columns::{MISSING, NO_TIME};

    prop_compose! {
        /// Any columns of sound shape, whatever stands in them.
        fn columns()(
            points in prop::collection::vec(
                (
                    any::<i32>(),
                    any::<i32>(),
                    prop_oneof![any::<i32>(), Just(MISSING)],
                    prop_oneof![any::<i64>(), 0..9_000_000i64, Just(NO_TIME)],
                ),
                1..60,
            ),
            cuts in prop::collection::btree_set(1..60usize, 0..4),
        ) -> Columns {
            let count = points.len();
            let inner = cuts.into_iter().filter(|cut| *cut < count);
            Columns {
                lat_e7: points.iter().map(|point| point.0 % 900_000_001).collect(),
                lon_e7: points.iter().map(|point| point.1 % 1_800_000_001).collect(),
                elevation_dm: points.iter().map(|point| point.2).collect(),
                time_ms: points.iter().map(|point| point.3).collect(),
                heart_rate_bpm: points.iter().map(|point| point.2).collect(),
                part_ends: inner.chain([count]).collect(),
                ..Columns::default()
            }
        }
    }

    proptest! {
        // Most of these tracks go round the world many times, and have as many splits as there
        // can be.
        #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases / 8))]

        #[test]
        fn whatever_stands_in_columns_every_number_is_finite(columns in columns()) {
            let (statistics, details) = (measure(&columns), detail(&columns));
            // JSON has no other numbers, so one that is not finite would come back as `null`.
            let json = serde_json::to_string(&(&statistics, &details)).unwrap();
            let back: (Statistics, Details) = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(back.0.ascent_m.is_some(), statistics.ascent_m.is_some());
            prop_assert_eq!(back.1.splits.len(), details.splits.len());
            for number in [statistics.ascent_m, statistics.descent_m, statistics.moving_s] {
                prop_assert!(number.is_none_or(|number| 0.0 <= number && number.is_finite()));
            }
        }
    }

    #[test]
    fn the_source_of_elevations_is_told_as_it_is() {
        let source = |elevation_dm: [i32; 3], elevation_from_model| {
            let (lat_e7, lon_e7) = (vec![0; 3], vec![0; 3]);
            let elevation_dm = elevation_dm.to_vec();
            let part_ends = vec![3];
            elevation_source(&Columns {
                lat_e7,
                lon_e7,
                elevation_dm,
                elevation_from_model,
                part_ends,
                ..Columns::default()
            })
        };
        assert_eq!(source([MISSING; 3], Vec::new()), ElevationSource::None);
        assert_eq!(source([7, MISSING, 7], Vec::new()), ElevationSource::Device);
        assert_eq!(source([7, MISSING, 7], vec![0..1, 2..3]), ElevationSource::Model);
        assert_eq!(source([7, 7, 7], vec![0..1, 2..3]), ElevationSource::Mixed);
    }

    #[test]
    fn debug_shows_no_place() {
        assert_eq!(format!("{:?}", measure(&Columns::default())), "Statistics(0 points)");
    }

    #[test]
    fn an_empty_track_has_a_length_and_no_more() {
        let statistics = measure(&Columns::default());
        assert!(statistics.distance_m.abs() < f64::EPSILON);
        let json = serde_json::to_value(&statistics).unwrap();
        assert!(json["elapsed_s"].is_null() && json["bbox"].is_null());
        assert_eq!(json["elevation_source"], "none");
        assert_eq!(serde_json::from_value::<Statistics>(json).unwrap(), statistics);
    }
}
