//! The files that activities came from: sealed, and put where their rows will say.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{Error, Service};
use crate::db::vault::{self, SealedOriginal};
use crate::domain::{ActivityId, BlobId};
use crate::seal::AccountKey;

impl Service {
    /// Puts `file` as the original of activity `id`, sealed. It is erased in an hour unless a row names
    /// it by then.
    pub(super) async fn put_original(
        &self,
        key: &Arc<AccountKey>,
        id: ActivityId,
        file: &Arc<Vec<u8>>,
        now: DateTime<Utc>,
    ) -> Result<SealedOriginal, Error> {
        let (blob, bytes) = (BlobId::random(), file.len() as u64);
        self.db.announce_blob(key.account(), blob, now).await?;
        let (key, file) = (key.clone(), file.clone());
        let seal = move || vault::seal_original(&key, id, &file);
        self.files.put(blob, self.cores.run(seal).await?).await?;
        Ok(SealedOriginal { blob, bytes })
    }

    /// Erases a file that no row will name.
    pub(super) async fn erase_original(&self, blob: BlobId) -> Result<(), Error> {
        self.files.erase(blob).await?;
        Ok(self.db.blob_is_erased(blob).await?)
    }
}
