//! What those wrote who have left: each stays on its own, or goes.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::db::ops::{Job, ensure_as};
use crate::db::schema::commons::{renditions, reviews};
use crate::db::schema::ops::activity_ids;
use crate::db::schema::vault::activities;
use crate::db::{Db, Error};
use crate::domain::{AccountId, ActivityId, Rating, ReviewId};

/// A review of somebody who leaves.
pub struct LeftReview {
    /// Which.
    pub id: ReviewId,
    /// Of what.
    pub of: ActivityId,
    /// From 1 to 5.
    pub rating: Rating,
    /// What they wrote about it.
    pub text: Option<String>,
    /// On which day.
    pub day: NaiveDate,
}

/// What stays of it. It waits, sealed, until it is shown.
#[derive(Serialize, Deserialize)]
pub struct KeptReview {
    /// A new id, random, that has nothing to do with the one before.
    pub id: ReviewId,
    /// Of what.
    pub of: ActivityId,
    /// From 1 to 5.
    pub rating: Rating,
    /// What was written, if that could be anybody's.
    pub text: Option<String>,
    /// The first day of the month in which it was written.
    pub month: NaiveDate,
}

impl Db {
    /// How many reviews an account has written.
    pub async fn count_reviews(&self, account: AccountId) -> Result<i64, Error> {
        let theirs = reviews::table.filter(reviews::reviewer_id.eq(Uuid::from(account)));
        Ok(theirs.count().get_result(&mut *self.conn().await?).await?)
    }

    /// Up to `limit` reviews that an account has written, by their ids from after `after` on.
    pub async fn left_reviews(
        &self,
        account: AccountId,
        after: Option<ReviewId>,
        limit: i64,
    ) -> Result<Vec<LeftReview>, Error> {
        let rows: Vec<(Uuid, Uuid, i16, Option<String>, NaiveDate)> = reviews::table
            .filter(reviews::reviewer_id.eq(Uuid::from(account)))
            .filter(reviews::review_id.gt(after.map_or(Uuid::nil(), Uuid::from)))
            .order(reviews::review_id)
            .limit(limit)
            .select((
                reviews::review_id,
                reviews::activity_id,
                reviews::rating,
                reviews::text,
                reviews::written_on,
            ))
            .load(&mut *self.conn().await?)
            .await?;
        let left = |(id, of, rating, text, day): (Uuid, Uuid, i16, Option<String>, NaiveDate)| {
            let rating = rating.try_into().map_err(|_| Error::Corrupt("commons.reviews.rating"))?;
            Ok(LeftReview { id: id.into(), of: of.into(), rating, text, day })
        };
        rows.into_iter().map(left).collect()
    }

    /// Takes a review of an activity away from who wrote it; what stays of it, if something does, is shown at
    /// `show_at`.
    pub async fn sever_review(
        &self,
        id: ReviewId,
        of: ActivityId,
        kept: Option<KeptReview>,
        show_at: DateTime<Utc>,
    ) -> Result<(), Error> {
        let conn = &mut *self.conn().await?;
        conn.transaction(async |conn| {
            stays(conn, of).await?;
            let severed = diesel::delete(reviews::table.find(Uuid::from(id))).execute(conn).await?;
            let Some(kept) = kept.filter(|_| severed > 0) else { return Ok(()) };
            // Of nobody: the job, like what is shown, belongs to no account.
            let job = Uuid::from(kept.id).into();
            ensure_as(conn, &self.keyring, job, &Job::ShowReview(kept), show_at).await
        })
        .await
    }

    /// Shows a review whose writer has left, if there is still what it is of. Repeating it changes nothing.
    pub async fn show_review(&self, review: &KeptReview) -> Result<(), Error> {
        let conn = &mut *self.conn().await?;
        conn.transaction(async |conn| {
            if !stays(conn, review.of).await? {
                return Ok(());
            }
            diesel::insert_into(reviews::table)
                .values((
                    reviews::review_id.eq(Uuid::from(review.id)),
                    reviews::activity_id.eq(Uuid::from(review.of)),
                    reviews::rating.eq(i16::from(review.rating)),
                    reviews::text.eq(&review.text),
                    reviews::written_on.eq(review.month),
                ))
                .on_conflict_do_nothing()
                .execute(conn)
                .await?;
            Ok(())
        })
        .await
    }
}

/// Whether an activity is there, be it seen or not. Until the transaction ends it is not deleted, nor does anybody
/// else change whom it reaches: who changes its reviews holds it, so that what is published meanwhile counts them.
pub(super) async fn stays(conn: &mut AsyncPgConnection, id: ActivityId) -> Result<bool, Error> {
    let id = Uuid::from(id);
    let owner = activity_ids::table.find(id).select(activity_ids::account_id);
    let owner: Option<Uuid> = owner.first::<Option<Uuid>>(conn).await.optional()?.flatten();
    let held: Option<Uuid> = if let Some(owner) = owner {
        let activity = activities::table.find((owner, id)).select(activities::activity_id);
        activity.for_update().first(conn).await.optional()?
    } else {
        let work = renditions::table.find(id).select(renditions::activity_id);
        work.for_update().first(conn).await.optional()?
    };
    Ok(held.is_some())
}
