//! Grade.

use serde::{Deserialize, Serialize};

use super::profile::Profile;

/// Grades are means over this length: shorter ones tell more of the readings than of the road.
pub(super) const GRADE_LENGTH_M: f64 = 100.0;

/// How steep a track is: metres of height a metre of way, so 0.1 is 10 %.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Grade {
    /// The steepest 100 m up; below zero on a track that only leads down.
    pub max: f64,
    /// The steepest 100 m down; above zero on a track that only leads up.
    pub min: f64,
}

/// The steepest stretches of a smoothed profile; `None` if it is shorter than one.
pub(super) fn grade(profile: &Profile) -> Option<Grade> {
    let (along_m, elevation_m) = (&profile.along_m, &profile.elevation_m);
    let mut grade: Option<Grade> = None;
    let mut end = 0;
    for (start_m, low_m) in along_m.iter().zip(elevation_m) {
        let end_m = start_m + GRADE_LENGTH_M;
        while end < along_m.len() && along_m[end] < end_m {
            end += 1;
        }
        if end == along_m.len() {
            break;
        }
        let share = (end_m - along_m[end - 1]) / (along_m[end] - along_m[end - 1]);
        let high_m = elevation_m[end - 1] + share * (elevation_m[end] - elevation_m[end - 1]);
        let here = (high_m - low_m) / GRADE_LENGTH_M;
        grade = Some(grade.map_or(Grade { max: here, min: here }, |grade| Grade {
            max: grade.max.max(here),
            min: grade.min.min(here),
        }));
    }
    grade
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steepest_hundred_metres_count() {
        let profile = Profile {
            along_m: vec![0.0, 50.0, 150.0, 400.0, 600.0],
            elevation_m: vec![0.0, 0.0, 12.0, 12.0, 2.0],
            ..Profile::default()
        };
        let grade = grade(&profile).unwrap();
        assert!((grade.max - 0.12).abs() < 1e-9, "{grade:?}");
        assert!((grade.min + 0.05).abs() < 1e-9, "{grade:?}");
    }

    #[test]
    fn a_short_track_has_no_grade() {
        let profile =
            Profile { along_m: vec![0.0, 99.0], elevation_m: vec![0.0, 9.0], ..Profile::default() };
        assert_eq!(grade(&profile), None);
    }
}
