//! The queue: jobs are leased to run, lane by lane.
//!
//! A worker that dies lets its lease run out, and another takes the job; so every job can run
//! twice and must not mind. A worker that lost its lease can no longer finish the job.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Interval, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::expiry::CLOCKS_APART_MAX;
use super::jobs::{HELD_KINDS, Job, Lane, PROMISED, TABLE};
use crate::db::schema::ops::jobs;
use crate::db::{Db, Error};
use crate::domain::{AccountId, JobId};

/// How long a lease holds without being renewed.
const LEASE: TimeDelta = TimeDelta::seconds(60);
/// How often a job is tried before it is put aside for a person to look at.
const ATTEMPTS_MAX: i16 = 12;
/// The wait after the first failure; it doubles with each.
const RETRY_AFTER: TimeDelta = TimeDelta::seconds(5);
/// The longest wait between two attempts.
const RETRY_AFTER_MAX: TimeDelta = TimeDelta::hours(1);

/// The right to run a job until the lease ends.
#[derive(Clone, Copy, Debug)]
pub struct Lease {
    /// Which job.
    pub job: JobId,
    holder: Uuid,
    attempts: i16,
    is_last: bool,
}

/// A job to run now.
pub struct Leased {
    /// The right to run it.
    pub lease: Lease,
    /// Whom it is for.
    pub account: Option<AccountId>,
    /// What to do; `None` when this program cannot read it, perhaps because a newer one wrote it.
    pub job: Option<Job>,
}

#[derive(QueryableByName)]
struct Claimed {
    #[diesel(sql_type = SqlUuid)]
    job_id: Uuid,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    account_id: Option<Uuid>,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = diesel::sql_types::Binary)]
    content: Vec<u8>,
    #[diesel(sql_type = diesel::sql_types::Int2)]
    attempts: i16,
}

impl Db {
    /// Takes the job of a lane that has been due for longest, if one is. In [`Lane::Account`] it is that of the
    /// account whose turn it is after that of `served`.
    pub async fn lease_job(
        &self,
        lane: Lane,
        served: Option<AccountId>,
        now: DateTime<Utc>,
    ) -> Result<Option<Leased>, Error> {
        let holder = Uuid::new_v4();
        let mut claimed = self.claim(lane, served, holder, now).await?;
        if claimed.is_none() && served.is_some() {
            // Everybody had their turn: from the beginning.
            claimed = self.claim(lane, None, holder, now).await?;
        }
        let Some(claimed) = claimed else { return Ok(None) };
        let json = self.keyring.queue.open(TABLE, "content", claimed.job_id, &claimed.content);
        let job = json.ok().and_then(|json| serde_json::from_slice(&json).ok());
        let attempts = claimed.attempts;
        let is_last = ATTEMPTS_MAX <= attempts && !PROMISED.contains(&claimed.kind.as_str());
        let lease = Lease { job: claimed.job_id.into(), holder, attempts, is_last };
        Ok(Some(Leased { lease, account: claimed.account_id.map(Into::into), job }))
    }

    async fn claim(
        &self,
        lane: Lane,
        served: Option<AccountId>,
        holder: Uuid,
        now: DateTime<Utc>,
    ) -> Result<Option<Claimed>, Error> {
        let order = match lane {
            Lane::Mail | Lane::Erasure => "ORDER BY run_at",
            Lane::Account => "AND $8 < account_id ORDER BY account_id, run_at",
        };
        let statement = format!(
            "UPDATE ops.jobs SET lease = $1, leased_until = $2 + $3,
                 attempts = least(attempts, $4) + 1
             WHERE job_id = (
                 SELECT job_id FROM ops.jobs
                 WHERE failed_at IS NULL AND run_at <= $2 AND (attempts < $4 OR kind = ANY ($5))
                   AND (leased_until IS NULL OR leased_until <= $2 OR $2 + $9 < leased_until)
                   AND NOT (kind = ANY ($6) AND EXISTS (
                       SELECT FROM identity.accounts
                       WHERE accounts.account_id = jobs.account_id AND restricted_at IS NOT NULL
                   ))
                   AND lane = $7 {order} LIMIT 1 FOR UPDATE SKIP LOCKED
             )
             RETURNING job_id, account_id, kind, content, attempts"
        );
        let claimed = diesel::sql_query(statement)
            .bind::<SqlUuid, _>(holder)
            .bind::<Timestamptz, _>(now)
            .bind::<Interval, _>(LEASE)
            .bind::<SmallInt, _>(ATTEMPTS_MAX)
            .bind::<Array<Text>, _>(PROMISED.as_slice())
            .bind::<Array<Text>, _>(HELD_KINDS.as_slice())
            .bind::<Text, _>(lane.name())
            .bind::<SqlUuid, _>(served.map_or_else(Uuid::nil, Uuid::from))
            .bind::<Interval, _>(CLOCKS_APART_MAX)
            .get_result(&mut *self.conn().await?)
            .await;
        Ok(claimed.optional()?)
    }

    /// Puts aside the jobs whose last attempt took its worker with it.
    pub async fn put_aside_spent_jobs(&self, now: DateTime<Utc>) -> Result<(), Error> {
        let spent = jobs::failed_at
            .is_null()
            .and(jobs::attempts.ge(ATTEMPTS_MAX))
            .and(jobs::kind.ne_all(PROMISED));
        diesel::update(jobs::table.filter(spent.and(jobs::leased_until.le(now))))
            .set(jobs::failed_at.eq(now))
            .execute(&mut *self.conn().await?)
            .await?;
        Ok(())
    }

    /// Holds a lease for longer; `false` when it was lost.
    pub async fn renew_lease(&self, lease: Lease, now: DateTime<Utc>) -> Result<bool, Error> {
        let renewed = diesel::update(jobs::table.find(Uuid::from(lease.job)))
            .filter(jobs::lease.eq(lease.holder))
            .set(jobs::leased_until.eq(now + LEASE))
            .execute(&mut *self.conn().await?)
            .await?;
        Ok(renewed > 0)
    }

    /// Removes a job that is done.
    pub async fn finish_job(&self, lease: Lease) -> Result<(), Error> {
        diesel::delete(jobs::table.find(Uuid::from(lease.job)))
            .filter(jobs::lease.eq(lease.holder))
            .execute(&mut *self.conn().await?)
            .await?;
        Ok(())
    }

    /// Puts back a job that has done a part of its work, to go on once others had their turn.
    pub async fn continue_job(&self, lease: Lease, now: DateTime<Utc>) -> Result<(), Error> {
        diesel::update(jobs::table.find(Uuid::from(lease.job)))
            .filter(jobs::lease.eq(lease.holder))
            .set((
                jobs::run_at.eq(now),
                jobs::attempts.eq(0),
                jobs::lease.eq(None::<Uuid>),
                jobs::leased_until.eq(None::<DateTime<Utc>>),
            ))
            .execute(&mut *self.conn().await?)
            .await?;
        Ok(())
    }

    /// Puts back a job that failed, for later, or aside when it failed too often.
    pub async fn retry_job(&self, lease: Lease, now: DateTime<Utc>) -> Result<(), Error> {
        let failed_at = lease.is_last.then_some(now);
        diesel::update(jobs::table.find(Uuid::from(lease.job)))
            .filter(jobs::lease.eq(lease.holder))
            .set((
                jobs::run_at.eq(now + retry_after(lease.attempts)),
                jobs::lease.eq(None::<Uuid>),
                jobs::leased_until.eq(None::<DateTime<Utc>>),
                jobs::failed_at.eq(failed_at),
            ))
            .execute(&mut *self.conn().await?)
            .await?;
        Ok(())
    }
}

fn retry_after(attempts: i16) -> TimeDelta {
    let doublings = u32::try_from(attempts - 1).unwrap_or(0).min(16);
    (RETRY_AFTER * 2_i32.pow(doublings)).min(RETRY_AFTER_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_an_hour() {
        assert_eq!(retry_after(1), TimeDelta::seconds(5));
        assert_eq!(retry_after(2), TimeDelta::seconds(10));
        assert_eq!(retry_after(ATTEMPTS_MAX), RETRY_AFTER_MAX);
    }
}
