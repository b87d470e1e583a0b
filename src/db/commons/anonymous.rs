//! Works without an author: what stays of those who have left.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::{DateTime, NaiveDate, Utc};
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::sql_types::{Array, Text, Uuid as SqlUuid};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::photos::{self, PublicPhoto, Sizes};
use super::shared::{Level, Shared, Words, narrow, put};
use crate::db::ops::blobs;
use crate::db::schema::commons::{community_activities, links, renditions};
use crate::db::schema::ops::{activity_ids, photo_ids};
use crate::db::{Db, Error};
use crate::domain::{
    ActivityId, BlobId, Choices, CommunityId, Kind, LinkId, PhotoId, PhotoSize, Sport, Visibility,
};
use crate::seal::{Keyring, PhotoKey};
use crate::track::{Cut, PublicTrack, encode};

/// What stays of an activity whose author has left. It waits, sealed, until it is shown.
#[derive(Clone, Serialize, Deserialize)]
pub struct Work {
    /// A new id, random, that has nothing to do with the one before.
    pub id: ActivityId,
    /// Recorded or planned.
    pub kind: Kind,
    /// The sport.
    pub sport: Sport,
    /// What it is called.
    pub title: String,
    /// What is written about it.
    pub description: Option<String>,
    /// The first day of the month in which it took place.
    pub month: Option<NaiveDate>,
    /// Whether its line is shown.
    pub has_map: bool,
    /// Whether everyone sees it.
    pub is_published: bool,
    /// What is left of its line, encoded, in base64.
    track: String,
    /// The links that lead to it.
    links: Vec<KeptLink>,
    /// The communities that it is shared with.
    communities: Vec<CommunityId>,
    /// The photos that stay with it, in the order of their new ids.
    #[serde(default)]
    pub photos: Vec<KeptPhoto>,
}

/// A photo that stays with a work: its pixels wait, as others saw them, to be drawn anew when it is shown.
#[derive(Clone, Serialize, Deserialize)]
pub struct KeptPhoto {
    /// A new id, random, by which it also has its place among the others.
    #[serde(default = "PhotoId::random")]
    pub id: PhotoId,
    /// Where they lie.
    pub blob: BlobId,
    key: String,
}

impl KeptPhoto {
    /// The largest size of a photo that was drawn.
    pub fn of(sizes: &Sizes) -> Self {
        let key = BASE64.encode(sizes.key.as_bytes());
        Self { id: PhotoId::random(), blob: sizes.blob(PhotoSize::Large), key }
    }

    /// What opens it.
    pub fn key(&self) -> Result<PhotoKey, Error> {
        let bytes = BASE64.decode(&self.key).map_err(|_| Error::Corrupt("ops.jobs.content"))?;
        Ok(PhotoKey::from_bytes(&bytes)?)
    }
}

/// A link that stays good. Nothing is kept of how often it was opened.
#[derive(Clone, Serialize, Deserialize)]
struct KeptLink {
    token_hash: String,
    link: LinkId,
    password_hash: Option<String>,
}

/// What is told of a work to be shown.
pub struct Telling {
    /// Recorded or planned.
    pub kind: Kind,
    /// The sport.
    pub sport: Sport,
    /// What it is called.
    pub title: String,
    /// What is written about it.
    pub description: Option<String>,
    /// The first day of the month in which it took place.
    pub month: Option<NaiveDate>,
    /// Whether its line is shown.
    pub has_map: bool,
}

impl Work {
    /// A work of which this is told. Who sees it is not said yet.
    pub fn new(telling: Telling, track: &PublicTrack) -> Self {
        let Telling { kind, sport, title, description, month, has_map } = telling;
        Self {
            id: ActivityId::random(),
            kind,
            sport,
            title,
            description,
            month,
            has_map,
            is_published: false,
            track: BASE64.encode(encode::encode_public(track)),
            links: Vec::new(),
            communities: Vec::new(),
            photos: Vec::new(),
        }
    }

    /// What others get of it, with these photos, each drawn anew: work for a core. `None` when nothing is left,
    /// which `Work::new` is not given.
    pub fn shared(&self, photos: Vec<(PhotoId, Sizes)>) -> Result<Option<Shared>, Error> {
        let corrupt = || Error::Corrupt("ops.jobs.content");
        let bytes = BASE64.decode(&self.track).map_err(|_| corrupt())?;
        let track = encode::decode_public(&bytes).map_err(|_| corrupt())?;
        let cut = Cut { track, day: self.month, hour: None };
        let choices = Choices { map: self.has_map, ..Choices::default() };
        let photos = photos.into_iter().enumerate();
        let photos =
            photos.map(|(rank, (id, sizes))| PublicPhoto::nobodys(id, self.id, rank == 0, sizes));
        Ok(Shared::new(&cut, Vec::new(), photos.collect(), None, choices))
    }
}

impl Db {
    /// Lets those see a work who saw it while it had an author. Repeating it changes nothing.
    pub async fn show_work(&self, work: &Work, shared: &Shared) -> Result<(), Error> {
        let conn = &mut *self.conn().await?;
        conn.transaction(async |conn| {
            let rendition = renditions::table.find(Uuid::from(work.id));
            if diesel::select(exists(rendition)).get_result(conn).await? {
                return Ok(());
            }
            open_ways(conn, work).await?;
            let visibility = level_of(conn, work.id, work.is_published).await?;
            if visibility == Visibility::Private {
                return Ok(());
            }
            // Nobody else makes that id.
            diesel::insert_into(activity_ids::table)
                .values(activity_ids::activity_id.eq(Uuid::from(work.id)))
                .on_conflict_do_nothing()
                .execute(conn)
                .await?;
            let words = Words {
                id: work.id,
                author: None,
                kind: work.kind,
                sport: work.sport,
                title: &work.title,
                description: work.description.as_deref(),
            };
            keep_photos(conn, shared).await?;
            put(conn, &words, shared, Level { visibility, published_until: None }).await
        })
        .await
    }
}

/// The pixels of photos that nobody owns stay as long as their rows.
async fn keep_photos(conn: &mut AsyncPgConnection, shared: &Shared) -> Result<(), Error> {
    for photo in shared.photos() {
        diesel::insert_into(photo_ids::table)
            .values(photo_ids::photo_id.eq(Uuid::from(photo.id)))
            .execute(conn)
            .await?;
        for blob in photo.sizes.blobs {
            blobs::keep(conn, blob).await?;
        }
    }
    Ok(())
}

/// Takes along with a work the ways that lead to what it was, of those that end with nobody's doing. `false`
/// when nobody would see it.
pub(in crate::db) async fn take_ways(
    conn: &mut AsyncPgConnection,
    of: ActivityId,
    work: &mut Work,
) -> Result<bool, Error> {
    let kept: Vec<(Vec<u8>, Uuid, Option<String>)> = links::table
        .filter(links::activity_id.eq(Uuid::from(of)).and(links::expires_at.is_null()))
        .select((links::token_hash, links::link_id, links::password_hash))
        .load(conn)
        .await?;
    let link = |(token_hash, link, password_hash): (Vec<u8>, Uuid, Option<String>)| KeptLink {
        token_hash: BASE64.encode(token_hash),
        link: link.into(),
        password_hash,
    };
    work.links = kept.into_iter().map(link).collect();
    let communities: Vec<Uuid> = community_activities::table
        .filter(community_activities::activity_id.eq(Uuid::from(of)))
        .filter(community_activities::author_id.is_null())
        .select(community_activities::community_id)
        .load(conn)
        .await?;
    work.communities = communities.into_iter().map(CommunityId::from).collect();
    Ok(work.is_published || !work.links.is_empty() || !work.communities.is_empty())
}

/// A community that is gone meanwhile sees nothing; one that is there stays while this is under way.
async fn open_ways(conn: &mut AsyncPgConnection, work: &Work) -> Result<(), Error> {
    let id = Uuid::from(work.id);
    for KeptLink { token_hash, link, password_hash } in &work.links {
        let token_hash =
            BASE64.decode(token_hash).map_err(|_| Error::Corrupt("ops.jobs.content"))?;
        diesel::insert_into(links::table)
            .values((
                links::token_hash.eq(token_hash),
                links::link_id.eq(Uuid::from(*link)),
                links::activity_id.eq(id),
                links::password_hash.eq(password_hash),
            ))
            .on_conflict_do_nothing()
            .execute(conn)
            .await?;
    }
    let communities: Vec<Uuid> = work.communities.iter().copied().map(Uuid::from).collect();
    diesel::sql_query(
        "INSERT INTO commons.community_activities (community_id, activity_id)
         SELECT community_id, $2 FROM commons.communities
         WHERE community_id = ANY ($1) ORDER BY community_id FOR KEY SHARE
         ON CONFLICT DO NOTHING",
    )
    .bind::<Array<SqlUuid>, _>(communities)
    .bind::<SqlUuid, _>(id)
    .execute(conn)
    .await?;
    Ok(())
}

/// The works without an author that only these communities might still see: to be settled once the
/// communities are gone.
pub(super) async fn shared_with(
    conn: &mut AsyncPgConnection,
    community: CommunityId,
) -> Result<Vec<ActivityId>, Error> {
    let ids: Vec<Uuid> = community_activities::table
        .filter(community_activities::community_id.eq(Uuid::from(community)))
        .filter(community_activities::author_id.is_null())
        .order(community_activities::activity_id)
        .select(community_activities::activity_id)
        .load(conn)
        .await?;
    Ok(ids.into_iter().map(ActivityId::from).collect())
}

/// Lets works without an author reach as many as the ways that are left to them say.
pub(super) async fn settle(
    conn: &mut AsyncPgConnection,
    keyring: &Keyring,
    works: Vec<ActivityId>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    for id in works {
        let rendition = renditions::table.find(Uuid::from(id)).select(renditions::visibility);
        let before: Option<String> = rendition.for_update().first(conn).await.optional()?;
        let Some(before) = before else { continue };
        let is_published = before == Visibility::Published.name();
        let level = level_of(conn, id, is_published).await?;
        if level == Visibility::Private {
            photos::erase_files(conn, keyring, id, now).await?;
        }
        narrow(conn, id, level).await?;
    }
    Ok(())
}

async fn level_of(
    conn: &mut AsyncPgConnection,
    id: ActivityId,
    is_published: bool,
) -> Result<Visibility, Error> {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = Text)]
        level: String,
    }
    let found: Found = diesel::sql_query("SELECT commons.level_of($1, $2) AS level")
        .bind::<SqlUuid, _>(Uuid::from(id))
        .bind::<diesel::sql_types::Bool, _>(is_published)
        .get_result(conn)
        .await?;
    Visibility::try_from(found.level.as_str())
        .map_err(|_| Error::Corrupt("commons.renditions.visibility"))
}
