//! Who is in which community.

use diesel::dsl::exists;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::access::Owned;
use crate::db::schema::commons::{community_activities, memberships};
use crate::db::vault::Activity;
use crate::db::{Db, Error};
use crate::domain::{AccountId, CommunityId};

impl Db {
    /// Whether an account is in a community.
    pub async fn is_member(
        &self,
        account: AccountId,
        community: CommunityId,
    ) -> Result<bool, Error> {
        let membership = memberships::table.find((Uuid::from(community), Uuid::from(account)));
        let found = diesel::select(exists(membership));
        Ok(found.get_result(&mut *self.conn().await?).await?)
    }

    /// The communities that an activity is shared with.
    pub async fn communities_of(
        &self,
        activity: &Owned<Activity>,
    ) -> Result<Vec<CommunityId>, Error> {
        let ids: Vec<Uuid> = community_activities::table
            .filter(community_activities::activity_id.eq(Uuid::from(activity.id)))
            .order(community_activities::community_id)
            .select(community_activities::community_id)
            .load(&mut *self.conn().await?)
            .await?;
        Ok(ids.into_iter().map(CommunityId::from).collect())
    }
}
