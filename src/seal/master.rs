//! The operator's key, and the keys of accounts that it wraps.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hkdf::Hkdf;
use sha2::{Digest, Sha256};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::cipher::{self, Broken, Place, Segment};
use super::secret::{Purpose, Secret};
use super::{KEY_BYTES, random_key};
use crate::domain::AccountId;

/// The operator's key, with those that it replaced.
///
/// Its file holds one key a line, in base64, the one to wrap with first; all of them open. To rotate, see
/// ARCHITECTURE.md: a process that does not know the new key must not meet what is wrapped with it.
pub struct MasterKey {
    keys: Vec<(u32, Zeroizing<[u8; KEY_BYTES]>)>,
}

/// The key that seals what belongs to one account.
pub struct AccountKey {
    account: AccountId,
    key: Zeroizing<[u8; KEY_BYTES]>,
}

/// Why a master key file cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the master key file must hold keys of 32 bytes in base64, one a line")]
pub struct UnusableKey;

/// Account keys are made once; a number is kept for the day they rotate.
const FIRST_GENERATION: u32 = 1;

impl MasterKey {
    /// The content of a new key file.
    pub fn generate_file() -> Zeroizing<String> {
        Zeroizing::new(format!("{}\n", BASE64.encode(*random_key())))
    }

    /// Reads the content of a key file.
    pub fn parse_file(text: &str) -> Result<Self, UnusableKey> {
        let keys = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .map(|line| {
                let bytes = Zeroizing::new(BASE64.decode(line).map_err(|_| UnusableKey)?);
                let key: [u8; KEY_BYTES] = bytes.as_slice().try_into().map_err(|_| UnusableKey)?;
                Ok((fingerprint(&key), Zeroizing::new(key)))
            })
            .collect::<Result<Vec<_>, _>>()?;
        if keys.is_empty() {
            return Err(UnusableKey);
        }
        Ok(Self { keys })
    }

    /// A new key for `account`, and how it is stored.
    pub fn new_account_key(&self, account: AccountId) -> (AccountKey, Vec<u8>) {
        let key = random_key();
        let wrapped = self.wrap(account_key_place(account), &key);
        (AccountKey { account, key }, wrapped)
    }

    /// The key of `account`, from how it is stored.
    pub fn account_key(&self, account: AccountId, wrapped: &[u8]) -> Result<AccountKey, Broken> {
        let key = self.unwrap(account_key_place(account), wrapped)?;
        Ok(AccountKey { account, key })
    }

    /// A new secret for `purpose`, and how it is stored.
    pub fn new_secret(&self, purpose: Purpose) -> (Secret, Vec<u8>) {
        let key = random_key();
        let wrapped = self.wrap(secret_place(purpose), &key);
        (Secret::new(key), wrapped)
    }

    /// The secret for `purpose`, from how it is stored.
    pub fn secret(&self, purpose: Purpose, wrapped: &[u8]) -> Result<Secret, Broken> {
        Ok(Secret::new(self.unwrap(secret_place(purpose), wrapped)?))
    }

    /// An account's key wrapped with the current master key; `None` when it is already.
    pub fn rewrap_account_key(
        &self,
        account: AccountId,
        wrapped: &[u8],
    ) -> Result<Option<Vec<u8>>, Broken> {
        self.rewrap(account_key_place(account), wrapped)
    }

    /// A secret wrapped with the current master key; `None` when it is already.
    pub fn rewrap_secret(
        &self,
        purpose: Purpose,
        wrapped: &[u8],
    ) -> Result<Option<Vec<u8>>, Broken> {
        self.rewrap(secret_place(purpose), wrapped)
    }

    /// The password of a database role, the same for every process that has this key.
    pub fn role_password(&self, role: &str) -> Zeroizing<String> {
        let bytes = Zeroizing::new(expand::<KEY_BYTES>(self.current().1, b"database role\0", role));
        Zeroizing::new(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(*bytes))
    }

    fn current(&self) -> (u32, &[u8; KEY_BYTES]) {
        let (id, key) = &self.keys[0];
        (*id, key)
    }

    fn wrap(&self, place: Place, key: &[u8; KEY_BYTES]) -> Vec<u8> {
        let (id, master) = self.current();
        cipher::seal(master, id, place, key)
    }

    fn unwrap(&self, place: Place, wrapped: &[u8]) -> Result<Zeroizing<[u8; KEY_BYTES]>, Broken> {
        let id = cipher::key_id(wrapped)?;
        let (_, master) = self.keys.iter().find(|(known, _)| *known == id).ok_or(Broken)?;
        let key = Zeroizing::new(cipher::open(master, place, wrapped)?);
        Ok(Zeroizing::new(key.as_slice().try_into().map_err(|_| Broken)?))
    }

    fn rewrap(&self, place: Place, wrapped: &[u8]) -> Result<Option<Vec<u8>>, Broken> {
        if cipher::key_id(wrapped)? == self.current().0 {
            return Ok(None);
        }
        Ok(Some(self.wrap(place, &*self.unwrap(place, wrapped)?)))
    }
}

impl AccountKey {
    /// Whose key it is.
    pub const fn account(&self) -> AccountId {
        self.account
    }

    /// Two random numbers that stay the same for the account and `purpose`, and that nobody knows
    /// who has not the key (HKDF, RFC 5869).
    pub fn random_pair(&self, purpose: &str) -> [u32; 2] {
        [b"random pair 0\0", b"random pair 1\0"]
            .map(|which| u32::from_be_bytes(expand(&self.key, which, purpose)))
    }

    /// Seals `plain` for `row` and `column` of `table`.
    pub fn seal(
        &self,
        table: &'static str,
        column: &'static str,
        row: Uuid,
        plain: &[u8],
    ) -> Vec<u8> {
        let place = Place { account: self.account, table, column, row };
        cipher::seal(&self.key, FIRST_GENERATION, place, plain)
    }

    /// Opens what was sealed for the same place.
    pub fn open(
        &self,
        table: &'static str,
        column: &'static str,
        row: Uuid,
        sealed: &[u8],
    ) -> Result<Vec<u8>, Broken> {
        let place = Place { account: self.account, table, column, row };
        cipher::open(&self.key, place, sealed)
    }

    /// Seals one of a row of segments that `row` and `column` of `table` stand for.
    pub fn seal_segment(
        &self,
        table: &'static str,
        column: &'static str,
        row: Uuid,
        segment: Segment,
        plain: &[u8],
    ) -> Vec<u8> {
        let place = Place { account: self.account, table, column, row };
        cipher::seal_segment(&self.key, FIRST_GENERATION, place, segment, plain)
    }

    /// Opens what was sealed for the same place in the same row.
    pub fn open_segment(
        &self,
        table: &'static str,
        column: &'static str,
        row: Uuid,
        segment: Segment,
        sealed: &[u8],
    ) -> Result<Vec<u8>, Broken> {
        let place = Place { account: self.account, table, column, row };
        cipher::open_segment(&self.key, place, segment, sealed)
    }
}

/// So many bytes that follow from `key`, for one purpose (HKDF-Expand, RFC 5869).
///
/// # Panics
///
/// Never: the lengths are constants that HKDF takes.
#[allow(clippy::expect_used, reason = "fails above 8,160 bytes only")]
fn expand<const BYTES: usize>(key: &[u8; KEY_BYTES], kind: &[u8], name: &str) -> [u8; BYTES] {
    let mut bytes = [0; BYTES];
    let hkdf = Hkdf::<Sha256>::from_prk(key).expect("32 bytes are a fit key");
    hkdf.expand_multi_info(&[kind, name.as_bytes()], &mut bytes).expect("a fit output");
    bytes
}

fn account_key_place(account: AccountId) -> Place {
    let (table, column) = ("identity.account_keys", "wrapped");
    Place { account, table, column, row: account.into() }
}

fn secret_place(purpose: Purpose) -> Place {
    Place::of_server("ops.secrets", purpose.name(), Uuid::nil())
}

/// Tells master keys apart without telling anything of them.
fn fingerprint(key: &[u8; KEY_BYTES]) -> u32 {
    let digest =
        Sha256::new().chain_update(b"opentracks master key\0").chain_update(key).finalize();
    u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])
}

/// Secret, hence not shown.
impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKey({} keys)", self.keys.len())
    }
}

/// Secret, hence not shown.
impl fmt::Debug for AccountKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccountKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn master() -> MasterKey {
        MasterKey::parse_file(&MasterKey::generate_file()).unwrap()
    }

    #[test]
    fn a_stored_account_key_opens_what_it_sealed() {
        let (master, account, row) = (master(), AccountId::random(), Uuid::new_v4());
        let (key, wrapped) = master.new_account_key(account);
        let sealed = key.seal("vault.tracks", "track", row, b"where I live");
        let again = master.account_key(account, &wrapped).unwrap();
        assert_eq!(again.open("vault.tracks", "track", row, &sealed).unwrap(), b"where I live");
    }

    #[test]
    fn an_account_key_is_of_no_use_to_another_account_or_master() {
        let (master, account) = (master(), AccountId::random());
        let (_, wrapped) = master.new_account_key(account);
        assert!(master.account_key(AccountId::random(), &wrapped).is_err());
        assert!(self::master().account_key(account, &wrapped).is_err());
    }

    #[test]
    fn the_master_key_rotates() {
        let old_file = MasterKey::generate_file();
        let (old, account) = (MasterKey::parse_file(&old_file).unwrap(), AccountId::random());
        let (key, wrapped) = old.new_account_key(account);
        let sealed = key.seal("t", "c", Uuid::nil(), b"kept");

        let new_file = MasterKey::generate_file();
        let both = MasterKey::parse_file(&format!("{}{}", *new_file, *old_file)).unwrap();
        assert!(both.account_key(account, &wrapped).is_ok());
        let rewrapped = both.rewrap_account_key(account, &wrapped).unwrap().unwrap();
        assert_eq!(both.rewrap_account_key(account, &rewrapped), Ok(None));

        let new = MasterKey::parse_file(&new_file).unwrap();
        let key = new.account_key(account, &rewrapped).unwrap();
        assert_eq!(key.open("t", "c", Uuid::nil(), &sealed).unwrap(), b"kept");
    }

    #[test]
    fn a_file_without_a_sound_key_is_refused() {
        for text in ["", "\n", "not base64!", "c2hvcnQ="] {
            assert!(MasterKey::parse_file(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn role_passwords_differ_by_role_and_master() {
        let master = master();
        assert_eq!(master.role_password("owner"), master.role_password("owner"));
        assert_ne!(master.role_password("owner"), master.role_password("commons"));
        assert_ne!(master.role_password("owner"), self::master().role_password("owner"));
    }
}
