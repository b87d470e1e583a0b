//! Published renditions with their lines, for maps and tools that take features.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::sql_types::{Array, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::renditions::{Finding, Found, Rendition, page};
use super::search::{Search, SearchPosition};
use crate::access::{Viewer, Visible};
use crate::db::statement::Value;
use crate::db::{Commons, Error, Slice};
use crate::domain::ActivityId;

/// A published rendition with its line.
pub struct Feature {
    /// What is told of it.
    pub rendition: Visible<Rendition>,
    /// Its visible line in 200 points at most, as a geometry of GeoJSON.
    pub line: serde_json::Value,
}

#[derive(diesel::QueryableByName)]
struct Line {
    #[diesel(sql_type = SqlUuid)]
    activity_id: Uuid,
    #[diesel(sql_type = Text)]
    line: String,
}

impl Commons {
    /// Published renditions that fit a search, with their lines, as everyone sees them.
    pub async fn features(
        &self,
        search: &Search,
        now: DateTime<Utc>,
    ) -> Result<Slice<Feature, SearchPosition>, Error> {
        let finding = search.statement(Viewer::Anonymous, now);
        features_of(&mut *self.conn().await?, finding, search.limit, now, SearchPosition::of).await
    }

    /// One of them; `None` when it is not published.
    pub async fn feature(
        &self,
        id: ActivityId,
        now: DateTime<Utc>,
    ) -> Result<Option<Feature>, Error> {
        let mut finding = Finding::new(
            "SELECT activity_id, 0::float8 FROM commons.published WHERE activity_id = ",
        );
        finding.bind(Value::Id(Some(id.into())));
        let place = |found: &Found, _| found.id();
        let conn = &mut *self.conn().await?;
        Ok(features_of(conn, finding, 1, now, place).await?.items.pop())
    }
}

/// What a statement finds, with its lines: of one moment, for what is told of a rendition must not stand beside
/// the line of another.
pub(super) async fn features_of<P: Send>(
    conn: &mut AsyncPgConnection,
    finding: Finding,
    limit: usize,
    now: DateTime<Utc>,
    place: fn(&Found, f64) -> P,
) -> Result<Slice<Feature, P>, Error> {
    conn.build_transaction()
        .read_only()
        .repeatable_read()
        .run(async |conn| {
            let Slice { items, next } =
                page(conn, Viewer::Anonymous, finding, limit, now, place).await?;
            let renditions = items.into_iter().map(|(rendition, _)| rendition).collect();
            Ok(Slice { items: with_lines(conn, renditions).await?, next })
        })
        .await
}

/// What has no line has no place on a map: its author hides it.
async fn with_lines(
    conn: &mut AsyncPgConnection,
    renditions: Vec<Visible<Rendition>>,
) -> Result<Vec<Feature>, Error> {
    let ids: Vec<Uuid> = renditions.iter().map(|rendition| rendition.id.into()).collect();
    let lines: Vec<Line> = diesel::sql_query(
        "SELECT activity_id, ST_AsGeoJSON(line, 7) AS line FROM commons.published
         WHERE activity_id = ANY($1)",
    )
    .bind::<Array<SqlUuid>, _>(ids)
    .load(conn)
    .await?;
    let mut lines: HashMap<Uuid, String> =
        lines.into_iter().map(|line| (line.activity_id, line.line)).collect();
    let mut features = Vec::with_capacity(renditions.len());
    for rendition in renditions {
        let Some(line) = lines.remove(&Uuid::from(rendition.id)) else { continue };
        let line =
            serde_json::from_str(&line).map_err(|_| Error::Corrupt("commons.published.line"))?;
        features.push(Feature { rendition, line });
    }
    Ok(features)
}
