//! Deleting an activity, and holding on to those that are changed together.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::{Activity, audience, originals, photo_blobs};
use crate::access::Owned;
use crate::db::commons;
use crate::db::ops::blobs;
use crate::db::schema::vault::activities;
use crate::db::{Db, Error};
use crate::seal::Keyring;

impl Db {
    /// Deletes an activity, what was made of it, and by a job its file. `false`, with nothing done,
    /// when it was changed or deleted meanwhile.
    pub async fn delete_activity(
        &self,
        activity: &Owned<Activity>,
        now: DateTime<Utc>,
    ) -> Result<bool, Error> {
        let conn = &mut *self.conn().await?;
        conn.transaction(async |conn| {
            // Locked first: a publish that is under way is over then, and what it made is seen.
            if !lock(conn, &[activity]).await? {
                return Ok(false);
            }
            delete(conn, &self.keyring, activity, now).await?;
            Ok(true)
        })
        .await
    }
}

/// Deletes an activity inside a transaction of the caller's.
pub(super) async fn delete(
    conn: &mut AsyncPgConnection,
    keyring: &Keyring,
    activity: &Owned<Activity>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    audience::forget(conn, activity).await?;
    commons::erase_reviews(conn, &[activity.id.into()]).await?;
    commons::withdraw(conn, activity.id).await?;
    photo_blobs::delete_all(conn, keyring, activity, now).await?;
    let blob = originals::delete(conn, activity.owner, activity.id).await?;
    let row = activities::table.find((Uuid::from(activity.owner), Uuid::from(activity.id)));
    diesel::delete(row).execute(conn).await?;
    match blob {
        Some(blob) => blobs::erase(conn, keyring, activity.owner, blob, now).await,
        None => Ok(()),
    }
}

/// Locks the rows of `locked` until the transaction ends, in the order of their ids so that two
/// changes never wait for each other. `false` when one was changed or deleted meanwhile, or one of its
/// photos was.
pub(super) async fn lock(
    conn: &mut AsyncPgConnection,
    locked: &[&Owned<Activity>],
) -> Result<bool, Error> {
    let Some(first) = locked.first() else { return Ok(true) };
    let ids: Vec<Uuid> = locked.iter().map(|activity| activity.id.into()).collect();
    let versions: Vec<(Uuid, i32, i32)> = activities::table
        .filter(activities::account_id.eq(Uuid::from(first.owner)))
        .filter(activities::activity_id.eq_any(ids))
        .order(activities::activity_id)
        .select((activities::activity_id, activities::version, activities::photos_version))
        .for_update()
        .load(conn)
        .await?;
    let stands = |activity: &&Owned<Activity>| {
        versions.contains(&(Uuid::from(activity.id), activity.version, activity.photos_version))
    };
    Ok(locked.iter().all(stands))
}
