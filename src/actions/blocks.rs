//! Keeping away from somebody, as often as is sound.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{Error, Service};
use crate::db::ops::Rate;
use crate::domain::AccountId;

/// Members that one account keeps away from.
const BLOCKS: Rate = Rate { burst: 60, every: TimeDelta::seconds(10) };

impl Service {
    /// Keeps an account away from a member, whether or not there is one of that id.
    pub async fn block(
        &self,
        account: AccountId,
        member: AccountId,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        self.allow("blocks", Uuid::from(account).as_bytes(), BLOCKS, now).await?;
        Ok(self.db.block(account, member, now).await??)
    }
}
