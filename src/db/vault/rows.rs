//! The rows that an account has, in whichever tables there are: found by the inventory. Named here are only
//! those that go in an order of their own.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, Text, Uuid as SqlUuid};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::db::identity::{email_hash, find_by_id, let_go_of_names};
use crate::db::ops::{Erasure, blobs};
use crate::db::schema::identity::{accounts, registrations};
use crate::db::schema::ops::erasures as ledger;
use crate::db::{Db, Error};
use crate::domain::{AccountId, ActivityId, BlobId};
use crate::privacy::erasure::{self, Rule};
use crate::privacy::retention;
use crate::seal::Keyring;

/// How many rows one statement takes.
const ROWS_AT_ONCE: i64 = 1_000;
/// How many files one step calls for the erasure of.
const BLOBS_AT_ONCE: i64 = 200;
/// What goes last, in one transaction, while nothing comes in any more: that by which the rest is read, and
/// with files those rows that name them, or that such rows go with.
const LAST: [&str; 5] = [
    "identity.accounts",
    "identity.account_keys",
    "identity.addresses",
    "commons.members",
    "vault.activities",
];

/// How many rows an account has in a table.
pub struct Held {
    /// The table.
    pub table: &'static str,
    /// How many.
    pub rows: i64,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    rows: i64,
}

#[derive(QueryableByName)]
struct Files {
    #[diesel(sql_type = Array<Nullable<SqlUuid>>)]
    blobs: Vec<Option<Uuid>>,
}

#[derive(QueryableByName)]
struct Deletable {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
struct Reference {
    #[diesel(sql_type = Text)]
    child: String,
    #[diesel(sql_type = Text)]
    parent: String,
}

impl Db {
    /// How many rows an account has in each of the tables whose rows go with it, for its owner: without
    /// those that others made about it.
    pub async fn rows_held(&self, account: AccountId) -> Result<Vec<Held>, Error> {
        held(&mut *self.conn().await?, told(), account).await
    }

    /// Calls for the erasure of some of the files of an account, or of those of some of its activities; whether
    /// there may be more.
    pub async fn erase_files(
        &self,
        account: AccountId,
        of: Option<&[ActivityId]>,
        now: DateTime<Utc>,
    ) -> Result<bool, Error> {
        let conn = &mut *self.conn().await?;
        conn.transaction(async |conn| erase_blobs(conn, &self.keyring, account, of, now).await)
            .await
    }

    /// Deletes some of the rows of an account, but for those by which it is read; whether there may be more.
    pub async fn erase_rows(&self, account: AccountId) -> Result<bool, Error> {
        let conn = &mut *self.conn().await?;
        let mut are_more = false;
        for (table, column) in in_order(conn).await? {
            let names_files = erasure::blobs().any(|(named, _)| named == table);
            if LAST.contains(&table) || names_files {
                continue;
            }
            are_more |= delete(conn, table, column, account).await? == ROWS_AT_ONCE;
        }
        for (table, column) in emptied() {
            are_more |= empty(conn, table, column, account).await? == ROWS_AT_ONCE;
        }
        Ok(are_more)
    }

    /// Deletes what is left of an account, its key and its address among it, and says so in the ledger.
    pub async fn finish_erasure(&self, erasure: &Erasure, now: DateTime<Utc>) -> Result<(), Error> {
        let conn = &mut *self.conn().await?;
        conn.transaction(async |conn| {
            let account = erasure.account;
            // Nothing comes in any more: what is on its way waits, and then finds no account.
            let row = accounts::table.find(Uuid::from(account)).select(accounts::account_id);
            row.for_update().first::<Uuid>(conn).await.optional()?;
            self.forget_registrations(conn, account).await?;
            let_go_of_names(conn, account, now).await?;
            while erase_blobs(conn, &self.keyring, account, None, now).await? {}
            blobs::disown(conn, account).await?;
            for (table, column) in in_order(conn).await? {
                while delete(conn, table, column, account).await? == ROWS_AT_ONCE {}
            }
            for (table, column) in emptied() {
                while empty(conn, table, column, account).await? == ROWS_AT_ONCE {}
            }
            // Nothing is said to be erased that is not.
            if !held(conn, owned(), account).await?.is_empty() {
                return Err(Error::Unerased);
            }
            diesel::update(ledger::table.find(Uuid::from(erasure.id)))
                .set((
                    ledger::done_at.eq(now),
                    ledger::expires_at.eq(now + retention::BACKUP),
                    ledger::remembered.eq(None::<Vec<u8>>),
                    ledger::texts.eq(None::<Vec<u8>>),
                ))
                .execute(conn)
                .await?;
            Ok(())
        })
        .await
    }

    /// What waits for a code at the address of an account: an address has one account, and that goes.
    async fn forget_registrations(
        &self,
        conn: &mut AsyncPgConnection,
        account: AccountId,
    ) -> Result<(), Error> {
        let owner = match find_by_id(conn, &self.keyring, account).await {
            Ok(owner) => owner,
            Err(Error::Broken(_) | Error::Corrupt(_)) => None,
            Err(error) => return Err(error),
        };
        let Some(owner) = owner else { return Ok(()) };
        let hash = email_hash(&self.keyring, &owner.email);
        diesel::delete(registrations::table.filter(registrations::email_hash.eq(hash)))
            .execute(conn)
            .await?;
        Ok(())
    }
}

/// Calls for the erasure of some of the files that rows of an account name, or of some of its activities, and
/// deletes those rows; whether there may be more.
pub(super) async fn erase_blobs(
    conn: &mut AsyncPgConnection,
    keyring: &Keyring,
    account: AccountId,
    of: Option<&[ActivityId]>,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let ids: Option<Vec<Uuid>> = of.map(|ids| ids.iter().copied().map(Uuid::from).collect());
    let mut of_tables: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (table, column) in erasure::blobs() {
        of_tables.entry(table).or_default().push(column);
    }
    let mut are_more = false;
    // In order: rows that go with others would leave the files behind that they name.
    for (table, owner) in in_order(conn).await? {
        let Some(columns) = of_tables.get(table) else { continue };
        let is_of_activities = erasure::has_column(table, "activity_id");
        if ids.is_some() && !is_of_activities {
            continue;
        }
        let which =
            if is_of_activities { "($3 IS NULL OR activity_id = ANY ($3))" } else { "$3 IS NULL" };
        let query = format!(
            "DELETE FROM {table} WHERE ctid = ANY (ARRAY(
                 SELECT ctid FROM {table} WHERE {owner} = $1 AND {which} LIMIT $2
             )) RETURNING ARRAY[{}] AS blobs",
            columns.join(", ")
        );
        let rows: Vec<Files> = diesel::sql_query(query)
            .bind::<SqlUuid, _>(Uuid::from(account))
            .bind::<BigInt, _>(BLOBS_AT_ONCE)
            .bind::<Nullable<Array<SqlUuid>>, _>(ids.as_deref())
            .load(conn)
            .await?;
        are_more |= i64::try_from(rows.len()).is_ok_and(|rows| rows == BLOBS_AT_ONCE);
        for blob in rows.into_iter().flat_map(|row| row.blobs).flatten() {
            blobs::erase_orphan(conn, keyring, BlobId::from(blob), now).await?;
        }
    }
    Ok(are_more)
}

async fn held(
    conn: &mut AsyncPgConnection,
    counted: impl Iterator<Item = (&'static str, &'static str)>,
    account: AccountId,
) -> Result<Vec<Held>, Error> {
    let mut held = Vec::new();
    for (table, column) in counted {
        let query = format!("SELECT count(*) AS rows FROM {table} WHERE {column} = $1");
        let count: Count = diesel::sql_query(query)
            .bind::<SqlUuid, _>(Uuid::from(account))
            .get_result(conn)
            .await?;
        if count.rows > 0 {
            held.push(Held { table, rows: count.rows });
        }
    }
    Ok(held)
}

/// Every table whose rows go, with the column that names the account.
fn owned() -> impl Iterator<Item = (&'static str, &'static str)> {
    erasure::tables().flat_map(|table| {
        erasure::rules_of(table).filter_map(move |rule| match rule {
            Rule::Rows(column) | Rule::Untold(column) | Rule::Severed(column) => {
                Some((table, column))
            }
            Rule::Emptied(..) | Rule::Address | Rule::Works | Rule::Kept(_) => None,
        })
    })
}

/// The same without what the account never learns of.
fn told() -> impl Iterator<Item = (&'static str, &'static str)> {
    let is_told = |(table, column): &(&'static str, &'static str)| {
        erasure::rules_of(table).any(|rule| rule == Rule::Rows(column))
    };
    owned().filter(move |place| is_told(place))
}

fn emptied() -> impl Iterator<Item = (&'static str, &'static str)> {
    erasure::tables().flat_map(|table| {
        erasure::rules_of(table).filter_map(move |rule| match rule {
            Rule::Emptied(column, _) => Some((table, column)),
            Rule::Rows(_)
            | Rule::Untold(_)
            | Rule::Severed(_)
            | Rule::Address
            | Rule::Works
            | Rule::Kept(_) => None,
        })
    })
}

/// The same as [`owned`], those first whose rows refer to others. Without those that no login of ours may delete
/// from, as from a log: their rows go with the account's, by the database.
async fn in_order(
    conn: &mut AsyncPgConnection,
) -> Result<Vec<(&'static str, &'static str)>, Error> {
    let names: Vec<&str> = owned().map(|(table, _)| table).collect();
    let deletable: Vec<Deletable> = diesel::sql_query(
        "SELECT name FROM unnest($1) AS name WHERE has_table_privilege(name, 'DELETE')",
    )
    .bind::<Array<Text>, _>(names)
    .load(conn)
    .await?;
    let references: Vec<Reference> = diesel::sql_query(
        "SELECT conrelid::regclass::text AS child, confrelid::regclass::text AS parent
         FROM pg_constraint WHERE contype = 'f' AND conrelid <> confrelid",
    )
    .load(conn)
    .await?;
    let may_delete = |table: &str| deletable.iter().any(|deletable| deletable.name == table);
    let mut rest: Vec<_> = owned().filter(|(table, _)| may_delete(table)).collect();
    let mut ordered = Vec::with_capacity(rest.len());
    while !rest.is_empty() {
        let there: BTreeSet<&str> = rest.iter().map(|(table, _)| *table).collect();
        let is_referred_to = |table: &str| {
            let refers = |reference: &Reference| {
                reference.parent == table && there.contains(reference.child.as_str())
            };
            references.iter().any(refers)
        };
        let (last, first): (Vec<_>, Vec<_>) =
            rest.iter().copied().partition(|(table, _)| is_referred_to(table));
        if first.is_empty() {
            // They refer to each other in a circle: the database has to see to the rest.
            ordered.extend(last);
            break;
        }
        ordered.extend(first);
        rest = last;
    }
    Ok(ordered)
}

/// Deletes some rows; how many. Names are the inventory's, which are ours.
async fn delete(
    conn: &mut AsyncPgConnection,
    table: &str,
    column: &str,
    account: AccountId,
) -> Result<i64, Error> {
    let statement = format!(
        "DELETE FROM {table} WHERE ctid = ANY (ARRAY(
             SELECT ctid FROM {table} WHERE {column} = $1 LIMIT $2
         ))"
    );
    some(conn, statement, account).await
}

/// Empties a column of some rows; of how many.
async fn empty(
    conn: &mut AsyncPgConnection,
    table: &str,
    column: &str,
    account: AccountId,
) -> Result<i64, Error> {
    let statement = format!(
        "UPDATE {table} SET {column} = NULL WHERE ctid = ANY (ARRAY(
             SELECT ctid FROM {table} WHERE {column} = $1 LIMIT $2
         ))"
    );
    some(conn, statement, account).await
}

async fn some(
    conn: &mut AsyncPgConnection,
    statement: String,
    account: AccountId,
) -> Result<i64, Error> {
    let rows = diesel::sql_query(statement)
        .bind::<SqlUuid, _>(Uuid::from(account))
        .bind::<BigInt, _>(ROWS_AT_ONCE)
        .execute(conn)
        .await?;
    Ok(i64::try_from(rows).unwrap_or(i64::MAX))
}
