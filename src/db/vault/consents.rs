//! What an account agreed to: a ledger, to which rows are only added.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, RunQueryDsl};
use uuid::Uuid;

use crate::db::identity::hold_account;
use crate::db::schema::vault::consents;
use crate::db::{Db, Error};
use crate::domain::{AccountId, Consent};

/// What an account last decided.
pub struct Decision {
    /// About what.
    pub consent: Consent,
    /// Whether it agrees.
    pub is_given: bool,
    /// When it said so.
    pub decided_at: DateTime<Utc>,
}

impl Db {
    /// What an account decided, the last for each consent; what it never spoke of is not there.
    pub async fn consents(&self, account: AccountId) -> Result<Vec<Decision>, Error> {
        let rows: Vec<(String, bool, DateTime<Utc>)> = consents::table
            .filter(consents::account_id.eq(Uuid::from(account)))
            .distinct_on(consents::consent)
            .order((consents::consent, consents::decided_at.desc()))
            .select((consents::consent, consents::is_given, consents::decided_at))
            .load(&mut *self.conn().await?)
            .await?;
        rows.into_iter()
            .map(|(name, is_given, decided_at)| {
                let consent = Consent::try_from(name.as_str());
                let consent = consent.map_err(|_| Error::Corrupt("vault.consents.consent"))?;
                Ok(Decision { consent, is_given, decided_at })
            })
            .collect()
    }

    /// Writes down that an account agrees, or does not any more. Saying the same again adds nothing.
    pub async fn decide(
        &self,
        account: AccountId,
        consent: Consent,
        is_given: bool,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let conn = &mut *self.conn().await?;
        conn.transaction(async |conn| {
            hold_account(conn, account).await?;
            let last: Option<bool> = consents::table
                .filter(consents::account_id.eq(Uuid::from(account)))
                .filter(consents::consent.eq(consent.name()))
                .order(consents::decided_at.desc())
                .select(consents::is_given)
                .first(conn)
                .await
                .optional()?;
            if last == Some(is_given) {
                return Ok(());
            }
            let row = (
                consents::account_id.eq(Uuid::from(account)),
                consents::consent.eq(consent.name()),
                consents::decided_at.eq(now),
                consents::is_given.eq(is_given),
            );
            // Both within the same microsecond: the last word counts.
            diesel::insert_into(consents::table)
                .values(row)
                .on_conflict((consents::account_id, consents::consent, consents::decided_at))
                .do_update()
                .set(consents::is_given.eq(is_given))
                .execute(conn)
                .await?;
            Ok(())
        })
        .await
    }
}
