//! What the log of an account tells its owner: who was at it, and what left it.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{ArchiveId, LinkId, SessionId};

/// Something that was done with an account. No network address and nobody else's identity is in it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Access {
    /// A device signed in.
    SignedIn {
        /// Its session.
        session: SessionId,
        /// What it calls itself.
        device: String,
    },
    /// Somebody tried to sign in, and had not the password. Of very many attempts some are told.
    SignInFailed,
    /// A device was signed out.
    SignedOut {
        /// Its session.
        session: SessionId,
    },
    /// A session was ended because a token of it was used twice: two held it, one perhaps a thief.
    TokenReused {
        /// The session.
        session: SessionId,
    },
    /// The password was changed, and every device signed out.
    PasswordChanged,
    /// The e-mail address was changed.
    EmailChanged,
    /// An archive of the account was asked for.
    ExportAsked {
        /// Which.
        archive: ArchiveId,
    },
    /// It was downloaded, or a part of it.
    ExportDownloaded {
        /// Which.
        archive: ArchiveId,
    },
    /// An archive was taken in.
    ImportAsked {
        /// Which.
        archive: ArchiveId,
    },
    /// A link to an activity was made: whoever holds it can open it.
    LinkMade {
        /// The link.
        link: LinkId,
    },
    /// A link was given another token: whoever holds that can open it.
    LinkRotated {
        /// The link.
        link: LinkId,
    },
    /// A link was opened on a day: how often, not by whom.
    LinkOpened {
        /// The link.
        link: LinkId,
        /// The day, in UTC.
        day: NaiveDate,
        /// How often.
        opened: i32,
    },
    /// Somebody of the staff looked at what is not for all.
    StaffAccess {
        /// What they looked at.
        what: String,
        /// Why.
        reason: String,
    },
}

/// Personal, hence not shown.
impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Access(…)")
    }
}
