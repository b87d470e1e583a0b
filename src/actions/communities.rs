//! Making and joining communities, as often as is sound.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{Error, Service};
use crate::access::Visible;
use crate::db::commons::{Admission, Community, NewCommunity};
use crate::db::ops::Rate;
use crate::domain::{AccountId, CommunityId};

/// Communities made by one account.
const COMMUNITIES: Rate = Rate { burst: 20, every: TimeDelta::minutes(10) };
/// Communities that one account joins, or asks to.
const JOINS: Rate = Rate { burst: 60, every: TimeDelta::minutes(1) };

impl Service {
    /// Makes a community that its maker administers.
    pub async fn make_community(
        &self,
        maker: AccountId,
        new: &NewCommunity,
        now: DateTime<Utc>,
    ) -> Result<Visible<Community>, Error> {
        self.allow("communities", Uuid::from(maker).as_bytes(), COMMUNITIES, now).await?;
        Ok(self.db.make_community(maker, new, now).await??)
    }

    /// Joins a public community at once, asks to join a private one.
    pub async fn join(
        &self,
        member: AccountId,
        community: CommunityId,
        now: DateTime<Utc>,
    ) -> Result<Admission, Error> {
        // Counted before anything is looked at: what is absent and what is hidden cost the same.
        self.allow("joins", Uuid::from(member).as_bytes(), JOINS, now).await?;
        Ok(self.db.join(member, community, now).await??)
    }
}
