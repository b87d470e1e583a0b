//! Exact tracks, encoded and sealed.

use std::sync::Arc;

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::access::Owned;
use crate::db::schema::identity::account_keys;
use crate::db::schema::vault::tracks;
use crate::db::{Db, Error};
use crate::domain::ActivityId;
use crate::seal::AccountKey;
use crate::track::{ExactTrack, encode};

use super::Activity;

const TABLE: &str = "vault.tracks";

/// An exact track, encoded and sealed for its row, with the key that opens it.
pub struct SealedTrack {
    key: Arc<AccountKey>,
    id: ActivityId,
    sealed: Vec<u8>,
}

impl SealedTrack {
    /// Encodes and seals the exact track of activity `id`: work for a core.
    pub fn seal(key: &Arc<AccountKey>, id: ActivityId, track: &ExactTrack) -> Self {
        let sealed = key.seal(TABLE, "track", id.into(), &encode::encode_exact(track));
        Self { key: key.clone(), id, sealed }
    }

    /// Opens and decodes it: work for a core.
    pub fn open(&self) -> Result<ExactTrack, Error> {
        let encoded = self.key.open(TABLE, "track", self.id.into(), &self.sealed)?;
        encode::decode_exact(&encoded).map_err(|_| Error::Corrupt("vault.tracks.track"))
    }
}

impl Db {
    /// The exact track, for the one who recorded it.
    pub async fn track(&self, activity: &Owned<Activity>) -> Result<SealedTrack, Error> {
        let (account, id) = (Uuid::from(activity.owner), Uuid::from(activity.id));
        let found: Option<(Vec<u8>, Vec<u8>)> = tracks::table
            .inner_join(account_keys::table.on(account_keys::account_id.eq(tracks::account_id)))
            .filter(tracks::account_id.eq(account).and(tracks::activity_id.eq(id)))
            .select((tracks::track, account_keys::wrapped))
            .first(&mut *self.conn().await?)
            .await
            .optional()?;
        let (sealed, wrapped) = found.ok_or(Error::Gone)?;
        let key = Arc::new(self.keyring.master.account_key(activity.owner, &wrapped)?);
        Ok(SealedTrack { key, id: activity.id, sealed })
    }
}

pub(super) async fn insert(conn: &mut AsyncPgConnection, track: &SealedTrack) -> Result<(), Error> {
    diesel::insert_into(tracks::table)
        .values((
            tracks::account_id.eq(Uuid::from(track.key.account())),
            tracks::activity_id.eq(Uuid::from(track.id)),
            tracks::track.eq(&track.sealed),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

pub(super) async fn replace(
    conn: &mut AsyncPgConnection,
    track: &SealedTrack,
) -> Result<(), Error> {
    diesel::update(tracks::table.find((Uuid::from(track.key.account()), Uuid::from(track.id))))
        .set(tracks::track.eq(&track.sealed))
        .execute(conn)
        .await?;
    Ok(())
}
