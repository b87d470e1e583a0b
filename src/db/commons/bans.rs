//! Who is kept out of a community: for them it does not exist.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::communities::{NamePosition, hold};
use super::entries::Entry;
use super::members::find;
use super::memberships::{is_listed_for, key, part, role_of};
use super::undone::{Undone, outcome};
use crate::access::{May, Sealed, Viewer, act};
use crate::db::schema::commons::{bans, members, membership_requests};
use crate::db::slice::one_more;
use crate::db::{Commons, Db, Error, Slice};
use crate::domain::{AccountId, CommunityId, Invalid};

impl Commons {
    /// Who is kept out, by their names; of those who were nobody to who kept them out it tells nothing.
    pub async fn bans(
        &self,
        may: &May<act::Ban>,
        after: Option<&NamePosition>,
        limit: usize,
    ) -> Result<Slice<Entry, NamePosition>, Error> {
        let mut query = bans::table
            .inner_join(members::table)
            .filter(bans::community_id.eq(Uuid::from(may.community())))
            .filter(bans::was_known.and(is_listed_for(may.viewer().member().map(Uuid::from))))
            .order((members::public_name, members::member_id))
            .limit(one_more(limit))
            .select((members::member_id, members::public_name, bans::banned_at))
            .into_boxed();
        if let Some(NamePosition { name, id }) = after {
            let later = members::public_name.gt(name);
            let same = members::public_name.eq(name).and(members::member_id.gt(id));
            query = query.filter(later.or(same));
        }
        Entry::slice(query.load(&mut *self.conn().await?).await?, limit)
    }

    /// Somebody who is kept out; `None` when they are not, or it is not told.
    pub async fn ban(
        &self,
        may: &May<act::Ban>,
        member: AccountId,
    ) -> Result<Option<Entry>, Error> {
        let found = bans::table
            .find(key(may.community(), member))
            .inner_join(members::table)
            .filter(bans::was_known.and(is_listed_for(may.viewer().member().map(Uuid::from))))
            .select((members::member_id, members::public_name, bans::banned_at))
            .first(&mut *self.conn().await?)
            .await
            .optional()?;
        found.map(Entry::open).transpose()
    }
}

impl Db {
    /// Keeps somebody out of a community, whether or not they were in it. Repeating it changes nothing.
    pub async fn ban_member(
        &self,
        viewer: Viewer,
        community: CommunityId,
        member: AccountId,
        now: DateTime<Utc>,
    ) -> Result<Result<(), Undone>, Error> {
        let conn = &mut *self.conn().await?;
        let banned = conn
            .transaction(async |conn| {
                let may = hold(conn, viewer, community).await?.may::<act::Ban>()?;
                if viewer == Viewer::Member(member) {
                    let reason = "must be somebody else";
                    return Err(Invalid { field: "member", reason }.into());
                }
                let role = role_of(conn, may.community(), member).await?;
                part(conn, &self.keyring, &may.of(member, role)?, now).await?;
                let request = membership_requests::table.find(key(may.community(), member));
                let has_asked = diesel::delete(request).execute(conn).await? > 0;
                let was_known =
                    has_asked || role.is_some() || is_known(conn, viewer, member, now).await?;
                Ok(insert(conn, &may, member, was_known, now).await?)
            })
            .await;
        outcome(banned)
    }

    /// Keeps somebody out no longer. They are not in it again: they may join, or ask to. Repeating it changes
    /// nothing, and of an id that names nobody it says no more.
    pub async fn end_ban(
        &self,
        viewer: Viewer,
        community: CommunityId,
        member: AccountId,
    ) -> Result<Result<(), Undone>, Error> {
        let conn = &mut *self.conn().await?;
        let ended = conn
            .transaction(async |conn| {
                let may = hold(conn, viewer, community).await?.may::<act::Ban>()?;
                diesel::delete(bans::table.find(key(may.community(), member)))
                    .execute(conn)
                    .await?;
                Ok(())
            })
            .await;
        outcome(ended)
    }
}

/// Whether somebody is there for the viewer, whatever community this is about.
async fn is_known(
    conn: &mut AsyncPgConnection,
    viewer: Viewer,
    member: AccountId,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let found = find(conn, viewer, &[member], now).await?.into_iter().next();
    let found = found.map(|found| found.seal(viewer)).transpose()?;
    Ok(found.and_then(Sealed::open).is_some())
}

/// An id that names nobody is kept out as it is: there is nothing to keep.
async fn insert(
    conn: &mut AsyncPgConnection,
    may: &May<act::Ban>,
    member: AccountId,
    was_known: bool,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let member = members::table.find(Uuid::from(member)).select(members::member_id);
    let Some(member) = member.first::<Uuid>(conn).await.optional()? else { return Ok(()) };
    diesel::insert_into(bans::table)
        .values((
            bans::community_id.eq(Uuid::from(may.community())),
            bans::member_id.eq(member),
            bans::banned_at.eq(now),
            bans::was_known.eq(was_known),
        ))
        .on_conflict((bans::community_id, bans::member_id))
        .do_update()
        .set(bans::was_known.eq(bans::was_known.or(excluded(bans::was_known))))
        .execute(conn)
        .await?;
    Ok(())
}
