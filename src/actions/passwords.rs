//! Hashing of passwords: argon2id, off the async threads, bounded in number.

use std::sync::Arc;

use super::{Cores, Error};
use crate::domain::Password;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};

/// Memory, passes and lanes: OWASP Password Storage Cheat Sheet, argon2id, first choice.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Hashes and verifies. Each takes some 20 MiB and 30 ms of one core, so only so many run at once;
/// the others wait their turn.
pub struct Passwords {
    argon2: Argon2<'static>,
    /// Of their own, so that nobody's uploads keep others from signing in.
    cores: Cores,
    /// What a password is held against where there is no account: the work is the same.
    nobodys_hash: Arc<str>,
}

impl Passwords {
    /// At most `parallel_max` at a time.
    ///
    /// # Panics
    ///
    /// When the parameters above are not fit for argon2id, which a test would show.
    #[allow(clippy::expect_used, reason = "constants, used by every test that signs in")]
    pub fn new(parallel_max: usize) -> Self {
        let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("sound parameters");
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let nobody = argon2.hash_password(&crate::seal::random_bytes::<16>()).expect("sound input");
        let nobodys_hash = nobody.to_string().into();
        Self { argon2, cores: Cores::new(parallel_max), nobodys_hash }
    }

    /// The hash of a new password, as a PHC string.
    pub async fn hash(&self, password: Password) -> Result<String, Error> {
        let argon2 = self.argon2.clone();
        self.cores
            .run(move || argon2.hash_password(password.as_bytes()).map(|hash| hash.to_string()))
            .await?
            .map_err(|_| Error::Task)
    }

    /// Whether `password` is the one of `hash`. Without a hash it is not, after the same work.
    pub async fn verify(&self, password: Password, hash: Option<&str>) -> Result<bool, Error> {
        let argon2 = self.argon2.clone();
        let known = hash.is_some();
        let hash: Arc<str> = hash.map_or_else(|| self.nobodys_hash.clone(), Into::into);
        let matches = self
            .cores
            .run(move || {
                PasswordHash::new(&hash)
                    .is_ok_and(|hash| argon2.verify_password(password.as_bytes(), &hash).is_ok())
            })
            .await?;
        Ok(known && matches)
    }

    /// Whether `hash` was made with other parameters than new ones are.
    pub fn is_outdated(&self, hash: &str) -> bool {
        let current = PasswordHash::new(&self.nobodys_hash).map(|hash| hash.params);
        PasswordHash::new(hash).map(|hash| hash.params).ok() != current.ok()
    }
}
