//! Mailed codes: single use, short-lived, few attempts, stored hashed.

use std::fmt;
use std::net::IpAddr;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::accounts::{self, Profile, parse_locale};
use super::{email_hash, sessions};
use crate::db::ops::{Job, enqueue};
use crate::db::schema::identity::{accounts as accounts_table, addresses, codes};
use crate::db::vault::log_access;
use crate::db::{Db, Error};
use crate::domain::{Access, AccountId, Email, Letter, Subject};
use crate::privacy::retention;
use crate::seal::{Keyring, random_bytes};

/// How many digits a code has.
const DIGITS: usize = 8;
/// How often a code may be tried, by everyone together: one in two million is guessed. How often by
/// one network is for the throttles.
pub(super) const ATTEMPTS_MAX: i16 = 50;
const PASSWORD_RESET: &str = "password_reset";
const ERASURE: &str = "erasure";

/// A code that is mailed to prove an address.
pub struct Code(String);

impl Code {
    /// Eight random digits. 2^64 is no multiple of 10^8, which favours some codes by one in 10^11.
    pub fn random() -> Self {
        let number = u64::from_be_bytes(random_bytes()) % 10_u64.pow(8);
        Self(format!("{number:0DIGITS$}"))
    }

    /// A code that someone typed: digits, with or without spaces between.
    pub fn typed(raw: &str) -> Option<Self> {
        let digits: String =
            raw.chars().filter(|char| !char.is_whitespace()).take(DIGITS + 1).collect();
        let sound = digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
        sound.then_some(Self(digits))
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What is stored: bound to the row that it unlocks.
    pub(super) fn hash(&self, keyring: &Keyring, row: Uuid) -> Vec<u8> {
        keyring.index.mac(&[b"code".as_slice(), row.as_bytes(), self.0.as_bytes()]).to_vec()
    }

    pub(super) fn matches(&self, keyring: &Keyring, row: Uuid, hash: &[u8]) -> bool {
        keyring.index.verify(&[b"code".as_slice(), row.as_bytes(), self.0.as_bytes()], hash)
    }
}

/// Secret, hence not shown.
impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(…)")
    }
}

impl Db {
    /// Enqueues the answer to a forgotten password. The same work whether or not the address has
    /// an account; if it has, the job goes with that.
    pub async fn ask_password_reset(&self, email: &Email, now: DateTime<Utc>) -> Result<(), Error> {
        let job = Job::AnswerPasswordReset { email: email.as_str().to_owned() };
        let conn = &mut *self.conn().await?;
        let account = accounts::find_account(conn, &self.keyring, email).await?;
        enqueue(conn, &self.keyring, account, &job, now).await
    }

    /// Mails a code to the owner of `email`, if there is one. A code sent before is void then.
    pub async fn answer_password_reset(
        &self,
        email: &Email,
        code: &Code,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let conn = &mut *self.conn().await?;
        let hash = email_hash(&self.keyring, email);
        conn.transaction(async |conn| {
            let found = addresses::table
                .inner_join(
                    accounts_table::table.on(accounts_table::account_id.eq(addresses::account_id)),
                )
                .filter(addresses::email_hash.eq(hash))
                .select((accounts_table::account_id, accounts_table::locale))
                .first::<(Uuid, String)>(conn)
                .await
                .optional()?;
            let Some((account, locale)) = found else { return Ok(()) };
            keep(conn, &self.keyring, account, PASSWORD_RESET, code, now).await?;
            let locale = parse_locale(&locale)?;
            let subject = Subject::PasswordReset { code: code.as_str().to_owned() };
            let letter = Letter { to: email.as_str().to_owned(), locale, subject };
            enqueue(conn, &self.keyring, Some(account.into()), &Job::SendMail(letter), now).await
        })
        .await
    }

    /// The profile of the owner of `email`, for who holds the mailed code. A wrong one uses up an
    /// attempt.
    pub async fn try_reset_code(
        &self,
        email: &Email,
        code: &Code,
        now: DateTime<Utc>,
    ) -> Result<Option<Profile>, Error> {
        let conn = &mut *self.conn().await?;
        conn.transaction(async |conn| {
            let Some(account) = self.locked_by(conn, email, code, now).await? else {
                return Ok(None);
            };
            let owner = accounts::find(conn, &self.keyring, account).await?;
            Ok(owner.map(|owner| owner.profile))
        })
        .await
    }

    /// Keeps a new password for who holds the mailed code, ends every session and says so by mail. They have
    /// shown who they are where they are: `from` there they sign in, however many guess elsewhere. `false`, with an
    /// attempt used up, when the code is not the one.
    pub async fn reset_password(
        &self,
        email: &Email,
        code: &Code,
        password_hash: &str,
        from: IpAddr,
        now: DateTime<Utc>,
    ) -> Result<bool, Error> {
        let conn = &mut *self.conn().await?;
        conn.transaction(async |conn| {
            let Some(account) = self.locked_by(conn, email, code, now).await? else {
                return Ok(false);
            };
            let id = Uuid::from(account);
            diesel::delete(codes::table.find((id, PASSWORD_RESET))).execute(conn).await?;
            diesel::update(accounts_table::table.find(id))
                .set(accounts_table::password_hash.eq(password_hash))
                .execute(conn)
                .await?;
            sessions::delete_all(conn, account).await?;
            self.know_only(conn, account, from, now).await?;
            self.tell_password_changed(conn, account, email, now).await?;
            Ok(true)
        })
        .await
    }

    /// Mails a code to the owner of an account by which they show that it is they who leave. A code sent
    /// before is void then.
    pub async fn send_erasure_code(
        &self,
        account: AccountId,
        code: &Code,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let conn = &mut *self.conn().await?;
        conn.transaction(async |conn| {
            let owner = accounts::find(conn, &self.keyring, account).await?;
            let owner = owner.ok_or(Error::NoAccount)?;
            keep(conn, &self.keyring, account.into(), ERASURE, code, now).await?;
            let subject = Subject::ErasureCode { code: code.as_str().to_owned() };
            let (to, locale) = (owner.email.as_str().to_owned(), owner.profile.locale);
            let letter = Letter { to, locale, subject };
            enqueue(conn, &self.keyring, Some(account), &Job::SendMail(letter), now).await
        })
        .await
    }

    /// Whether `code` is the one that was mailed to the owner of an account who wants to leave. A wrong one
    /// uses up an attempt, the right one is good once.
    pub async fn take_erasure_code(
        &self,
        account: AccountId,
        code: &Code,
        now: DateTime<Utc>,
    ) -> Result<bool, Error> {
        let conn = &mut *self.conn().await?;
        let id = Uuid::from(account);
        let row = codes::table.find((id, ERASURE));
        let live = row.filter(codes::expires_at.gt(now)).filter(codes::attempts_left.gt(0));
        let hash: Option<Vec<u8>> = diesel::update(live)
            .set(codes::attempts_left.eq(codes::attempts_left - 1))
            .returning(codes::code_hash)
            .get_result(conn)
            .await
            .optional()?;
        let Some(hash) = hash.filter(|hash| code.matches(&self.keyring, id, hash)) else {
            return Ok(false);
        };
        let taken = diesel::delete(row.filter(codes::code_hash.eq(hash))).execute(conn).await?;
        Ok(taken > 0)
    }

    /// The account of `email` if `code` is the one that was mailed to it. Uses up an attempt.
    async fn locked_by(
        &self,
        conn: &mut AsyncPgConnection,
        email: &Email,
        code: &Code,
        now: DateTime<Utc>,
    ) -> Result<Option<AccountId>, Error> {
        let hash = email_hash(&self.keyring, email);
        let attempt = diesel::update(
            codes::table
                .filter(codes::purpose.eq(PASSWORD_RESET))
                .filter(codes::expires_at.gt(now))
                .filter(codes::attempts_left.gt(0))
                .filter(
                    codes::account_id.eq_any(
                        addresses::table
                            .filter(addresses::email_hash.eq(hash))
                            .select(addresses::account_id),
                    ),
                ),
        )
        .set(codes::attempts_left.eq(codes::attempts_left - 1))
        .returning((codes::account_id, codes::code_hash))
        .get_result::<(Uuid, Vec<u8>)>(conn)
        .await
        .optional()?;
        let matching = attempt.filter(|(id, hash)| code.matches(&self.keyring, *id, hash));
        Ok(matching.map(|(account, _)| account.into()))
    }

    pub(super) async fn tell_password_changed(
        &self,
        conn: &mut AsyncPgConnection,
        account: AccountId,
        email: &Email,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        log_access(conn, &self.keyring, account, &Access::PasswordChanged, now).await?;
        let locale: String = accounts_table::table
            .find(Uuid::from(account))
            .select(accounts_table::locale)
            .first(conn)
            .await?;
        let locale = parse_locale(&locale)?;
        let letter =
            Letter { to: email.as_str().to_owned(), locale, subject: Subject::PasswordChanged };
        enqueue(conn, &self.keyring, Some(account), &Job::SendMail(letter), now).await
    }
}

/// Keeps a code that is about to be mailed, in place of the one before.
async fn keep(
    conn: &mut AsyncPgConnection,
    keyring: &Keyring,
    account: Uuid,
    purpose: &'static str,
    code: &Code,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    diesel::delete(codes::table.find((account, purpose))).execute(conn).await?;
    diesel::insert_into(codes::table)
        .values((
            codes::account_id.eq(account),
            codes::purpose.eq(purpose),
            codes::code_hash.eq(code.hash(keyring, account)),
            codes::attempts_left.eq(ATTEMPTS_MAX),
            codes::expires_at.eq(now + retention::MAILED_CODE),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// Voids every code of an account.
pub(in crate::db) async fn delete_all(
    conn: &mut AsyncPgConnection,
    account: AccountId,
) -> Result<(), Error> {
    let theirs = codes::table.filter(codes::account_id.eq(Uuid::from(account)));
    diesel::delete(theirs).execute(conn).await?;
    Ok(())
}
