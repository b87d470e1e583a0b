//! What a reader finds in a file: recordings, and the flaws that were passed over on the way.

use crate::domain::Sport;

use super::columns::ExactTrack;

/// A file, read.
#[derive(Debug)]
pub struct Reading {
    /// At least one: a file without any is [`Unreadable`]. Several for a triathlon.
    pub recordings: Vec<Recording>,
    /// What was unsound in the file as a whole.
    pub flaws: Vec<Flaw>,
}

/// One activity of a file.
#[derive(Debug)]
pub struct Recording {
    /// Whether it was recorded (its points have times) or planned (a route, a course).
    pub planned: bool,
    /// The sport, where the file tells one.
    pub sport: Option<Sport>,
    /// The title as the file has it, untrimmed and unchecked.
    pub title: Option<String>,
    /// The description as the file has it, untrimmed and unchecked.
    pub description: Option<String>,
    /// The points: at least one.
    pub track: ExactTrack,
    /// Points of interest.
    pub waypoints: Vec<Waypoint>,
    /// What was unsound and passed over, one entry a rule.
    pub flaws: Vec<Flaw>,
}

/// A point of interest.
#[derive(Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Waypoint {
    /// Latitude in 1e-7 degrees.
    pub lat_e7: i32,
    /// Longitude in 1e-7 degrees.
    pub lon_e7: i32,
    /// Elevation in decimetres.
    pub elevation_dm: Option<i32>,
    /// Its name, untrimmed and unchecked.
    pub name: Option<String>,
    /// What is written about it, untrimmed and unchecked.
    pub description: Option<String>,
    /// The kind of place, as the file names it.
    pub symbol: Option<String>,
}

impl Waypoint {
    /// A place of which nothing is known but its position, in 1e-7 degrees.
    pub const fn at(lat_e7: i32, lon_e7: i32) -> Self {
        Self { lat_e7, lon_e7, elevation_dm: None, name: None, description: None, symbol: None }
    }
}

/// It shows no position and no name.
impl std::fmt::Debug for Waypoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Waypoint(…)")
    }
}

/// Something unsound that was passed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// The rule it broke.
    pub rule: Rule,
    /// How often.
    pub count: u64,
    /// Where first.
    pub first: Option<Place>,
}

/// A place in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A line of a text, counted from 1.
    Line(u64),
    /// A byte of a binary file, counted from 0.
    Offset(u64),
}

macro_rules! rules {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal,)+) => {
        /// Each rule by which a point, a value or a line is passed over.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Rule {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Rule {
            /// Every rule.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The stable name that clients see.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }

            /// What the rule says, for people.
            pub const fn description(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc,)+),)+ }
            }
        }
    };
}

rules! {
    /// A point without a latitude and longitude that are finite and in range was left out.
    InvalidPosition = "invalid_position",
    /// A point at latitude 0, longitude 0, far from all others, was left out.
    NullIsland = "null_island",
    /// A value that is not a number, or not one its quantity can have, was left out.
    InvalidValue = "invalid_value",
    /// A time that cannot be read, or lies outside 1990 to one day from now, was left out.
    InvalidTime = "invalid_time",
    /// A point that repeats the position and time of the one before it was left out.
    DuplicatePoint = "duplicate_point",
    /// A point whose time lies before its predecessor's was left out.
    TimeRunsBack = "time_runs_back",
    /// The times of a recording most of which run back were left out.
    UnsoundClock = "unsound_clock",
    /// The times on the shorter side of a jump by more than a week inside a part were left out.
    TimeJumps = "time_jumps",
    /// A point that could only be reached at an impossible speed was left out.
    ImpossibleJump = "impossible_jump",
    /// A point of interest beyond the first 10,000 was left out.
    TooManyWaypoints = "too_many_waypoints",
    /// Markup that breaks the format's rules, and could be read all the same, was passed over.
    Malformed = "malformed",
    /// The file ends in the middle; what came before was kept.
    Truncated = "truncated",
    /// The file's checksum is wrong; it was read all the same.
    WrongChecksum = "wrong_checksum",
}

/// Why nothing could be read. It quotes nothing of the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Unreadable {
    /// What is wrong, as a sentence part that follows the name of the file's field, such as
    /// `"is not XML"`.
    pub reason: &'static str,
    /// Where.
    pub place: Option<Place>,
}
