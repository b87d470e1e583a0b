//! Vector tiles of what is published: where lines start, counted in squares, and closer up the lines.

use chrono::{DateTime, Utc};
use diesel::sql_types::Binary;
use diesel_async::RunQueryDsl;

use crate::db::statement::{Statement, Value};
use crate::db::{Commons, Db, Error};

/// A square of a web map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tile {
    zoom: u8,
    x: u32,
    y: u32,
}

/// The closest that is drawn.
pub const ZOOM_MAX: u8 = 18;
/// From here on lines are drawn; further out it is counted where they start.
pub const LINES_FROM_ZOOM: u8 = 9;
/// How much finer the squares are in which starts are counted: 16 by 16 a tile.
const SQUARES_ZOOM: u8 = 4;
/// For which zoom levels lines are generalised in advance; each serves those below it down to the next.
pub(super) const BANDS: [u8; 3] = [10, 13, 16];
/// The most lines in a tile.
const LINES_MAX: i64 = 2_000;

impl Tile {
    /// The square `x` from the west and `y` from the north, if there is one.
    pub fn new(zoom: u8, x: u32, y: u32) -> Option<Self> {
        let is_there = zoom <= ZOOM_MAX && x < 1 << zoom && y < 1 << zoom;
        is_there.then_some(Self { zoom, x, y })
    }

    pub(super) fn envelope<T>(self, statement: &mut Statement<T>) -> &mut Statement<T> {
        statement
            .sql("ST_TileEnvelope(")
            .bind(Value::Count(self.zoom.into()))
            .sql("::integer, ")
            .bind(Value::Count(self.x.into()))
            .sql("::integer, ")
            .bind(Value::Count(self.y.into()))
            .sql("::integer)")
    }

    /// The lines that pass through it, with their authors.
    fn lines(self, now: DateTime<Utc>) -> Statement<Binary> {
        let band = BANDS.into_iter().find(|band| self.zoom <= *band).unwrap_or(BANDS[2]);
        let mut statement = Statement::new(
            "SELECT coalesce(ST_AsMVT(tile, 'activities', 4096, 'geom'), ''::bytea) FROM (\
             SELECT ST_AsMVTGeom(published_lines.line, ",
        );
        self.envelope(&mut statement).sql(
            ", 4096, 64, true) AS geom, activity_id::text AS id, renditions.title, published.sport, \
             published.kind, renditions.day::text, published.distance_m, members.public_name AS author \
             FROM commons.published_lines JOIN commons.published USING (activity_id) \
             JOIN commons.renditions USING (activity_id) \
             LEFT JOIN commons.members ON members.member_id = renditions.author_id \
             WHERE zoom = ",
        );
        statement.bind(Value::Count(band.into())).sql("::smallint AND published_lines.line && ");
        self.envelope(&mut statement);
        statement.sql(" AND (published.published_until IS NULL OR published.published_until > ");
        statement.bind(Value::Time(now)).sql(") ORDER BY activity_id LIMIT ");
        // In the order of ids, which are random: that in which they were written would tell what is one
        // author's once they have left.
        statement.bind(Value::Count(LINES_MAX));
        statement.sql(") AS tile WHERE geom IS NOT NULL");
        statement
    }

    /// How many lines start where.
    fn starts(self) -> Statement<Binary> {
        let mut statement = Statement::new(
            "SELECT coalesce(ST_AsMVT(tile, 'starts', 4096, 'geom'), ''::bytea) FROM (\
             SELECT ST_AsMVTGeom(ST_Centroid(ST_TileEnvelope(zoom, x, y)), ",
        );
        self.envelope(&mut statement).sql(
            ", 4096, 0, true) AS geom, sum(change)::integer AS activities \
             FROM commons.start_counts",
        );
        self.write_squares(&mut statement, SQUARES_ZOOM);
        statement.sql(" GROUP BY zoom, x, y HAVING sum(change) > 0) AS tile");
        statement
    }

    /// Keeps to the squares of the tile, of a table of squares `finer` zoom levels closer up.
    pub(super) fn write_squares<T>(self, statement: &mut Statement<T>, finer: u8) {
        let squares = |from: u32| {
            let first = i64::from(from) << finer;
            (first, first + (1 << finer) - 1)
        };
        let (west, east) = squares(self.x);
        let (north, south) = squares(self.y);
        statement.sql(" WHERE zoom = ").bind(Value::Count((self.zoom + finer).into()));
        statement.sql("::smallint AND x BETWEEN ").bind(Value::Count(west));
        statement.sql("::integer AND ").bind(Value::Count(east));
        statement.sql("::integer AND y BETWEEN ").bind(Value::Count(north));
        statement.sql("::integer AND ").bind(Value::Count(south)).sql("::integer");
    }
}

impl Commons {
    /// A tile as Mapbox Vector Tiles 2.1, the same for everyone.
    pub async fn tile(&self, tile: Tile, now: DateTime<Utc>) -> Result<Vec<u8>, Error> {
        let statement = if tile.zoom < LINES_FROM_ZOOM { tile.starts() } else { tile.lines(now) };
        Ok(statement.get_result(&mut *self.conn().await?).await?)
    }
}

/// Sums up squares of several rows. So what was taken back leaves none: not even where it once started.
const SUMMED_UP: &str = "
    WITH crowded AS (
        SELECT zoom, x, y FROM commons.start_counts GROUP BY zoom, x, y HAVING count(*) > 1 LIMIT 10000
    ), taken AS (
        DELETE FROM commons.start_counts counts USING crowded
        WHERE counts.zoom = crowded.zoom AND counts.x = crowded.x AND counts.y = crowded.y
        RETURNING counts.zoom, counts.x, counts.y, counts.change
    )
    INSERT INTO commons.start_counts (zoom, x, y, change)
    SELECT zoom, x, y, sum(change) FROM taken GROUP BY zoom, x, y HAVING sum(change) <> 0";

impl Db {
    /// Sums up what publications and withdrawals wrote about squares. Who reads meanwhile sees the sum as it
    /// was.
    pub async fn sum_up_starts(&self) -> Result<(), Error> {
        diesel::sql_query(SUMMED_UP).execute(&mut *self.conn().await?).await?;
        Ok(())
    }
}
