//! Another address for an account: confirmed from the one before and from the new one.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::result::DatabaseErrorKind::UniqueViolation;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::accounts::{self, Account, account_key, parse_locale};
use super::codes::{ATTEMPTS_MAX, Code};
use super::email_hash;
use super::profiles::{self, Private};
use crate::db::ops::{Job, enqueue};
use crate::db::schema::identity::{
    accounts as accounts_table, addresses, codes, email_changes, registrations,
};
use crate::db::vault::log_access;
use crate::db::{Db, Error};
use crate::domain::{Access, AccountId, Email, Letter, Subject};
use crate::privacy::retention;

const TABLE: &str = "identity.email_changes";

/// The codes that were mailed to both addresses.
pub struct BothCodes {
    /// To the one before.
    pub old: Code,
    /// To the new one.
    pub new: Code,
}

/// A change that waits: the address, and the hashes of both codes.
type Waiting = (Vec<u8>, Vec<u8>, Vec<u8>);

impl Db {
    /// Enqueues what answers the wish for another address. The same work whether or not that address has
    /// an account: only the job looks.
    pub async fn ask_email_change(
        &self,
        account: AccountId,
        email: &Email,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let job = Job::AnswerEmailChange { account, email: email.as_str().to_owned() };
        enqueue(&mut *self.conn().await?, &self.keyring, Some(account), &job, now).await
    }

    /// Mails a code to both addresses; where the new one has an account, its owner is told that instead,
    /// and nobody has the second code. Codes sent before are void then.
    pub async fn answer_email_change(
        &self,
        account: AccountId,
        email: &Email,
        codes: &BothCodes,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let conn = &mut *self.conn().await?;
        conn.transaction(async |conn| {
            let row = accounts_table::table.find(Uuid::from(account));
            let held = row.select(accounts_table::account_id).for_no_key_update();
            if held.first::<Uuid>(conn).await.optional()?.is_none() {
                return Ok(());
            }
            let owner = accounts::find(conn, &self.keyring, account).await?;
            let Some(owner) = owner else { return Ok(()) };
            self.keep_change(conn, account, email, codes, now).await?;
            let known: Option<String> = accounts_table::table
                .inner_join(
                    addresses::table.on(addresses::account_id.eq(accounts_table::account_id)),
                )
                .filter(addresses::email_hash.eq(email_hash(&self.keyring, email)))
                .select(accounts_table::locale)
                .first(conn)
                .await
                .optional()?;
            let locale = owner.profile.locale;
            let (new_locale, subject) = match known {
                // In the language of that account: it is its owner who reads it.
                Some(locale) => (parse_locale(&locale)?, Subject::AddressKnown),
                None => (locale, Subject::AddressJoined { code: codes.new.as_str().to_owned() }),
            };
            let left = Subject::AddressLeft { code: codes.old.as_str().to_owned() };
            let letters = [
                Letter { to: owner.email.as_str().to_owned(), locale, subject: left },
                Letter { to: email.as_str().to_owned(), locale: new_locale, subject },
            ];
            for letter in letters {
                enqueue(conn, &self.keyring, Some(account), &Job::SendMail(letter), now).await?;
            }
            Ok(())
        })
        .await
    }

    async fn keep_change(
        &self,
        conn: &mut AsyncPgConnection,
        account: AccountId,
        email: &Email,
        codes: &BothCodes,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let id = Uuid::from(account);
        let key = account_key(conn, &self.keyring, account).await?;
        diesel::delete(email_changes::table.find(id)).execute(conn).await?;
        diesel::insert_into(email_changes::table)
            .values((
                email_changes::account_id.eq(id),
                email_changes::email.eq(key.seal(TABLE, "email", id, email.as_str().as_bytes())),
                email_changes::old_code_hash.eq(codes.old.hash(&self.keyring, id)),
                email_changes::new_code_hash.eq(codes.new.hash(&self.keyring, id)),
                email_changes::attempts_left.eq(ATTEMPTS_MAX),
                email_changes::expires_at.eq(now + retention::MAILED_CODE),
            ))
            .execute(conn)
            .await?;
        Ok(())
    }

    /// Gives an account the address that waits, for who holds both codes, and tells the one before.
    /// `false`, with an attempt used up, when they are not the ones, or somebody else has the address by
    /// now.
    pub async fn change_email(
        &self,
        account: AccountId,
        typed: &BothCodes,
        now: DateTime<Utc>,
    ) -> Result<bool, Error> {
        let conn = &mut *self.conn().await?;
        let changed = conn
            .transaction(async |conn| {
                // In the order of all who change an account: its row first.
                let row = accounts_table::table.find(Uuid::from(account));
                let held = row.select(accounts_table::account_id).for_no_key_update();
                if held.first::<Uuid>(conn).await.optional()?.is_none() {
                    return Ok(false);
                }
                let Some((sealed, old, new)) = attempt(conn, account, now).await? else {
                    return Ok(false);
                };
                let id = Uuid::from(account);
                // Both are looked at, whichever is wrong.
                let matches = [
                    typed.old.matches(&self.keyring, id, &old),
                    typed.new.matches(&self.keyring, id, &new),
                ];
                if matches != [true, true] {
                    return Ok(false);
                }
                let owner = accounts::find(conn, &self.keyring, account).await?;
                let Some(owner) = owner else { return Ok(false) };
                self.move_to(conn, owner, &sealed, now).await?;
                Ok(true)
            })
            .await;
        match changed {
            Err(Error::Query(diesel::result::Error::DatabaseError(UniqueViolation, _))) => {
                Ok(false)
            }
            changed => changed,
        }
    }

    async fn move_to(
        &self,
        conn: &mut AsyncPgConnection,
        mut owner: Account,
        sealed: &[u8],
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let (account, id) = (owner.id, Uuid::from(owner.id));
        let key = account_key(conn, &self.keyring, account).await?;
        let email = key.open(TABLE, "email", id, sealed)?;
        let email = std::str::from_utf8(&email).ok().and_then(|text| Email::try_from(text).ok());
        let email = email.ok_or(Error::Corrupt("identity.email_changes.email"))?;
        let hash = email_hash(&self.keyring, &email);
        diesel::update(addresses::table.filter(addresses::account_id.eq(id)))
            .set(addresses::email_hash.eq(&hash))
            .execute(conn)
            .await?;
        let called = owner.called();
        let before = std::mem::replace(&mut owner.email, email);
        self.remember_names(&mut owner, &called);
        diesel::update(accounts_table::table.find(id))
            .set((
                accounts_table::email.eq(accounts::seal_email(&key, &owner.email)),
                accounts_table::profile.eq(profiles::seal(&key, &Private::from(&owner))?),
            ))
            .execute(conn)
            .await?;
        // Whoever waits to register this address waits in vain, and what was mailed to the one before is
        // good for nothing.
        diesel::delete(registrations::table.filter(registrations::email_hash.eq(hash)))
            .execute(conn)
            .await?;
        diesel::delete(codes::table.filter(codes::account_id.eq(id))).execute(conn).await?;
        diesel::delete(email_changes::table.find(id)).execute(conn).await?;
        log_access(conn, &self.keyring, account, &Access::EmailChanged, now).await?;
        let letter = Letter {
            to: before.as_str().to_owned(),
            locale: owner.profile.locale,
            subject: Subject::AddressChanged,
        };
        enqueue(conn, &self.keyring, Some(account), &Job::SendMail(letter), now).await
    }
}

/// Uses up an attempt of the change that waits.
async fn attempt(
    conn: &mut AsyncPgConnection,
    account: AccountId,
    now: DateTime<Utc>,
) -> Result<Option<Waiting>, Error> {
    let waiting = email_changes::table
        .filter(email_changes::account_id.eq(Uuid::from(account)))
        .filter(email_changes::expires_at.gt(now))
        .filter(email_changes::attempts_left.gt(0));
    Ok(diesel::update(waiting)
        .set(email_changes::attempts_left.eq(email_changes::attempts_left - 1))
        .returning((
            email_changes::email,
            email_changes::old_code_hash,
            email_changes::new_code_hash,
        ))
        .get_result(conn)
        .await
        .optional()?)
}
