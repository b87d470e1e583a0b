//! What others get of an activity, as its owner chose.

use serde::{Deserialize, Serialize};

use super::Invalid;

/// What others get of an activity. By default that is its visible line, without the hour and
/// without sensors; whatever is more was asked for by its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own")]
pub struct Choices {
    /// Whether they see the hour in which the visible line begins, besides the day.
    pub hour: bool,
    /// Whether they see the heart rate.
    pub heart_rate: bool,
    /// Whether they see where it was: without it there is no line, no waypoint, no chart and no
    /// elevation, and nobody finds it by place.
    pub map: bool,
    /// Whether it counts in what others are told of its author altogether.
    pub statistics: bool,
    /// How much of each end they do not see.
    #[schema(value_type = u16, minimum = 0, maximum = 5_000)]
    pub ends_m: EndLength,
}

/// How much of each end of a track others do not see: 0 to 5,000 metres.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct EndLength(u16);

impl EndLength {
    /// The most that is cut, in metres.
    pub const METRES_MAX: u16 = 5_000;

    /// In metres.
    pub fn metres(self) -> f64 {
        self.0.into()
    }
}

impl Default for Choices {
    fn default() -> Self {
        Self { hour: false, heart_rate: false, map: true, statistics: true, ends_m: EndLength(200) }
    }
}

impl TryFrom<u16> for EndLength {
    type Error = Invalid;

    fn try_from(metres: u16) -> Result<Self, Invalid> {
        let reason = "must be from 0 to 5,000 metres";
        (metres <= Self::METRES_MAX)
            .then_some(Self(metres))
            .ok_or(Invalid { field: "ends_m", reason })
    }
}

impl From<EndLength> for u16 {
    fn from(ends: EndLength) -> Self {
        ends.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_default_others_get_the_least() {
        let Choices { hour, heart_rate, map, statistics, ends_m } = Choices::default();
        assert!(!hour && !heart_rate && map && statistics);
        assert_eq!(u16::from(ends_m), 200);
    }

    #[test]
    fn what_was_kept_before_there_was_a_choice_is_the_default() {
        assert_eq!(serde_json::from_str::<Choices>("{}").unwrap(), Choices::default());
        assert!(serde_json::from_str::<Choices>(r#"{"ends_m": 5001}"#).is_err());
    }
}
