//! The ledger of erasures: who asked to be erased, what is to become of what they shared, how far it has come.
//!
//! Each entry is also noted outside the database, sealed: a database that is restored does not hold what was
//! asked since.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::jobs::{Job, ensure_as};
use crate::db::schema::ops::erasures;
use crate::db::{Db, Error};
use crate::domain::{AccountId, ErasureId, JobId, Legacies};
use crate::privacy::retention;
use crate::seal::Keyring;

const TABLE: &str = "ops.erasures";
/// How many entries are looked at in one go.
const AT_ONCE: i64 = 100;

/// That an account is to be erased.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// The number of its receipt.
    pub id: ErasureId,
    /// Whose account.
    pub account: AccountId,
    /// What is to become of what they shared.
    pub legacies: Legacies,
    /// When they asked for it.
    pub requested_at: DateTime<Utc>,
    /// When it begins. Before, they may take it back.
    pub erase_at: DateTime<Utc>,
    /// Whether they did.
    #[serde(default)]
    pub is_undone: bool,
}

/// An erasure that is under way.
pub struct Open {
    /// What was asked for.
    pub erasure: Erasure,
    /// Whether the receipt is written.
    pub is_told: bool,
    /// Whether it has begun: then it is written down which texts occur more than once.
    pub has_begun: bool,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = erasures, check_for_backend(diesel::pg::Pg))]
struct Row {
    erasure_id: Uuid,
    account_id: Uuid,
    choices: Vec<u8>,
    requested_at: DateTime<Utc>,
    erase_at: DateTime<Utc>,
    undone_at: Option<DateTime<Utc>>,
}

impl Db {
    /// An erasure that is neither done nor taken back.
    pub async fn open_erasure(&self, id: ErasureId) -> Result<Option<Open>, Error> {
        let found: Option<(Row, bool, bool)> = erasures::table
            .find(Uuid::from(id))
            .filter(erasures::done_at.is_null().and(erasures::undone_at.is_null()))
            .select((
                Row::as_select(),
                erasures::told_at.is_not_null(),
                erasures::texts.is_not_null(),
            ))
            .first(&mut *self.conn().await?)
            .await
            .optional()?;
        let Some((row, is_told, has_begun)) = found else { return Ok(None) };
        Ok(Some(Open { erasure: open(&self.keyring, &row)?, is_told, has_begun }))
    }

    /// An erasure as the ledger knows it, whether it is open, done or taken back; `None` when it does not.
    pub async fn known_erasure(&self, id: ErasureId) -> Result<Option<Erasure>, Error> {
        let row = erasures::table.find(Uuid::from(id)).select(Row::as_select());
        let row: Option<Row> = row.first(&mut *self.conn().await?).await.optional()?;
        row.map(|row| open(&self.keyring, &row)).transpose()
    }

    /// Entries that are not yet noted outside the database as they are.
    pub async fn unnoted_erasures(&self) -> Result<Vec<Erasure>, Error> {
        let rows: Vec<Row> = erasures::table
            .filter(erasures::is_noted.eq(false))
            .order(erasures::erasure_id)
            .limit(AT_ONCE)
            .select(Row::as_select())
            .load(&mut *self.conn().await?)
            .await?;
        rows.iter().map(|row| open(&self.keyring, row)).collect()
    }

    /// Takes note that an entry is noted outside the database, unless it is another one by now.
    pub async fn erasure_is_noted(&self, erasure: &Erasure) -> Result<(), Error> {
        diesel::update(erasures::table.find(Uuid::from(erasure.id)))
            .filter(erasures::undone_at.is_not_null().eq(erasure.is_undone))
            .set(erasures::is_noted.eq(true))
            .execute(&mut *self.conn().await?)
            .await?;
        Ok(())
    }

    /// The form in which an entry is noted outside the database.
    pub fn seal_erasure(&self, erasure: &Erasure) -> Result<Vec<u8>, Error> {
        let json =
            serde_json::to_vec(erasure).map_err(|_| Error::Corrupt("ops.erasures.choices"))?;
        Ok(self.keyring.queue.seal(TABLE, "note", erasure.id.into(), &json))
    }

    /// An entry from the form in which it was noted; `None` when it was noted for another database, whose
    /// secrets are not those of this one.
    pub fn open_noted_erasure(&self, id: ErasureId, note: &[u8]) -> Option<Erasure> {
        let json = self.keyring.queue.open(TABLE, "note", id.into(), note).ok()?;
        serde_json::from_slice(&json).ok()
    }

    /// Enters what was noted outside of an account that is not there, or of an erasure that was taken back:
    /// there is nothing to do but to forget it in time.
    pub async fn enter_noted_erasure(
        &self,
        erasure: &Erasure,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        diesel::insert_into(erasures::table)
            .values((
                entry(&self.keyring, erasure)?,
                erasures::is_noted.eq(true),
                erasures::undone_at.eq(erasure.is_undone.then_some(now)),
                erasures::done_at.eq((!erasure.is_undone).then_some(now)),
                erasures::expires_at.eq(now + retention::BACKUP),
            ))
            .on_conflict_do_nothing()
            .execute(&mut *self.conn().await?)
            .await?;
        Ok(())
    }

    /// The erasures that have begun, or should have, and are not done.
    pub async fn due_erasures(&self, now: DateTime<Utc>) -> Result<Vec<ErasureId>, Error> {
        let due: Vec<Uuid> = erasures::table
            .filter(erasures::done_at.is_null().and(erasures::undone_at.is_null()))
            .filter(erasures::erase_at.le(now))
            .order(erasures::erase_at)
            .select(erasures::erasure_id)
            .load(&mut *self.conn().await?)
            .await?;
        Ok(due.into_iter().map(ErasureId::from).collect())
    }

    /// Enqueues what goes on with the erasures that are due, where nothing does.
    pub async fn enqueue_erasures(&self, now: DateTime<Utc>) -> Result<(), Error> {
        let due = self.due_erasures(now).await?;
        let conn = &mut *self.conn().await?;
        for id in due {
            enqueue(conn, &self.keyring, id, now).await?;
        }
        Ok(())
    }

    /// Entries that no backup can contradict any more.
    pub async fn expired_erasures(&self, now: DateTime<Utc>) -> Result<Vec<ErasureId>, Error> {
        let ids: Vec<Uuid> = erasures::table
            .filter(erasures::expires_at.le(now))
            .limit(AT_ONCE)
            .select(erasures::erasure_id)
            .load(&mut *self.conn().await?)
            .await?;
        Ok(ids.into_iter().map(ErasureId::from).collect())
    }

    /// Forgets an entry.
    pub async fn forget_erasure(&self, id: ErasureId) -> Result<(), Error> {
        diesel::delete(erasures::table.find(Uuid::from(id)))
            .execute(&mut *self.conn().await?)
            .await?;
        Ok(())
    }
}

/// Enters that an account is to be erased, in the transaction that hides it.
pub(in crate::db) async fn insert(
    conn: &mut AsyncPgConnection,
    keyring: &Keyring,
    erasure: &Erasure,
    remembered: Vec<u8>,
) -> Result<(), Error> {
    diesel::insert_into(erasures::table)
        .values((entry(keyring, erasure)?, erasures::remembered.eq(remembered)))
        .execute(conn)
        .await?;
    enqueue(conn, keyring, erasure.id, erasure.erase_at).await
}

/// The job has the id of its erasure, and belongs to no account: it is to outlive it.
async fn enqueue(
    conn: &mut AsyncPgConnection,
    keyring: &Keyring,
    erasure: ErasureId,
    run_at: DateTime<Utc>,
) -> Result<(), Error> {
    let id = JobId::from(Uuid::from(erasure));
    ensure_as(conn, keyring, id, &Job::EraseAccount { erasure }, run_at).await
}

type Entry = (
    diesel::dsl::Eq<erasures::erasure_id, Uuid>,
    diesel::dsl::Eq<erasures::account_id, Uuid>,
    diesel::dsl::Eq<erasures::choices, Vec<u8>>,
    diesel::dsl::Eq<erasures::requested_at, DateTime<Utc>>,
    diesel::dsl::Eq<erasures::erase_at, DateTime<Utc>>,
);

fn entry(keyring: &Keyring, erasure: &Erasure) -> Result<Entry, Error> {
    let json = serde_json::to_vec(&erasure.legacies)
        .map_err(|_| Error::Corrupt("ops.erasures.choices"))?;
    let id = Uuid::from(erasure.id);
    Ok((
        erasures::erasure_id.eq(id),
        erasures::account_id.eq(Uuid::from(erasure.account)),
        erasures::choices.eq(keyring.queue.seal(TABLE, "choices", id, &json)),
        erasures::requested_at.eq(erasure.requested_at),
        erasures::erase_at.eq(erasure.erase_at),
    ))
}

fn open(keyring: &Keyring, row: &Row) -> Result<Erasure, Error> {
    let json = keyring.queue.open(TABLE, "choices", row.erasure_id, &row.choices)?;
    Ok(Erasure {
        id: row.erasure_id.into(),
        account: row.account_id.into(),
        legacies: serde_json::from_slice(&json)
            .map_err(|_| Error::Corrupt("ops.erasures.choices"))?,
        requested_at: row.requested_at,
        erase_at: row.erase_at,
        is_undone: row.undone_at.is_some(),
    })
}
