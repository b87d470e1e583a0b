//! Deletes what has been kept for as long as promised.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::sql_types::{BigInt, Timestamptz};
use diesel_async::RunQueryDsl;

use crate::db::{Db, Error};
use crate::privacy::retention::{self, Expiring};

/// The most rows one statement deletes, so that no run holds locks for long.
const BATCH_ROWS: i64 = 1_000;

impl Db {
    /// Deletes a batch of records of one kind whose time is over; returns how many went.
    pub async fn delete_expired(&self, kind: Expiring, now: DateTime<Utc>) -> Result<usize, Error> {
        // The rest of the promise lies in when the column was set.
        let (table, column, kept_after) = match kind {
            Expiring::Sessions => ("identity.sessions", "expires_at", TimeDelta::zero()),
            Expiring::MailedCodes => ("identity.codes", "expires_at", TimeDelta::zero()),
            Expiring::Registrations => ("identity.registrations", "expires_at", TimeDelta::zero()),
            Expiring::FailedJobs => ("ops.jobs", "failed_at", retention::FAILED_JOB),
            Expiring::Throttles => ("ops.throttles", "clear_at", TimeDelta::zero()),
            Expiring::Archives => return self.remove_expired_archives(now).await,
            Expiring::AccessLog => return self.prune_access_log(BATCH_ROWS, now).await,
        };
        let statement = format!(
            "DELETE FROM {table} WHERE ctid = ANY (ARRAY(
                 SELECT ctid FROM {table} WHERE {column} <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED
             ))"
        );
        Ok(diesel::sql_query(statement)
            .bind::<Timestamptz, _>(now - kept_after)
            .bind::<BigInt, _>(BATCH_ROWS)
            .execute(&mut *self.conn().await?)
            .await?)
    }
}
