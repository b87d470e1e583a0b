//! Saying something of what somebody else published, as often as is sound.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{Error, Service};
use crate::db::commons::{Opinion, Review, Wrote};
use crate::db::ops::Rate;
use crate::domain::{AccountId, ActivityId};

/// Reviews written by one account.
const REVIEWS: Rate = Rate { burst: 60, every: TimeDelta::minutes(1) };

impl Service {
    /// Keeps what a member says of an activity, in place of what they said before.
    pub async fn review(
        &self,
        reviewer: AccountId,
        of: ActivityId,
        opinion: &Opinion,
        now: DateTime<Utc>,
    ) -> Result<(Review, Wrote), Error> {
        // Counted before anything is looked at: what is absent and what is hidden cost the same.
        self.allow("reviews", Uuid::from(reviewer).as_bytes(), REVIEWS, now).await?;
        Ok(self.db.review(reviewer, of, opinion, now).await??)
    }
}
