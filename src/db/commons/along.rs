//! What runs along a line: of what is published, the most alike first.

use chrono::{DateTime, Utc};
use diesel::OptionalExtension;
use diesel::sql_types::Double;
use diesel_async::RunQueryDsl;

use super::renditions::{Finding, Found, Summary, page};
use super::sought::{Sought, Walk, write_shown};
use crate::access::{Viewer, Visible};
use crate::db::slice::one_more;
use crate::db::statement::{Statement, Value};
use crate::db::{Commons, Error, Slice};
use crate::domain::{ActivityId, Position};

/// What to look for.
pub struct Along {
    /// Along this.
    pub line: Course,
    /// This far from it, in metres.
    pub within_m: f64,
    /// Which activities.
    pub sought: Sought,
    /// At most so many.
    pub limit: usize,
}

/// A line that others may run along.
pub enum Course {
    /// One that somebody draws: used for this answer alone, neither stored nor logged.
    Drawn(Vec<Position>),
    /// That of a published activity, as others see it.
    Of(ActivityId),
}

/// How many that pass near by are looked at: so much work is done, and no more.
const PASSING_MAX: i64 = 3_000;
/// How many of them are compared: where more do, those that are as long and reach as far.
const COMPARED_MAX: i64 = 300;

impl Commons {
    /// Renditions by how much they have in common with a line: the length that both share, of the longer
    /// one, from 0 to 1. Lengths are compared on the web map, which keeps shapes.
    pub async fn along(
        &self,
        viewer: Viewer,
        along: &Along,
        now: DateTime<Utc>,
    ) -> Result<Slice<(Visible<Summary>, f64), ActivityId>, Error> {
        let conn = &mut *self.along_conn().await?;
        let finding = along.statement(viewer, now);
        let place = |found: &Found<_>, _| found.id();
        page(conn, viewer, finding, along.limit, now, place).await
    }

    /// How long a published line is between its points, in degrees; `None` when the viewer finds none.
    pub async fn course_degrees(
        &self,
        viewer: Viewer,
        id: ActivityId,
        now: DateTime<Utc>,
    ) -> Result<Option<f64>, Error> {
        let mut statement: Statement<Double> = Statement::new(
            "SELECT ST_Length(line::geometry) FROM commons.published WHERE activity_id = ",
        );
        statement.bind(Value::Id(Some(id.into())));
        write_shown(&mut statement, viewer, now);
        Ok(statement.get_result(&mut *self.conn().await?).await.optional()?)
    }
}

impl Along {
    fn statement(&self, viewer: Viewer, now: DateTime<Utc>) -> Finding {
        let mut statement = Finding::new("WITH given AS MATERIALIZED (SELECT ");
        match &self.line {
            Course::Drawn(places) => {
                statement.sql("ST_SetSRID(ST_GeomFromGeoJSON(").bind(Value::Text(geojson(places)));
                statement.sql("), 4326)::geography AS line");
            }
            Course::Of(id) => {
                statement.sql("line FROM commons.published WHERE activity_id = ");
                statement.bind(Value::Id(Some((*id).into())));
                write_shown(&mut statement, viewer, now);
            }
        }
        statement.sql(
            "), drawn AS (SELECT line AS given, line::geometry AS shape, \
             ST_Transform(line::geometry, 3857) AS path FROM given), \
             belt AS MATERIALIZED (SELECT given, shape, ST_Length(path) AS length, ST_Buffer(path, ",
        );
        // On the web map too: it has room beyond the antimeridian. A metre is longer there, the further from
        // the equator.
        statement.bind(Value::Double(self.within_m)).sql(
            " / greatest(cos(radians(ST_Y(ST_Centroid(shape)))), 0.01)) AS area FROM drawn), \
             passing AS MATERIALIZED (SELECT activity_id, line::geometry AS line, shape, length, area \
             FROM belt CROSS JOIN commons.published WHERE ST_DWithin(line, given, ",
        );
        statement.bind(Value::Double(self.within_m)).sql(", false)");
        self.sought.write(&mut statement, Walk::FromLine);
        write_shown(&mut statement, viewer, now);
        if let Course::Of(id) = &self.line {
            statement.sql(" AND activity_id <> ").bind(Value::Id(Some((*id).into())));
        }
        // What differs in length or in one edge has no more in common than the rest: cheap, and before the
        // areas are compared. All of it in degrees.
        statement.sql(" LIMIT ").bind(Value::Count(PASSING_MAX)).sql(
            "), near AS MATERIALIZED (\
             SELECT activity_id, ST_Transform(line, 3857) AS line, length, area FROM passing \
             ORDER BY abs(ST_Length(line) - ST_Length(shape))",
        );
        for edge in ["ST_XMin", "ST_XMax", "ST_YMin", "ST_YMax"] {
            statement.sql(" + abs(").sql(edge).sql("(line) - ").sql(edge).sql("(shape))");
        }
        statement.sql(" LIMIT ").bind(Value::Count(COMPARED_MAX)).sql(
            ") SELECT activity_id, alike FROM (SELECT activity_id, \
             ST_Length(ST_Intersection(line, area)) / greatest(ST_Length(line), length, 1) AS alike \
             FROM near) AS found ORDER BY alike DESC, activity_id DESC LIMIT ",
        );
        statement.bind(Value::Count(one_more(self.limit)));
        statement
    }
}

fn geojson(places: &[Position]) -> String {
    let coordinates: Vec<[f64; 2]> =
        places.iter().map(|place| [place.longitude(), place.latitude()]).collect();
    serde_json::json!({ "type": "LineString", "coordinates": coordinates }).to_string()
}
