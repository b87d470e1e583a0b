//! From where accounts have signed in: there their owners are not locked out by who guesses elsewhere.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Binary, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::db::schema::identity::known_networks;
use crate::db::{Db, Error};
use crate::domain::AccountId;

impl Db {
    /// Whether an account has lately signed in from a network. The same work for no account.
    pub async fn knows_network(
        &self,
        account: Option<AccountId>,
        network: IpAddr,
    ) -> Result<bool, Error> {
        let id = account.map_or_else(Uuid::nil, Uuid::from);
        let found: Option<Uuid> = known_networks::table
            .find((id, self.network_hash(id, network)))
            .select(known_networks::account_id)
            .first(&mut *self.conn().await?)
            .await
            .optional()?;
        Ok(found.is_some())
    }

    /// Remembers that an account signed in from a network.
    pub async fn know_network(
        &self,
        account: AccountId,
        network: IpAddr,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        self.know(&mut *self.conn().await?, account, network, now).await
    }

    /// Remembers of an account that `network` is its own, and no other: all that it has signed in
    /// from before are forgotten.
    pub(super) async fn know_only(
        &self,
        conn: &mut AsyncPgConnection,
        account: AccountId,
        network: IpAddr,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let theirs = known_networks::account_id.eq(Uuid::from(account));
        diesel::delete(known_networks::table.filter(theirs)).execute(conn).await?;
        self.know(conn, account, network, now).await
    }

    async fn know(
        &self,
        conn: &mut AsyncPgConnection,
        account: AccountId,
        network: IpAddr,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        // Not for an account that is erased at the same moment.
        diesel::sql_query(
            "INSERT INTO identity.known_networks (account_id, network_hash, seen_at)
             SELECT account_id, $2, $3 FROM identity.accounts WHERE account_id = $1 FOR KEY SHARE
             ON CONFLICT (account_id, network_hash) DO UPDATE SET seen_at = excluded.seen_at",
        )
        .bind::<SqlUuid, _>(Uuid::from(account))
        .bind::<Binary, _>(self.network_hash(account.into(), network))
        .bind::<Timestamptz, _>(now)
        .execute(conn)
        .await?;
        Ok(())
    }

    /// Of the account as well, so that nobody sees who else was there.
    fn network_hash(&self, account: Uuid, network: IpAddr) -> Vec<u8> {
        let network = network.to_string();
        self.keyring()
            .index
            .mac(&[b"known network", account.as_bytes().as_slice(), network.as_bytes()])
            .to_vec()
    }
}
