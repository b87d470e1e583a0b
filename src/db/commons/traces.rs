//! What an author's published activities tell together.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Double, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::db::schema::commons::renditions;
use crate::db::{Db, Error};
use crate::domain::{AccountId, ActivityId};

/// What others could put together about an author from what they published besides an activity.
pub struct Traces {
    /// How many visible lines begin where this one does.
    pub same_start: usize,
    /// The hours that are shown.
    pub hours: Vec<DateTime<Utc>>,
}

/// How near two starts are the same, in metres.
const SAME_START_M: f64 = 200.0;
/// How many hours are looked at.
const HOURS_MAX: i64 = 1_000;

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

impl Db {
    /// What the other published activities of `author` tell along with one that visibly starts at
    /// `start`, given as longitude and latitude in degrees.
    pub async fn traces(
        &self,
        author: AccountId,
        activity: ActivityId,
        start: Option<(f64, f64)>,
    ) -> Result<Traces, Error> {
        let conn = &mut *self.conn().await?;
        let hours: Vec<Option<DateTime<Utc>>> = renditions::table
            .filter(renditions::author_id.eq(Uuid::from(author)))
            .filter(renditions::activity_id.ne(Uuid::from(activity)))
            .filter(renditions::hour.is_not_null())
            .limit(HOURS_MAX)
            .select(renditions::hour)
            .load(conn)
            .await?;
        let hours = hours.into_iter().flatten().collect();
        let Some((longitude, latitude)) = start else { return Ok(Traces { same_start: 0, hours }) };
        let count: Count = diesel::sql_query(
            "SELECT count(*) AS count FROM commons.published
             WHERE author_id = $1 AND activity_id <> $2
               AND ST_DWithin(start, ST_SetSRID(ST_MakePoint($3, $4), 4326)::geography, $5)",
        )
        .bind::<SqlUuid, _>(Uuid::from(author))
        .bind::<SqlUuid, _>(Uuid::from(activity))
        .bind::<Double, _>(longitude)
        .bind::<Double, _>(latitude)
        .bind::<Double, _>(SAME_START_M)
        .get_result(conn)
        .await?;
        Ok(Traces { same_start: usize::try_from(count.count).unwrap_or(0), hours })
    }
}
