//! What a member can agree to.

use serde::{Deserialize, Serialize};

use super::Invalid;

/// Something that is done with what is somebody's only once they have agreed to it, and until they take
/// that back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Consent {
    /// Their published lines count in the map of where many go.
    HeatMap,
    /// What they publish without an end is in the open data.
    OpenData,
}

/// What whoever takes the open data agrees to. The authors keep their rights: nobody here chose a licence that
/// cannot be taken back.
pub const OPEN_DATA_TERMS: &str = "You may copy, show and change these data for any purpose, as long as you name the author of each activity \
     beside it, and remove what its author withdraws: compare with the next issue, or with the list of what was \
     withdrawn, at least once a month. All other rights stay with the authors.";

impl Consent {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::HeatMap, Self::OpenData];

    /// The name that clients and the database use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::HeatMap => "heat_map",
            Self::OpenData => "open_data",
        }
    }

    /// What one agrees to, in some sentences.
    pub const fn description(self) -> &'static str {
        match self {
            Self::HeatMap => {
                "Squares of the map that published recordings of at least five members pass through are shown, \
                 without names, days or numbers of visits. They are made anew once a day: what is withdrawn, or \
                 not agreed to any more, counts in them for a day at most."
            }
            Self::OpenData => {
                "Once a day a file is made of all that is published without an end, which anybody can download: \
                 the visible lines in 200 points at most, with title, description, day, numbers and the public \
                 name. What is withdrawn, or not agreed to any more, is not in it from that moment on. Others \
                 may have copies by then. They are asked to name the author and to remove what was withdrawn, \
                 but nobody can see to it that they do."
            }
        }
    }
}

impl TryFrom<&str> for Consent {
    type Error = Invalid;

    fn try_from(name: &str) -> Result<Self, Invalid> {
        let found = Self::ALL.into_iter().find(|consent| consent.name() == name);
        found.ok_or(Invalid { field: "consent", reason: "must be one of those listed" })
    }
}
