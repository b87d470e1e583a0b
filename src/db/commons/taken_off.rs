//! Taking off a community what was shared with it, for who keeps order there.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, RunQueryDsl};
use uuid::Uuid;

use super::anonymous;
use super::communities::hold;
use super::undone::{Undone, outcome};
use crate::access::{Viewer, act};
use crate::db::schema::commons::community_activities;
use crate::db::schema::identity::accounts;
use crate::db::vault::{lock_all, settle};
use crate::db::{Db, Error};
use crate::domain::{ActivityId, CommunityId};

impl Db {
    /// Takes an activity off a community, whosever it is, or nobody's any more. What nobody sees then is
    /// gone, if it is nobody's; else its owner keeps it. Whether it was there is not told: who keeps order may
    /// not see it, because its owner is apart from them, restricts it, or is about to leave.
    pub async fn take_off(
        &self,
        viewer: Viewer,
        community: CommunityId,
        activity: ActivityId,
        now: DateTime<Utc>,
    ) -> Result<Result<(), Undone>, Error> {
        let conn = &mut *self.conn().await?;
        let taken = conn
            .transaction(async |conn| {
                let may = hold(conn, viewer, community).await?.may::<act::TakeOff>()?;
                let key = (Uuid::from(may.community()), Uuid::from(activity));
                let shared = community_activities::table.find(key);
                let author: Option<Option<Uuid>> =
                    shared.select(community_activities::author_id).first(conn).await.optional()?;
                let Some(author) = author else { return Ok(()) };
                let of = author.map(|author| (author, Uuid::from(activity)));
                let of = of.into_iter().collect();
                // So that no change of zones comes between.
                accounts::table
                    .filter(accounts::account_id.nullable().eq(author))
                    .select(accounts::account_id)
                    .for_share()
                    .execute(conn)
                    .await?;
                lock_all(conn, &of).await?;
                if diesel::delete(shared).execute(conn).await? == 0 {
                    return Ok(());
                }
                settle(conn, &of, now).await?;
                if author.is_none() {
                    anonymous::settle(conn, &self.keyring, vec![activity], now).await?;
                }
                Ok(())
            })
            .await;
        outcome(taken)
    }
}
