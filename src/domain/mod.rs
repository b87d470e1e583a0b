//! The words of the product, as types. A value that exists is valid.

mod access;
mod activity;
mod archive;
mod bounded;
mod choices;
mod clock;
mod community;
mod consent;
mod email;
mod ids;
mod invalid;
mod leaving;
mod letter;
mod locale;
mod password;
mod photo;
mod position;
mod professional;
mod public_name;
mod report;
mod review;
mod sport;
mod text;

pub use access::Access;
pub use activity::{Kind, Visibility};
pub use archive::{ArchiveState, Direction};
pub use bounded::at_most;
pub use choices::{Choices, EndLength};
pub use clock::Clock;
pub use community::{CommunityVisibility, Role};
pub use consent::{Consent, OPEN_DATA_TERMS};
pub use email::Email;
pub use ids::{
    AccountId, ActivityId, ArchiveId, BlobId, CommunityId, EntryId, ErasureId, JobId, LinkId,
    PhotoId, RegistrationId, ReviewId, SessionId, ZoneId,
};
pub use invalid::Invalid;
pub use leaving::{Legacies, Legacy, Wishes};
pub use letter::{Letter, Receipt, Subject};
pub use locale::Locale;
pub use password::Password;
pub use photo::{PhotoSize, PhotoState};
pub use position::{Position, ZoneRadius};
pub use professional::{Professional, WebLink};
pub use public_name::NOT_AVAILABLE;
pub use report::ProblemReport;
pub use review::Rating;
pub use sport::Sport;
pub use text::{
    AlternativeText, Caption, CommunityName, Description, LinkLabel, PersonName,
    ProfessionalDetail, PublicName, ReportDetail, ReportText, ReviewText, Title, ZoneLabel,
};
