//! Photos that move with the line that they were taken on, when that is split or merged.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::Activity;
use super::photo_changes::{PHOTOS_MAX, next_rank};
use super::save::SplitOff;
use crate::access::Owned;
use crate::db::Error;
use crate::db::schema::vault::photos;

/// Lets what is split off an activity have its photos, in the order that they had. What others see of them
/// goes with the rendition that they were in.
pub(super) async fn split_off(
    conn: &mut AsyncPgConnection,
    from: &Owned<Activity>,
    to: &SplitOff,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let ids: Vec<Uuid> = to.photos.iter().copied().map(Uuid::from).collect();
    let theirs = photos::table
        .filter(photos::account_id.eq(Uuid::from(from.owner)))
        .filter(photos::activity_id.eq(Uuid::from(from.id)));
    diesel::update(theirs.filter(photos::photo_id.eq_any(ids)))
        .set((
            photos::activity_id.eq(Uuid::from(to.new.0.id)),
            photos::version.eq(photos::version + 1),
            photos::updated_at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// Lets an activity have the photos of one that is merged into it, after its own. `false`, with nothing
/// done, when it would have too many.
pub(super) async fn merge(
    conn: &mut AsyncPgConnection,
    from: &Owned<Activity>,
    to: &Owned<Activity>,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let account = photos::account_id.eq(Uuid::from(to.owner));
    let both = [from.id, to.id].map(Uuid::from);
    let of_both = photos::table.filter(account).filter(photos::activity_id.eq_any(both));
    if PHOTOS_MAX < of_both.count().get_result(conn).await? {
        return Ok(false);
    }
    let after = next_rank(conn, to.owner, to.id).await?;
    let moved = photos::table.filter(account);
    diesel::update(moved.filter(photos::activity_id.eq(Uuid::from(from.id))))
        .set((
            photos::activity_id.eq(Uuid::from(to.id)),
            photos::rank.eq(photos::rank + after),
            photos::is_cover.eq(false),
            photos::version.eq(photos::version + 1),
            photos::updated_at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(true)
}
