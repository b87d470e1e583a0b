//! Accounts that are no longer used: their owners are warned twice, and then they are closed. Of a
//! contact the day is kept, and no more.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::accounts;
use crate::db::ops::{Job, enqueue};
use crate::db::schema::identity::accounts as accounts_table;
use crate::db::{Db, Error};
use crate::domain::{AccountId, Letter, Subject};
use crate::privacy::retention::{INACTIVE, INACTIVITY_NOTICE};

/// How many accounts are gone on with at once.
const WARNED_AT_ONCE: i64 = 100;
/// The state of an account whose owner was warned twice, and which is to be closed.
pub(in crate::db) const TO_BE_CLOSED: i16 = 3;

/// Remembers that the owner of an account was there on this day; what was begun because they were not
/// is over then. Fails nothing: who was just given a token has it, and the next one says it again.
pub(super) async fn touch(conn: &mut AsyncPgConnection, account: AccountId, now: DateTime<Utc>) {
    let row = accounts_table::table.find(Uuid::from(account));
    // A statement of its own, and on most days none that writes: nothing waits for it.
    let _touched_later =
        diesel::update(row.filter(accounts_table::last_contact_on.lt(now.date_naive())))
            .set((
                accounts_table::last_contact_on.eq(now.date_naive()),
                accounts_table::warnings.eq(0),
                accounts_table::warned_on.eq(None::<NaiveDate>),
            ))
            .execute(conn)
            .await;
}

impl Db {
    /// Warns owners of accounts that were not used for years, a second time after a while, and has the
    /// accounts closed after another; returns with how many it went on. Repeating it changes nothing.
    pub async fn warn_inactive(&self, now: DateTime<Utc>) -> Result<usize, Error> {
        let today = now.date_naive();
        let conn = &mut *self.conn().await?;
        conn.transaction(async |conn| {
            let due: Vec<(Uuid, i16)> = accounts_table::table
                .filter(accounts_table::restricted_at.is_null())
                .filter(accounts_table::last_contact_on.le(today - INACTIVE))
                .filter(accounts_table::warnings.lt(TO_BE_CLOSED))
                .filter(
                    accounts_table::warned_on
                        .is_null()
                        .or(accounts_table::warned_on.le(today - INACTIVITY_NOTICE)),
                )
                .order((accounts_table::last_contact_on, accounts_table::account_id))
                .limit(WARNED_AT_ONCE)
                .select((accounts_table::account_id, accounts_table::warnings))
                .for_no_key_update()
                .skip_locked()
                .load(conn)
                .await?;
            for (account, warnings) in &due {
                self.go_on(conn, (*account).into(), *warnings, now).await?;
            }
            Ok(due.len())
        })
        .await
    }

    async fn go_on(
        &self,
        conn: &mut AsyncPgConnection,
        account: AccountId,
        warnings: i16,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        diesel::update(accounts_table::table.find(Uuid::from(account)))
            .set((
                accounts_table::warnings.eq(warnings + 1),
                accounts_table::warned_on.eq(now.date_naive()),
            ))
            .execute(conn)
            .await?;
        let left: TimeDelta = INACTIVITY_NOTICE * (2 - i32::from(warnings));
        let job = if left.is_zero() {
            Job::CloseAccount { account }
        } else {
            let owner = accounts::find(conn, &self.keyring, account).await?;
            let Some(owner) = owner else { return Ok(()) };
            let subject = Subject::Inactive { days_left: left.num_days() };
            Job::SendMail(Letter {
                to: owner.email.as_str().to_owned(),
                locale: owner.profile.locale,
                subject,
            })
        };
        enqueue(conn, &self.keyring, Some(account), &job, now).await
    }
}
