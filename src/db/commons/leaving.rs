//! Leaving every community at once, as those do who leave altogether.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Nullable, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::communities::delete;
use super::memberships::{SUCCESSOR, administrators, hand_over};
use crate::db::schema::commons::{
    communities, community_activities, membership_requests, memberships,
};
use crate::db::{Db, Error};
use crate::domain::{AccountId, ActivityId, CommunityId, Legacies, Legacy, PublicName, Role};
use crate::seal::Keyring;

/// What becomes of a community that somebody administers alone.
#[derive(QueryableByName)]
pub struct HandOver {
    #[diesel(sql_type = SqlUuid)]
    community_id: Uuid,
    /// What it is called.
    #[diesel(sql_type = Text)]
    pub name: String,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    successor_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Text>)]
    successor_name: Option<String>,
}

impl HandOver {
    /// Which community.
    pub fn community(&self) -> CommunityId {
        self.community_id.into()
    }

    /// Who administers it then, if the account sees them; it ends where nobody else is in it.
    pub fn successor(&self) -> Result<Option<(AccountId, PublicName)>, Error> {
        let Some((id, name)) = self.successor_id.zip(self.successor_name.as_deref()) else {
            return Ok(None);
        };
        let name = PublicName::try_from(name)
            .map_err(|_| Error::Corrupt("commons.members.public_name"))?;
        Ok(Some((id.into(), name)))
    }
}

/// The communities that an account is in, and those that it waits to be let in to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::db) struct Around {
    joined: Vec<Uuid>,
    asked: Vec<Uuid>,
}

impl Db {
    /// What would become of the communities that an account administers alone.
    pub async fn hand_overs(&self, account: AccountId) -> Result<Vec<HandOver>, Error> {
        let successor = SUCCESSOR.replace("$1", "it.community_id").replace("$2", "$1");
        let query = format!(
            "SELECT it.community_id, it.name, successor.member_id AS successor_id,
                    successor.public_name AS successor_name
             FROM commons.memberships mine JOIN commons.communities it USING (community_id)
             LEFT JOIN commons.members successor ON successor.member_id = ({successor})
                 AND NOT successor.is_hidden AND NOT commons.are_apart($1, successor.member_id)
             WHERE mine.member_id = $1 AND (mine.role = 'administrator' OR successor.member_id IS NULL)
               AND NOT EXISTS (
                   SELECT FROM commons.memberships other
                   WHERE other.community_id = it.community_id AND other.member_id <> $1
                     AND other.role = 'administrator'
               )
             ORDER BY it.name, it.community_id"
        );
        Ok(diesel::sql_query(query)
            .bind::<SqlUuid, _>(Uuid::from(account))
            .load(&mut *self.conn().await?)
            .await?)
    }

    /// Which of the activities that an account shares with communities would reach nobody once it has left: only
    /// where somebody is whom it keeps away from, or could be.
    pub async fn works_kept_away(&self, account: AccountId) -> Result<BTreeSet<ActivityId>, Error> {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = SqlUuid)]
            activity_id: Uuid,
        }
        let rows: Vec<Row> = diesel::sql_query(format!(
            "SELECT activity_id FROM vault.activities
             WHERE account_id = $1 AND visibility = 'community'
               AND NOT EXISTS (SELECT FROM commons.links WHERE links.activity_id = activities.activity_id
                               AND expires_at IS NULL)
               AND NOT EXISTS (SELECT FROM commons.community_activities shared
                               WHERE shared.activity_id = activities.activity_id AND NOT {KEPT_AWAY})"
        ))
        .bind::<SqlUuid, _>(Uuid::from(account))
        .load(&mut *self.conn().await?)
        .await?;
        Ok(rows.into_iter().map(|row| row.activity_id.into()).collect())
    }
}

/// Where an account is, and wants to be.
pub(in crate::db) async fn around(
    conn: &mut AsyncPgConnection,
    account: AccountId,
) -> Result<Around, Error> {
    let id = Uuid::from(account);
    let joined = memberships::table
        .filter(memberships::member_id.eq(id))
        .order(memberships::community_id)
        .select(memberships::community_id)
        .load(conn)
        .await?;
    let asked = membership_requests::table
        .filter(membership_requests::member_id.eq(id))
        .order(membership_requests::community_id)
        .select(membership_requests::community_id)
        .load(conn)
        .await?;
    Ok(Around { joined, asked })
}

/// Holds them, and what the account is there, in the order in which everybody does.
pub(in crate::db) async fn hold_all(
    conn: &mut AsyncPgConnection,
    account: AccountId,
    around: &Around,
) -> Result<(), Error> {
    let all: Vec<Uuid> = around.joined.iter().chain(&around.asked).copied().collect();
    communities::table
        .filter(communities::community_id.eq_any(all))
        .order(communities::community_id)
        .select(communities::community_id)
        .for_no_key_update()
        .execute(conn)
        .await?;
    memberships::table
        .filter(memberships::member_id.eq(Uuid::from(account)))
        .order(memberships::community_id)
        .select(memberships::community_id)
        .for_update()
        .execute(conn)
        .await?;
    Ok(())
}

/// Ends what an account is in all of them, and what it waits for. Of what it shared there stays what is to
/// stay, without its author. The communities, the account and its activities are held.
pub(in crate::db) async fn leave_all(
    conn: &mut AsyncPgConnection,
    account: AccountId,
    around: &Around,
    legacies: &Legacies,
    keyring: &Keyring,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let id = Uuid::from(account);
    for community in around.joined.iter().copied().map(CommunityId::from) {
        let role = memberships::table.find((Uuid::from(community), id)).select(memberships::role);
        let role: String = role.first(conn).await?;
        if role == Role::Administrator.name() && administrators(conn, community).await? == 1 {
            hand_over(conn, community, account).await?;
        }
    }
    sever(conn, account, legacies).await?;
    let shares = community_activities::table.filter(community_activities::author_id.eq(id));
    diesel::delete(shares).execute(conn).await?;
    let requests = membership_requests::table.filter(membership_requests::member_id.eq(id));
    diesel::delete(requests).execute(conn).await?;
    diesel::delete(memberships::table.filter(memberships::member_id.eq(id))).execute(conn).await?;
    for community in &around.joined {
        let others = memberships::table.filter(memberships::community_id.eq(*community));
        if !diesel::select(exists(others)).get_result::<bool>(conn).await? {
            delete(conn, keyring, (*community).into(), now).await?;
        }
    }
    Ok(())
}

/// Whether a share of the account `$1` is with a community where somebody whom it keeps away from is, or could be
/// at once. While the account is there they see nothing of it; a work of nobody would keep away from nobody.
const KEPT_AWAY: &str = "EXISTS (
    SELECT FROM vault.blocks
    JOIN commons.communities it ON it.community_id = shared.community_id
    LEFT JOIN commons.memberships theirs
        ON theirs.community_id = it.community_id AND theirs.member_id = blocks.member_id
    WHERE blocks.account_id = $1 AND (it.visibility = 'public' OR theirs.member_id IS NOT NULL)
)";

/// Takes the author off those shares that are to stay. Nobody sees anything of them before there is a
/// rendition again.
async fn sever(
    conn: &mut AsyncPgConnection,
    account: AccountId,
    legacies: &Legacies,
) -> Result<(), Error> {
    let said = |legacy| legacies.said(legacy).map(Uuid::from).collect::<Vec<_>>();
    diesel::sql_query(format!(
        "UPDATE commons.community_activities shared SET author_id = NULL
         FROM vault.activities
         WHERE shared.author_id = $1 AND activities.account_id = $1 AND NOT {KEPT_AWAY}
           AND activities.activity_id = shared.activity_id AND activities.published_until IS NULL
           AND CASE
               WHEN activities.activity_id = ANY ($2) THEN true
               WHEN activities.activity_id = ANY ($3) THEN false
               WHEN activities.visibility = 'published' THEN $4
               ELSE $5
           END"
    ))
    .bind::<SqlUuid, _>(Uuid::from(account))
    .bind::<Array<SqlUuid>, _>(said(Legacy::Anonymize))
    .bind::<Array<SqlUuid>, _>(said(Legacy::Erase))
    .bind::<Bool, _>(legacies.published == Legacy::Anonymize)
    .bind::<Bool, _>(legacies.shared == Legacy::Anonymize)
    .execute(conn)
    .await?;
    Ok(())
}
