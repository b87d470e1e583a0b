//! What is looked for among what is published: the same filters wherever one looks.

use chrono::{DateTime, NaiveDate, Utc};

use crate::access::Viewer;
use crate::db::statement::{Statement, Value};
use crate::domain::{Kind, Sport};

/// Which activities are looked for; all of them by default.
#[derive(Clone, Default, PartialEq)]
pub struct Sought {
    /// Of this sport.
    pub sport: Option<Sport>,
    /// Of this kind.
    pub kind: Option<Kind>,
    /// Of a length in this range, in metres.
    pub distance_m: Range,
    /// With an ascent in this range, in metres.
    pub ascent_m: Range,
    /// That took a moving time in this range, in seconds.
    pub moving_s: Range,
    /// On this day or later.
    pub from: Option<NaiveDate>,
    /// On this day or earlier.
    pub to: Option<NaiveDate>,
}

/// A range with either end open.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Range {
    /// At least this.
    pub min: Option<f64>,
    /// At most this.
    pub max: Option<f64>,
}

impl Sought {
    /// Whether there is no filter.
    pub(super) fn is_all(&self) -> bool {
        *self == Self::default()
    }

    /// Adds the filters to a statement about `commons.published` or a table like it.
    pub(super) fn write<T>(&self, statement: &mut Statement<T>) {
        let text = |name: &'static str| Value::Text(name.to_owned());
        statement
            .sql_if(" AND sport = ", self.sport.map(|sport| text(sport.name())))
            .sql_if(" AND kind = ", self.kind.map(|kind| text(kind.name())))
            .sql_if(" AND distance_m >= ", self.distance_m.min.map(Value::Double))
            .sql_if(" AND distance_m <= ", self.distance_m.max.map(Value::Double))
            .sql_if(" AND ascent_m >= ", self.ascent_m.min.map(Value::Double))
            .sql_if(" AND ascent_m <= ", self.ascent_m.max.map(Value::Double))
            .sql_if(" AND moving_s >= ", self.moving_s.min.map(Value::Double))
            .sql_if(" AND moving_s <= ", self.moving_s.max.map(Value::Double))
            .sql_if(" AND day >= ", self.from.map(Value::Day))
            .sql_if(" AND day <= ", self.to.map(Value::Day));
    }
}

/// Keeps out of a statement about `commons.published` what is over, and what the viewer and its author
/// keep from each other.
pub(super) fn write_shown<T>(statement: &mut Statement<T>, viewer: Viewer, now: DateTime<Utc>) {
    statement
        .sql(" AND (published_until IS NULL OR published_until > ")
        .bind(Value::Time(now))
        .sql(")");
    write_not_apart(statement, viewer);
}

/// Keeps out of a statement what the viewer and its author keep from each other.
pub(super) fn write_not_apart<T>(statement: &mut Statement<T>, viewer: Viewer) {
    if let Some(member) = viewer.member() {
        statement
            .sql(" AND NOT commons.are_apart(")
            .bind(Value::Id(Some(member.into())))
            .sql(", author_id)");
    }
}
