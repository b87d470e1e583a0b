//! The queue: jobs are enqueued in the transaction that causes them, and leased to run.
//!
//! A worker that dies lets its lease run out, and another takes the job; so every job can run
//! twice and must not mind. A worker that lost its lease can no longer finish the job.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Interval, SmallInt, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::db::commons::Work;
use crate::db::schema::ops::{jobs, schedule};
use crate::db::{Db, Error};
use crate::domain::{
    AccountId, ArchiveId, BlobId, Email, ErasureId, JobId, Letter, PhotoId, RegistrationId,
};
use crate::seal::Keyring;

const TABLE: &str = "ops.jobs";

/// How long a lease holds without being renewed.
const LEASE: TimeDelta = TimeDelta::seconds(60);
/// How often a job is tried before it is put aside for a person to look at.
const ATTEMPTS_MAX: i16 = 12;
pub(in crate::db) const ERASE_BLOB: &str = "erase_blob";
const ERASE_ACCOUNT: &str = "erase_account";
/// The kinds of jobs that are tried until they succeed: erasing was promised.
const PROMISED: [&str; 2] = [ERASE_BLOB, ERASE_ACCOUNT];
const SEND_MAIL: &str = "send_mail";
const SEND_LINK: &str = "send_link";
const ANSWER_REGISTRATION: &str = "answer_registration";
const ANSWER_PASSWORD_RESET: &str = "answer_password_reset";
const ANSWER_EMAIL_CHANGE: &str = "answer_email_change";
const REMAKE_RENDITIONS: &str = "remake_renditions";
const CLOSE_ACCOUNT: &str = "close_account";
/// The kinds that hold an address: what becomes of them when they fail for good is another promise.
pub(super) const MAIL_KINDS: [&str; 5] =
    [SEND_MAIL, SEND_LINK, ANSWER_REGISTRATION, ANSWER_PASSWORD_RESET, ANSWER_EMAIL_CHANGE];
/// The kinds that wait while the owner of an account lets nothing be done with its data. The others do
/// what they ask for themself.
const HELD_KINDS: [&str; 3] = [SEND_LINK, REMAKE_RENDITIONS, CLOSE_ACCOUNT];
/// The wait after the first failure; it doubles with each.
const RETRY_AFTER: TimeDelta = TimeDelta::seconds(5);
/// The longest wait between two attempts.
const RETRY_AFTER_MAX: TimeDelta = TimeDelta::hours(1);

/// Something to be done later. Sealed at rest: it may hold addresses and codes.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "job")]
pub enum Job {
    /// Write to who registered.
    AnswerRegistration {
        /// Which registration.
        registration: RegistrationId,
    },
    /// Write to who forgot a password.
    AnswerPasswordReset {
        /// The address they gave, known or not.
        email: String,
    },
    /// Write to both addresses of who wants another one.
    AnswerEmailChange {
        /// Whose account.
        account: AccountId,
        /// The address they gave, known or not.
        email: String,
    },
    /// Tell the owner of an address that somebody had not their password.
    LogFailedSignIn {
        /// The address they gave, known or not.
        email: String,
        /// When.
        at: DateTime<Utc>,
    },
    /// Take a step of an export or import, unless it was taken.
    HandOver {
        /// Whose.
        account: AccountId,
        /// Which archive.
        archive: ArchiveId,
        /// Which step.
        step: i32,
    },
    /// Send a mail.
    SendMail(Letter),
    /// Make what others see of an account's activities as its zones say.
    RemakeRenditions {
        /// Whose.
        account: AccountId,
    },
    /// Draw a photo in the sizes that it is looked at in.
    DrawPhoto {
        /// Whose.
        account: AccountId,
        /// Which.
        photo: PhotoId,
    },
    /// Erase a blob that no row names any more.
    EraseBlob {
        /// Which.
        blob: BlobId,
    },
    /// Close an account that was not used for years, and whose owner was warned twice.
    CloseAccount {
        /// Which.
        account: AccountId,
    },
    /// Go on with the erasure of an account.
    EraseAccount {
        /// Which erasure.
        erasure: ErasureId,
    },
    /// Show a work that has no author any more.
    ShowWork(Box<Work>),
}

impl Job {
    /// Its kind, for figures and logs, and for what becomes of it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::AnswerRegistration { .. } => ANSWER_REGISTRATION,
            Self::AnswerPasswordReset { .. } => ANSWER_PASSWORD_RESET,
            Self::AnswerEmailChange { .. } => ANSWER_EMAIL_CHANGE,
            Self::LogFailedSignIn { .. } => "log_failed_sign_in",
            Self::HandOver { .. } => "hand_over",
            Self::SendMail(letter) if letter.is_about_its_sender() => SEND_LINK,
            Self::SendMail(_) => SEND_MAIL,
            Self::RemakeRenditions { .. } => REMAKE_RENDITIONS,
            Self::DrawPhoto { .. } => "draw_photo",
            Self::EraseBlob { .. } => ERASE_BLOB,
            Self::CloseAccount { .. } => CLOSE_ACCOUNT,
            Self::EraseAccount { .. } => ERASE_ACCOUNT,
            Self::ShowWork(_) => "show_work",
        }
    }
}

/// The right to run a job until the lease ends.
#[derive(Clone, Copy, Debug)]
pub struct Lease {
    /// Which job.
    pub job: JobId,
    holder: Uuid,
    attempts: i16,
    is_last: bool,
}

/// A job to run now.
pub struct Leased {
    /// The right to run it.
    pub lease: Lease,
    /// What to do; `None` when this program cannot read it, perhaps because a newer one wrote it.
    pub job: Option<Job>,
}

#[derive(QueryableByName)]
struct Claimed {
    #[diesel(sql_type = SqlUuid)]
    job_id: Uuid,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = diesel::sql_types::Binary)]
    content: Vec<u8>,
    #[diesel(sql_type = diesel::sql_types::Int2)]
    attempts: i16,
}

/// Enqueues `job` in the transaction of `conn`, due at `run_at`.
pub(in crate::db) async fn enqueue(
    conn: &mut AsyncPgConnection,
    keyring: &Keyring,
    account: Option<AccountId>,
    job: &Job,
    run_at: DateTime<Utc>,
) -> Result<(), Error> {
    enqueue_as(conn, keyring, JobId::random(), account, job, run_at).await
}

/// Enqueues `job` under an id by which it can be called off.
pub(super) async fn enqueue_as(
    conn: &mut AsyncPgConnection,
    keyring: &Keyring,
    id: JobId,
    account: Option<AccountId>,
    job: &Job,
    run_at: DateTime<Utc>,
) -> Result<(), Error> {
    let row = row(keyring, id, account, job, run_at)?;
    diesel::insert_into(jobs::table).values(row).execute(conn).await?;
    Ok(())
}

/// Enqueues a job of nobody's under its id, unless it is there already.
pub(in crate::db) async fn ensure_as(
    conn: &mut AsyncPgConnection,
    keyring: &Keyring,
    id: JobId,
    job: &Job,
    run_at: DateTime<Utc>,
) -> Result<(), Error> {
    let row = row(keyring, id, None, job, run_at)?;
    diesel::insert_into(jobs::table).values(row).on_conflict_do_nothing().execute(conn).await?;
    Ok(())
}

type Row = (
    diesel::dsl::Eq<jobs::job_id, Uuid>,
    diesel::dsl::Eq<jobs::account_id, Option<Uuid>>,
    diesel::dsl::Eq<jobs::kind, &'static str>,
    diesel::dsl::Eq<jobs::content, Vec<u8>>,
    diesel::dsl::Eq<jobs::run_at, DateTime<Utc>>,
);

fn row(
    keyring: &Keyring,
    id: JobId,
    account: Option<AccountId>,
    job: &Job,
    run_at: DateTime<Utc>,
) -> Result<Row, Error> {
    let id = Uuid::from(id);
    let content = serde_json::to_vec(job).map_err(|_| Error::Corrupt("ops.jobs.content"))?;
    Ok((
        jobs::job_id.eq(id),
        jobs::account_id.eq(account.map(Uuid::from)),
        jobs::kind.eq(job.kind()),
        jobs::content.eq(keyring.queue.seal(TABLE, "content", id, &content)),
        jobs::run_at.eq(run_at),
    ))
}

/// Removes what was to be done for an account, such as mails, but for what erases files.
pub(in crate::db) async fn call_off(
    conn: &mut AsyncPgConnection,
    account: AccountId,
) -> Result<(), Error> {
    let theirs = jobs::table.filter(jobs::account_id.eq(Uuid::from(account)));
    diesel::delete(theirs.filter(jobs::kind.ne(ERASE_BLOB))).execute(conn).await?;
    Ok(())
}

/// Removes a job.
pub(in crate::db) async fn remove(conn: &mut AsyncPgConnection, id: JobId) -> Result<(), Error> {
    diesel::delete(jobs::table.find(Uuid::from(id))).execute(conn).await?;
    Ok(())
}

impl Db {
    /// Takes the job that has been due for longest, if one is.
    pub async fn lease_job(&self, now: DateTime<Utc>) -> Result<Option<Leased>, Error> {
        let holder = Uuid::new_v4();
        let claimed: Option<Claimed> = diesel::sql_query(
            "UPDATE ops.jobs SET lease = $1, leased_until = $2 + $3,
                 attempts = least(attempts, $4) + 1
             WHERE job_id = (
                 SELECT job_id FROM ops.jobs
                 WHERE failed_at IS NULL AND run_at <= $2 AND (attempts < $4 OR kind = ANY ($5))
                   AND (leased_until IS NULL OR leased_until <= $2)
                   AND NOT (kind = ANY ($6) AND EXISTS (
                       SELECT FROM identity.accounts
                       WHERE accounts.account_id = jobs.account_id AND restricted_at IS NOT NULL
                   ))
                 ORDER BY run_at LIMIT 1 FOR UPDATE SKIP LOCKED
             )
             RETURNING job_id, kind, content, attempts",
        )
        .bind::<SqlUuid, _>(holder)
        .bind::<Timestamptz, _>(now)
        .bind::<Interval, _>(LEASE)
        .bind::<SmallInt, _>(ATTEMPTS_MAX)
        .bind::<Array<Text>, _>(PROMISED.as_slice())
        .bind::<Array<Text>, _>(HELD_KINDS.as_slice())
        .get_result(&mut *self.conn().await?)
        .await
        .optional()?;
        let Some(claimed) = claimed else { return Ok(None) };
        let json = self.keyring.queue.open(TABLE, "content", claimed.job_id, &claimed.content);
        let job = json.ok().and_then(|json| serde_json::from_slice(&json).ok());
        let attempts = claimed.attempts;
        let is_last = ATTEMPTS_MAX <= attempts && !PROMISED.contains(&claimed.kind.as_str());
        let lease = Lease { job: claimed.job_id.into(), holder, attempts, is_last };
        Ok(Some(Leased { lease, job }))
    }

    /// Enqueues what tells of a failed sign-in: the same work whether or not the address has an account.
    pub async fn enqueue_failed_sign_in(
        &self,
        email: &Email,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let job = Job::LogFailedSignIn { email: email.as_str().to_owned(), at: now };
        enqueue(&mut *self.conn().await?, &self.keyring, None, &job, now).await
    }

    /// Puts aside the jobs whose last attempt took its worker with it.
    pub async fn put_aside_spent_jobs(&self, now: DateTime<Utc>) -> Result<(), Error> {
        let spent = jobs::failed_at
            .is_null()
            .and(jobs::attempts.ge(ATTEMPTS_MAX))
            .and(jobs::kind.ne_all(PROMISED));
        diesel::update(jobs::table.filter(spent.and(jobs::leased_until.le(now))))
            .set(jobs::failed_at.eq(now))
            .execute(&mut *self.conn().await?)
            .await?;
        Ok(())
    }

    /// Holds a lease for longer; `false` when it was lost.
    pub async fn renew_lease(&self, lease: Lease, now: DateTime<Utc>) -> Result<bool, Error> {
        let renewed = diesel::update(jobs::table.find(Uuid::from(lease.job)))
            .filter(jobs::lease.eq(lease.holder))
            .set(jobs::leased_until.eq(now + LEASE))
            .execute(&mut *self.conn().await?)
            .await?;
        Ok(renewed > 0)
    }

    /// Removes a job that is done.
    pub async fn finish_job(&self, lease: Lease) -> Result<(), Error> {
        diesel::delete(jobs::table.find(Uuid::from(lease.job)))
            .filter(jobs::lease.eq(lease.holder))
            .execute(&mut *self.conn().await?)
            .await?;
        Ok(())
    }

    /// Puts back a job that has done a part of its work, to go on once others had their turn.
    pub async fn continue_job(&self, lease: Lease, now: DateTime<Utc>) -> Result<(), Error> {
        diesel::update(jobs::table.find(Uuid::from(lease.job)))
            .filter(jobs::lease.eq(lease.holder))
            .set((
                jobs::run_at.eq(now),
                jobs::attempts.eq(0),
                jobs::lease.eq(None::<Uuid>),
                jobs::leased_until.eq(None::<DateTime<Utc>>),
            ))
            .execute(&mut *self.conn().await?)
            .await?;
        Ok(())
    }

    /// Puts back a job that failed, for later, or aside when it failed too often.
    pub async fn retry_job(&self, lease: Lease, now: DateTime<Utc>) -> Result<(), Error> {
        let failed_at = lease.is_last.then_some(now);
        diesel::update(jobs::table.find(Uuid::from(lease.job)))
            .filter(jobs::lease.eq(lease.holder))
            .set((
                jobs::run_at.eq(now + retry_after(lease.attempts)),
                jobs::lease.eq(None::<Uuid>),
                jobs::leased_until.eq(None::<DateTime<Utc>>),
                jobs::failed_at.eq(failed_at),
            ))
            .execute(&mut *self.conn().await?)
            .await?;
        Ok(())
    }

    /// Takes the right to run a scheduled task, if it is due: no process did since `every` ago.
    pub async fn claim_task(
        &self,
        task: &'static str,
        every: TimeDelta,
        now: DateTime<Utc>,
    ) -> Result<bool, Error> {
        use diesel::query_dsl::methods::FilterDsl;
        let update = diesel::insert_into(schedule::table)
            .values((schedule::task.eq(task), schedule::ran_at.eq(now)))
            .on_conflict(schedule::task)
            .do_update()
            .set(schedule::ran_at.eq(now));
        let claimed = FilterDsl::filter(update, schedule::ran_at.le(now - every))
            .execute(&mut *self.conn().await?)
            .await?;
        Ok(claimed > 0)
    }
}

fn retry_after(attempts: i16) -> TimeDelta {
    let doublings = u32::try_from(attempts - 1).unwrap_or(0).min(16);
    (RETRY_AFTER * 2_i32.pow(doublings)).min(RETRY_AFTER_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_an_hour() {
        assert_eq!(retry_after(1), TimeDelta::seconds(5));
        assert_eq!(retry_after(2), TimeDelta::seconds(10));
        assert_eq!(retry_after(ATTEMPTS_MAX), RETRY_AFTER_MAX);
    }
}
