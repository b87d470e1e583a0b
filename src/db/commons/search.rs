//! What is published within a box, with some words, of some kind.

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use diesel::sql_types::{BigInt, Text};
use diesel_async::RunQueryDsl;
use serde::Deserialize;

use super::renditions::{Finding, Found, Summary, page};
use super::sought::{Sought, Walk, write_shown};
use super::words::Words;
use crate::access::{Viewer, Visible};
use crate::db::slice::one_more;
use crate::db::statement::{Statement, Value};
use crate::db::{Commons, Error, Slice};
use crate::domain::ActivityId;

/// What to look for.
pub struct Search {
    /// Within this box.
    pub within: Option<Bounds>,
    /// With these words, and how.
    pub words: Option<Words>,
    /// Which activities.
    pub sought: Sought,
    /// In which order.
    pub order: Order,
    /// From here on.
    pub after: Option<SearchPosition>,
    /// At most so many.
    pub limit: usize,
}

/// A box in degrees; west is greater than east over the antimeridian.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// Its western edge.
    pub west: f64,
    /// Its southern edge.
    pub south: f64,
    /// Its eastern edge.
    pub east: f64,
    /// Its northern edge.
    pub north: f64,
}

/// How a geometry meets a box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meets {
    /// The box around it does, which an index tells.
    ByExtent,
    /// A point of it does.
    Itself,
}

/// The order of what is found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// The latest day first.
    #[default]
    Newest,
    /// The longest first.
    Longest,
    /// The shortest first.
    Shortest,
    /// The greatest ascent first.
    Steepest,
    /// The longest moving time first.
    LongestTime,
    /// The best rated first; what has no rating comes last.
    BestRated,
    /// What fits the words best first, of the newest 200 that have them.
    Relevance,
}

/// A place in what is found: just after this activity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SearchPosition {
    /// What it is ordered by.
    pub key: f64,
    /// Which it is.
    pub id: ActivityId,
}

/// How many of what is found are of a sport and a kind.
pub struct Facet {
    /// The sport.
    pub sport: String,
    /// Recorded or planned.
    pub kind: String,
    /// How many.
    pub count: i64,
}

/// How many are ranked by how well they fit, the newest: the rest is told by a narrower question.
const RANKED_MAX: i64 = 200;
/// The newest are looked for in these many days before the first, and then in all the others.
const DAYS: [f64; 4] = [15.0, 60.0, 240.0, 960.0];
/// How many are counted: more are as good as many.
pub const COUNTED_MAX: i64 = 1_000;

impl Commons {
    /// Published renditions that fit a search.
    pub async fn search(
        &self,
        viewer: Viewer,
        search: &Search,
        now: DateTime<Utc>,
    ) -> Result<Slice<(Visible<Summary>, f64), SearchPosition>, Error> {
        let finding = search.statement(viewer, now);
        let conn = &mut *self.conn().await?;
        page(conn, viewer, finding, search.limit, now, SearchPosition::of).await
    }

    /// How many fit a search, by sport and kind; of [`COUNTED_MAX`] at most.
    pub async fn facets(
        &self,
        viewer: Viewer,
        search: &Search,
        now: DateTime<Utc>,
    ) -> Result<Vec<Facet>, Error> {
        let conn = &mut *self.conn().await?;
        let mut statement: Statement<(Text, Text, BigInt)> =
            Statement::new("SELECT sport, kind, count(*) FROM (SELECT sport, kind");
        search.from(&mut statement, viewer, now, |_| ());
        statement.sql(" LIMIT ").bind(Value::Count(COUNTED_MAX));
        statement.sql(") AS found GROUP BY sport, kind ORDER BY count(*) DESC, sport, kind");
        let rows: Vec<(String, String, i64)> = statement.load(conn).await?;
        Ok(rows.into_iter().map(|(sport, kind, count)| Facet { sport, kind, count }).collect())
    }
}

impl Order {
    /// What is sorted by: an index has it ready.
    const fn key(self) -> &'static str {
        match self {
            Self::Newest | Self::Relevance => "coalesce(day, '0001-01-01')",
            Self::Longest | Self::Shortest => "distance_m",
            Self::Steepest => "coalesce(ascent_m, -1)",
            Self::LongestTime => "coalesce(moving_s, -1)",
            Self::BestRated => "coalesce(rating, 0)",
        }
    }

    const fn is_ascending(self) -> bool {
        matches!(self, Self::Shortest)
    }

    /// Where it is worth while to look whether there is enough, before going on: in its order, beyond `from`.
    fn steps(self, from: Option<f64>, today: f64) -> Vec<f64> {
        let beyond = |steps: &[f64], is_beyond: fn(f64, f64) -> bool| {
            let beyond = |step: &f64| from.is_none_or(|from| is_beyond(*step, from));
            steps.iter().copied().filter(beyond).collect()
        };
        match self {
            Self::Newest | Self::Relevance => {
                DAYS.iter().map(|days| from.unwrap_or(today) - days).collect()
            }
            Self::Longest => beyond(&[80e3, 40e3, 20e3, 10e3, 5e3, 2e3], |step, from| step < from),
            Self::Shortest => beyond(&[1e3, 2e3, 5e3, 10e3, 20e3, 40e3], |step, from| from < step),
            Self::Steepest => beyond(&[2e3, 1e3, 500.0, 200.0, 50.0], |step, from| step < from),
            Self::LongestTime => beyond(&[36e3, 18e3, 9e3, 4.5e3, 1.8e3], |step, from| step < from),
            Self::BestRated => beyond(&[4.5, 4.0, 3.0, 1.0], |step, from| step < from),
        }
    }

    /// Goes on with a value of [`Self::key()`].
    fn bind(self, statement: &mut Finding, key: f64) -> &mut Finding {
        statement.bind(match self {
            Self::Newest | Self::Relevance => Value::Day(day_of(key)),
            Self::Longest
            | Self::Shortest
            | Self::Steepest
            | Self::LongestTime
            | Self::BestRated => Value::Double(key),
        })
    }

    /// Goes on with this order.
    fn write(self, statement: &mut Finding) -> &mut Finding {
        let each = if self.is_ascending() { ", activity_id" } else { " DESC, activity_id DESC" };
        statement.sql(" ORDER BY ").sql(self.key()).sql(each)
    }
}

impl SearchPosition {
    /// Just after what was found by this key.
    pub(super) fn of<S>(found: &Found<S>, key: f64) -> Self {
        Self { key, id: found.id() }
    }
}

impl Search {
    pub(super) fn statement(&self, viewer: Viewer, now: DateTime<Utc>) -> Finding {
        if let (Order::Relevance, Some(words)) = (self.order, &self.words) {
            return self.ranked(words, viewer, now);
        }
        let mut statement = Finding::new("SELECT activity_id, ");
        match self.order {
            // As a number, in days.
            Order::Newest | Order::Relevance => {
                statement.sql("(").sql(self.order.key()).sql(" - DATE '2000-01-01')::float8")
            }
            Order::Longest
            | Order::Shortest
            | Order::Steepest
            | Order::LongestTime
            | Order::BestRated => statement.sql(self.order.key()).sql("::float8"),
        };
        self.first(statement.sql(" FROM ("), self.after, one_more(self.limit), viewer, now);
        self.order.write(statement.sql(") AS found"));
        statement
    }

    /// The newest, by how well they fit.
    fn ranked(&self, words: &Words, viewer: Viewer, now: DateTime<Utc>) -> Finding {
        let mut statement =
            Finding::new("SELECT activity_id, fit FROM (SELECT activity_id, ts_rank(words, ");
        words.write(&mut statement).sql(")::float8 AS fit FROM (");
        self.first(&mut statement, None, RANKED_MAX, viewer, now);
        statement.sql(") AS found) AS ranked");
        if let Some(SearchPosition { key, id }) = self.after {
            statement.sql(" WHERE (fit, activity_id) < (").bind(Value::Double(key));
            statement.sql(", ").bind(Value::Id(Some(id.into()))).sql(")");
        }
        statement.sql(" ORDER BY fit DESC, activity_id DESC LIMIT ");
        statement.bind(Value::Count(one_more(self.limit)));
        statement
    }

    /// The first `count`: step by step, because what is rare has to be found by what it is, and what is
    /// frequent in its order. A step is not taken when those before it gave enough.
    fn first(
        &self,
        statement: &mut Finding,
        after: Option<SearchPosition>,
        count: i64,
        viewer: Viewer,
        now: DateTime<Utc>,
    ) {
        let (order, key) = (self.order, self.order.key());
        let (before_it, from_it) =
            if order.is_ascending() { (" > ", " <= ") } else { (" < ", " >= ") };
        let today = (now.date_naive() - origin()).as_seconds_f64() / 86_400.0;
        let steps = if self.is_narrow() {
            order.steps(after.map(|after| after.key), today)
        } else {
            vec![]
        };
        for number in 0..=steps.len() {
            statement.sql(if number == 0 { "(SELECT " } else { " UNION ALL (SELECT " });
            statement.sql("activity_id, day, distance_m, ascent_m, moving_s, rating");
            statement.sql(if order == Order::Relevance { ", words" } else { "" });
            self.from(statement, viewer, now, |statement| {
                if let Some(last) = number.checked_sub(1) {
                    order.bind(statement.sql(" AND ").sql(key).sql(before_it), steps[last]);
                }
                if let Some(step) = steps.get(number) {
                    order.bind(statement.sql(" AND ").sql(key).sql(from_it), *step);
                }
                if let Some(SearchPosition { key: place, id }) = after {
                    statement.sql(" AND (").sql(key).sql(", activity_id)").sql(before_it).sql("(");
                    order.bind(statement, place);
                    statement.sql(", ").bind(Value::Id(Some(id.into()))).sql(")");
                }
            });
            order.write(statement).sql(" LIMIT ").bind(Value::Count(count)).sql(")");
        }
        if !steps.is_empty() {
            statement.sql(" LIMIT ").bind(Value::Count(count));
        }
    }

    /// Whether it asks for more than an order.
    fn is_narrow(&self) -> bool {
        self.words.is_some() || self.within.is_some() || !self.sought.is_all()
    }

    /// From where, and which; `more` narrows it further.
    fn from<T>(
        &self,
        statement: &mut Statement<T>,
        viewer: Viewer,
        now: DateTime<Utc>,
        more: impl FnOnce(&mut Statement<T>),
    ) {
        if self.is_narrow() {
            // A word or a box may hold nearly everything, or nothing.
            statement.plan_anew();
        }
        statement.sql(" FROM (SELECT * FROM commons.published WHERE true");
        if let Some(words) = &self.words {
            words.write(statement.sql(" AND words @@ "));
        }
        if let Some(bounds) = &self.within {
            bounds.write(statement, "line::geometry", Meets::ByExtent);
        }
        let is_boxed = self.within.is_some();
        self.sought.write(statement, if is_boxed { Walk::InBox } else { Walk::InOrder });
        write_shown(statement, viewer, now);
        more(statement);
        // By itself: the planner takes the exact test for so dear that it would rather read whole indexes of
        // words and days than do it for the few that are left.
        match &self.within {
            Some(bounds) => {
                statement.sql(" OFFSET 0) AS published WHERE true");
                bounds.write(statement, "line::geometry", Meets::Itself);
            }
            None => _ = statement.sql(") AS published"),
        }
    }
}

impl Bounds {
    /// Of which the geometry of a column meets the box.
    pub(super) fn write<T>(
        &self,
        statement: &mut Statement<T>,
        column: &'static str,
        meets: Meets,
    ) {
        let mut part = |before, west, east| {
            let (open, between, close) = match meets {
                Meets::ByExtent => ("", " && ", ""),
                Meets::Itself => ("ST_Intersects(", ", ", ")"),
            };
            // A box of no width is a line, and none of no area.
            statement.sql(before).sql(open).sql(column).sql(between);
            statement.sql("ST_Envelope(ST_MakeEnvelope(");
            statement.bind(Value::Double(west));
            for edge in [self.south, east, self.north] {
                statement.sql(", ").bind(Value::Double(edge));
            }
            statement.sql(", 4326))").sql(close);
        };
        if self.west <= self.east {
            part(" AND (", self.west, self.east);
        } else {
            part(" AND (", self.west, 180.0);
            part(" OR ", -180.0, self.east);
        }
        statement.sql(")");
    }
}

/// The day that is 0 as a key.
fn origin() -> NaiveDate {
    NaiveDate::from_ymd_opt(2000, 1, 1).unwrap_or_default()
}

/// The day that a key of [`Order::Newest`] stands for.
fn day_of(key: f64) -> NaiveDate {
    #[expect(clippy::cast_possible_truncation, reason = "a cast saturates")]
    let day = TimeDelta::try_days(key as i64).and_then(|days| origin().checked_add_signed(days));
    // What has no day comes last, and so does what is no day.
    let last = NaiveDate::from_ymd_opt(1, 1, 1).unwrap_or_default();
    day.filter(|day| (1..=9_999).contains(&day.year())).unwrap_or(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_stands_for_its_day() {
        assert_eq!(day_of(0.0).to_string(), "2000-01-01");
        assert_eq!(day_of(9_645.0).to_string(), "2026-05-29");
        assert_eq!(day_of(-730_119.0).to_string(), "0001-01-01");
        for none in [f64::INFINITY, f64::NEG_INFINITY, 1e9, -1e9] {
            assert_eq!(day_of(none).to_string(), "0001-01-01");
        }
    }
}
