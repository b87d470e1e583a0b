//! Members as others see them: a public name, and what they publish.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{
    Array, BigInt, Bool, Double, Nullable, Text, Timestamptz, Uuid as SqlUuid,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::access::{Facts, Sealed, Viewer, Visible};
use crate::db::{Commons, Error};
use crate::domain::{AccountId, PublicName, Visibility};

/// An account as others see it.
#[derive(Clone)]
pub struct Member {
    /// Its id.
    pub id: AccountId,
    /// What others call them.
    pub public_name: PublicName,
}

/// What somebody's published renditions come to, but for those that they leave out.
#[derive(QueryableByName)]
pub struct Totals {
    /// How many there are.
    #[diesel(sql_type = BigInt)]
    pub activities: i64,
    /// How long they are together, in metres.
    #[diesel(sql_type = Double)]
    pub distance_m: f64,
    /// How far they go up together, in metres.
    #[diesel(sql_type = Double)]
    pub ascent_m: f64,
    /// For how long they move together, in seconds.
    #[diesel(sql_type = Double)]
    pub moving_s: f64,
}

#[derive(QueryableByName)]
#[expect(clippy::struct_excessive_bools, reason = "facts, each a column")]
pub(in crate::db) struct Found {
    #[diesel(sql_type = SqlUuid)]
    member_id: Uuid,
    #[diesel(sql_type = Text)]
    public_name: String,
    #[diesel(sql_type = Bool)]
    publishes: bool,
    #[diesel(sql_type = Bool)]
    are_fellows: bool,
    #[diesel(sql_type = Bool)]
    are_apart: bool,
    #[diesel(sql_type = Bool)]
    is_hidden: bool,
}

const JUDGED: &str = "
    SELECT member_id, public_name,
           EXISTS (
               SELECT FROM commons.renditions
               WHERE author_id = member_id AND visibility = 'published'
                 AND (published_until IS NULL OR published_until > $3)
           ) AS publishes,
           EXISTS (
               SELECT FROM commons.memberships theirs
               JOIN commons.memberships mine USING (community_id)
               WHERE theirs.member_id = members.member_id AND mine.member_id = $1
           ) AS are_fellows,
           commons.are_apart($1, member_id) AS are_apart, is_hidden
    FROM commons.members
    WHERE member_id = ANY ($2)";

const TOTALS: &str = "
    SELECT count(*) AS activities,
           coalesce(sum((statistics ->> 'distance_m')::float8), 0) AS distance_m,
           coalesce(sum((statistics ->> 'ascent_m')::float8), 0) AS ascent_m,
           coalesce(sum((statistics ->> 'moving_s')::float8), 0) AS moving_s
    FROM commons.renditions
    WHERE author_id = $1 AND visibility = 'published' AND is_counted
      AND (published_until IS NULL OR published_until > $2)";

impl Commons {
    /// A member, sealed: others see who publishes something, and whom they share a community with.
    pub async fn member(
        &self,
        viewer: Viewer,
        id: AccountId,
        now: DateTime<Utc>,
    ) -> Result<Option<Sealed<Member>>, Error> {
        let found = find(&mut *self.conn().await?, viewer, &[id], now).await?;
        found.into_iter().next().map(|found| found.seal(viewer)).transpose()
    }

    /// What somebody's published renditions come to.
    pub async fn totals(
        &self,
        member: &Visible<Member>,
        now: DateTime<Utc>,
    ) -> Result<Totals, Error> {
        Ok(diesel::sql_query(TOTALS)
            .bind::<SqlUuid, _>(Uuid::from(member.id))
            .bind::<Timestamptz, _>(now)
            .get_result(&mut *self.conn().await?)
            .await?)
    }
}

impl Member {
    pub(super) fn open(id: Uuid, public_name: &str) -> Result<Self, Error> {
        let public_name = PublicName::try_from(public_name)
            .map_err(|_| Error::Corrupt("commons.members.public_name"))?;
        Ok(Self { id: id.into(), public_name })
    }
}

impl Found {
    /// As it leaves `db`. A member is like something of theirs: published when they publish, for
    /// their fellows else, and for nobody when they let nothing be done with their data.
    pub(super) fn seal(self, viewer: Viewer) -> Result<Sealed<Member>, Error> {
        let visibility = match (self.is_hidden, self.publishes) {
            (true, _) => Visibility::Private,
            (false, true) => Visibility::Published,
            (false, false) => Visibility::Community,
        };
        let facts = Facts {
            owner: Some(self.member_id.into()),
            visibility,
            is_shared_with_viewer: self.are_fellows,
            are_apart: self.are_apart,
            is_by_link: false,
        };
        Ok(Sealed::new(viewer, facts, Member::open(self.member_id, &self.public_name)?))
    }

    /// Who it is.
    pub(in crate::db) fn id(&self) -> AccountId {
        self.member_id.into()
    }

    /// As a viewer who keeps away from them would see them if they did not. From whom they keep away themselves, they
    /// are not seen in communities either way: else it would tell in which they are.
    pub(in crate::db) fn seal_together(
        self,
        viewer: Viewer,
        keep_away: bool,
    ) -> Result<Sealed<Member>, Error> {
        let are_fellows = self.are_fellows && !keep_away;
        Self { are_apart: false, are_fellows, ..self }.seal(viewer)
    }
}

/// Members, with what decides whether somebody sees them.
pub(in crate::db) async fn find(
    conn: &mut AsyncPgConnection,
    viewer: Viewer,
    ids: &[AccountId],
    now: DateTime<Utc>,
) -> Result<Vec<Found>, Error> {
    let ids: Vec<Uuid> = ids.iter().copied().map(Uuid::from).collect();
    Ok(diesel::sql_query(JUDGED)
        .bind::<Nullable<SqlUuid>, _>(viewer.member().map(Uuid::from))
        .bind::<Array<SqlUuid>, _>(ids)
        .bind::<Timestamptz, _>(now)
        .load(conn)
        .await?)
}
