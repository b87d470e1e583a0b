//! Joining a community, and asking to.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, RunQueryDsl};
use uuid::Uuid;

use super::communities::{NamePosition, hold};
use super::entries::Entry;
use super::memberships::{
    Membership, admit, check_listed, check_room, check_seen, is_listed_for, key, membership,
    role_of,
};
use super::undone::{Undone, outcome};
use crate::access::{May, Viewer, act};
use crate::db::schema::commons::{members, membership_requests};
use crate::db::slice::one_more;
use crate::db::{Commons, Db, Error, Slice};
use crate::domain::{AccountId, CommunityId, CommunityVisibility};

/// What came of wanting to join.
pub enum Admission {
    /// They are in it.
    Joined(Membership),
    /// They wait to be let in.
    Asked(Entry),
}

impl Commons {
    /// Who waits to be let in, by their names.
    pub async fn requests(
        &self,
        may: &May<act::Approve>,
        after: Option<&NamePosition>,
        limit: usize,
    ) -> Result<Slice<Entry, NamePosition>, Error> {
        let mut query = membership_requests::table
            .inner_join(members::table)
            .filter(membership_requests::community_id.eq(Uuid::from(may.community())))
            .filter(is_listed_for(may.viewer().member().map(Uuid::from)))
            .order((members::public_name, members::member_id))
            .limit(one_more(limit))
            .select((members::member_id, members::public_name, membership_requests::asked_at))
            .into_boxed();
        if let Some(NamePosition { name, id }) = after {
            let later = members::public_name.gt(name);
            let same = members::public_name.eq(name).and(members::member_id.gt(id));
            query = query.filter(later.or(same));
        }
        Entry::slice(query.load(&mut *self.conn().await?).await?, limit)
    }
}

impl Db {
    /// Joins a public community at once, asks to join a private one. Repeating it changes nothing.
    pub async fn join(
        &self,
        member: AccountId,
        community: CommunityId,
        now: DateTime<Utc>,
    ) -> Result<Result<Admission, Undone>, Error> {
        let conn = &mut *self.conn().await?;
        let joined = conn
            .transaction(async |conn| {
                let held = hold(conn, Viewer::Member(member), community).await?;
                let may = held.may::<act::Join>()?;
                if role_of(conn, may.community(), member).await?.is_some() {
                    let known = membership(conn, may.community(), member).await?;
                    return Ok(Admission::Joined(known));
                }
                if may.visibility() == CommunityVisibility::Public {
                    return Ok(Admission::Joined(admit(conn, may.community(), member, now).await?));
                }
                let request = membership_requests::table.find(key(may.community(), member));
                let asked = request.inner_join(members::table).select((
                    members::member_id,
                    members::public_name,
                    membership_requests::asked_at,
                ));
                if let Some(known) = asked.first(conn).await.optional()? {
                    return Ok(Admission::Asked(Entry::open(known)?));
                }
                check_room(conn, member).await?;
                diesel::insert_into(membership_requests::table)
                    .values((
                        membership_requests::community_id.eq(Uuid::from(may.community())),
                        membership_requests::member_id.eq(Uuid::from(member)),
                        membership_requests::asked_at.eq(now),
                    ))
                    .execute(conn)
                    .await?;
                Ok(Admission::Asked(Entry::open(asked.first(conn).await?)?))
            })
            .await;
        outcome(joined)
    }

    /// Lets somebody in who waits. Repeating it changes nothing.
    pub async fn approve_request(
        &self,
        viewer: Viewer,
        community: CommunityId,
        member: AccountId,
        now: DateTime<Utc>,
    ) -> Result<Result<Membership, Undone>, Error> {
        let conn = &mut *self.conn().await?;
        let approved = conn
            .transaction(async |conn| {
                let may = hold(conn, viewer, community).await?.may::<act::Approve>()?;
                check_listed(conn, viewer, member).await?;
                if role_of(conn, may.community(), member).await?.is_some() {
                    return membership(conn, may.community(), member).await;
                }
                let request = membership_requests::table.find(key(may.community(), member));
                if diesel::delete(request).execute(conn).await? == 0 {
                    return Err(Undone::Missing.into());
                }
                admit(conn, may.community(), member, now).await
            })
            .await;
        outcome(approved)
    }

    /// Ends the wait of somebody: refuses them, or takes back one's own request.
    pub async fn end_request(
        &self,
        viewer: Viewer,
        community: CommunityId,
        member: AccountId,
    ) -> Result<Result<(), Undone>, Error> {
        let conn = &mut *self.conn().await?;
        let ended = conn
            .transaction(async |conn| {
                let held = hold(conn, viewer, community).await?;
                let community = if viewer == Viewer::Member(member) {
                    held.may::<act::Leave>()?.community()
                } else {
                    let community = held.may::<act::Approve>()?.community();
                    check_seen(conn, viewer, member).await?;
                    community
                };
                let request = membership_requests::table.find(key(community, member));
                let ended = diesel::delete(request).execute(conn).await? > 0;
                ended.then_some(()).ok_or_else(|| Undone::Missing.into())
            })
            .await;
        outcome(ended)
    }
}
