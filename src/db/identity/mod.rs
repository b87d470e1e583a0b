//! Who signs in: accounts, their names and addresses, registrations, sessions, mailed codes, and from
//! where they signed in.

mod accounts;
mod codes;
mod contact;
mod email_changes;
mod names;
mod networks;
mod passwords;
mod profiles;
mod registrations;
mod sessions;

pub use accounts::{Account, Credentials, Profile};
pub(in crate::db) use accounts::{account_key, find as find_by_id, find_account, hold_account};
pub use codes::Code;
pub(in crate::db) use codes::delete_all as end_codes;
pub(in crate::db) use contact::TO_BE_CLOSED;
pub use email_changes::BothCodes;
pub(in crate::db) use names::let_go as let_go_of_names;
pub use profiles::{ProfessionalChange, ProfileChange, Unchanged};
pub use registrations::Registration;
pub use sessions::{NewSession, Rotation, SessionPosition, SessionRow};
pub(in crate::db) use sessions::{delete_all as end_sessions, insert as insert_session};

use crate::domain::Email;
use crate::seal::Keyring;

/// What stands for an e-mail address where it must be found without being stored.
pub(in crate::db) fn email_hash(keyring: &Keyring, email: &Email) -> Vec<u8> {
    keyring.index.mac(&["email", email.as_str()]).to_vec()
}
