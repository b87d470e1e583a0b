//! Whom an activity reaches: everyone, who has a link, the members of communities. How wide that is
//! follows from these ways, and is stored beside them so that it can be listed and judged by.
//!
//! Whoever changes several of them locks rows in this order, so that no two wait for each other:
//! community, membership, account, activities by their ids, then links, shares and renditions.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::save::Unsaved;
use super::{Activity, links, zones};
use crate::access::Owned;
use crate::db::commons::{self, Level, Shared};
use crate::db::schema::commons::{community_activities, memberships};
use crate::db::schema::identity::accounts;
use crate::db::schema::vault::activities;
use crate::db::stop::Stop;
use crate::db::{Db, Error};
use crate::domain::{AccountId, CommunityId, Invalid, LinkId, Visibility};
use crate::seal::Keyring;

/// The most communities that an activity is shared with.
const COMMUNITIES_MAX: i64 = 50;
/// How many publications that are over are taken back in one go.
const ENDED_AT_ONCE: i64 = 100;

/// Whom an activity reaches after a change.
pub enum Reach {
    /// Its owner alone: all ways to it go.
    Nobody,
    /// Fewer. What is left of them sees what it saw, so that nothing can keep a way from going.
    Without(Way),
    /// The same, perhaps with one way more. What they see is made anew.
    With(Option<NewWay>, Shown),
}

/// A way by which others come to see an activity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// It is published.
    Everyone,
    /// Through this link.
    Link(LinkId),
    /// As members of this community.
    Community(CommunityId),
}

/// A way to be made.
pub enum NewWay {
    /// Everyone sees it, perhaps for a time.
    Everyone {
        /// Until when.
        until: Option<DateTime<Utc>>,
    },
    /// Whoever has this link.
    Link(links::NewLink),
    /// The members of this community, which its owner is one of.
    Community(CommunityId),
}

/// What others get, and under which zones that was made.
pub struct Shown {
    /// `None` where zones and ends hide all of it: there is no rendition then.
    pub shared: Option<Box<Shared>>,
    /// See [`super::Shading::version`].
    pub zones_version: i32,
    /// Whether that is because its owner lets nothing be done with the data.
    pub is_restricted: bool,
}

impl Reach {
    /// Refuses what must not be stored: what was made under other zones than now, or for a community that the
    /// owner is not in. Both stay as they are until the transaction ends.
    pub(super) async fn check(
        &self,
        conn: &mut AsyncPgConnection,
        activity: &Owned<Activity>,
    ) -> Result<(), Stop<Unsaved>> {
        let Self::With(way, shown) = self else { return Ok(()) };
        if let Some(NewWay::Community(community)) = way {
            let membership =
                memberships::table.find((Uuid::from(*community), Uuid::from(activity.owner)));
            let held: Option<Uuid> = membership
                .select(memberships::member_id)
                .for_share()
                .first(conn)
                .await
                .optional()?;
            if held.is_none() {
                return Err(Unsaved::Missing.into());
            }
        }
        let stand = zones::still_stand(conn, activity.owner, shown.zones_version).await?;
        stand.then_some(()).ok_or_else(|| Unsaved::Stale.into())
    }

    /// Makes and removes the ways, and says how wide the activity is then. It is locked.
    pub(super) async fn apply(
        &self,
        conn: &mut AsyncPgConnection,
        keyring: &Keyring,
        activity: &Owned<Activity>,
        now: DateTime<Utc>,
    ) -> Result<Level, Stop<Unsaved>> {
        let mut is_published = activity.visibility == Visibility::Published;
        let mut until = activity.published_until;
        match self {
            Self::Nobody => {
                forget(conn, activity).await?;
                is_published = false;
            }
            Self::Without(Way::Everyone) => is_published = false,
            Self::Without(Way::Link(link)) => {
                if !links::delete(conn, activity, *link).await? {
                    return Err(Unsaved::Missing.into());
                }
            }
            Self::Without(Way::Community(community)) => {
                let key = (Uuid::from(*community), Uuid::from(activity.id));
                let shared = community_activities::table.find(key);
                if diesel::delete(shared).execute(conn).await? == 0 {
                    return Err(Unsaved::Missing.into());
                }
            }
            Self::With(None, _) => {}
            Self::With(Some(NewWay::Everyone { until: wished }), _) => {
                (is_published, until) = (true, *wished);
            }
            Self::With(Some(NewWay::Link(link)), _) => {
                links::insert(conn, keyring, activity, link, now).await?;
            }
            Self::With(Some(NewWay::Community(community)), _) => {
                share(conn, activity, *community).await?;
            }
        }
        let published_until = until.filter(|_| is_published);
        // What everyone sees is published, whoever else it is shared with.
        let visibility = if is_published {
            Visibility::Published
        } else {
            let level = diesel::select(level_of(Uuid::from(activity.id), false));
            parse(&level.get_result::<String>(conn).await?)?
        };
        Ok(Level { visibility, published_until })
    }

    /// Whether others have a rendition now.
    pub(super) fn is_shown(&self, activity: &Owned<Activity>, level: Level) -> bool {
        match self {
            _ if level.visibility == Visibility::Private => false,
            Self::Nobody => false,
            Self::Without(_) => activity.is_shown,
            Self::With(_, shown) => shown.shared.is_some(),
        }
    }

    /// Under which zones that was made, if it was made anew.
    pub(super) const fn zones_version(&self) -> Option<i32> {
        match self {
            Self::Nobody | Self::Without(_) => None,
            Self::With(_, shown) => Some(shown.zones_version),
        }
    }
}

#[diesel::declare_sql_function]
extern "SQL" {
    #[sql_name = "commons.level_of"]
    fn level_of(activity: SqlUuid, is_published: Bool) -> Text;
}

/// There are as many `field` as there may be.
pub(super) const fn full(field: &'static str) -> Unsaved {
    Unsaved::Full(Invalid { field, reason: "must be at most 50" })
}

async fn share(
    conn: &mut AsyncPgConnection,
    activity: &Owned<Activity>,
    community: CommunityId,
) -> Result<(), Stop<Unsaved>> {
    let shared = community_activities::activity_id.eq(Uuid::from(activity.id));
    let count: i64 = community_activities::table.filter(shared).count().get_result(conn).await?;
    if COMMUNITIES_MAX <= count {
        return Err(full("communities").into());
    }
    diesel::insert_into(community_activities::table)
        .values((
            community_activities::community_id.eq(Uuid::from(community)),
            community_activities::author_id.eq(Uuid::from(activity.owner)),
            shared,
        ))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    Ok(())
}

/// Removes every way to an activity.
pub(super) async fn forget(
    conn: &mut AsyncPgConnection,
    activity: &Owned<Activity>,
) -> Result<(), Error> {
    links::delete_all(conn, activity).await?;
    let shared = community_activities::activity_id.eq(Uuid::from(activity.id));
    diesel::delete(community_activities::table.filter(shared)).execute(conn).await?;
    Ok(())
}

/// Activities, each by its account and its id.
pub(in crate::db) type Activities = Vec<(Uuid, Uuid)>;

#[derive(QueryableByName)]
struct Settled {
    #[diesel(sql_type = SqlUuid)]
    activity_id: Uuid,
    #[diesel(sql_type = Text)]
    visibility: String,
}

/// Locks activities whose ways are about to go, in the order of their ids.
pub(in crate::db) async fn lock_all(
    conn: &mut AsyncPgConnection,
    of: &Activities,
) -> Result<(), Error> {
    let (accounts, ids): (Vec<Uuid>, Vec<Uuid>) = of.iter().copied().unzip();
    activities::table
        .filter(activities::account_id.eq_any(accounts))
        .filter(activities::activity_id.eq_any(ids))
        .order(activities::activity_id)
        .select(activities::activity_id)
        .for_update()
        .execute(conn)
        .await?;
    Ok(())
}

/// Locks what an account shares, and what it has reviewed, whosever that is, in the same order: what decides
/// whether the account's activities are seen, and its reviews count, is about to change. The account is held.
pub(super) async fn lock_all_touched(
    conn: &mut AsyncPgConnection,
    account: AccountId,
) -> Result<(), Error> {
    diesel::sql_query(
        "SELECT FROM vault.activities WHERE (account_id, activity_id) IN (
             SELECT account_id, activity_id FROM vault.activities
             WHERE account_id = $1 AND visibility <> 'private'
             UNION ALL
             SELECT activity_ids.account_id, activity_id
             FROM commons.reviews JOIN ops.activity_ids USING (activity_id) WHERE reviewer_id = $1
         ) ORDER BY activity_id FOR UPDATE",
    )
    .bind::<SqlUuid, _>(Uuid::from(account))
    .execute(conn)
    .await?;
    Ok(())
}

impl Db {
    /// Takes back publications that are over; returns how many.
    pub async fn end_publications(&self, now: DateTime<Utc>) -> Result<usize, Error> {
        let conn = &mut *self.conn().await?;
        conn.transaction(async |conn| {
            let over: Activities = activities::table
                .inner_join(accounts::table.on(accounts::account_id.eq(activities::account_id)))
                .filter(activities::published_until.le(now))
                .filter(accounts::restricted_at.is_null())
                .order((activities::published_until, activities::activity_id))
                .limit(ENDED_AT_ONCE)
                .select((activities::account_id, activities::activity_id))
                .load(conn)
                .await?;
            lock_all(conn, &over).await?;
            settle(conn, &over, now).await?;
            Ok(over.len())
        })
        .await
    }
}

/// Lets activities reach as many as the ways that are left to them say, and no publication that is
/// over. They are locked.
pub(in crate::db) async fn settle(
    conn: &mut AsyncPgConnection,
    of: &Activities,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let (accounts, ids): (Vec<Uuid>, Vec<Uuid>) = of.iter().copied().unzip();
    let settled: Vec<Settled> = diesel::sql_query(
        "UPDATE vault.activities SET
             visibility = level, is_shown = is_shown AND level <> 'private',
             published_until = CASE WHEN level = 'published' THEN published_until END,
             version = version + 1, updated_at = $3
         FROM unnest($1, $2) AS changed (account, activity), LATERAL (
             SELECT account_id, activity_id, commons.level_of(
                 activity_id,
                 visibility = 'published' AND (published_until IS NULL OR published_until > $3)
             ) AS level
             FROM vault.activities WHERE account_id = account AND activity_id = activity
         ) AS found
         WHERE activities.account_id = found.account_id
           AND activities.activity_id = found.activity_id
         RETURNING activities.activity_id, activities.visibility",
    )
    .bind::<Array<SqlUuid>, _>(accounts)
    .bind::<Array<SqlUuid>, _>(ids)
    .bind::<Timestamptz, _>(now)
    .load(conn)
    .await?;
    for Settled { activity_id, visibility } in settled {
        commons::narrow(conn, activity_id.into(), parse(&visibility)?).await?;
    }
    Ok(())
}

fn parse(level: &str) -> Result<Visibility, Error> {
    Visibility::try_from(level).map_err(|_| Error::Corrupt("vault.activities.visibility"))
}
