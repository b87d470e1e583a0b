//! The files that activities came from: a row each, the sealed bytes in the blob store.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::Activity;
use crate::access::Owned;
use crate::db::ops::blobs;
use crate::db::schema::vault::originals;
use crate::db::{Db, Error};
use crate::domain::{AccountId, ActivityId, BlobId};
use crate::seal::{AccountKey, Broken};

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
