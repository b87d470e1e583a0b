//! `/activities/{id}/track.*` and `/original`: the line as a file.

use actix_web::{HttpRequest, HttpResponse, get, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::activities::owned;
use super::answer::{self, Keep};
use super::line::{AsQuery, Line, Source, of_line};
use super::network::Network;
use super::problem::{Body, Problem};
use super::room::AnswerRoom;
use super::session::{Member, Parts};
use crate::access::Viewer;
use crate::actions::Service;
use crate::db::{self, vault};
use crate::domain::ActivityId;
use crate::track::write::{self, Document};

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(track).service(original);
}

/// A file format that tracks are written in.
struct Format {
    extension: &'static str,
    media_type: &'static str,
    write: fn(&Document) -> Vec<u8>,
}

impl Format {
    const ALL: [Self; 5] = [
        Self { extension: "geojson", media_type: "application/geo+json", write: write::geojson },
        Self { extension: "gpx", media_type: "application/gpx+xml", write: write::gpx },
        Self { extension: "tcx", media_type: "application/vnd.garmin.tcx+xml", write: write::tcx },
        Self {
            extension: "kml",
            media_type: "application/vnd.google-earth.kml+xml",
            write: write::kml,
        },
        Self { extension: "csv", media_type: "text/csv; charset=utf-8", write: write::csv },
    ];
}

/// The line as a file: exact for its owner, the visible parts for others. GeoJSON, GPX 1.1, TCX (an
/// activity, or a course where it has no times of day), KML, or CSV with a row for each point.
#[utoipa::path(tag = "activities", security((), ("token" = [])),
    params(
        ("id" = ActivityId, Path),
        ("format" = String, Path, description = "`geojson`, `gpx`, `tcx`, `kml` or `csv`."),
        AsQuery
    ),
    responses(
        (status = 200, content(
            (String = "application/geo+json"), (String = "application/gpx+xml"),
            (String = "application/vnd.garmin.tcx+xml"), (String = "application/vnd.google-earth.kml+xml"),
            (String = "text/csv"),
        )),
        (status = 304), (status = 401, body = Body), (status = 404, body = Body),
        (status = 409, body = Body, description = "Nothing would be left to show."), (status = 422, body = Body),
    ))]
#[get("/activities/{id}/track.{format}")]
async fn track(
    viewer: Viewer,
    path: web::Path<(ActivityId, String)>,
    query: web::Query<AsQuery>,
    request: HttpRequest,
    parts: Parts,
) -> Result<HttpResponse, Problem> {
    let (id, format) = path.into_inner();
    download(Source::Id(viewer, id, query.parse()?), &parts, &request, &format).await
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
    room: web::Data<AnswerRoom>,
    network: Network,
) -> Result<HttpResponse, Problem> {
    let activity = owned(&service, member, *id).await?;
    let blob = service.db.original(&activity).await?.ok_or(Problem::NotFound)?;
    let _turn = room.turn(network).await?;
    let sealed = service.files.get(blob).await?;
    let key = service.db.account_key(member.account).await?;
    let open = move || vault::open_original(&key, activity.id, &sealed);
    let file = service.cores.run(open).await?.map_err(db::Error::from)?;
    Ok(answer::file(&request, Keep::Nobody, "application/octet-stream", "original", file))
}

/// The line of an activity as a file.
pub(super) async fn download(
    source: Source,
    parts: &Parts,
    request: &HttpRequest,
    extension: &str,
) -> Result<HttpResponse, Problem> {
    let format = Format::ALL.into_iter().find(|format| format.extension == extension);
    let Format { extension, media_type, write } = format.ok_or(Problem::NotFound)?;
    let draw = move |line: &Line| (line.id(), write(&line.document()));
    let (keep, (id, content)) = of_line(source, parts, draw).await?;
    Ok(answer::file(request, keep, media_type, &format!("{id}.{extension}"), content))
}
