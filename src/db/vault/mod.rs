//! What its owner alone reads: activities, their exact tracks, the files they came from.

mod activities;
mod audience;
mod blocks;
mod delete;
mod links;
mod list;
mod originals;
mod photo_blobs;
mod photo_changes;
mod photos;
mod save;
mod tracks;
mod zones;

pub use activities::{Activity, Details, NewActivity, Stored, StoredFlaw};
pub use audience::{NewWay, Reach, Shown, Way};
pub use blocks::{Block, BlockPosition};
pub use links::{Link, NewLink};
pub use list::{ActivityFilter, ListPosition};
pub use originals::{SealedOriginal, open_original, seal_original};
pub use photo_changes::{ACCOUNT_BYTES_MAX, Added, NewPhoto, PHOTOS_MAX, PhotoChange, PhotoDrawn};
pub use photos::{Photo, PhotoDetails, PositionSource, open_photo, seal_photo};
pub use save::{Change, Other, Saved};
pub use tracks::SealedTrack;

pub(in crate::db) use audience::{Activities, lock_all, settle};
pub use zones::{HiddenPlace, Remade, Shading, Sight, ZONES_MAX, Zone, Zoned};
