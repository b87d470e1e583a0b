//! Renditions by their day, the newest first: those of a community, and those that a member publishes.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Nullable, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::members::Member;
use super::renditions::{By, Found, Rendition, seen_by};
use crate::access::{May, Sealed, Viewer, Visible, act};
use crate::db::schema::commons::{members, renditions};
use crate::db::slice::one_more;
use crate::db::{Commons, Error, Slice};
use crate::domain::ActivityId;

/// A place in a feed: just after this activity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayPosition {
    /// The day it took place; what has none comes last.
    pub day: Option<NaiveDate>,
    /// Which it is.
    pub id: ActivityId,
}

#[derive(QueryableByName)]
struct Place {
    #[diesel(sql_type = SqlUuid)]
    activity_id: Uuid,
    #[diesel(sql_type = Nullable<Date>)]
    day: Option<NaiveDate>,
}

impl Place {
    fn position(&self) -> DayPosition {
        DayPosition { day: self.day, id: self.activity_id.into() }
    }
}

/// Who keeps apart is found among the members, who are few, and not once an activity.
const OF_COMMUNITY: &str = "
    SELECT activity_id, day
    FROM commons.community_activities shared JOIN commons.renditions USING (activity_id)
    WHERE community_id = $1 AND shared.author_id NOT IN (
              SELECT member_id FROM commons.memberships
              WHERE community_id = $1 AND commons.are_apart($2, member_id)
          )";

const OF_MEMBER: &str = "
    SELECT activity_id, day
    FROM commons.renditions
    WHERE author_id = $1 AND visibility = 'published' AND NOT commons.are_apart($2, $1)";

const FROM_ON: &str = "
      AND (published_until IS NULL OR published_until > $3)
      AND ($5 IS NULL OR (coalesce(day, '-infinity'), activity_id) < (coalesce($4, '-infinity'), $5))
    ORDER BY coalesce(day, '-infinity') DESC, activity_id DESC
    LIMIT $6";

impl Commons {
    /// What is shared with a community.
    pub async fn shared_with(
        &self,
        may: &May<act::SeeInside>,
        after: Option<DayPosition>,
        limit: usize,
        now: DateTime<Utc>,
    ) -> Result<Slice<Visible<Rendition>, DayPosition>, Error> {
        let (of, viewer) = (may.community().into(), may.viewer());
        read(&mut *self.conn().await?, OF_COMMUNITY, of, viewer, after, limit, now).await
    }

    /// What a member publishes.
    pub async fn published_by(
        &self,
        viewer: Viewer,
        member: &Visible<Member>,
        after: Option<DayPosition>,
        limit: usize,
        now: DateTime<Utc>,
    ) -> Result<Slice<Visible<Rendition>, DayPosition>, Error> {
        let of = member.id.into();
        read(&mut *self.conn().await?, OF_MEMBER, of, viewer, after, limit, now).await
    }
}

async fn read(
    conn: &mut AsyncPgConnection,
    which: &str,
    of: Uuid,
    viewer: Viewer,
    after: Option<DayPosition>,
    limit: usize,
    now: DateTime<Utc>,
) -> Result<Slice<Visible<Rendition>, DayPosition>, Error> {
    let asking = viewer.member().map(Uuid::from);
    let places: Vec<Place> = diesel::sql_query(format!("{which}{FROM_ON}"))
        .bind::<SqlUuid, _>(of)
        .bind::<Nullable<SqlUuid>, _>(asking)
        .bind::<Timestamptz, _>(now)
        .bind::<Nullable<Date>, _>(after.and_then(|after| after.day))
        .bind::<Nullable<SqlUuid>, _>(after.map(|after| Uuid::from(after.id)))
        .bind::<BigInt, _>(one_more(limit))
        .load(conn)
        .await?;
    let Slice { items: places, next } = Slice::of(places, limit, Place::position);
    let ids: Vec<Uuid> = places.iter().map(|place| place.activity_id).collect();
    let mut rows: Vec<Found> = renditions::table
        .left_join(members::table)
        .filter(renditions::activity_id.eq_any(ids))
        .select(seen_by(asking))
        .load(conn)
        .await?;
    let mut found = Vec::with_capacity(rows.len());
    for place in places {
        // One that was withdrawn since the first statement is not there any more.
        let row = rows.iter().position(|found| found.id() == place.activity_id);
        let Some(row) = row.map(|index| rows.swap_remove(index)) else { continue };
        found.extend(Sealed::open(row.seal(viewer, By::Id, now)?));
    }
    Ok(Slice { items: found, next })
}
