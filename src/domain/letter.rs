//! What the product writes to people.

use std::fmt;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{ErasureId, Locale};

/// A mail to be written: to whom, in which language, what about.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// The address. Kept as text, because it is gone as soon as the mail is sent.
    pub to: String,
    /// The language of the text.
    pub locale: Locale,
    /// What it says.
    pub subject: Subject,
}

/// What a mail says. None asks for personal information, none has a form.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// The code that completes a registration.
    SignUp {
        /// The code.
        code: String,
        /// The public name asked for, so that its reader sees whether it is their own request.
        public_name: String,
    },
    /// Somebody tried to register an address that has an account.
    AlreadyRegistered,
    /// The code that lets someone choose a new password.
    PasswordReset {
        /// The code.
        code: String,
    },
    /// A password was changed.
    PasswordChanged,
    /// The code that proves that the address before is theirs who wants another one.
    AddressLeft {
        /// The code.
        code: String,
    },
    /// The code that proves that the new address is theirs.
    AddressJoined {
        /// The code.
        code: String,
    },
    /// Somebody wanted to use an address that has an account.
    AddressKnown,
    /// An address was changed; written to the one before.
    AddressChanged,
    /// An account was not used for years.
    Inactive {
        /// In how many days it is closed.
        days_left: i64,
    },
    /// Somebody asked for an archive of the account.
    ExportAsked,
    /// It is there to be had.
    ExportReady,
    /// A member shares an activity with its reader.
    Shared {
        /// Who does.
        public_name: String,
        /// The link.
        url: String,
    },
    /// The code that lets its reader erase their account.
    ErasureCode {
        /// The code.
        code: String,
    },
    /// Its reader's account is hidden, and will be erased.
    Leaving {
        /// On which day.
        on: NaiveDate,
    },
    /// Its reader's account is erased, but for their address, which goes after this mail.
    Erased(Receipt),
}

/// What was erased with an account, and what remains.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Its number.
    pub id: ErasureId,
    /// How many activities are gone.
    pub erased: i32,
    /// How many works remain, without an author.
    pub anonymised: i32,
    /// How many photos remain with them.
    #[serde(default)]
    pub photos: i32,
    /// Until which day it is kept that the account was erased.
    pub noted_until: NaiveDate,
}

impl Letter {
    /// Whether it tells its reader of something of somebody else's, rather than of their own.
    pub const fn is_about_its_sender(&self) -> bool {
        match self.subject {
            Subject::Shared { .. } => true,
            Subject::SignUp { .. }
            | Subject::AlreadyRegistered
            | Subject::PasswordReset { .. }
            | Subject::PasswordChanged
            | Subject::AddressLeft { .. }
            | Subject::AddressJoined { .. }
            | Subject::AddressKnown
            | Subject::AddressChanged
            | Subject::Inactive { .. }
            | Subject::ExportAsked
            | Subject::ExportReady
            | Subject::ErasureCode { .. }
            | Subject::Leaving { .. }
            | Subject::Erased(_) => false,
        }
    }
}

/// Personal, hence not shown.
impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Letter(…)")
    }
}

/// Holds codes, hence not shown.
impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Subject(…)")
    }
}
