//! `/open-data`: what is published and whose authors agree, as files for whoever reuses it. It knows the
//! commons and nothing else.
//!
//! A file is written while it is sent, a page of features at a time, from what is there at that moment. So
//! there is no copy that would have to be taken back, and nobody may keep one in between.

use std::net::IpAddr;

use actix_web::{HttpRequest, HttpResponse, get, web};
use bytes::Bytes;
use chrono::{DateTime, NaiveDate, Utc};
use futures_util::stream::{self, StreamExt};
use serde::Serialize;
use utoipa_actix_web::service_config::ServiceConfig;

use super::answer::{self, Keep};
use super::network::Network;
use super::page::{self, Cursor, Page, PageQuery};
use super::problem::{Body, Problem};
use super::room::Taken;
use super::session::Now;
use super::tiles::PublicUrl;
use super::turns::Turns;
use crate::db::Commons;
use crate::db::commons::{Feature, OpenIssue};
use crate::domain::{ActivityId, OPEN_DATA_TERMS};
use crate::privacy::retention;

mod flat;

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(open_data).service(sequence).service(flat_geobuf).service(withdrawn);
}

/// How many features are read and written at once.
const FEATURES_AT_ONCE: usize = 100;

/// RFC 8142.
const SEQUENCE_TYPE: &str = "application/geo+json-seq";
const FLAT_TYPE: &str = "application/flatgeobuf";

/// The open data: what it is, on which terms, and where.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = OpenData)]
struct OpenDataBody {
    title: &'static str,
    description: &'static str,
    /// On which terms one may have them.
    terms: &'static str,
    /// Whom to name.
    attribution: String,
    /// The last issue; null before the first one.
    issue: Option<IssueBody>,
    files: [FileBody; 2],
    withdrawn: WithdrawnBody,
}

/// An issue. There is one a day.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = OpenDataIssue)]
struct IssueBody {
    /// Counts them, from 1.
    number: i32,
    /// The day it was made, in UTC.
    made_on: NaiveDate,
    /// How many features it had then. What is withdrawn or edited meanwhile is not in the files.
    features: i32,
}

/// The data in a format.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = OpenDataFile)]
struct FileBody {
    format: &'static str,
    media_type: &'static str,
    href: String,
}

/// What is not in it any more.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = OpenDataWithdrawn)]
struct WithdrawnBody {
    href: String,
    /// For how long an id is listed, in days.
    days: i64,
}

/// What the open data are: an issue a day of what is published without an end and whose authors agreed to be
/// in it. What is edited is in no file from then on until the next issue, a day at most, and is not listed as withdrawn. The
/// tag of this answer changes with each issue.
#[utoipa::path(tag = "reuse", responses((status = 200, body = OpenDataBody), (status = 304)))]
#[get("/open-data")]
async fn open_data(
    request: HttpRequest,
    commons: web::Data<Commons>,
    url: web::Data<PublicUrl>,
) -> Result<HttpResponse, Problem> {
    let url = &url.0;
    let file = |format, media_type, ending| FileBody {
        format,
        media_type,
        href: format!("{url}/open-data/activities.{ending}"),
    };
    let body = OpenDataBody {
        title: "OpenTracks: activities",
        description: "Published activities whose authors agree to that: the visible lines in 200 points at \
                      most, on WGS 84, and what is told of them. An issue a day; what is withdrawn is in no file from then \
                      on, and what is edited is in none until the next issue.",
        terms: OPEN_DATA_TERMS,
        attribution: format!("The public name in `author` of each feature, and {url}"),
        issue: commons.open_issue().await?.map(IssueBody::from),
        files: [
            file("GeoJSON Text Sequence (RFC 8142)", SEQUENCE_TYPE, "geojsons"),
            file("FlatGeobuf 3", FLAT_TYPE, "fgb"),
        ],
        withdrawn: WithdrawnBody {
            href: format!("{url}/open-data/withdrawn"),
            days: retention::WITHDRAWN_ID.num_days(),
        },
    };
    answer::json(&request, Keep::Everyone, &body)
}

impl From<OpenIssue> for IssueBody {
    fn from(issue: OpenIssue) -> Self {
        Self { number: issue.number, made_on: issue.made_on, features: issue.features }
    }
}

/// The last issue as a GeoJSON Text Sequence, in the order of ids: for each activity a feature as under `/ogc`, with the
/// name of its author. What was withdrawn since is not in it.
#[utoipa::path(tag = "reuse", responses(
    (status = 200, body = Vec<u8>, content_type = "application/geo+json-seq"),
    (status = 429, body = Body, description = "A network reads two files at once."), (status = 503, body = Body),
))]
#[get("/open-data/activities.geojsons")]
async fn sequence(
    Now(now): Now,
    network: Network,
    commons: web::Data<Commons>,
    turns: web::Data<Turns>,
    url: web::Data<PublicUrl>,
) -> Result<HttpResponse, Problem> {
    let turn = turns.file.of(network)?;
    let write = move |features: &[Feature]| sequence_of(features, &url);
    file(turn, commons, now, SEQUENCE_TYPE, "activities.geojsons", Vec::new(), write).await
}

/// The last issue as FlatGeobuf, with the same features. It is written while it is sent, so it has no index
/// and does not tell how many features it has.
#[utoipa::path(tag = "reuse", responses(
    (status = 200, body = Vec<u8>, content_type = "application/flatgeobuf"),
    (status = 429, body = Body, description = "A network reads two files at once."), (status = 503, body = Body),
))]
#[get("/open-data/activities.fgb")]
async fn flat_geobuf(
    Now(now): Now,
    network: Network,
    commons: web::Data<Commons>,
    turns: web::Data<Turns>,
) -> Result<HttpResponse, Problem> {
    file(
        turns.file.of(network)?,
        commons,
        now,
        FLAT_TYPE,
        "activities.fgb",
        flat::head(),
        flat::features,
    )
    .await
}

/// The ids of activities that were in an issue and are not in the last one, for 30 days: for whoever has a
/// copy. Why, and when, is not told.
#[utoipa::path(tag = "reuse", params(PageQuery), responses(
    (status = 200, body = Page<ActivityId>), (status = 304), (status = 422, body = Body),
))]
#[get("/open-data/withdrawn")]
async fn withdrawn(
    query: web::Query<PageQuery>,
    request: HttpRequest,
    commons: web::Data<Commons>,
) -> Result<HttpResponse, Problem> {
    let limit = page::limit(query.limit)?;
    let after = query.cursor.as_deref().map(ActivityId::parse).transpose()?;
    let found = commons.withdrawn_ids(after, limit).await?;
    answer::json(&request, Keep::Everyone, &Page::of(found, |id| id))
}

/// The features of the last issue as `write` writes them, behind `head`.
async fn file(
    turn: Taken<IpAddr>,
    commons: web::Data<Commons>,
    now: DateTime<Utc>,
    kind: &'static str,
    name: &str,
    mut head: Vec<u8>,
    write: impl Fn(&[Feature]) -> Result<Vec<u8>, Problem> + 'static,
) -> Result<HttpResponse, Problem> {
    // What fails here is told as such; later the answer is cut off, and the client sees that it lacks something.
    let first = commons.open_features(None, FEATURES_AT_ONCE, now).await?;
    head.extend(write(&first.items)?);
    let begin = (first.next, commons, write, turn);
    let rest = stream::try_unfold(begin, move |(after, commons, write, turn)| async move {
        let Some(after) = after else { return Ok(None) };
        let page = commons.open_features(Some(after), FEATURES_AT_ONCE, now).await;
        let page = page.map_err(|error| {
            tracing::error!(cause = %error, "The open data cannot be read");
            Problem::from(error)
        })?;
        let content = write(&page.items)?;
        Ok(Some((Bytes::from(content), (page.next, commons, write, turn))))
    });
    let content = stream::once(async { Ok::<_, Problem>(Bytes::from(head)) }).chain(rest);
    Ok(answer::streamed(kind, name, content))
}

/// Each feature between a record separator and a line feed.
fn sequence_of(features: &[Feature], url: &PublicUrl) -> Result<Vec<u8>, Problem> {
    let mut content = Vec::new();
    for feature in features {
        content.push(b'\x1e');
        serde_json::to_writer(&mut content, &super::ogc::feature(feature, url))
            .map_err(|error| Problem::Internal(error.to_string()))?;
        content.push(b'\n');
    }
    Ok(content)
}
