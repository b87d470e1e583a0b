//! Tokens: short-lived signed ones for access, rotating ones to get the next.

use std::fmt;
use std::sync::{PoisonError, RwLock};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use chrono::{DateTime, TimeDelta, Utc};
use ed25519_dalek::SigningKey;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::ed25519;
use super::secret::Secret;
use crate::domain::{AccountId, SessionId};

/// How long an access token is good for.
pub const ACCESS_TOKEN_LIFETIME: TimeDelta = TimeDelta::minutes(5);
/// How far the clocks of two servers may stand apart.
const CLOCK_SKEW: TimeDelta = TimeDelta::seconds(5);
/// What an access token is, so that no other signed thing is taken for one (RFC 9068).
const TOKEN_TYPE: &str = "at+jwt";
/// Whom an access token is for.
const AUDIENCE: &str = "opentracks-api";
/// The longest token that is looked at, in bytes; ours have about 450.
const TOKEN_BYTES_MAX: usize = 2_048;

/// A token that is not ours, or no longer good. It does not say which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the token is not valid")]
pub struct Refused;

/// Issues and checks access tokens: JWT signed with Ed25519 (RFC 7519, RFC 8037).
pub struct AccessTokens {
    issuer: String,
    keys: RwLock<Vec<TokenKey>>,
}

/// A generation of the key that signs access tokens.
pub struct TokenSecret {
    /// Its number, from 1.
    pub generation: i32,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// The key.
    pub secret: Secret,
}

/// How old a key is before it signs: by then every process checks with it too.
const SIGNS_AFTER: TimeDelta = TimeDelta::minutes(1);

/// One generation of the signing key, as the library takes it.
struct TokenKey {
    id: String,
    created_at: DateTime<Utc>,
    signing: EncodingKey,
    checking: DecodingKey,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: AccountId,
    sid: SessionId,
    iat: i64,
    nbf: i64,
    exp: i64,
}

impl AccessTokens {
    /// Tokens of `issuer`, checked with all of `generations` (the newest first) and signed with the
    /// newest that is known everywhere.
    pub fn new(issuer: String, generations: &[TokenSecret]) -> Self {
        ed25519::install();
        Self { issuer, keys: RwLock::new(token_keys(generations)) }
    }

    /// Takes over a changed set of keys.
    pub fn reload(&self, generations: &[TokenSecret]) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = token_keys(generations);
    }

    /// A token for `session` of `account`, good from `now` for [`ACCESS_TOKEN_LIFETIME`].
    pub fn issue(
        &self,
        account: AccountId,
        session: SessionId,
        now: DateTime<Utc>,
    ) -> Result<String, Refused> {
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: AUDIENCE.to_owned(),
            sub: account,
            sid: session,
            iat: now.timestamp(),
            nbf: now.timestamp(),
            exp: (now + ACCESS_TOKEN_LIFETIME).timestamp(),
        };
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let known = keys.iter().find(|key| key.created_at + SIGNS_AFTER <= now);
        let key = known.or(keys.last()).ok_or(Refused)?;
        let header = Header {
            typ: Some(TOKEN_TYPE.to_owned()),
            kid: Some(key.id.clone()),
            ..Header::new(Algorithm::EdDSA)
        };
        jsonwebtoken::encode(&header, &claims, &key.signing).map_err(|_| Refused)
    }

    /// Whose session `token` speaks for. Whether the session still stands is for the caller to ask.
    pub fn check(
        &self,
        token: &str,
        now: DateTime<Utc>,
    ) -> Result<(AccountId, SessionId), Refused> {
        if TOKEN_BYTES_MAX < token.len() {
            return Err(Refused);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| Refused)?;
        if header.typ.as_deref() != Some(TOKEN_TYPE) {
            return Err(Refused);
        }
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let key = keys.iter().find(|key| header.kid.as_ref() == Some(&key.id)).ok_or(Refused)?;
        let claims = jsonwebtoken::decode::<Claims>(token, &key.checking, &self.validation())
            .map_err(|_| Refused)?
            .claims;
        let now = now.timestamp();
        let skew = CLOCK_SKEW.num_seconds();
        let timely = claims.nbf <= now + skew && now < claims.exp + skew;
        timely.then_some((claims.sub, claims.sid)).ok_or(Refused)
    }

    /// Algorithm, issuer and audience are ours to choose, never the token's. The times are compared
    /// above, with the clock that the caller gives.
    fn validation(&self) -> Validation {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp", "nbf"]);
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation
    }
}

fn token_keys(generations: &[TokenSecret]) -> Vec<TokenKey> {
    generations
        .iter()
        .map(|TokenSecret { generation, created_at, secret }| {
            let signing = SigningKey::from_bytes(secret.seed());
            TokenKey {
                id: generation.to_string(),
                created_at: *created_at,
                signing: EncodingKey::from_ed_der(secret.seed()),
                checking: DecodingKey::from_ed_der(signing.verifying_key().as_bytes()),
            }
        })
        .collect()
}

/// A refresh token: which session, which generation of it, and a tag that proves both.
///
/// The tag is a MAC with the server's secret over a random salt that the session row holds, so
/// that neither a copy of the database nor the secret alone makes a token; and the answer to a
/// repeated request is the same token again, which is how a phone with a bad line is not locked
/// out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RefreshToken {
    /// Whose session.
    pub account: AccountId,
    /// Which session.
    pub session: SessionId,
    /// How many tokens this session has had, from 1.
    pub generation: i32,
    tag: [u8; 32],
}

/// The length of a session's salt, in bytes.
pub const SALT_BYTES: usize = 16;

impl RefreshToken {
    /// Makes the token of one generation of a session.
    pub fn make(
        secret: &Secret,
        account: AccountId,
        session: SessionId,
        generation: i32,
        salt: &[u8],
    ) -> Self {
        let tag = secret.mac(&parts(account, session, generation, salt));
        Self { account, session, generation, tag }
    }

    /// Whether this server made the token for the session that has `salt`.
    pub fn is_genuine(&self, secret: &Secret, salt: &[u8]) -> bool {
        let parts = parts(self.account, self.session, self.generation, salt);
        secret.verify(&parts, &self.tag)
    }

    /// The token as the client keeps it.
    pub fn to_text(&self) -> String {
        let (account, session) = (Uuid::from(self.account), Uuid::from(self.session));
        let generation = self.generation.to_be_bytes();
        BASE64.encode([account.as_bytes(), session.as_bytes(), &generation[..], &self.tag].concat())
    }

    /// Reads what [`RefreshToken::to_text`] wrote; nothing is proved yet.
    pub fn parse(text: &str) -> Result<Self, Refused> {
        let bytes = BASE64.decode(text).map_err(|_| Refused)?;
        let (account, rest) = bytes.split_first_chunk::<16>().ok_or(Refused)?;
        let (session, rest) = rest.split_first_chunk::<16>().ok_or(Refused)?;
        let (generation, tag) = rest.split_first_chunk::<4>().ok_or(Refused)?;
        Ok(Self {
            account: Uuid::from_bytes(*account).into(),
            session: Uuid::from_bytes(*session).into(),
            generation: i32::from_be_bytes(*generation),
            tag: tag.try_into().map_err(|_| Refused)?,
        })
    }
}

/// What the tag covers. Fixed lengths in a fixed order.
fn parts(account: AccountId, session: SessionId, generation: i32, salt: &[u8]) -> [Vec<u8>; 4] {
    [
        Uuid::from(account).as_bytes().to_vec(),
        Uuid::from(session).as_bytes().to_vec(),
        generation.to_be_bytes().to_vec(),
        salt.to_vec(),
    ]
}

/// Secret, hence not shown.
impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshToken(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::{MasterKey, Purpose};

    fn secret() -> Secret {
        let master = MasterKey::parse_file(&MasterKey::generate_file()).unwrap();
        master.new_secret(Purpose::AccessToken).0
    }

    fn generation(generation: i32, secret: Secret, created_at: DateTime<Utc>) -> TokenSecret {
        TokenSecret { generation, created_at, secret }
    }

    fn tokens() -> AccessTokens {
        AccessTokens::new("http://localhost".to_owned(), &[generation(1, secret(), now())])
    }

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    #[test]
    fn a_token_names_its_session_until_it_expires() {
        let (tokens, account, session) = (tokens(), AccountId::random(), SessionId::random());
        let token = tokens.issue(account, session, now()).unwrap();
        assert_eq!(tokens.check(&token, now()), Ok((account, session)));
        let end = now() + ACCESS_TOKEN_LIFETIME + CLOCK_SKEW;
        assert!(tokens.check(&token, end - TimeDelta::seconds(1)).is_ok());
        assert_eq!(tokens.check(&token, end), Err(Refused));
        assert_eq!(tokens.check(&token, now() - TimeDelta::seconds(6)), Err(Refused));
    }

    #[test]
    fn a_rotated_key_still_checks_and_a_dropped_one_does_not() {
        let master = MasterKey::parse_file(&MasterKey::generate_file()).unwrap();
        let (old, stored) = master.new_secret(Purpose::AccessToken);
        let old = [generation(1, old, now())];
        let tokens = AccessTokens::new("http://localhost".to_owned(), &old);
        let token = tokens.issue(AccountId::random(), SessionId::random(), now()).unwrap();

        let old = master.secret(Purpose::AccessToken, &stored).unwrap();
        tokens.reload(&[generation(2, secret(), now()), generation(1, old, now())]);
        assert!(tokens.check(&token, now()).is_ok());
        let signer = |at| {
            let token = tokens.issue(AccountId::random(), SessionId::random(), at).unwrap();
            jsonwebtoken::decode_header(&token).unwrap().kid.unwrap()
        };
        // Other processes may not know the new key yet.
        assert_eq!([signer(now()), signer(now() + SIGNS_AFTER)], ["1", "2"]);

        tokens.reload(&[generation(2, secret(), now())]);
        assert_eq!(tokens.check(&token, now()), Err(Refused));
    }

    #[test]
    fn a_refresh_token_is_the_same_each_time_it_is_made() {
        let (secret, account, session) = (secret(), AccountId::random(), SessionId::random());
        let make = |generation, salt: &[u8]| {
            RefreshToken::make(&secret, account, session, generation, salt).to_text()
        };
        assert_eq!(make(2, b"salt"), make(2, b"salt"));
        assert_ne!(make(2, b"salt"), make(3, b"salt"));
        assert_ne!(make(2, b"salt"), make(2, b"tlas"));
    }

    #[test]
    fn a_forged_refresh_token_is_not_genuine() {
        let (secret, account, session) = (secret(), AccountId::random(), SessionId::random());
        let token = RefreshToken::make(&secret, account, session, 2, b"salt");
        let read = RefreshToken::parse(&token.to_text()).unwrap();
        assert!(read.is_genuine(&secret, b"salt"));
        assert!(!RefreshToken { generation: 3, ..read }.is_genuine(&secret, b"salt"));
        assert!(
            !RefreshToken { session: SessionId::random(), ..read }.is_genuine(&secret, b"salt")
        );
        assert!(!read.is_genuine(&self::secret(), b"salt"));
        for text in ["", "not a token", &token.to_text()[1..]] {
            assert_eq!(RefreshToken::parse(text).map(|_| ()), Err(Refused));
        }
    }
}
