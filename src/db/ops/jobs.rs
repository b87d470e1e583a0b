//! What there is to do: jobs are enqueued in the transaction that causes them. See [`super::leases`].

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::db::commons::{KeptReview, Work};
use crate::db::schema::ops::{jobs, schedule};
use crate::db::{Db, Error};
use crate::domain::{
    AccountId, ArchiveId, BlobId, Email, ErasureId, JobId, Letter, PhotoId, RegistrationId,
};
use crate::seal::Keyring;

pub(super) const TABLE: &str = "ops.jobs";

pub(in crate::db) const ERASE_BLOB: &str = "erase_blob";
const ERASE_ACCOUNT: &str = "erase_account";
const SHOW_WORK: &str = "show_work";
const SHOW_REVIEW: &str = "show_review";
/// The kinds of jobs that are tried until they succeed. Erasing was promised; and what is to stay of who has left
/// is nowhere else by then.
pub(super) const PROMISED: [&str; 5] =
    [ERASE_BLOB, CLOSE_ACCOUNT, ERASE_ACCOUNT, SHOW_WORK, SHOW_REVIEW];
const SEND_MAIL: &str = "send_mail";
const SEND_LINK: &str = "send_link";
const ANSWER_REGISTRATION: &str = "answer_registration";
const ANSWER_PASSWORD_RESET: &str = "answer_password_reset";
const ANSWER_EMAIL_CHANGE: &str = "answer_email_change";
const LOG_FAILED_SIGN_IN: &str = "log_failed_sign_in";
const REMAKE_RENDITIONS: &str = "remake_renditions";
const CLOSE_ACCOUNT: &str = "close_account";
/// The kinds that hold an address: what becomes of them when they fail for good is another promise.
pub(super) const MAIL_KINDS: [&str; 6] = [
    SEND_MAIL,
    SEND_LINK,
    ANSWER_REGISTRATION,
    ANSWER_PASSWORD_RESET,
    ANSWER_EMAIL_CHANGE,
    LOG_FAILED_SIGN_IN,
];
/// The kinds that wait while the owner of an account lets nothing be done with its data. The others do
/// what its owner asks for all the same, or what is owed to others: an answer, an erasure.
pub(super) const HELD_KINDS: [&str; 3] = [SEND_LINK, REMAKE_RENDITIONS, CLOSE_ACCOUNT];

/// Which jobs wait for each other. Lanes run side by side, so that what is owed to everybody does not wait
/// behind what one account causes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// What somebody waits for, and is quick: mails, and what they answer.
    Mail,
    /// What was promised: erasing, and what stays then. Of what is long some is done at a time.
    Erasure,
    /// What is long, and one account's. Accounts take turns.
    Account,
}

impl Lane {
    /// Every lane.
    pub const ALL: [Self; 3] = [Self::Mail, Self::Erasure, Self::Account];

    /// What stands for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Erasure => "erasure",
            Self::Account => "account",
        }
    }
}

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
    /// Enter in the access log of whose address it is, if it is anybody's, that somebody had not their password.
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
    /// Show a review whose writer has left.
    ShowReview(KeptReview),
}

impl Job {
    /// Its kind, for figures and logs, and for what becomes of it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::AnswerRegistration { .. } => ANSWER_REGISTRATION,
            Self::AnswerPasswordReset { .. } => ANSWER_PASSWORD_RESET,
            Self::AnswerEmailChange { .. } => ANSWER_EMAIL_CHANGE,
            Self::LogFailedSignIn { .. } => LOG_FAILED_SIGN_IN,
            Self::HandOver { .. } => "hand_over",
            Self::SendMail(letter) if letter.is_about_its_sender() => SEND_LINK,
            Self::SendMail(_) => SEND_MAIL,
            Self::RemakeRenditions { .. } => REMAKE_RENDITIONS,
            Self::DrawPhoto { .. } => "draw_photo",
            Self::EraseBlob { .. } => ERASE_BLOB,
            Self::CloseAccount { .. } => CLOSE_ACCOUNT,
            Self::EraseAccount { .. } => ERASE_ACCOUNT,
            Self::ShowWork(_) => SHOW_WORK,
            Self::ShowReview(_) => SHOW_REVIEW,
        }
    }

    /// Where it waits.
    const fn lane(&self) -> Lane {
        match self {
            Self::AnswerRegistration { .. }
            | Self::AnswerPasswordReset { .. }
            | Self::AnswerEmailChange { .. }
            | Self::LogFailedSignIn { .. }
            | Self::SendMail(_) => Lane::Mail,
            Self::EraseBlob { .. }
            | Self::CloseAccount { .. }
            | Self::EraseAccount { .. }
            | Self::ShowWork(_)
            | Self::ShowReview(_) => Lane::Erasure,
            Self::HandOver { .. } | Self::RemakeRenditions { .. } | Self::DrawPhoto { .. } => {
                Lane::Account
            }
        }
    }
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
    diesel::dsl::Eq<jobs::lane, &'static str>,
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
        jobs::lane.eq(job.lane().name()),
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
    /// Enqueues what tells of a failed sign-in: the same work whether or not the address has an account. If it
    /// has, the job goes with that.
    pub async fn enqueue_failed_sign_in(
        &self,
        email: &Email,
        account: Option<AccountId>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let job = Job::LogFailedSignIn { email: email.as_str().to_owned(), at: now };
        enqueue(&mut *self.conn().await?, &self.keyring, account, &job, now).await
    }

    /// Takes the right to run a scheduled task, if it is due: no process did since `every` ago. One that did at a
    /// time that is yet to come had a clock that ran ahead, and says nothing.
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
        let (ran_before, ran_ahead) =
            (schedule::ran_at.le(now - every), schedule::ran_at.gt(now + every));
        let claimed = FilterDsl::filter(update, ran_before.or(ran_ahead))
            .execute(&mut *self.conn().await?)
            .await?;
        Ok(claimed > 0)
    }
}
