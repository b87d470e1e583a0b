//! Signing up by mailed code. What happens does not depend on whether the address is known.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};

use super::sign_in::{Tokens, issue};
use super::{Error, Service};
use crate::db::identity::{Code, NewSession, Profile, Registration};
use crate::db::ops::Rate;
use crate::domain::{AccountId, Email, Invalid, Password, PublicName, RegistrationId};
use crate::privacy::policy;

/// Mails to one address: a few at once, then one every ten minutes.
const MAILS_TO_ADDRESS: Rate = Rate { burst: 5, every: TimeDelta::minutes(10) };
/// Mails asked for from one network address.
const MAILS_FROM_NETWORK: Rate = Rate { burst: 60, every: TimeDelta::seconds(30) };
/// Codes tried for one address from one network address. A code bears many more from everywhere
/// together, so that a stranger does not use up the owner's.
const CODES_FOR_ADDRESS_FROM_NETWORK: Rate = Rate { burst: 6, every: TimeDelta::minutes(1) };

/// Someone who wants an account.
pub struct Applicant {
    /// Where the code goes.
    pub email: Email,
    /// What they typed as password.
    pub password: String,
    /// Who they say they are.
    pub profile: Profile,
    /// The policy version they accept.
    pub accept_policy: String,
}

impl Service {
    /// Keeps a registration and answers it by mail.
    pub async fn register(
        &self,
        applicant: Applicant,
        from: IpAddr,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        if applicant.accept_policy != policy::VERSION {
            let reason = "must be the version of the policy that is in force, see /privacy";
            return Err(Invalid { field: "accept_policy", reason }.into());
        }
        let Applicant { email, profile, .. } = applicant;
        let password = Password::chosen(applicant.password, &email, &profile.names())?;
        self.allow_mail(&email, from, now).await?;
        let registration = self.registration(email, password, profile, now).await?;
        Ok(self.db.insert_registration(&registration).await?)
    }

    /// Makes an account without a mailed code: for the operator. `None` when the address has one.
    pub async fn create_account(
        &self,
        email: Email,
        password: Password,
        profile: Profile,
        now: DateTime<Utc>,
    ) -> Result<Option<AccountId>, Error> {
        let registration = self.registration(email, password, profile, now).await?;
        Ok(self.db.insert_account(&registration, now).await??)
    }

    async fn registration(
        &self,
        email: Email,
        password: Password,
        profile: Profile,
        now: DateTime<Utc>,
    ) -> Result<Registration, Error> {
        Ok(Registration {
            id: RegistrationId::random(),
            password_hash: Some(self.passwords.hash(password).await?),
            email,
            profile,
            policy_version: policy::VERSION.to_owned(),
            asked_at: now,
        })
    }

    /// Makes the account whose mailed code this is, called `name` if that is given, and signs its device in.
    /// Only now it is told when a name is somebody's: who has not proved an address learns no names.
    pub async fn verify(
        &self,
        email: &Email,
        code: &str,
        name: Option<PublicName>,
        session: &NewSession,
        from: IpAddr,
        now: DateTime<Utc>,
    ) -> Result<Tokens, Error> {
        self.allow_code(email, from, now).await?;
        let code = Code::typed(code).ok_or(Error::Unauthenticated)?;
        let made = self.db.complete_registration(email, &code, name, session, now).await??;
        let (account, refresh) = made.ok_or(Error::Unauthenticated)?;
        self.db.know_network(account, from, now).await?;
        issue(&self.tokens, account, session.id, &refresh, now)
    }

    /// Counts one mail that was asked for.
    pub(super) async fn allow_mail(
        &self,
        email: &Email,
        from: IpAddr,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        self.allow("mail from", from.to_string().as_bytes(), MAILS_FROM_NETWORK, now).await?;
        self.allow("mail", email.as_str().as_bytes(), MAILS_TO_ADDRESS, now).await
    }

    /// Counts one code that was tried.
    pub(super) async fn allow_code(
        &self,
        email: &Email,
        from: IpAddr,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let subject = format!("{from} {}", email.as_str());
        self.allow("code", subject.as_bytes(), CODES_FOR_ADDRESS_FROM_NETWORK, now).await
    }
}
