//! Changing an activity: the vault and the commons made to agree in the same transaction.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::activities::{Activity, Details, NewActivity, Row, insert_all, seal, seal_details};
use super::delete::{delete, lock};
use super::originals::{self, SealedOriginal};
use super::tracks::{self, SealedTrack};
use super::zones;
use crate::access::{Owned, Sealed, Viewer};
use crate::db::commons::{self, Shared};
use crate::db::identity::account_key;
use crate::db::ops::blobs;
use crate::db::schema::vault::activities;
use crate::db::{Db, Error};
use crate::domain::{AccountId, ActivityId, Sport, Visibility};
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
    Kept(Box<(NewActivity, SealedOriginal)>),
    /// It is merged in and deleted.
    Deleted(Box<Owned<Activity>>),
}

/// Whom an activity reaches, and under which zones that was decided.
pub struct Reach {
    /// Whom, and with what.
    pub audience: Audience,
    /// See [`super::Shading::version`].
    pub zones_version: i32,
}

/// Whom an activity reaches, and with what: there is no rendition without an audience.
pub enum Audience {
    /// Its owner alone.
    Nobody,
    /// Everyone; with nothing, where zones and ends hide all of it.
    Everyone(Option<Box<Shared>>),
}

/// What became of a change.
pub enum Saved {
    /// It is kept.
    Kept(Box<Sealed<Activity>>),
    /// The activity, or the other one, was changed or deleted meanwhile. Nothing is done.
    Stale,
    /// The id of what is split off was ever taken. Nothing is done.
    Taken,
}

impl Audience {
    fn shared(&self) -> Option<&Shared> {
        match self {
            Self::Nobody | Self::Everyone(None) => None,
            Self::Everyone(Some(shared)) => Some(shared),
        }
    }

    const fn visibility(&self) -> Visibility {
        match self {
            Self::Nobody => Visibility::Private,
            Self::Everyone(_) => Visibility::Published,
        }
    }
}

impl Reach {
    /// Whether it may be stored: nothing is that was made under other zones than now. They stay as
    /// they are until the transaction ends.
    async fn stands(
        &self,
        conn: &mut AsyncPgConnection,
        activity: &Owned<Activity>,
    ) -> Result<bool, Error> {
        match self.audience {
            // What others do not see does not depend on zones.
            Audience::Nobody => Ok(true),
            Audience::Everyone(_) => {
                zones::still_stand(conn, activity.owner, self.zones_version).await
            }
        }
    }

    /// Makes the commons agree.
    async fn show(
        &self,
        conn: &mut AsyncPgConnection,
        activity: &Owned<Activity>,
        sport: Sport,
        details: &Details,
    ) -> Result<(), Error> {
        match self.audience.shared() {
            None => commons::withdraw(conn, activity.id).await,
            Some(shared) => commons::publish(conn, activity, sport, details, shared).await,
        }
    }
}

impl Db {
    /// Keeps a change of `activity` and makes the commons agree with it, all or nothing.
    pub async fn save_activity(
        &self,
        activity: &Owned<Activity>,
        change: &Change,
        now: DateTime<Utc>,
    ) -> Result<Saved, Error> {
        let conn = &mut *self.conn().await?;
        let key = account_key(conn, &self.keyring, activity.owner).await?;
        conn.transaction(async |conn| {
            let other = match &change.other {
                Other::Deleted(other) => Some(&**other),
                Other::None | Other::Kept(_) => None,
            };
            let locked: Vec<_> = [activity].into_iter().chain(other).collect();
            if !change.reach.stands(conn, activity).await? || !lock(conn, &locked).await? {
                return Ok(Saved::Stale);
            }
            match &change.other {
                Other::None => {}
                Other::Kept(new) => {
                    if insert_all(conn, &key, std::slice::from_ref(new), now).await?.is_none() {
                        return Ok(Saved::Taken);
                    }
                }
                Other::Deleted(other) => delete(conn, &self.keyring, other, now).await?,
            }
            let row = update(conn, &key, activity, change, now).await?;
            self.replace_line(conn, activity, change, now).await?;
            change.reach.show(conn, activity, change.sport, &change.details).await?;
            Ok(Saved::Kept(Box::new(seal(Viewer::Member(activity.owner), &key, &row)?)))
        })
        .await
    }

    /// Up to `limit` shared activities whose rendition was made under other zones than now.
    pub async fn outdated_activities(
        &self,
        account: AccountId,
        limit: i64,
    ) -> Result<Vec<ActivityId>, Error> {
        let conn = &mut *self.conn().await?;
        let current = zones::version(conn, account).await?;
        let ids: Vec<Uuid> = activities::table
            .filter(activities::account_id.eq(Uuid::from(account)))
            .filter(activities::visibility.ne(Visibility::Private.name()))
            .filter(activities::zones_version.ne(current))
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
        reach: &Reach,
    ) -> Result<bool, Error> {
        let conn = &mut *self.conn().await?;
        conn.transaction(async |conn| {
            if !reach.stands(conn, activity).await? || !lock(conn, &[activity]).await? {
                return Ok(false);
            }
            reach.show(conn, activity, activity.sport, &activity.details).await?;
            let row = activities::table.find((Uuid::from(activity.owner), Uuid::from(activity.id)));
            diesel::update(row)
                .set((
                    activities::is_shown.eq(reach.audience.shared().is_some()),
                    activities::zones_version.eq(reach.zones_version),
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

async fn update(
    conn: &mut AsyncPgConnection,
    key: &AccountKey,
    activity: &Owned<Activity>,
    change: &Change,
    now: DateTime<Utc>,
) -> Result<Row, Error> {
    let row = activities::table.find((Uuid::from(activity.owner), Uuid::from(activity.id)));
    let row = diesel::update(row)
        .set((
            activities::sport.eq(change.sport.name()),
            activities::visibility.eq(change.reach.audience.visibility().name()),
            activities::started_at.eq(change.started_at),
            activities::distance_m.eq(change.details.statistics.distance_m),
            activities::moving_s.eq(change.details.statistics.moving_s),
            activities::details.eq(seal_details(key, activity.id, &change.details)?),
            activities::is_shown.eq(change.reach.audience.shared().is_some()),
            activities::zones_version.eq(change.reach.zones_version),
            activities::version.eq(activity.version + 1),
            activities::updated_at.eq(now),
        ))
        .returning(Row::as_returning())
        .get_result(conn)
        .await?;
    Ok(row)
}
