//! Keys, and the sealing (authenticated encryption) of what is kept for one account alone.
//!
//! Three levels: the operator's [`MasterKey`] wraps the keys that are stored, an [`AccountKey`] an
//! account and a [`Secret`] a purpose of the server; those seal content. Erasing a wrapped key
//! makes all that it sealed unreadable.

mod cipher;
mod ed25519;
mod keyring;
mod link;
mod master;
mod photo;
mod secret;
mod token;

pub use cipher::{Broken, Place, Segment};
pub use keyring::Keyring;
pub use link::{LINK_PASS_LIFETIME, LinkPass, LinkToken};
pub use master::{AccountKey, MasterKey, UnusableKey};
pub use photo::PhotoKey;
pub use secret::{Purpose, Secret};
pub use token::{
    ACCESS_TOKEN_LIFETIME, AccessTokens, RefreshToken, Refused, SALT_BYTES, TokenSecret,
};

use zeroize::Zeroizing;

/// The length of every key, in bytes.
pub const KEY_BYTES: usize = 32;

/// Fills an array from the operating system's generator.
///
/// # Panics
///
/// When the operating system has no randomness to give: nothing safe can be done then.
#[allow(clippy::expect_used, reason = "without randomness no promise can be kept")]
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

fn random_key() -> Zeroizing<[u8; KEY_BYTES]> {
    Zeroizing::new(random_bytes())
}
