//! What runs along a line: of what is published, the most alike first.

use chrono::{DateTime, Utc};

use super::renditions::{Finding, Found, Summary, page};
use super::sought::{Sought, write_shown};
use crate::access::{Viewer, Visible};
use crate::db::statement::Value;
use crate::db::{Commons, Error, Slice};
use crate::domain::{ActivityId, Position};

/// What to look for.
pub struct Along {
    /// Along this.
    pub line: Way,
    /// This far from it, in metres.
    pub within_m: f64,
    /// Which activities.
    pub sought: Sought,
    /// At most so many.
    pub limit: usize,
}

/// A line that others may run along.
pub enum Way {
    /// One that somebody draws: used for this answer alone, neither stored nor logged.
    Drawn(Vec<Position>),
    /// That of a published activity, as others see it.
    Of(ActivityId),
}

/// How many that pass near by are compared: where more do, a narrower question finds the rest.
const COMPARED_MAX: i64 = 300;

impl Commons {
    /// Renditions by how much they have in common with a line: the length that both share, of the longer
    /// one, from 0 to 1. Lengths are compared on the web map, which keeps shapes.
    pub async fn along(
        &self,
        viewer: Viewer,
        along: &Along,
        now: DateTime<Utc>,
    ) -> Result<Vec<(Visible<Summary>, f64)>, Error> {
        let conn = &mut *self.long_conn().await?;
        let finding = along.statement(viewer, now);
        let place = |found: &Found<_>, _| found.id();
        let Slice { items, .. } = page(conn, viewer, finding, along.limit, now, place).await?;
        Ok(items)
    }
}

impl Along {
    fn statement(&self, viewer: Viewer, now: DateTime<Utc>) -> Finding {
        let mut statement = Finding::new("WITH given AS MATERIALIZED (SELECT ");
        match &self.line {
            Way::Drawn(places) => {
                statement.sql("ST_SetSRID(ST_GeomFromGeoJSON(").bind(Value::Text(geojson(places)));
                statement.sql("), 4326)::geography AS line");
            }
            Way::Of(id) => {
                statement.sql("line FROM commons.published WHERE activity_id = ");
                statement.bind(Value::Id(Some((*id).into())));
                write_shown(&mut statement, viewer, now);
            }
        }
        statement.sql(
            "), belt AS MATERIALIZED (SELECT line AS given, ST_Length(ST_Transform(line::geometry, 3857)) \
             AS length, ST_Transform(ST_Buffer(line, ",
        );
        statement.bind(Value::Double(self.within_m)).sql(
            ")::geometry, 3857) AS area FROM given), near AS MATERIALIZED (\
             SELECT activity_id, ST_Transform(line::geometry, 3857) AS line, length, area \
             FROM belt CROSS JOIN commons.published WHERE ST_DWithin(line, given, ",
        );
        statement.bind(Value::Double(self.within_m)).sql(", false)");
        self.sought.write(&mut statement);
        write_shown(&mut statement, viewer, now);
        if let Way::Of(id) = &self.line {
            statement.sql(" AND activity_id <> ").bind(Value::Id(Some((*id).into())));
        }
        statement.sql(" LIMIT ").bind(Value::Count(COMPARED_MAX)).sql(
            ") SELECT activity_id, alike FROM (SELECT activity_id, \
             ST_Length(ST_Intersection(line, area)) / greatest(ST_Length(line), length, 1) AS alike \
             FROM near) AS found ORDER BY alike DESC, activity_id DESC LIMIT ",
        );
        statement.bind(Value::Count(i64::try_from(self.limit).unwrap_or(i64::MAX)));
        statement
    }
}

fn geojson(places: &[Position]) -> String {
    let coordinates: Vec<[f64; 2]> =
        places.iter().map(|place| [place.longitude(), place.latitude()]).collect();
    serde_json::json!({ "type": "LineString", "coordinates": coordinates }).to_string()
}
