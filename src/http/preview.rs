//! `/activities/{id}/preview.*`: a picture of the line, for lists, mails and cards.

use actix_web::{HttpRequest, HttpResponse, get, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::answer;
use super::line::{AsQuery, Line, Source, of_line};
use super::problem::{Body, Problem};
use super::session::Parts;
use crate::access::Viewer;
use crate::domain::ActivityId;
use crate::track::{Columns, draw};

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(preview);
}

/// The line on a plain ground with a scale, and how high it goes: of the exact track for its owner, of the
/// visible parts alone for others. It is drawn when it is asked for, so it is gone with the rendition.
#[utoipa::path(tag = "activities", security((), ("token" = [])),
    params(
        ("id" = ActivityId, Path),
        ("format" = String, Path, description = "`svg`, or `png` of 1,200 by 630 pixels."),
        AsQuery
    ),
    responses(
        (status = 200, content((String = "image/svg+xml"), (Vec<u8> = "image/png"))),
        (status = 304), (status = 401, body = Body), (status = 404, body = Body),
        (status = 409, body = Body, description = "Nothing would be left to show."), (status = 422, body = Body),
    ))]
#[get("/activities/{id}/preview.{format}")]
async fn preview(
    viewer: Viewer,
    path: web::Path<(ActivityId, String)>,
    query: web::Query<AsQuery>,
    request: HttpRequest,
    parts: Parts,
) -> Result<HttpResponse, Problem> {
    let (id, format) = path.into_inner();
    preview_of(Source::Id(viewer, id, query.parse()?), &parts, &request, &format).await
}

/// The picture of an activity.
pub(super) async fn preview_of(
    source: Source,
    parts: &Parts,
    request: &HttpRequest,
    format: &str,
) -> Result<HttpResponse, Problem> {
    let (media_type, draw): (_, fn(&Columns) -> Vec<u8>) = match format {
        "svg" => ("image/svg+xml", draw::svg),
        "png" => ("image/png", draw::png),
        _ => return Err(Problem::NotFound),
    };
    let (keep, picture) = of_line(source, parts, move |line: &Line| draw(line.columns())).await?;
    Ok(answer::content(request, keep, media_type, picture))
}
