//! What a person who leaves wants to become of what they shared.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ActivityId, Invalid, Visibility};

/// What becomes of something that others see, once its author has left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Legacy {
    /// It stays, and nothing ties it to anybody.
    #[default]
    Anonymize,
    /// It goes with the rest.
    Erase,
}

/// What becomes of all that others see.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Legacies {
    /// Of what everyone sees.
    pub published: Legacy,
    /// Of what some see, by a link or in a community.
    pub shared: Legacy,
    /// Of single activities, whatever is said of the others.
    pub items: BTreeMap<ActivityId, Legacy>,
}

impl Legacies {
    /// The most activities of which something of their own is said.
    pub const ITEMS_MAX: usize = 1_000;

    /// What becomes of an activity. What nobody else sees goes.
    pub fn of(&self, id: ActivityId, visibility: Visibility) -> Legacy {
        let of_all = match visibility {
            Visibility::Private => return Legacy::Erase,
            Visibility::Link | Visibility::Community => self.shared,
            Visibility::Published => self.published,
        };
        self.items.get(&id).copied().unwrap_or(of_all)
    }

    /// The activities of which `legacy` is said one by one.
    pub fn said(&self, legacy: Legacy) -> impl Iterator<Item = ActivityId> {
        self.items.iter().filter(move |(_, said)| **said == legacy).map(|(id, _)| *id)
    }
}

impl TryFrom<BTreeMap<ActivityId, Legacy>> for Legacies {
    type Error = Invalid;

    fn try_from(items: BTreeMap<ActivityId, Legacy>) -> Result<Self, Invalid> {
        if Self::ITEMS_MAX < items.len() {
            return Err(Invalid { field: "items", reason: "must be at most 1,000" });
        }
        Ok(Self { items, ..Self::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_one_outweighs_what_is_said_of_all_but_nothing_private_stays() {
        let (one, other) = (ActivityId::random(), ActivityId::random());
        let legacies = Legacies {
            shared: Legacy::Erase,
            items: [(one, Legacy::Anonymize)].into(),
            ..Legacies::default()
        };
        let rows = Visibility::ALL
            .map(|visibility| (legacies.of(one, visibility), legacies.of(other, visibility)));
        let (stays, goes) = (Legacy::Anonymize, Legacy::Erase);
        assert_eq!(rows, [(goes, goes), (stays, goes), (stays, goes), (stays, stays)]);
    }
}
