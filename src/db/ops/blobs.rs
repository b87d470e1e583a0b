//! Blobs and rows agree: a blob that no row names is erased by a job, whatever happened in between.
//!
//! Before a blob is put, the job that erases it is enqueued, due in an hour. The transaction that
//! writes the row that names it calls the job off. So a crash or a lost answer leaves a row with its
//! blob, or a blob that is about to be erased; never one without the other for good.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::jobs::{Job, enqueue_as};
use crate::db::schema::ops::jobs;
use crate::db::{Db, Error};
use crate::domain::{AccountId, BlobId, JobId};
use crate::seal::Keyring;

/// How long a row may take to follow its blob.
const NAMED_WITHIN: TimeDelta = TimeDelta::hours(1);

impl Db {
    /// Promises to erase `blob`, which is about to be put, unless a row names it within an hour.
    pub async fn announce_blob(
        &self,
        account: AccountId,
        blob: BlobId,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let conn = &mut *self.conn().await?;
        erase(conn, &self.keyring, account, blob, now + NAMED_WITHIN).await
    }

    /// Calls off the job that was to erase `blob`: it is gone.
    pub async fn blob_is_erased(&self, blob: BlobId) -> Result<(), Error> {
        diesel::delete(jobs::table.find(Uuid::from(blob)))
            .execute(&mut *self.conn().await?)
            .await?;
        Ok(())
    }
}

/// Keeps `blob` for good, in the transaction that writes the row that names it.
pub(in crate::db) async fn keep(conn: &mut AsyncPgConnection, blob: BlobId) -> Result<(), Error> {
    let called_off = diesel::delete(jobs::table.find(Uuid::from(blob)))
        .filter(jobs::lease.is_null().and(jobs::attempts.eq(0)))
        .execute(conn)
        .await?;
    // Gone, or tried by a worker before: the blob may be erased already.
    if called_off == 0 { Err(Error::BlobErased) } else { Ok(()) }
}

/// Erases `blob` at `run_at`. The job has the id of its blob.
pub(in crate::db) async fn erase(
    conn: &mut AsyncPgConnection,
    keyring: &Keyring,
    account: AccountId,
    blob: BlobId,
    run_at: DateTime<Utc>,
) -> Result<(), Error> {
    let id = JobId::from(Uuid::from(blob));
    enqueue_as(conn, keyring, id, Some(account), &Job::EraseBlob { blob }, run_at).await
}
