//! Renditions: written from a [`PublicTrack`] and nothing else, read by everyone.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use postgis_diesel::types::Point;
use uuid::Uuid;

use crate::access::{Facts, Owned, Sealed, Viewer};
use crate::db::schema::commons::{members, published, renditions};
use crate::db::vault::{Activity, Details};
use crate::db::{Commons, Db, Error};
use crate::domain::{
    AccountId, ActivityId, Description, Kind, PublicName, Sport, Title, Visibility,
};
use crate::track::{self, PublicTrack, PublicWaypoint, Statistics, encode};

/// WGS 84, as PostGIS numbers it.
const WGS_84: u32 = 4326;

/// What others see of an activity.
pub struct Rendition {
    /// Its id.
    pub id: ActivityId,
    /// Who made it; `None` when they have left.
    pub author: Option<Author>,
    /// Whom it reaches.
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
    /// The numbers of its visible parts.
    pub statistics: Statistics,
    /// The points of interest outside what is hidden.
    pub waypoints: Vec<PublicWaypoint>,
}

/// The member who made something.
#[derive(Clone)]
pub struct Author {
    /// Their id.
    pub id: AccountId,
    /// What others call them.
    pub public_name: PublicName,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = renditions, check_for_backend(diesel::pg::Pg))]
pub(super) struct Row {
    pub(super) activity_id: Uuid,
    author_id: Option<Uuid>,
    visibility: String,
    kind: String,
    sport: String,
    title: String,
    description: Option<String>,
    day: Option<NaiveDate>,
    statistics: serde_json::Value,
    waypoints: serde_json::Value,
}

/// The visible parts of a line, as they lie in their row.
pub struct EncodedTrack(Vec<u8>);

impl EncodedTrack {
    /// The points: work for a core.
    pub fn decode(&self) -> Result<PublicTrack, Error> {
        encode::decode_public(&self.0).map_err(|_| Error::Corrupt("commons.renditions.track"))
    }
}

/// What others get of an activity, ready to be stored: made of what [`track::cut()`] left, and of
/// nothing else.
pub struct Shared {
    track: EncodedTrack,
    /// Where the visible line begins.
    start: Point,
    statistics: Statistics,
    waypoints: Vec<PublicWaypoint>,
    day: Option<NaiveDate>,
}

impl Shared {
    /// Measures and encodes the visible parts of a line: work for a core. `day` is theirs, in UTC;
    /// `waypoints` are the ones outside what is hidden. `None` when no point is visible.
    pub fn new(
        track: &PublicTrack,
        waypoints: Vec<PublicWaypoint>,
        day: Option<NaiveDate>,
    ) -> Option<Self> {
        let (longitude, latitude) = track.columns().start()?;
        Some(Self {
            track: EncodedTrack(encode::encode_public(track)),
            start: Point::new(longitude, latitude, Some(WGS_84)),
            statistics: track::measure(track.columns()),
            waypoints,
            day,
        })
    }
}

impl Commons {
    /// A rendition, sealed; `None` when there is none.
    pub async fn rendition(
        &self,
        viewer: Viewer,
        id: ActivityId,
    ) -> Result<Option<Sealed<Rendition>>, Error> {
        let found: Option<(Row, Option<String>)> = renditions::table
            .left_join(members::table)
            .filter(renditions::activity_id.eq(Uuid::from(id)))
            .select((Row::as_select(), members::public_name.nullable()))
            .first(&mut *self.conn().await?)
            .await
            .optional()?;
        found.map(|(row, name)| Ok(seal(viewer, open(row, name)?))).transpose()
    }

    /// A rendition with its line, sealed together: what is judged is what was read.
    pub async fn rendition_with_track(
        &self,
        viewer: Viewer,
        id: ActivityId,
    ) -> Result<Option<Sealed<(Rendition, EncodedTrack)>>, Error> {
        let found: Option<(Row, Option<String>, Vec<u8>)> = renditions::table
            .left_join(members::table)
            .filter(renditions::activity_id.eq(Uuid::from(id)))
            .select((Row::as_select(), members::public_name.nullable(), renditions::track))
            .first(&mut *self.conn().await?)
            .await
            .optional()?;
        let Some((row, name, track)) = found else { return Ok(None) };
        let rendition = open(row, name)?;
        let facts = facts(&rendition);
        Ok(Some(Sealed::new(viewer, facts, (rendition, EncodedTrack(track)))))
    }
}

impl Db {
    /// The rendition that everyone would see of `activity`, as they would see it. Nothing of it is
    /// stored: what is written to a database stays in its files for a while, even when taken back.
    pub async fn preview(
        &self,
        activity: &Owned<Activity>,
        shared: Shared,
    ) -> Result<Sealed<(Rendition, EncodedTrack)>, Error> {
        let public_name: String = members::table
            .find(Uuid::from(activity.owner))
            .select(members::public_name)
            .first(&mut *self.conn().await?)
            .await?;
        let public_name = PublicName::try_from(public_name.as_str())
            .map_err(|_| Error::Corrupt("commons.members.public_name"))?;
        let Shared { track, statistics, waypoints, day, .. } = shared;
        let (sport, details) = (activity.sport, &activity.details);
        let rendition = Rendition {
            id: activity.id,
            author: Some(Author { id: activity.owner, public_name }),
            visibility: Visibility::Published,
            kind: activity.kind,
            sport,
            title: details.public_title(sport),
            description: details.public_description().cloned(),
            day,
            statistics,
            waypoints,
        };
        let facts = facts(&rendition);
        Ok(Sealed::new(Viewer::Anonymous, facts, (rendition, track)))
    }
}

/// Stores what everyone may see of `activity` with these words, in place of what was there.
pub(in crate::db) async fn publish(
    conn: &mut AsyncPgConnection,
    activity: &Owned<Activity>,
    sport: Sport,
    details: &Details,
    shared: &Shared,
) -> Result<(), Error> {
    withdraw(conn, activity.id).await?;
    let Shared { track: EncodedTrack(track), start, statistics, waypoints, day } = shared;
    let corrupt = |_| Error::Corrupt("commons.renditions.statistics");
    diesel::insert_into(renditions::table)
        .values((
            renditions::activity_id.eq(Uuid::from(activity.id)),
            renditions::author_id.eq(Uuid::from(activity.owner)),
            renditions::visibility.eq(Visibility::Published.name()),
            renditions::kind.eq(activity.kind.name()),
            renditions::sport.eq(sport.name()),
            renditions::title.eq(details.public_title(sport).as_str().to_owned()),
            renditions::description.eq(details.public_description().map(Description::as_str)),
            renditions::day.eq(day),
            renditions::statistics.eq(serde_json::to_value(statistics).map_err(corrupt)?),
            renditions::waypoints.eq(serde_json::to_value(waypoints).map_err(corrupt)?),
            renditions::track.eq(track),
        ))
        .execute(conn)
        .await?;
    diesel::insert_into(published::table)
        .values((
            published::activity_id.eq(Uuid::from(activity.id)),
            published::start.eq(start),
            published::kind.eq(activity.kind.name()),
            published::sport.eq(sport.name()),
            published::distance_m.eq(statistics.distance_m),
            published::ascent_m.eq(statistics.ascent_m),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// Removes what others could see of an activity. The index goes with the rendition.
pub(in crate::db) async fn withdraw(
    conn: &mut AsyncPgConnection,
    id: ActivityId,
) -> Result<(), Error> {
    diesel::delete(renditions::table.find(Uuid::from(id))).execute(conn).await?;
    Ok(())
}

/// Removes what others could see of every activity of a member.
pub(in crate::db) async fn withdraw_all(
    conn: &mut AsyncPgConnection,
    author: AccountId,
) -> Result<(), Error> {
    let theirs = renditions::table.filter(renditions::author_id.eq(Uuid::from(author)));
    diesel::delete(theirs).execute(conn).await?;
    Ok(())
}

pub(super) fn seal(viewer: Viewer, rendition: Rendition) -> Sealed<Rendition> {
    let facts = facts(&rendition);
    Sealed::new(viewer, facts, rendition)
}

fn facts(rendition: &Rendition) -> Facts {
    let owner = rendition.author.as_ref().map(|author| author.id);
    Facts { owner, visibility: rendition.visibility }
}

pub(super) fn open(row: Row, public_name: Option<String>) -> Result<Rendition, Error> {
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
        visibility: Visibility::try_from(row.visibility.as_str())
            .map_err(corrupt("commons.renditions.visibility"))?,
        kind: Kind::try_from(row.kind.as_str()).map_err(corrupt("commons.renditions.kind"))?,
        sport: Sport::try_from(row.sport.as_str()).map_err(corrupt("commons.renditions.sport"))?,
        title: Title::try_from(row.title.as_str()).map_err(corrupt("commons.renditions.title"))?,
        description: description.map_err(corrupt("commons.renditions.description"))?,
        day: row.day,
        statistics: serde_json::from_value(row.statistics)
            .map_err(|_| Error::Corrupt("commons.renditions.statistics"))?,
        waypoints: serde_json::from_value(row.waypoints)
            .map_err(|_| Error::Corrupt("commons.renditions.waypoints"))?,
    })
}
