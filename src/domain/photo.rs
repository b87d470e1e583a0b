//! Photos: their sizes, and how far they have come.

use serde::Serialize;

use super::Invalid;

/// A size that a photo is looked at in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhotoSize {
    /// For lists and maps.
    Thumbnail,
    /// For a page.
    Medium,
    /// For a whole screen.
    Large,
}

/// How far a photo has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PhotoState {
    /// It is kept; what one looks at is still to be made.
    Waiting,
    /// It can be looked at.
    Ready,
    /// It is kept, and cannot be drawn.
    Failed,
}

impl PhotoSize {
    /// All of them, the smallest first.
    pub const ALL: [Self; 3] = [Self::Thumbnail, Self::Medium, Self::Large];

    /// As it stands in an address.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Thumbnail => "thumbnail",
            Self::Medium => "medium",
            Self::Large => "large",
        }
    }

    /// The longest side that it has, in pixels.
    pub const fn side_max(self) -> u32 {
        match self {
            Self::Thumbnail => 400,
            Self::Medium => 1_280,
            Self::Large => 2_560,
        }
    }
}

impl TryFrom<&str> for PhotoSize {
    type Error = Invalid;

    fn try_from(name: &str) -> Result<Self, Invalid> {
        let reason = "must be thumbnail, medium or large";
        let size = Self::ALL.into_iter().find(|size| size.name() == name);
        size.ok_or(Invalid { field: "size", reason })
    }
}

impl PhotoState {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Waiting, Self::Ready, Self::Failed];

    /// As it is stored.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Ready => "ready",
            Self::Failed => "failed",
        }
    }
}

impl TryFrom<&str> for PhotoState {
    type Error = Invalid;

    fn try_from(name: &str) -> Result<Self, Invalid> {
        let state = Self::ALL.into_iter().find(|state| state.name() == name);
        state.ok_or(Invalid { field: "state", reason: "is not one of the known values" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for size in PhotoSize::ALL {
            assert_eq!(PhotoSize::try_from(size.name()), Ok(size));
        }
        for state in PhotoState::ALL {
            assert_eq!(PhotoState::try_from(state.name()), Ok(state));
        }
        assert!(PhotoSize::try_from("original").is_err());
    }
}
