//! What members write about what others publish. The rating follows by itself: triggers keep it.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::dsl::{auto_type, exists, not};
use diesel::prelude::*;
use diesel::sql_types::Uuid as SqlUuid;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::kept_reviews::stays;
use super::members::Member;
use super::renditions::{By, Found, are_apart, seen_by};
use super::undone::{Stop, Undone, outcome};
use crate::access::{Facts, Sealed, Viewer};
use crate::db::schema::commons::{members, renditions, reviews};
use crate::db::schema::identity::accounts;
use crate::db::slice::one_more;
use crate::db::vault::lock_all;
use crate::db::{Commons, Db, Error, Slice};
use crate::domain::{AccountId, ActivityId, Invalid, Rating, ReviewId, ReviewText, Visibility};

/// The most reviews that an account has written.
pub const REVIEWS_MAX: i64 = 1_000;

/// What somebody says of an activity.
pub struct Opinion {
    /// What they think of it.
    pub rating: Rating,
    /// What they write about it.
    pub text: Option<ReviewText>,
}

/// What somebody said of an activity.
pub struct Review {
    /// Its id.
    pub id: ReviewId,
    /// Who wrote it; `None` when they have left.
    pub reviewer: Option<Member>,
    /// What they said.
    pub opinion: Opinion,
    /// On which day, in UTC; of who has left, the first of its month.
    pub day: NaiveDate,
}

/// A place in a list: just after this review.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReviewPosition {
    /// When it was written.
    pub day: NaiveDate,
    /// Which it is.
    pub id: ReviewId,
}

/// Whether a review is the first of its reviewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrote {
    /// There was none before.
    First,
    /// It took the place of another.
    Again,
}

/// In the order of [`columns()`].
type Row = (Uuid, i16, Option<String>, NaiveDate, Option<(Uuid, String)>);

type Columns = (
    reviews::review_id,
    reviews::rating,
    reviews::text,
    reviews::written_on,
    diesel::helper_types::Nullable<(members::member_id, members::public_name)>,
);

fn columns() -> Columns {
    (
        reviews::review_id,
        reviews::rating,
        reviews::text,
        reviews::written_on,
        (members::member_id, members::public_name).nullable(),
    )
}

impl ReviewPosition {
    fn of((id, _, _, day, _): &Row) -> Self {
        Self { day: *day, id: (*id).into() }
    }
}

/// What comes after a place, the newest first.
#[auto_type]
fn follows(day: NaiveDate, id: Uuid) -> _ {
    let of_the_day = reviews::written_on.eq(day).and(reviews::review_id.lt(id));
    reviews::written_on.lt(day).or(of_the_day)
}

impl Commons {
    /// What is said of a published activity, the newest first, for who sees that: without those that they keep
    /// apart from. `None` when it is not published.
    pub async fn reviews(
        &self,
        viewer: Viewer,
        of: ActivityId,
        after: Option<ReviewPosition>,
        limit: usize,
        now: DateTime<Utc>,
    ) -> Result<Option<Sealed<Slice<Review, ReviewPosition>>>, Error> {
        let mut query = reviews::table
            .left_join(members::table)
            .filter(reviews::activity_id.eq(Uuid::from(of)).and(reviews::is_shown))
            .filter(not(are_apart(viewer.member().map(Uuid::from), reviews::reviewer_id)))
            .order((reviews::written_on.desc(), reviews::review_id.desc()))
            .limit(one_more(limit))
            .select(columns())
            .into_boxed();
        if let Some(ReviewPosition { day, id }) = after {
            query = query.filter(follows(day, id.into()));
        }
        let conn = &mut *self.conn().await?;
        // Of one moment: what is judged is what was read.
        let found = conn
            .build_transaction()
            .repeatable_read()
            .run(async |conn| {
                let Some(facts) = published(conn, viewer, of, now).await? else { return Ok(None) };
                Ok::<_, Error>(Some((facts, query.load::<Row>(conn).await?)))
            })
            .await?;
        let Some((facts, rows)) = found else { return Ok(None) };
        let Slice { items, next } = Slice::of(rows, limit, ReviewPosition::of);
        let items = items.into_iter().map(open).collect::<Result<_, _>>()?;
        Ok(Some(Sealed::new(viewer, facts, Slice { items, next })))
    }
}

impl Db {
    /// What an account said, and of what, the newest first: whatever became of that since, and whether or not
    /// others see it.
    pub async fn own_reviews(
        &self,
        account: AccountId,
        after: Option<ReviewPosition>,
        limit: usize,
    ) -> Result<Slice<(ActivityId, Review), ReviewPosition>, Error> {
        let mut query = reviews::table
            .left_join(members::table)
            .filter(reviews::reviewer_id.eq(Uuid::from(account)))
            .select((reviews::activity_id, columns()))
            .into_boxed();
        query = query.order((reviews::written_on.desc(), reviews::review_id.desc()));
        if let Some(after) = after {
            query = query.filter(follows(after.day, after.id.into()));
        }
        let rows: Vec<(Uuid, Row)> =
            query.limit(one_more(limit)).load(&mut *self.conn().await?).await?;
        let Slice { items, next } = Slice::of(rows, limit, |(_, row)| ReviewPosition::of(row));
        let items = items.into_iter().map(|(of, row)| Ok((of.into(), open(row)?)));
        Ok(Slice { items: items.collect::<Result<_, Error>>()?, next })
    }

    /// Keeps what a member says of a published activity that they see and that is not theirs, in place of what
    /// they said before.
    pub async fn review(
        &self,
        reviewer: AccountId,
        of: ActivityId,
        opinion: &Opinion,
        now: DateTime<Utc>,
    ) -> Result<Result<(Review, Wrote), Undone>, Error> {
        let conn = &mut *self.conn().await?;
        let written = conn
            .transaction(async |conn| {
                // Who does not see it waits for nobody: not even how long tells that its owner is at an activity.
                seen(conn, reviewer, of, now).await?;
                hold(conn, reviewer, of).await?;
                let facts = seen(conn, reviewer, of, now).await?;
                if facts.owner == Some(reviewer) {
                    let reason = "must be somebody else's";
                    return Err(Invalid { field: "activity", reason }.into());
                }
                write(conn, reviewer, of, opinion, now).await
            })
            .await;
        outcome(written)
    }

    /// Deletes a review, for who wrote it, whatever became of the activity since; or for the owner of the
    /// activity, while that is published. `false` when there is none that is theirs to delete.
    pub async fn delete_review(
        &self,
        account: AccountId,
        of: ActivityId,
        id: ReviewId,
        now: DateTime<Utc>,
    ) -> Result<bool, Error> {
        let conn = &mut *self.conn().await?;
        conn.transaction(async |conn| {
            let of_activity = reviews::activity_id.eq(Uuid::from(of));
            let review = reviews::table.find(Uuid::from(id)).filter(of_activity);
            let own = review.filter(reviews::reviewer_id.eq(Uuid::from(account)));
            // Who may not delete it waits for nobody: not even how long tells that its owner is at the activity.
            if diesel::select(exists(own)).get_result(conn).await? {
                stays(conn, of).await?;
                return Ok(diesel::delete(own).execute(conn).await? > 0);
            }
            let viewer = Viewer::Member(account);
            let facts = published(conn, viewer, of, now).await?;
            let claimed = facts.and_then(|facts| Sealed::new(viewer, facts, ()).claim());
            if claimed.is_none() {
                return Ok(false);
            }
            stays(conn, of).await?;
            let seen = review.filter(reviews::is_shown);
            Ok(diesel::delete(seen).execute(conn).await? > 0)
        })
        .await
    }
}

/// What decides whether a member sees an activity that is published, if they do.
async fn seen(
    conn: &mut AsyncPgConnection,
    member: AccountId,
    id: ActivityId,
    now: DateTime<Utc>,
) -> Result<Facts, Stop> {
    let viewer = Viewer::Member(member);
    let facts = published(conn, viewer, id, now).await?.ok_or(Undone::Missing)?;
    Sealed::new(viewer, facts, ()).open().ok_or(Undone::Missing)?;
    Ok(facts)
}

/// What decides whether somebody sees an activity that is published; `None` when it is not, also for its owner.
async fn published(
    conn: &mut AsyncPgConnection,
    viewer: Viewer,
    id: ActivityId,
    now: DateTime<Utc>,
) -> Result<Option<Facts>, Error> {
    let found: Option<Found> = renditions::table
        .left_join(members::table)
        .filter(renditions::activity_id.eq(Uuid::from(id)))
        .select(seen_by(viewer.member().map(Uuid::from)))
        .first(conn)
        .await
        .optional()?;
    let Some(found) = found else { return Ok(None) };
    let (facts, _) = found.judged(By::Id, now)?;
    Ok(Some(facts).filter(|facts| facts.visibility == Visibility::Published))
}

/// Lets nothing change of what decides whether a member may review an activity: what becomes of their account,
/// whether they and its author keep apart, and whom it reaches. Ends for who lets nothing be done with their data.
async fn hold(
    conn: &mut AsyncPgConnection,
    reviewer: AccountId,
    of: ActivityId,
) -> Result<(), Stop> {
    let rendition = renditions::table.find(Uuid::from(of));
    let author: Option<Option<Uuid>> =
        rendition.select(renditions::author_id).first(conn).await.optional()?;
    let author = author.flatten();
    let both: Vec<Uuid> = [Uuid::from(reviewer)].into_iter().chain(author).collect();
    let held: Vec<(Uuid, bool, bool)> = accounts::table
        .filter(accounts::account_id.eq_any(both))
        .order(accounts::account_id)
        .select((
            accounts::account_id,
            accounts::erase_at.is_not_null(),
            accounts::restricted_at.is_not_null(),
        ))
        .for_no_key_update()
        .load(conn)
        .await?;
    match held.iter().find(|(id, ..)| *id == Uuid::from(reviewer)) {
        Some((_, false, false)) => {}
        Some((_, false, true)) => return Err(Undone::Restricted.into()),
        // Who has left says nothing any more, by a call that was on its way.
        Some((_, true, _)) | None => return Err(Undone::Missing.into()),
    }
    match author {
        Some(author) => {
            lock_all(conn, &[(author, Uuid::from(of))].into_iter().collect()).await?;
        }
        None => {
            rendition.select(renditions::activity_id).for_update().execute(conn).await?;
        }
    }
    Ok(())
}

async fn write(
    conn: &mut AsyncPgConnection,
    reviewer: AccountId,
    of: ActivityId,
    opinion: &Opinion,
    now: DateTime<Utc>,
) -> Result<(Review, Wrote), Stop> {
    let theirs = reviews::table.filter(reviews::reviewer_id.eq(Uuid::from(reviewer)));
    let before = theirs.filter(reviews::activity_id.eq(Uuid::from(of))).select(reviews::review_id);
    let before: Option<Uuid> = before.first(conn).await.optional()?;
    let said = (
        reviews::rating.eq(i16::from(opinion.rating)),
        reviews::text.eq(opinion.text.as_ref().map(ReviewText::as_str)),
        reviews::written_on.eq(now.date_naive()),
    );
    let (id, wrote) = if let Some(id) = before {
        diesel::update(reviews::table.find(id)).set(said).execute(conn).await?;
        (id, Wrote::Again)
    } else {
        if REVIEWS_MAX <= theirs.count().get_result::<i64>(conn).await? {
            return Err(Invalid { field: "reviews", reason: "must be at most 1,000" }.into());
        }
        let id = Uuid::from(ReviewId::random());
        let names = (
            reviews::review_id.eq(id),
            reviews::activity_id.eq(Uuid::from(of)),
            reviews::reviewer_id.eq(Uuid::from(reviewer)),
        );
        diesel::insert_into(reviews::table).values((names, said)).execute(conn).await?;
        (id, Wrote::First)
    };
    let row = reviews::table.find(id).left_join(members::table).select(columns());
    Ok((open(row.first(conn).await?)?, wrote))
}

fn open((id, rating, text, day, reviewer): Row) -> Result<Review, Error> {
    let reviewer = reviewer.map(|(id, name)| Member::open(id, &name)).transpose()?;
    let text = text.as_deref().map(ReviewText::try_from).transpose();
    let opinion = Opinion {
        rating: rating.try_into().map_err(|_| Error::Corrupt("commons.reviews.rating"))?,
        text: text.map_err(|_| Error::Corrupt("commons.reviews.text"))?,
    };
    Ok(Review { id: id.into(), reviewer, opinion, day })
}

/// Lets others see what an account wrote, and count it, or not: as it stands with the account, which is held, as
/// are the activities that it is of.
pub(in crate::db) async fn settle_reviews(
    conn: &mut AsyncPgConnection,
    account: AccountId,
) -> Result<(), Error> {
    diesel::sql_query(
        "UPDATE commons.reviews SET is_shown = NOT is_shown
         FROM identity.accounts
         WHERE account_id = $1 AND reviewer_id = $1
           AND is_shown <> (erase_at IS NULL AND restricted_at IS NULL)",
    )
    .bind::<SqlUuid, _>(Uuid::from(account))
    .execute(conn)
    .await?;
    Ok(())
}

/// Erases what was said of activities, which go.
pub(in crate::db) async fn erase_reviews(
    conn: &mut AsyncPgConnection,
    of: &[Uuid],
) -> Result<(), Error> {
    let about = reviews::table.filter(reviews::activity_id.eq_any(of));
    diesel::delete(about).execute(conn).await?;
    Ok(())
}

/// Erases what two members who keep apart said of each other's activities: everybody but they would go on
/// reading it. The account of who keeps away is held, and the activities are from here on.
pub(in crate::db) async fn part_reviewers(
    conn: &mut AsyncPgConnection,
    one: AccountId,
    other: AccountId,
) -> Result<(), Error> {
    const BETWEEN_THEM: &str = "FROM commons.reviews JOIN ops.activity_ids ids USING (activity_id)
         WHERE (reviewer_id, ids.account_id) IN (($1, $2), ($2, $1))";
    let lock = format!(
        "SELECT FROM vault.activities
         WHERE (account_id, activity_id) IN (SELECT ids.account_id, activity_id {BETWEEN_THEM})
         ORDER BY activity_id FOR UPDATE"
    );
    let erase =
        format!("DELETE FROM commons.reviews WHERE review_id IN (SELECT review_id {BETWEEN_THEM})");
    for statement in [lock, erase] {
        diesel::sql_query(statement)
            .bind::<SqlUuid, _>(Uuid::from(one))
            .bind::<SqlUuid, _>(Uuid::from(other))
            .execute(conn)
            .await?;
    }
    Ok(())
}
