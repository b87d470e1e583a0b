//! Archives that an account is handed over in or taken in from: how far each is, and where its segments lie.
//!
//! An archive is worked on in steps. A step is taken in one transaction with what it left in the blob store
//! and with the job that takes the next one, and it is taken once: a worker that comes too late changes
//! nothing.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::access_log::append;
use crate::db::identity::{account_key, find_by_id};
use crate::db::ops::{Job, blobs, enqueue};
use crate::db::schema::vault::{activities, archive_segments as segments, archives};
use crate::db::slice::one_more;
use crate::db::{Db, Error, Slice};
use crate::domain::{Access, AccountId, ArchiveId, BlobId, Letter, Subject};
use crate::privacy::retention;
use crate::seal::AccountKey;

const TABLE: &str = "vault.archives";
/// An archive at which nobody has worked for so long is given up: its job failed for good, or whoever sent
/// it has hung up.
const IDLE_MAX: TimeDelta = TimeDelta::days(1);

/// Which way the data go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To their owner.
    Export,
    /// Into the account.
    Import,
}

/// What has become of an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArchiveState {
    /// It is being sent.
    Receiving,
    /// It is being made, or taken in.
    Working,
    /// It can be had, or was taken in.
    Finished,
    /// It cannot be taken in.
    Failed,
}

/// What segments hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The archive.
    Content,
    /// The directory of an archive that is being made.
    Directory,
}

/// An archive.
pub struct Archive {
    /// Its id.
    pub id: ArchiveId,
    /// Which way it goes.
    pub direction: Direction,
    /// What has become of it.
    pub state: ArchiveState,
    /// Counts the steps that were taken.
    pub step: i32,
    /// How many activities are done.
    pub done: i32,
    /// Of how many.
    pub total: i32,
    /// Where to go on and what came of it, in the words of whoever works on it.
    pub progress: Vec<u8>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it goes.
    pub expires_at: DateTime<Utc>,
}

/// A place in the list of archives: just after this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArchivePosition {
    /// When it was asked for.
    pub at: DateTime<Utc>,
    /// Which it is.
    pub id: ArchiveId,
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

/// A step that was taken.
pub struct Step {
    /// How many had been taken before.
    pub from: i32,
    /// What is true after it.
    pub state: ArchiveState,
    /// How many activities are done.
    pub done: i32,
    /// See [`Archive::progress`].
    pub progress: Vec<u8>,
    /// What it left in the blob store.
    pub segments: Vec<NewSegment>,
}

impl Direction {
    const fn name(self) -> &'static str {
        match self {
            Self::Export => "export",
            Self::Import => "import",
        }
    }
}

impl ArchiveState {
    const ALL: [Self; 4] = [Self::Receiving, Self::Working, Self::Finished, Self::Failed];

    /// Its name, in the database and in exports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Receiving => "receiving",
            Self::Working => "working",
            Self::Finished => "finished",
            Self::Failed => "failed",
        }
    }
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

#[derive(Queryable, Selectable)]
#[diesel(table_name = archives, check_for_backend(diesel::pg::Pg))]
struct Row {
    archive_id: Uuid,
    direction: String,
    state: String,
    step: i32,
    done: i32,
    total: i32,
    progress: Vec<u8>,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

impl Db {
    /// Begins an export: asks for its first step, and writes to the owner that somebody asked for it.
    /// `None`, with nothing done, while another is at work.
    pub async fn begin_export(
        &self,
        account: AccountId,
        progress: &[u8],
        now: DateTime<Utc>,
    ) -> Result<Option<Archive>, Error> {
        let conn = &mut *self.conn().await?;
        conn.transaction(async |conn| {
            let all = activities::table.filter(activities::account_id.eq(Uuid::from(account)));
            let total: i64 = all.count().get_result(conn).await?;
            let total = i32::try_from(total).unwrap_or(i32::MAX);
            let key = account_key(conn, &self.keyring, account).await?;
            let begun = insert(conn, &key, Direction::Export, progress, total, now).await?;
            let Some(archive) = begun else { return Ok(None) };
            let access = Access::ExportAsked { archive: archive.id };
            append(conn, &self.keyring, account, &access, now).await?;
            self.write_to(conn, account, Subject::ExportAsked, now).await?;
            self.enqueue_step(conn, account, archive.id, 0, now).await?;
            Ok(Some(archive))
        })
        .await
    }

    /// Begins an import whose archive is yet to be sent. `None`, with nothing done, while another is at
    /// work.
    pub async fn begin_import(
        &self,
        account: AccountId,
        now: DateTime<Utc>,
    ) -> Result<Option<Archive>, Error> {
        let conn = &mut *self.conn().await?;
        let key = account_key(conn, &self.keyring, account).await?;
        insert(conn, &key, Direction::Import, b"null", 0, now).await
    }

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
            name(conn, account, archive, &[segment]).await?;
            Ok(true)
        })
        .await
    }

    /// Asks for the first step of an import whose archive is there; `false` when it was deleted meanwhile.
    pub async fn start_import(
        &self,
        account: AccountId,
        id: ArchiveId,
        progress: &[u8],
        total: i32,
        now: DateTime<Utc>,
    ) -> Result<bool, Error> {
        let conn = &mut *self.conn().await?;
        conn.transaction(async |conn| {
            let key = account_key(conn, &self.keyring, account).await?;
            let row = archives::table.find((Uuid::from(account), Uuid::from(id)));
            let started = diesel::update(row)
                .filter(archives::state.eq(ArchiveState::Receiving.name()))
                .set((
                    archives::state.eq(ArchiveState::Working.name()),
                    archives::progress.eq(seal(&key, id, progress)),
                    archives::total.eq(total),
                    archives::expires_at.eq(now + IDLE_MAX),
                ))
                .execute(conn)
                .await?;
            if started == 0 {
                return Ok(false);
            }
            append(conn, &self.keyring, account, &Access::ImportAsked { archive: id }, now).await?;
            self.enqueue_step(conn, account, id, 0, now).await?;
            Ok(true)
        })
        .await
    }

    /// One archive of an account.
    pub async fn archive(
        &self,
        account: AccountId,
        id: ArchiveId,
    ) -> Result<Option<Archive>, Error> {
        let conn = &mut *self.conn().await?;
        let row: Option<Row> = archives::table
            .find((Uuid::from(account), Uuid::from(id)))
            .select(Row::as_select())
            .first(conn)
            .await
            .optional()?;
        let Some(row) = row else { return Ok(None) };
        let key = account_key(conn, &self.keyring, account).await?;
        Ok(Some(open(&key, row)?))
    }

    /// Up to `limit` archives of an account, the newest first, from `after` on.
    pub async fn archives(
        &self,
        account: AccountId,
        direction: Direction,
        after: Option<ArchivePosition>,
        limit: usize,
    ) -> Result<Slice<Archive, ArchivePosition>, Error> {
        let conn = &mut *self.conn().await?;
        let key = account_key(conn, &self.keyring, account).await?;
        let mut query = archives::table
            .filter(archives::account_id.eq(Uuid::from(account)))
            .filter(archives::direction.eq(direction.name()))
            .order((archives::created_at.desc(), archives::archive_id.desc()))
            .limit(one_more(limit))
            .select(Row::as_select())
            .into_boxed();
        if let Some(ArchivePosition { at, id }) = after {
            let same = archives::created_at.eq(at).and(archives::archive_id.lt(Uuid::from(id)));
            query = query.filter(archives::created_at.lt(at).or(same));
        }
        let rows: Vec<Row> = query.load(conn).await?;
        let found = rows.into_iter().map(|row| open(&key, row)).collect::<Result<_, _>>()?;
        let position = |archive: &Archive| ArchivePosition { at: archive.created_at, id: archive.id };
        Ok(Slice::of(found, limit, position))
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
        let segment = |(blob, bytes): (Uuid, i64)| {
            Segment { blob: blob.into(), bytes: u64::try_from(bytes).unwrap_or(0) }
        };
        Ok(rows.into_iter().map(segment).collect())
    }

    /// Keeps what a step came to, and asks for the next one, unless that was the last. Does nothing when
    /// somebody else took it before, or the archive was deleted.
    pub async fn take_step(
        &self,
        account: AccountId,
        id: ArchiveId,
        step: &Step,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let conn = &mut *self.conn().await?;
        conn.transaction(async |conn| {
            let key = account_key(conn, &self.keyring, account).await?;
            let is_last = step.state != ArchiveState::Working;
            let kept_for = if is_last { retention::ARCHIVE } else { IDLE_MAX };
            let direction: Option<String> = diesel::update(archives::table)
                .filter(archives::account_id.eq(Uuid::from(account)))
                .filter(archives::archive_id.eq(Uuid::from(id)))
                .filter(archives::state.eq(ArchiveState::Working.name()))
                .filter(archives::step.eq(step.from))
                .set((
                    archives::state.eq(step.state.name()),
                    archives::step.eq(step.from + 1),
                    archives::done.eq(step.done),
                    archives::progress.eq(seal(&key, id, &step.progress)),
                    archives::expires_at.eq(now + kept_for),
                ))
                .returning(archives::direction)
                .get_result(conn)
                .await
                .optional()?;
            let Some(direction) = direction else { return Ok(()) };
            name(conn, account, id, &step.segments).await?;
            if !is_last {
                return self.enqueue_step(conn, account, id, step.from + 1, now).await;
            }
            if direction == Direction::Export.name() {
                // It is part of the archive now.
                self.erase_segments(conn, account, id, Some(Role::Directory), now).await?;
                return self.write_to(conn, account, Subject::ExportReady, now).await;
            }
            // What was taken in lies where it belongs.
            self.erase_segments(conn, account, id, None, now).await
        })
        .await
    }

    /// Deletes an archive, whatever has become of it; `false` when there is none.
    pub async fn delete_archive(
        &self,
        account: AccountId,
        id: ArchiveId,
        now: DateTime<Utc>,
    ) -> Result<bool, Error> {
        let conn = &mut *self.conn().await?;
        conn.transaction(async |conn| {
            let row = archives::table.find((Uuid::from(account), Uuid::from(id)));
            let locked: Option<Uuid> =
                row.select(archives::archive_id).for_update().first(conn).await.optional()?;
            if locked.is_none() {
                return Ok(false);
            }
            self.erase_segments(conn, account, id, None, now).await?;
            diesel::delete(row).execute(conn).await?;
            Ok(true)
        })
        .await
    }

    /// Deletes an archive whose time is over; returns how many that were.
    pub(in crate::db) async fn remove_expired_archives(
        &self,
        now: DateTime<Utc>,
    ) -> Result<usize, Error> {
        let over: Option<(Uuid, Uuid)> = archives::table
            .filter(archives::expires_at.le(now))
            .order(archives::expires_at)
            .select((archives::account_id, archives::archive_id))
            .first(&mut *self.conn().await?)
            .await
            .optional()?;
        let Some((account, id)) = over else { return Ok(0) };
        self.delete_archive(account.into(), id.into(), now).await?;
        Ok(1)
    }

    /// Forgets segments, and lets a job erase each.
    async fn erase_segments(
        &self,
        conn: &mut AsyncPgConnection,
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
            blobs::erase(conn, &self.keyring, account, blob.into(), now).await?;
        }
        Ok(())
    }

    async fn enqueue_step(
        &self,
        conn: &mut AsyncPgConnection,
        account: AccountId,
        archive: ArchiveId,
        step: i32,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let job = Job::HandOver { account, archive, step };
        enqueue(conn, &self.keyring, Some(account), &job, now).await
    }

    /// Writes to the owner of an account.
    async fn write_to(
        &self,
        conn: &mut AsyncPgConnection,
        account: AccountId,
        subject: Subject,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let owner = find_by_id(conn, &self.keyring, account).await?;
        let Some(owner) = owner else { return Ok(()) };
        let (to, locale) = (owner.email.as_str().to_owned(), owner.profile.locale);
        let job = Job::SendMail(Letter { to, locale, subject });
        enqueue(conn, &self.keyring, Some(account), &job, now).await
    }
}

async fn insert(
    conn: &mut AsyncPgConnection,
    key: &AccountKey,
    direction: Direction,
    progress: &[u8],
    total: i32,
    now: DateTime<Utc>,
) -> Result<Option<Archive>, Error> {
    let id = ArchiveId::random();
    let state = match direction {
        Direction::Export => ArchiveState::Working,
        Direction::Import => ArchiveState::Receiving,
    };
    let row: Option<Row> = diesel::insert_into(archives::table)
        .values((
            archives::account_id.eq(Uuid::from(key.account())),
            archives::archive_id.eq(Uuid::from(id)),
            archives::direction.eq(direction.name()),
            archives::state.eq(state.name()),
            archives::total.eq(total),
            archives::progress.eq(seal(key, id, progress)),
            archives::created_at.eq(now),
            archives::expires_at.eq(now + IDLE_MAX),
        ))
        .on_conflict_do_nothing()
        .returning(Row::as_returning())
        .get_result(conn)
        .await
        .optional()?;
    row.map(|row| open(key, row)).transpose()
}

/// Names segments by rows, so that they stay.
async fn name(
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

fn seal(key: &AccountKey, id: ArchiveId, progress: &[u8]) -> Vec<u8> {
    key.seal(TABLE, "progress", id.into(), progress)
}

fn open(key: &AccountKey, row: Row) -> Result<Archive, Error> {
    let state = ArchiveState::ALL.into_iter().find(|state| state.name() == row.state);
    let direction =
        [Direction::Export, Direction::Import].into_iter().find(|one| one.name() == row.direction);
    Ok(Archive {
        id: row.archive_id.into(),
        direction: direction.ok_or(Error::Corrupt("vault.archives.direction"))?,
        state: state.ok_or(Error::Corrupt("vault.archives.state"))?,
        step: row.step,
        done: row.done,
        total: row.total,
        progress: key.open(TABLE, "progress", row.archive_id, &row.progress)?,
        created_at: row.created_at,
        expires_at: row.expires_at,
    })
}
