//! What a person who leaves wants to become of what they shared.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ActivityId, Invalid, PhotoId, Visibility};

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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Legacies {
    /// Of what everyone sees.
    pub published: Legacy,
    /// Of what some see, by a link or in a community.
    pub shared: Legacy,
    /// Of single activities, whatever is said of the others.
    pub items: BTreeMap<ActivityId, Legacy>,
    /// Of the photos of what stays. They show places and people, whatever else is taken off them.
    #[serde(default = "erase")]
    pub photos: Legacy,
    /// Of single photos, whatever is said of the others.
    #[serde(default)]
    pub photo_items: BTreeMap<PhotoId, Legacy>,
}

impl Default for Legacies {
    fn default() -> Self {
        Self {
            published: Legacy::Anonymize,
            shared: Legacy::Anonymize,
            items: BTreeMap::new(),
            photos: Legacy::Erase,
            photo_items: BTreeMap::new(),
        }
    }
}

/// What somebody who leaves says of what others see. Of the rest nothing is said.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    /// Of what everyone sees.
    pub published: Option<Legacy>,
    /// Of what some see.
    pub shared: Option<Legacy>,
    /// Of the photos of what stays.
    pub photos: Option<Legacy>,
    items: BTreeMap<ActivityId, Legacy>,
    photo_items: BTreeMap<PhotoId, Legacy>,
}

/// What becomes of photos where nothing was said of them.
const fn erase() -> Legacy {
    Legacy::Erase
}

impl Legacies {
    /// What becomes of all of it where nothing is said. Who lets nothing be done with their data has hidden what
    /// others saw: that they leave does not show it again.
    pub fn unsaid(is_restricted: bool) -> Self {
        let of_all = if is_restricted { Legacy::Erase } else { Legacy::Anonymize };
        Self { published: of_all, shared: of_all, ..Self::default() }
    }

    /// What becomes of a photo of a work that stays.
    pub fn of_photo(&self, id: PhotoId) -> Legacy {
        self.photo_items.get(&id).copied().unwrap_or(self.photos)
    }

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

impl Wishes {
    /// The most activities, and the most photos, of which something of their own is said.
    pub const ITEMS_MAX: usize = 1_000;

    /// What is said one by one, if it is not too much.
    pub fn one_by_one(
        items: BTreeMap<ActivityId, Legacy>,
        photo_items: BTreeMap<PhotoId, Legacy>,
    ) -> Result<Self, Invalid> {
        for (field, count) in [("items", items.len()), ("photo_items", photo_items.len())] {
            if Self::ITEMS_MAX < count {
                return Err(Invalid { field, reason: "must be at most 1,000" });
            }
        }
        Ok(Self { items, photo_items, ..Self::default() })
    }

    /// What becomes of all of it, if that is what was said by somebody who does, or does not, let anything be done
    /// with their data.
    pub fn settled(&self, is_restricted: bool) -> Legacies {
        let unsaid = Legacies::unsaid(is_restricted);
        Legacies {
            published: self.published.unwrap_or(unsaid.published),
            shared: self.shared.unwrap_or(unsaid.shared),
            items: self.items.clone(),
            photos: self.photos.unwrap_or(unsaid.photos),
            photo_items: self.photo_items.clone(),
        }
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

    #[test]
    fn what_is_said_outweighs_a_restriction_and_what_is_not_follows_it() {
        let (keep, erase) = (Legacy::Anonymize, Legacy::Erase);
        let wishes = Wishes { published: Some(keep), ..Wishes::default() };
        let of = |legacies: Legacies| (legacies.published, legacies.shared, legacies.photos);
        assert_eq!(of(wishes.settled(true)), (keep, erase, erase));
        assert_eq!(of(wishes.settled(false)), (keep, keep, erase));
        assert_eq!(Wishes::default().settled(true), Legacies::unsaid(true));
    }

    #[test]
    fn photos_go_unless_they_are_wanted_and_so_they_do_in_what_was_noted_before_that_was_asked() {
        let (one, other) = (PhotoId::random(), PhotoId::random());
        let noted = r#"{"published":"anonymize","shared":"erase","items":{}}"#;
        let noted: Legacies = serde_json::from_str(noted).unwrap();
        assert_eq!(noted.of_photo(one), Legacy::Erase);
        assert_eq!(Legacies::default().of_photo(one), Legacy::Erase);
        let legacies =
            Legacies { photo_items: [(one, Legacy::Anonymize)].into(), ..Legacies::default() };
        assert_eq!(legacies.of_photo(one), Legacy::Anonymize);
        assert_eq!(legacies.of_photo(other), Legacy::Erase);
    }
}
