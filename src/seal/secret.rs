//! The server's own secrets: one a purpose, stored wrapped by the master key.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::KEY_BYTES;
use super::cipher::{self, Broken, Place};

/// What a secret is for. No secret serves two purposes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Finds an e-mail address, a code or a throttled subject without storing it.
    Index,
    /// Signs access tokens; rotates.
    AccessToken,
    /// Makes refresh tokens.
    RefreshToken,
    /// Seals what waits for its job: mails, registrations.
    Queue,
    /// Turns idempotency keys into ids.
    Idempotency,
    /// Makes passes for links with a password.
    LinkPass,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 6] = [
        Self::Index,
        Self::AccessToken,
        Self::RefreshToken,
        Self::Queue,
        Self::Idempotency,
        Self::LinkPass,
    ];

    /// Its name in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Index => "index",
            Self::AccessToken => "access_token",
            Self::RefreshToken => "refresh_token",
            Self::Queue => "queue",
            Self::Idempotency => "idempotency",
            Self::LinkPass => "link_pass",
        }
    }
}

/// 256 random bits of the server.
pub struct Secret(Zeroizing<[u8; KEY_BYTES]>);

/// The server's secrets seal one kind of value each and are replaced whole.
const KEY_ID: u32 = 0;

impl Secret {
    pub(super) fn new(key: Zeroizing<[u8; KEY_BYTES]>) -> Self {
        Self(key)
    }

    /// HMAC-SHA-256 (RFC 2104) of `parts`, each preceded by its length so that no two lists of
    /// parts are taken for each other.
    pub fn mac(&self, parts: &[impl AsRef<[u8]>]) -> [u8; 32] {
        self.hmac(parts).finalize().into_bytes().into()
    }

    /// Whether `tag` is the [`Secret::mac`] of `parts`, in a time that does not depend on `tag`.
    pub fn verify(&self, parts: &[impl AsRef<[u8]>], tag: &[u8]) -> bool {
        self.hmac(parts).verify_slice(tag).is_ok()
    }

    /// Seals `plain` for a row that belongs to no account.
    pub fn seal(
        &self,
        table: &'static str,
        column: &'static str,
        row: Uuid,
        plain: &[u8],
    ) -> Vec<u8> {
        cipher::seal(&self.0, KEY_ID, Place::of_server(table, column, row), plain)
    }

    /// Opens what was sealed for the same place.
    pub fn open(
        &self,
        table: &'static str,
        column: &'static str,
        row: Uuid,
        sealed: &[u8],
    ) -> Result<Vec<u8>, Broken> {
        cipher::open(&self.0, Place::of_server(table, column, row), sealed)
    }

    /// The secret as a seed for a signature key.
    pub fn seed(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    #[allow(clippy::expect_used, reason = "HMAC takes keys of any length")]
    fn hmac(&self, parts: &[impl AsRef<[u8]>]) -> Hmac<Sha256> {
        let mut mac = Hmac::new_from_slice(&*self.0).expect("HMAC takes keys of any length");
        for part in parts.iter().map(AsRef::as_ref) {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac
    }
}

/// Secret, hence not shown.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> Secret {
        Secret::new(Zeroizing::new([7; KEY_BYTES]))
    }

    #[test]
    fn a_mac_depends_on_where_parts_end() {
        assert_ne!(secret().mac(&["ab", "c"]), secret().mac(&["a", "bc"]));
        assert_ne!(secret().mac(&["ab"]), secret().mac(&["ab", ""]));
    }

    #[test]
    fn a_tag_verifies_for_its_parts_alone() {
        let tag = secret().mac(&["code", "12345678"]);
        assert!(secret().verify(&["code", "12345678"], &tag));
        assert!(!secret().verify(&["code", "12345679"], &tag));
        assert!(!secret().verify(&["code", "12345678"], &tag[..31]));
    }
}
