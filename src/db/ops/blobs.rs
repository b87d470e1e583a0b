//! Blobs and rows agree: a blob that no row names is erased by a job, whatever happened in between.
//!
//! Before a blob is put, the job that erases it is enqueued, due in an hour. The transaction that
//! writes the row that names it calls the job off. So a crash or a lost answer leaves a row with its
//! blob, or a blob that is about to be erased; never one without the other for good.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::jobs::{ERASE_BLOB, Job, enqueue_as, ensure_as};
use crate::db::schema::ops::jobs;
use crate::db::{Db, Error};
use crate::domain::{AccountId, BlobId, JobId};
use crate::privacy::erasure::BLOB_COLUMNS;
use crate::seal::Keyring;

/// How long a row may take to follow its blob.
const NAMED_WITHIN: TimeDelta = TimeDelta::hours(1);

/// What the database says of blobs.
pub struct Accounted {
    /// Those that a row names.
    pub named: HashSet<BlobId>,
    /// Those that a job is to erase, unless a row names them first.
    pub announced: HashSet<BlobId>,
}

#[derive(QueryableByName)]
struct Known {
    #[diesel(sql_type = SqlUuid)]
    blob: Uuid,
    #[diesel(sql_type = Bool)]
    is_named: bool,
}

impl Db {
    /// Every blob that there should be now.
    pub async fn accounted_blobs(&self) -> Result<Accounted, Error> {
        let columns = BLOB_COLUMNS.map(|(table, column)| {
            format!(
                "SELECT {column} AS blob, true AS is_named FROM {table} WHERE {column} IS NOT NULL"
            )
        });
        let statement = format!(
            "{} UNION ALL SELECT job_id, false FROM ops.jobs WHERE kind = '{ERASE_BLOB}'",
            columns.join(" UNION ALL ")
        );
        let known: Vec<Known> = diesel::sql_query(statement).load(&mut *self.conn().await?).await?;
        let (named, announced): (Vec<_>, Vec<_>) = known.iter().partition(|known| known.is_named);
        let blobs =
            |known: Vec<&Known>| known.into_iter().map(|it| BlobId::from(it.blob)).collect();
        Ok(Accounted { named: blobs(named), announced: blobs(announced) })
    }

    /// Promises to erase `blob`, which is about to be put for an account, or for nobody, unless a row names it within
    /// an hour.
    pub async fn announce_blob(
        &self,
        account: impl Into<Option<AccountId>>,
        blob: BlobId,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let conn = &mut *self.conn().await?;
        match account.into() {
            Some(account) => erase(conn, &self.keyring, account, blob, now + NAMED_WITHIN).await,
            None => erase_orphan(conn, &self.keyring, blob, now + NAMED_WITHIN).await,
        }
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

/// Erases `blob`, which is nobody's any more.
pub(in crate::db) async fn erase_orphan(
    conn: &mut AsyncPgConnection,
    keyring: &Keyring,
    blob: BlobId,
    run_at: DateTime<Utc>,
) -> Result<(), Error> {
    ensure_as(conn, keyring, job_of(blob), &Job::EraseBlob { blob }, run_at).await
}

/// The same, once there was time to read it after `needed_at`.
pub(in crate::db) async fn erase_late(
    conn: &mut AsyncPgConnection,
    keyring: &Keyring,
    blob: BlobId,
    needed_at: DateTime<Utc>,
) -> Result<(), Error> {
    erase_orphan(conn, keyring, blob, needed_at + NAMED_WITHIN).await
}

/// Lets what erases files of an account be nobody's.
pub(in crate::db) async fn disown(
    conn: &mut AsyncPgConnection,
    account: AccountId,
) -> Result<(), Error> {
    let theirs = jobs::table.filter(jobs::account_id.eq(Uuid::from(account)));
    diesel::update(theirs.filter(jobs::kind.eq(ERASE_BLOB)))
        .set(jobs::account_id.eq(None::<Uuid>))
        .execute(conn)
        .await?;
    Ok(())
}

/// Erases `blob` at `run_at`. The job has the id of its blob.
pub(in crate::db) async fn erase(
    conn: &mut AsyncPgConnection,
    keyring: &Keyring,
    account: AccountId,
    blob: BlobId,
    run_at: DateTime<Utc>,
) -> Result<(), Error> {
    let job = Job::EraseBlob { blob };
    enqueue_as(conn, keyring, job_of(blob), Some(account), &job, run_at).await
}

fn job_of(blob: BlobId) -> JobId {
    Uuid::from(blob).into()
}
