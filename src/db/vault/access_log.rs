//! The log of who was at an account, for its owner to read. It is only ever added to: the login of the server
//! has no right to change or delete an entry, and what is older than its period goes by a function that can
//! delete nothing else.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Timestamptz};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::db::identity::{account_key, find_account};
use crate::db::schema::vault::{access_log, link_openings};
use crate::db::slice::one_more;
use crate::db::{Db, Error, Slice};
use crate::domain::{Access, AccountId, Email, EntryId};
use crate::seal::{AccountKey, Keyring};

const TABLE: &str = "vault.access_log";
/// How many counts of openings are told in one go.
const OPENINGS_AT_ONCE: i64 = 200;

/// An entry of the log.
pub struct LogEntry {
    /// Its id.
    pub id: EntryId,
    /// When it was.
    pub at: DateTime<Utc>,
    /// What was done.
    pub access: Access,
}

/// A place in the log: just after this entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogPosition {
    /// When it was.
    pub at: DateTime<Utc>,
    /// Which it is.
    pub id: EntryId,
}

type Row = (Uuid, DateTime<Utc>, Vec<u8>);

impl Db {
    /// Up to `limit` entries of an account's log, the newest first, from `after` on.
    pub async fn access_log(
        &self,
        account: AccountId,
        after: Option<LogPosition>,
        limit: usize,
    ) -> Result<Slice<LogEntry, LogPosition>, Error> {
        let conn = &mut *self.conn().await?;
        let key = account_key(conn, &self.keyring, account).await?;
        let mut query = access_log::table
            .filter(access_log::account_id.eq(Uuid::from(account)))
            .order((access_log::at.desc(), access_log::entry_id.desc()))
            .limit(one_more(limit))
            .select((access_log::entry_id, access_log::at, access_log::content))
            .into_boxed();
        if let Some(LogPosition { at, id }) = after {
            let same = access_log::at.eq(at).and(access_log::entry_id.lt(Uuid::from(id)));
            query = query.filter(access_log::at.lt(at).or(same));
        }
        let rows: Vec<Row> = query.load(conn).await?;
        let entries = rows.into_iter().map(|row| open(&key, row)).collect::<Result<_, _>>()?;
        Ok(Slice::of(entries, limit, |entry| LogPosition { at: entry.at, id: entry.id }))
    }

    /// Adds an entry by itself. Where a transaction does what it tells, that transaction adds it.
    pub async fn log_access(
        &self,
        account: AccountId,
        access: &Access,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        append(&mut *self.conn().await?, &self.keyring, account, access, now).await
    }

    /// Adds an entry that has this id, unless it is there: for jobs, which may run twice.
    pub async fn log_access_once(
        &self,
        account: AccountId,
        id: EntryId,
        access: &Access,
        at: DateTime<Utc>,
    ) -> Result<(), Error> {
        append_as(&mut *self.conn().await?, &self.keyring, account, id, access, at).await
    }

    /// Adds an entry that has this id, unless it was added within the hour.
    pub async fn log_access_in_hour(
        &self,
        account: AccountId,
        id: EntryId,
        access: &Access,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let conn = &mut *self.conn().await?;
        let known = access_log::table
            .filter(access_log::account_id.eq(Uuid::from(account)))
            .filter(access_log::at.gt(now - TimeDelta::hours(1)))
            .filter(access_log::entry_id.eq(Uuid::from(id)));
        if diesel::select(exists(known)).get_result(conn).await? {
            return Ok(());
        }
        append_as(conn, &self.keyring, account, id, access, now).await
    }

    /// Whose address `email` is.
    pub async fn account_of(&self, email: &Email) -> Result<Option<AccountId>, Error> {
        find_account(&mut *self.conn().await?, &self.keyring, email).await
    }

    /// Tells logs how often links were opened on days that are over; returns how many counts that were.
    pub async fn log_link_openings(&self, now: DateTime<Utc>) -> Result<usize, Error> {
        let conn = &mut *self.conn().await?;
        conn.transaction(async |conn| {
            let over: Vec<(Uuid, Uuid, Uuid, NaiveDate, i32)> = link_openings::table
                .filter(link_openings::day.lt(now.date_naive()))
                .order(link_openings::all_columns)
                .limit(OPENINGS_AT_ONCE)
                .select(link_openings::all_columns)
                .for_update()
                .skip_locked()
                .load(conn)
                .await?;
            for (account, activity, link, day, opened) in over.iter().copied() {
                let access = Access::LinkOpened { link: link.into(), day, opened };
                append(conn, &self.keyring, account.into(), &access, end_of(day, now)).await?;
                let row = link_openings::table.find((account, activity, link, day));
                diesel::delete(row).execute(conn).await?;
            }
            Ok(over.len())
        })
        .await
    }

    /// Takes away up to `rows_max` entries that are older than their period; returns how many went.
    pub(in crate::db) async fn prune_access_log(
        &self,
        rows_max: i64,
        now: DateTime<Utc>,
    ) -> Result<usize, Error> {
        let pruned: i64 = diesel::select(prune_access_log(now, rows_max))
            .get_result(&mut *self.conn().await?)
            .await?;
        Ok(usize::try_from(pruned).unwrap_or(0))
    }
}

#[diesel::declare_sql_function]
extern "SQL" {
    #[sql_name = "vault.prune_access_log"]
    fn prune_access_log(now: Timestamptz, rows_max: BigInt) -> BigInt;
}

/// Adds an entry, in the transaction that does what it tells.
pub(in crate::db) async fn append(
    conn: &mut AsyncPgConnection,
    keyring: &Keyring,
    account: AccountId,
    access: &Access,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    append_as(conn, keyring, account, EntryId::random(), access, now).await
}

async fn append_as(
    conn: &mut AsyncPgConnection,
    keyring: &Keyring,
    account: AccountId,
    id: EntryId,
    access: &Access,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    let key = account_key(conn, keyring, account).await?;
    let id = Uuid::from(id);
    let json =
        serde_json::to_vec(access).map_err(|_| Error::Corrupt("vault.access_log.content"))?;
    diesel::insert_into(access_log::table)
        .values((
            access_log::account_id.eq(Uuid::from(account)),
            access_log::at.eq(at),
            access_log::entry_id.eq(id),
            access_log::content.eq(key.seal(TABLE, "content", id, &json)),
        ))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    Ok(())
}

/// When a day was over; no later than now.
fn end_of(day: NaiveDate, now: DateTime<Utc>) -> DateTime<Utc> {
    let midnight = day.and_time(chrono::NaiveTime::MIN).and_utc();
    midnight.checked_add_signed(TimeDelta::days(1)).map_or(now, |end| end.min(now))
}

fn open(key: &AccountKey, (id, at, content): Row) -> Result<LogEntry, Error> {
    let json = key.open(TABLE, "content", id, &content)?;
    let access = serde_json::from_slice(&json);
    let access = access.map_err(|_| Error::Corrupt("vault.access_log.content"))?;
    Ok(LogEntry { id: id.into(), at, access })
}
