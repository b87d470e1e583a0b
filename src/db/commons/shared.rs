//! Renditions, written: from what [`crate::track::cut()`] left, and from nothing else.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Double, Integer, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use postgis_diesel::sql_types::Geometry;
use postgis_diesel::types::{LineString, MultiLineString, Point};
use uuid::Uuid;

use super::photos::{self, PublicPhoto};
use super::renditions::{Author, Drawn, EncodedTrack, Rendition};
use super::tiles::BANDS;
use crate::access::{Facts, Owned, Sealed, Viewer};
use crate::db::schema::commons::{
    TsVector, community_activities, community_starts, members, published, published_lines,
    published_waypoints, renditions,
};
use crate::db::vault::{Activity, Details};
use crate::db::{Db, Error};
use crate::domain::{
    AccountId, ActivityId, Choices, Description, Kind, PublicName, Sport, Visibility,
};
use crate::track::antimeridian::{self, Position};
use crate::track::columns::PER_DEGREE;
use crate::track::cut::hour;
use crate::track::simplify::{preview, simplify_for_zoom};
use crate::track::towns::names_along;
use crate::track::{self, Columns, Cut, PublicWaypoint, Statistics, Waypoint, encode};

/// By so much of its texts, in bytes, an activity is found by words: what PostgreSQL keeps of them in three
/// languages has an end at a megabyte.
const FOUND_BY_BYTES_MAX: usize = 100_000;
/// WGS 84, as PostGIS numbers it.
const WGS_84: u32 = 4326;
/// The map of web maps, by its EPSG code.
const WEB_MERCATOR: i32 = 3857;

/// What others get of an activity, ready to be stored.
pub struct Shared {
    line: Option<Line>,
    statistics: Statistics,
    waypoints: Vec<PublicWaypoint>,
    day: Option<NaiveDate>,
    hour: Option<DateTime<Utc>>,
    is_counted: bool,
    photos: Vec<PublicPhoto>,
}

struct Line {
    track: EncodedTrack,
    /// Where it begins.
    start: Point,
    /// Where its parts begin and end, as latitudes and longitudes in 1e-7 degrees.
    ends: Vec<(i32, i32)>,
    /// What the towns are called that it passes, to be found by.
    towns: BTreeSet<&'static str>,
    /// The same in few points, to be found by place.
    sketch: MultiLineString<Point>,
    /// The same as maps draw it, each with the zoom level it is for.
    drawn: [(u8, MultiLineString<Point>); BANDS.len()],
}

/// Whom a rendition is for.
#[derive(Clone, Copy)]
pub(in crate::db) struct Level {
    /// How wide.
    pub(in crate::db) visibility: Visibility,
    /// Until when, if it is published.
    pub(in crate::db) published_until: Option<DateTime<Utc>>,
}

impl Shared {
    /// Measures and encodes what is left of a line, as far as its owner shows it: work for a core.
    /// `given` is when it began in the words of its owner, for a line without times. `None` when no
    /// point is visible.
    pub fn new(
        cut: &Cut,
        waypoints: Vec<PublicWaypoint>,
        photos: Vec<PublicPhoto>,
        given: Option<DateTime<Utc>>,
        choices: Choices,
    ) -> Option<Self> {
        let (longitude, latitude) = cut.track.columns().start()?;
        let given_hour = given.and_then(hour);
        let columns = cut.track.columns();
        let ends = columns.parts().flat_map(|part| [part.start, part.end - 1]);
        let ends = ends.map(|index| (columns.lat_e7[index], columns.lon_e7[index])).collect();
        let mut shared = Self {
            line: Some(Line {
                track: EncodedTrack(encode::encode_public(&cut.track)),
                start: Point::new(longitude, latitude, Some(WGS_84)),
                ends,
                towns: names_along(columns),
                sketch: multi_line(&preview(columns)),
                drawn: BANDS.map(|zoom| (zoom, multi_line(&simplify_for_zoom(columns, zoom)))),
            }),
            statistics: track::measure(columns),
            waypoints,
            day: cut.day.or(given.map(|given| given.date_naive())),
            hour: cut.hour.or(given_hour).filter(|_| choices.hour),
            is_counted: choices.statistics,
            photos,
        };
        if !choices.map {
            shared.hide_map();
        }
        Some(shared)
    }

    /// Longitude and latitude of where the visible line begins, in degrees.
    pub fn start(&self) -> Option<(f64, f64)> {
        self.line.as_ref().map(|line| (line.start.x, line.start.y))
    }

    /// Where its parts begin and end, as latitudes and longitudes in 1e-7 degrees.
    pub fn ends(&self) -> impl Iterator<Item = (i32, i32)> {
        self.line.iter().flat_map(|line| line.ends.iter().copied())
    }

    /// The points of interest that others see.
    pub fn waypoints(&self) -> &[PublicWaypoint] {
        &self.waypoints
    }

    /// The photos that others see.
    pub fn photos(&self) -> &[PublicPhoto] {
        &self.photos
    }

    /// The same, and nothing else.
    pub fn into_photos(self) -> Vec<PublicPhoto> {
        self.photos
    }

    /// The hour that others see.
    pub const fn hour(&self) -> Option<DateTime<Utc>> {
        self.hour
    }

    /// Leaves out the line and whatever tells where it was: elevations tell a place almost as well
    /// as positions do (Meteriz et al., 2019).
    fn hide_map(&mut self) {
        self.line = None;
        self.waypoints.clear();
        self.photos.iter_mut().for_each(|photo| photo.place = None);
        let Statistics { bbox, elevation_min_m, elevation_max_m, elevation_noise_m, .. } =
            &mut self.statistics;
        *bbox = None;
        for elevation_m in [elevation_min_m, elevation_max_m, elevation_noise_m] {
            *elevation_m = None;
        }
    }
}

impl Db {
    /// The rendition that an audience would see of `activity`, as they would see it. Nothing of it is
    /// stored: what is written to a database stays in its files for a while, even when taken back.
    pub async fn preview(
        &self,
        activity: &Owned<Activity>,
        shared: Shared,
        visibility: Visibility,
    ) -> Result<Sealed<Drawn>, Error> {
        let public_name: String = members::table
            .find(Uuid::from(activity.owner))
            .select(members::public_name)
            .first(&mut *self.conn().await?)
            .await?;
        let public_name = PublicName::try_from(public_name.as_str())
            .map_err(|_| Error::Corrupt("commons.members.public_name"))?;
        let Shared { line, statistics, waypoints, day, hour, is_counted: _, photos: _ } = shared;
        let (sport, details) = (activity.sport, &activity.details);
        let rendition = Rendition {
            id: activity.id,
            author: Some(Author { id: activity.owner, public_name }),
            visibility,
            kind: activity.kind,
            sport,
            title: details.public_title(sport),
            description: details.public_description().cloned(),
            day,
            hour,
            statistics,
            waypoints,
            rating: None,
        };
        // Nobody else sees it: it is its owner's look at it.
        let facts = Facts { owner: Some(activity.owner), ..Facts::default() };
        let drawn = (rendition, line.map(|line| line.track));
        Ok(Sealed::new(Viewer::Member(activity.owner), facts, drawn))
    }
}

/// What is told of a rendition beside what follows from its line.
pub(super) struct Words<'a> {
    /// Its id.
    pub(super) id: ActivityId,
    /// Who made it; nobody, once they have left.
    pub(super) author: Option<AccountId>,
    /// Recorded or planned.
    pub(super) kind: Kind,
    /// The sport.
    pub(super) sport: Sport,
    /// What it is called.
    pub(super) title: &'a str,
    /// What is written about it.
    pub(super) description: Option<&'a str>,
}

/// Stores what others may see of `activity` with these words, in place of what was there.
pub(in crate::db) async fn show(
    conn: &mut AsyncPgConnection,
    activity: &Owned<Activity>,
    sport: Sport,
    details: &Details,
    shared: &Shared,
    level: Level,
) -> Result<(), Error> {
    withdraw(conn, activity.id).await?;
    let title = details.public_title(sport);
    let words = Words {
        id: activity.id,
        author: Some(activity.owner),
        kind: activity.kind,
        sport,
        title: title.as_str(),
        description: details.public_description().map(Description::as_str),
    };
    put(conn, &words, shared, level).await
}

/// Stores a rendition that is not there.
pub(super) async fn put(
    conn: &mut AsyncPgConnection,
    words: &Words<'_>,
    shared: &Shared,
    level: Level,
) -> Result<(), Error> {
    let Shared { line, statistics, waypoints, day, hour, is_counted, photos } = shared;
    let corrupt = |_| Error::Corrupt("commons.renditions.statistics");
    diesel::insert_into(renditions::table)
        .values((
            renditions::activity_id.eq(Uuid::from(words.id)),
            renditions::author_id.eq(words.author.map(Uuid::from)),
            renditions::visibility.eq(level.visibility.name()),
            renditions::published_until.eq(level.published_until),
            renditions::kind.eq(words.kind.name()),
            renditions::sport.eq(words.sport.name()),
            renditions::title.eq(words.title),
            renditions::description.eq(words.description),
            renditions::day.eq(day),
            renditions::hour.eq(hour),
            renditions::is_counted.eq(is_counted),
            renditions::statistics.eq(serde_json::to_value(statistics).map_err(corrupt)?),
            renditions::waypoints.eq(serde_json::to_value(waypoints).map_err(corrupt)?),
            renditions::track.eq(line.as_ref().map(|line| &line.track.0)),
        ))
        .execute(conn)
        .await?;
    photos::insert(conn, words.id, photos).await?;
    let Some(line) = line else { return Ok(()) };
    show_in_communities(conn, words, shared, line).await?;
    if level.visibility != Visibility::Published {
        return Ok(());
    }
    let texts = words.description.into_iter().chain(line.towns.iter().copied());
    let texts = texts.chain(waypoints.iter().flat_map(PublicWaypoint::texts));
    let mut texts = texts.collect::<Vec<_>>().join("\n");
    texts.truncate(texts.floor_char_boundary(FOUND_BY_BYTES_MAX));
    diesel::insert_into(published::table)
        .values((
            published::activity_id.eq(Uuid::from(words.id)),
            published::author_id.eq(words.author.map(Uuid::from)),
            published::published_until.eq(level.published_until),
            published::start.eq(line.start),
            published::kind.eq(words.kind.name()),
            published::sport.eq(words.sport.name()),
            published::distance_m.eq(statistics.distance_m),
            published::ascent_m.eq(statistics.ascent_m),
            published::day.eq(day),
            published::moving_s.eq(statistics.moving_s),
            published::line.eq(&line.sketch),
            published::words.eq(words_of(words.title, texts)),
        ))
        .execute(conn)
        .await?;
    draw(conn, words, line, statistics.distance_m).await?;
    place(conn, words, waypoints).await
}

#[diesel::declare_sql_function]
extern "SQL" {
    /// By which everyone finds it.
    #[sql_name = "commons.words_of"]
    fn words_of(title: Text, body: Text) -> TsVector;

    /// On another map.
    #[sql_name = "ST_Transform"]
    fn transformed(line: Geometry, map: Integer) -> Geometry;

    /// By which tiles have the longest first.
    #[sql_name = "commons.length_class"]
    fn length_class(distance_m: Double) -> SmallInt;
}

/// Stores the lines that maps draw.
async fn draw(
    conn: &mut AsyncPgConnection,
    words: &Words<'_>,
    line: &Line,
    distance_m: f64,
) -> Result<(), Error> {
    let rows = line.drawn.each_ref().map(|(zoom, line)| {
        (
            published_lines::activity_id.eq(Uuid::from(words.id)),
            published_lines::zoom.eq(i16::from(*zoom)),
            published_lines::line.eq(transformed(line.clone(), WEB_MERCATOR)),
            published_lines::length_class.eq(length_class(distance_m)),
        )
    });
    diesel::insert_into(published_lines::table).values(rows).execute(conn).await?;
    Ok(())
}

/// Lets everyone find its points of interest by where they lie.
async fn place(
    conn: &mut AsyncPgConnection,
    words: &Words<'_>,
    waypoints: &[PublicWaypoint],
) -> Result<(), Error> {
    let corrupt = |_| Error::Corrupt("commons.published_waypoints.waypoint");
    let row = |(number, waypoint): (usize, &PublicWaypoint)| {
        let degrees = |degrees_e7: i32| f64::from(degrees_e7) / PER_DEGREE;
        let Waypoint { lon_e7, lat_e7, .. } = *waypoint.waypoint();
        let place = Point::new(degrees(lon_e7), degrees(lat_e7), Some(WGS_84));
        Ok::<_, Error>((
            published_waypoints::activity_id.eq(Uuid::from(words.id)),
            published_waypoints::number.eq(i16::try_from(number).unwrap_or(i16::MAX)),
            published_waypoints::place.eq(place),
            published_waypoints::waypoint.eq(serde_json::to_value(waypoint).map_err(corrupt)?),
        ))
    };
    let rows = waypoints.iter().enumerate().map(row).collect::<Result<Vec<_>, _>>()?;
    if !rows.is_empty() {
        diesel::insert_into(published_waypoints::table).values(rows).execute(conn).await?;
    }
    Ok(())
}

/// Lets the members of the communities that an activity is shared with find it by place.
async fn show_in_communities(
    conn: &mut AsyncPgConnection,
    words: &Words<'_>,
    shared: &Shared,
    line: &Line,
) -> Result<(), Error> {
    let communities: Vec<Uuid> = community_activities::table
        .filter(community_activities::activity_id.eq(Uuid::from(words.id)))
        .select(community_activities::community_id)
        .load(conn)
        .await?;
    if communities.is_empty() {
        return Ok(());
    }
    let row = |community: &Uuid| {
        (
            community_starts::community_id.eq(*community),
            community_starts::activity_id.eq(Uuid::from(words.id)),
            community_starts::author_id.eq(words.author.map(Uuid::from)),
            community_starts::start.eq(line.start),
            community_starts::line.eq(&line.sketch),
            community_starts::kind.eq(words.kind.name()),
            community_starts::sport.eq(words.sport.name()),
            community_starts::day.eq(shared.day),
            community_starts::distance_m.eq(shared.statistics.distance_m),
            community_starts::ascent_m.eq(shared.statistics.ascent_m),
            community_starts::moving_s.eq(shared.statistics.moving_s),
        )
    };
    diesel::insert_into(community_starts::table)
        .values(communities.iter().map(row).collect::<Vec<_>>())
        .execute(conn)
        .await?;
    Ok(())
}

/// Cut at the antimeridian: else a map draws it, and a box finds it, all round the world.
fn multi_line(columns: &Columns) -> MultiLineString<Point> {
    let degrees = |degrees_e7: i32| f64::from(degrees_e7) / PER_DEGREE;
    let point = |at: &Position| Point::new(degrees(at.lon_e7), degrees(at.lat_e7), Some(WGS_84));
    let line = |line: Vec<Position>| LineString {
        points: line.iter().map(point).collect(),
        srid: Some(WGS_84),
    };
    let lines = antimeridian::lines(columns).into_iter().map(line).collect();
    MultiLineString { lines, srid: Some(WGS_84) }
}

/// Leaves what others see as it is, for fewer of them: it is published no more, and with no way left
/// it is gone.
pub(in crate::db) async fn narrow(
    conn: &mut AsyncPgConnection,
    id: ActivityId,
    visibility: Visibility,
) -> Result<(), Error> {
    match visibility {
        Visibility::Private => withdraw(conn, id).await,
        Visibility::Published => Ok(()),
        Visibility::Link | Visibility::Community => {
            let rendition = renditions::table.find(Uuid::from(id));
            diesel::update(rendition)
                .set((
                    renditions::visibility.eq(visibility.name()),
                    renditions::published_until.eq(None::<DateTime<Utc>>),
                ))
                .execute(conn)
                .await?;
            diesel::delete(published::table.find(Uuid::from(id))).execute(conn).await?;
            Ok(())
        }
    }
}

/// Removes what others could see of an activity. The index goes with the rendition.
pub(in crate::db) async fn withdraw(
    conn: &mut AsyncPgConnection,
    id: ActivityId,
) -> Result<(), Error> {
    diesel::delete(renditions::table.find(Uuid::from(id))).execute(conn).await?;
    Ok(())
}

/// How many renditions one statement removes.
const WITHDRAWN_AT_ONCE: i64 = 1_000;

/// Removes what others could see of every activity of a member, however many there are.
pub(in crate::db) async fn withdraw_all(
    conn: &mut AsyncPgConnection,
    author: AccountId,
) -> Result<(), Error> {
    loop {
        let some = diesel::sql_query(
            "DELETE FROM commons.renditions WHERE activity_id IN (
                 SELECT activity_id FROM commons.renditions WHERE author_id = $1 LIMIT $2
             )",
        );
        let some = some.bind::<SqlUuid, _>(Uuid::from(author));
        if some.bind::<BigInt, _>(WITHDRAWN_AT_ONCE).execute(conn).await? == 0 {
            return Ok(());
        }
    }
}
