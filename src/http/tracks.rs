//! `/activities/{id}/track.*` and `/original`: the line as a file.

use actix_web::{HttpRequest, HttpResponse, get, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::activities::owned;
use super::answer::{self, Keep};
use super::line::{AsQuery, Line, of_line};
use super::problem::{Body, Problem};
use super::session::Member;
use crate::access::Viewer;
use crate::actions::Service;
use crate::db::{self, Commons, vault};
use crate::domain::ActivityId;
use crate::track::write::{self, Document};

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(geojson).service(gpx).service(tcx).service(kml).service(csv).service(original);
}

/// A file format that tracks are written in.
struct Format {
    extension: &'static str,
    media_type: &'static str,
    write: fn(&Document) -> Vec<u8>,
}

const GEOJSON: Format =
    Format { extension: "geojson", media_type: "application/geo+json", write: write::geojson };
const GPX: Format =
    Format { extension: "gpx", media_type: "application/gpx+xml", write: write::gpx };
const TCX: Format =
    Format { extension: "tcx", media_type: "application/vnd.garmin.tcx+xml", write: write::tcx };
const KML: Format = Format {
    extension: "kml",
    media_type: "application/vnd.google-earth.kml+xml",
    write: write::kml,
};
const CSV: Format =
    Format { extension: "csv", media_type: "text/csv; charset=utf-8", write: write::csv };

/// The line as GeoJSON: exact for its owner, the visible parts for others.
#[utoipa::path(tag = "activities", security((), ("token" = [])), params(("id" = ActivityId, Path), AsQuery), responses(
    (status = 200, content_type = "application/geo+json", body = String), (status = 304),
    (status = 401, body = Body), (status = 404, body = Body), (status = 409, body = Body, description = "Nothing would be left to show."),
))]
#[get("/activities/{id}/track.geojson")]
async fn geojson(
    viewer: Viewer,
    id: web::Path<ActivityId>,
    query: web::Query<AsQuery>,
    request: HttpRequest,
    service: web::Data<Service>,
    commons: web::Data<Commons>,
) -> Result<HttpResponse, Problem> {
    download(viewer, *id, &query, &request, &service, &commons, &GEOJSON).await
}

/// The line as GPX 1.1: exact for its owner, the visible parts for others.
#[utoipa::path(tag = "activities", security((), ("token" = [])), params(("id" = ActivityId, Path), AsQuery), responses(
    (status = 200, content_type = "application/gpx+xml", body = String), (status = 304),
    (status = 401, body = Body), (status = 404, body = Body), (status = 409, body = Body, description = "Nothing would be left to show."),
))]
#[get("/activities/{id}/track.gpx")]
async fn gpx(
    viewer: Viewer,
    id: web::Path<ActivityId>,
    query: web::Query<AsQuery>,
    request: HttpRequest,
    service: web::Data<Service>,
    commons: web::Data<Commons>,
) -> Result<HttpResponse, Problem> {
    download(viewer, *id, &query, &request, &service, &commons, &GPX).await
}

/// The line as TCX: an activity, or a course where it has no times of day. Exact for its
/// owner, the visible parts for others.
#[utoipa::path(tag = "activities", security((), ("token" = [])), params(("id" = ActivityId, Path), AsQuery), responses(
    (status = 200, content_type = "application/vnd.garmin.tcx+xml", body = String), (status = 304),
    (status = 401, body = Body), (status = 404, body = Body), (status = 409, body = Body, description = "Nothing would be left to show."),
))]
#[get("/activities/{id}/track.tcx")]
async fn tcx(
    viewer: Viewer,
    id: web::Path<ActivityId>,
    query: web::Query<AsQuery>,
    request: HttpRequest,
    service: web::Data<Service>,
    commons: web::Data<Commons>,
) -> Result<HttpResponse, Problem> {
    download(viewer, *id, &query, &request, &service, &commons, &TCX).await
}

/// The line as KML: exact for its owner, the visible parts for others.
#[utoipa::path(tag = "activities", security((), ("token" = [])), params(("id" = ActivityId, Path), AsQuery), responses(
    (status = 200, content_type = "application/vnd.google-earth.kml+xml", body = String), (status = 304),
    (status = 401, body = Body), (status = 404, body = Body), (status = 409, body = Body, description = "Nothing would be left to show."),
))]
#[get("/activities/{id}/track.kml")]
async fn kml(
    viewer: Viewer,
    id: web::Path<ActivityId>,
    query: web::Query<AsQuery>,
    request: HttpRequest,
    service: web::Data<Service>,
    commons: web::Data<Commons>,
) -> Result<HttpResponse, Problem> {
    download(viewer, *id, &query, &request, &service, &commons, &KML).await
}

/// The line as a table with a row for each point: exact for its owner, the visible parts for others.
#[utoipa::path(tag = "activities", security((), ("token" = [])), params(("id" = ActivityId, Path), AsQuery), responses(
    (status = 200, content_type = "text/csv", body = String), (status = 304),
    (status = 401, body = Body), (status = 404, body = Body), (status = 409, body = Body, description = "Nothing would be left to show."),
))]
#[get("/activities/{id}/track.csv")]
async fn csv(
    viewer: Viewer,
    id: web::Path<ActivityId>,
    query: web::Query<AsQuery>,
    request: HttpRequest,
    service: web::Data<Service>,
    commons: web::Data<Commons>,
) -> Result<HttpResponse, Problem> {
    download(viewer, *id, &query, &request, &service, &commons, &CSV).await
}

/// The file that an activity came from, unchanged, for its owner.
#[utoipa::path(tag = "activities", security(("token" = [])), params(("id" = ActivityId, Path)), responses(
    (status = 200, content_type = "application/octet-stream", body = Vec<u8>), (status = 304),
    (status = 401, body = Body), (status = 404, body = Body),
))]
#[get("/activities/{id}/original")]
async fn original(
    member: Member,
    id: web::Path<ActivityId>,
    request: HttpRequest,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let activity = owned(&service, member, *id).await?;
    let blob = service.db.original(&activity).await?.ok_or(Problem::NotFound)?;
    let sealed = service.files.get(blob).await?;
    let key = service.db.account_key(member.account).await?;
    let open = move || vault::open_original(&key, activity.id, &sealed);
    let file = service.cores.run(open).await?.map_err(db::Error::from)?;
    Ok(answer::file(&request, Keep::Nobody, "application/octet-stream", "original", file))
}

async fn download(
    viewer: Viewer,
    id: ActivityId,
    query: &AsQuery,
    request: &HttpRequest,
    service: &Service,
    commons: &Commons,
    format: &Format,
) -> Result<HttpResponse, Problem> {
    let (name, write) = (format!("{id}.{}", format.extension), format.write);
    let write = move |line: &Line| write(&line.document());
    let (keep, content) = of_line(viewer, id, query, service, commons, write).await?;
    Ok(answer::file(request, keep, format.media_type, &name, content))
}
