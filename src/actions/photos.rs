//! Photos: keeping them, drawing them for those who look, and changing what is said of them.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{Error, Service};
use crate::access::{Owned, Sealed, Viewer};
use crate::db;
use crate::db::commons::Sizes;
use crate::db::ops::Rate;
use crate::db::vault::{
    self, Activity, Added, NewPhoto, Photo, PhotoChange, PhotoDetails, PositionSource,
    SealedOriginal, SealedTrack, Shown,
};
use crate::domain::{
    AccountId, AlternativeText, BlobId, Caption, Invalid, PhotoId, PhotoSize, Position, Visibility,
};
use crate::picture::{self, Taken, Unfit};
use crate::seal::AccountKey;
use crate::track::places::{moment_of, place_at};

/// New photos of one account: each is decoded at once and drawn soon after.
const PHOTOS: Rate = Rate { burst: 400, every: TimeDelta::seconds(3) };

/// A picture that is handed in.
pub struct Picture {
    /// The id that its photo gets.
    pub id: PhotoId,
    /// The file.
    pub file: Arc<Vec<u8>>,
    /// What its owner says about it.
    pub words: Words,
}

/// What an owner says about a picture.
#[derive(Clone, Default)]
pub struct Words {
    /// What stands under it.
    pub caption: Option<Caption>,
    /// What is in it.
    pub alternative_text: Option<AlternativeText>,
    /// Where it was taken; goes before what its camera says.
    pub position: Option<Position>,
    /// Whether nobody shall know where, whatever its camera and the track say.
    pub is_placeless: bool,
    /// When it was taken; goes before what its camera says.
    pub taken_at: Option<DateTime<Utc>>,
}

/// What became of pictures that were handed in.
pub struct KeptPhotos {
    /// In the order in which they came.
    pub photos: Vec<Owned<Photo>>,
    /// Whether any is new: repeated ones change nothing.
    pub new: bool,
}

/// What its owner changes about a photo; what is left out stays.
#[derive(Clone, Default)]
pub struct PhotoEdit {
    /// Another caption, or none any more.
    pub caption: Option<Option<Caption>>,
    /// Another alternative text, or none any more.
    pub alternative_text: Option<Option<AlternativeText>>,
    /// Another place, or that there shall be none.
    pub position: Option<Option<Position>>,
    /// Where it stands among the photos of its activity, counted from 0.
    pub order: Option<usize>,
    /// Whether it stands for its activity.
    pub is_cover: Option<bool>,
}

impl Service {
    /// Keeps pictures as photos of `activity`, all or none. Once this returns, every byte of them is on
    /// disk. A repeated call changes nothing and is answered like the first.
    pub async fn add_photos(
        &self,
        activity: &Owned<Activity>,
        pictures: Vec<Picture>,
        now: DateTime<Utc>,
    ) -> Result<KeptPhotos, Error> {
        let ids: Vec<PhotoId> = pictures.iter().map(|picture| picture.id).collect();
        if ids.iter().collect::<BTreeSet<_>>().len() < ids.len() {
            return Err(Invalid { field: "id", reason: "must not stand for two photos" }.into());
        }
        let mut examined = Vec::new();
        for picture in pictures {
            let (picture, digest) = self.digest(picture).await?;
            if !self.is_known(activity, picture.id, digest).await? {
                let account = Uuid::from(activity.owner);
                self.allow("photos", account.as_bytes(), PHOTOS, now).await?;
                examined.push(self.examine(activity, picture, digest, now).await?);
            }
        }
        let new = !examined.is_empty() && self.keep(activity, examined, now).await?;
        let mut photos = Vec::with_capacity(ids.len());
        for id in ids {
            photos.push(self.own_photo(activity.owner, id).await?.ok_or(Error::Deleted)?);
        }
        Ok(KeptPhotos { photos, new })
    }

    /// The id that stands for the picture at `index` of a call with an idempotency key.
    pub fn keyed_photo(&self, activity: &Owned<Activity>, key: &str, index: usize) -> PhotoId {
        let (account, of, index) =
            (Uuid::from(activity.owner), Uuid::from(activity.id), index.to_be_bytes());
        let parts: [&[u8]; 5] =
            [account.as_bytes(), b"photo", of.as_bytes(), &index, key.as_bytes()];
        let mac = self.db.keyring().idempotency.mac(&parts);
        let mut bits = [0; 16];
        bits.copy_from_slice(&mac[..16]);
        PhotoId::from_random_bits(bits)
    }

    /// A photo of `account`.
    pub async fn own_photo(
        &self,
        account: AccountId,
        id: PhotoId,
    ) -> Result<Option<Owned<Photo>>, Error> {
        Ok(self.db.photo(Viewer::Member(account), id).await?.and_then(Sealed::claim))
    }

    /// The file of a photo, unchanged; `None` when it was deleted meanwhile.
    pub async fn photo_file(&self, photo: &Owned<Photo>) -> Result<Option<Vec<u8>>, Error> {
        let key = self.db.account_key(photo.owner).await?;
        let (blob, id) = (photo.original, photo.id);
        let Some(sealed) = self.files.find(blob).await? else { return Ok(None) };
        let open = move || vault::open_photo(&key, id, &sealed);
        Ok(Some(self.cores.run(open).await?.map_err(db::Error::from)?))
    }

    /// The pixels of a photo in a size; `None` when they were erased meanwhile.
    pub async fn photo_pixels(
        &self,
        sizes: &Sizes,
        size: PhotoSize,
    ) -> Result<Option<Vec<u8>>, Error> {
        let (key, blob) = (sizes.key.clone(), sizes.blob(size));
        let Some(sealed) = self.files.find(blob).await? else { return Ok(None) };
        let open = move || key.open(blob, &sealed);
        Ok(Some(self.cores.run(open).await?.map_err(db::Error::from)?))
    }

    /// Changes what is said of a photo, where it was taken, or where it stands.
    pub async fn edit_photo(
        &self,
        activity: &Owned<Activity>,
        photo: &Owned<Photo>,
        edit: &PhotoEdit,
        now: DateTime<Utc>,
    ) -> Result<Owned<Photo>, Error> {
        let mut photos = self.db.photos(activity).await?;
        let before = photos.iter().position(|other| other.id == photo.id).ok_or(Error::Stale)?;
        let mut changed = photos.remove(before);
        edit.apply(&mut changed);
        if changed.is_cover {
            for other in &mut photos {
                other.is_cover = false;
            }
        }
        let (details, sizes) = (changed.details.clone(), changed.sizes.clone());
        photos.insert(edit.order.unwrap_or(before).min(photos.len()), changed);
        let order = photos.iter().map(|photo| (photo.id, photo.is_cover)).collect();
        let change = PhotoChange { photo: photo.id, details, order };
        let shown = self.shown_to_others(activity, photos).await?;
        let kept = self.db.change_photo(activity, &change, sizes.as_ref(), shown.as_ref(), now);
        if !kept.await? {
            return Err(Error::Stale);
        }
        self.own_photo(photo.owner, photo.id).await?.ok_or(Error::Stale)
    }

    /// Deletes a photo. With its answer nobody sees it any more.
    pub async fn delete_photo(
        &self,
        photo: &Owned<Photo>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let deleted = self.db.delete_photo(photo, now).await?;
        deleted.then_some(()).ok_or(Error::Stale)
    }

    /// What others get of an activity with these photos, if they get anything.
    pub(super) async fn shown_to_others(
        &self,
        activity: &Owned<Activity>,
        photos: Vec<Photo>,
    ) -> Result<Option<Shown>, Error> {
        match activity.visibility {
            Visibility::Private => Ok(None),
            Visibility::Link | Visibility::Community | Visibility::Published => {
                Ok(Some(self.shown_with(activity, activity.details.choices, photos).await?))
            }
        }
    }

    async fn digest(&self, picture: Picture) -> Result<(Picture, [u8; 32]), Error> {
        let hash = move || {
            let digest = Sha256::digest(picture.file.as_slice()).into();
            (picture, digest)
        };
        self.cores.run(hash).await
    }

    /// Whether the picture was kept by the same call before.
    async fn is_known(
        &self,
        activity: &Owned<Activity>,
        id: PhotoId,
        digest: [u8; 32],
    ) -> Result<bool, Error> {
        let Some(known) = self.own_photo(activity.owner, id).await? else { return Ok(false) };
        let same = known.activity == activity.id && known.details.digest == digest;
        same.then_some(true).ok_or(Error::Taken)
    }

    /// Looks whether a picture can be shown, and what it and the track tell of when and where it was
    /// taken.
    async fn examine(
        &self,
        activity: &Owned<Activity>,
        picture: Picture,
        digest: [u8; 32],
        now: DateTime<Utc>,
    ) -> Result<(PhotoId, Arc<Vec<u8>>, PhotoDetails), Error> {
        let track = self.db.track(activity).await?;
        let Picture { id, file, words } = picture;
        let looked_at = file.clone();
        let look = move || {
            picture::check(&looked_at)?;
            let taken = Taken::read(&looked_at, now);
            Ok::<_, Error>(details(words, taken, &track, digest)?)
        };
        // A decoder that ends in the middle has met a file that it cannot read.
        let looked = self.drawing.run(look).await;
        let details = looked.unwrap_or(Err(Unfit::Broken("cannot be decoded").into()))?;
        Ok((id, file, details))
    }

    /// `false` when another call kept them meanwhile.
    async fn keep(
        &self,
        activity: &Owned<Activity>,
        examined: Vec<(PhotoId, Arc<Vec<u8>>, PhotoDetails)>,
        now: DateTime<Utc>,
    ) -> Result<bool, Error> {
        let key = Arc::new(self.db.account_key(activity.owner).await?);
        let mut new = Vec::with_capacity(examined.len());
        for (id, file, details) in examined {
            let original = self.put_photo(&key, id, file, now).await?;
            new.push(NewPhoto { id, details, original });
        }
        // Should this fail, the outcome is unknown: files that no row names are erased in an hour.
        let added = self.db.insert_photos(activity, &key, &new, now).await?;
        if let Added::New(_) = added {
            return Ok(true);
        }
        for photo in &new {
            self.erase_original(photo.original.blob).await?;
        }
        match added {
            Added::New(_) | Added::Known => {}
            Added::NoActivity => return Err(Error::Missing),
            Added::Taken => return Err(Error::Taken),
            Added::Full(invalid) => return Err(invalid.into()),
        }
        for photo in &new {
            if !self.is_known(activity, photo.id, photo.details.digest).await? {
                return Err(Error::Deleted);
            }
        }
        Ok(false)
    }

    async fn put_photo(
        &self,
        key: &Arc<AccountKey>,
        id: PhotoId,
        file: Arc<Vec<u8>>,
        now: DateTime<Utc>,
    ) -> Result<SealedOriginal, Error> {
        let (blob, bytes) = (BlobId::random(), file.len() as u64);
        self.db.announce_blob(key.account(), blob, now).await?;
        let key = key.clone();
        let seal = move || vault::seal_photo(&key, id, &file);
        self.files.put(blob, self.cores.run(seal).await?).await?;
        Ok(SealedOriginal { blob, bytes })
    }
}

/// What is kept of a picture besides its pixels. The place is its owner's, else its camera's, else that
/// of the track at the time.
fn details(
    words: Words,
    taken: Taken,
    track: &SealedTrack,
    digest: [u8; 32],
) -> Result<PhotoDetails, db::Error> {
    let stated = words.position.map(|position| (position, PositionSource::Owner));
    let stated = stated.or(taken.position.map(|position| (position, PositionSource::Camera)));
    let mut taken_at = words.taken_at.or(taken.at);
    let mut place = stated;
    if taken_at.or(taken.clock.map(|clock| clock.and_utc())).is_some()
        && (taken_at.is_none() || place.is_none())
    {
        let track = track.open()?;
        taken_at = taken_at.or_else(|| moment_of(&track, taken.clock?));
        let on_track = || Some((place_at(&track, taken_at?)?, PositionSource::Track));
        place = place.or_else(on_track);
    }
    let (position, position_source) = match place.unzip() {
        _ if words.is_placeless => (None, Some(PositionSource::Owner)),
        place => place,
    };
    let Words { caption, alternative_text, .. } = words;
    let clock = taken.clock;
    Ok(PhotoDetails {
        caption,
        alternative_text,
        taken_at,
        clock,
        position,
        position_source,
        digest,
    })
}

impl PhotoEdit {
    fn apply(&self, photo: &mut Photo) {
        let details = &mut photo.details;
        if let Some(caption) = &self.caption {
            details.caption.clone_from(caption);
        }
        if let Some(text) = &self.alternative_text {
            details.alternative_text.clone_from(text);
        }
        if let Some(position) = self.position {
            (details.position, details.position_source) = (position, Some(PositionSource::Owner));
        }
        if let Some(is_cover) = self.is_cover {
            photo.is_cover = is_cover;
        }
    }
}
