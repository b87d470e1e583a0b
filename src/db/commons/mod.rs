//! What others may see: renditions, and the index by which everyone finds the published ones.

mod nearby;
mod renditions;

pub use nearby::{Nearby, NearbyPosition, Range};
pub use renditions::{Author, EncodedTrack, Rendition, Shared};

pub(in crate::db) use renditions::{publish, withdraw, withdraw_all};
