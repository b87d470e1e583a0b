//! Photos as others see them: stored with the rendition of their activity, and gone with it.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::renditions::{By, Found, Rendition, seen_by};
use super::shared::Shared;
use crate::access::{Facts, Owned, Sealed, Viewer, Visible};
use crate::db::ops::blobs;
use crate::db::schema::commons::{members, photos, renditions};
use crate::db::vault::{Activity, Photo};
use crate::db::{Commons, Db, Error};
use crate::domain::{ActivityId, AlternativeText, BlobId, Caption, PhotoId, PhotoSize, Visibility};
use crate::seal::{Keyring, PhotoKey};
use crate::track::PublicPlace;

/// How many sizes there are of a photo.
pub const SIZES: usize = PhotoSize::ALL.len();

/// What others see of a photo. When it was taken is not among it.
pub struct PublicPhoto {
    /// Its id.
    pub id: PhotoId,
    /// Of which activity.
    pub activity: ActivityId,
    /// Whether it stands for its activity.
    pub is_cover: bool,
    /// What its author writes under it.
    pub caption: Option<Caption>,
    /// What is in it, for those who do not see it.
    pub alternative_text: Option<AlternativeText>,
    /// Where it was taken, outside what is hidden.
    pub place: Option<PublicPlace>,
    /// Its pixels.
    pub sizes: Sizes,
}

/// The photos of a rendition in their order, with what that is seen by. They are judged together.
pub type Album = (Visibility, Vec<PublicPhoto>);

/// The pixels of a photo, in each size.
#[derive(Clone)]
pub struct Sizes {
    /// Opens them.
    pub key: PhotoKey,
    /// Where they lie, in the order of [`PhotoSize::ALL`].
    pub blobs: [BlobId; SIZES],
    /// How they look.
    pub appearance: Appearance,
}

/// How a photo looks, for who has not loaded it yet.
#[derive(Clone, Serialize, Deserialize)]
pub struct Appearance {
    /// Width and height in pixels, in the order of [`PhotoSize::ALL`].
    pub sides: [(u32, u32); SIZES],
    /// Its commonest colour: red, green and blue.
    pub colour: [u8; 3],
    /// Its `ThumbHash`.
    pub placeholder: Vec<u8>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = photos, check_for_backend(diesel::pg::Pg))]
struct Row {
    photo_id: Uuid,
    activity_id: Uuid,
    is_cover: bool,
    caption: Option<String>,
    alternative_text: Option<String>,
    place: Option<serde_json::Value>,
    appearance: serde_json::Value,
    key: Vec<u8>,
    thumbnail: Uuid,
    medium: Uuid,
    large: Uuid,
}

impl Sizes {
    /// Where a size lies.
    pub fn blob(&self, size: PhotoSize) -> BlobId {
        self.blobs[size as usize]
    }
}

impl PublicPhoto {
    /// A photo whose author has left: new to everybody, and pixels alone.
    pub(super) fn nobodys(id: PhotoId, activity: ActivityId, is_cover: bool, sizes: Sizes) -> Self {
        Self { id, activity, is_cover, caption: None, alternative_text: None, place: None, sizes }
    }

    /// The photos that can be looked at, in their order, each with what may be told of its place. One
    /// of them stands for the activity: that which its owner chose, else the first.
    pub fn album(all: &[Photo], places: &[Option<PublicPlace>]) -> Vec<Self> {
        let public = |(photo, place): (&Photo, &Option<PublicPlace>)| {
            Some(Self {
                id: photo.id,
                activity: photo.activity,
                is_cover: photo.is_cover,
                caption: photo.details.caption.clone(),
                alternative_text: photo.details.alternative_text.clone(),
                place: *place,
                sizes: photo.sizes.clone()?,
            })
        };
        let mut album: Vec<Self> = all.iter().zip(places).filter_map(public).collect();
        let cover = album.iter().position(|photo| photo.is_cover).unwrap_or(0);
        for (index, photo) in album.iter_mut().enumerate() {
            photo.is_cover = index == cover;
        }
        album
    }
}

impl Commons {
    /// The photos of a rendition, sealed; `None` when there is no rendition.
    pub async fn album(
        &self,
        viewer: Viewer,
        activity: ActivityId,
        now: DateTime<Utc>,
    ) -> Result<Option<Sealed<Album>>, Error> {
        let conn = &mut *self.conn().await?;
        // Of one moment: what is judged is what was read.
        conn.build_transaction()
            .repeatable_read()
            .run(async |conn| {
                let found: Option<Found> = renditions::table
                    .left_join(members::table)
                    .filter(renditions::activity_id.eq(Uuid::from(activity)))
                    .select(seen_by(viewer.member().map(Uuid::from)))
                    .first(conn)
                    .await
                    .optional()?;
                let Some(found) = found else { return Ok(None) };
                let (facts, rendition) = found.judged(By::Id, now)?;
                let album = (rendition.visibility, load(conn, activity).await?);
                Ok(Some(Sealed::new(viewer, facts, album)))
            })
            .await
    }

    /// The photos of a rendition that is open, as they are now.
    pub async fn photos_of<T>(
        &self,
        seen: &Visible<(Rendition, T)>,
    ) -> Result<Vec<PublicPhoto>, Error> {
        load(&mut *self.conn().await?, seen.0.id).await
    }

    /// A photo with what it is seen by, sealed; `None` when there is none.
    pub async fn photo(
        &self,
        viewer: Viewer,
        id: PhotoId,
        now: DateTime<Utc>,
    ) -> Result<Option<Sealed<(Visibility, PublicPhoto)>>, Error> {
        let found: Option<(Found, Row)> = photos::table
            .inner_join(renditions::table)
            .left_join(members::table.on(renditions::author_id.eq(members::member_id.nullable())))
            .filter(photos::photo_id.eq(Uuid::from(id)))
            .select((seen_by(viewer.member().map(Uuid::from)), Row::as_select()))
            .first(&mut *self.conn().await?)
            .await
            .optional()?;
        let Some((found, row)) = found else { return Ok(None) };
        let (facts, rendition) = found.judged(By::Id, now)?;
        Ok(Some(Sealed::new(viewer, facts, (rendition.visibility, open(row)?))))
    }
}

impl Db {
    /// The photos that an audience would see of `activity`, as they would see them.
    pub fn preview_photos(activity: &Owned<Activity>, shared: Shared) -> Sealed<Vec<PublicPhoto>> {
        let facts = Facts { owner: Some(activity.owner), ..Facts::default() };
        Sealed::new(Viewer::Member(activity.owner), facts, shared.into_photos())
    }
}

async fn load(
    conn: &mut AsyncPgConnection,
    activity: ActivityId,
) -> Result<Vec<PublicPhoto>, Error> {
    let rows: Vec<Row> = photos::table
        .filter(photos::activity_id.eq(Uuid::from(activity)))
        .order((photos::rank, photos::photo_id))
        .select(Row::as_select())
        .load(conn)
        .await?;
    rows.into_iter().map(open).collect()
}

/// Puts these in the place of the photos that others see of an activity, where they see it now.
pub(in crate::db) async fn show_photos(
    conn: &mut AsyncPgConnection,
    activity: ActivityId,
    shown: &[PublicPhoto],
) -> Result<(), Error> {
    let of = photos::activity_id.eq(Uuid::from(activity));
    diesel::delete(photos::table.filter(of)).execute(conn).await?;
    let rendition: Option<Uuid> = renditions::table
        .find(Uuid::from(activity))
        .select(renditions::activity_id)
        .for_key_share()
        .first(conn)
        .await
        .optional()?;
    // Without one its zones are being applied: its photos come with it.
    if rendition.is_none() {
        return Ok(());
    }
    insert(conn, activity, shown).await
}

/// Stores what others see of the photos of a rendition that has none yet.
pub(super) async fn insert(
    conn: &mut AsyncPgConnection,
    activity: ActivityId,
    shown: &[PublicPhoto],
) -> Result<(), Error> {
    let corrupt = |_| Error::Corrupt("commons.photos");
    for (rank, photo) in (0_i32..).zip(shown) {
        let [thumbnail, medium, large] = photo.sizes.blobs.map(Uuid::from);
        let place = photo.place.map(serde_json::to_value).transpose().map_err(corrupt)?;
        diesel::insert_into(photos::table)
            .values((
                photos::photo_id.eq(Uuid::from(photo.id)),
                photos::activity_id.eq(Uuid::from(activity)),
                photos::rank.eq(rank),
                photos::is_cover.eq(photo.is_cover),
                photos::caption.eq(photo.caption.as_ref().map(Caption::as_str)),
                photos::alternative_text
                    .eq(photo.alternative_text.as_ref().map(AlternativeText::as_str)),
                photos::place.eq(place),
                photos::appearance
                    .eq(serde_json::to_value(&photo.sizes.appearance).map_err(corrupt)?),
                photos::key.eq(photo.sizes.key.as_bytes()),
                photos::thumbnail.eq(thumbnail),
                photos::medium.eq(medium),
                photos::large.eq(large),
            ))
            .execute(conn)
            .await?;
    }
    Ok(())
}

/// Calls for the erasure of the pixels of a work that is nobody's and about to be gone.
pub(super) async fn erase_files(
    conn: &mut AsyncPgConnection,
    keyring: &Keyring,
    work: ActivityId,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    for photo in load(conn, work).await? {
        for blob in photo.sizes.blobs {
            blobs::erase_orphan(conn, keyring, blob, now).await?;
        }
    }
    Ok(())
}

/// Removes what others see of a photo.
pub(in crate::db) async fn withdraw_photo(
    conn: &mut AsyncPgConnection,
    id: PhotoId,
) -> Result<(), Error> {
    diesel::delete(photos::table.find(Uuid::from(id))).execute(conn).await?;
    Ok(())
}

fn open(row: Row) -> Result<PublicPhoto, Error> {
    let corrupt = |column| move |_| Error::Corrupt(column);
    let caption = row.caption.as_deref().map(Caption::try_from).transpose();
    let alternative_text =
        row.alternative_text.as_deref().map(AlternativeText::try_from).transpose();
    let place = row.place.map(serde_json::from_value).transpose();
    let appearance = serde_json::from_value(row.appearance);
    Ok(PublicPhoto {
        id: row.photo_id.into(),
        activity: row.activity_id.into(),
        is_cover: row.is_cover,
        caption: caption.map_err(corrupt("commons.photos.caption"))?,
        alternative_text: alternative_text
            .map_err(|_| Error::Corrupt("commons.photos.alternative_text"))?,
        place: place.map_err(|_| Error::Corrupt("commons.photos.place"))?,
        sizes: Sizes {
            key: PhotoKey::from_bytes(&row.key)?,
            blobs: [row.thumbnail, row.medium, row.large].map(BlobId::from),
            appearance: appearance.map_err(|_| Error::Corrupt("commons.photos.appearance"))?,
        },
    })
}
