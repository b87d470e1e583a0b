//! A password that its owner changes while signed in.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, RunQueryDsl};
use uuid::Uuid;

use crate::db::schema::identity::{accounts, codes, sessions};
use crate::db::{Db, Error};
use crate::domain::{AccountId, Email, SessionId};

impl Db {
    /// What the password of an account is checked against, if it has one.
    pub async fn password_hash(&self, account: AccountId) -> Result<Option<String>, Error> {
        let row = accounts::table.find(Uuid::from(account));
        let found: Option<Option<String>> =
            row.select(accounts::password_hash).first(&mut *self.conn().await?).await.optional()?;
        Ok(found.flatten())
    }

    /// Puts the hash of a new password in the place of the one that was verified, ends every other session
    /// and says so by mail. `false`, with nothing done, when the account has another password by now.
    pub async fn change_password(
        &self,
        account: AccountId,
        session: SessionId,
        [verified, new]: [&str; 2],
        email: &Email,
        now: DateTime<Utc>,
    ) -> Result<bool, Error> {
        let conn = &mut *self.conn().await?;
        let id = Uuid::from(account);
        conn.transaction(async |conn| {
            let row = accounts::table.find(id).filter(accounts::password_hash.eq(verified));
            let changed = diesel::update(row).set(accounts::password_hash.eq(new));
            if changed.execute(conn).await? == 0 {
                return Ok(false);
            }
            let theirs = sessions::table.filter(sessions::account_id.eq(id));
            diesel::delete(theirs.filter(sessions::session_id.ne(Uuid::from(session))))
                .execute(conn)
                .await?;
            diesel::delete(codes::table.filter(codes::account_id.eq(id))).execute(conn).await?;
            self.tell_password_changed(conn, account, email, now).await?;
            Ok(true)
        })
        .await
    }
}
