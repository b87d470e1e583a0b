//! Where many go: squares that the published recordings of at least five members pass through, who all agreed to
//! that. Made from the commons, all of it anew once a day, so that no single upload is seen in it.

use chrono::{DateTime, Utc};
use diesel::sql_types::{Integer, SmallInt, Timestamptz};
use diesel_async::{AsyncConnection, RunQueryDsl, SimpleAsyncConnection};

use super::tiles::Tile;
use crate::db::statement::Statement;
use crate::db::{Commons, Db, Error};
use crate::domain::Consent;

/// The smallest squares: about 150 m wide at the equator, 100 m in the middle of Europe.
const FINEST_ZOOM: i16 = 18;
/// The largest ones.
const COARSEST_ZOOM: i16 = 8;
/// How much finer squares are than the tile that shows them: 16 by 16 a tile.
const SQUARES_ZOOM: u8 = 4;
/// The closest tile that has squares of its own. Closer up a client enlarges it.
pub const HEAT_ZOOM_MAX: u8 = 14;
/// The widest.
pub const HEAT_ZOOM_MIN: u8 = 4;

/// Which squares the recorded lines of whom pass through: who plans a way has not gone it. Of each author so many of the
/// newest lines count as are 200,000 km long together on the map: more may be made to cost as many squares as there
/// are, and a map that is not made again goes on showing what was withdrawn.
const PASSED: &str = "
    CREATE TEMPORARY TABLE passed ON COMMIT DROP AS
    WITH agreed AS (
        SELECT activity_id, author_id, sum(ST_Length(published_lines.line)) OVER (
            PARTITION BY author_id ORDER BY day DESC NULLS LAST, activity_id
        ) AS length_m
        FROM commons.published JOIN commons.published_lines USING (activity_id)
        WHERE published_lines.zoom = 16 AND kind = 'recorded'
          AND (published_until IS NULL OR published_until > $1)
          AND author_id IN (
              SELECT account_id FROM (
                  SELECT DISTINCT ON (account_id) account_id, is_given FROM vault.consents
                  WHERE consent = $2 ORDER BY account_id, decided_at DESC
              ) AS decided WHERE is_given
          )
    )
    SELECT DISTINCT author_id, floor((ST_X(place.geom) + half) / side)::integer AS x,
           floor((half - ST_Y(place.geom)) / side)::integer AS y
    FROM agreed JOIN commons.published_lines USING (activity_id)
    CROSS JOIN (SELECT 20037508.342789244 AS half, 20037508.342789244 / 2 ^ (18 - 1) AS side) AS map
    CROSS JOIN LATERAL ST_DumpPoints(ST_Segmentize(published_lines.line, side / 2)) AS place
    WHERE published_lines.zoom = 16 AND length_m < 200000000";

/// How many members a square has, in round numbers, so that one more or less seldom shows; $2 at least.
const COUNTED: &str = "
    INSERT INTO commons.heat_cells (zoom, x, y, members)
    SELECT $1, x, y, CASE WHEN count(*) < 10 THEN 5 WHEN count(*) < 20 THEN 10 WHEN count(*) < 50 THEN 20
                          WHEN count(*) < 100 THEN 50 WHEN count(*) < 1000 THEN 100 ELSE 1000 END
    FROM passed GROUP BY x, y HAVING count(*) >= $2";

/// Squares twice as wide.
const WIDER: &str = "
    CREATE TEMPORARY TABLE wider ON COMMIT DROP AS
    SELECT DISTINCT author_id, x >> 1 AS x, y >> 1 AS y FROM passed;
    DROP TABLE passed;
    ALTER TABLE wider RENAME TO passed";

/// As many members have to pass through a square before it is shown.
pub const HEAT_MEMBERS_MIN: i32 = 5;

impl Db {
    /// Makes the squares anew. Who reads meanwhile sees those that were there before.
    pub async fn remake_heat_map(&self, now: DateTime<Utc>) -> Result<(), Error> {
        let conn = &mut *self.conn().await?;
        conn.transaction(async |conn| {
            // Minutes at a million lines; nothing waits for it.
            conn.batch_execute("SET LOCAL statement_timeout = '1h'; SET LOCAL work_mem = '256MB'")
                .await?;
            diesel::sql_query(PASSED)
                .bind::<Timestamptz, _>(now)
                .bind::<diesel::sql_types::Text, _>(Consent::HeatMap.name())
                .execute(conn)
                .await?;
            conn.batch_execute("DELETE FROM commons.heat_cells").await?;
            for zoom in (COARSEST_ZOOM..=FINEST_ZOOM).rev() {
                diesel::sql_query(COUNTED)
                    .bind::<SmallInt, _>(zoom)
                    .bind::<Integer, _>(HEAT_MEMBERS_MIN)
                    .execute(conn)
                    .await?;
                conn.batch_execute(WIDER).await?;
            }
            Ok(())
        })
        .await
    }
}

impl Commons {
    /// The squares of a tile, as Mapbox Vector Tiles 2.1, the same for everyone.
    pub async fn heat_tile(&self, tile: Tile) -> Result<Vec<u8>, Error> {
        let mut statement: Statement<diesel::sql_types::Binary> = Statement::new(
            "SELECT coalesce(ST_AsMVT(tile, 'heat', 4096, 'geom'), ''::bytea) FROM (\
             SELECT ST_AsMVTGeom(ST_TileEnvelope(zoom, x, y), ",
        );
        tile.envelope(&mut statement);
        statement.sql(", 4096, 0, true) AS geom, members FROM commons.heat_cells");
        tile.write_squares(&mut statement, SQUARES_ZOOM);
        statement.sql(") AS tile");
        Ok(statement.get_result(&mut *self.conn().await?).await?)
    }
}
