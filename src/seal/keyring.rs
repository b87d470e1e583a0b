//! The keys a running server holds.

use super::{MasterKey, Secret};

/// The operator's key and the server's secrets, opened.
#[derive(Debug)]
pub struct Keyring {
    /// Wraps the keys of accounts.
    pub master: MasterKey,
    /// Finds what must not be stored in the clear.
    pub index: Secret,
    /// Makes refresh tokens.
    pub refresh_token: Secret,
    /// Seals what waits for its job.
    pub queue: Secret,
    /// Turns idempotency keys into ids.
    pub idempotency: Secret,
    /// Makes passes for links with a password.
    pub link_pass: Secret,
}
