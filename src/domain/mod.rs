//! The words of the product, as types. A value that exists is valid.

mod activity;
mod choices;
mod clock;
mod community;
mod email;
mod ids;
mod invalid;
mod letter;
mod locale;
mod password;
mod photo;
mod position;
mod sport;
mod text;

pub use activity::{Kind, Visibility};
pub use choices::{Choices, EndLength};
pub use clock::Clock;
pub use community::{CommunityVisibility, Role};
pub use email::Email;
pub use ids::{
    AccountId, ActivityId, BlobId, CommunityId, JobId, LinkId, PhotoId, RegistrationId, SessionId,
    ZoneId,
};
pub use invalid::Invalid;
pub use letter::{Letter, Subject};
pub use locale::Locale;
pub use password::Password;
pub use photo::{PhotoSize, PhotoState};
pub use position::{Position, ZoneRadius};
pub use sport::Sport;
pub use text::{
    AlternativeText, Caption, CommunityName, Description, LinkLabel, PersonName, PublicName, Title,
    ZoneLabel,
};
