//! What its owner alone reads: activities, their exact tracks, the files they came from.

mod activities;
mod delete;
mod list;
mod originals;
mod save;
mod tracks;
mod zones;

pub use activities::{Activity, Details, NewActivity, Stored, StoredFlaw};
pub use list::{ActivityFilter, ListPosition};
pub use originals::{SealedOriginal, open_original, seal_original};
pub use save::{Audience, Change, Other, Reach, Saved};
pub use tracks::SealedTrack;
pub use zones::{HiddenPlace, Remade, Shading, Sight, ZONES_MAX, Zone, Zoned};
