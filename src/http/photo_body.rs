//! Photos as clients read them. Each is made from what `access` opened.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::{DateTime, NaiveDateTime, Utc};
use serde::Serialize;

use crate::access::{Owned, Visible};
use crate::db::commons::{Appearance, PublicPhoto};
use crate::db::vault::{Photo, PositionSource};
use crate::domain::{ActivityId, AlternativeText, Caption, PhotoId, PhotoState, Visibility};

/// What a photo's sizes are made by. It stands in the addresses that may be kept for good, so whatever
/// makes other pixels counts it up.
pub const REVISION: u32 = 1;

/// A photo, as its owner reads it.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Photo)]
pub struct OwnPhotoBody {
    id: PhotoId,
    activity_id: ActivityId,
    /// `waiting` until its sizes are made, then `ready`; `failed` if that cannot be done.
    state: PhotoState,
    caption: Option<String>,
    /// What is in it, for those who do not see it.
    alternative_text: Option<String>,
    /// When it was taken. Only its owner reads this.
    taken_at: Option<DateTime<Utc>>,
    /// What the clock of its camera showed, in a zone that may be unknown. Only its owner reads this.
    taken_at_local: Option<NaiveDateTime>,
    /// Where it was taken, `[longitude, latitude]`.
    position: Option<[f64; 2]>,
    /// Who says so: the camera, the track by the time, or the owner.
    position_source: Option<PositionSource>,
    /// Whether its owner chose it to stand for the activity.
    is_cover: bool,
    /// How long its file is.
    original_bytes: i64,
    #[serde(flatten)]
    looks: Option<LooksBody>,
    /// Counts its owner's changes, from 1; also its `ETag`.
    version: i32,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// A photo, as others see it.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = PublicPhoto)]
pub struct PhotoBody {
    id: PhotoId,
    activity_id: ActivityId,
    caption: Option<String>,
    /// What is in it, for those who do not see it.
    alternative_text: Option<String>,
    /// Where it was taken, `[longitude, latitude]`: outside what is hidden, beside the visible line.
    position: Option<[f64; 2]>,
    /// Whether it stands for the activity.
    is_cover: bool,
    #[serde(flatten)]
    looks: LooksBody,
}

/// How a photo looks.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = PhotoLooks)]
struct LooksBody {
    /// Its commonest colour, such as `#5a7d2e`.
    #[schema(example = "#5a7d2e")]
    colour: String,
    /// Its `ThumbHash` in base64: a blurred picture in some 25 bytes.
    placeholder: String,
    /// Its sizes, each at `/{size}.jpg` below the photo; with `?v=` and `revision` to be kept for good
    /// where it is published.
    sizes: SizesBody,
    /// Stands for the pixels.
    revision: u32,
}

/// The sizes of a photo.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = PhotoSizes)]
struct SizesBody {
    /// No side longer than 400 pixels.
    thumbnail: SidesBody,
    /// No side longer than 1,280 pixels.
    medium: SidesBody,
    /// No side longer than 2,560 pixels.
    large: SidesBody,
}

/// How large a size is, in pixels.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = PhotoSides)]
struct SidesBody {
    width: u32,
    height: u32,
}

/// A photo for whoever asks: its owner or others.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(untagged)]
pub enum AnyPhotoBody {
    /// For its owner.
    Own(Box<OwnPhotoBody>),
    /// For others.
    Public(Box<PhotoBody>),
}

/// The photos of an activity, in their order.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Photos)]
pub struct AlbumBody {
    items: Vec<AnyPhotoBody>,
    /// Always null: an activity has at most 200 photos.
    next_cursor: Option<String>,
}

/// The photos of one call.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = KeptPhotos)]
pub struct KeptPhotosBody {
    photos: Vec<OwnPhotoBody>,
}

impl From<&Photo> for OwnPhotoBody {
    fn from(photo: &Photo) -> Self {
        let details = &photo.details;
        Self {
            id: photo.id,
            activity_id: photo.activity,
            state: photo.state,
            caption: details.caption.as_ref().map(|text| text.as_str().to_owned()),
            alternative_text: details.alternative_text.as_ref().map(|it| it.as_str().to_owned()),
            taken_at: details.taken_at,
            taken_at_local: details.clock,
            position: details.position.map(|place| [place.longitude(), place.latitude()]),
            position_source: details.position_source,
            is_cover: photo.is_cover,
            original_bytes: photo.original_bytes,
            looks: photo.sizes.as_ref().map(|sizes| LooksBody::from(&sizes.appearance)),
            version: photo.version,
            created_at: photo.created_at,
            updated_at: photo.updated_at,
        }
    }
}

impl From<&Visible<(Visibility, PublicPhoto)>> for PhotoBody {
    fn from(seen: &Visible<(Visibility, PublicPhoto)>) -> Self {
        Self::of(&seen.1)
    }
}

impl PhotoBody {
    /// Of one that is judged with what it belongs to.
    pub fn of(photo: &PublicPhoto) -> Self {
        Self {
            id: photo.id,
            activity_id: photo.activity,
            caption: photo.caption.as_ref().map(Caption::as_str).map(ToOwned::to_owned),
            alternative_text: photo
                .alternative_text
                .as_ref()
                .map(AlternativeText::as_str)
                .map(ToOwned::to_owned),
            position: photo.place.map(|place| place.degrees()),
            is_cover: photo.is_cover,
            looks: LooksBody::from(&photo.sizes.appearance),
        }
    }
}

impl From<&Appearance> for LooksBody {
    fn from(appearance: &Appearance) -> Self {
        let Appearance { sides, colour: [red, green, blue], placeholder } = appearance;
        let [thumbnail, medium, large] = sides.map(|(width, height)| SidesBody { width, height });
        Self {
            colour: format!("#{red:02x}{green:02x}{blue:02x}"),
            placeholder: BASE64.encode(placeholder),
            sizes: SizesBody { thumbnail, medium, large },
            revision: REVISION,
        }
    }
}

impl AlbumBody {
    /// An owner's own.
    pub fn own(photos: &[Photo]) -> Self {
        let items = photos.iter().map(|photo| AnyPhotoBody::Own(Box::new(photo.into())));
        Self { items: items.collect(), next_cursor: None }
    }

    /// What others see.
    pub fn public(photos: &[PublicPhoto]) -> Self {
        let items = photos.iter().map(|photo| AnyPhotoBody::Public(Box::new(PhotoBody::of(photo))));
        Self { items: items.collect(), next_cursor: None }
    }
}

impl KeptPhotosBody {
    /// In the order in which they came.
    pub fn of(photos: &[Owned<Photo>]) -> Self {
        Self { photos: photos.iter().map(|photo| OwnPhotoBody::from(&**photo)).collect() }
    }
}
