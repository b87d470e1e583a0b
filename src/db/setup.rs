//! Migrations, logins and the server's secrets.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::{AsyncMigrationHarness, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use uuid::Uuid;

use super::connect::Address;
use super::schema::identity::account_keys;
use super::schema::ops::secrets;
use super::{
    COMMONS_ROLE, CONNECTIONS_MAX, Commons, Db, Error, LONG_CONNECTIONS_MAX, OWNER_ROLE,
    SESSION_CONNECTIONS_MAX, pool,
};
use crate::seal::{Keyring, MasterKey, Purpose, Secret, TokenSecret};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!();

/// Names the lock that migrating takes.
const MIGRATION_LOCK: i64 = 0x6f70_656e_7472_6163;

/// How long a migration waits for a table, in seconds. All who come after it wait behind it meanwhile: who is served by
/// another process must not notice.
const LOCK_WAIT_S: u32 = 3;
/// How long they are let through before it tries again.
const LOCK_PAUSE: Duration = Duration::from_secs(2);
/// How often it tries: some minutes.
const MIGRATION_TRIES: u32 = 60;

/// Applies the pending migrations as the user of `url`, and gives the two logins the passwords
/// that follow from the master key, unless they have them.
pub async fn migrate(url: &str, master: &MasterKey) -> Result<(), Error> {
    let mut connection = Address::parse(url)?.connect().await?;
    // One process at a time; the others find the work done. The lock goes with the connection.
    connection.batch_execute(&format!("SELECT pg_advisory_lock({MIGRATION_LOCK})")).await?;
    let wait = format!("SET lock_timeout = '{LOCK_WAIT_S}s'");
    connection.batch_execute(&wait).await?;
    let mut harness = AsyncMigrationHarness::new(connection);
    for tries_left in (0..MIGRATION_TRIES).rev() {
        match harness.run_pending_migrations(MIGRATIONS) {
            Ok(_) => break,
            // Each is a transaction: what was done is done, and the rest goes on from there.
            Err(error) if 0 < tries_left && error.to_string().contains("lock timeout") => {
                tokio::time::sleep(LOCK_PAUSE).await;
            }
            Err(error) => return Err(Error::Migration(error)),
        }
    }
    let mut connection = harness.into_inner();
    for role in [OWNER_ROLE, COMMONS_ROLE] {
        // Logins are those of all databases of the server, which may be started at once: two that change one at
        // the same moment are refused, and no lock is held by both.
        if as_role(url, role, master)?.connect().await.is_ok() {
            continue;
        }
        // Both are of our own making and hold no quote: base64 and a constant.
        let password = master.role_password(role);
        let statement = format!("ALTER ROLE {role} PASSWORD '{}'", *password);
        connection.batch_execute(&statement).await?;
    }
    Ok(())
}

/// Whether the database of `url` holds what a master key has sealed.
pub async fn is_in_use(url: &str) -> Result<bool, Error> {
    let mut connection = Address::parse(url)?.connect().await?;
    let made = diesel::dsl::sql::<Bool>("to_regclass('ops.secrets') IS NOT NULL");
    if !diesel::select(made).get_result(&mut connection).await? {
        return Ok(false);
    }
    let any = secrets::table.select(secrets::generation).first::<i32>(&mut connection).await;
    Ok(any.optional()?.is_some())
}

impl Commons {
    /// Prepares the pools of the login that reads the commons.
    pub fn open(url: &str, master: &MasterKey) -> Result<Self, Error> {
        let address = as_role(url, COMMONS_ROLE, master)?;
        Ok(Self {
            pool: pool(address.clone(), CONNECTIONS_MAX)?,
            sessions: pool(address.clone(), SESSION_CONNECTIONS_MAX)?,
            along: pool(address.clone(), LONG_CONNECTIONS_MAX)?,
            open_data: pool(address, LONG_CONNECTIONS_MAX)?,
        })
    }
}

impl Db {
    /// Prepares the pool of the login that acts for owners, and opens the server's secrets; makes
    /// those that are missing.
    pub async fn open(url: &str, master: MasterKey, now: DateTime<Utc>) -> Result<Self, Error> {
        let pool = pool(as_role(url, OWNER_ROLE, &master)?, CONNECTIONS_MAX)?;
        let mut connection = pool.get().await?;
        let conn: &mut AsyncPgConnection = &mut connection;
        for purpose in Purpose::ALL {
            insert_secret(conn, &master, purpose, 1, now).await?;
        }
        let index = newest(conn, &master, Purpose::Index).await?;
        let refresh_token = newest(conn, &master, Purpose::RefreshToken).await?;
        let queue = newest(conn, &master, Purpose::Queue).await?;
        let idempotency = newest(conn, &master, Purpose::Idempotency).await?;
        let link_pass = newest(conn, &master, Purpose::LinkPass).await?;
        drop(connection);
        let keyring = Keyring { master, index, refresh_token, queue, idempotency, link_pass };
        Ok(Self { pool, keyring: Arc::new(keyring) })
    }

    /// Wraps every stored key with the current master key; returns how many were not.
    pub async fn rewrap_keys(&self) -> Result<usize, Error> {
        let conn = &mut *self.conn().await?;
        let master = &self.keyring.master;
        let mut rewrapped_total = 0;
        let stored: Vec<(String, i32, Vec<u8>)> = secrets::table
            .select((secrets::purpose, secrets::generation, secrets::wrapped))
            .load(conn)
            .await?;
        for (purpose, generation, wrapped) in stored {
            let known = Purpose::ALL.into_iter().find(|known| known.name() == purpose);
            let known = known.ok_or(Error::Corrupt("ops.secrets.purpose"))?;
            if let Some(rewrapped) = master.rewrap_secret(known, &wrapped)? {
                diesel::update(secrets::table.find((purpose, generation)))
                    .set(secrets::wrapped.eq(rewrapped))
                    .execute(conn)
                    .await?;
                rewrapped_total += 1;
            }
        }
        let accounts: Vec<Uuid> =
            account_keys::table.select(account_keys::account_id).load(conn).await?;
        for account in accounts {
            let row = account_keys::table.find(account);
            let wrapped: Option<Vec<u8>> =
                row.select(account_keys::wrapped).first(conn).await.optional()?;
            let Some(wrapped) = wrapped else { continue };
            if let Some(rewrapped) = master.rewrap_account_key(account.into(), &wrapped)? {
                diesel::update(row).set(account_keys::wrapped.eq(rewrapped)).execute(conn).await?;
                rewrapped_total += 1;
            }
        }
        Ok(rewrapped_total)
    }
}

/// Every generation of the key that signs access tokens, newest first.
pub async fn load_access_token_keys(db: &Db) -> Result<Vec<TokenSecret>, Error> {
    let stored: Vec<(i32, DateTime<Utc>, Vec<u8>)> = secrets::table
        .filter(secrets::purpose.eq(Purpose::AccessToken.name()))
        .order(secrets::generation.desc())
        .select((secrets::generation, secrets::created_at, secrets::wrapped))
        .load(&mut *db.conn().await?)
        .await?;
    let open = |(generation, created_at, wrapped): (i32, DateTime<Utc>, Vec<u8>)| {
        let secret = db.keyring.master.secret(Purpose::AccessToken, &wrapped)?;
        Ok(TokenSecret { generation, created_at, secret })
    };
    stored.into_iter().map(open).collect()
}

/// Makes a new generation of the key that signs access tokens and drops those before the last:
/// tokens live for minutes, so one predecessor is enough.
pub async fn rotate_access_token_key(db: &Db, now: DateTime<Utc>) -> Result<i32, Error> {
    let conn = &mut *db.conn().await?;
    let newest: Option<i32> = secrets::table
        .filter(secrets::purpose.eq(Purpose::AccessToken.name()))
        .select(diesel::dsl::max(secrets::generation))
        .first(conn)
        .await?;
    let generation = newest.unwrap_or(0) + 1;
    insert_secret(conn, &db.keyring.master, Purpose::AccessToken, generation, now).await?;
    diesel::delete(
        secrets::table
            .filter(secrets::purpose.eq(Purpose::AccessToken.name()))
            .filter(secrets::generation.lt(generation - 1)),
    )
    .execute(conn)
    .await?;
    Ok(generation)
}

async fn insert_secret(
    conn: &mut AsyncPgConnection,
    master: &MasterKey,
    purpose: Purpose,
    generation: i32,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let (_, wrapped) = master.new_secret(purpose);
    diesel::insert_into(secrets::table)
        .values((
            secrets::purpose.eq(purpose.name()),
            secrets::generation.eq(generation),
            secrets::wrapped.eq(wrapped),
            secrets::created_at.eq(now),
        ))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    Ok(())
}

async fn newest(
    conn: &mut AsyncPgConnection,
    master: &MasterKey,
    purpose: Purpose,
) -> Result<Secret, Error> {
    let wrapped: Vec<u8> = secrets::table
        .filter(secrets::purpose.eq(purpose.name()))
        .order(secrets::generation.desc())
        .select(secrets::wrapped)
        .first(conn)
        .await?;
    Ok(master.secret(purpose, &wrapped)?)
}

/// The database of `url`, entered as one of our two logins.
fn as_role(url: &str, role: &str, master: &MasterKey) -> Result<Address, Error> {
    Ok(Address::parse(url)?.entered_as(role, &master.role_password(role)))
}
