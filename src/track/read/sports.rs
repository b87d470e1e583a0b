//! What files call the sports.

use crate::domain::Sport;

/// The sport a file names, however it writes the word: `Running`, `trail_running`, `E-Bike Ride`.
/// `None` for what names no sport that is known.
pub(in crate::track) fn sport(text: &str) -> Option<Sport> {
    if LONGEST_NAME_BYTES < text.len() {
        return None;
    }
    let letters = text.chars().filter(|character| character.is_alphanumeric());
    let key: String = letters.flat_map(char::to_lowercase).collect();
    let is_named = |names: &str| names.split_ascii_whitespace().any(|name| name == key);
    NAMES.iter().find(|(_, names)| is_named(names)).map(|(sport, _)| *sport)
}

/// A longer text is a remark.
const LONGEST_NAME_BYTES: usize = 64;

/// The names in small letters without blanks and signs, as Garmin, Strava, Komoot, Polar, Suunto,
/// OpenTracks, Locus, Outdooractive and our own writers have them. Strava's exports of the years
/// around 2020 have numbers.
const NAMES: &[(Sport, &str)] = &[
    (
        Sport::Running,
        "running run 9 jogging jog streetrunning trackrunning treadmill treadmillrunning \
         treadmillrun virtualrun virtualrunning indoorrunning race laufen",
    ),
    (Sport::TrailRunning, "trailrunning trailrun ultrarun ultrarunning fellrunning"),
    (
        Sport::Walking,
        "walking walk 10 casualwalking speedwalking fitnesswalking nordicwalking foot onfoot \
         indoorwalking",
    ),
    (Sport::Hiking, "hiking hike 4 trekking trek rucking backpacking wandern hikingtrip"),
    (
        Sport::Mountaineering,
        "mountaineering alpinetour climbing rockclimbing alpineclimbing viaferrata mountainhike \
         alpinism",
    ),
    (
        Sport::Cycling,
        "cycling biking bike ride 1 bicycle bicycling roadbiking roadbike roadcycling racebike \
         racing touringbicycle cityride commuting indoorcycling virtualride virtualcycling \
         cyclingsport cyclingtransportation cyclocross trackcycling recumbent recumbentcycling \
         velomobile bmx spinning",
    ),
    (
        Sport::MountainBiking,
        "mountainbiking mountainbike mountainbikeride mtb mtbeasy mtbadvanced downhillbiking \
         downhillmtb enduromtb",
    ),
    (Sport::GravelCycling, "gravelcycling gravelride gravel gravelbiking gravelunpavedcycling"),
    (
        Sport::EBiking,
        "ebiking ebike ebikeride ebikefitness ebikemountain emountainbikeride emtb emtbeasy \
         etouringbicycle eracebike",
    ),
    (Sport::Swimming, "swimming swim lapswimming openwaterswimming openwater poolswimming"),
    (Sport::Rowing, "rowing row indoorrowing virtualrow"),
    (
        Sport::Paddling,
        "paddling canoeing canoe kayaking kayak standuppaddling standuppaddleboarding sup \
         rafting paddle whitewater",
    ),
    (Sport::Sailing, "sailing sail windsurfing windsurf kitesurfing kitesurf boating sailrace"),
    (
        Sport::AlpineSkiing,
        "alpineskiing alpineski downhillskiing downhillski skiing ski resortskiing \
         resortskiingsnowboarding skialpine",
    ),
    (
        Sport::SkiTouring,
        "skitouring skitour backcountryskiing backcountryski backcountryskiingsnowboarding \
         skimountaineering",
    ),
    (
        Sport::NordicSkiing,
        "nordicskiing nordicski crosscountryskiing crosscountryski xcskiing skateskiing \
         classicskiing nordic rollerski rollerskiing",
    ),
    (Sport::Snowboarding, "snowboarding snowboard"),
    (Sport::Snowshoeing, "snowshoeing snowshoe snowshoes"),
    (
        Sport::Skating,
        "skating inlineskating inlineskate iceskating iceskate skate rollerskating \
         rollerblading skateboarding longboarding",
    ),
    (Sport::HorseRiding, "horseriding horsebackriding horseback riding equestrian"),
    (
        Sport::Wheelchair,
        "wheelchair handcycle handcycling handbike wheelchairpushrun wheelchairpushwalk",
    ),
    (
        Sport::Driving,
        "driving drive car motorcycling motorcycle motorbike motorsports atv offroading \
         snowmobiling",
    ),
    (
        Sport::Flying,
        "flying airplane plane paragliding hanggliding gliding skydiving ballooning helicopter",
    ),
    (Sport::Transition, "transition"),
    (Sport::Other, "other multisport workout training uncategorized"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_however_they_are_written() {
        assert_eq!(sport("Run"), Some(Sport::Running));
        assert_eq!(sport(" trail_running\n"), Some(Sport::TrailRunning));
        assert_eq!(sport("E-Bike Ride"), Some(Sport::EBiking));
        assert_eq!(sport("alpineTour"), Some(Sport::Mountaineering));
        assert_eq!(sport("1"), Some(Sport::Cycling));
    }

    #[test]
    fn what_is_no_sport_is_none() {
        assert_eq!(sport(""), None);
        assert_eq!(sport("the category"), None);
        assert_eq!(sport(&"run ".repeat(100)), None);
    }

    #[test]
    fn our_own_names_are_known() {
        for known in Sport::ALL {
            assert_eq!(sport(known.name()), Some(*known));
        }
    }

    #[test]
    fn no_name_stands_for_two_sports() {
        let names = NAMES.iter().flat_map(|(_, names)| names.split_ascii_whitespace());
        let mut names: Vec<&str> = names.collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
