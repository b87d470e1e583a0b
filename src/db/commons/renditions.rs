//! Renditions, read: each is sealed with the facts by which it is judged.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::dsl::auto_type;
use diesel::prelude::*;
use diesel::sql_types::{
    self, Bool, Date, Double, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::access::{Facts, Sealed, Viewer, Visible};
use crate::db::json::Json;
use crate::db::schema::commons::{links, members, renditions};
use crate::db::slice::Slice;
use crate::db::statement::{Statement, Value};
use crate::db::{Commons, Error};
use crate::domain::{
    AccountId, ActivityId, Description, Kind, LinkId, PublicName, Sport, Title, Visibility,
};
use crate::seal::LinkToken;
use crate::track::{PublicTrack, PublicWaypoint, Statistics, encode};

/// What others see of an activity.
pub struct Rendition<S = Statistics> {
    /// Its id.
    pub id: ActivityId,
    /// Who made it; `None` when they have left.
    pub author: Option<Author>,
    /// By what its viewer sees it: because it is published, else by a link or in a community. What
    /// other ways there are to it is not told.
    pub visibility: Visibility,
    /// Recorded or planned.
    pub kind: Kind,
    /// The sport.
    pub sport: Sport,
    /// What its author calls it.
    pub title: Title,
    /// What its author writes about it.
    pub description: Option<Description>,
    /// The day it took place, in UTC.
    pub day: Option<NaiveDate>,
    /// The hour in which the visible line begins, where its author shows it.
    pub hour: Option<DateTime<Utc>>,
    /// The numbers of its visible parts.
    pub statistics: S,
    /// The points of interest outside what is hidden; none in a list.
    pub waypoints: Vec<PublicWaypoint>,
    /// The mean of its reviews, from 1 to 5, to one decimal; `None` without, and for who does not see it because
    /// it is published.
    pub rating: Option<f64>,
}

/// A rendition among others: without its points of interest, which may be as long as a book, and with its numbers
/// as they are written in its row, since a list does nothing but pass them on.
pub type Summary = Rendition<Box<RawValue>>;

/// A rendition with its line, if its author shows that. They are judged together.
pub type Drawn = (Rendition, Option<EncodedTrack>);

/// The member who made something.
#[derive(Clone)]
pub struct Author {
    /// Their id.
    pub id: AccountId,
    /// What others call them.
    pub public_name: PublicName,
}

/// The visible parts of a line, as they lie in their row.
pub struct EncodedTrack(pub(super) Vec<u8>);

impl EncodedTrack {
    /// The points: work for a core.
    pub fn decode(&self) -> Result<PublicTrack, Error> {
        encode::decode_public(&self.0).map_err(|_| Error::Corrupt("commons.renditions.track"))
    }
}

/// What a link leads to.
pub enum Linked {
    /// It asks for a password first.
    Locked(Lock),
    /// What it opens, and whether that has a line.
    Open(LinkId, Box<Sealed<(Rendition, bool)>>),
}

/// A link that asks for a password.
pub struct Lock {
    /// Which link.
    pub link: LinkId,
    /// The argon2id hash of its password.
    pub password_hash: String,
}

/// In the order of [`seen_by()`].
#[derive(Queryable)]
pub(super) struct Row<S> {
    activity_id: Uuid,
    author_id: Option<Uuid>,
    visibility: String,
    kind: String,
    sport: String,
    title: String,
    description: Option<String>,
    day: Option<NaiveDate>,
    hour: Option<DateTime<Utc>>,
    statistics: Json<S>,
    waypoints: Json<Vec<PublicWaypoint>>,
    published_until: Option<DateTime<Utc>>,
    rating: Option<f64>,
}

/// A row, and what decides whether somebody sees it.
#[derive(Queryable)]
pub(super) struct Found<S = Statistics> {
    row: Row<S>,
    public_name: Option<String>,
    is_shared_with_viewer: bool,
    are_apart: bool,
}

/// A link with its password, what it leads to, and whether that has a line.
type Followed = (Uuid, Option<String>, Found, bool);

/// What a good link leads to.
#[auto_type]
fn behind(token_hash: Vec<u8>, now: DateTime<Utc>) -> _ {
    let is_good = links::expires_at.is_null().or(links::expires_at.gt(now).assume_not_null());
    links::table
        .inner_join(renditions::table.on(renditions::activity_id.eq(links::activity_id)))
        .left_join(members::table.on(renditions::author_id.eq(members::member_id.nullable())))
        .filter(links::token_hash.eq(token_hash))
        .filter(is_good)
}

/// How a rendition was come by.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// Its id, or a search.
    Id,
    /// A good link to it.
    Link,
}

/// What is read of each rendition for a viewer; of `renditions` joined with `members`.
#[auto_type]
pub(super) fn seen_by(viewer: Option<Uuid>) -> _ {
    let row = (
        renditions::activity_id,
        renditions::author_id,
        renditions::visibility,
        renditions::kind,
        renditions::sport,
        renditions::title,
        renditions::description,
        renditions::day,
        renditions::hour,
        renditions::statistics,
        renditions::waypoints,
        renditions::published_until,
        renditions::rating,
    );
    let public_name = members::public_name.nullable();
    let shared = is_shared_with(viewer, renditions::activity_id);
    let apart = are_apart(viewer, renditions::author_id);
    (row, public_name, shared, apart)
}

#[diesel::declare_sql_function]
extern "SQL" {
    #[sql_name = "commons.is_shared_with"]
    fn is_shared_with(
        viewer: diesel::sql_types::Nullable<diesel::sql_types::Uuid>,
        activity: diesel::sql_types::Uuid,
    ) -> diesel::sql_types::Bool;

    #[sql_name = "commons.are_apart"]
    fn are_apart(
        one: diesel::sql_types::Nullable<diesel::sql_types::Uuid>,
        other: diesel::sql_types::Nullable<diesel::sql_types::Uuid>,
    ) -> diesel::sql_types::Bool;
}

impl Commons {
    /// A rendition, sealed; `None` when there is none.
    pub async fn rendition(
        &self,
        viewer: Viewer,
        id: ActivityId,
        now: DateTime<Utc>,
    ) -> Result<Option<Sealed<Rendition>>, Error> {
        let found: Option<Found> = renditions::table
            .left_join(members::table)
            .filter(renditions::activity_id.eq(Uuid::from(id)))
            .select(seen_by(viewer.member().map(Uuid::from)))
            .first(&mut *self.conn().await?)
            .await
            .optional()?;
        found.map(|found| found.seal(viewer, By::Id, now)).transpose()
    }

    /// A rendition with its line, sealed together: what is judged is what was read. `None` when there is none, or the
    /// viewer does not see it: for them no line is read, so that no waiting tells how long one is.
    pub async fn rendition_with_track(
        &self,
        viewer: Viewer,
        id: ActivityId,
        now: DateTime<Utc>,
    ) -> Result<Option<Sealed<Drawn>>, Error> {
        let seen = self.rendition(viewer, id, now).await?.and_then(Sealed::open);
        if seen.is_none() {
            return Ok(None);
        }
        let found: Option<(Found, Option<Vec<u8>>)> = renditions::table
            .left_join(members::table)
            .filter(renditions::activity_id.eq(Uuid::from(id)))
            .select((seen_by(viewer.member().map(Uuid::from)), renditions::track))
            .first(&mut *self.conn().await?)
            .await
            .optional()?;
        found.map(|(found, track)| found.seal_with(track, viewer, By::Id, now)).transpose()
    }

    /// What a link leads to; `None` when there is no such link, not any more, or nothing behind it
    /// now. `unlocks` says whether who came with it has given the password of a lock.
    pub async fn linked(
        &self,
        token: &LinkToken,
        now: DateTime<Utc>,
        unlocks: impl FnOnce(&Lock) -> bool,
    ) -> Result<Option<Linked>, Error> {
        let found: Option<Followed> = behind(token.hash().to_vec(), now)
            .select((
                links::link_id,
                links::password_hash,
                seen_by(Viewer::Anonymous.member().map(Uuid::from)),
                renditions::track.is_not_null(),
            ))
            .first(&mut *self.conn().await?)
            .await
            .optional()?;
        let Some((link, password_hash, found, has_line)) = found else { return Ok(None) };
        let lock = password_hash.map(|password_hash| Lock { link: link.into(), password_hash });
        if let Some(lock) = lock
            && !unlocks(&lock)
        {
            return Ok(Some(Linked::Locked(lock)));
        }
        let (facts, rendition) = found.judged(By::Link, now)?;
        let seen = Sealed::new(Viewer::Anonymous, facts, (rendition, has_line));
        Ok(Some(Linked::Open(link.into(), Box::new(seen))))
    }

    /// What an open link leads to, with its line; `None` when it leads nowhere any more.
    pub async fn linked_with_track(
        &self,
        token: &LinkToken,
        now: DateTime<Utc>,
    ) -> Result<Option<Sealed<Drawn>>, Error> {
        let found: Option<(Found, Option<Vec<u8>>)> = behind(token.hash().to_vec(), now)
            .select((seen_by(Viewer::Anonymous.member().map(Uuid::from)), renditions::track))
            .first(&mut *self.conn().await?)
            .await
            .optional()?;
        let seal =
            |(found, track): (Found, _)| found.seal_with(track, Viewer::Anonymous, By::Link, now);
        found.map(seal).transpose()
    }

    /// Counts that a link was opened on a day: not by whom, nor at what time.
    pub async fn count_opening(&self, link: LinkId, day: NaiveDate) -> Result<(), Error> {
        use diesel_async::{AsyncConnection, SimpleAsyncConnection};
        let conn = &mut *self.conn().await?;
        conn.transaction(async |conn| {
            conn.batch_execute("SET TRANSACTION READ WRITE").await?;
            diesel::sql_query("SELECT commons.count_opening($1, $2)")
                .bind::<diesel::sql_types::Uuid, _>(Uuid::from(link))
                .bind::<diesel::sql_types::Date, _>(day)
                .execute(conn)
                .await?;
            Ok(())
        })
        .await
    }
}

/// A statement that finds activities, each with a number.
pub(super) type Finding = Statement<(SqlUuid, Double)>;

/// The same as [`seen_by()`], as types of SQL, and the number that a rendition was found with.
type Numbered = (
    (
        (
            SqlUuid,
            Nullable<SqlUuid>,
            Text,
            Text,
            Text,
            Text,
            Nullable<Text>,
            Nullable<Date>,
            Nullable<Timestamptz>,
            sql_types::Json,
            Jsonb,
            Nullable<Timestamptz>,
            Nullable<Double>,
        ),
        Nullable<Text>,
        Bool,
        Bool,
    ),
    Double,
);

/// A page of the renditions that a statement finds, in its order: one statement, so one moment. `place`
/// makes a cursor of the activity and its number. The statement finds one more than `limit`.
pub(super) async fn page<S, P>(
    conn: &mut AsyncPgConnection,
    viewer: Viewer,
    finding: Finding,
    limit: usize,
    now: DateTime<Utc>,
    place: impl Fn(&Found<S>, f64) -> P,
) -> Result<Slice<(Visible<Rendition<S>>, f64), P>, Error>
where
    S: DeserializeOwned + Send + 'static,
{
    let statement = seen(viewer, finding);
    let found: Vec<(Found<S>, f64)> = statement.load(conn).await?;
    let Slice { items, next } = Slice::of(found, limit, |(found, number)| place(found, *number));
    let mut seen = Vec::with_capacity(items.len());
    for (found, number) in items {
        // Not even by its owner: one finds what others see.
        if found.is_over(now) && !found.is_shared_with_viewer {
            continue;
        }
        seen.extend(found.seal(viewer, By::Id, now)?.open().map(|rendition| (rendition, number)));
    }
    Ok(Slice { items: seen, next })
}

/// What [`seen_by()`] selects, of what a statement finds, but for the points of interest.
fn seen(viewer: Viewer, finding: Finding) -> Statement<Numbered> {
    let mut statement = Statement::new(
        "SELECT activity_id, author_id, visibility, kind, sport, title, description, day, hour, statistics, \
         '[]'::jsonb, published_until, rating, public_name, ",
    );
    if let Some(member) = viewer.member() {
        let viewer = || Value::Id(Some(member.into()));
        statement.sql("commons.is_shared_with(").bind(viewer()).sql(", activity_id), ");
        statement.sql("commons.are_apart(").bind(viewer()).sql(", author_id)");
    } else {
        // Nothing is shared with nobody, and nobody keeps away from them: asking costs as much as finding.
        statement.sql("false, false");
    }
    statement.sql(", number FROM (SELECT *, row_number() OVER () AS place FROM (");
    statement.append(finding).sql(
        ") AS found (activity_id, number)) AS found JOIN commons.renditions USING (activity_id) \
         LEFT JOIN commons.members ON member_id = author_id ORDER BY place",
    );
    statement
}

impl<S> Found<S> {
    pub(super) fn id(&self) -> ActivityId {
        self.row.activity_id.into()
    }

    pub(super) fn day(&self) -> Option<NaiveDate> {
        self.row.day
    }

    /// Whether it was published for a time that is over, though nobody has taken it back yet: as if they had, it is
    /// seen by those alone whom it is shared with.
    fn is_over(&self, now: DateTime<Utc>) -> bool {
        self.row.published_until.is_some_and(|until| until <= now)
    }

    /// As it leaves `db`.
    pub(super) fn seal(
        self,
        viewer: Viewer,
        by: By,
        now: DateTime<Utc>,
    ) -> Result<Sealed<Rendition<S>>, Error> {
        let (facts, rendition) = self.judged(by, now)?;
        Ok(Sealed::new(viewer, facts, rendition))
    }

    pub(super) fn judged(self, by: By, now: DateTime<Utc>) -> Result<(Facts, Rendition<S>), Error> {
        let is_over = self.is_over(now);
        let Self { row, public_name, is_shared_with_viewer, are_apart } = self;
        let level = Visibility::try_from(row.visibility.as_str())
            .map_err(|_| Error::Corrupt("commons.renditions.visibility"))?;
        // What is left are the ways that it is shared by: who comes by none of them is a stranger.
        let level = if is_over { Visibility::Community } else { level };
        let facts = Facts {
            owner: row.author_id.map(AccountId::from),
            visibility: level,
            is_shared_with_viewer,
            are_apart,
            is_by_link: by == By::Link,
        };
        let rating = row.rating.filter(|_| by == By::Id && level == Visibility::Published);
        let visibility = match (level, by) {
            (Visibility::Published, By::Id | By::Link) => Visibility::Published,
            (_, By::Link) => Visibility::Link,
            (level, By::Id) => level,
        };
        Ok((facts, Rendition { rating, ..open(row, public_name, visibility)? }))
    }
}

impl Found {
    fn seal_with(
        self,
        track: Option<Vec<u8>>,
        viewer: Viewer,
        by: By,
        now: DateTime<Utc>,
    ) -> Result<Sealed<Drawn>, Error> {
        let (facts, rendition) = self.judged(by, now)?;
        Ok(Sealed::new(viewer, facts, (rendition, track.map(EncodedTrack))))
    }
}

fn open<S>(
    row: Row<S>,
    public_name: Option<String>,
    visibility: Visibility,
) -> Result<Rendition<S>, Error> {
    let corrupt = |column| move |_| Error::Corrupt(column);
    let author = row.author_id.zip(public_name).map(|(id, name)| {
        let public_name = PublicName::try_from(name.as_str())
            .map_err(|_| Error::Corrupt("commons.members.public_name"))?;
        Ok::<_, Error>(Author { id: id.into(), public_name })
    });
    let description = row.description.as_deref().map(Description::try_from).transpose();
    Ok(Rendition {
        id: row.activity_id.into(),
        author: author.transpose()?,
        visibility,
        kind: Kind::try_from(row.kind.as_str()).map_err(corrupt("commons.renditions.kind"))?,
        sport: Sport::try_from(row.sport.as_str()).map_err(corrupt("commons.renditions.sport"))?,
        title: Title::try_from(row.title.as_str()).map_err(corrupt("commons.renditions.title"))?,
        description: description.map_err(corrupt("commons.renditions.description"))?,
        day: row.day,
        hour: row.hour,
        statistics: row.statistics.0,
        waypoints: row.waypoints.0,
        rating: None,
    })
}
