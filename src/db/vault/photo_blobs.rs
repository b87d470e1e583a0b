//! Deleting photos: no blob is left without its row.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::photo_changes::count_up;
use super::{Activity, Photo};
use crate::access::Owned;
use crate::db::commons;
use crate::db::ops::blobs;
use crate::db::schema::vault::photos;
use crate::db::{Db, Error};
use crate::domain::{AccountId, BlobId};
use crate::seal::Keyring;

impl Db {
    /// Deletes a photo, what others see of it, and by jobs its blobs. `false` when it is gone.
    pub async fn delete_photo(
        &self,
        photo: &Owned<Photo>,
        now: DateTime<Utc>,
    ) -> Result<bool, Error> {
        let conn = &mut *self.conn().await?;
        let (account, id) = (photo.owner, photo.id);
        conn.transaction(async |conn| {
            // Locked first, as by whoever shows the activity's photos to others.
            if !count_up(conn, account, photo.activity).await? {
                return Ok(false);
            }
            commons::withdraw_photo(conn, id).await?;
            // One that was moved to another activity meanwhile is a photo of that.
            let row = photos::table
                .find((Uuid::from(account), Uuid::from(id)))
                .filter(photos::activity_id.eq(Uuid::from(photo.activity)));
            let gone: Option<Blobs> =
                diesel::delete(row).returning(BLOBS).get_result(conn).await.optional()?;
            let Some(gone) = gone else { return Ok(false) };
            erase(conn, &self.keyring, account, vec![gone], now).await?;
            Ok(true)
        })
        .await
    }
}

/// The blobs of a photo.
type Blobs = (Uuid, Option<Uuid>, Option<Uuid>, Option<Uuid>);

const BLOBS: (photos::original, photos::thumbnail, photos::medium, photos::large) =
    (photos::original, photos::thumbnail, photos::medium, photos::large);

fn flatten(rows: Vec<Blobs>) -> Vec<BlobId> {
    let blobs = rows.into_iter().flat_map(|(original, thumbnail, medium, large)| {
        [Some(original), thumbnail, medium, large].into_iter().flatten()
    });
    blobs.map(BlobId::from).collect()
}

/// Deletes the photos of an activity that is being deleted. What others see of them goes with its
/// rendition.
pub(super) async fn delete_all(
    conn: &mut AsyncPgConnection,
    keyring: &Keyring,
    activity: &Owned<Activity>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let gone: Vec<Blobs> = diesel::delete(photos::table)
        .filter(photos::account_id.eq(Uuid::from(activity.owner)))
        .filter(photos::activity_id.eq(Uuid::from(activity.id)))
        .returning(BLOBS)
        .get_results(conn)
        .await?;
    erase(conn, keyring, activity.owner, gone, now).await
}

async fn erase(
    conn: &mut AsyncPgConnection,
    keyring: &Keyring,
    account: AccountId,
    gone: Vec<Blobs>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    for blob in flatten(gone) {
        blobs::erase(conn, keyring, account, blob, now).await?;
    }
    Ok(())
}
