//! Photos, as their owner has them: what is plain to be counted and put in order, and the sealed rest.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Activity;
use crate::access::{Facts, Owned, Sealed, Viewer};
use crate::db::commons::{Appearance, Sizes};
use crate::db::identity::account_key;
use crate::db::schema::identity::account_keys;
use crate::db::schema::vault::photos;
use crate::db::{Db, Error};
use crate::domain::{
    AccountId, ActivityId, AlternativeText, BlobId, Caption, PhotoId, PhotoState, Position,
};
use crate::seal::{AccountKey, Broken, PhotoKey};

const TABLE: &str = "vault.photos";

/// A photo, as its owner sees it.
#[derive(Clone)]
pub struct Photo {
    /// Its id.
    pub id: PhotoId,
    /// Whose it is.
    pub owner: AccountId,
    /// Of which activity.
    pub activity: ActivityId,
    /// Whether its owner chose it to stand for its activity.
    pub is_cover: bool,
    /// How far it has come.
    pub state: PhotoState,
    /// What is sealed.
    pub details: PhotoDetails,
    /// Where its file lies.
    pub original: BlobId,
    /// How long that is, in bytes.
    pub original_bytes: i64,
    /// Its pixels, once it is ready.
    pub sizes: Option<Sizes>,
    /// Counts the changes that its owner made, from 1.
    pub version: i32,
    /// When it was kept.
    pub created_at: DateTime<Utc>,
    /// When it was changed last.
    pub updated_at: DateTime<Utc>,
}

/// The sealed part of a photo.
#[derive(Clone)]
pub struct PhotoDetails {
    /// What its owner writes under it.
    pub caption: Option<Caption>,
    /// What is in it, for those who do not see it.
    pub alternative_text: Option<AlternativeText>,
    /// When it was taken.
    pub taken_at: Option<DateTime<Utc>>,
    /// What the clock of its camera showed, in a zone that may be unknown.
    pub clock: Option<NaiveDateTime>,
    /// Where it was taken, and who says so. Its owner may say that nobody shall know.
    pub position: Option<Position>,
    /// Who says so.
    pub position_source: Option<PositionSource>,
    /// SHA-256 of the file, so that a repeated upload is recognised.
    pub digest: [u8; 32],
}

/// Who says where a photo was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PositionSource {
    /// Its camera.
    Camera,
    /// The track, by the time at which it was taken.
    Track,
    /// Its owner.
    Owner,
}

#[derive(Serialize, Deserialize)]
struct StoredDetails {
    caption: Option<String>,
    alternative_text: Option<String>,
    taken_at: Option<DateTime<Utc>>,
    clock: Option<NaiveDateTime>,
    longitude: Option<f64>,
    latitude: Option<f64>,
    position_source: Option<PositionSource>,
    digest: [u8; 32],
    key: Option<Vec<u8>>,
    appearance: Option<Appearance>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = photos, check_for_backend(diesel::pg::Pg))]
pub(super) struct Row {
    account_id: Uuid,
    photo_id: Uuid,
    activity_id: Uuid,
    is_cover: bool,
    state: String,
    details: Vec<u8>,
    original: Uuid,
    original_bytes: i64,
    thumbnail: Option<Uuid>,
    medium: Option<Uuid>,
    large: Option<Uuid>,
    version: i32,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// Seals the file of photo `id`: work for a core.
pub fn seal_photo(key: &AccountKey, id: PhotoId, file: &[u8]) -> Vec<u8> {
    key.seal(TABLE, "original", id.into(), file)
}

/// Opens what [`seal_photo`] sealed: work for a core.
pub fn open_photo(key: &AccountKey, id: PhotoId, sealed: &[u8]) -> Result<Vec<u8>, Broken> {
    key.open(TABLE, "original", id.into(), sealed)
}

impl Db {
    /// One photo of the viewer's own, sealed; `None` when they have none of that id.
    pub async fn photo(&self, viewer: Viewer, id: PhotoId) -> Result<Option<Sealed<Photo>>, Error> {
        let Viewer::Member(account) = viewer else { return Ok(None) };
        let found: Option<(Row, Vec<u8>)> = photos::table
            .inner_join(account_keys::table.on(account_keys::account_id.eq(photos::account_id)))
            .filter(photos::account_id.eq(Uuid::from(account)))
            .filter(photos::photo_id.eq(Uuid::from(id)))
            .select((Row::as_select(), account_keys::wrapped))
            .first(&mut *self.conn().await?)
            .await
            .optional()?;
        let Some((row, wrapped)) = found else { return Ok(None) };
        let key = self.keyring.master.account_key(account, &wrapped)?;
        Ok(Some(seal(viewer, open(&key, &row)?)))
    }

    /// The photos of an activity, in their order.
    pub async fn photos(&self, activity: &Owned<Activity>) -> Result<Vec<Photo>, Error> {
        let conn = &mut *self.conn().await?;
        let rows: Vec<Row> = photos::table
            .filter(photos::account_id.eq(Uuid::from(activity.owner)))
            .filter(photos::activity_id.eq(Uuid::from(activity.id)))
            .order((photos::rank, photos::photo_id))
            .select(Row::as_select())
            .load(conn)
            .await?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let key = account_key(conn, &self.keyring, activity.owner).await?;
        rows.iter().map(|row| open(&key, row)).collect()
    }
}

pub(super) fn seal(viewer: Viewer, photo: Photo) -> Sealed<Photo> {
    let facts = Facts { owner: Some(photo.owner), ..Facts::default() };
    Sealed::new(viewer, facts, photo)
}

pub(super) fn seal_details(
    key: &AccountKey,
    id: PhotoId,
    details: &PhotoDetails,
    sizes: Option<&Sizes>,
) -> Result<Vec<u8>, Error> {
    let stored = StoredDetails {
        caption: details.caption.as_ref().map(|text| text.as_str().to_owned()),
        alternative_text: details.alternative_text.as_ref().map(|text| text.as_str().to_owned()),
        taken_at: details.taken_at,
        clock: details.clock,
        longitude: details.position.map(Position::longitude),
        latitude: details.position.map(Position::latitude),
        position_source: details.position_source,
        digest: details.digest,
        key: sizes.map(|sizes| sizes.key.as_bytes().to_vec()),
        appearance: sizes.map(|sizes| sizes.appearance.clone()),
    };
    let json = serde_json::to_vec(&stored).map_err(|_| Error::Corrupt("vault.photos.details"))?;
    Ok(key.seal(TABLE, "details", id.into(), &json))
}

pub(super) fn open(key: &AccountKey, row: &Row) -> Result<Photo, Error> {
    let corrupt = || Error::Corrupt("vault.photos.details");
    let json = key.open(TABLE, "details", row.photo_id, &row.details)?;
    let stored: StoredDetails = serde_json::from_slice(&json).map_err(|_| corrupt())?;
    let caption = stored.caption.as_deref().map(Caption::try_from).transpose();
    let alternative_text =
        stored.alternative_text.as_deref().map(AlternativeText::try_from).transpose();
    let position = stored.longitude.zip(stored.latitude);
    let position = position.map(|(lon, lat)| Position::new(lon, lat)).transpose();
    let blobs = (row.thumbnail, row.medium, row.large);
    let sizes = match (blobs, stored.key, stored.appearance) {
        ((Some(thumbnail), Some(medium), Some(large)), Some(key), Some(appearance)) => {
            let (key, blobs) = (PhotoKey::from_bytes(&key)?, [thumbnail, medium, large]);
            Some(Sizes { key, blobs: blobs.map(BlobId::from), appearance })
        }
        _ => None,
    };
    Ok(Photo {
        id: row.photo_id.into(),
        owner: row.account_id.into(),
        activity: row.activity_id.into(),
        is_cover: row.is_cover,
        state: PhotoState::try_from(row.state.as_str())
            .map_err(|_| Error::Corrupt("vault.photos.state"))?,
        details: PhotoDetails {
            caption: caption.map_err(|_| corrupt())?,
            alternative_text: alternative_text.map_err(|_| corrupt())?,
            taken_at: stored.taken_at,
            clock: stored.clock,
            position: position.map_err(|_| corrupt())?,
            position_source: stored.position_source,
            digest: stored.digest,
        },
        original: row.original.into(),
        original_bytes: row.original_bytes,
        sizes,
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}
