//! Open data: what is published without an end and whose author agrees, once a day as an issue.
//!
//! An issue is a list of ids. What it says of them is read from the renditions when somebody asks: so what
//! was withdrawn is in no file, from the answer on that withdrew it, and nothing has to be made anew.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date, Integer, Uuid as SqlUuid};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use uuid::Uuid;

use super::features::{Feature, features_of};
use crate::db::schema::commons::{open_data, open_data_issues};
use crate::db::slice::one_more;
use crate::db::statement::{Statement, Value};
use crate::db::{Commons, Db, Error, Slice};
use crate::domain::ActivityId;

/// An issue of the open data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Queryable)]
pub struct OpenIssue {
    /// Counts them, from 1.
    pub number: i32,
    /// The day it was made, in UTC.
    pub made_on: NaiveDate,
    /// How many activities were in it then.
    pub features: i32,
}

/// Whose last word was that they agree.
const AGREEING: &str = "
    WITH agreeing AS (
        SELECT account_id FROM (
            SELECT DISTINCT ON (account_id) account_id, is_given FROM vault.consents
            WHERE consent = 'open_data' ORDER BY account_id, decided_at DESC
        ) AS decided WHERE is_given
    )";

/// What is open data no more, though it is published.
const CLOSED: &str = "
    SELECT open_data.activity_id FROM commons.open_data
    JOIN commons.published ON published.activity_id = published_id
    WHERE open_data.activity_id > $1 AND (published_until IS NOT NULL OR author_id IS NULL OR author_id NOT IN (
        SELECT account_id FROM agreeing
    ))
    ORDER BY activity_id LIMIT $2";

const CLOSE: &str = "
    UPDATE commons.open_data SET published_id = NULL WHERE activity_id IN (
        SELECT activity_id FROM commons.open_data WHERE activity_id = ANY($1) FOR UPDATE SKIP LOCKED
    )";

/// What belongs in the open data and is not there. What has no author any more has nobody to agree.
const OPENED: &str = "
    SELECT activity_id FROM commons.published
    WHERE activity_id > $1 AND published_until IS NULL AND author_id IN (
        SELECT account_id FROM agreeing
    ) AND NOT EXISTS (SELECT FROM commons.open_data WHERE published_id = published.activity_id)
    ORDER BY activity_id LIMIT $2";

/// Who withdraws one of these waits for nothing longer than this, and this waits for nobody.
const OPEN: &str = "
    INSERT INTO commons.open_data (activity_id, published_id, issue)
    SELECT activity_id, activity_id, $2 FROM (
        SELECT activity_id FROM commons.published WHERE activity_id = ANY($1) FOR KEY SHARE SKIP LOCKED
    ) AS held
    ON CONFLICT (activity_id) DO UPDATE SET published_id = EXCLUDED.published_id, withdrawn_on = NULL";

/// How many are opened or closed at once.
const BATCH_ROWS: i64 = 1_000;

impl Db {
    /// Makes the next issue. Until it is there, the one before is read; begun again, it goes on.
    pub async fn issue_open_data(&self, now: DateTime<Utc>) -> Result<(), Error> {
        let conn = &mut *self.conn().await?;
        let last = last_issue(conn).await?.map_or(0, |issue| issue.number);
        let mut after = Uuid::nil();
        while let Some(ids) = find(conn, CLOSED, after).await? {
            diesel::sql_query(CLOSE).bind::<Array<SqlUuid>, _>(&ids).execute(conn).await?;
            after = ids.last().copied().unwrap_or(Uuid::max());
        }
        let mut after = Uuid::nil();
        while let Some(ids) = find(conn, OPENED, after).await? {
            diesel::sql_query(OPEN)
                .bind::<Array<SqlUuid>, _>(&ids)
                .bind::<Integer, _>(last + 1)
                .execute(conn)
                .await?;
            after = ids.last().copied().unwrap_or(Uuid::max());
        }
        turn(conn, last, now.date_naive()).await
    }
}

/// A batch of what a statement finds after an id; nothing when there is no more. It holds no lock.
async fn find(
    conn: &mut AsyncPgConnection,
    which: &str,
    after: Uuid,
) -> Result<Option<Vec<Uuid>>, Error> {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = SqlUuid)]
        activity_id: Uuid,
    }
    conn.transaction(async |conn| {
        conn.batch_execute(PATIENTLY).await?;
        let query = diesel::sql_query([AGREEING, which].concat()).bind::<SqlUuid, _>(after);
        let found: Vec<Found> = query.bind::<BigInt, _>(BATCH_ROWS).load(conn).await?;
        let ids: Vec<Uuid> = found.into_iter().map(|found| found.activity_id).collect();
        Ok(Some(ids).filter(|ids| !ids.is_empty()))
    })
    .await
}

/// Some seconds at millions; nothing waits for it.
const PATIENTLY: &str = "SET LOCAL statement_timeout = '10min'";

/// Lets the next issue take the place of the last one.
async fn turn(conn: &mut AsyncPgConnection, last: i32, day: NaiveDate) -> Result<(), Error> {
    conn.transaction(async |conn| {
        conn.batch_execute(PATIENTLY).await?;
        // What never was in an issue leaves no trace.
        diesel::sql_query(
            "WITH passing AS (DELETE FROM commons.open_data WHERE published_id IS NULL AND issue > $1)
             UPDATE commons.open_data SET withdrawn_on = $2
             WHERE published_id IS NULL AND withdrawn_on IS NULL AND issue <= $1",
        )
        .bind::<Integer, _>(last)
        .bind::<Date, _>(day)
        .execute(conn)
        .await?;
        let there = open_data::table.filter(open_data::published_id.is_not_null());
        let features: i64 = there.count().get_result(conn).await?;
        diesel::delete(open_data_issues::table).execute(conn).await?;
        diesel::insert_into(open_data_issues::table)
            .values((
                open_data_issues::issue.eq(last + 1),
                open_data_issues::made_on.eq(day),
                open_data_issues::features.eq(i32::try_from(features).unwrap_or(i32::MAX)),
            ))
            .execute(conn)
            .await?;
        Ok(())
    })
    .await
}

async fn last_issue(conn: &mut AsyncPgConnection) -> Result<Option<OpenIssue>, Error> {
    let issues = open_data_issues::table.order(open_data_issues::issue.desc());
    Ok(issues.first(conn).await.optional()?)
}

impl Commons {
    /// The last issue; `None` before the first one.
    pub async fn open_issue(&self) -> Result<Option<OpenIssue>, Error> {
        last_issue(&mut *self.conn().await?).await
    }

    /// What is in the last issue and may be read now, in the order of ids.
    pub async fn open_features(
        &self,
        after: Option<ActivityId>,
        limit: usize,
        now: DateTime<Utc>,
    ) -> Result<Slice<Feature, ActivityId>, Error> {
        let mut finding = Statement::new(
            "SELECT published_id, 0::float8 FROM commons.open_data \
             JOIN commons.published ON published.activity_id = published_id \
             WHERE issue <= (SELECT max(issue) FROM commons.open_data_issues) AND published_until IS NULL \
             AND commons.agrees_to_open_data(author_id) AND published_id > ",
        );
        finding.bind(Value::Id(Some(after.map_or(Uuid::nil(), Uuid::from))));
        finding.sql(" ORDER BY published_id LIMIT ").bind(Value::Count(one_more(limit)));
        let place = |found: &super::renditions::Found, _| found.id();
        features_of(&mut *self.open_data_conn().await?, finding, limit, now, place).await
    }

    /// The ids of what was in an issue and is not in the last one, in their order.
    pub async fn withdrawn_ids(
        &self,
        after: Option<ActivityId>,
        limit: usize,
    ) -> Result<Slice<ActivityId, ActivityId>, Error> {
        let found: Vec<Uuid> = open_data::table
            .filter(open_data::withdrawn_on.is_not_null())
            .filter(open_data::activity_id.gt(after.map_or(Uuid::nil(), Uuid::from)))
            .order(open_data::activity_id)
            .limit(one_more(limit))
            .select(open_data::activity_id)
            .load(&mut *self.conn().await?)
            .await?;
        let ids = found.into_iter().map(ActivityId::from).collect();
        Ok(Slice::of(ids, limit, |id| *id))
    }
}
