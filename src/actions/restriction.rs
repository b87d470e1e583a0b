//! Restricting what is done with an account's data.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{Error, Service};
use crate::db::ops::Rate;
use crate::domain::AccountId;

/// Changes of one account: each has all that it shares made anew.
const CHANGES: Rate = Rate { burst: 20, every: TimeDelta::minutes(1) };

impl Service {
    /// Lets nothing be done with the data of an account; returns since when.
    pub async fn restrict(
        &self,
        account: AccountId,
        now: DateTime<Utc>,
    ) -> Result<DateTime<Utc>, Error> {
        self.allow("restriction", Uuid::from(account).as_bytes(), CHANGES, now).await?;
        Ok(self.db.restrict(account, now).await?)
    }

    /// Lifts that.
    pub async fn lift_restriction(
        &self,
        account: AccountId,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        self.allow("restriction", Uuid::from(account).as_bytes(), CHANGES, now).await?;
        Ok(self.db.lift_restriction(account, now).await?)
    }
}
