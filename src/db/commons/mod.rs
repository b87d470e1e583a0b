//! What others may see: renditions, the links and communities that lead to them, and the index by
//! which everyone finds the published ones.

mod bans;
mod communities;
mod entries;
mod feed;
mod members;
mod memberships;
mod nearby;
mod renditions;
mod requests;
mod shared;
mod traces;
mod undone;

pub use communities::{Community, CommunityChange, Listed, NamePosition, NewCommunity};
pub use entries::Entry;
pub use feed::DayPosition;
pub use members::{Member, Totals};
pub use memberships::Membership;
pub use nearby::{Nearby, NearbyPosition, Range};
pub use renditions::{Author, Drawn, EncodedTrack, Linked, Lock, Rendition};
pub use requests::Admission;
pub use shared::Shared;
pub use traces::Traces;
pub use undone::Undone;

pub(in crate::db) use members::find as find_members;
pub(in crate::db) use shared::{Level, narrow, show, withdraw, withdraw_all};
