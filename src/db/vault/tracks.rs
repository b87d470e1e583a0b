//! Exact tracks, encoded and sealed.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::access::Owned;
use crate::db::schema::identity::account_keys;
use crate::db::schema::vault::tracks;
use crate::db::{Db, Error};
use crate::domain::{AccountId, ActivityId};
use crate::seal::AccountKey;
use crate::track::{ExactTrack, encode};

use super::Activity;

const TABLE: &str = "vault.tracks";

/// An exact track, encoded and sealed for its row.
pub struct SealedTrack(Vec<u8>);

/// Encodes and seals the exact track of activity `id`.
pub fn seal_track(key: &AccountKey, id: ActivityId, track: &ExactTrack) -> SealedTrack {
    SealedTrack(key.seal(TABLE, "track", id.into(), &encode::encode_exact(track)))
}

impl Db {
    /// The exact track, for the one who recorded it.
    pub async fn track(&self, activity: &Owned<Activity>) -> Result<ExactTrack, Error> {
        let (account, id) = (Uuid::from(activity.owner), Uuid::from(activity.id));
        let (sealed, wrapped): (Vec<u8>, Vec<u8>) = tracks::table
            .inner_join(account_keys::table.on(account_keys::account_id.eq(tracks::account_id)))
            .filter(tracks::account_id.eq(account).and(tracks::activity_id.eq(id)))
            .select((tracks::track, account_keys::wrapped))
            .first(&mut *self.conn().await?)
            .await?;
        let key = self.keyring.master.account_key(activity.owner, &wrapped)?;
        let encoded = key.open(TABLE, "track", id, &sealed)?;
        encode::decode_exact(&encoded).map_err(|_| Error::Corrupt("vault.tracks.track"))
    }
}

pub(super) async fn insert(
    conn: &mut AsyncPgConnection,
    account: AccountId,
    id: ActivityId,
    track: &SealedTrack,
) -> Result<(), Error> {
    diesel::insert_into(tracks::table)
        .values((
            tracks::account_id.eq(Uuid::from(account)),
            tracks::activity_id.eq(Uuid::from(id)),
            tracks::track.eq(&track.0),
        ))
        .execute(conn)
        .await?;
    Ok(())
}
