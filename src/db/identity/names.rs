//! Who bears which public name. No two names are borne that read alike, and one that was let go is
//! nobody else's for a while: what stands under it was somebody's.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::db::schema::commons::members;
use crate::db::schema::identity::{accounts, public_names};
use crate::db::{Db, Error};
use crate::domain::{AccountId, Invalid, NOT_AVAILABLE, PublicName};
use crate::privacy::retention;
use crate::seal::Keyring;

/// The most names that an account keeps from others after it let them go.
const RELEASED_MAX: i64 = 20;
/// How many names are entered, or let go, in one go.
const ENTERED_AT_ONCE: i64 = 500;

impl Db {
    /// Enters the names of members who have none entered, as those who came before this table; returns
    /// how many were. Of several that read alike the first one's is entered, and the others stay.
    pub async fn enter_names(&self, now: DateTime<Utc>) -> Result<usize, Error> {
        let conn = &mut *self.conn().await?;
        conn.transaction(async |conn| {
            let borne = public_names::table
                .filter(public_names::free_at.is_null())
                .filter(public_names::account_id.eq(members::member_id.nullable()));
            let missing: Vec<(Uuid, String)> = members::table
                .inner_join(accounts::table.on(accounts::account_id.eq(members::member_id)))
                .filter(diesel::dsl::not(diesel::dsl::exists(borne)))
                .order((accounts::created_at, members::member_id))
                .limit(ENTERED_AT_ONCE)
                .select((members::member_id, members::public_name))
                .for_update()
                .load(conn)
                .await?;
            let mut entered = 0;
            for (member, name) in missing {
                let Ok(name) = PublicName::try_from(name.as_str()) else { continue };
                entered += take(conn, &self.keyring, member.into(), &name, now).await?;
            }
            Ok(entered)
        })
        .await
    }
}

impl Db {
    /// Lets go of the names of accounts that are gone: nobody else has them for a while, and whose they were
    /// is not kept. Returns how many were.
    pub async fn release_orphaned_names(&self, now: DateTime<Utc>) -> Result<usize, Error> {
        Ok(diesel::sql_query(
            "UPDATE identity.public_names SET account_id = NULL, free_at = coalesce(free_at, $1)
             WHERE name_hash = ANY (ARRAY(
                 SELECT name_hash FROM identity.public_names orphaned
                 WHERE account_id IS NOT NULL AND NOT EXISTS (
                     SELECT FROM identity.accounts WHERE accounts.account_id = orphaned.account_id
                 )
                 LIMIT $2 FOR UPDATE SKIP LOCKED
             ))",
        )
        .bind::<Timestamptz, _>(now + retention::RELEASED_NAME)
        .bind::<BigInt, _>(ENTERED_AT_ONCE)
        .execute(&mut *self.conn().await?)
        .await?)
    }
}

/// Lets go of the names of an account that is going: nobody else has them for a while, and whose they were is
/// not kept.
pub(in crate::db) async fn let_go(
    conn: &mut AsyncPgConnection,
    account: AccountId,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    diesel::sql_query(
        "UPDATE identity.public_names SET account_id = NULL, free_at = coalesce(free_at, $1)
         WHERE account_id = $2",
    )
    .bind::<Timestamptz, _>(now + retention::RELEASED_NAME)
    .bind::<diesel::sql_types::Uuid, _>(Uuid::from(account))
    .execute(conn)
    .await?;
    Ok(())
}

/// Lets an account bear `name` from now on, and no longer the one before. The account is locked, or new.
/// When the name is not to be had nothing is done, or what is done must be undone.
pub(super) async fn bear(
    conn: &mut AsyncPgConnection,
    keyring: &Keyring,
    account: AccountId,
    name: &PublicName,
    now: DateTime<Utc>,
) -> Result<Result<(), Invalid>, Error> {
    let theirs = public_names::account_id.eq(Uuid::from(account));
    let before: Option<Vec<u8>> = public_names::table
        .filter(theirs)
        .filter(public_names::free_at.is_null())
        .select(public_names::name_hash)
        .first(conn)
        .await
        .optional()?;
    let wanted = name_hash(keyring, name);
    if before.as_ref() == Some(&wanted) {
        return Ok(Ok(()));
    }
    // Both in one order: two who want each other's name do not wait for each other for ever.
    public_names::table
        .filter(public_names::name_hash.eq_any(before.iter().chain([&wanted])))
        .order(public_names::name_hash)
        .select(public_names::name_hash)
        .for_update()
        .execute(conn)
        .await?;
    if before.is_some() {
        let released = public_names::table.filter(theirs.and(public_names::free_at.gt(now)));
        if RELEASED_MAX <= released.count().get_result(conn).await? {
            let reason = "was changed too often";
            return Ok(Err(Invalid { field: "public_name", reason }));
        }
        diesel::update(public_names::table.filter(theirs.and(public_names::free_at.is_null())))
            .set(public_names::free_at.eq(now + retention::RELEASED_NAME))
            .execute(conn)
            .await?;
    }
    let taken = take(conn, keyring, account, name, now).await?;
    Ok(if taken == 0 { Err(NOT_AVAILABLE) } else { Ok(()) })
}

/// Takes a name that nobody bears, or that nobody but the account itself let go: who changed their mind
/// gets theirs back.
async fn take(
    conn: &mut AsyncPgConnection,
    keyring: &Keyring,
    account: AccountId,
    name: &PublicName,
    now: DateTime<Utc>,
) -> Result<usize, Error> {
    Ok(diesel::sql_query(
        "INSERT INTO identity.public_names AS known (name_hash, account_id) VALUES ($1, $2)
         ON CONFLICT (name_hash) DO UPDATE SET account_id = $2, free_at = NULL
         WHERE known.free_at <= $3 OR (known.free_at IS NOT NULL AND known.account_id = $2)",
    )
    .bind::<Binary, _>(name_hash(keyring, name))
    .bind::<SqlUuid, _>(Uuid::from(account))
    .bind::<Timestamptz, _>(now)
    .execute(conn)
    .await?)
}

/// What stands for a name: a MAC of how it reads.
fn name_hash(keyring: &Keyring, name: &PublicName) -> Vec<u8> {
    keyring.index.mac(&["public name", name.skeleton().as_str()]).to_vec()
}
