//! The sports of the FIT profile in our words.

use crate::domain::Sport;

/// The sport of a session, course or sport message. `None` where it tells none.
///
/// Source of the numbers: the FIT profile, `sport` and `sub_sport`.
pub(super) fn sport(sport: Option<i64>, sub_sport: Option<i64>) -> Option<Sport> {
    let specific = match (sport?, sub_sport.unwrap_or_default()) {
        (1, 3) => Sport::TrailRunning,
        (2, 8 | 9) => Sport::MountainBiking,
        (2, 11 | 46) => Sport::GravelCycling,
        (2, 12 | 88) => Sport::Wheelchair,
        (2, 28 | 47 | 127) => Sport::EBiking,
        (12..=14, 37) => Sport::SkiTouring,
        (sport, _) => return general(sport),
    };
    Some(specific)
}

fn general(sport: i64) -> Option<Sport> {
    Some(match sport {
        0 | 18 | 254 => return None,
        1 => Sport::Running,
        2 => Sport::Cycling,
        3 => Sport::Transition,
        5 | 82 => Sport::Swimming,
        11 => Sport::Walking,
        12 => Sport::NordicSkiing,
        13 => Sport::AlpineSkiing,
        14 => Sport::Snowboarding,
        15 => Sport::Rowing,
        16 | 31 => Sport::Mountaineering,
        17 => Sport::Hiking,
        19 | 37 | 41 | 42 | 88 => Sport::Paddling,
        20 | 26 | 34 => Sport::Flying,
        21 => Sport::EBiking,
        22 | 23 | 24 | 36 | 81 => Sport::Driving,
        27 => Sport::HorseRiding,
        30 | 33 => Sport::Skating,
        32 => Sport::Sailing,
        35 => Sport::Snowshoeing,
        65 | 66 => Sport::Wheelchair,
        _ => Sport::Other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_of_a_sport_decides_where_it_matters() {
        assert_eq!(sport(Some(1), None), Some(Sport::Running));
        assert_eq!(sport(Some(1), Some(3)), Some(Sport::TrailRunning));
        assert_eq!(sport(Some(2), Some(6)), Some(Sport::Cycling));
        assert_eq!(sport(Some(2), Some(46)), Some(Sport::GravelCycling));
        assert_eq!(sport(Some(5), Some(18)), Some(Sport::Swimming));
    }

    #[test]
    fn a_generic_sport_tells_nothing_and_an_unknown_one_is_other() {
        assert_eq!(sport(None, Some(3)), None);
        assert_eq!(sport(Some(0), Some(3)), None);
        assert_eq!(sport(Some(200), None), Some(Sport::Other));
    }
}
