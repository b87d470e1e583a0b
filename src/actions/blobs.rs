//! The blob store held against the database, which is right.

use super::{Error, Service};
use crate::db::ops::Accounted;
use crate::domain::BlobId;

/// What was found, and done.
pub struct Reconciled {
    /// How many blobs had no row and are erased.
    pub erased: usize,
    /// How many have no row and are left, because there are too many to be leftovers.
    pub left: usize,
    /// Blobs that a row names and that are not there.
    pub missing: Vec<BlobId>,
}

/// So many blobs without a row are leftovers, however few others there are.
const LEFTOVERS_MIN: usize = 100;
/// And so many parts of all: more are a mistake, such as a database that was put back to what it was.
const LEFTOVERS_PER: usize = 10;

impl Service {
    /// Erases blobs that no row names, and finds rows whose blob is not there.
    pub async fn reconcile_blobs(&self) -> Result<Reconciled, Error> {
        // Listed first: what is there by then was announced before it was put, and is named or still
        // announced when the database is asked.
        let kept = self.files.all().await?;
        let Accounted { named, announced } = self.db.accounted_blobs().await?;
        let without_row =
            kept.iter().filter(|blob| !named.contains(blob) && !announced.contains(blob));
        let without_row: Vec<BlobId> = without_row.copied().collect();
        let count = without_row.len();
        let is_mistake = LEFTOVERS_MIN < count && kept.len() < count * LEFTOVERS_PER;
        if !is_mistake {
            for blob in without_row {
                self.files.erase(blob).await?;
            }
        }
        let (erased, left) = if is_mistake { (0, count) } else { (count, 0) };
        let mut missing: Vec<BlobId> = named.difference(&kept).copied().collect();
        if !missing.is_empty() {
            // Put since the listing, or gone with its row: looked at one by one.
            missing = self.still_missing(missing).await?;
        }
        Ok(Reconciled { erased, left, missing })
    }

    async fn still_missing(&self, suspects: Vec<BlobId>) -> Result<Vec<BlobId>, Error> {
        let mut missing = Vec::new();
        for blob in suspects {
            if !self.files.has(blob).await? {
                missing.push(blob);
            }
        }
        let Accounted { named, .. } = self.db.accounted_blobs().await?;
        missing.retain(|blob| named.contains(blob));
        Ok(missing)
    }
}
