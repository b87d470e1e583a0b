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
}

impl Consent {
    /// Every one.
    pub const ALL: [Self; 1] = [Self::HeatMap];

    /// The name that clients and the database use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::HeatMap => "heat_map",
        }
    }

    /// What one agrees to, in a sentence.
    pub const fn description(self) -> &'static str {
        match self {
            Self::HeatMap => {
                "Squares of the map that the published lines of at least five members pass through are shown, \
                 without names, days or numbers of visits."
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
