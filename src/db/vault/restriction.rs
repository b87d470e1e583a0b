//! Restriction of processing: the data of an account stay, and nothing uses them until its owner says so.
//!
//! It works as a zone would that hides everything: what others see is withdrawn and counted as made under
//! other zones in one transaction, and whoever makes something of it meanwhile finds nothing to show. What
//! jobs do of themself passes the account by; see [`crate::db::ops`].

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::audience::lock_all_touched;
use super::zones;
use crate::db::commons::settle_reviews;
use crate::db::schema::commons::members;
use crate::db::schema::identity::accounts;
use crate::db::{Db, Error};
use crate::domain::AccountId;

impl Db {
    /// Since when nothing is done with the data of an account; `None` when its owner did not ask for that.
    pub async fn restricted_at(&self, account: AccountId) -> Result<Option<DateTime<Utc>>, Error> {
        let row = accounts::table.find(Uuid::from(account));
        let found: Option<Option<DateTime<Utc>>> =
            row.select(accounts::restricted_at).first(&mut *self.conn().await?).await.optional()?;
        Ok(found.flatten())
    }

    /// Lets nothing be done with the data of an account. With the answer, nobody else sees anything of it.
    /// Returns since when; repeating it changes nothing.
    pub async fn restrict(
        &self,
        account: AccountId,
        now: DateTime<Utc>,
    ) -> Result<DateTime<Utc>, Error> {
        let conn = &mut *self.conn().await?;
        conn.transaction(async |conn| {
            if let Some(since) = lock(conn, account).await? {
                return Ok(since);
            }
            lock_all_touched(conn, account).await?;
            self.hide_all(conn, account, now).await?;
            set(conn, account, Some(now)).await?;
            // As it is kept: a database counts microseconds.
            Ok(lock(conn, account).await?.unwrap_or(now))
        })
        .await
    }

    /// Lifts that: what others saw is made anew, as it was. Repeating it changes nothing.
    pub async fn lift_restriction(
        &self,
        account: AccountId,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let conn = &mut *self.conn().await?;
        conn.transaction(async |conn| {
            if lock(conn, account).await?.is_some() {
                lock_all_touched(conn, account).await?;
                set(conn, account, None).await?;
                self.outdate_all(conn, account, now).await?;
            }
            Ok(())
        })
        .await
    }
}

async fn lock(
    conn: &mut AsyncPgConnection,
    account: AccountId,
) -> Result<Option<DateTime<Utc>>, Error> {
    zones::lock(conn, account).await?;
    let account = accounts::table.find(Uuid::from(account));
    Ok(account.select(accounts::restricted_at).first(conn).await?)
}

async fn set(
    conn: &mut AsyncPgConnection,
    account: AccountId,
    since: Option<DateTime<Utc>>,
) -> Result<(), Error> {
    let id = Uuid::from(account);
    diesel::update(accounts::table.find(id))
        .set(accounts::restricted_at.eq(since))
        .execute(conn)
        .await?;
    diesel::update(members::table.find(id))
        .set(members::is_hidden.eq(since.is_some()))
        .execute(conn)
        .await?;
    settle_reviews(conn, account).await
}
