//! `/me/exports`: an account, handed over to its owner.

use std::ops::Range;

use actix_web::body::SizedStream;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use futures_util::TryStreamExt;
use serde::Deserialize;
use utoipa_actix_web::service_config::ServiceConfig;

use super::answer::{self, Keep};
use super::archives::{ArchiveBody, own};
use super::body::MaybeJson;
use super::page::{self, Cursor, Page, PageQuery};
use super::problem::{Body, Problem};
use super::session::{Member, Now};
use crate::actions::Service;
use crate::actions::archives::Reader;
use crate::db::vault::ArchivePosition;
use crate::domain::{ArchiveId, ArchiveState, Clock, Direction, Password};

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(ask)
        .service(exports)
        .service(show_export)
        .service(download)
        .service(delete_export);
}

/// Shows that whoever asks is the owner.
#[derive(Default, Deserialize, utoipa::ToSchema)]
#[schema(as = Proof)]
#[serde(deny_unknown_fields)]
struct ProofBody {
    /// Needed unless the session was signed in within the last 15 minutes.
    #[schema(format = Password)]
    password: Option<String>,
}

/// Asks for an archive of all that is in one's account. It is made in the background, one at a time, four at
/// once and then one every six hours; a mail says that somebody asked, and another that it is ready. Of those that are
/// ready the newest stays, and older ones go.
#[utoipa::path(tag = "me", security(("token" = [])), request_body = ProofBody, responses(
    (status = 202, body = ArchiveBody), (status = 422, body = Body), (status = 429, body = Body),
    (status = 401, body = Body, description = "Not signed in, or the password is not right."),
    (status = 403, body = Body, description = "The session is not fresh, and there is no password."),
    (status = 409, body = Body, description = "Another one is at work."),
))]
#[post("/me/exports")]
async fn ask(
    member: Member,
    MaybeJson(body): MaybeJson<ProofBody>,
    Now(now): Now,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let password = body.unwrap_or_default().password.map(Password::presented).transpose()?;
    service.prove_owner(member.account, member.session, password, now).await?;
    let archive = service.ask_export(member.account, now).await?;
    Ok(answer::accepted(&ArchiveBody::from(archive)))
}

/// The archives of one's account, the newest first. Each is there for seven days.
#[utoipa::path(tag = "me", security(("token" = [])), params(PageQuery), responses(
    (status = 200, body = Page<ArchiveBody>), (status = 304), (status = 401, body = Body), (status = 422, body = Body),
))]
#[get("/me/exports")]
async fn exports(
    member: Member,
    query: web::Query<PageQuery>,
    request: HttpRequest,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let limit = page::limit(query.limit)?;
    let after = query.cursor.as_deref().map(ArchivePosition::parse).transpose()?;
    let found = service.db.archives(member.account, Direction::Export, after, limit).await?;
    answer::json(&request, Keep::Nobody, &Page::of(found, ArchiveBody::from))
}

/// How far an archive is.
#[utoipa::path(tag = "me", security(("token" = [])), params(("id" = ArchiveId, Path)), responses(
    (status = 200, body = ArchiveBody), (status = 304), (status = 401, body = Body), (status = 404, body = Body),
))]
#[get("/me/exports/{id}")]
async fn show_export(
    member: Member,
    id: web::Path<ArchiveId>,
    request: HttpRequest,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let archive = own(&service, member, *id, Direction::Export).await?;
    answer::json(&request, Keep::Nobody, &ArchiveBody::from(archive))
}

/// The archive: a ZIP archive of JSON Lines, GPX, GeoJSON and the original files, which says itself what is
/// in it. For a session that was signed in within the last 15 minutes.
#[utoipa::path(tag = "me", security(("token" = [])),
    params(("id" = ArchiveId, Path), ("Range" = Option<String>, Header, description = "One range of bytes.")),
    responses(
        (status = 200, content_type = "application/zip", body = Vec<u8>),
        (status = 206, content_type = "application/zip", body = Vec<u8>),
        (status = 401, body = Body),
        (status = 403, body = Body, description = "The session is not fresh."),
        (status = 404, body = Body, description = "There is none, or it is not finished."),
        (status = 416, body = Body),
    ))]
#[get("/me/exports/{id}/archive")]
async fn download(
    member: Member,
    id: web::Path<ArchiveId>,
    clock: web::Data<Clock>,
    request: HttpRequest,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let archive = own(&service, member, *id, Direction::Export).await?;
    if archive.state != ArchiveState::Finished {
        return Err(Problem::NotFound);
    }
    let (Member { account, session }, id) = (member, archive.id);
    service.prove_owner(account, session, None, clock.now()).await?;
    let reader = Reader::of_archive(service.clone().into_inner(), account, id).await?;
    let bytes = reader.bytes();
    let asked = request.headers().get(header::RANGE).and_then(|range| range.to_str().ok());
    let part = asked.map_or(Ok(None), |asked| part(asked, bytes))?;
    // Whatever is asked for: who takes all but the first byte has it as well.
    service.log_download(account, id, clock.now()).await?;
    let status = if part.is_some() { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
    let mut response = HttpResponse::build(status);
    if let Some(Range { start, end }) = &part {
        let told = format!("bytes {start}-{}/{bytes}", end.saturating_sub(1));
        response.insert_header((header::CONTENT_RANGE, told));
    }
    let range = part.unwrap_or(0..bytes);
    let length = range.end - range.start;
    // The answer has begun: it is cut off, and the client sees that it lacks something.
    let content = reader.stream(range).map_err(|error| {
        tracing::error!(cause = %error, "An archive cannot be read");
        Problem::from(error)
    });
    let content = content.and_then(move |piece| {
        let (service, clock) = (service.clone(), clock.clone());
        async move {
            let goes_on = service.may_be_fetched(account, session, id, clock.now()).await?;
            goes_on.then_some(piece).ok_or(Problem::Unauthenticated)
        }
    });
    Ok(response
        .insert_header((header::CONTENT_TYPE, "application/zip"))
        .insert_header((header::CACHE_CONTROL, Keep::Nobody.cache_control()))
        .insert_header((header::ACCEPT_RANGES, "bytes"))
        .insert_header((header::CONTENT_DISPOSITION, "attachment; filename=\"opentracks.zip\""))
        .body(SizedStream::new(length, Box::pin(content))))
}

/// Deletes an archive, also one that is being made. Its content is erased.
#[utoipa::path(tag = "me", security(("token" = [])), params(("id" = ArchiveId, Path)), responses(
    (status = 204), (status = 401, body = Body), (status = 404, body = Body),
))]
#[delete("/me/exports/{id}")]
async fn delete_export(
    member: Member,
    id: web::Path<ArchiveId>,
    Now(now): Now,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let archive = own(&service, member, *id, Direction::Export).await?;
    let deleted = service.db.delete_archive(member.account, archive.id, now).await?;
    deleted.then(|| HttpResponse::NoContent().finish()).ok_or(Problem::NotFound)
}

/// The part of `bytes` bytes that a `Range` header asks for (RFC 9110, 14.2). All of it where it asks for
/// several, or for what is not counted in bytes.
fn part(asked: &str, bytes: u64) -> Result<Option<Range<u64>>, Problem> {
    let Some(range) = asked.strip_prefix("bytes=").filter(|range| !range.contains(',')) else {
        return Ok(None);
    };
    let Some((first, last)) = range.split_once('-') else { return Ok(None) };
    let number = |text: &str| {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse::<u64>().unwrap_or(u64::MAX))
    };
    let part = match (first.trim(), last.trim()) {
        ("", "") => return Ok(None),
        ("", last) => number(last).map(|last| bytes.saturating_sub(last)..bytes),
        (first, "") => number(first).map(|first| first..bytes),
        (first, last) => number(first)
            .zip(number(last))
            .filter(|(first, last)| first <= last)
            .map(|(first, last)| first..last.saturating_add(1).min(bytes)),
    };
    match part {
        Some(part) if part.start < part.end => Ok(Some(part)),
        Some(_) => Err(Problem::NoSuchRange(bytes)),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_the_part_that_it_asks_for() {
        let part = |asked| part(asked, 100).map_err(|_| "none");
        assert_eq!(part("bytes=0-9"), Ok(Some(0..10)));
        assert_eq!(part("bytes=90-"), Ok(Some(90..100)));
        assert_eq!(part("bytes=-10"), Ok(Some(90..100)));
        assert_eq!(part("bytes=-1000"), Ok(Some(0..100)));
        assert_eq!(part("bytes=90-1000"), Ok(Some(90..100)));
        for outside in ["bytes=100-", "bytes=100-200", "bytes=-0"] {
            assert_eq!(part(outside), Err("none"), "{outside}");
        }
        for ignored in ["bytes=0-1,3-4", "lines=0-1", "bytes=", "bytes=-", "bytes=9-0", "bytes=a-b"]
        {
            assert_eq!(part(ignored), Ok(None), "{ignored}");
        }
    }
}
