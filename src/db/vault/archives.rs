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
use super::segments::{self, NewSegment, Role};
use crate::db::identity::{account_key, find_by_id};
use crate::db::ops::{Job, enqueue};
use crate::db::schema::identity::accounts;
use crate::db::schema::vault::{activities, archives};
use crate::db::slice::one_more;
use crate::db::{Db, Error, Slice};
use crate::domain::{Access, AccountId, ArchiveId, ArchiveState, Direction, Letter, Subject};
use crate::privacy::retention;
use crate::seal::{AccountKey, Keyring};

const TABLE: &str = "vault.archives";
/// An archive at which nobody has worked for so long is given up: its job failed for good, or whoever sent
/// it has hung up.
const IDLE_MAX: TimeDelta = TimeDelta::days(1);

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
    /// Begins an export: asks for its first step, and writes to the owner that somebody asked for it. Of those that
    /// are finished the newest stays, which may be downloading; each is as large as all that the account keeps.
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
            let finished: Vec<Uuid> = archives::table
                .filter(archives::account_id.eq(Uuid::from(account)))
                .filter(archives::direction.eq(Direction::Export.name()))
                .filter(archives::state.eq(ArchiveState::Finished.name()))
                .order((archives::created_at.desc(), archives::archive_id.desc()))
                .select(archives::archive_id)
                .load(conn)
                .await?;
            for older in finished.into_iter().skip(1) {
                delete(conn, &self.keyring, account, older.into(), now).await?;
            }
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
        Ok(Some(open(&key, &row)?))
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
        let found = rows.iter().map(|row| open(&key, row)).collect::<Result<_, _>>()?;
        let position =
            |archive: &Archive| ArchivePosition { at: archive.created_at, id: archive.id };
        Ok(Slice::of(found, limit, position))
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
            segments::insert(conn, account, id, &step.segments).await?;
            if !is_last {
                return self.enqueue_step(conn, account, id, step.from + 1, now).await;
            }
            if direction == Direction::Export.name() {
                // It is part of the archive now.
                segments::erase(conn, &self.keyring, account, id, Some(Role::Directory), now)
                    .await?;
                return self.write_to(conn, account, Subject::ExportReady, now).await;
            }
            // What was taken in lies where it belongs.
            segments::erase(conn, &self.keyring, account, id, None, now).await
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
        conn.transaction(async |conn| delete(conn, &self.keyring, account, id, now).await).await
    }

    /// Deletes an archive whose time is over, unless its owner lets nothing be done with the data; returns how
    /// many that were.
    pub(in crate::db) async fn remove_expired_archives(
        &self,
        now: DateTime<Utc>,
    ) -> Result<usize, Error> {
        let over: Option<(Uuid, Uuid)> = archives::table
            .inner_join(accounts::table.on(accounts::account_id.eq(archives::account_id)))
            .filter(archives::expires_at.le(now).and(accounts::restricted_at.is_null()))
            .order(archives::expires_at)
            .select((archives::account_id, archives::archive_id))
            .first(&mut *self.conn().await?)
            .await
            .optional()?;
        let Some((account, id)) = over else { return Ok(0) };
        self.delete_archive(account.into(), id.into(), now).await?;
        Ok(1)
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

async fn delete(
    conn: &mut AsyncPgConnection,
    keyring: &Keyring,
    account: AccountId,
    id: ArchiveId,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let row = archives::table.find((Uuid::from(account), Uuid::from(id)));
    let locked: Option<Uuid> =
        row.select(archives::archive_id).for_update().first(conn).await.optional()?;
    if locked.is_none() {
        return Ok(false);
    }
    segments::erase(conn, keyring, account, id, None, now).await?;
    diesel::delete(row).execute(conn).await?;
    Ok(true)
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
    row.map(|row| open(key, &row)).transpose()
}

fn seal(key: &AccountKey, id: ArchiveId, progress: &[u8]) -> Vec<u8> {
    key.seal(TABLE, "progress", id.into(), progress)
}

fn open(key: &AccountKey, row: &Row) -> Result<Archive, Error> {
    let state = ArchiveState::ALL.into_iter().find(|state| state.name() == row.state);
    let direction = Direction::ALL.into_iter().find(|one| one.name() == row.direction);
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
