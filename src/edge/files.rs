//! The blob store: sealed files under random keys that are never written twice.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::TryStreamExt;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::prefix::PrefixStore;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload};
use url::Url;
use uuid::Uuid;

use crate::domain::{BlobId, ErasureId};

/// Where sealed files are kept.
#[derive(Clone, Debug)]
pub struct Files {
    store: Arc<dyn ObjectStore>,
}

/// Why a blob could not be kept, read or erased.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store failed.
    #[error("the blob store failed")]
    Store(#[from] object_store::Error),
    /// The folder cannot be made.
    #[error("the folder for blobs cannot be made: {0}")]
    Folder(#[from] std::io::Error),
    /// The address is of a kind that is not supported.
    #[error("OPENTRACKS_BLOBS must be a file:// or s3:// URL")]
    Unsupported,
}

impl Error {
    /// Whether there is nothing of that name.
    pub const fn is_missing(&self) -> bool {
        matches!(self, Self::Store(object_store::Error::NotFound { .. }))
    }
}

impl Files {
    /// The store that `url` names; `s3` says how an S3 server is reached, as `AWS_…` variables do.
    pub fn open<'a>(
        url: &Url,
        s3: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, Error> {
        match url.scheme() {
            "file" => Self::in_folder(&url.to_file_path().map_err(|()| Error::Unsupported)?),
            "s3" => Self::in_bucket(url, s3),
            _ => Err(Error::Unsupported),
        }
    }

    /// A bucket, and what stands before every key there. What was put is kept by the server when
    /// `put` returns.
    fn in_bucket<'a>(
        url: &Url,
        settings: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, Error> {
        let known = |(name, value): (&str, &'a str)| {
            let name = name.to_ascii_lowercase().parse::<AmazonS3ConfigKey>();
            Some((name.ok()?, value))
        };
        let mut builder = AmazonS3Builder::new().with_url(url.as_str());
        for (name, value) in settings.into_iter().filter_map(known) {
            builder = builder.with_config(name, value);
        }
        let prefix = Key::parse(url.path()).map_err(object_store::Error::from)?;
        Ok(Self { store: Arc::new(PrefixStore::new(builder.build()?, prefix)) })
    }

    /// A folder. What was put is on disk when `put` returns: written under another name, flushed,
    /// renamed, the folder flushed.
    pub fn in_folder(folder: &Path) -> Result<Self, Error> {
        super::make_private_folder(folder)?;
        let store = LocalFileSystem::new_with_prefix(folder)?.with_fsync(true);
        Ok(Self { store: Arc::new(store.with_automatic_cleanup(true)) })
    }

    /// Keeps `content` as `blob`, for good: what was put before is never written over.
    pub async fn put(&self, blob: BlobId, content: Vec<u8>) -> Result<(), Error> {
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        let payload = PutPayload::from(Bytes::from(content));
        self.store.put_opts(&key(blob), payload, options).await?;
        Ok(())
    }

    /// What is kept as `blob`.
    pub async fn get(&self, blob: BlobId) -> Result<Bytes, Error> {
        Ok(self.store.get(&key(blob)).await?.bytes().await?)
    }

    /// The same; `None` when nothing is kept there, perhaps not any more.
    pub async fn find(&self, blob: BlobId) -> Result<Option<Bytes>, Error> {
        match self.get(blob).await {
            Ok(content) => Ok(Some(content)),
            Err(Error::Store(object_store::Error::NotFound { .. })) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether anything is kept as `blob`.
    pub async fn has(&self, blob: BlobId) -> Result<bool, Error> {
        match self.store.head(&key(blob)).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Everything that is kept, and since when, in no order. What bears no name of ours is passed over.
    pub async fn all(&self) -> Result<HashMap<BlobId, DateTime<Utc>>, Error> {
        let mut listed = self.store.list(None);
        let mut blobs = HashMap::new();
        while let Some(object) = listed.try_next().await? {
            blobs.extend(named(&object.location).map(|blob| (blob, object.last_modified)));
        }
        Ok(blobs)
    }

    /// Erases what is kept as `blob`, if anything is.
    pub async fn erase(&self, blob: BlobId) -> Result<(), Error> {
        self.delete(&key(blob)).await
    }
}

/// Where the ledger of erasures is noted, beside the blobs: it has to survive the database, whose backup does
/// not know what was erased since.
const NOTES: &str = "erasures";

/// Notes of erasures: small, sealed, written over when what they say changes.
impl Files {
    /// Keeps what is to be known of an erasure, in place of what was.
    pub async fn put_note(&self, of: ErasureId, content: Vec<u8>) -> Result<(), Error> {
        self.store.put(&note(of), PutPayload::from(Bytes::from(content))).await?;
        Ok(())
    }

    /// What is known of an erasure.
    pub async fn note(&self, of: ErasureId) -> Result<Bytes, Error> {
        Ok(self.store.get(&note(of)).await?.bytes().await?)
    }

    /// Every erasure of which something is known.
    pub async fn notes(&self) -> Result<Vec<ErasureId>, Error> {
        let folder = Key::from(NOTES);
        let found: Vec<_> = self.store.list(Some(&folder)).try_collect().await?;
        let id = |key: &Key| Uuid::try_parse(key.filename()?).ok().map(ErasureId::from);
        Ok(found.iter().filter_map(|object| id(&object.location)).collect())
    }

    /// Forgets what is known of an erasure.
    pub async fn erase_note(&self, of: ErasureId) -> Result<(), Error> {
        self.delete(&note(of)).await
    }

    async fn delete(&self, key: &Key) -> Result<(), Error> {
        match self.store.delete(key).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

fn note(of: ErasureId) -> Key {
    Key::from(format!("{NOTES}/{}", Uuid::from(of).simple()))
}

/// Folders with a few thousand files each stay quick to list.
fn key(blob: BlobId) -> Key {
    let id = Uuid::from(blob).simple().to_string();
    Key::from(format!("{}/{}", &id[..2], &id[2..]))
}

/// The blob that lies under a key of ours.
fn named(key: &Key) -> Option<BlobId> {
    let [folder, rest] = key.as_ref().split('/').collect::<Vec<_>>().try_into().ok()?;
    let id: [&str; 2] = [folder, rest];
    Uuid::try_parse(&id.concat()).ok().map(BlobId::from)
}
