//! The blob store: sealed files under random keys that are never written twice.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload};
use uuid::Uuid;

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
    #[error("OPENTRACKS_BLOBS must be a file:// URL")]
    Unsupported,
}

impl Files {
    /// The store that `url` names.
    pub fn open(url: &url::Url) -> Result<Self, Error> {
        match url.scheme() {
            "file" => Self::in_folder(&url.to_file_path().map_err(|()| Error::Unsupported)?),
            _ => Err(Error::Unsupported),
        }
    }

    /// A folder. What was put is on disk when `put` returns: written under another name, flushed,
    /// renamed, the folder flushed.
    pub fn in_folder(folder: &Path) -> Result<Self, Error> {
        super::make_private_folder(folder)?;
        let store = LocalFileSystem::new_with_prefix(folder)?.with_fsync(true);
        Ok(Self { store: Arc::new(store.with_automatic_cleanup(true)) })
    }

    /// Keeps `content` under a new random key, and returns the key.
    pub async fn put(&self, content: Vec<u8>) -> Result<String, Error> {
        let id = Uuid::new_v4().simple().to_string();
        // Folders with a few thousand files each stay quick to list.
        let key = format!("{}/{}", &id[..2], &id[2..]);
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        let payload = PutPayload::from(Bytes::from(content));
        self.store.put_opts(&Key::from(key.as_str()), payload, options).await?;
        Ok(key)
    }

    /// What is kept under `key`.
    pub async fn get(&self, key: &str) -> Result<Bytes, Error> {
        Ok(self.store.get(&Key::from(key)).await?.bytes().await?)
    }

    /// Erases what is kept under `key`, if anything is.
    pub async fn erase(&self, key: &str) -> Result<(), Error> {
        match self.store.delete(&Key::from(key)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
