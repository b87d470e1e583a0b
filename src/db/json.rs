//! Columns of JSON, read straight into what they stand for.

use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::pg::{Pg, PgValue};
use diesel::sql_types::{self, Jsonb};
use serde::de::DeserializeOwned;

/// What a column of JSON stands for.
#[derive(Debug, FromSqlRow)]
pub(in crate::db) struct Json<T>(pub(in crate::db) T);

/// The version of PostgreSQL's binary form: the text follows it.
const VERSION: u8 = 1;

impl<T: DeserializeOwned> FromSql<Jsonb, Pg> for Json<T> {
    fn from_sql(bytes: PgValue<'_>) -> deserialize::Result<Self> {
        match bytes.as_bytes() {
            [VERSION, json @ ..] => Ok(Self(serde_json::from_slice(json)?)),
            _ => Err("unknown form of JSON".into()),
        }
    }
}

impl<T: DeserializeOwned> FromSql<sql_types::Json, Pg> for Json<T> {
    fn from_sql(bytes: PgValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(serde_json::from_slice(bytes.as_bytes())?))
    }
}
