//! SQL put together from fixed pieces, with every value bound. Each shape of a statement is prepared
//! once a connection and kept as long as that, so that a question costs no planning when it is asked again, unless it
//! says otherwise.

use std::marker::PhantomData;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Date, Double, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

/// A statement whose rows have the types `T`.
pub(in crate::db) struct Statement<T> {
    pieces: Vec<Piece>,
    is_planned_anew: bool,
    rows: PhantomData<T>,
}

/// A piece of a statement: words of the program, or a value.
enum Piece {
    Words(&'static str),
    Value(Value),
}

/// A value to be bound.
pub(in crate::db) enum Value {
    /// A number.
    Double(f64),
    /// A count.
    Count(i64),
    /// A text.
    Text(String),
    /// An id; nobody's is none.
    Id(Option<Uuid>),
    /// A day.
    Day(NaiveDate),
    /// A time.
    Time(DateTime<Utc>),
}

impl<T> Statement<T> {
    /// Begins with `words`.
    pub(in crate::db) fn new(words: &'static str) -> Self {
        Self { pieces: vec![Piece::Words(words)], is_planned_anew: false, rows: PhantomData }
    }

    /// Is planned for its values each time, rather than once for all: where some are in every row and
    /// others in few, no one way is good for both.
    pub(in crate::db) fn plan_anew(&mut self) -> &mut Self {
        self.is_planned_anew = true;
        self
    }

    /// Goes on with `words`.
    pub(in crate::db) fn sql(&mut self, words: &'static str) -> &mut Self {
        self.pieces.push(Piece::Words(words));
        self
    }

    /// Goes on with a value.
    pub(in crate::db) fn bind(&mut self, value: Value) -> &mut Self {
        self.pieces.push(Piece::Value(value));
        self
    }

    /// Goes on with all of another.
    pub(in crate::db) fn append<U>(&mut self, other: Statement<U>) -> &mut Self {
        self.pieces.extend(other.pieces);
        self.is_planned_anew |= other.is_planned_anew;
        self
    }

    /// Goes on with `words` and the value, if there is one.
    pub(in crate::db) fn sql_if(&mut self, words: &'static str, value: Option<Value>) -> &mut Self {
        match value {
            Some(value) => self.sql(words).bind(value),
            None => self,
        }
    }
}

impl<T> QueryFragment<Pg> for Statement<T> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        if self.is_planned_anew {
            out.unsafe_to_cache_prepared();
        }
        for piece in &self.pieces {
            match piece {
                Piece::Words(words) => out.push_sql(words),
                Piece::Value(Value::Double(number)) => out.push_bind_param::<Double, _>(number)?,
                Piece::Value(Value::Count(count)) => out.push_bind_param::<BigInt, _>(count)?,
                Piece::Value(Value::Text(text)) => out.push_bind_param::<Text, _>(text)?,
                Piece::Value(Value::Id(id)) => out.push_bind_param::<Nullable<SqlUuid>, _>(id)?,
                Piece::Value(Value::Day(day)) => out.push_bind_param::<Date, _>(day)?,
                Piece::Value(Value::Time(time)) => out.push_bind_param::<Timestamptz, _>(time)?,
            }
        }
        Ok(())
    }
}

/// Told apart by its words.
impl<T> QueryId for Statement<T> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<T> Query for Statement<T> {
    type SqlType = T;
}
