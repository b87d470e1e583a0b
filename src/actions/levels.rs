//! Changing whom many activities reach at once.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::share::nothing;
use super::{Error, Service, retried};
use crate::access::Owned;
use crate::db::ops::Rate;
use crate::db::vault::{Activity, ActivityFilter, ListPosition};
use crate::domain::{AccountId, ActivityId, CommunityId, Visibility};

/// Whom activities shall reach.
#[derive(Clone, Copy)]
pub enum Aim {
    /// Their owner alone: every link, share and publication of them goes.
    Nobody,
    /// The members of a community too.
    Community(CommunityId),
    /// Everyone, perhaps until some time.
    Everyone {
        /// Until when.
        until: Option<DateTime<Utc>>,
    },
}

/// Whether it is done, or only said what would be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Run {
    /// Nothing is changed.
    Dry,
    /// It is done.
    Real,
}

/// What became of many.
#[derive(Default)]
pub struct Changed {
    /// Those that were changed, or would be.
    pub changed: Vec<ActivityId>,
    /// Those of which nothing would be left to show.
    pub hidden: Vec<ActivityId>,
    /// Whether there are more: the same call goes on with them.
    pub more: bool,
}

/// How many are changed by one call.
pub const CHANGED_MAX: usize = 200;
/// How many are looked at in one go.
const LOOKED_AT: usize = 100;
/// How many are looked at by one call.
const LOOKED_AT_MAX: usize = 20_000;

/// Changes of one account, and looks at what they would be: each opens or cuts as many as that.
const CHANGES: Rate = Rate { burst: 100, every: TimeDelta::seconds(10) };

impl Service {
    /// Lets the activities of an account that pass `filter` reach whom `aim` says.
    pub async fn change_levels(
        &self,
        account: AccountId,
        filter: &ActivityFilter,
        aim: Aim,
        run: Run,
        now: DateTime<Utc>,
    ) -> Result<Changed, Error> {
        self.allow("levels", Uuid::from(account).as_bytes(), CHANGES, now).await?;
        if let Aim::Community(community) = aim
            && !self.db.is_member(account, community).await?
        {
            return Err(Error::Missing);
        }
        let mut changed = Changed::default();
        let mut after: Option<ListPosition> = None;
        for _ in 0..LOOKED_AT_MAX / LOOKED_AT {
            let found = self.db.activities(account, filter, after, LOOKED_AT).await?;
            for activity in found.items {
                if !self.is_aimed_at(&activity, aim).await? {
                    continue;
                }
                if CHANGED_MAX <= changed.changed.len() + changed.hidden.len() {
                    return Ok(Changed { more: true, ..changed });
                }
                match self.change_level(&activity, aim, run, now).await {
                    Ok(()) => changed.changed.push(activity.id),
                    Err(Error::NothingVisible) => changed.hidden.push(activity.id),
                    Err(error) => return Err(error),
                }
            }
            after = found.next;
            if after.is_none() {
                return Ok(changed);
            }
        }
        Ok(Changed { more: true, ..changed })
    }

    /// Whether a change would be one.
    async fn is_aimed_at(&self, activity: &Owned<Activity>, aim: Aim) -> Result<bool, Error> {
        Ok(match aim {
            Aim::Nobody => activity.visibility != Visibility::Private,
            Aim::Everyone { until } => {
                activity.visibility != Visibility::Published || activity.published_until != until
            }
            Aim::Community(community) => {
                !self.db.communities_of(activity).await?.contains(&community)
            }
        })
    }

    async fn change_level(
        &self,
        activity: &Owned<Activity>,
        aim: Aim,
        run: Run,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        if run == Run::Dry {
            return match aim {
                Aim::Nobody => Ok(()),
                Aim::Community(_) | Aim::Everyone { .. } => {
                    let shown = self.shown(activity, activity.details.choices).await?;
                    if shown.shared.is_none() { Err(nothing(&shown)) } else { Ok(()) }
                }
            };
        }
        // Read anew: what was listed may have changed, or gone.
        let read = async || self.owned(activity.owner, activity.id).await;
        let change = async |current: &Option<_>| {
            let Some(current) = current else { return Ok(()) };
            let done = match aim {
                Aim::Nobody => self.withdraw(current, now).await,
                Aim::Community(community) => self.share_with(current, community, now).await,
                Aim::Everyone { until } => self.publish(current, until, now).await,
            };
            done.map(|_| ())
        };
        retried(read, change).await
    }
}
