//! Signing in, staying signed in, and choosing a new password.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{Error, Service};
use crate::db::identity::{Code, Credentials, NewSession, Rotation};
use crate::db::ops::Rate;
use crate::domain::{Access, AccountId, Email, EntryId, Password, SessionId};
use crate::seal::{ACCESS_TOKEN_LIFETIME, AccessTokens, RefreshToken};

/// Passwords tried for one address, from one network address: guessing is slow, and who guesses
/// elsewhere does not lock the owner out.
const TRIES_FOR_ADDRESS_FROM_NETWORK: Rate = Rate { burst: 10, every: TimeDelta::seconds(30) };
/// Passwords tried for one address from anywhere. Past it, only who knows the password and is where the account
/// has lately signed in gets in: many networks do not lock the owner out at home.
const TRIES_FOR_ADDRESS: Rate = Rate { burst: 100, every: TimeDelta::seconds(30) };
/// Passwords tried from one network address, for any account.
const TRIES_FROM_NETWORK: Rate = Rate { burst: 100, every: TimeDelta::seconds(2) };

/// New passwords hashed for one network address.
const RESETS_FROM_NETWORK: Rate = Rate { burst: 30, every: TimeDelta::seconds(10) };

/// Failed attempts to sign in that the log of one account tells.
const LOGGED_FAILURES: Rate = Rate { burst: 60, every: TimeDelta::minutes(10) };

/// What a signed-in device gets.
pub struct Tokens {
    /// Good for some minutes.
    pub access: String,
    /// Gets the next pair.
    pub refresh: String,
    /// How long the access token is good for.
    pub expires_in: TimeDelta,
    /// Whose they are.
    pub account: AccountId,
}

impl Service {
    /// Signs a device in.
    pub async fn sign_in(
        &self,
        email: &Email,
        password: Password,
        session: &NewSession,
        from: IpAddr,
        now: DateTime<Utc>,
    ) -> Result<Tokens, Error> {
        // Whoever finds another hash than the one they verified looks again: it was chosen or renewed
        // meanwhile.
        for _ in 0..2 {
            let credentials = self.verified(email, password.clone(), from, now).await?;
            // Only who knows the password learns that the account is being left.
            match credentials.erase_at {
                Some(erase_at) if now < erase_at => return Err(Error::Leaving(erase_at)),
                Some(_) => return Err(Error::Unauthenticated),
                None => {}
            }
            let (account, hash) =
                (credentials.account, credentials.password_hash.unwrap_or_default());
            if let Some(refresh) = self.db.insert_session(account, &hash, session, now).await? {
                self.renew_hash(account, password, &hash).await?;
                return issue(&self.tokens, account, session.id, &refresh, now);
            }
        }
        Err(Error::Unauthenticated)
    }

    /// Tells the log of the account of `email`, if it has one, that somebody had not the password. Of very
    /// many attempts some are told, so that the log stays readable.
    pub async fn log_failed_sign_in(
        &self,
        email: &Email,
        entry: EntryId,
        at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let Some(account) = self.db.account_of(email).await? else { return Ok(()) };
        let subject = Uuid::from(account);
        match self.allow("log sign in", subject.as_bytes(), LOGGED_FAILURES, now).await {
            Ok(()) => {
                Ok(self.db.log_access_once(account, entry, &Access::SignInFailed, at).await?)
            }
            Err(Error::Throttled(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The credentials that an address and a password are right for, which some are tried of.
    pub(super) async fn verified(
        &self,
        email: &Email,
        password: Password,
        from: IpAddr,
        now: DateTime<Utc>,
    ) -> Result<Credentials, Error> {
        let (address, network) = (email.as_str(), from.to_string());
        let both = format!("{network} {address}");
        self.allow("sign in from", network.as_bytes(), TRIES_FROM_NETWORK, now).await?;
        // What is refused here does not count against the address.
        self.allow("sign in at", both.as_bytes(), TRIES_FOR_ADDRESS_FROM_NETWORK, now).await?;
        let tries = self.db.throttle("sign in", address.as_bytes(), TRIES_FOR_ADDRESS, now).await?;
        let credentials = self.db.credentials(email).await?;
        let account = credentials.as_ref().map(|known| known.account);
        let is_known = self.db.knows_network(account, from).await?;
        let hash = credentials.as_ref().and_then(|known| known.password_hash.as_deref());
        let matches = self.passwords.verify(password, hash).await?;
        // The same work and the same answer for all who do not get in: whether or not the address has an account,
        // wherever that has signed in, and also to the right password past the limit, which is told to nobody.
        let gets_in = matches && (tries.is_ok() || is_known);
        let Some(known) = credentials.filter(|_| gets_in) else {
            self.db.enqueue_failed_sign_in(email, account, now).await?;
            tries.map_err(Error::Throttled)?;
            return Err(Error::Unauthenticated);
        };
        self.db.know_network(known.account, from, now).await?;
        Ok(known)
    }

    /// Hashes a password anew that was hashed in an older way.
    async fn renew_hash(
        &self,
        account: AccountId,
        password: Password,
        hash: &str,
    ) -> Result<(), Error> {
        if self.passwords.is_outdated(hash) {
            let renewed = self.passwords.hash(password).await?;
            self.db.renew_password_hash(account, hash, &renewed).await?;
        }
        Ok(())
    }

    /// Gives the next tokens for a refresh token.
    pub async fn refresh(&self, token: &str, now: DateTime<Utc>) -> Result<Tokens, Error> {
        let token = RefreshToken::parse(token)?;
        match self.db.rotate_session(&token, now).await? {
            Rotation::Next(next) => issue(&self.tokens, token.account, token.session, &next, now),
            Rotation::Reused | Rotation::Unknown => Err(Error::Unauthenticated),
        }
    }

    /// Answers a forgotten password by mail.
    pub async fn forgot_password(
        &self,
        email: &Email,
        from: IpAddr,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        self.allow_mail(email, from, now).await?;
        Ok(self.db.ask_password_reset(email, now).await?)
    }

    /// Keeps a new password for who holds the mailed code, and signs every device out.
    pub async fn reset_password(
        &self,
        email: &Email,
        code: &str,
        password: String,
        from: IpAddr,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        self.allow("reset from", from.to_string().as_bytes(), RESETS_FROM_NETWORK, now).await?;
        self.allow_code(email, from, now).await?;
        let password = Password::chosen(password, email, &[])?;
        let code = Code::typed(code).ok_or(Error::Unauthenticated)?;
        let holder = self.db.try_reset_code(email, &code, now).await?;
        let profile = holder.ok_or(Error::Unauthenticated)?;
        // Only who holds the code has a password hashed, and learns that it is made of names.
        password.check(email, &profile.names())?;
        let hash = self.passwords.hash(password).await?;
        let kept = self.db.reset_password(email, &code, &hash, from, now).await?;
        kept.then_some(()).ok_or(Error::Unauthenticated)
    }
}

/// A pair of tokens for a session.
pub(super) fn issue(
    tokens: &AccessTokens,
    account: AccountId,
    session: SessionId,
    refresh: &RefreshToken,
    now: DateTime<Utc>,
) -> Result<Tokens, Error> {
    let access = tokens.issue(account, session, now)?;
    let expires_in = ACCESS_TOKEN_LIFETIME;
    Ok(Tokens { access, refresh: refresh.to_text(), expires_in, account })
}
