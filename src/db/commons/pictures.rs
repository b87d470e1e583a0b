//! Pictures of members and communities, each beside what it is the picture of.

use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::Member;
use super::communities::{Community, find, hold};
use super::undone::{Undone, outcome};
use crate::access::{Refusal, Viewer, Visible, act};
use crate::db::identity::hold_account;
use crate::db::schema::commons::{community_pictures, member_pictures};
use crate::db::{Commons, Db, Error};
use crate::domain::{AccountId, CommunityId};

impl Commons {
    /// The picture of a member whom the viewer sees.
    pub async fn picture_of(&self, member: &Visible<Member>) -> Result<Option<Vec<u8>>, Error> {
        read(&mut *self.conn().await?, member.id).await
    }

    /// The picture of a community, if the viewer may see that.
    pub async fn community_picture(
        &self,
        viewer: Viewer,
        id: CommunityId,
    ) -> Result<Result<Option<Vec<u8>>, Refusal>, Error> {
        let conn = &mut *self.conn().await?;
        // Of one moment: what is judged is what was read.
        conn.build_transaction()
            .repeatable_read()
            .run(async |conn| {
                let Some(found) = find(conn, viewer, id).await? else {
                    return Ok(Err(Refusal::Absent));
                };
                let picture = community_pictures::table
                    .find(Uuid::from(id))
                    .select(community_pictures::picture)
                    .first(conn)
                    .await
                    .optional()?;
                Ok(found.open().map(|_: Visible<Community>| picture))
            })
            .await
    }
}

impl Db {
    /// The picture of an account, for itself.
    pub async fn own_picture(&self, account: AccountId) -> Result<Option<Vec<u8>>, Error> {
        read(&mut *self.conn().await?, account).await
    }

    /// Puts a picture in the place of a member's.
    pub async fn put_own_picture(&self, account: AccountId, picture: &[u8]) -> Result<(), Error> {
        let conn = &mut *self.conn().await?;
        conn.transaction(async |conn| {
            hold_account(conn, account).await?;
            diesel::insert_into(member_pictures::table)
                .values((
                    member_pictures::member_id.eq(Uuid::from(account)),
                    member_pictures::picture.eq(picture),
                ))
                .on_conflict(member_pictures::member_id)
                .do_update()
                .set(member_pictures::picture.eq(picture))
                .execute(conn)
                .await?;
            Ok(())
        })
        .await
    }

    /// Takes a member's picture away; `false` when there is none.
    pub async fn delete_own_picture(&self, account: AccountId) -> Result<bool, Error> {
        let deleted = diesel::delete(member_pictures::table.find(Uuid::from(account)))
            .execute(&mut *self.conn().await?)
            .await?;
        Ok(deleted > 0)
    }

    /// Whether the viewer may change a community.
    pub async fn may_edit_community(
        &self,
        viewer: Viewer,
        id: CommunityId,
    ) -> Result<Result<(), Undone>, Error> {
        let found = find(&mut *self.conn().await?, viewer, id).await?;
        let may = found.ok_or(Refusal::Absent).and_then(|found| found.may::<act::Edit>());
        Ok(may.map(drop).map_err(Undone::Refused))
    }

    /// Puts a picture in the place of a community's, or none; `false` when there was none to take away.
    pub async fn put_community_picture(
        &self,
        viewer: Viewer,
        id: CommunityId,
        picture: Option<&[u8]>,
    ) -> Result<Result<bool, Undone>, Error> {
        let conn = &mut *self.conn().await?;
        let put = conn
            .transaction(async |conn| {
                let may = hold(conn, viewer, id).await?.may::<act::Edit>()?;
                let community = Uuid::from(may.community());
                let Some(picture) = picture else {
                    let row = community_pictures::table.find(community);
                    return Ok(diesel::delete(row).execute(conn).await? > 0);
                };
                diesel::insert_into(community_pictures::table)
                    .values((
                        community_pictures::community_id.eq(community),
                        community_pictures::picture.eq(picture),
                    ))
                    .on_conflict(community_pictures::community_id)
                    .do_update()
                    .set(community_pictures::picture.eq(picture))
                    .execute(conn)
                    .await?;
                Ok(true)
            })
            .await;
        outcome(put)
    }
}

async fn read(conn: &mut AsyncPgConnection, member: AccountId) -> Result<Option<Vec<u8>>, Error> {
    Ok(member_pictures::table
        .find(Uuid::from(member))
        .select(member_pictures::picture)
        .first(conn)
        .await
        .optional()?)
}
