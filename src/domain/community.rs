//! What kinds of community there are, and what its members are in it.

use serde::{Deserialize, Serialize};

use super::Invalid;

/// Who gets into a community.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CommunityVisibility {
    /// Anyone finds it and joins it.
    Public,
    /// Who knows its id asks to join, and is approved or refused.
    Private,
}

/// What a member is in a community, from the least to the most.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sees what is shared with it, and shares.
    Member,
    /// Also lets people in and keeps them out.
    Moderator,
    /// Also decides what it is, who moderates it and when it ends.
    Administrator,
}

impl CommunityVisibility {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Public, Self::Private];

    /// The name that clients and the database use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Private => "private",
        }
    }
}

impl Role {
    /// Every role, from the least to the most.
    pub const ALL: [Self; 3] = [Self::Member, Self::Moderator, Self::Administrator];

    /// The name that clients and the database use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Moderator => "moderator",
            Self::Administrator => "administrator",
        }
    }
}

impl TryFrom<&str> for CommunityVisibility {
    type Error = Invalid;

    fn try_from(raw: &str) -> Result<Self, Invalid> {
        let named = Self::ALL.into_iter().find(|visibility| visibility.name() == raw);
        named.ok_or(Invalid { field: "visibility", reason: "must be public or private" })
    }
}

impl TryFrom<&str> for Role {
    type Error = Invalid;

    fn try_from(raw: &str) -> Result<Self, Invalid> {
        let named = Self::ALL.into_iter().find(|role| role.name() == raw);
        let reason = "must be member, moderator or administrator";
        named.ok_or(Invalid { field: "role", reason })
    }
}
