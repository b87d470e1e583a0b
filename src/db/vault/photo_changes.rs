//! Changing the photos of an activity: the vault and the commons made to agree in the same transaction.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Uuid as SqlUuid};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::audience::Shown;
use super::delete::lock;
use super::originals::SealedOriginal;
use super::photos::{self as stored, Photo, PhotoDetails, Row, seal_details};
use super::{Activity, zones};
use crate::access::{Owned, Sealed, Viewer};
use crate::db::commons::{self, Shared, Sizes};
use crate::db::identity::{account_key, hold_account};
use crate::db::ops::{Job, blobs, enqueue};
use crate::db::schema::ops::photo_ids;
use crate::db::schema::vault::{activities, photos};
use crate::db::stop::Stop::Undone;
use crate::db::stop::{Stop, outcome};
use crate::db::{Db, Error};
use crate::domain::{AccountId, ActivityId, Invalid, PhotoId, PhotoState};
use crate::seal::AccountKey;

/// The most photos of an activity.
pub const PHOTOS_MAX: i64 = 200;
/// How many bytes of photos an account keeps at most, as they were uploaded.
const PHOTOS_BYTES_MAX: i64 = 10 * 1024 * 1024 * 1024;

/// A photo to be kept, whose sealed file lies in the blob store already.
pub struct NewPhoto {
    /// Its id.
    pub id: PhotoId,
    /// What is to be sealed.
    pub details: PhotoDetails,
    /// Its file.
    pub original: SealedOriginal,
}

/// What became of new photos.
pub enum Added {
    /// They are kept.
    New(Vec<Sealed<Photo>>),
    /// The activity is gone. Nothing is done.
    NoActivity,
    /// An id was used by the same account before, for one that may be deleted. Nothing is done.
    Known,
    /// An id was used by another account. Nothing is done.
    Taken,
    /// There are as many as there may be, or they take as much room. Nothing is done.
    Full(Invalid),
}

/// What its owner changes about a photo, with the order of all that are beside it.
pub struct PhotoChange {
    /// Which.
    pub photo: PhotoId,
    /// What is to be sealed of it.
    pub details: PhotoDetails,
    /// Every photo of the activity in its order, and whether it was chosen to stand for it.
    pub order: Vec<(PhotoId, bool)>,
}

/// What came of the drawing of a photo.
pub enum PhotoDrawn {
    /// It can be looked at.
    Ready(Sizes),
    /// It cannot be drawn.
    Failed,
}

impl Db {
    /// Keeps photos of an activity, after those that it has; all or nothing. A job draws them.
    pub async fn insert_photos(
        &self,
        activity: &Owned<Activity>,
        key: &AccountKey,
        new: &[NewPhoto],
        now: DateTime<Utc>,
    ) -> Result<Added, Error> {
        let conn = &mut *self.conn().await?;
        let (account, id) = (activity.owner, activity.id);
        let inserted = conn
            .transaction(async |conn| {
                if !holds_account(conn, account).await? || !count_up(conn, account, id).await? {
                    return Err(Undone(Added::NoActivity));
                }
                let ranks = room(conn, account, id, new).await?;
                claim_ids(conn, account, new).await?;
                let mut kept = Vec::with_capacity(new.len());
                for (rank, photo) in ranks.zip(new) {
                    kept.push(insert(conn, key, id, rank, photo, now).await?);
                    blobs::keep(conn, photo.original.blob).await?;
                    let job = Job::DrawPhoto { account, photo: photo.id };
                    enqueue(conn, &self.keyring, Some(account), &job, now).await?;
                }
                Ok(kept)
            })
            .await;
        Ok(outcome(inserted)?.map_or_else(|undone| undone, Added::New))
    }

    /// Keeps a change of a photo, and what others see of the activity's photos then. `false`, with nothing
    /// done, when something changed meanwhile.
    pub async fn change_photo(
        &self,
        activity: &Owned<Activity>,
        change: &PhotoChange,
        sizes: Option<&Sizes>,
        shown: Option<&Shown>,
        now: DateTime<Utc>,
    ) -> Result<bool, Error> {
        let conn = &mut *self.conn().await?;
        let account = Uuid::from(activity.owner);
        let key = account_key(conn, &self.keyring, activity.owner).await?;
        conn.transaction(async |conn| {
            if !begin(conn, activity, shown).await? {
                return Ok(false);
            }
            let details = seal_details(&key, change.photo, &change.details, sizes)?;
            diesel::update(photos::table.find((account, Uuid::from(change.photo))))
                .set((
                    photos::details.eq(details),
                    photos::version.eq(photos::version + 1),
                    photos::updated_at.eq(now),
                ))
                .execute(conn)
                .await?;
            for (rank, (photo, is_cover)) in (0_i32..).zip(&change.order) {
                let row = photos::table.find((account, Uuid::from(*photo)));
                let differs = photos::rank.ne(rank).or(photos::is_cover.ne(is_cover));
                diesel::update(row.filter(differs))
                    .set((photos::rank.eq(rank), photos::is_cover.eq(is_cover)))
                    .execute(conn)
                    .await?;
            }
            show(conn, activity, shown).await?;
            Ok(true)
        })
        .await
    }

    /// Keeps what came of the drawing of a photo, and lets others see it who see its activity. `false`,
    /// with nothing done, when something changed meanwhile.
    pub async fn keep_drawn(
        &self,
        activity: &Owned<Activity>,
        photo: &Photo,
        drawn: &PhotoDrawn,
        shown: Option<&Shown>,
    ) -> Result<bool, Error> {
        let conn = &mut *self.conn().await?;
        let key = account_key(conn, &self.keyring, activity.owner).await?;
        // It may have gone, or moved to another activity, before `activity` was read.
        let row = photos::table
            .find((Uuid::from(activity.owner), Uuid::from(photo.id)))
            .filter(photos::activity_id.eq(Uuid::from(activity.id)));
        conn.transaction(async |conn| {
            if !begin(conn, activity, shown).await? {
                return Ok(false);
            }
            match drawn {
                PhotoDrawn::Failed => {
                    let failed = photos::state.eq(PhotoState::Failed.name());
                    diesel::update(row).set(failed).execute(conn).await?;
                }
                PhotoDrawn::Ready(sizes) => {
                    let [thumbnail, medium, large] = sizes.blobs.map(Uuid::from);
                    let details = seal_details(&key, photo.id, &photo.details, Some(sizes))?;
                    let drawn = diesel::update(row)
                        .set((
                            photos::state.eq(PhotoState::Ready.name()),
                            photos::details.eq(details),
                            photos::thumbnail.eq(thumbnail),
                            photos::medium.eq(medium),
                            photos::large.eq(large),
                        ))
                        .execute(conn)
                        .await?;
                    // Nothing is kept that no row names.
                    if drawn == 0 {
                        return Ok(false);
                    }
                    for blob in sizes.blobs {
                        blobs::keep(conn, blob).await?;
                    }
                }
            }
            show(conn, activity, shown).await?;
            Ok(true)
        })
        .await
    }
}

/// Locks the activity and its zones. `false` when they are not what `shown` was made from.
async fn begin(
    conn: &mut AsyncPgConnection,
    activity: &Owned<Activity>,
    shown: Option<&Shown>,
) -> Result<bool, Error> {
    if let Some(shown) = shown
        && !zones::still_stand(conn, activity.owner, shown.zones_version).await?
    {
        return Ok(false);
    }
    Ok(lock(conn, &[activity]).await? && count_up(conn, activity.owner, activity.id).await?)
}

/// Makes what others see agree, where they see something.
async fn show(
    conn: &mut AsyncPgConnection,
    activity: &Owned<Activity>,
    shown: Option<&Shown>,
) -> Result<(), Error> {
    let Some(shared) = shown.and_then(|shown| shown.shared.as_deref()) else { return Ok(()) };
    commons::show_photos(conn, activity.id, Shared::photos(shared)).await
}

/// Holds the account, so that of uploads at once each is counted by those after it; `false` when it is being
/// erased.
async fn holds_account(conn: &mut AsyncPgConnection, account: AccountId) -> Result<bool, Error> {
    match hold_account(conn, account).await {
        Ok(()) => Ok(true),
        Err(Error::NoAccount) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Counts a change of an activity's photos, and so locks it; `false` when it is gone.
pub(super) async fn count_up(
    conn: &mut AsyncPgConnection,
    account: AccountId,
    id: ActivityId,
) -> Result<bool, Error> {
    let counted = diesel::update(activities::table.find((Uuid::from(account), Uuid::from(id))))
        .set(activities::photos_version.eq(activities::photos_version + 1))
        .execute(conn)
        .await?;
    Ok(counted > 0)
}

/// The rank after the last.
pub(super) async fn next_rank(
    conn: &mut AsyncPgConnection,
    account: AccountId,
    id: ActivityId,
) -> Result<i32, Error> {
    let highest: Option<i32> = photos::table
        .filter(photos::account_id.eq(Uuid::from(account)))
        .filter(photos::activity_id.eq(Uuid::from(id)))
        .select(diesel::dsl::max(photos::rank))
        .first(conn)
        .await?;
    Ok(highest.map_or(0, |highest| highest + 1))
}

#[derive(QueryableByName)]
struct Total {
    #[diesel(sql_type = BigInt)]
    bytes: i64,
}

/// The ranks that new photos get, if there is room for them.
async fn room(
    conn: &mut AsyncPgConnection,
    account: AccountId,
    id: ActivityId,
    new: &[NewPhoto],
) -> Result<std::ops::RangeFrom<i32>, Stop<Added>> {
    let full = |reason| Undone(Added::Full(Invalid { field: "file", reason }));
    let theirs = photos::table.filter(photos::account_id.eq(Uuid::from(account)));
    let of_activity = theirs.filter(photos::activity_id.eq(Uuid::from(id)));
    let count: i64 = of_activity.count().get_result(conn).await?;
    let added = i64::try_from(new.len()).unwrap_or(i64::MAX);
    if PHOTOS_MAX < count.saturating_add(added) {
        return Err(full("must not make more than 200 photos of an activity"));
    }
    let Total { bytes } = diesel::sql_query(
        "SELECT coalesce(sum(original_bytes), 0)::bigint AS bytes
         FROM vault.photos WHERE account_id = $1",
    )
    .bind::<SqlUuid, _>(Uuid::from(account))
    .get_result(conn)
    .await?;
    let more = new.iter().map(|photo| photo.original.bytes).sum::<u64>();
    if PHOTOS_BYTES_MAX < bytes.saturating_add(i64::try_from(more).unwrap_or(i64::MAX)) {
        return Err(full("must not make more than 10 GiB of photos altogether"));
    }
    Ok(next_rank(conn, account, id).await?..)
}

/// Takes the ids for `account`; undoes it all when one was ever taken.
async fn claim_ids(
    conn: &mut AsyncPgConnection,
    account: AccountId,
    new: &[NewPhoto],
) -> Result<(), Stop<Added>> {
    let row = |photo: &NewPhoto| {
        let id = photo_ids::photo_id.eq(Uuid::from(photo.id));
        (id, photo_ids::account_id.eq(Uuid::from(account)))
    };
    let claimed = diesel::insert_into(photo_ids::table)
        .values(new.iter().map(row).collect::<Vec<_>>())
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    if claimed == new.len() {
        return Ok(());
    }
    let ids: Vec<Uuid> = new.iter().map(|photo| photo.id.into()).collect();
    let of_others: i64 = photo_ids::table
        .filter(photo_ids::photo_id.eq_any(ids))
        .filter(photo_ids::account_id.is_distinct_from(Uuid::from(account)))
        .count()
        .get_result(conn)
        .await?;
    Err(Undone(if of_others > 0 { Added::Taken } else { Added::Known }))
}

async fn insert(
    conn: &mut AsyncPgConnection,
    key: &AccountKey,
    activity: ActivityId,
    rank: i32,
    new: &NewPhoto,
    now: DateTime<Utc>,
) -> Result<Sealed<Photo>, Error> {
    let row: Row = diesel::insert_into(photos::table)
        .values((
            photos::account_id.eq(Uuid::from(key.account())),
            photos::photo_id.eq(Uuid::from(new.id)),
            photos::activity_id.eq(Uuid::from(activity)),
            photos::rank.eq(rank),
            photos::details.eq(seal_details(key, new.id, &new.details, None)?),
            photos::original.eq(Uuid::from(new.original.blob)),
            photos::original_bytes.eq(i64::try_from(new.original.bytes).unwrap_or(i64::MAX)),
            photos::created_at.eq(now),
            photos::updated_at.eq(now),
        ))
        .returning(Row::as_returning())
        .get_result(conn)
        .await?;
    Ok(stored::seal(Viewer::Member(key.account()), stored::open(key, &row)?))
}
