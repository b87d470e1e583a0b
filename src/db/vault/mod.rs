//! What its owner alone reads: activities, their exact tracks, the files they came from.

mod access_log;
mod activities;
mod archives;
mod audience;
mod blocks;
mod consents;
mod delete;
mod erase;
mod handover;
mod leave;
mod links;
mod list;
mod originals;
mod photo_blobs;
mod photo_changes;
mod photo_moves;
mod photos;
mod restriction;
mod rows;
mod save;
mod segments;
mod tracks;
mod zones;

pub use access_log::{LogEntry, LogPosition};
pub use activities::{Activity, Details, NewActivity, Stored, StoredFlaw};
pub use archives::{Archive, ArchivePosition, Step};
pub use audience::{NewWay, Reach, Shown, Way};
pub use blocks::{BLOCKS_MAX, Block, BlockPosition};
pub use consents::Decision;
pub use erase::{Leftover, Repeated};
pub use handover::StoredRendition;
pub use leave::{Grounds, Left};
pub use links::{LINKS_MAX, Link, NewLink};
pub use list::{ActivityFilter, ListPosition};
pub use originals::{SealedOriginal, open_original, seal_original};
pub use photo_changes::{Added, NewPhoto, PHOTOS_MAX, PhotoChange, PhotoDrawn};
pub use photos::{Photo, PhotoDetails, PositionSource, open_photo, seal_photo};
pub use rows::Held;
pub use save::{Change, Other, SplitOff, Unsaved};
pub use segments::{NewSegment, Role, Segment};
pub use tracks::SealedTrack;

pub(in crate::db) use access_log::append as log_access;
pub(in crate::db) use audience::{Activities, lock_all, settle};
pub use zones::{HiddenPlace, Remade, Shading, Sight, ZONES_MAX, Zone, Zoned};
