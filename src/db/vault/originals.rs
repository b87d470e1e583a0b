//! The files that activities came from: a row each, the sealed bytes in the blob store.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::Activity;
use crate::access::Owned;
use crate::db::identity::hold_account;
use crate::db::ops::blobs;
use crate::db::schema::vault::originals;
use crate::db::{Db, Error};
use crate::domain::{AccountId, ActivityId, BlobId, Invalid};
use crate::seal::{AccountKey, Broken};

/// How many bytes of files an account keeps at most, as they were uploaded; photos have room of their own.
const FILES_BYTES_MAX: i64 = 10 * 1024 * 1024 * 1024;

/// How many of those each file takes at least: what an activity brings along besides is not for nothing, and so it is
/// also said how many an account has at most (163,840).
const FILE_BYTES_MIN: i64 = 64 * 1024;

const TABLE: &str = "vault.originals";

/// A file that lies sealed in the blob store.
pub struct SealedOriginal {
    /// Which.
    pub blob: BlobId,
    /// How long the file is, unsealed.
    pub bytes: u64,
}

/// Seals the file that activity `id` came from.
pub fn seal_original(key: &AccountKey, id: ActivityId, file: &[u8]) -> Vec<u8> {
    key.seal(TABLE, "blob", id.into(), file)
}

/// Opens what [`seal_original`] sealed.
pub fn open_original(key: &AccountKey, id: ActivityId, sealed: &[u8]) -> Result<Vec<u8>, Broken> {
    key.open(TABLE, "blob", id.into(), sealed)
}

impl Db {
    /// Where the file is that an activity came from, if it came from one.
    pub async fn original(&self, activity: &Owned<Activity>) -> Result<Option<BlobId>, Error> {
        let blob: Option<Uuid> = originals::table
            .find((Uuid::from(activity.owner), Uuid::from(activity.id)))
            .select(originals::blob)
            .first(&mut *self.conn().await?)
            .await
            .optional()?;
        Ok(blob.map(BlobId::from))
    }
}

/// Whether an account has room for these files; it is told when not. Until the transaction ends nothing else is
/// kept for it, so that of uploads at once each is counted by those after it.
pub(super) async fn check_room(
    conn: &mut AsyncPgConnection,
    account: AccountId,
    new: impl Iterator<Item = &SealedOriginal>,
) -> Result<(), Error> {
    hold_account(conn, account).await?;
    let Total { bytes } = diesel::sql_query(
        "SELECT coalesce(sum(greatest(bytes, $2)), 0)::bigint AS bytes
         FROM vault.originals WHERE account_id = $1",
    )
    .bind::<SqlUuid, _>(Uuid::from(account))
    .bind::<BigInt, _>(FILE_BYTES_MIN)
    .get_result(conn)
    .await?;
    let taken = |file: &SealedOriginal| i64::try_from(file.bytes).unwrap_or(i64::MAX);
    let more = new.map(|file| taken(file).max(FILE_BYTES_MIN));
    if FILES_BYTES_MAX < more.fold(bytes, i64::saturating_add) {
        let reason = "must not make more than 10 GiB of files altogether";
        return Err(Error::Full(Invalid { field: "file", reason }));
    }
    Ok(())
}

#[derive(QueryableByName)]
struct Total {
    #[diesel(sql_type = BigInt)]
    bytes: i64,
}

pub(super) async fn insert(
    conn: &mut AsyncPgConnection,
    account: AccountId,
    id: ActivityId,
    original: &SealedOriginal,
) -> Result<(), Error> {
    blobs::keep(conn, original.blob).await?;
    diesel::insert_into(originals::table)
        .values((
            originals::account_id.eq(Uuid::from(account)),
            originals::activity_id.eq(Uuid::from(id)),
            originals::blob.eq(Uuid::from(original.blob)),
            originals::bytes.eq(i64::try_from(original.bytes).unwrap_or(i64::MAX)),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// Forgets the file of a deleted activity; returns where it is.
pub(super) async fn delete(
    conn: &mut AsyncPgConnection,
    account: AccountId,
    id: ActivityId,
) -> Result<Option<BlobId>, Error> {
    let blob: Option<Uuid> =
        diesel::delete(originals::table.find((Uuid::from(account), Uuid::from(id))))
            .returning(originals::blob)
            .get_result(conn)
            .await
            .optional()?;
    Ok(blob.map(BlobId::from))
}
