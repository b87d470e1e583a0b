//! What somebody thinks of an activity.

use serde::{Deserialize, Serialize};

use super::Invalid;

/// From 1 to 5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "i16", into = "i16")]
pub struct Rating(i16);

impl TryFrom<i16> for Rating {
    type Error = Invalid;

    fn try_from(number: i16) -> Result<Self, Invalid> {
        let is_sound = (1..=5).contains(&number);
        let invalid = Invalid { field: "rating", reason: "must be from 1 to 5" };
        is_sound.then_some(Self(number)).ok_or(invalid)
    }
}

impl From<Rating> for i16 {
    fn from(rating: Rating) -> Self {
        rating.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_five() {
        let sound: Vec<i16> =
            (i16::MIN..=i16::MAX).filter(|n| Rating::try_from(*n).is_ok()).collect();
        assert_eq!(sound, [1, 2, 3, 4, 5]);
    }
}
