//! What an account agrees to, as often as is sound.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{Error, Service};
use crate::db::ops::Rate;
use crate::domain::{AccountId, Consent};

/// How often an account agrees to something: each time stays written down. What it takes back it may always.
const AGREEMENTS: Rate = Rate { burst: 20, every: TimeDelta::minutes(10) };

impl Service {
    /// Writes down that an account agrees, or does not any more.
    pub async fn decide(
        &self,
        account: AccountId,
        consent: Consent,
        is_given: bool,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        if is_given {
            self.allow("consents", Uuid::from(account).as_bytes(), AGREEMENTS, now).await?;
        }
        Ok(self.db.decide(account, consent, is_given, now).await?)
    }
}
