//! What others may see: renditions, the links and communities that lead to them, and the index by
//! which everyone finds the published ones.

mod along;
mod anonymous;
mod bans;
mod communities;
mod entries;
mod features;
mod feed;
mod heat;
mod kept_reviews;
mod leaving;
mod members;
mod memberships;
mod nearby;
mod open_data;
mod photos;
mod pictures;
mod places;
mod renditions;
mod requests;
mod reviews;
mod search;
mod shared;
mod sought;
mod sums;
mod taken_off;
mod tiles;
mod traces;
mod undone;
mod words;

pub use along::{Along, Course};
pub use anonymous::{KeptPhoto, Telling, Work};
pub use communities::{Community, CommunityChange, Listed, NamePosition, NewCommunity};
pub use entries::Entry;
pub use features::Feature;
pub use feed::DayPosition;
pub use heat::{HEAT_MEMBERS_MIN, HEAT_ZOOM_MAX, HEAT_ZOOM_MIN};
pub use kept_reviews::{KeptReview, LeftReview};
pub use members::{Member, Totals};
pub use memberships::Membership;
pub use nearby::{Nearby, NearbyPosition, Reference};
pub use open_data::OpenIssue;
pub use photos::{Album, Appearance, PublicPhoto, SIZES, Sizes};
pub use places::{InterestingPlace, Places};
pub use renditions::{Author, Drawn, EncodedTrack, Linked, Lock, Rendition, Summary};
pub use requests::Admission;
pub use reviews::{Opinion, Review, ReviewPosition, Wrote};
pub use search::{Bounds, COUNTED_MAX, Facet, Order, Search, SearchPosition};
pub use shared::Shared;
pub use sought::{Range, Sought};
pub use tiles::{LINES_FROM_ZOOM, Tile, ZOOM_MAX};
pub use traces::Traces;
pub use undone::Undone;
pub use words::{Compare, Words};

pub use leaving::HandOver;

pub(in crate::db) use anonymous::take_ways;
pub(in crate::db) use leaving::{around, hold_all, leave_all};
pub(in crate::db) use members::find as find_members;
pub(in crate::db) use photos::{show_photos, withdraw_photo};
pub(in crate::db) use reviews::{erase_reviews, part_reviewers, settle_reviews};
pub(in crate::db) use shared::{Level, narrow, show, withdraw, withdraw_all};
