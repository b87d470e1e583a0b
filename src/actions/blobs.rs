//! The blob store held against the database, which is right.

use chrono::{DateTime, Utc};

use super::{Error, Service};
use crate::db::ops::Accounted;
use crate::domain::BlobId;
use crate::privacy::retention;

/// What was found, and done.
pub struct Reconciled {
    /// How many blobs had no row and are erased.
    pub erased: usize,
    /// How many have no row and are left, because a backup may be younger than they are.
    pub young: usize,
    /// How many have no row, are older, and are left, because there are too many to be leftovers.
    pub left: usize,
    /// Blobs that a row names and that are not there.
    pub missing: Vec<BlobId>,
}

/// So many blobs without a row are leftovers, however few others there are.
const LEFTOVERS_MIN: usize = 100;
/// And so many parts of all: more are a mistake, such as a store that is another database's.
const LEFTOVERS_PER: usize = 10;

impl Service {
    /// Erases blobs that no row names and that are older than any backup, and finds rows whose blob is not there. What
    /// is younger may have been acknowledged after the backup that the database was put back to, and a later one may
    /// know it.
    pub async fn reconcile_blobs(&self, now: DateTime<Utc>) -> Result<Reconciled, Error> {
        // Listed first: what is there by then was announced before it was put, and is named or still
        // announced when the database is asked.
        let kept = self.files.all().await?;
        let Accounted { named, announced } = self.db.accounted_blobs().await?;
        let without_row =
            kept.iter().filter(|(blob, _)| !named.contains(blob) && !announced.contains(blob));
        let (old, young): (Vec<_>, Vec<_>) =
            without_row.partition(|(_, since)| **since + retention::BACKUP <= now);
        let count = old.len();
        let is_mistake = LEFTOVERS_MIN < count && kept.len() < count * LEFTOVERS_PER;
        if !is_mistake {
            for (blob, _) in old {
                self.files.erase(*blob).await?;
            }
        }
        let (erased, left) = if is_mistake { (0, count) } else { (count, 0) };
        let mut missing: Vec<BlobId> =
            named.into_iter().filter(|blob| !kept.contains_key(blob)).collect();
        if !missing.is_empty() {
            // Put since the listing, or gone with its row: looked at one by one.
            missing = self.still_missing(missing).await?;
        }
        Ok(Reconciled { erased, young: young.len(), left, missing })
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
