//! What is told of a single track beyond its statistics.

use serde::{Deserialize, Serialize};

use crate::track::Columns;

use super::efforts::{BestEffort, best_efforts};
use super::grade::{Grade, grade};
use super::pace::Pace;
use super::pauses::{Pause, pauses};
use super::profile::Profile;
use super::ruler::along_m;
use super::sensors::{Sensors, sensors};
use super::splits::{Split, splits};
use super::steps::{Step, steps};

/// Numbers for somebody who looks at one track.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Details {
    /// How steep it is; `None` without elevations.
    pub grade: Option<Grade>,
    /// Its pauses, in their order.
    pub pauses: Vec<Pause>,
    /// What sensors recorded, in short.
    pub sensors: Sensors,
    /// Its kilometres.
    pub splits: Vec<Split>,
    /// The best effort over each usual distance it is long enough for; none without times.
    pub best_efforts: Vec<BestEffort>,
}

/// Works out the details of a track, in linear time.
pub fn detail(columns: &Columns) -> Details {
    let along_m = along_m(columns);
    let steps: Vec<Step> = steps(columns, &along_m).collect();
    let pace = Pace::new(columns, &along_m, &steps);
    let profile = Profile::new(columns, &along_m).smoothed();
    Details {
        grade: grade(&profile),
        pauses: pauses(columns, &steps),
        sensors: sensors(columns),
        splits: splits(along_m.last().copied().unwrap_or(0.0), &pace, &profile),
        best_efforts: best_efforts(&pace),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_track_has_no_details() {
        let details = detail(&Columns::default());
        assert_eq!((details.grade, details.splits.len()), (None, 0));
        let json = serde_json::to_value(&details).unwrap();
        assert_eq!(serde_json::from_value::<Details>(json).unwrap(), details);
    }

    #[test]
    fn a_track_without_times_still_has_its_kilometres() {
        let columns = Columns {
            lat_e7: (0..30).map(|point| point * 10_000).collect(),
            lon_e7: vec![0; 30],
            elevation_dm: (0..30).map(|point| 100 * point).collect(),
            part_ends: vec![30],
            ..Columns::default()
        };
        let details = detail(&columns);
        assert_eq!(details.splits.len(), 4);
        assert!(details.best_efforts.is_empty() && details.pauses.is_empty());
        assert!(details.grade.is_some_and(|grade| 0.0 < grade.min && grade.max < 0.1));
    }
}
