//! Drawing photos in the sizes that they are looked at in.

use chrono::{DateTime, Utc};

use super::{Error, Service, TURNS_MAX};
use crate::access::Owned;
use crate::db;
use crate::db::commons::{Appearance, Sizes};
use crate::db::vault::{self, Photo, PhotoDrawn};
use crate::domain::{AccountId, BlobId, PhotoId, PhotoState};
use crate::picture::{self, Renditions, Unfit};
use crate::seal::PhotoKey;

impl Service {
    /// Draws a photo in each size, unless that was done or it is gone.
    pub async fn draw_photo(
        &self,
        account: AccountId,
        id: PhotoId,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let Some(photo) = self.own_photo(account, id).await? else { return Ok(()) };
        if photo.state != PhotoState::Waiting {
            return Ok(());
        }
        let drawn = match self.drawn(&photo).await? {
            Ok(renditions) => {
                PhotoDrawn::Ready(self.put_sizes(Some(account), renditions, now).await?)
            }
            Err(_) => PhotoDrawn::Failed,
        };
        // Not `retried`: what a job waits for has to be `Send`, which cannot be said of its closures.
        for _ in 0..TURNS_MAX {
            // What there is now: somebody may have changed it while it was drawn.
            let Some(photo) = self.own_photo(account, id).await? else { return Ok(()) };
            let Some(activity) = self.owned(account, photo.activity).await? else { return Ok(()) };
            let mut photos = self.db.photos(&activity).await?;
            if let PhotoDrawn::Ready(sizes) = &drawn
                && let Some(photo) = photos.iter_mut().find(|photo| photo.id == id)
            {
                photo.sizes = Some(sizes.clone());
            }
            let shown = self.shown_to_others(&activity, photos).await?;
            if self.db.keep_drawn(&activity, &photo, &drawn, shown.as_ref()).await? {
                return Ok(());
            }
        }
        Err(Error::Stale)
    }

    async fn drawn(&self, photo: &Owned<Photo>) -> Result<Result<Renditions, Unfit>, Error> {
        let key = self.db.account_key(photo.owner).await?;
        let (sealed, id) = (self.files.get(photo.original).await?, photo.id);
        let draw = move || {
            let file = vault::open_photo(&key, id, &sealed).map_err(db::Error::from)?;
            drop(sealed);
            Ok::<_, Error>(picture::render(&file))
        };
        let drawn = self.drawing.run(draw).await;
        drawn.unwrap_or(Ok(Err(Unfit::Broken("cannot be decoded"))))
    }

    /// Puts each size, sealed with a key of the photo's own. They are erased in an hour unless a row names
    /// them by then.
    pub(super) async fn put_sizes(
        &self,
        account: Option<AccountId>,
        renditions: Renditions,
        now: DateTime<Utc>,
    ) -> Result<Sizes, Error> {
        let Renditions { jpegs, colour, placeholder } = renditions;
        let (key, blobs) = (PhotoKey::random(), [(); 3].map(|()| BlobId::random()));
        let sides = [0, 1, 2].map(|index: usize| (jpegs[index].width, jpegs[index].height));
        for (blob, jpeg) in blobs.into_iter().zip(jpegs) {
            self.db.announce_blob(account, blob, now).await?;
            let key = key.clone();
            let sealed = self.cores.run(move || key.seal(blob, &jpeg.bytes)).await?;
            self.files.put(blob, sealed).await?;
        }
        Ok(Sizes { key, blobs, appearance: Appearance { sides, colour, placeholder } })
    }
}
