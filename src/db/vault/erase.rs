//! Erasing an account, in steps that can be cut off at any moment: each is a transaction that leaves less to do.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::activities::{Activity, Row, seal};
use super::rows::erase_blobs;
use crate::access::{Owned, Sealed, Viewer};
use crate::db::commons::{self, Work};
use crate::db::identity::{self, account_key};
use crate::db::ops::{Erasure, Job, blobs, enqueue, ensure_as};
use crate::db::schema::commons::{community_activities, links};
use crate::db::schema::ops::erasures as ledger;
use crate::db::schema::vault::activities;
use crate::db::{Db, Error};
use crate::domain::{AccountId, ActivityId, ErasureId, Letter, Receipt, Subject, Visibility};
use crate::privacy::anonymity::TextMark;
use crate::privacy::retention;

const LEDGER: &str = "ops.erasures";

/// An activity to be erased or made anonymous.
pub struct Leftover {
    /// Which.
    pub id: ActivityId,
    /// Whom it reached.
    pub visibility: Visibility,
    /// Whether it was to be taken back at some time anyway.
    pub is_limited: bool,
}

/// Stands for a text whose outline occurs in more than one of an account's works.
#[derive(Clone, Debug, Default)]
pub struct Repeated(BTreeSet<TextMark>);

impl Db {
    /// Up to `limit` activities of an account that are still there.
    pub async fn leftovers(&self, account: AccountId, limit: i64) -> Result<Vec<Leftover>, Error> {
        let found: Vec<(Uuid, String, bool)> = activities::table
            .filter(activities::account_id.eq(Uuid::from(account)))
            .order(activities::activity_id)
            .limit(limit)
            .select((
                activities::activity_id,
                activities::visibility,
                activities::published_until.is_not_null(),
            ))
            .load(&mut *self.conn().await?)
            .await?;
        let leftover = |(id, visibility, is_limited): (Uuid, String, bool)| {
            let visibility = Visibility::try_from(visibility.as_str())
                .map_err(|_| Error::Corrupt("vault.activities.visibility"))?;
            Ok(Leftover { id: id.into(), visibility, is_limited })
        };
        found.into_iter().map(leftover).collect()
    }

    /// How many activities of an account reach whom; those of which there are some.
    pub async fn count_by_visibility(
        &self,
        account: AccountId,
    ) -> Result<Vec<(Visibility, i64)>, Error> {
        let counts: Vec<(String, i64)> = activities::table
            .filter(activities::account_id.eq(Uuid::from(account)))
            .group_by(activities::visibility)
            .select((activities::visibility, diesel::dsl::count_star()))
            .load(&mut *self.conn().await?)
            .await?;
        let parse = |(visibility, count): (String, i64)| {
            let visibility = Visibility::try_from(visibility.as_str())
                .map_err(|_| Error::Corrupt("vault.activities.visibility"))?;
            Ok((visibility, count))
        };
        counts.into_iter().map(parse).collect()
    }

    /// Up to `limit` activities of an account that others saw, by their ids from after `after` on. One that
    /// does not open is passed over: nothing can be made of it.
    pub async fn works_after(
        &self,
        account: AccountId,
        after: Option<ActivityId>,
        limit: i64,
    ) -> Result<Vec<Owned<Activity>>, Error> {
        let conn = &mut *self.conn().await?;
        let key = account_key(conn, &self.keyring, account).await?;
        let rows: Vec<Row> = activities::table
            .filter(activities::account_id.eq(Uuid::from(account)))
            .filter(activities::visibility.ne(Visibility::Private.name()))
            .filter(activities::activity_id.gt(after.map_or(Uuid::nil(), Uuid::from)))
            .order(activities::activity_id)
            .limit(limit)
            .select(Row::as_select())
            .load(conn)
            .await?;
        let open =
            |row: &Row| seal(Viewer::Member(account), &key, row).ok().and_then(Sealed::claim);
        Ok(rows.iter().filter_map(open).collect())
    }

    /// What stands for the outline of a text.
    pub fn text_mark(&self, outline: &str) -> TextMark {
        let mac = self.keyring.index.mac(&["text", outline]);
        std::array::from_fn(|index| mac[index])
    }

    /// Begins to erase: from here on nothing is taken back. Remembers which texts occur more than once for as
    /// long as it goes on. `false` when it was taken back before.
    pub async fn begin_erasure(
        &self,
        erasure: &Erasure,
        repeated: &Repeated,
    ) -> Result<bool, Error> {
        let conn = &mut *self.conn().await?;
        let key = account_key(conn, &self.keyring, erasure.account).await?;
        let marks = repeated.0.iter().copied().collect::<Vec<_>>().concat();
        let begun = diesel::update(ledger::table.find(Uuid::from(erasure.id)))
            .filter(ledger::undone_at.is_null())
            .set(ledger::texts.eq(key.seal(LEDGER, "texts", erasure.id.into(), &marks)))
            .execute(conn)
            .await?;
        Ok(begun > 0)
    }

    /// The texts that occur more than once.
    pub async fn repeated_texts(&self, erasure: &Erasure) -> Result<Repeated, Error> {
        let conn = &mut *self.conn().await?;
        let row = ledger::table.find(Uuid::from(erasure.id)).select(ledger::texts);
        let sealed: Option<Vec<u8>> = row.first(conn).await?;
        let Some(sealed) = sealed else { return Ok(Repeated::default()) };
        let key = account_key(conn, &self.keyring, erasure.account).await?;
        let marks = key.open(LEDGER, "texts", erasure.id.into(), &sealed)?;
        Ok(marks.as_chunks().0.iter().copied().collect())
    }

    /// Erases activities with all that leads to them and what is left of their files, and counts them.
    pub async fn erase_activities(
        &self,
        erasure: &Erasure,
        ids: &[ActivityId],
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let conn = &mut *self.conn().await?;
        conn.transaction(async |conn| {
            let erased = self.erase(conn, erasure.account, ids, now).await?;
            count(conn, erasure.id, Counted { erased, ..Counted::default() }).await
        })
        .await
    }

    /// Puts in the place of an activity what stays of it, to be shown at `show_at`. What nobody would see
    /// is erased.
    pub async fn make_anonymous(
        &self,
        erasure: &Erasure,
        id: ActivityId,
        mut work: Work,
        show_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let conn = &mut *self.conn().await?;
        conn.transaction(async |conn| {
            let row = activities::table.find((Uuid::from(erasure.account), Uuid::from(id)));
            let held = row.select(activities::activity_id).for_update();
            if held.first::<Uuid>(conn).await.optional()?.is_none() {
                return Ok(());
            }
            let is_seen = commons::take_ways(conn, id, &mut work).await?;
            for photo in work.photos.iter().filter(|_| is_seen) {
                // Called for first, so not before they are drawn anew.
                blobs::erase_late(conn, &self.keyring, photo.blob, show_at).await?;
            }
            let erased = self.erase(conn, erasure.account, &[id], now).await?;
            if !is_seen {
                return count(conn, erasure.id, Counted { erased, ..Counted::default() }).await;
            }
            // Of nobody: the job, like the work, belongs to no account.
            let photos = i32::try_from(work.photos.len()).unwrap_or(i32::MAX);
            let job = Uuid::from(work.id).into();
            ensure_as(conn, &self.keyring, job, &Job::ShowWork(Box::new(work)), show_at).await?;
            count(conn, erasure.id, Counted { anonymised: 1, photos, ..Counted::default() }).await
        })
        .await
    }

    /// Writes the receipt, once, to an address that is about to be erased.
    pub async fn write_receipt(&self, erasure: &Erasure, now: DateTime<Utc>) -> Result<(), Error> {
        let conn = &mut *self.conn().await?;
        conn.transaction(async |conn| {
            let told: Option<(i32, i32, i32)> =
                diesel::update(ledger::table.find(Uuid::from(erasure.id)))
                    .filter(ledger::told_at.is_null())
                    .set(ledger::told_at.eq(now))
                    .returning((ledger::erased, ledger::anonymised, ledger::photos))
                    .get_result(conn)
                    .await
                    .optional()?;
            let Some((erased, anonymised, photos)) = told else { return Ok(()) };
            // An address that does not open gets no mail, and is erased like any other.
            let owner = identity::find_by_id(conn, &self.keyring, erasure.account).await;
            let owner = match owner {
                Ok(Some(owner)) => owner,
                Ok(None) | Err(Error::Broken(_) | Error::Corrupt(_)) => return Ok(()),
                Err(error) => return Err(error),
            };
            let noted_until = (now + retention::BACKUP).date_naive();
            let receipt = Receipt { id: erasure.id, erased, anonymised, photos, noted_until };
            let letter = Letter {
                to: owner.email.as_str().to_owned(),
                locale: owner.profile.locale,
                subject: Subject::Erased(receipt),
            };
            enqueue(conn, &self.keyring, None, &Job::SendMail(letter), now).await
        })
        .await
    }
}

impl Db {
    /// Removes activities, their files and the ways to them; how many there were.
    async fn erase(
        &self,
        conn: &mut AsyncPgConnection,
        account: AccountId,
        ids: &[ActivityId],
        now: DateTime<Utc>,
    ) -> Result<i32, Error> {
        let all: Vec<Uuid> = ids.iter().copied().map(Uuid::from).collect();
        let theirs = activities::table
            .filter(activities::account_id.eq(Uuid::from(account)))
            .filter(activities::activity_id.eq_any(&all));
        let held: Vec<Uuid> = theirs
            .clone()
            .order(activities::activity_id)
            .select(activities::activity_id)
            .for_update()
            .load(conn)
            .await?;
        diesel::delete(links::table.filter(links::activity_id.eq_any(&held))).execute(conn).await?;
        let shares = community_activities::activity_id.eq_any(&held);
        diesel::delete(community_activities::table.filter(shares)).execute(conn).await?;
        // Of works that stay as well: who reviewed them may have known whose they were.
        commons::erase_reviews(conn, &held).await?;
        for id in &held {
            commons::withdraw(conn, (*id).into()).await?;
        }
        // No file is added any more: whoever does holds the activity.
        while erase_blobs(conn, &self.keyring, account, Some(ids), now).await? {}
        let erased = diesel::delete(theirs).execute(conn).await?;
        Ok(i32::try_from(erased).unwrap_or(i32::MAX))
    }
}

impl Repeated {
    /// Whether a text is among them.
    pub fn holds(&self, mark: TextMark) -> bool {
        self.0.contains(&mark)
    }
}

impl FromIterator<TextMark> for Repeated {
    fn from_iter<I: IntoIterator<Item = TextMark>>(marks: I) -> Self {
        Self(marks.into_iter().collect())
    }
}

/// What a receipt tells of.
#[derive(Default)]
struct Counted {
    erased: i32,
    anonymised: i32,
    photos: i32,
}

async fn count(
    conn: &mut AsyncPgConnection,
    erasure: ErasureId,
    counted: Counted,
) -> Result<(), Error> {
    let Counted { erased, anonymised, photos } = counted;
    diesel::update(ledger::table.find(Uuid::from(erasure)))
        .set((
            ledger::erased.eq(ledger::erased + erased),
            ledger::anonymised.eq(ledger::anonymised + anonymised),
            ledger::photos.eq(ledger::photos + photos),
        ))
        .execute(conn)
        .await?;
    Ok(())
}
