//! What is looked for among what is published: the same filters wherever one looks.

use chrono::{DateTime, NaiveDate, Utc};

use crate::access::Viewer;
use crate::db::statement::{Statement, Value};
use crate::domain::{Invalid, Kind, Sport};

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
    /// With a rating in this range, of 1 to 5; what has none is in no range.
    pub rating: Range,
    /// That took a moving time in this range, in seconds.
    pub moving_s: Range,
    /// On this day or later.
    pub from: Option<NaiveDate>,
    /// On this day or earlier.
    pub to: Option<NaiveDate>,
}

/// A range of finite numbers with either end open, the least first.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Range {
    min: Option<f64>,
    max: Option<f64>,
}

/// The least rating that there is: what has none counts as less.
const RATING_MIN: f64 = 1.0;

/// The most filters of which each shape of a statement is prepared and kept.
const KEPT_FILTERS_MAX: usize = 2;

impl Range {
    /// From `min` to `max`. `fields` are their names, for an end that is no number or a range that holds none.
    pub fn new(fields: [&'static str; 2], [min, max]: [Option<f64>; 2]) -> Result<Self, Invalid> {
        for (field, end) in fields.into_iter().zip([min, max]) {
            if end.is_some_and(|end| !end.is_finite()) {
                return Err(Invalid { field, reason: "must be a finite number" });
            }
        }
        if min.zip(max).is_some_and(|(min, max)| max < min) {
            return Err(Invalid { field: fields[1], reason: "must not be less than the least" });
        }
        Ok(Self { min, max })
    }
}

impl Sought {
    /// Whether there is no filter.
    pub(super) fn is_all(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it asks for a rating, which only what is published has.
    pub(super) fn asks_for_rating(&self) -> bool {
        self.rating != Range::default()
    }

    /// How many filters there are.
    fn filters(&self) -> usize {
        let numbers = [self.distance_m, self.ascent_m, self.rating, self.moving_s];
        let is_asked =
            [self.sport.is_some(), self.kind.is_some(), self.from.is_some() || self.to.is_some()];
        is_asked.into_iter().filter(|is_asked| *is_asked).count()
            + numbers.into_iter().filter(|range| *range != Range::default()).count()
    }

    /// Adds the filters to a statement about `commons.published` or a table like it.
    pub(super) fn write<T>(&self, statement: &mut Statement<T>, walk: Walk) {
        if KEPT_FILTERS_MAX < self.filters() {
            // Of many there are thousands of shapes, and each would stay with each connection.
            statement.plan_anew();
        }
        let text = |name: &str| Value::Text(name.to_owned());
        let names = [
            (" AND sport = ", self.sport.map(Sport::name)),
            (" AND kind = ", self.kind.map(Kind::name)),
        ];
        for (column, name) in names {
            statement.sql_if(column, name.map(text));
            statement.sql(if name.is_some() { walk.collation() } else { "" });
        }
        let numbers = |range: Range| {
            let min = range.min.or(range.max.map(|_| 0.0)).map(|min| min.max(0.0));
            (min.map(Value::Double), range.max.map(Value::Double))
        };
        let first_day = NaiveDate::from_ymd_opt(1, 1, 2).unwrap_or_default();
        let from = self.from.or(self.to.map(|_| first_day)).map(|from| from.max(first_day));
        let ranges = [
            numbers(self.distance_m),
            numbers(self.ascent_m),
            numbers(self.moving_s),
            (from.map(Value::Day), self.to.map(Value::Day)),
        ];
        for (column, (min, max)) in walk.columns().into_iter().zip(ranges) {
            for (compared, value) in [(" >= ", min), (" <= ", max)] {
                if let Some(value) = value {
                    statement.sql(" AND ").sql(column).sql(compared).bind(value);
                }
            }
        }
        // In the words of the index: what has none is below the least that there is, or unknown.
        let [at_least, at_most] = walk.rating();
        let least = self.rating.min.map(|min| Value::Double(min.max(RATING_MIN)));
        statement.sql_if(at_least, least);
        statement.sql_if(at_most, self.rating.max.map(Value::Double));
    }
}

/// Along which index a statement is to go. PostgreSQL takes one on places for any of its columns, and reads all of it
/// where no place is asked for: so filters are written in the words of the indexes that are meant, and are true of
/// the same rows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Walk {
    /// From where lines start outwards, which a place is near to.
    FromStart,
    /// The same by the lines themselves.
    FromLine,
    /// Through a box.
    InBox,
    /// In the order of something, or of what is rare.
    InOrder,
}

impl Walk {
    /// Length, ascent, moving time and day. Those that are not known are below all others, or unknown.
    const fn columns(self) -> [&'static str; 4] {
        match self {
            Self::FromStart | Self::FromLine => ["abs(distance_m)", "ascent_m", "moving_s", "day"],
            Self::InBox | Self::InOrder => [
                "distance_m",
                "coalesce(ascent_m, -1)",
                "coalesce(moving_s, -1)",
                "coalesce(day, '0001-01-01')",
            ],
        }
    }

    /// With a rating of at least, and of at most. Few have one, and one column more beside the starts would cost all
    /// who look for what is near: so there it has an index of its own.
    const fn rating(self) -> [&'static str; 2] {
        match self {
            Self::FromLine => [" AND abs(rating) >= ", " AND abs(rating) <= "],
            Self::FromStart | Self::InBox | Self::InOrder => {
                [" AND coalesce(rating, 0) >= ", " AND coalesce(rating, 0) BETWEEN 1 AND "]
            }
        }
    }

    const fn collation(self) -> &'static str {
        match self {
            Self::FromStart | Self::FromLine | Self::InBox => " COLLATE \"C\"",
            Self::InOrder => "",
        }
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
