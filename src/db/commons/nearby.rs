//! What is published near a position.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Double, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::renditions::{By, Found, Rendition, seen_by};
use crate::access::{Sealed, Viewer, Visible};
use crate::db::schema::commons::{members, renditions};
use crate::db::slice::one_more;
use crate::db::{Commons, Error, Slice};
use crate::domain::{ActivityId, Kind, Position, Sport};

/// What to look for.
pub struct Nearby {
    /// Around here.
    pub position: Position,
    /// This far, in metres.
    pub radius_m: f64,
    /// Of this sport.
    pub sport: Option<Sport>,
    /// Of this kind.
    pub kind: Option<Kind>,
    /// Of a length in this range, in metres.
    pub distance_m: Range,
    /// With an ascent in this range, in metres.
    pub ascent_m: Range,
    /// From here on.
    pub after: Option<NearbyPosition>,
    /// At most so many.
    pub limit: usize,
}

/// A range with either end open.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Range {
    /// At least this.
    pub min: Option<f64>,
    /// At most this.
    pub max: Option<f64>,
}

/// A place in the answer: just after this activity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NearbyPosition {
    /// How far away it starts, in metres.
    pub distance_m: f64,
    /// Which it is.
    pub id: ActivityId,
}

#[derive(QueryableByName)]
struct Neighbour {
    #[diesel(sql_type = SqlUuid)]
    activity_id: Uuid,
    #[diesel(sql_type = Double)]
    distance_m: f64,
}

impl Neighbour {
    fn position(&self) -> NearbyPosition {
        NearbyPosition { distance_m: self.distance_m, id: self.activity_id.into() }
    }
}

/// The index gives the nearest first (KNN) by great-circle distance, which is also what is
/// answered, so that order and distances agree.
const NEIGHBOURS: &str = "
    WITH here AS (SELECT ST_SetSRID(ST_MakePoint($1, $2), 4326)::geography AS position)
    SELECT activity_id, start <-> (SELECT position FROM here) AS distance_m
    FROM commons.published
    WHERE ST_DWithin(start, (SELECT position FROM here), $3, false)
      AND ($4 IS NULL OR sport = $4)
      AND ($5 IS NULL OR kind = $5)
      AND ($6 IS NULL OR distance_m >= $6) AND ($7 IS NULL OR distance_m <= $7)
      AND ($8 IS NULL OR ascent_m >= $8) AND ($9 IS NULL OR ascent_m <= $9)
      AND (published_until IS NULL OR published_until > $13)
      AND ($14 IS NULL OR NOT commons.are_apart($14, author_id))
      AND ($10 IS NULL OR (start <-> (SELECT position FROM here), activity_id) > ($10, $11))
    ORDER BY start <-> (SELECT position FROM here), activity_id
    LIMIT $12";

impl Commons {
    /// Published renditions by distance from a position to where they visibly start. The position
    /// is used for this answer alone: it is neither stored nor logged.
    pub async fn nearby(
        &self,
        viewer: Viewer,
        nearby: &Nearby,
        now: DateTime<Utc>,
    ) -> Result<Slice<(Visible<Rendition>, f64), NearbyPosition>, Error> {
        let conn = &mut *self.conn().await?;
        let neighbours: Vec<Neighbour> = diesel::sql_query(NEIGHBOURS)
            .bind::<Double, _>(nearby.position.longitude())
            .bind::<Double, _>(nearby.position.latitude())
            .bind::<Double, _>(nearby.radius_m)
            .bind::<Nullable<Text>, _>(nearby.sport.map(Sport::name))
            .bind::<Nullable<Text>, _>(nearby.kind.map(Kind::name))
            .bind::<Nullable<Double>, _>(nearby.distance_m.min)
            .bind::<Nullable<Double>, _>(nearby.distance_m.max)
            .bind::<Nullable<Double>, _>(nearby.ascent_m.min)
            .bind::<Nullable<Double>, _>(nearby.ascent_m.max)
            .bind::<Nullable<Double>, _>(nearby.after.map(|after| after.distance_m))
            .bind::<Nullable<SqlUuid>, _>(nearby.after.map(|after| Uuid::from(after.id)))
            .bind::<BigInt, _>(one_more(nearby.limit))
            .bind::<Timestamptz, _>(now)
            .bind::<Nullable<SqlUuid>, _>(viewer.member().map(Uuid::from))
            .load(conn)
            .await?;
        let Slice { items: neighbours, next } =
            Slice::of(neighbours, nearby.limit, Neighbour::position);
        let ids: Vec<Uuid> = neighbours.iter().map(|neighbour| neighbour.activity_id).collect();
        let mut rows: Vec<Found> = renditions::table
            .left_join(members::table)
            .filter(renditions::activity_id.eq_any(ids))
            .select(seen_by(viewer.member().map(Uuid::from)))
            .load(conn)
            .await?;
        let mut found = Vec::with_capacity(rows.len());
        for neighbour in neighbours {
            // One that was withdrawn since the first statement is not there any more.
            let row = rows.iter().position(|found| found.id() == neighbour.activity_id);
            let Some(row) = row.map(|index| rows.swap_remove(index)) else { continue };
            if let Some(rendition) = Sealed::open(row.seal(viewer, By::Id, now)?) {
                found.push((rendition, neighbour.distance_m));
            }
        }
        Ok(Slice { items: found, next })
    }
}
