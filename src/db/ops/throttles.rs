//! Throttles, shared by every process: the generic cell rate algorithm in one statement.
//!
//! GCRA (ITU-T I.371): each subject has a time by which all it has done is paid off; an act is
//! allowed while that time lies no further ahead than the burst.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Binary, Interval, Timestamptz};
use diesel_async::RunQueryDsl;

use super::expiry::CLOCKS_APART_MAX;
use crate::db::schema::ops::throttles;
use crate::db::{Db, Error};

/// How much of something is allowed.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// How many at once.
    pub burst: i32,
    /// One more after this.
    pub every: TimeDelta,
}

/// Too much was asked for.
#[derive(Clone, Copy, Debug)]
pub struct Throttled {
    /// How long to wait.
    pub retry_after: TimeDelta,
}

impl Db {
    /// Counts one act of `subject`, unless it was one too many. What stands for the subject in the
    /// database is a MAC: neither an address nor a network address is stored.
    pub async fn throttle(
        &self,
        act: &'static str,
        subject: &[u8],
        rate: Rate,
        now: DateTime<Utc>,
    ) -> Result<Result<(), Throttled>, Error> {
        let conn = &mut *self.conn().await?;
        let subject = self.keyring.index.mac(&[b"throttle", act.as_bytes(), subject]).to_vec();
        // Nobody is ever further ahead than the burst and one more: what is was written by a clock that ran ahead,
        // and is put back to the burst.
        let counted = diesel::sql_query(
            "INSERT INTO ops.throttles AS throttle (subject, clear_at) VALUES ($1, $2 + $3)
             ON CONFLICT (subject) DO UPDATE
                 SET clear_at = LEAST(GREATEST(throttle.clear_at, $2), $2 + $4) + $3
             WHERE throttle.clear_at <= $2 + $4 OR $2 + $4 + $3 + $5 < throttle.clear_at",
        )
        .bind::<Binary, _>(&subject)
        .bind::<Timestamptz, _>(now)
        .bind::<Interval, _>(rate.every)
        .bind::<Interval, _>(rate.every * (rate.burst - 1))
        .bind::<Interval, _>(CLOCKS_APART_MAX)
        .execute(conn)
        .await?;
        if counted > 0 {
            return Ok(Ok(()));
        }
        let clear_at: DateTime<Utc> =
            throttles::table.find(&subject).select(throttles::clear_at).first(conn).await?;
        let retry_after = clear_at - rate.every * (rate.burst - 1) - now;
        Ok(Err(Throttled { retry_after: retry_after.max(TimeDelta::seconds(1)) }))
    }
}
