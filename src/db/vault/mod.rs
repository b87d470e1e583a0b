//! What its owner alone reads: activities, their exact tracks, the files they came from.

mod activities;
mod delete;
mod list;
mod originals;
mod save;
mod tracks;

pub use activities::{Activity, Details, NewActivity, Stored, StoredFlaw};
pub use list::{ActivityFilter, ListPosition};
pub use originals::{SealedOriginal, open_original, seal_original};
pub use save::{Audience, Change, Other, Saved};
pub use tracks::SealedTrack;
