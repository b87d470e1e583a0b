//! Putting right what an account holds: its profile, its password, its address.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{Error, Service};
use crate::db::identity::{Account, BothCodes, Code, ProfileChange, Unchanged};
use crate::db::ops::Rate;
use crate::domain::{AccountId, Email, Invalid, Password, SessionId};

/// Passwords that one account tries to replace.
const TRIES: Rate = Rate { burst: 10, every: TimeDelta::seconds(30) };
/// Public names that one account asks for: who tries whose are taken is slowed down.
const NAMES: Rate = Rate { burst: 20, every: TimeDelta::minutes(10) };
/// Addresses that one account wants.
const ADDRESSES: Rate = Rate { burst: 5, every: TimeDelta::minutes(10) };
/// Pairs of codes that one account tries.
const CODES: Rate = Rate { burst: 6, every: TimeDelta::minutes(1) };

/// A password in the place of another.
pub struct NewPassword {
    /// The one before, as it was typed.
    pub current: Password,
    /// The new one, as it was typed.
    pub new: String,
}

impl Service {
    /// Changes the fields of a profile that `change` names, if the account is as `expected`.
    pub async fn change_profile(
        &self,
        account: AccountId,
        expected: impl Fn(&Account) -> bool + Send + Sync,
        change: ProfileChange,
        now: DateTime<Utc>,
    ) -> Result<Account, Error> {
        if change.public_name.is_some() {
            self.allow("names", Uuid::from(account).as_bytes(), NAMES, now).await?;
        }
        match self.db.change_profile(account, expected, change, now).await? {
            Ok(changed) => Ok(changed),
            Err(Unchanged::Stale) => Err(Error::Stale),
            Err(Unchanged::Invalid(invalid)) => Err(invalid.into()),
        }
    }

    /// Keeps a new password for who knows the one before, and signs every other device out.
    pub async fn change_password(
        &self,
        account: AccountId,
        session: SessionId,
        passwords: NewPassword,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        self.allow("change password", Uuid::from(account).as_bytes(), TRIES, now).await?;
        let owner = self.db.account(account).await?.ok_or(Error::Unauthenticated)?;
        let NewPassword { current, new } = passwords;
        let new = Password::chosen(new, &owner.email, &owner.profile.names())
            .map_err(|invalid| Invalid { field: "new", ..invalid })?;
        let hash = self.db.password_hash(account).await?;
        if !self.passwords.verify(current, hash.as_deref()).await? {
            return Err(Error::Unauthenticated);
        }
        let before = hash.ok_or(Error::Unauthenticated)?;
        let after = self.passwords.hash(new).await?;
        let hashes = [before.as_str(), after.as_str()];
        let kept = self.db.change_password(account, session, hashes, &owner.email, now).await?;
        kept.then_some(()).ok_or(Error::Unauthenticated)
    }

    /// Answers the wish for another address by mails to both.
    pub async fn ask_email_change(
        &self,
        account: AccountId,
        email: &Email,
        from: IpAddr,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        self.allow("addresses", Uuid::from(account).as_bytes(), ADDRESSES, now).await?;
        self.allow_mail(email, from, now).await?;
        let owner = self.db.account(account).await?.ok_or(Error::Missing)?;
        if owner.email == *email {
            return Err(Invalid { field: "email", reason: "must be another address" }.into());
        }
        Ok(self.db.ask_email_change(account, email, now).await?)
    }

    /// Gives an account the address that waits, for who holds the codes mailed to both.
    pub async fn change_email(
        &self,
        account: AccountId,
        old_code: &str,
        new_code: &str,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        self.allow("address codes", Uuid::from(account).as_bytes(), CODES, now).await?;
        let code = |typed| Code::typed(typed).ok_or(Error::Unauthenticated);
        let codes = BothCodes { old: code(old_code)?, new: code(new_code)? };
        let changed = self.db.change_email(account, &codes, now).await?;
        changed.then_some(()).ok_or(Error::Unauthenticated)
    }
}
