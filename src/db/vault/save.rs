//! Changing an activity: the vault and the commons made to agree in the same transaction.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::activities::{Activity, Details, NewActivity, Row, insert_all, seal, seal_details};
use super::audience::{Reach, Shown};
use super::delete::{delete, lock};
use super::originals::{self, SealedOriginal};
use super::tracks::{self, SealedTrack};
use super::{photo_moves, zones};
use crate::access::{Owned, Sealed, Viewer};
use crate::db::commons::{self, Level};
use crate::db::identity::account_key;
use crate::db::ops::blobs;
use crate::db::schema::identity::accounts;
use crate::db::schema::vault::activities;
use crate::db::stop::{Stop, outcome};
use crate::db::{Db, Error};
use crate::domain::{AccountId, ActivityId, Invalid, PhotoId, Sport, Visibility};
use crate::seal::AccountKey;

/// What an activity shall be after a change.
pub struct Change {
    /// Its sport.
    pub sport: Sport,
    /// When it began.
    pub started_at: Option<DateTime<Utc>>,
    /// What is to be sealed.
    pub details: Details,
    /// Its exact track, if it gets another one.
    pub track: Option<SealedTrack>,
    /// The file that the track came from, if that is not the one kept before.
    pub original: Option<SealedOriginal>,
    /// Whom it reaches.
    pub reach: Reach,
    /// What becomes of another activity along with it.
    pub other: Other,
}

/// What becomes of another activity along with a change.
pub enum Other {
    /// There is none.
    None,
    /// It is split off and kept, private.
    Kept(Box<SplitOff>),
    /// It is merged in and deleted.
    Deleted(Box<Owned<Activity>>),
}

/// What is split off an activity.
pub struct SplitOff {
    /// The new activity, with its file.
    pub new: (NewActivity, SealedOriginal),
    /// The photos that go with it.
    pub photos: Vec<PhotoId>,
}

impl Change {
    /// The file that it brings, if it does.
    fn file(&self) -> Option<&SealedOriginal> {
        match &self.other {
            Other::Kept(split_off) => Some(&split_off.new.1),
            Other::None | Other::Deleted(_) => self.original.as_ref(),
        }
    }
}

/// Why a change was not kept. Nothing is done.
pub enum Unsaved {
    /// The activity, the other one, or the zones were changed or deleted meanwhile.
    Stale,
    /// The id of what is split off was ever taken.
    Taken,
    /// There is no such link or community to take it back from or to share it with.
    Missing,
    /// The link was made by the same call before, and taken back.
    Gone,
    /// There are as many links, communities or photos as there may be.
    Full(Invalid),
}

impl From<Unsaved> for Stop<Unsaved> {
    fn from(unsaved: Unsaved) -> Self {
        Self::Undone(unsaved)
    }
}

impl Db {
    /// Keeps a change of `activity` and makes the commons agree with it, all or nothing.
    pub async fn save_activity(
        &self,
        activity: &Owned<Activity>,
        change: &Change,
        now: DateTime<Utc>,
    ) -> Result<Result<Sealed<Activity>, Unsaved>, Error> {
        let conn = &mut *self.conn().await?;
        let key = account_key(conn, &self.keyring, activity.owner).await?;
        let saved = conn
            .transaction(async |conn| {
                let other = match &change.other {
                    Other::Deleted(other) => Some(&**other),
                    Other::None | Other::Kept(_) => None,
                };
                // Before anything else of theirs is held.
                if let Some(file) = change.file() {
                    originals::check_room(conn, activity.owner, std::iter::once(file)).await?;
                }
                change.reach.check(conn, activity).await?;
                let locked: Vec<_> = [activity].into_iter().chain(other).collect();
                if !lock(conn, &locked).await? {
                    return Err(Unsaved::Stale.into());
                }
                match &change.other {
                    Other::None => {}
                    Other::Kept(split_off) => {
                        let new = std::slice::from_ref(&split_off.new);
                        if insert_all(conn, &key, new, now).await?.is_none() {
                            return Err(Unsaved::Taken.into());
                        }
                        photo_moves::split_off(conn, activity, split_off, now).await?;
                    }
                    Other::Deleted(other) => {
                        if !photo_moves::merge(conn, other, activity, now).await? {
                            let reason = "must not make more than 200 photos of an activity";
                            return Err(Unsaved::Full(Invalid { field: "with", reason }).into());
                        }
                        delete(conn, &self.keyring, other, now).await?;
                    }
                }
                let level = change.reach.apply(conn, &self.keyring, activity, now).await?;
                let row = update(conn, &key, activity, change, level, now).await?;
                self.replace_line(conn, activity, change, now).await?;
                show(conn, activity, change, level).await?;
                Ok(seal(Viewer::Member(activity.owner), &key, &row)?)
            })
            .await;
        outcome(saved)
    }

    /// Up to `limit` shared activities whose rendition was made under other zones than now; none of who has
    /// left.
    pub async fn outdated_activities(
        &self,
        account: AccountId,
        limit: i64,
    ) -> Result<Vec<ActivityId>, Error> {
        let conn = &mut *self.conn().await?;
        let ids: Vec<Uuid> = activities::table
            .inner_join(accounts::table.on(accounts::account_id.eq(activities::account_id)))
            .filter(activities::account_id.eq(Uuid::from(account)))
            .filter(activities::visibility.ne(Visibility::Private.name()))
            .filter(activities::zones_version.ne(accounts::zones_version))
            .filter(accounts::erase_at.is_null())
            .order(activities::activity_id)
            .limit(limit)
            .select(activities::activity_id)
            .load(conn)
            .await?;
        Ok(ids.into_iter().map(ActivityId::from).collect())
    }

    /// Stores what others see of a shared activity now, which is no change of the activity itself.
    /// `false`, with nothing done, when it or the zones changed meanwhile.
    pub async fn remake_rendition(
        &self,
        activity: &Owned<Activity>,
        shown: &Shown,
    ) -> Result<bool, Error> {
        let conn = &mut *self.conn().await?;
        conn.transaction(async |conn| {
            if !zones::still_stand(conn, activity.owner, shown.zones_version).await?
                || !lock(conn, &[activity]).await?
            {
                return Ok(false);
            }
            let (sport, details) = (activity.sport, &activity.details);
            let level = Level {
                visibility: activity.visibility,
                published_until: activity.published_until,
            };
            put_on_show(conn, activity, sport, details, shown, level).await?;
            let row = activities::table.find((Uuid::from(activity.owner), Uuid::from(activity.id)));
            diesel::update(row)
                .set((
                    activities::is_shown.eq(shown.shared.is_some()),
                    activities::zones_version.eq(shown.zones_version),
                ))
                .execute(conn)
                .await?;
            Ok(true)
        })
        .await
    }

    /// Puts a line in the place of the one before, whose file a job erases if it is replaced.
    async fn replace_line(
        &self,
        conn: &mut AsyncPgConnection,
        activity: &Owned<Activity>,
        change: &Change,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let (account, id) = (activity.owner, activity.id);
        if let Some(track) = &change.track {
            tracks::replace(conn, track).await?;
        }
        let Some(original) = &change.original else { return Ok(()) };
        let blob = originals::delete(conn, account, id).await?;
        originals::insert(conn, account, id, original).await?;
        match blob {
            Some(blob) => blobs::erase(conn, &self.keyring, account, blob, now).await,
            None => Ok(()),
        }
    }
}

/// Makes the commons agree with whom an activity reaches.
async fn show(
    conn: &mut AsyncPgConnection,
    activity: &Owned<Activity>,
    change: &Change,
    level: Level,
) -> Result<(), Error> {
    match &change.reach {
        Reach::Nobody => commons::withdraw(conn, activity.id).await,
        Reach::Without(_) => commons::narrow(conn, activity.id, level.visibility).await,
        Reach::With(_, shown) => {
            put_on_show(conn, activity, change.sport, &change.details, shown, level).await
        }
    }
}

async fn put_on_show(
    conn: &mut AsyncPgConnection,
    activity: &Owned<Activity>,
    sport: Sport,
    details: &Details,
    shown: &Shown,
    level: Level,
) -> Result<(), Error> {
    match &shown.shared {
        Some(shared) if level.visibility != Visibility::Private => {
            commons::show(conn, activity, sport, details, shared, level).await
        }
        Some(_) | None => commons::withdraw(conn, activity.id).await,
    }
}

async fn update(
    conn: &mut AsyncPgConnection,
    key: &AccountKey,
    activity: &Owned<Activity>,
    change: &Change,
    level: Level,
    now: DateTime<Utc>,
) -> Result<Row, Error> {
    let row = activities::table.find((Uuid::from(activity.owner), Uuid::from(activity.id)));
    let row = diesel::update(row)
        .set((
            activities::sport.eq(change.sport.name()),
            activities::visibility.eq(level.visibility.name()),
            activities::published_until.eq(level.published_until),
            activities::started_at.eq(change.started_at),
            activities::distance_m.eq(change.details.statistics.distance_m),
            activities::moving_s.eq(change.details.statistics.moving_s),
            activities::details.eq(seal_details(key, activity.id, &change.details)?),
            activities::is_shown.eq(change.reach.is_shown(activity, level)),
            change.reach.zones_version().map(|version| activities::zones_version.eq(version)),
            activities::version.eq(activity.version + 1),
            activities::updated_at.eq(now),
        ))
        .returning(Row::as_returning())
        .get_result(conn)
        .await?;
    Ok(row)
}
