//! Splits: the track by kilometres.

use serde::{Deserialize, Serialize};

use super::pace::Pace;
use super::profile::Profile;

/// The length of a split.
pub(super) const SPLIT_M: f64 = 1_000.0;
/// More splits than this are not told: a track of 10,000 km and beyond.
pub(super) const SPLITS_MAX: usize = 10_000;

/// A kilometre of a track, or what is left at its end.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Split {
    /// Its length in metres: 1,000 but for the last one.
    pub distance_m: f64,
    /// The time it took in seconds, pauses included.
    pub elapsed_s: Option<f64>,
    /// The time spent moving in it, in seconds.
    pub moving_s: Option<f64>,
    /// How much higher its end is than its start, in metres.
    pub elevation_change_m: Option<f64>,
}

/// Cuts a track of some length into kilometres.
pub(super) fn splits(length_m: f64, pace: &Pace, profile: &Profile) -> Vec<Split> {
    let mut splits = Vec::new();
    let mut start_m = 0.0;
    let mut start_s = pace.reached_s(0.0);
    while start_m < length_m && splits.len() < SPLITS_MAX {
        let end_m = f64::min(start_m + SPLIT_M, length_m);
        let end_s = if end_m < length_m { pace.reached_s(end_m) } else { pace.end_s() };
        let took_s = |which: usize| Some(end_s?[which] - start_s?[which]);
        let change_m = || Some(profile.elevation_m_at(end_m)? - profile.elevation_m_at(start_m)?);
        splits.push(Split {
            distance_m: end_m - start_m,
            elapsed_s: took_s(0),
            moving_s: took_s(1),
            elevation_change_m: change_m(),
        });
        (start_m, start_s) = (end_m, end_s);
    }
    splits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_split_is_what_is_left() {
        let mut pace = Pace::default();
        pace.push(0.0, 0.0);
        pace.push(2_500.0, 500.0);
        let profile = Profile {
            along_m: vec![0.0, 2_500.0],
            elevation_m: vec![7.0, 32.0],
            ..Profile::default()
        };
        let splits = splits(2_500.0, &pace, &profile);
        let lengths_m: Vec<f64> = splits.iter().map(|split| split.distance_m).collect();
        assert_eq!(lengths_m, [1_000.0, 1_000.0, 500.0]);
        assert_eq!(splits[1].elapsed_s, Some(200.0));
        assert_eq!(splits[2].elapsed_s, Some(100.0));
        assert_eq!(splits[0].elevation_change_m, Some(10.0));
    }

    #[test]
    fn what_cannot_be_known_is_not_told() {
        let splits = splits(1_500.0, &Pace::default(), &Profile::default());
        assert_eq!(splits.len(), 2);
        assert_eq!((splits[0].elapsed_s, splits[0].elevation_change_m), (None, None));
    }

    #[test]
    fn splits_are_bounded() {
        assert_eq!(splits(1e13, &Pace::default(), &Profile::default()).len(), SPLITS_MAX);
    }
}
