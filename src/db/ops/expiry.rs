//! Deletes what has been kept for as long as promised, and tells when that was done last.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, Text, Timestamptz};
use diesel_async::RunQueryDsl;

use super::jobs::MAIL_KINDS;
use crate::db::schema::ops::schedule;
use crate::db::{Db, Error};
use crate::privacy::retention::{self, Expiring};

/// The most rows one statement deletes, so that no run holds locks for long.
const BATCH_ROWS: i64 = 1_000;

/// Clocks of servers that are further apart are wrong.
pub(super) const CLOCKS_APART_MAX: TimeDelta = TimeDelta::hours(1);

/// What is deleted of one kind.
struct Expired {
    table: &'static str,
    /// The time that it counts from.
    column: &'static str,
    /// How long after it; the rest of the promise lies in when the column was set.
    kept_after: TimeDelta,
    /// Of a table that holds several kinds, which.
    which: &'static str,
}

/// When a task was carried through last.
#[derive(QueryableByName)]
pub struct Done {
    /// Which task.
    #[diesel(sql_type = Text)]
    pub task: String,
    /// When; if never, since when there is a database.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub at: Option<DateTime<Utc>>,
}

/// Rows of an account whose owner lets nothing be done with the data stay.
const OF_NO_RESTRICTED: &str = "NOT EXISTS (
    SELECT FROM identity.accounts
    WHERE accounts.account_id = expired.account_id AND restricted_at IS NOT NULL
)";

const fn expires(table: &'static str) -> Expired {
    let kept_after = TimeDelta::zero();
    Expired { table, column: "expires_at", kept_after, which: OF_NO_RESTRICTED }
}

const fn failed(kept_after: TimeDelta, which: &'static str) -> Expired {
    Expired { table: "ops.jobs", column: "failed_at", kept_after, which }
}

impl Db {
    /// Deletes a batch of records of one kind whose time is over; returns how many went.
    pub async fn delete_expired(&self, kind: Expiring, now: DateTime<Utc>) -> Result<usize, Error> {
        let expired = match kind {
            // An archive lies in blobs as well, and the log is not this login's to shorten.
            Expiring::Archives => return self.remove_expired_archives(now).await,
            Expiring::AccessLog => return self.prune_access_log(BATCH_ROWS, now).await,
            // Each is noted outside the database as well, and that goes first: see `Service::forget_erasures`.
            Expiring::Erasures => return Ok(0),
            Expiring::Sessions => expires("identity.sessions"),
            Expiring::MailedCodes => expires("identity.codes"),
            Expiring::KnownNetworks => Expired {
                column: "seen_at",
                kept_after: retention::KNOWN_NETWORK,
                ..expires("identity.known_networks")
            },
            Expiring::EmailChanges => expires("identity.email_changes"),
            Expiring::Registrations => {
                Expired { which: "true", ..expires("identity.registrations") }
            }
            Expiring::FailedJobs => failed(retention::FAILED_JOB, "NOT kind = ANY ($3)"),
            Expiring::FailedMails => failed(retention::FAILED_MAIL, "kind = ANY ($3)"),
            Expiring::Throttles => {
                Expired { column: "clear_at", which: "true", ..expires("ops.throttles") }
            }
            Expiring::ProblemReports => Expired {
                table: "ops.diagnostics",
                column: "received_at",
                kept_after: retention::PROBLEM_REPORT,
                which: "true",
            },
            Expiring::WithdrawnIds => Expired {
                table: "commons.open_data",
                column: "withdrawn_on",
                kept_after: retention::WITHDRAWN_ID,
                which: "true",
            },
            Expiring::ReleasedNames => {
                Expired { column: "free_at", which: "true", ..expires("identity.public_names") }
            }
        };
        let Expired { table, column, kept_after, which } = expired;
        // The third value is bound whatever is deleted.
        let statement = format!(
            "DELETE FROM {table} WHERE ctid = ANY (ARRAY(
                 SELECT ctid FROM {table} AS expired
                 WHERE {column} <= $1 AND {which} AND $3 IS NOT NULL
                 LIMIT $2 FOR UPDATE SKIP LOCKED
             ))"
        );
        Ok(diesel::sql_query(statement)
            .bind::<Timestamptz, _>(now - kept_after)
            .bind::<BigInt, _>(BATCH_ROWS)
            .bind::<Array<Text>, _>(MAIL_KINDS.as_slice())
            .execute(&mut *self.conn().await?)
            .await?)
    }

    /// Remembers that a task was carried through.
    pub async fn task_is_done(&self, task: &str, now: DateTime<Utc>) -> Result<(), Error> {
        diesel::update(schedule::table.find(task))
            .set(schedule::done_at.eq(now))
            .execute(&mut *self.conn().await?)
            .await?;
        Ok(())
    }

    /// When each task that keeps a promise of [`retention`] was carried through last.
    pub async fn promised_tasks(&self) -> Result<Vec<Done>, Error> {
        let tasks: Vec<&str> = retention::promised_tasks().collect();
        Ok(diesel::sql_query(
            "SELECT promised.task, coalesce(done_at, (SELECT min(created_at) FROM ops.secrets)) AS at
             FROM unnest($1) AS promised (task) LEFT JOIN ops.schedule USING (task)
             ORDER BY promised.task",
        )
        .bind::<Array<Text>, _>(tasks)
        .load(&mut *self.conn().await?)
        .await?)
    }

    /// The tasks that keep a promise and have not been carried through for too long, or at a time that is yet to come
    /// and says nothing.
    pub async fn overdue_tasks(&self, now: DateTime<Utc>) -> Result<Vec<String>, Error> {
        let is_late = |at| at + retention::OVERDUE <= now || now + CLOCKS_APART_MAX < at;
        let late = |done: &Done| done.at.is_some_and(is_late);
        let done = self.promised_tasks().await?;
        Ok(done.into_iter().filter(late).map(|done| done.task).collect())
    }
}
