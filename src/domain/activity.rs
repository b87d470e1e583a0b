//! What kinds of activity there are, and who may see one.

use serde::{Deserialize, Serialize};

use super::Invalid;

/// Whether an activity took place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It took place and was recorded.
    #[default]
    Recorded,
    /// It is a plan: a route.
    Planned,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::Recorded, Self::Planned];

    /// The name that clients and the database use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Recorded => "recorded",
            Self::Planned => "planned",
        }
    }
}

impl TryFrom<&str> for Kind {
    type Error = Invalid;

    fn try_from(raw: &str) -> Result<Self, Invalid> {
        let named = Self::ALL.into_iter().find(|kind| kind.name() == raw);
        named.ok_or(Invalid { field: "kind", reason: "must be recorded or planned" })
    }
}

/// Who reads the rendition of an activity, from the narrowest to the widest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Nobody: there is no rendition.
    #[default]
    Private,
    /// Whoever holds a valid link.
    Link,
    /// Members of the communities it is shared with.
    Community,
    /// Everyone.
    Published,
}

impl Visibility {
    /// Every level, from the narrowest to the widest.
    pub const ALL: [Self; 4] = [Self::Private, Self::Link, Self::Community, Self::Published];

    /// The name that clients and the database use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Link => "link",
            Self::Community => "community",
            Self::Published => "published",
        }
    }
}

impl TryFrom<&str> for Visibility {
    type Error = Invalid;

    fn try_from(raw: &str) -> Result<Self, Invalid> {
        let named = Self::ALL.into_iter().find(|visibility| visibility.name() == raw);
        named.ok_or(Invalid {
            field: "visibility",
            reason: "must be private, link, community or published",
        })
    }
}
