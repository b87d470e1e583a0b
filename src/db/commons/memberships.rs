//! Who is in which community, and as what.
//!
//! Every change of that holds the community's row first ([`super::communities::hold`]), so that what was judged
//! stays true until it is done. What a member shared with a community goes before their membership
//! does, in the same transaction and in the order of [`crate::db::vault`]'s audiences.

use chrono::{DateTime, Utc};
use diesel::dsl::{exists, not};
use diesel::prelude::*;
use diesel::sql_types::Uuid as SqlUuid;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::anonymous;
use super::communities::{NamePosition, delete, hold};
use super::members::Member;
use super::renditions::are_apart;
use super::undone::{Stop, Undone, outcome};
use crate::access::{May, Owned, Parting, Viewer, act};
use crate::db::schema::commons::{community_activities, members, membership_requests, memberships};
use crate::db::schema::identity::accounts;
use crate::db::slice::one_more;
use crate::db::vault::{Activities, Activity, lock_all, settle};
use crate::db::{Commons, Db, Error, Slice};
use crate::domain::{AccountId, CommunityId, Invalid, Role};
use crate::seal::Keyring;

/// The most communities that an account is in or waits to be let in to.
pub const COMMUNITIES_MAX: i64 = 100;
/// The most members of a community.
pub const MEMBERS_MAX: i64 = 1_000;

/// That somebody is in a community.
pub struct Membership {
    /// Who.
    pub member: Member,
    /// As what.
    pub role: Role,
    /// Since when.
    pub joined_at: DateTime<Utc>,
}

/// In the order of the columns that are selected.
type Row = (Uuid, String, String, DateTime<Utc>);

impl Commons {
    /// The members of a community by their names, without those that the viewer keeps apart from, and those
    /// who let nothing be done with their data.
    pub async fn members(
        &self,
        may: &May<act::SeeInside>,
        after: Option<&NamePosition>,
        limit: usize,
    ) -> Result<Slice<Membership, NamePosition>, Error> {
        let viewer = may.viewer().member().map(Uuid::from);
        let mut query = memberships::table
            .inner_join(members::table)
            .filter(memberships::community_id.eq(Uuid::from(may.community())))
            .filter(is_listed_for(viewer))
            .order((members::public_name, members::member_id))
            .limit(one_more(limit))
            .select(COLUMNS)
            .into_boxed();
        if let Some(NamePosition { name, id }) = after {
            let later = members::public_name.gt(name);
            let same = members::public_name.eq(name).and(members::member_id.gt(id));
            query = query.filter(later.or(same));
        }
        let rows: Vec<Row> = query.load(&mut *self.conn().await?).await?;
        let position = |(id, name, ..): &Row| NamePosition { name: name.clone(), id: *id };
        let Slice { items, next } = Slice::of(rows, limit, position);
        let items = items.into_iter().map(open).collect::<Result<_, _>>()?;
        Ok(Slice { items, next })
    }
}

const COLUMNS: (
    members::member_id,
    members::public_name,
    memberships::role,
    memberships::joined_at,
) = (members::member_id, members::public_name, memberships::role, memberships::joined_at);

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

    /// Says what a member is in a community. Somebody always administers it.
    pub async fn set_role(
        &self,
        viewer: Viewer,
        community: CommunityId,
        member: AccountId,
        role: Role,
    ) -> Result<Result<Membership, Undone>, Error> {
        let conn = &mut *self.conn().await?;
        let set = conn
            .transaction(async |conn| {
                let may = hold(conn, viewer, community).await?.may::<act::SetRoles>()?;
                check_listed(conn, viewer, member).await?;
                let before = role_of(conn, may.community(), member).await?;
                let before = before.ok_or(Undone::Missing)?;
                if before == Role::Administrator
                    && role != Role::Administrator
                    && administrators(conn, may.community()).await? == 1
                {
                    return Err(Undone::LastAdministrator.into());
                }
                diesel::update(memberships::table.find(key(may.community(), member)))
                    .set(memberships::role.eq(role.name()))
                    .execute(conn)
                    .await?;
                membership(conn, may.community(), member).await
            })
            .await;
        outcome(set)
    }

    /// Ends a membership: one's own, or somebody else's. With it goes what they shared there.
    pub async fn end_membership(
        &self,
        viewer: Viewer,
        community: CommunityId,
        member: AccountId,
        now: DateTime<Utc>,
    ) -> Result<Result<(), Undone>, Error> {
        let conn = &mut *self.conn().await?;
        let ended = conn
            .transaction(async |conn| {
                let held = hold(conn, viewer, community).await?;
                let parting = if viewer == Viewer::Member(member) {
                    held.may::<act::Leave>()?.own().ok_or(Undone::Missing)?
                } else {
                    let may = held.may::<act::Remove>()?;
                    check_seen(conn, viewer, member).await?;
                    let role = role_of(conn, may.community(), member).await?;
                    may.of(member, role.ok_or(Undone::Missing)?)?
                };
                let ended = part(conn, &self.keyring, &parting, now).await?;
                ended.then_some(()).ok_or_else(|| Undone::Missing.into())
            })
            .await;
        outcome(ended)
    }
}

/// Makes somebody a member, who waits no longer.
pub(super) async fn admit(
    conn: &mut AsyncPgConnection,
    community: CommunityId,
    member: AccountId,
    now: DateTime<Utc>,
) -> Result<Membership, Stop> {
    let all = memberships::table.filter(memberships::community_id.eq(Uuid::from(community)));
    if MEMBERS_MAX <= all.count().get_result::<i64>(conn).await? {
        let reason = "must be at most 1,000";
        return Err(Invalid { field: "members", reason }.into());
    }
    diesel::delete(membership_requests::table.find(key(community, member))).execute(conn).await?;
    check_room(conn, member).await?;
    insert(conn, community, member, Role::Member, now).await?;
    membership(conn, community, member).await
}

/// Makes somebody the administrator of a community of their own making.
pub(super) async fn make_administrator(
    conn: &mut AsyncPgConnection,
    community: CommunityId,
    maker: AccountId,
    now: DateTime<Utc>,
) -> Result<(), Stop> {
    check_room(conn, maker).await?;
    Ok(insert(conn, community, maker, Role::Administrator, now).await?)
}

/// Whether an account may be in, or wait for, one community more. Until the transaction ends, it
/// gets into none by another.
pub(super) async fn check_room(
    conn: &mut AsyncPgConnection,
    member: AccountId,
) -> Result<(), Stop> {
    let member = Uuid::from(member);
    let account = accounts::table
        .find(member)
        .select((accounts::erase_at, accounts::restricted_at.is_not_null()));
    let held: Option<(Option<DateTime<Utc>>, bool)> =
        account.for_no_key_update().first(conn).await.optional()?;
    match held {
        Some((None, false)) => {}
        Some((None, true)) => return Err(Undone::Restricted.into()),
        // Who has left gets into nothing any more, by a call that was on its way.
        Some((Some(_), _)) | None => return Err(Undone::Missing.into()),
    }
    let joined = memberships::table.filter(memberships::member_id.eq(member)).count();
    let asked =
        membership_requests::table.filter(membership_requests::member_id.eq(member)).count();
    let joined: i64 = joined.get_result(conn).await?;
    let asked: i64 = asked.get_result(conn).await?;
    if COMMUNITIES_MAX <= joined + asked {
        return Err(Invalid { field: "communities", reason: "must be at most 100" }.into());
    }
    Ok(())
}

async fn insert(
    conn: &mut AsyncPgConnection,
    community: CommunityId,
    member: AccountId,
    role: Role,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    diesel::insert_into(memberships::table)
        .values((
            memberships::community_id.eq(Uuid::from(community)),
            memberships::member_id.eq(Uuid::from(member)),
            memberships::role.eq(role.name()),
            memberships::joined_at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// Ends what somebody is in a community, and what they shared there. Who leaves it without an
/// administrator hands over; who leaves it empty ends it. `false` when they are not in it.
pub(super) async fn part(
    conn: &mut AsyncPgConnection,
    keyring: &Keyring,
    parting: &Parting,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let (community, member) = (parting.community(), parting.member());
    let Some(role) = role_of(conn, community, member).await? else { return Ok(false) };
    if role == Role::Administrator && administrators(conn, community).await? == 1 {
        hand_over(conn, community, member).await?;
    }
    take_back(conn, community, vec![member.into()], now).await?;
    diesel::delete(memberships::table.find(key(community, member))).execute(conn).await?;
    let others = memberships::table.filter(memberships::community_id.eq(Uuid::from(community)));
    if !diesel::select(exists(others)).get_result::<bool>(conn).await? {
        delete(conn, keyring, community, now).await?;
    }
    Ok(true)
}

/// Ends what everybody is in a community, and what was shared there.
pub(super) async fn part_all(
    conn: &mut AsyncPgConnection,
    may: &May<act::Delete>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    take_back_from_all(conn, may.community(), now).await?;
    let all = memberships::table.filter(memberships::community_id.eq(Uuid::from(may.community())));
    diesel::delete(all).execute(conn).await?;
    Ok(())
}

/// Takes back all that is shared with a community, also by those who have left.
pub(super) async fn take_back_all(
    conn: &mut AsyncPgConnection,
    keyring: &Keyring,
    may: &May<act::Edit>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    take_back_from_all(conn, may.community(), now).await?;
    let works = anonymous::shared_with(conn, may.community()).await?;
    let shared = community_activities::community_id.eq(Uuid::from(may.community()));
    diesel::delete(community_activities::table.filter(shared)).execute(conn).await?;
    anonymous::settle(conn, keyring, works, now).await
}

async fn take_back_from_all(
    conn: &mut AsyncPgConnection,
    community: CommunityId,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let members = memberships::table
        .filter(memberships::community_id.eq(Uuid::from(community)))
        .order(memberships::member_id)
        .select(memberships::member_id)
        .for_update()
        .load(conn)
        .await?;
    take_back(conn, community, members, now).await
}

/// What somebody is in a community. Until the transaction ends they stay that, and share nothing.
pub(super) async fn role_of(
    conn: &mut AsyncPgConnection,
    community: CommunityId,
    member: AccountId,
) -> Result<Option<Role>, Error> {
    let role: Option<String> = memberships::table
        .find(key(community, member))
        .select(memberships::role)
        .for_update()
        .first(conn)
        .await
        .optional()?;
    role.as_deref().map(parse).transpose()
}

pub(super) async fn membership(
    conn: &mut AsyncPgConnection,
    community: CommunityId,
    member: AccountId,
) -> Result<Membership, Stop> {
    let membership = memberships::table.find(key(community, member)).inner_join(members::table);
    let row: Option<Row> = membership.select(COLUMNS).first(conn).await.optional()?;
    Ok(open(row.ok_or(Undone::Missing)?)?)
}

pub(super) async fn administrators(
    conn: &mut AsyncPgConnection,
    community: CommunityId,
) -> Result<i64, Error> {
    Ok(memberships::table
        .filter(memberships::community_id.eq(Uuid::from(community)))
        .filter(memberships::role.eq(Role::Administrator.name()))
        .count()
        .get_result(conn)
        .await?)
}

/// Who administers the community `$1` once `$2` does not any more; who lets nothing be done with their data, and
/// who keeps apart from them, only when there is nobody else.
pub(super) const SUCCESSOR: &str = "
    SELECT member_id FROM commons.memberships JOIN commons.members USING (member_id)
    WHERE community_id = $1 AND member_id <> $2
    ORDER BY is_hidden, commons.are_apart($2, member_id), role = 'moderator' DESC, joined_at, member_id
    LIMIT 1";

/// Lets whoever has moderated for longest, else whoever has been a member for longest, administer
/// the community. Nobody does when there is nobody else.
pub(super) async fn hand_over(
    conn: &mut AsyncPgConnection,
    community: CommunityId,
    from: AccountId,
) -> Result<(), Error> {
    let statement = format!(
        "UPDATE commons.memberships SET role = 'administrator'
         WHERE community_id = $1 AND member_id = ({SUCCESSOR})"
    );
    diesel::sql_query(statement)
        .bind::<SqlUuid, _>(Uuid::from(community))
        .bind::<SqlUuid, _>(Uuid::from(from))
        .execute(conn)
        .await?;
    Ok(())
}

/// Takes back what `authors` share with a community. Their memberships are locked, so they share
/// nothing more; their accounts are, so that no change of zones comes between.
async fn take_back(
    conn: &mut AsyncPgConnection,
    community: CommunityId,
    authors: Vec<Uuid>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    accounts::table
        .filter(accounts::account_id.eq_any(&authors))
        .order(accounts::account_id)
        .select(accounts::account_id)
        .for_share()
        .execute(conn)
        .await?;
    let theirs = community_activities::table
        .filter(community_activities::community_id.eq(Uuid::from(community)))
        .filter(community_activities::author_id.eq_any(authors));
    let shared: Activities = theirs
        .clone()
        .select((
            community_activities::author_id.assume_not_null(),
            community_activities::activity_id,
        ))
        .load(conn)
        .await?;
    lock_all(conn, &shared).await?;
    diesel::delete(theirs).execute(conn).await?;
    settle(conn, &shared, now).await
}

/// Whether the member of a row is there for the viewer: who lets nothing be done with their data is there
/// for nobody else.
#[diesel::dsl::auto_type]
pub(super) fn is_seen_by(viewer: Option<Uuid>) -> _ {
    let nobody = Uuid::nil();
    let viewer: Uuid = viewer.unwrap_or(nobody);
    members::is_hidden.eq(false).or(members::member_id.eq(viewer))
}

/// Whether the member of a row stands in a list for the viewer: also not those who keep apart from them.
#[diesel::dsl::auto_type]
pub(super) fn is_listed_for(viewer: Option<Uuid>) -> _ {
    let seen: is_seen_by = is_seen_by(viewer);
    let apart = are_apart(viewer, members::member_id.nullable());
    seen.and(not(apart))
}

/// Ends what is done to a member who is not there for the viewer.
pub(super) async fn check_seen(
    conn: &mut AsyncPgConnection,
    viewer: Viewer,
    member: AccountId,
) -> Result<(), Stop> {
    let member = members::table.find(Uuid::from(member));
    let seen = member.filter(is_seen_by(viewer.member().map(Uuid::from)));
    let seen = diesel::select(exists(seen)).get_result::<bool>(conn).await?;
    if seen { Ok(()) } else { Err(Undone::Missing.into()) }
}

/// Ends what would tell the viewer what somebody is called who keeps apart from them, or is not there for them.
pub(super) async fn check_listed(
    conn: &mut AsyncPgConnection,
    viewer: Viewer,
    member: AccountId,
) -> Result<(), Stop> {
    let member = members::table.find(Uuid::from(member));
    let listed = member.filter(is_listed_for(viewer.member().map(Uuid::from)));
    let listed = diesel::select(exists(listed)).get_result::<bool>(conn).await?;
    if listed { Ok(()) } else { Err(Undone::Missing.into()) }
}

pub(super) fn key(community: CommunityId, member: AccountId) -> (Uuid, Uuid) {
    (community.into(), member.into())
}

fn open((id, name, role, joined_at): Row) -> Result<Membership, Error> {
    Ok(Membership { member: Member::open(id, &name)?, role: parse(&role)?, joined_at })
}

fn parse(role: &str) -> Result<Role, Error> {
    Role::try_from(role).map_err(|_| Error::Corrupt("commons.memberships.role"))
}
