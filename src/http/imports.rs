//! `/me/imports`: an archive, taken into an account.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use futures_util::StreamExt;
use serde::Deserialize;
use utoipa_actix_web::service_config::ServiceConfig;

use super::answer::{self, Keep};
use super::archives::{ArchiveBody, own};
use super::body;
use super::page::{self, Cursor, Page, PageQuery};
use super::problem::{Body, Problem};
use super::session::Member;
use crate::actions::Service;
use crate::actions::archives::{ARCHIVE_BYTES_MAX, Receiving, Sharing};
use crate::db::vault::{Archive, ArchivePosition};
use crate::domain::{ArchiveId, Clock, Direction, Invalid};

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(send).service(imports).service(show_import).service(delete_import);
}

/// How an archive is taken in.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ImportQuery {
    /// `none`: every activity is private, whatever it was. `restore`: what was published is published, and
    /// links are made anew, but for those with a password; ask for their tokens by rotating them.
    sharing: Option<String>,
}

/// Takes in an archive that `POST /api/v1/me/exports` made, here or elsewhere: zones, blocks and activities, but
/// not reviews, which were written about what is elsewhere; at most 8 GiB and 500,000 files. What is there already stays as it is, so repeating it changes nothing. Four
/// are taken in at once, then one every six hours.
/// Activities keep their ids where those are free. It goes on in the background, one at a time.
#[utoipa::path(tag = "me", security(("token" = [])), params(ImportQuery),
    request_body(content = Vec<u8>, content_type = "application/zip"),
    responses(
        (status = 202, body = ArchiveBody), (status = 401, body = Body), (status = 408, body = Body),
        (status = 409, body = Body, description = "Another one is at work."),
        (status = 413, body = Body), (status = 415, body = Body), (status = 429, body = Body),
        (status = 422, body = Body, description = "It is not such an archive."),
    ))]
#[post("/me/imports")]
async fn send(
    member: Member,
    query: web::Query<ImportQuery>,
    clock: web::Data<Clock>,
    request: HttpRequest,
    payload: web::Payload,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let sharing = match query.sharing.as_deref() {
        None | Some("none") => Sharing::None,
        Some("restore") => Sharing::Restore,
        Some(_) => {
            return Err(Invalid { field: "sharing", reason: "must be none or restore" }.into());
        }
    };
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if kind != Some("application/zip") {
        return Err(Problem::UnsupportedMediaType("Send application/zip."));
    }
    let mut stream = body::bounded(&request, payload.into_inner(), ARCHIVE_BYTES_MAX)?;
    let service = service.into_inner();
    let Member { account, session } = member;
    let mut receiving = Receiving::begin(service, account, session, clock.now()).await?;
    match receive(&mut receiving, &mut stream, sharing, &clock).await {
        Ok(archive) => Ok(answer::accepted(&ArchiveBody::from(archive))),
        Err(problem) => {
            // Should this fail as well, it goes when its time is over.
            let _given_up = receiving.give_up(clock.now()).await;
            Err(problem)
        }
    }
}

async fn receive(
    receiving: &mut Receiving,
    stream: &mut body::Bounded,
    sharing: Sharing,
    clock: &Clock,
) -> Result<Archive, Problem> {
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|error| body::of_payload(&error, ARCHIVE_BYTES_MAX))?;
        receiving.push(&chunk, clock.now()).await?;
    }
    Ok(receiving.finish(sharing, clock.now()).await?)
}

/// The archives that were sent for one's account, the newest first.
#[utoipa::path(tag = "me", security(("token" = [])), params(PageQuery), responses(
    (status = 200, body = Page<ArchiveBody>), (status = 304), (status = 401, body = Body), (status = 422, body = Body),
))]
#[get("/me/imports")]
async fn imports(
    member: Member,
    query: web::Query<PageQuery>,
    request: HttpRequest,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let limit = page::limit(query.limit)?;
    let after = query.cursor.as_deref().map(ArchivePosition::parse).transpose()?;
    let found = service.db.archives(member.account, Direction::Import, after, limit).await?;
    answer::json(&request, Keep::Nobody, &Page::of(found, ArchiveBody::from))
}

/// How far an import is, and what it came to.
#[utoipa::path(tag = "me", security(("token" = [])), params(("id" = ArchiveId, Path)), responses(
    (status = 200, body = ArchiveBody), (status = 304), (status = 401, body = Body), (status = 404, body = Body),
))]
#[get("/me/imports/{id}")]
async fn show_import(
    member: Member,
    id: web::Path<ArchiveId>,
    request: HttpRequest,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let archive = own(&service, member, *id, Direction::Import).await?;
    answer::json(&request, Keep::Nobody, &ArchiveBody::from(archive))
}

/// Ends an import, and erases what was sent. What was taken in stays.
#[utoipa::path(tag = "me", security(("token" = [])), params(("id" = ArchiveId, Path)), responses(
    (status = 204), (status = 401, body = Body), (status = 404, body = Body),
))]
#[delete("/me/imports/{id}")]
async fn delete_import(
    member: Member,
    id: web::Path<ArchiveId>,
    clock: web::Data<Clock>,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let archive = own(&service, member, *id, Direction::Import).await?;
    let deleted = service.db.delete_archive(member.account, archive.id, clock.now()).await?;
    deleted.then(|| HttpResponse::NoContent().finish()).ok_or(Problem::NotFound)
}
