//! Communities: what they are, and to whom.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::anonymous;
use super::memberships::{make_administrator, part_all, take_back_all};
use super::undone::{Stop, Undone, outcome};
use crate::access::{CommunityFacts, Guarded, Refusal, Viewer, Visible, act};
use crate::db::schema::commons::communities;
use crate::db::slice::one_more;
use crate::db::{Commons, Db, Error, Slice};
use crate::domain::{
    AccountId, CommunityId, CommunityName, CommunityVisibility, Description, Role,
};
use crate::seal::Keyring;

/// A community, as a viewer sees it.
pub struct Community {
    /// Its id.
    pub id: CommunityId,
    /// What it is called.
    pub name: CommunityName,
    /// What it is about.
    pub description: Option<Description>,
    /// Who gets into it.
    pub visibility: CommunityVisibility,
    /// What the viewer is in it, if they are in it.
    pub role: Option<Role>,
    /// Counts its changes, from 1.
    pub version: i32,
    /// Since when there is one.
    pub created_at: DateTime<Utc>,
}

/// A community to be made.
pub struct NewCommunity {
    /// Its id. The same again is the same community, made by a call that was repeated.
    pub id: CommunityId,
    /// What it is called.
    pub name: CommunityName,
    /// What it is about.
    pub description: Option<Description>,
    /// Who gets into it.
    pub visibility: CommunityVisibility,
}

/// What changes about a community; what is left out stays.
#[derive(Default)]
pub struct CommunityChange {
    /// Another name.
    pub name: Option<CommunityName>,
    /// Another description, or none any more.
    pub description: Option<Option<Description>>,
    /// Another way into it. Who is in it, and who waits, stays that.
    pub visibility: Option<CommunityVisibility>,
}

/// Which communities to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listed {
    /// Those that anyone finds.
    Public,
    /// Those that the viewer is in.
    Own,
}

/// A place in a list that is sorted by name: just after this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamePosition {
    /// What it is called.
    pub name: String,
    /// Which it is.
    pub id: Uuid,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    community_id: Uuid,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Nullable<Text>)]
    description: Option<String>,
    #[diesel(sql_type = Text)]
    visibility: String,
    #[diesel(sql_type = Integer)]
    version: i32,
    #[diesel(sql_type = Timestamptz)]
    created_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Text>)]
    role: Option<String>,
    #[diesel(sql_type = Bool)]
    has_asked: bool,
    #[diesel(sql_type = Bool)]
    is_banned: bool,
}

/// Communities with the facts by which they are judged for the viewer `$1`, who is none of those if
/// that is null.
const JUDGED: &str = "
    SELECT it.*, mine.role, asked.member_id IS NOT NULL AS has_asked,
           ban.member_id IS NOT NULL AS is_banned
    FROM commons.communities it
    LEFT JOIN commons.memberships mine ON (mine.community_id, mine.member_id) = (it.community_id, $1)
    LEFT JOIN commons.membership_requests asked
        ON (asked.community_id, asked.member_id) = (it.community_id, $1)
    LEFT JOIN commons.bans ban ON (ban.community_id, ban.member_id) = (it.community_id, $1)";

impl Commons {
    /// A community, guarded. One that is not there looks like one that is not for the viewer.
    pub async fn community(
        &self,
        viewer: Viewer,
        id: CommunityId,
    ) -> Result<Result<Guarded<Community>, Refusal>, Error> {
        let found = find(&mut *self.conn().await?, viewer, id).await?;
        Ok(found.ok_or(Refusal::Absent))
    }

    /// Communities by their names.
    pub async fn communities(
        &self,
        viewer: Viewer,
        listed: Listed,
        after: Option<&NamePosition>,
        limit: usize,
    ) -> Result<Slice<Visible<Community>, NamePosition>, Error> {
        let found = match listed {
            Listed::Public => "it.visibility = 'public' AND ban.member_id IS NULL",
            Listed::Own => "mine.member_id IS NOT NULL",
        };
        let query = format!(
            "{JUDGED} WHERE {found} AND ($2 IS NULL OR (it.name, it.community_id) > ($2, $3))
             ORDER BY it.name, it.community_id LIMIT $4"
        );
        let rows: Vec<Row> = diesel::sql_query(query)
            .bind::<Nullable<SqlUuid>, _>(viewer.member().map(Uuid::from))
            .bind::<Nullable<Text>, _>(after.map(|after| after.name.as_str()))
            .bind::<Nullable<SqlUuid>, _>(after.map(|after| after.id))
            .bind::<BigInt, _>(one_more(limit))
            .load(&mut *self.conn().await?)
            .await?;
        let Slice { items, next } = Slice::of(rows, limit, Row::position);
        let opened = items.into_iter().map(|row| Ok(row.guard(viewer)?.open().ok()));
        let opened = opened.collect::<Result<Vec<_>, Error>>()?;
        Ok(Slice { items: opened.into_iter().flatten().collect(), next })
    }
}

impl Db {
    /// Makes a community that its maker administers.
    pub async fn make_community(
        &self,
        maker: AccountId,
        new: &NewCommunity,
        now: DateTime<Utc>,
    ) -> Result<Result<Visible<Community>, Undone>, Error> {
        let conn = &mut *self.conn().await?;
        let made = conn
            .transaction(async |conn| {
                let made = diesel::insert_into(communities::table)
                    .values((
                        communities::community_id.eq(Uuid::from(new.id)),
                        communities::name.eq(new.name.as_str()),
                        communities::description
                            .eq(new.description.as_ref().map(Description::as_str)),
                        communities::visibility.eq(new.visibility.name()),
                        communities::created_at.eq(now),
                    ))
                    .on_conflict_do_nothing()
                    .execute(conn)
                    .await?;
                if made > 0 {
                    make_administrator(conn, new.id, maker, now).await?;
                }
                let found = find(conn, Viewer::Member(maker), new.id).await?;
                Ok(found.ok_or(Refusal::Absent)?.open()?)
            })
            .await;
        outcome(made)
    }

    /// Changes what a community is, if `is_wanted` says so of its version. What was shared there while those who
    /// join had to be let in is taken back before anyone may.
    pub async fn change_community(
        &self,
        viewer: Viewer,
        id: CommunityId,
        change: &CommunityChange,
        is_wanted: impl Fn(i32) -> bool + Sync + Send,
        now: DateTime<Utc>,
    ) -> Result<Result<Visible<Community>, Undone>, Error> {
        let conn = &mut *self.conn().await?;
        let changed = conn
            .transaction(async |conn| {
                let held = hold(conn, viewer, id).await?;
                let may = held.may::<act::Edit>()?;
                let before = held.open()?;
                if !is_wanted(before.version) {
                    return Err(Undone::Stale.into());
                }
                if is_opened(&before, change) {
                    take_back_all(conn, &self.keyring, &may, now).await?;
                }
                let description = change.description.as_ref();
                let description = description.map(|text| text.as_ref().map(Description::as_str));
                diesel::update(communities::table.find(Uuid::from(may.community())))
                    .set((
                        change.name.as_ref().map(|name| communities::name.eq(name.as_str())),
                        description.map(|text| communities::description.eq(text)),
                        change.visibility.map(|is| communities::visibility.eq(is.name())),
                        communities::version.eq(before.version + 1),
                    ))
                    .execute(conn)
                    .await?;
                Ok(find(conn, viewer, id).await?.ok_or(Refusal::Absent)?.open()?)
            })
            .await;
        outcome(changed)
    }

    /// Ends a community, if `is_wanted` says so of its version. With it goes what was shared there.
    pub async fn delete_community(
        &self,
        viewer: Viewer,
        id: CommunityId,
        is_wanted: impl Fn(i32) -> bool + Sync + Send,
        now: DateTime<Utc>,
    ) -> Result<Result<(), Undone>, Error> {
        let conn = &mut *self.conn().await?;
        let deleted = conn
            .transaction(async |conn| {
                let held = hold(conn, viewer, id).await?;
                let may = held.may::<act::Delete>()?;
                if !is_wanted(held.open()?.version) {
                    return Err(Undone::Stale.into());
                }
                part_all(conn, &may, now).await?;
                delete(conn, &self.keyring, may.community(), now).await?;
                Ok(())
            })
            .await;
        outcome(deleted)
    }
}

fn is_opened(before: &Community, change: &CommunityChange) -> bool {
    before.visibility == CommunityVisibility::Private
        && change.visibility == Some(CommunityVisibility::Public)
}

/// Removes a community that nobody is in, with its requests and bans. What those shared there who have left
/// goes, unless others see it too.
pub(super) async fn delete(
    conn: &mut AsyncPgConnection,
    keyring: &Keyring,
    id: CommunityId,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let works = anonymous::shared_with(conn, id).await?;
    diesel::delete(communities::table.find(Uuid::from(id))).execute(conn).await?;
    anonymous::settle(conn, keyring, works, now).await
}

/// A community whose members, requests and bans stay as they are until the transaction ends, but for
/// what the transaction itself does. Its key stays free, so that nobody who shares with it waits.
pub(super) async fn hold(
    conn: &mut AsyncPgConnection,
    viewer: Viewer,
    id: CommunityId,
) -> Result<Guarded<Community>, Stop> {
    let row = communities::table.find(Uuid::from(id)).select(communities::community_id);
    row.for_no_key_update().first::<Uuid>(conn).await.optional()?;
    // Read now that it is held: a statement sees what was there when it began.
    Ok(find(conn, viewer, id).await?.ok_or(Refusal::Absent)?)
}

pub(super) async fn find(
    conn: &mut AsyncPgConnection,
    viewer: Viewer,
    id: CommunityId,
) -> Result<Option<Guarded<Community>>, Error> {
    let found: Option<Row> = diesel::sql_query(format!("{JUDGED} WHERE it.community_id = $2"))
        .bind::<Nullable<SqlUuid>, _>(viewer.member().map(Uuid::from))
        .bind::<SqlUuid, _>(Uuid::from(id))
        .get_result(conn)
        .await
        .optional()?;
    found.map(|row| row.guard(viewer)).transpose()
}

impl Row {
    fn position(&self) -> NamePosition {
        NamePosition { name: self.name.clone(), id: self.community_id }
    }

    /// As it leaves this file.
    fn guard(self, viewer: Viewer) -> Result<Guarded<Community>, Error> {
        let corrupt = |column| move |_| Error::Corrupt(column);
        let visibility = CommunityVisibility::try_from(self.visibility.as_str())
            .map_err(corrupt("commons.communities.visibility"))?;
        let role = self.role.as_deref().map(Role::try_from).transpose();
        let role = role.map_err(corrupt("commons.memberships.role"))?;
        let description = self.description.as_deref().map(Description::try_from).transpose();
        let id = self.community_id.into();
        let (has_asked, is_banned) = (self.has_asked, self.is_banned);
        let facts = CommunityFacts { id, visibility, role, has_asked, is_banned };
        let community = Community {
            id,
            name: CommunityName::try_from(self.name.as_str())
                .map_err(corrupt("commons.communities.name"))?,
            description: description.map_err(corrupt("commons.communities.description"))?,
            visibility,
            role,
            version: self.version,
            created_at: self.created_at,
        };
        Ok(Guarded::new(viewer, facts, community))
    }
}
