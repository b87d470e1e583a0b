//! Share links: a token that opens one activity, and a pass for those who gave its password.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::random_bytes;
use super::secret::Secret;
use super::token::Refused;
use crate::domain::LinkId;

/// 192 bits: nobody finds a link by trying.
const TOKEN_BYTES: usize = 24;
/// How long a pass is good for.
pub const LINK_PASS_LIFETIME: TimeDelta = TimeDelta::hours(1);

/// What stands at the end of a share link. Whoever has it may look; only its hash is stored.
pub struct LinkToken([u8; TOKEN_BYTES]);

impl LinkToken {
    /// A fresh one.
    pub fn random() -> Self {
        Self(random_bytes())
    }

    /// The one that stands for a call that may be repeated: `bits` are a MAC, and as good as random to
    /// whoever has not the secret.
    pub fn from_random_bits(bits: [u8; TOKEN_BYTES]) -> Self {
        Self(bits)
    }

    /// Reads what [`LinkToken::to_text`] wrote.
    pub fn parse(text: &str) -> Result<Self, Refused> {
        let bytes = BASE64.decode(text).map_err(|_| Refused)?;
        Ok(Self(bytes.try_into().map_err(|_| Refused)?))
    }

    /// As it stands in an address.
    pub fn to_text(&self) -> String {
        BASE64.encode(self.0)
    }

    /// What is stored and looked up. SHA-256 is enough: there is nothing to guess in a random token.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }
}

/// Shows that its holder gave the password of a link. It is good for an hour, and no longer than the
/// password.
pub struct LinkPass {
    expires_at: DateTime<Utc>,
    tag: [u8; 32],
}

impl LinkPass {
    /// For who gave the password that has this hash.
    pub fn make(secret: &Secret, link: LinkId, password_hash: &str, now: DateTime<Utc>) -> Self {
        // In whole seconds, as it is written.
        let expires_s = (now + LINK_PASS_LIFETIME).timestamp();
        let expires_at = DateTime::from_timestamp(expires_s, 0).unwrap_or(now);
        Self { expires_at, tag: secret.mac(&parts(link, password_hash, expires_at)) }
    }

    /// Whether it is for this link with this password, and still good.
    pub fn opens(
        &self,
        secret: &Secret,
        link: LinkId,
        password_hash: &str,
        now: DateTime<Utc>,
    ) -> bool {
        let parts = parts(link, password_hash, self.expires_at);
        now < self.expires_at && secret.verify(&parts, &self.tag)
    }

    /// The pass as the client keeps it.
    pub fn to_text(&self) -> String {
        BASE64.encode([&self.expires_at.timestamp().to_be_bytes()[..], &self.tag].concat())
    }

    /// Reads what [`LinkPass::to_text`] wrote; nothing is proved yet.
    pub fn parse(text: &str) -> Result<Self, Refused> {
        let bytes = BASE64.decode(text).map_err(|_| Refused)?;
        let (expires_s, tag) = bytes.split_first_chunk::<8>().ok_or(Refused)?;
        let expires_at = DateTime::from_timestamp(i64::from_be_bytes(*expires_s), 0);
        Ok(Self {
            expires_at: expires_at.ok_or(Refused)?,
            tag: tag.try_into().map_err(|_| Refused)?,
        })
    }
}

/// What the tag covers.
fn parts(link: LinkId, password_hash: &str, expires_at: DateTime<Utc>) -> [Vec<u8>; 3] {
    [
        Uuid::from(link).as_bytes().to_vec(),
        password_hash.as_bytes().to_vec(),
        expires_at.timestamp().to_be_bytes().to_vec(),
    ]
}

/// Secret, hence not shown.
impl fmt::Debug for LinkToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkToken(…)")
    }
}

/// Secret, hence not shown.
impl fmt::Debug for LinkPass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkPass(…)")
    }
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    #[test]
    fn a_token_is_read_as_it_was_written_and_nothing_else_is_one() {
        let token = LinkToken::random();
        assert_eq!(LinkToken::parse(&token.to_text()).unwrap().hash(), token.hash());
        assert_ne!(LinkToken::random().hash(), token.hash());
        for text in ["", "null", "AAAA", &token.to_text()[1..], &format!("{}A", token.to_text())] {
            assert!(LinkToken::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_pass_opens_its_link_with_its_password_in_its_time() {
        let [secret, other] = [7, 8].map(|byte| Secret::new(Zeroizing::new([byte; 32])));
        let (link, now) = (LinkId::random(), DateTime::from_timestamp(1_800_000_000, 5).unwrap());
        let pass = LinkPass::make(&secret, link, "hash", now);
        let pass = LinkPass::parse(&pass.to_text()).unwrap();
        assert!(pass.opens(&secret, link, "hash", now));
        assert!(!pass.opens(&other, link, "hash", now));
        assert!(!pass.opens(&secret, LinkId::random(), "hash", now));
        assert!(!pass.opens(&secret, link, "another", now));
        assert!(!pass.opens(&secret, link, "hash", now + LINK_PASS_LIFETIME));
        let longer = LinkPass { expires_at: pass.expires_at + TimeDelta::days(1), ..pass };
        assert!(!longer.opens(&secret, link, "hash", now));
    }
}
