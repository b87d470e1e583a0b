//! What others may see: renditions, the links and communities that lead to them, and the index by
//! which everyone finds the published ones.

mod memberships;
mod nearby;
mod renditions;
mod shared;
mod traces;

pub use nearby::{Nearby, NearbyPosition, Range};
pub use renditions::{Author, Drawn, EncodedTrack, Linked, Lock, Rendition};
pub use shared::Shared;
pub use traces::Traces;

pub(in crate::db) use shared::{Level, narrow, show, withdraw, withdraw_all};
