//! Vector tiles of what is published: where lines start, counted in squares, and closer up the lines.

use chrono::{DateTime, Utc};
use diesel::sql_types::Binary;
use diesel_async::RunQueryDsl;

use crate::db::statement::{Statement, Value};
use crate::db::{Commons, Error};

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
/// How far around a tile lines are drawn, as a share of its width: so much that strokes do not end at its edges.
const MARGIN: f64 = 64.0 / 4096.0;
/// In how many classes of length lines are kept apart, to have the long ones first.
const LENGTH_CLASSES: i64 = 10;

impl Tile {
    /// The square `x` from the west and `y` from the north, if there is one.
    pub fn new(zoom: u8, x: u32, y: u32) -> Option<Self> {
        let is_there = zoom <= ZOOM_MAX && x < 1 << zoom && y < 1 << zoom;
        is_there.then_some(Self { zoom, x, y })
    }

    pub(super) fn envelope<T>(self, statement: &mut Statement<T>) -> &mut Statement<T> {
        self.square(statement).sql(")")
    }

    /// The square with its margin.
    fn surroundings<T>(self, statement: &mut Statement<T>) -> &mut Statement<T> {
        self.square(statement).sql(", margin => ").bind(Value::Double(MARGIN)).sql(")")
    }

    fn square<T>(self, statement: &mut Statement<T>) -> &mut Statement<T> {
        statement
            .sql("ST_TileEnvelope(")
            .bind(Value::Count(self.zoom.into()))
            .sql("::integer, ")
            .bind(Value::Count(self.x.into()))
            .sql("::integer, ")
            .bind(Value::Count(self.y.into()))
            .sql("::integer")
    }

    /// The most lines in it: the longest, where there are more. Further out there is room for fewer that can still
    /// be told apart.
    const fn lines_max(self) -> i64 {
        match self.zoom {
            0..=10 => 250,
            11 => 500,
            12.. => 1_000,
        }
    }

    /// The lines that pass through it, with their authors. Class after class is read, the longest first, until
    /// there are enough: so a tile costs no more where there are more lines. Those that go round it, and have it
    /// in the box around them alone, take nobody's room.
    fn lines(self, now: DateTime<Utc>) -> Statement<Binary> {
        let [.., closest] = BANDS;
        let band = BANDS.into_iter().find(|band| self.zoom <= *band).unwrap_or(closest);
        let mut statement = Statement::new(
            "SELECT coalesce(ST_AsMVT(tile, 'activities', 4096, 'geom'), ''::bytea) FROM (\
             SELECT * FROM (SELECT ST_AsMVTGeom(passing.line, ",
        );
        self.envelope(&mut statement).sql(
            ", 4096, 64, true) AS geom, passing.activity_id::text AS id, title, sport, kind, day::text, \
             (statistics ->> 'distance_m')::float8 AS distance_m, public_name AS author FROM (",
        );
        for class in (0..LENGTH_CLASSES).rev() {
            let part = "SELECT activity_id, line FROM commons.published_lines WHERE zoom = ";
            statement
                .sql(part)
                .bind(Value::Count(band.into()))
                .sql("::smallint AND length_class = ");
            statement.bind(Value::Count(class)).sql("::smallint AND ST_Intersects(line, ");
            self.surroundings(&mut statement).sql(if class == 0 { ")" } else { ") UNION ALL " });
        }
        // Each row by itself, so that the planner joins no more than are drawn.
        statement.sql(
            ") AS passing CROSS JOIN LATERAL (\
                 SELECT * FROM commons.renditions WHERE renditions.activity_id = passing.activity_id \
                 AND (published_until IS NULL OR published_until > ",
        );
        statement.bind(Value::Time(now)).sql(
            ") OFFSET 0) AS rendition LEFT JOIN LATERAL (\
                 SELECT public_name FROM commons.members WHERE member_id = author_id OFFSET 0\
             ) AS member ON true LIMIT ",
        );
        // In the order of ids, which are random: that in which they were written would tell what is one
        // author's once they have left.
        statement.bind(Value::Count(self.lines_max()));
        statement.sql(") AS chosen ORDER BY id) AS tile WHERE geom IS NOT NULL");
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
