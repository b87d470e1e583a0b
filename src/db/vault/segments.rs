//! The segments that archives lie in: rows that name sealed blobs.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::db::ops::blobs;
use crate::db::schema::vault::{archive_segments as segments, archives};
use crate::db::{Db, Error};
use crate::domain::{AccountId, ArchiveId, ArchiveState, BlobId};
use crate::seal::Keyring;

/// What segments hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The archive.
    Content,
    /// The directory of an archive that is being made.
    Directory,
}

/// A segment that lies in the blob store.
#[derive(Clone, Copy, Debug)]
pub struct Segment {
    /// Where.
    pub blob: BlobId,
    /// How long it is, unsealed.
    pub bytes: u64,
}

/// A segment to be named by a row.
#[derive(Clone, Copy, Debug)]
pub struct NewSegment {
    /// What it holds.
    pub role: Role,
    /// Which of them it is, from 0.
    pub number: u32,
    /// The segment.
    pub segment: Segment,
}

impl Role {
    const fn name(self) -> &'static str {
        match self {
            Self::Content => "content",
            Self::Directory => "directory",
        }
    }

    /// The columns that segments are sealed for, so that none is taken for one of the other role.
    pub const fn place(self) -> (&'static str, &'static str) {
        ("vault.archive_segments", self.name())
    }
}

impl Db {
    /// Names a segment of an archive that is being sent; `false` when it was deleted meanwhile.
    pub async fn receive_segment(
        &self,
        account: AccountId,
        archive: ArchiveId,
        segment: NewSegment,
    ) -> Result<bool, Error> {
        let conn = &mut *self.conn().await?;
        conn.transaction(async |conn| {
            let held: Option<Uuid> = archives::table
                .find((Uuid::from(account), Uuid::from(archive)))
                .filter(archives::state.eq(ArchiveState::Receiving.name()))
                .select(archives::archive_id)
                .for_share()
                .first(conn)
                .await
                .optional()?;
            if held.is_none() {
                return Ok(false);
            }
            insert(conn, account, archive, &[segment]).await?;
            Ok(true)
        })
        .await
    }

    /// Where the segments of an archive lie, in their order.
    pub async fn segments(
        &self,
        account: AccountId,
        archive: ArchiveId,
        role: Role,
    ) -> Result<Vec<Segment>, Error> {
        let rows: Vec<(Uuid, i64)> = segments::table
            .filter(segments::account_id.eq(Uuid::from(account)))
            .filter(segments::archive_id.eq(Uuid::from(archive)))
            .filter(segments::role.eq(role.name()))
            .order(segments::number)
            .select((segments::blob, segments::bytes))
            .load(&mut *self.conn().await?)
            .await?;
        let segment = |(blob, bytes): (Uuid, i64)| Segment {
            blob: blob.into(),
            bytes: u64::try_from(bytes).unwrap_or(0),
        };
        Ok(rows.into_iter().map(segment).collect())
    }
}

/// Names segments by rows, so that they stay.
pub(super) async fn insert(
    conn: &mut AsyncPgConnection,
    account: AccountId,
    archive: ArchiveId,
    new: &[NewSegment],
) -> Result<(), Error> {
    for NewSegment { role, number, segment } in new {
        blobs::keep(conn, segment.blob).await?;
        diesel::insert_into(segments::table)
            .values((
                segments::account_id.eq(Uuid::from(account)),
                segments::archive_id.eq(Uuid::from(archive)),
                segments::role.eq(role.name()),
                segments::number.eq(i32::try_from(*number).unwrap_or(i32::MAX)),
                segments::blob.eq(Uuid::from(segment.blob)),
                segments::bytes.eq(i64::try_from(segment.bytes).unwrap_or(i64::MAX)),
            ))
            .execute(conn)
            .await?;
    }
    Ok(())
}

/// Forgets segments, of one role or of both, and lets a job erase each.
pub(super) async fn erase(
    conn: &mut AsyncPgConnection,
    keyring: &Keyring,
    account: AccountId,
    archive: ArchiveId,
    role: Option<Role>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let roles = role.map_or(vec![Role::Content, Role::Directory], |role| vec![role]);
    let of_archive = segments::table
        .filter(segments::account_id.eq(Uuid::from(account)))
        .filter(segments::archive_id.eq(Uuid::from(archive)))
        .filter(segments::role.eq_any(roles.into_iter().map(Role::name)));
    let blobs: Vec<Uuid> =
        diesel::delete(of_archive).returning(segments::blob).get_results(conn).await?;
    for blob in blobs {
        blobs::erase(conn, keyring, account, blob.into(), now).await?;
    }
    Ok(())
}
