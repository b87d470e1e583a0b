//! Activities: what is plain to be sorted and counted, and the sealed rest.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::list::ListPosition;
use super::originals::{self, SealedOriginal};
use super::tracks::{self, SealedTrack};
use crate::access::{Facts, Sealed, Viewer};
use crate::db::schema::identity::account_keys;
use crate::db::schema::ops::activity_ids;
use crate::db::schema::vault::activities;
use crate::db::{Db, Error};
use crate::domain::{AccountId, ActivityId, Choices, Description, Kind, Sport, Title, Visibility};
use crate::seal::AccountKey;
use crate::track::{Statistics, Waypoint};

pub(super) const TABLE: &str = "vault.activities";

/// An activity, as its owner sees it.
#[derive(Clone)]
pub struct Activity {
    /// Its id.
    pub id: ActivityId,
    /// Whose it is.
    pub owner: AccountId,
    /// Recorded or planned.
    pub kind: Kind,
    /// The sport.
    pub sport: Sport,
    /// Who reads its rendition.
    pub visibility: Visibility,
    /// Until when, if it is published for a time.
    pub published_until: Option<DateTime<Utc>>,
    /// When it began.
    pub started_at: Option<DateTime<Utc>>,
    /// What is sealed.
    pub details: Details,
    /// Whether others have a rendition of it now. A shared one has none while its zones are applied,
    /// and when they hide all of it.
    pub is_shown: bool,
    /// Counts its changes, from 1.
    pub version: i32,
    /// Counts the changes of its photos, which are none of its own.
    pub(super) photos_version: i32,
    /// When it was kept.
    pub created_at: DateTime<Utc>,
    /// When it was changed last.
    pub updated_at: DateTime<Utc>,
}

/// The sealed part of an activity.
#[derive(Clone)]
pub struct Details {
    /// What it is called.
    pub title: Title,
    /// Whether its owner chose the title. One that a file brought may tell the hour or the place, so
    /// it is not for others.
    pub title_is_chosen: bool,
    /// What is written about it.
    pub description: Option<Description>,
    /// Whether its owner wrote it.
    pub description_is_chosen: bool,
    /// Its numbers.
    pub statistics: Statistics,
    /// What was passed over while it was read.
    pub flaws: Vec<StoredFlaw>,
    /// Points of interest.
    pub waypoints: Vec<Waypoint>,
    /// What others get of it.
    pub choices: Choices,
    /// SHA-256 of the upload that made it, so that a repeated one is recognised.
    pub digest: [u8; 32],
}

/// A flaw that was passed over, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredFlaw {
    /// The rule it broke.
    pub rule: String,
    /// How often.
    pub count: u64,
    /// Where first, such as `line 12`.
    pub place: Option<String>,
}

/// An activity to be kept, private.
pub struct NewActivity {
    /// Its id.
    pub id: ActivityId,
    /// Recorded or planned.
    pub kind: Kind,
    /// The sport.
    pub sport: Sport,
    /// When it began.
    pub started_at: Option<DateTime<Utc>>,
    /// What is to be sealed.
    pub details: Details,
    /// Its exact track, sealed.
    pub track: SealedTrack,
}

/// What became of new activities.
pub enum Stored {
    /// They are kept.
    New(Vec<Sealed<Activity>>),
    /// The first one's id was used by the same account before, for one that may be deleted.
    Known,
    /// An id was used by another account; whether that activity still exists is not told.
    Taken,
}

impl Details {
    /// The title that others see: its owner's, else the sport.
    pub fn public_title(&self, sport: Sport) -> Title {
        if self.title_is_chosen { self.title.clone() } else { Title::of_sport(sport) }
    }

    /// The description that others see: its owner's, else none.
    pub fn public_description(&self) -> Option<&Description> {
        self.description.as_ref().filter(|_| self.description_is_chosen)
    }
}

#[derive(Serialize, Deserialize)]
struct StoredDetails {
    title: String,
    title_is_chosen: bool,
    description: Option<String>,
    description_is_chosen: bool,
    statistics: Statistics,
    flaws: Vec<StoredFlaw>,
    waypoints: Vec<Waypoint>,
    #[serde(default)]
    choices: Choices,
    digest: [u8; 32],
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = activities, check_for_backend(diesel::pg::Pg))]
pub(super) struct Row {
    account_id: Uuid,
    activity_id: Uuid,
    kind: String,
    sport: String,
    visibility: String,
    published_until: Option<DateTime<Utc>>,
    started_at: Option<DateTime<Utc>>,
    details: Vec<u8>,
    is_shown: bool,
    version: i32,
    photos_version: i32,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl Row {
    pub(super) fn position(&self) -> ListPosition {
        let at = self.started_at.unwrap_or(self.created_at);
        ListPosition { at, id: self.activity_id.into() }
    }
}

impl Db {
    /// The key that seals what belongs to `account`.
    pub async fn account_key(&self, account: AccountId) -> Result<AccountKey, Error> {
        let conn = &mut *self.conn().await?;
        crate::db::identity::account_key(conn, &self.keyring, account).await
    }

    /// One activity of the viewer's own, sealed; `None` when they have none of that id.
    pub async fn activity(
        &self,
        viewer: Viewer,
        id: ActivityId,
    ) -> Result<Option<Sealed<Activity>>, Error> {
        let Viewer::Member(account) = viewer else { return Ok(None) };
        let found: Option<(Row, Vec<u8>)> = activities::table
            .inner_join(account_keys::table.on(account_keys::account_id.eq(activities::account_id)))
            .filter(activities::account_id.eq(Uuid::from(account)))
            .filter(activities::activity_id.eq(Uuid::from(id)))
            .select((Row::as_select(), account_keys::wrapped))
            .first(&mut *self.conn().await?)
            .await
            .optional()?;
        let Some((row, wrapped)) = found else { return Ok(None) };
        let key = self.keyring.master.account_key(account, &wrapped)?;
        Ok(Some(seal(viewer, &key, &row)?))
    }

    /// Keeps the activities of one upload with their tracks and the sealed files that lie in the
    /// blob store already; all or nothing.
    pub async fn insert_activities(
        &self,
        key: &AccountKey,
        new: &[(NewActivity, SealedOriginal)],
        now: DateTime<Utc>,
    ) -> Result<Stored, Error> {
        let viewer = Viewer::Member(key.account());
        let Some((first, _)) = new.first() else { return Ok(Stored::New(Vec::new())) };
        let conn = &mut *self.conn().await?;
        if let Some(rows) = insert_all(conn, key, new, now).await? {
            let sealed = rows.iter().map(|row| seal(viewer, key, row));
            return Ok(Stored::New(sealed.collect::<Result<_, _>>()?));
        }
        whose(conn, key.account(), first.id).await
    }

    /// Keeps an activity of an archive that says when it was made and changed last.
    pub async fn insert_imported(
        &self,
        key: &AccountKey,
        new: (NewActivity, SealedOriginal),
        (created_at, updated_at): (DateTime<Utc>, DateTime<Utc>),
    ) -> Result<Stored, Error> {
        let (id, viewer) = (new.0.id, Viewer::Member(key.account()));
        let conn = &mut *self.conn().await?;
        conn.transaction(async |conn| {
            let new = std::slice::from_ref(&new);
            if insert_all(conn, key, new, created_at).await?.is_none() {
                return whose(conn, key.account(), id).await;
            }
            let row = activities::table.find((Uuid::from(key.account()), Uuid::from(id)));
            let row: Row = diesel::update(row)
                .set(activities::updated_at.eq(updated_at))
                .returning(Row::as_returning())
                .get_result(conn)
                .await?;
            Ok(Stored::New(vec![seal(viewer, key, &row)?]))
        })
        .await
    }
}

/// Who used an id that is taken.
async fn whose(
    conn: &mut AsyncPgConnection,
    account: AccountId,
    id: ActivityId,
) -> Result<Stored, Error> {
    let first_user: Option<Option<Uuid>> = activity_ids::table
        .find(Uuid::from(id))
        .select(activity_ids::account_id)
        .first(conn)
        .await
        .optional()?;
    let known = first_user.flatten() == Some(account.into());
    Ok(if known { Stored::Known } else { Stored::Taken })
}

/// `None`, with nothing done, when an id was ever taken.
pub(super) async fn insert_all(
    conn: &mut AsyncPgConnection,
    key: &AccountKey,
    new: &[(NewActivity, SealedOriginal)],
    now: DateTime<Utc>,
) -> Result<Option<Vec<Row>>, Error> {
    let inserted = conn
        .transaction(async |conn| {
            let files = new.iter().map(|(_, original)| original);
            originals::check_room(conn, key.account(), files).await?;
            claim_ids(conn, key.account(), new).await?;
            let mut rows = Vec::with_capacity(new.len());
            for (activity, original) in new {
                rows.push(insert_row(conn, key, activity, now).await?);
                tracks::insert(conn, &activity.track).await?;
                originals::insert(conn, key.account(), activity.id, original).await?;
            }
            Ok(rows)
        })
        .await;
    match inserted {
        Ok(rows) => Ok(Some(rows)),
        Err(Error::Query(diesel::result::Error::RollbackTransaction)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Takes the ids for `account`; rolls back when one was ever taken.
async fn claim_ids(
    conn: &mut AsyncPgConnection,
    account: AccountId,
    new: &[(NewActivity, SealedOriginal)],
) -> Result<(), Error> {
    let row = |(activity, _): &(NewActivity, SealedOriginal)| {
        let id = activity_ids::activity_id.eq(Uuid::from(activity.id));
        (id, activity_ids::account_id.eq(Uuid::from(account)))
    };
    let claimed = diesel::insert_into(activity_ids::table)
        .values(new.iter().map(row).collect::<Vec<_>>())
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    if claimed < new.len() {
        return Err(diesel::result::Error::RollbackTransaction.into());
    }
    Ok(())
}

async fn insert_row(
    conn: &mut AsyncPgConnection,
    key: &AccountKey,
    new: &NewActivity,
    now: DateTime<Utc>,
) -> Result<Row, Error> {
    let row = diesel::insert_into(activities::table)
        .values((
            activities::account_id.eq(Uuid::from(key.account())),
            activities::activity_id.eq(Uuid::from(new.id)),
            activities::kind.eq(new.kind.name()),
            activities::sport.eq(new.sport.name()),
            activities::started_at.eq(new.started_at),
            activities::distance_m.eq(new.details.statistics.distance_m),
            activities::moving_s.eq(new.details.statistics.moving_s),
            activities::details.eq(seal_details(key, new.id, &new.details)?),
            activities::created_at.eq(now),
            activities::updated_at.eq(now),
        ))
        .returning(Row::as_returning())
        .get_result(conn)
        .await?;
    Ok(row)
}

pub(super) fn seal_details(
    key: &AccountKey,
    id: ActivityId,
    details: &Details,
) -> Result<Vec<u8>, Error> {
    let stored = StoredDetails {
        title: details.title.as_str().to_owned(),
        title_is_chosen: details.title_is_chosen,
        description: details.description.as_ref().map(|text| text.as_str().to_owned()),
        description_is_chosen: details.description_is_chosen,
        statistics: details.statistics.clone(),
        flaws: details.flaws.clone(),
        waypoints: details.waypoints.clone(),
        choices: details.choices,
        digest: details.digest,
    };
    let json =
        serde_json::to_vec(&stored).map_err(|_| Error::Corrupt("vault.activities.details"))?;
    Ok(key.seal(TABLE, "details", id.into(), &json))
}

/// A row as it leaves `db`: decrypted, and sealed for its viewer.
pub(super) fn seal(viewer: Viewer, key: &AccountKey, row: &Row) -> Result<Sealed<Activity>, Error> {
    let activity = open(key, row)?;
    let (owner, visibility) = (Some(activity.owner), activity.visibility);
    let facts = Facts { owner, visibility, ..Facts::default() };
    Ok(Sealed::new(viewer, facts, activity))
}

fn open(key: &AccountKey, row: &Row) -> Result<Activity, Error> {
    let json = key.open(TABLE, "details", row.activity_id, &row.details)?;
    let corrupt = || Error::Corrupt("vault.activities.details");
    let stored: StoredDetails = serde_json::from_slice(&json).map_err(|_| corrupt())?;
    let description = stored.description.as_deref().map(Description::try_from).transpose();
    Ok(Activity {
        id: row.activity_id.into(),
        owner: row.account_id.into(),
        kind: Kind::try_from(row.kind.as_str())
            .map_err(|_| Error::Corrupt("vault.activities.kind"))?,
        sport: Sport::try_from(row.sport.as_str())
            .map_err(|_| Error::Corrupt("vault.activities.sport"))?,
        visibility: Visibility::try_from(row.visibility.as_str())
            .map_err(|_| Error::Corrupt("vault.activities.visibility"))?,
        published_until: row.published_until,
        started_at: row.started_at,
        details: Details {
            title: Title::try_from(stored.title.as_str()).map_err(|_| corrupt())?,
            title_is_chosen: stored.title_is_chosen,
            description: description.map_err(|_| corrupt())?,
            description_is_chosen: stored.description_is_chosen,
            statistics: stored.statistics,
            flaws: stored.flaws,
            waypoints: stored.waypoints,
            choices: stored.choices,
            digest: stored.digest,
        },
        is_shown: row.is_shown,
        version: row.version,
        photos_version: row.photos_version,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}
