//! `/s/{token}`: the page that a person opens. Nothing on it comes from elsewhere, and it tells no more
//! than the rendition.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, get, post, web};
use askama::Template;
use serde::Deserialize;
use utoipa_actix_web::service_config::ServiceConfig;

use super::answer::Keep;
use super::body::Form;
use super::network::Network;
use super::problem::Problem;
use super::session::Parts;
use super::shared::{Open, Opened, open, unlisted};
use crate::db::commons::Rendition;
use crate::domain::{Description, Kind, Password};

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(share_page).service(unlock_page);
}

/// A style, a form and our own picture, and nothing else.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; \
                           form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// What the form sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PasswordForm {
    password: String,
}

/// The page of what a link opens.
#[derive(Template)]
#[template(path = "shared.html")]
struct SharedPage<'a> {
    title: &'a str,
    description: Option<&'a str>,
    author: Option<&'a str>,
    /// Such as `Trail running, 12.3 km, 340 m up`.
    summary: String,
    day: Option<String>,
    /// Where the files and the picture of the line are; `None` where there is no map, or a password was asked
    /// for.
    files: Option<String>,
    /// Where this server is reached: those who make a card of the page want a whole address.
    public_url: &'a str,
}

/// The page that asks for a password.
#[derive(Template)]
#[template(path = "locked.html")]
struct LockedPage {
    is_refused: bool,
}

/// The page of nothing: a link that never was, or is no more.
#[derive(Template)]
#[template(path = "gone.html")]
struct GonePage;

/// The page that a person opens, for a link.
#[utoipa::path(tag = "sharing", params(("token" = String, Path)), responses(
    (status = 200, body = String, content_type = "text/html"),
    (status = 401, body = String, content_type = "text/html", description = "It asks for a password."),
    (status = 404, body = String, content_type = "text/html"),
))]
#[get("/s/{token}")]
async fn share_page(token: web::Path<String>, parts: Parts) -> Result<HttpResponse, Problem> {
    match open(&token, None, &parts).await {
        Ok(Open::Yes(opened)) => {
            let files = opened.seen.1.then(|| format!("/api/v1/shared/{token}"));
            shown(&parts, &opened, files).await
        }
        Ok(Open::Locked(_)) => page(StatusCode::UNAUTHORIZED, &LockedPage { is_refused: false }),
        Err(Problem::NotFound) => page(StatusCode::NOT_FOUND, &GonePage),
        Err(problem) => Err(problem),
    }
}

/// The same page, once its password is given.
#[utoipa::path(tag = "sharing", params(("token" = String, Path)),
    request_body(content = String, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, body = String, content_type = "text/html"),
        (status = 400, body = super::problem::Body),
        (status = 401, body = String, content_type = "text/html"),
        (status = 404, body = String, content_type = "text/html"),
        (status = 415, body = super::problem::Body), (status = 422, body = super::problem::Body), (status = 429, body = super::problem::Body),
    ))]
#[post("/s/{token}")]
async fn unlock_page(
    token: web::Path<String>,
    Form(form): Form<PasswordForm>,
    Network(from): Network,
    parts: Parts,
) -> Result<HttpResponse, Problem> {
    let lock = match open(&token, None, &parts).await {
        Ok(Open::Locked(lock)) => lock,
        Ok(Open::Yes(opened)) => return shown(&parts, &opened, None).await,
        Err(Problem::NotFound) => return page(StatusCode::NOT_FOUND, &GonePage),
        Err(problem) => return Err(problem),
    };
    let password = Password::presented(form.password)?;
    let pass = match parts.service.unlock(&lock, password, from, parts.now).await {
        Ok(pass) => pass,
        Err(crate::actions::Error::Unauthenticated) => {
            return page(StatusCode::UNAUTHORIZED, &LockedPage { is_refused: true });
        }
        Err(error) => return Err(error.into()),
    };
    match open(&token, Some(&pass.to_text()), &parts).await? {
        Open::Yes(opened) => shown(&parts, &opened, None).await,
        Open::Locked(_) => page(StatusCode::UNAUTHORIZED, &LockedPage { is_refused: true }),
    }
}

async fn shown(
    parts: &Parts,
    opened: &Opened,
    files: Option<String>,
) -> Result<HttpResponse, Problem> {
    parts.commons.count_opening(opened.link, parts.now.date_naive()).await?;
    let rendition = &opened.seen.0;
    let body = SharedPage {
        title: rendition.title.as_str(),
        description: rendition.description.as_ref().map(Description::as_str),
        author: rendition.author.as_ref().map(|author| author.public_name.as_str()),
        summary: summary(rendition),
        day: rendition.day.map(|day| day.format("%Y-%m-%d").to_string()),
        files,
        public_url: &parts.service.public_url,
    };
    page(StatusCode::OK, &body)
}

/// What it is, in a line.
fn summary(rendition: &Rendition) -> String {
    let sport = rendition.sport.name().replace('_', " ");
    let kind = match rendition.kind {
        Kind::Recorded => sport,
        Kind::Planned => format!("{sport}, planned"),
    };
    let distance_km = rendition.statistics.distance_m / 1_000.0;
    let ascent = rendition.statistics.ascent_m.map(|ascent_m| format!(", {ascent_m:.0} m up"));
    format!("{kind}, {distance_km:.1} km{}", ascent.unwrap_or_default())
}

fn page(status: StatusCode, template: &impl Template) -> Result<HttpResponse, Problem> {
    let html = template.render().map_err(|error| Problem::Internal(error.to_string()))?;
    let answer = HttpResponse::build(status)
        .insert_header((header::CONTENT_SECURITY_POLICY, PAGE_POLICY))
        .insert_header((header::CACHE_CONTROL, Keep::Nobody.cache_control()))
        .content_type("text/html; charset=utf-8")
        .body(html);
    Ok(unlisted(answer))
}
