//! What is near a position: of what is published, and for members of what their communities share.

use super::renditions::{Finding, Found, Summary, page};
use super::sought::{Sought, Walk, write_not_apart, write_shown};
use crate::access::{Viewer, Visible};
use crate::db::slice::one_more;
use crate::db::statement::Value;
use crate::db::{Commons, Error, Slice};
use crate::domain::{ActivityId, Position};
use chrono::{DateTime, Utc};

/// What to look for.
pub struct Nearby {
    /// Around here.
    pub position: Position,
    /// This far, in metres.
    pub radius_m: f64,
    /// To what distances are measured.
    pub to: Reference,
    /// Which activities.
    pub sought: Sought,
    /// From here on.
    pub after: Option<NearbyPosition>,
    /// At most so many.
    pub limit: usize,
}

/// To what of an activity a distance is measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reference {
    /// To where its visible line starts.
    #[default]
    Start,
    /// To the nearest point of its visible line, drawn with 200 points at most.
    Line,
}

/// A place in the answer: just after this activity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NearbyPosition {
    /// How far away it is, in metres.
    pub distance_m: f64,
    /// Which it is.
    pub id: ActivityId,
}

/// How many of the nearest that fit are looked at, page by page: so much work is done, and no more.
const STARTS_MAX: i64 = 3_000;
/// The same of lines: how far away one is takes twenty times as long to tell.
const LINES_MAX: i64 = 1_000;

impl Commons {
    /// Renditions by distance from a position. The position is used for this answer alone: it is neither
    /// stored nor logged.
    pub async fn nearby(
        &self,
        viewer: Viewer,
        nearby: &Nearby,
        now: DateTime<Utc>,
    ) -> Result<Slice<(Visible<Summary>, f64), NearbyPosition>, Error> {
        let place = |found: &Found<_>, distance_m| NearbyPosition { distance_m, id: found.id() };
        let finding = nearby.statement(viewer, now);
        page(&mut *self.conn().await?, viewer, finding, nearby.limit, now, place).await
    }
}

impl Nearby {
    /// Whether it is answered in a moment wherever it is asked: not to lines, each of which is measured whose box the
    /// position lies in, nor after a page, before which all others are measured anew, nor by rating, which no index has
    /// beside the start.
    pub fn is_quick(&self) -> bool {
        self.to == Reference::Start && self.after.is_none() && !self.sought.asks_for_rating()
    }

    fn statement(&self, viewer: Viewer, now: DateTime<Utc>) -> Finding {
        let mut statement = Finding::new("SELECT activity_id, away FROM (");
        self.nearest(&mut statement, "commons.published WHERE ", |statement| {
            write_shown(statement, viewer, now);
        });
        if self.sought.asks_for_rating() {
            // Few have one, or many.
            statement.plan_anew();
        } else if let Some(member) = viewer.member() {
            // What is published and shared is found twice.
            statement.sql(
                " UNION SELECT near.activity_id, near.away FROM commons.memberships CROSS JOIN LATERAL (",
            );
            let of = "commons.community_starts \
                      WHERE community_starts.community_id = memberships.community_id AND ";
            self.nearest(&mut statement, of, |statement| write_not_apart(statement, viewer));
            statement.sql(") AS near WHERE memberships.member_id = ");
            statement.bind(Value::Id(Some(member.into())));
        }
        statement.sql(") AS near ORDER BY away, activity_id LIMIT ");
        statement.bind(Value::Count(one_more(self.limit)));
        statement
    }

    /// The nearest of a table, and those just as far as the last of them. The index gives the nearest first
    /// (KNN) by great-circle distance, which is also what is answered, so that order and distances agree. It
    /// is asked for no other order: with the id besides, PostgreSQL would rather sort all that is in reach,
    /// of which it expects a hundredth of what there is. Which come after the page before is asked of so many, one after
    /// the other, until there are enough.
    fn nearest(
        &self,
        statement: &mut Finding,
        of: &'static str,
        write_more: impl FnOnce(&mut Finding),
    ) {
        let (column, walk, reached_max) = match self.to {
            Reference::Start => ("start", Walk::FromStart, STARTS_MAX),
            Reference::Line => ("line", Walk::FromLine, LINES_MAX),
        };
        statement.sql("(SELECT activity_id, away FROM (SELECT *, ").sql(column).sql(" <-> ");
        self.here(statement).sql(" AS away FROM ").sql(of);
        self.here(statement.sql("ST_DWithin(").sql(column).sql(", ")).sql(", ");
        statement.bind(Value::Double(self.radius_m)).sql(", false)");
        self.sought.write(statement, walk);
        // Before they are counted: else where the pages end would tell of one that the viewer does not see.
        write_more(statement);
        statement.sql(" ORDER BY away LIMIT ").bind(Value::Count(reached_max));
        statement.sql(") AS reached WHERE true");
        if let Some(NearbyPosition { distance_m, id }) = self.after {
            statement.sql(" AND (away, activity_id) > (").bind(Value::Double(distance_m));
            statement.sql(", ").bind(Value::Id(Some(id.into()))).sql(")");
        }
        statement.sql(" ORDER BY away FETCH FIRST (");
        statement.bind(Value::Count(one_more(self.limit))).sql(") ROWS WITH TIES)");
    }

    fn here<'a>(&self, statement: &'a mut Finding) -> &'a mut Finding {
        statement
            .sql("ST_SetSRID(ST_MakePoint(")
            .bind(Value::Double(self.position.longitude()))
            .sql(", ")
            .bind(Value::Double(self.position.latitude()))
            .sql("), 4326)::geography")
    }
}
