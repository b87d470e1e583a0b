//! Registrations that wait for their mailed code. Nothing is an account before its address is
//! proved.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::accounts::{self, Profile, parse_locale};
use super::codes::{ATTEMPTS_MAX, Code};
use super::email_hash;
use super::sessions::{self, NewSession};
use crate::db::ops::{Job, enqueue};
use crate::db::schema::identity::{accounts as accounts_table, addresses, registrations};
use crate::db::stop::outcome;
use crate::db::{Db, Error};
use crate::domain::{
    AccountId, Email, Invalid, Letter, Locale, PersonName, PublicName, RegistrationId, Subject,
};
use crate::privacy::retention;
use crate::seal::RefreshToken;

const TABLE: &str = "identity.registrations";

/// What someone asked for who has not proved their address.
pub struct Registration {
    /// Its id.
    pub id: RegistrationId,
    /// The address to prove.
    pub email: Email,
    /// Argon2id, as a PHC string; `None` when it cannot be told whose the password is.
    pub password_hash: Option<String>,
    /// Who they say they are.
    pub profile: Profile,
    /// The policy that was accepted.
    pub policy_version: String,
    /// When it was asked for, and the policy accepted.
    pub asked_at: DateTime<Utc>,
}

#[derive(Serialize, Deserialize)]
struct Content {
    email: String,
    password_hash: Option<String>,
    public_name: String,
    given_name: Option<String>,
    family_name: Option<String>,
    locale: Locale,
    policy_version: String,
    asked_at: DateTime<Utc>,
}

impl Db {
    /// Keeps a registration and enqueues what answers it. The same work whether or not the address
    /// has an account: only the job looks.
    pub async fn insert_registration(&self, registration: &Registration) -> Result<(), Error> {
        let conn = &mut *self.conn().await?;
        let id = registration.id;
        let content = serde_json::to_vec(&Content::from(registration))
            .map_err(|_| Error::Corrupt("identity.registrations.content"))?;
        conn.transaction(async |conn| {
            diesel::insert_into(registrations::table)
                .values((
                    registrations::registration_id.eq(Uuid::from(id)),
                    registrations::email_hash.eq(email_hash(&self.keyring, &registration.email)),
                    registrations::content.eq(self.keyring.queue.seal(
                        TABLE,
                        "content",
                        id.into(),
                        &content,
                    )),
                    registrations::attempts_left.eq(ATTEMPTS_MAX),
                    registrations::expires_at.eq(registration.asked_at + retention::REGISTRATION),
                ))
                .execute(conn)
                .await?;
            let job = Job::AnswerRegistration { registration: id };
            enqueue(conn, &self.keyring, None, &job, registration.asked_at).await
        })
        .await
    }

    /// Writes to who registered: a code, or, where the address has an account, that it has. Does
    /// nothing the second time.
    pub async fn answer_registration(
        &self,
        id: RegistrationId,
        code: &Code,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let conn = &mut *self.conn().await?;
        conn.transaction(async |conn| {
            let row = registrations::table
                .find(Uuid::from(id))
                .filter(registrations::code_hash.is_null())
                .select((registrations::email_hash, registrations::content))
                .for_update()
                .first::<(Vec<u8>, Vec<u8>)>(conn)
                .await
                .optional()?;
            let Some((hash, content)) = row else { return Ok(()) };
            let registration = self.open_registration(id, &content)?;
            let known = accounts_table::table
                .inner_join(
                    addresses::table.on(addresses::account_id.eq(accounts_table::account_id)),
                )
                .filter(addresses::email_hash.eq(hash))
                .select(accounts_table::locale)
                .first::<String>(conn)
                .await
                .optional()?;
            let (locale, subject) = if let Some(locale) = known {
                diesel::delete(registrations::table.find(Uuid::from(id))).execute(conn).await?;
                // In the language of the account: it is its owner who reads it.
                (parse_locale(&locale)?, Subject::AlreadyRegistered)
            } else {
                diesel::update(registrations::table.find(Uuid::from(id)))
                    .set((
                        registrations::code_hash.eq(code.hash(&self.keyring, id.into())),
                        registrations::expires_at.eq(now + retention::MAILED_CODE),
                    ))
                    .execute(conn)
                    .await?;
                let public_name = registration.profile.public_name.as_str().to_owned();
                let subject = Subject::SignUp { code: code.as_str().to_owned(), public_name };
                (registration.profile.locale, subject)
            };
            let letter = Letter { to: registration.email.as_str().to_owned(), locale, subject };
            enqueue(conn, &self.keyring, None, &Job::SendMail(letter), now).await
        })
        .await
    }

    /// Makes the account whose mailed code this is, and its first session. `None` when no waiting
    /// registration of `email` has that code; each wrong code uses up an attempt of all of them. Nothing is
    /// done when its name is somebody else's: then the same code is good with another `name`.
    pub async fn complete_registration(
        &self,
        email: &Email,
        code: &Code,
        name: Option<PublicName>,
        session: &NewSession,
        now: DateTime<Utc>,
    ) -> Result<Result<Option<(AccountId, RefreshToken)>, Invalid>, Error> {
        let conn = &mut *self.conn().await?;
        let hash = email_hash(&self.keyring, email);
        let completed = conn.transaction(async |conn| {
            let found = self.registration_with(conn, &hash, code, now).await?;
            let Some(mut registration) = found else { return Ok(None) };
            if let Some(name) = name {
                registration.profile.public_name = name;
            }
            let account = AccountId::random();
            if !accounts::insert(conn, &self.keyring, account, &registration, now).await? {
                return Ok(None);
            }
            diesel::delete(registrations::table.filter(registrations::email_hash.eq(hash)))
                .execute(conn)
                .await?;
            let token = sessions::insert(conn, &self.keyring, account, session, now).await?;
            Ok(Some((account, token)))
        });
        outcome(completed.await)
    }

    async fn registration_with(
        &self,
        conn: &mut AsyncPgConnection,
        email_hash: &[u8],
        code: &Code,
        now: DateTime<Utc>,
    ) -> Result<Option<Registration>, Error> {
        let waiting: Vec<(Uuid, Vec<u8>, Vec<u8>)> = diesel::update(
            registrations::table
                .filter(registrations::email_hash.eq(email_hash))
                .filter(registrations::expires_at.gt(now))
                .filter(registrations::attempts_left.gt(0))
                .filter(registrations::code_hash.is_not_null()),
        )
        .set(registrations::attempts_left.eq(registrations::attempts_left - 1))
        .returning((
            registrations::registration_id,
            registrations::content,
            registrations::code_hash.assume_not_null(),
        ))
        .get_results(conn)
        .await?;
        let matching = waiting.iter().find(|(id, _, hash)| code.matches(&self.keyring, *id, hash));
        let Some((id, content, _)) = matching else { return Ok(None) };
        let mut registration = self.open_registration((*id).into(), content)?;
        if waiting.len() > 1 {
            // Somebody else may have asked for this address too, and theirs may be the code that was
            // typed. Then the password is nobody's: the owner of the address chooses one by mail.
            registration.password_hash = None;
        }
        Ok(Some(registration))
    }

    fn open_registration(&self, id: RegistrationId, sealed: &[u8]) -> Result<Registration, Error> {
        let json = self.keyring.queue.open(TABLE, "content", id.into(), sealed)?;
        serde_json::from_slice::<Content>(&json)
            .ok()
            .and_then(|content| content.parse(id))
            .ok_or(Error::Corrupt("identity.registrations.content"))
    }
}

impl From<&Registration> for Content {
    fn from(registration: &Registration) -> Self {
        let name = |name: &Option<PersonName>| name.as_ref().map(|name| name.as_str().to_owned());
        let profile = &registration.profile;
        Self {
            email: registration.email.as_str().to_owned(),
            password_hash: registration.password_hash.clone(),
            public_name: profile.public_name.as_str().to_owned(),
            given_name: name(&profile.given_name),
            family_name: name(&profile.family_name),
            locale: profile.locale,
            policy_version: registration.policy_version.clone(),
            asked_at: registration.asked_at,
        }
    }
}

impl Content {
    fn parse(self, id: RegistrationId) -> Option<Registration> {
        let name = |name: Option<String>| {
            name.map(|name| PersonName::try_from(name.as_str()).ok())
                .map_or(Some(None), |name| name.map(Some))
        };
        Some(Registration {
            id,
            email: Email::try_from(self.email.as_str()).ok()?,
            password_hash: self.password_hash,
            profile: Profile {
                public_name: PublicName::try_from(self.public_name.as_str()).ok()?,
                given_name: name(self.given_name)?,
                family_name: name(self.family_name)?,
                locale: self.locale,
            },
            policy_version: self.policy_version,
            asked_at: self.asked_at,
        })
    }
}

/// A registration is older than its code by the time its job took; the code's own time decides.
const _: () = assert!(TimeDelta::num_seconds(&retention::MAILED_CODE) <= 600);
