//! Points of interest of what is published, wherever they lie.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::sql_types::{self, Array, Double, SmallInt, Uuid as SqlUuid};
use diesel::{OptionalExtension, QueryableByName};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::renditions::{Finding, Summary, page};
use super::search::{Bounds, Meets, SearchPosition};
use super::sought::{Sought, Walk, write_shown};
use crate::access::{Viewer, Visible};
use crate::db::json::Json;
use crate::db::slice::one_more;
use crate::db::statement::Value;
use crate::db::{Commons, Error, Slice};
use crate::domain::ActivityId;
use crate::track::PublicWaypoint;

/// Which points of interest.
pub struct Places {
    /// Within this box.
    pub within: Option<Bounds>,
    /// Of these activities.
    pub sought: Sought,
    /// From here on.
    pub after: Option<SearchPosition>,
    /// At most so many.
    pub limit: usize,
}

/// At how many points of interest a page looks: so much work is done, and no more. What fits may lie behind all of them.
const REACHED_MAX: i64 = 10_000;

/// A point of interest, and whose it is.
pub struct InterestingPlace {
    /// What it belongs to.
    pub rendition: Visible<Summary>,
    /// Which one of it, counted from 0.
    pub number: i16,
    /// The place itself.
    pub waypoint: PublicWaypoint,
}

#[derive(QueryableByName)]
struct Point {
    #[diesel(sql_type = SqlUuid)]
    activity_id: Uuid,
    #[diesel(sql_type = SmallInt)]
    number: i16,
    #[diesel(sql_type = sql_types::Json)]
    waypoint: Json<PublicWaypoint>,
}

impl Commons {
    /// Points of interest as everyone sees them, those of an activity together; there may be fewer than asked for,
    /// even none, and more after them.
    pub async fn places(
        &self,
        places: &Places,
        now: DateTime<Utc>,
    ) -> Result<Slice<InterestingPlace, SearchPosition>, Error> {
        let finding = places.statement(Viewer::Anonymous, now);
        let conn = &mut *self.conn().await?;
        conn.build_transaction()
            .read_only()
            .repeatable_read()
            .run(async |conn| {
                let mut found = places_of(conn, finding, places.limit, now).await?;
                if found.next.is_none() {
                    let last = places.last_reached().get_result(conn).await.optional()?;
                    found.next =
                        last.map(|(id, key): (Uuid, f64)| SearchPosition { key, id: id.into() });
                }
                Ok(found)
            })
            .await
    }

    /// One of them; `None` when its activity is not published, or has none of that number.
    pub async fn place(
        &self,
        activity: ActivityId,
        number: u16,
        now: DateTime<Utc>,
    ) -> Result<Option<InterestingPlace>, Error> {
        let mut finding = Finding::new(
            "SELECT activity_id, number::float8 FROM commons.published_waypoints \
             JOIN commons.published USING (activity_id) WHERE true",
        );
        finding.sql(" AND activity_id = ").bind(Value::Id(Some(activity.into())));
        finding.sql(" AND number = ").bind(Value::Double(number.into()));
        let conn = &mut *self.conn().await?;
        conn.build_transaction()
            .read_only()
            .repeatable_read()
            .run(async |conn| Ok(places_of(conn, finding, 1, now).await?.items.pop()))
            .await
    }
}

/// What a statement finds, with what is told of the places.
async fn places_of(
    conn: &mut AsyncPgConnection,
    finding: Finding,
    limit: usize,
    now: DateTime<Utc>,
) -> Result<Slice<InterestingPlace, SearchPosition>, Error> {
    let found = page(conn, Viewer::Anonymous, finding, limit, now, SearchPosition::of).await?;
    Ok(Slice { items: with_waypoints(conn, found.items).await?, next: found.next })
}

async fn with_waypoints(
    conn: &mut AsyncPgConnection,
    found: Vec<(Visible<Summary>, f64)>,
) -> Result<Vec<InterestingPlace>, Error> {
    let activities: Vec<Uuid> = found.iter().map(|(summary, _)| summary.id.into()).collect();
    let numbers: Vec<f64> = found.iter().map(|(_, number)| *number).collect();
    let points: Vec<Point> = diesel::sql_query(
        "SELECT activity_id, point.number, waypoint FROM unnest($1, $2) AS asked (activity_id, number) \
         JOIN commons.published_waypoints AS point USING (activity_id) WHERE point.number = asked.number",
    )
    .bind::<Array<SqlUuid>, _>(activities)
    .bind::<Array<Double>, _>(numbers)
    .load(conn)
    .await?;
    let mut points: HashMap<(Uuid, u64), Point> = points
        .into_iter()
        .map(|point| ((point.activity_id, f64::from(point.number).to_bits()), point))
        .collect();
    let with_waypoint = |(rendition, number): (Visible<Summary>, f64)| {
        let Point { number, waypoint, .. } =
            points.remove(&(rendition.id.into(), number.to_bits()))?;
        Some(InterestingPlace { rendition, number, waypoint: waypoint.0 })
    };
    Ok(found.into_iter().filter_map(with_waypoint).collect())
}

impl Places {
    fn statement(&self, viewer: Viewer, now: DateTime<Utc>) -> Finding {
        let is_narrow = self.within.is_some() && !self.sought.is_all();
        let mut statement = Finding::new(if is_narrow {
            // By itself: for the first few of a box PostgreSQL would go through all there are in order.
            "WITH reached AS MATERIALIZED ("
        } else {
            "WITH reached AS NOT MATERIALIZED ("
        });
        self.reached(&mut statement);
        // One after the other, until there are enough: what any filter is fit by cannot be known beforehand.
        statement.sql(
            ") SELECT activity_id, number::float8 FROM reached CROSS JOIN LATERAL (\
             SELECT FROM commons.published WHERE activity_id = reached.activity_id",
        );
        self.sought.write(&mut statement, Walk::InOrder);
        write_shown(&mut statement, viewer, now);
        statement.sql(" LIMIT 1) AS published ORDER BY reached.activity_id, reached.number LIMIT ");
        statement.bind(Value::Count(one_more(self.limit)));
        statement
    }

    /// Those that are looked at.
    fn reached(&self, statement: &mut Finding) {
        statement.sql("SELECT activity_id, number FROM commons.published_waypoints WHERE true");
        if let Some(bounds) = &self.within {
            // It may hold nearly everything, or nothing.
            statement.plan_anew();
            bounds.write(statement, "place", Meets::Itself);
        }
        if let Some(SearchPosition { key, id }) = self.after {
            statement.sql(" AND (activity_id, number) > (").bind(Value::Id(Some(id.into())));
            statement.sql(", ").bind(Value::Double(key)).sql(")");
        }
        statement.sql(" ORDER BY activity_id, number LIMIT ").bind(Value::Count(REACHED_MAX));
    }

    /// The last of those, if there may be more.
    fn last_reached(&self) -> Finding {
        let mut statement = Finding::new("SELECT activity_id, number::float8 FROM (");
        self.reached(&mut statement);
        statement.sql(") AS reached ORDER BY reached.activity_id, reached.number LIMIT 1 OFFSET ");
        statement.bind(Value::Count(REACHED_MAX - 1));
        statement
    }
}
