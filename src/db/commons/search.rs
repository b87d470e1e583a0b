//! What is published within a box, with some words, of some kind.

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use diesel::sql_types::{BigInt, Text};
use diesel_async::RunQueryDsl;

use super::renditions::{Finding, Found, Rendition, page};
use super::sought::{Sought, write_shown};
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

/// Words that are looked for.
#[derive(Clone)]
pub struct Words {
    /// As somebody typed them.
    pub text: String,
    /// How they are compared.
    pub by: Compare,
}

/// How words are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compare {
    /// By their stems, in titles, descriptions and the names of waypoints.
    Stems,
    /// By their letters, in titles: what is misspelt is found all the same.
    Letters,
}

/// The order of what is found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
    /// What fits the words best first.
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

/// How many are ranked by how well they fit: the rest is told by a narrower question.
const RANKED_MAX: i64 = 5_000;
/// How many are counted: more are as good as many.
pub const COUNTED_MAX: i64 = 1_000;

impl Commons {
    /// Published renditions that fit a search.
    pub async fn search(
        &self,
        viewer: Viewer,
        search: &Search,
        now: DateTime<Utc>,
    ) -> Result<Slice<(Visible<Rendition>, f64), SearchPosition>, Error> {
        let place = |found: &Found, key| SearchPosition { key, id: found.id() };
        let finding = search.statement(viewer, now);
        page(&mut *self.conn().await?, viewer, finding, search.limit, now, place).await
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
        search.from(&mut statement, viewer, now);
        statement.sql(" LIMIT ").bind(Value::Count(COUNTED_MAX));
        statement.sql(") AS found GROUP BY sport, kind ORDER BY count(*) DESC, sport, kind");
        let rows: Vec<(String, String, i64)> = statement.load(conn).await?;
        Ok(rows.into_iter().map(|(sport, kind, count)| Facet { sport, kind, count }).collect())
    }
}

impl Order {
    /// What is sorted by. An index has each ready but the last.
    const fn key(self) -> &'static str {
        match self {
            Self::Newest => "coalesce(day, '0001-01-01')",
            Self::Longest | Self::Shortest => "distance_m",
            Self::Steepest => "coalesce(ascent_m, -1)",
            Self::Relevance => "fit",
        }
    }

    const fn is_ascending(self) -> bool {
        matches!(self, Self::Shortest)
    }
}

impl Search {
    fn statement(&self, viewer: Viewer, now: DateTime<Utc>) -> Finding {
        let key = self.order.key();
        let mut statement = Statement::new("SELECT activity_id, ");
        if self.order == Order::Newest {
            // As a number, in days.
            statement.sql("(").sql(key).sql(" - DATE '2000-01-01')::float8");
        } else {
            statement.sql("(").sql(key).sql(")::float8");
        }
        statement.sql(" FROM (SELECT activity_id, day, distance_m, ascent_m");
        if let (Order::Relevance, Some(words)) = (self.order, &self.words) {
            words.fit(statement.sql(", ")).sql(" AS fit");
        }
        self.from(&mut statement, viewer, now);
        if self.order == Order::Relevance {
            statement.sql(" LIMIT ").bind(Value::Count(RANKED_MAX));
        }
        statement.sql(") AS found");
        if let Some(after) = self.after {
            let after_it =
                if self.order.is_ascending() { ", activity_id) > (" } else { ", activity_id) < (" };
            statement.sql(" WHERE (").sql(key).sql(after_it);
            match self.order {
                Order::Newest => statement.bind(Value::Day(day_of(after.key))),
                Order::Longest | Order::Shortest | Order::Steepest | Order::Relevance => {
                    statement.bind(Value::Double(after.key))
                }
            };
            statement.sql(", ").bind(Value::Id(Some(after.id.into()))).sql(")");
        }
        statement.sql(" ORDER BY ").sql(key);
        let each =
            if self.order.is_ascending() { ", activity_id" } else { " DESC, activity_id DESC" };
        statement.sql(each).sql(" LIMIT ");
        statement.bind(Value::Count(one_more(self.limit)));
        statement
    }

    /// From where, and which.
    fn from<T>(&self, statement: &mut Statement<T>, viewer: Viewer, now: DateTime<Utc>) {
        statement.sql(" FROM commons.published");
        match &self.words {
            None => _ = statement.sql(" WHERE true"),
            Some(words) => {
                statement.sql(" JOIN commons.published_words USING (activity_id) WHERE ");
                words.hold(statement);
            }
        }
        if let Some(bounds) = &self.within {
            bounds.write(statement, "line::geometry");
        }
        self.sought.write(statement);
        write_shown(statement, viewer, now);
    }
}

impl Words {
    fn hold<T>(&self, statement: &mut Statement<T>) {
        let text = Value::Text(self.text.clone());
        match self.by {
            Compare::Stems => {
                statement.sql("words @@ commons.words_sought(").bind(text).sql(")");
            }
            Compare::Letters => {
                statement.sql("commons.folded(").bind(text).sql(") <% title");
            }
        }
    }

    fn fit<'a, T>(&self, statement: &'a mut Statement<T>) -> &'a mut Statement<T> {
        let text = Value::Text(self.text.clone());
        match self.by {
            Compare::Stems => {
                statement.sql("ts_rank(words, commons.words_sought(").bind(text).sql("))")
            }
            Compare::Letters => {
                statement.sql("word_similarity(commons.folded(").bind(text).sql("), title)")
            }
        }
    }
}

impl Bounds {
    /// Of which the geometry of a column meets the box.
    pub(super) fn write<T>(&self, statement: &mut Statement<T>, column: &'static str) {
        statement.sql(" AND (");
        if self.west <= self.east {
            self.part(statement, column, self.west, self.east);
        } else {
            self.part(statement, column, self.west, 180.0);
            self.part(statement.sql(" OR "), column, -180.0, self.east);
        }
        statement.sql(")");
    }

    fn part<T>(&self, statement: &mut Statement<T>, column: &'static str, west: f64, east: f64) {
        statement.sql("ST_Intersects(").sql(column).sql(", ST_MakeEnvelope(");
        statement.bind(Value::Double(west));
        for edge in [self.south, east, self.north] {
            statement.sql(", ").bind(Value::Double(edge));
        }
        statement.sql(", 4326))");
    }
}

/// The day that a key of [`Order::Newest`] stands for.
fn day_of(key: f64) -> NaiveDate {
    let origin = NaiveDate::from_ymd_opt(2000, 1, 1).unwrap_or_default();
    #[expect(clippy::cast_possible_truncation, reason = "a cast saturates")]
    let day = TimeDelta::try_days(key as i64).and_then(|days| origin.checked_add_signed(days));
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
