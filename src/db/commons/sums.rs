//! What publications and withdrawals count: each writes rows of what it adds and takes away, so that none waits for
//! another; they are summed up later. Who reads meanwhile sees the same sums.

use diesel::sql_types::BigInt;
use diesel_async::RunQueryDsl;

use crate::db::{Db, Error};

/// How many sums one statement makes.
const AT_ONCE: i64 = 10_000;

#[derive(diesel::QueryableByName)]
struct Counted {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

impl Db {
    /// Sums up how many lines start in each square of a map.
    pub async fn sum_up_starts(&self) -> Result<(), Error> {
        self.sum_up("commons.start_counts", &["zoom", "x", "y"]).await
    }

    /// Sums up how many titles have each word.
    pub async fn sum_up_title_words(&self) -> Result<(), Error> {
        self.sum_up("commons.title_words", &["word"]).await
    }

    /// Puts one row in place of all that have the same key, and none where they come to nothing: so what was taken
    /// back leaves no trace.
    async fn sum_up(&self, table: &str, key: &[&str]) -> Result<(), Error> {
        let same = key.iter().map(|column| format!("counts.{column} = crowded.{column}"));
        let (same, key) = (same.collect::<Vec<_>>().join(" AND "), key.join(", "));
        let statement = format!(
            "WITH crowded AS MATERIALIZED (
                 SELECT {key} FROM {table} GROUP BY {key} HAVING count(*) > 1 LIMIT $1
             ), taken AS (
                 DELETE FROM {table} counts USING crowded WHERE {same} RETURNING counts.*
             ), summed_up AS (
                 INSERT INTO {table} ({key}, change)
                 SELECT {key}, sum(change) FROM taken GROUP BY {key} HAVING sum(change) <> 0
             )
             SELECT count(*) AS count FROM crowded"
        );
        let conn = &mut *self.conn().await?;
        loop {
            let summed_up = diesel::sql_query(statement.as_str()).bind::<BigInt, _>(AT_ONCE);
            let Counted { count } = summed_up.get_result(conn).await?;
            if count < AT_ONCE {
                return Ok(());
            }
        }
    }
}
