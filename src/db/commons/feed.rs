//! Renditions by their day, the newest first: those of a community, and those that a member publishes.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::members::Member;
use super::renditions::{Finding, Found, Summary, page};
use crate::access::{May, Viewer, Visible, act};
use crate::db::slice::one_more;
use crate::db::statement::Value;
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

impl Commons {
    /// What is shared with a community.
    pub async fn shared_with(
        &self,
        may: &May<act::SeeInside>,
        after: Option<DayPosition>,
        limit: usize,
        now: DateTime<Utc>,
    ) -> Result<Slice<Visible<Summary>, DayPosition>, Error> {
        // Who keeps apart is found among the members, who are few, and not once an activity. From what has no
        // author nobody is.
        let (of, viewer) = (may.community().into(), may.viewer());
        let mut finding = Finding::new(
            "SELECT activity_id, 0::float8 FROM commons.community_activities AS shared \
             JOIN commons.renditions USING (activity_id) WHERE community_id = ",
        );
        finding.bind(Value::Id(Some(of))).sql(
            " AND (shared.author_id IS NULL OR shared.author_id NOT IN (SELECT member_id FROM commons.memberships \
             WHERE community_id = ",
        );
        finding.bind(Value::Id(Some(of)));
        finding.sql(" AND commons.are_apart(").bind(asking(viewer)).sql(", member_id)))");
        self.newest(viewer, finding, after, limit, now).await
    }

    /// What a member publishes.
    pub async fn published_by(
        &self,
        viewer: Viewer,
        member: &Visible<Member>,
        after: Option<DayPosition>,
        limit: usize,
        now: DateTime<Utc>,
    ) -> Result<Slice<Visible<Summary>, DayPosition>, Error> {
        let of = Uuid::from(member.id);
        let mut finding = Finding::new(
            "SELECT activity_id, 0::float8 FROM commons.renditions WHERE author_id = ",
        );
        finding.bind(Value::Id(Some(of))).sql(" AND visibility = 'published'");
        finding.sql(" AND (published_until IS NULL OR published_until > ").bind(Value::Time(now));
        finding.sql(")");
        finding.sql(" AND NOT commons.are_apart(").bind(asking(viewer)).sql(", author_id)");
        self.newest(viewer, finding, after, limit, now).await
    }

    /// A page of what is found, the newest first.
    async fn newest(
        &self,
        viewer: Viewer,
        mut finding: Finding,
        after: Option<DayPosition>,
        limit: usize,
        now: DateTime<Utc>,
    ) -> Result<Slice<Visible<Summary>, DayPosition>, Error> {
        if let Some(DayPosition { day, id }) = after {
            finding.sql(" AND (coalesce(day, '-infinity'), activity_id) < (");
            match day {
                Some(day) => finding.bind(Value::Day(day)),
                None => finding.sql("'-infinity'"),
            };
            finding.sql(", ").bind(Value::Id(Some(id.into()))).sql(")");
        }
        finding.sql(" ORDER BY coalesce(day, '-infinity') DESC, activity_id DESC LIMIT ");
        finding.bind(Value::Count(one_more(limit)));
        let place = |found: &Found<_>, _| DayPosition { day: found.day(), id: found.id() };
        let conn = &mut *self.conn().await?;
        let Slice { items, next } = page(conn, viewer, finding, limit, now, place).await?;
        Ok(Slice { items: items.into_iter().map(|(rendition, _)| rendition).collect(), next })
    }
}

fn asking(viewer: Viewer) -> Value {
    Value::Id(viewer.member().map(Uuid::from))
}
