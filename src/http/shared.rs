//! `/shared/{token}`: what a link opens, and the same children as an activity has.
//!
//! Who asks is not looked at: a link is good for whoever holds it. Wrong, expired, revoked and
//! unknown ones look alike.

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, HttpResponse, get, post, web};
use futures_util::future::LocalBoxFuture;
use serde::{Deserialize, Serialize};
use utoipa_actix_web::service_config::ServiceConfig;

use super::answer::{self, Keep};
use super::body::Json;
use super::line::Source;
use super::network::Network;
use super::present::RenditionBody;
use super::preview::preview_of;
use super::problem::{Body, Problem};
use super::profile::{AnalysisBody, analysis_of, profile_of};
use super::session::{Now, Parts};
use super::tracks::download;
use crate::access::Visible;
use crate::actions::Service;
use crate::db::Commons;
use crate::db::commons::{Linked, Lock, Rendition};
use crate::domain::{LinkId, Password};
use crate::seal::{LINK_PASS_LIFETIME, LinkPass, LinkToken};
use crate::track::measure::Series;

/// The header that a pass comes in.
const PASS: &str = "Link-Pass";

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(shared)
        .service(unlock)
        .service(shared_track)
        .service(shared_preview)
        .service(shared_profile)
        .service(shared_analysis);
}

/// The password of a link.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = LinkPassword)]
#[serde(deny_unknown_fields)]
struct PasswordBody {
    #[schema(format = Password)]
    password: String,
}

/// Shows that the password was given.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = LinkPass)]
struct PassBody {
    /// To be sent as `Link-Pass` with what follows.
    pass: String,
    /// How long it is good for, in seconds.
    expires_in: i64,
}

/// What the link of a request opens.
pub(super) struct Opened {
    /// Which link.
    pub(super) link: LinkId,
    /// What stands at its end.
    pub(super) token: LinkToken,
    /// What it opens, and whether that has a line.
    pub(super) seen: Box<Visible<(Rendition, bool)>>,
}

impl FromRequest for Opened {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let parts = Parts::extract(&request).await?;
            let token = request.match_info().get("token").unwrap_or_default();
            let pass = request.headers().get(PASS).and_then(|pass| pass.to_str().ok());
            match open(token, pass, &parts).await? {
                Open::Yes(opened) => Ok(opened),
                Open::Locked(_) => Err(Problem::Locked),
            }
        })
    }
}

/// What a token leads to.
pub(super) enum Open {
    /// What it opens.
    Yes(Opened),
    /// The password is asked for first.
    Locked(Lock),
}

/// Follows a token, with a pass if its link has a password.
pub(super) async fn open(token: &str, pass: Option<&str>, parts: &Parts) -> Result<Open, Problem> {
    let Parts { service, commons, now, .. } = parts;
    let token = LinkToken::parse(token).map_err(|_| Problem::NotFound)?;
    let pass = pass.and_then(|pass| LinkPass::parse(pass).ok());
    let unlocks = |lock: &Lock| pass.as_ref().is_some_and(|pass| service.opens(pass, lock, *now));
    match commons.linked(&token, *now, unlocks).await?.ok_or(Problem::NotFound)? {
        Linked::Locked(lock) => Ok(Open::Locked(lock)),
        Linked::Open(link, sealed) => {
            let seen = Box::new(sealed.open().ok_or(Problem::NotFound)?);
            Ok(Open::Yes(Opened { link, token, seen }))
        }
    }
}

/// The rendition that a link opens.
#[utoipa::path(tag = "sharing",
    params(("token" = String, Path), ("Link-Pass" = Option<String>, Header)),
    responses(
        (status = 200, body = RenditionBody), (status = 304), (status = 404, body = Body),
        (status = 401, body = Body, description = "The link asks for a password."),
    ))]
#[get("/shared/{token}")]
async fn shared(
    opened: Opened,
    Now(now): Now,
    request: HttpRequest,
    commons: web::Data<Commons>,
) -> Result<HttpResponse, Problem> {
    commons.count_opening(opened.link, now.date_naive()).await?;
    let body = RenditionBody::from(&*opened.seen);
    Ok(unlisted(answer::json(&request, Keep::Nobody, &body)?))
}

/// Gives a pass for the password of a link.
#[utoipa::path(tag = "sharing", params(("token" = String, Path)), request_body = PasswordBody, responses(
    (status = 200, body = PassBody), (status = 404, body = Body), (status = 422, body = Body), (status = 429, body = Body),
    (status = 401, body = Body, description = "It is not the password, or there is none to give."),
))]
#[post("/shared/{token}/unlock")]
async fn unlock(
    token: web::Path<String>,
    Json(body): Json<PasswordBody>,
    Network(from): Network,
    Now(now): Now,
    service: web::Data<Service>,
    commons: web::Data<Commons>,
) -> Result<HttpResponse, Problem> {
    let token = LinkToken::parse(&token).map_err(|_| Problem::NotFound)?;
    let password = Password::presented(body.password)?;
    match commons.linked(&token, now, |_| false).await?.ok_or(Problem::NotFound)? {
        Linked::Open(..) => Err(Problem::Refused),
        Linked::Locked(lock) => {
            let pass = service.unlock(&lock, password, from, now).await?;
            let expires_in = LINK_PASS_LIFETIME.num_seconds();
            let body = PassBody { pass: pass.to_text(), expires_in };
            Ok(unlisted(HttpResponse::Ok().json(body)))
        }
    }
}

/// The visible line behind a link, as a file.
#[utoipa::path(tag = "sharing",
    params(
        ("token" = String, Path), ("Link-Pass" = Option<String>, Header),
        ("format" = String, Path, description = "`geojson`, `gpx`, `tcx`, `kml` or `csv`."),
    ),
    responses(
        (status = 200, content(
            (String = "application/geo+json"), (String = "application/gpx+xml"),
            (String = "application/vnd.garmin.tcx+xml"), (String = "application/vnd.google-earth.kml+xml"),
            (String = "text/csv"),
        )),
        (status = 304), (status = 401, body = Body), (status = 404, body = Body),
    ))]
#[get("/shared/{token}/track.{format}")]
async fn shared_track(
    opened: Opened,
    path: web::Path<(String, String)>,
    request: HttpRequest,
    parts: Parts,
) -> Result<HttpResponse, Problem> {
    let file = download(Source::Link(opened.token), &parts, &request, &path.1).await?;
    Ok(unlisted(file))
}

/// A picture of the visible line behind a link.
#[utoipa::path(tag = "sharing",
    params(
        ("token" = String, Path),
        ("format" = String, Path, description = "`svg`, or `png` of 1,200 by 630 pixels."),
        ("Link-Pass" = Option<String>, Header)
    ),
    responses(
        (status = 200, content((String = "image/svg+xml"), (Vec<u8> = "image/png"))),
        (status = 304), (status = 401, body = Body), (status = 404, body = Body),
    ))]
#[get("/shared/{token}/preview.{format}")]
async fn shared_preview(
    opened: Opened,
    path: web::Path<(String, String)>,
    request: HttpRequest,
    parts: Parts,
) -> Result<HttpResponse, Problem> {
    let source = Source::Link(opened.token);
    Ok(unlisted(preview_of(source, &parts, &request, &path.1).await?))
}

/// Series for a chart of the visible line behind a link.
#[utoipa::path(tag = "sharing",
    params(("token" = String, Path), ("Link-Pass" = Option<String>, Header)),
    responses((status = 200, body = Series), (status = 304), (status = 401, body = Body), (status = 404, body = Body)))]
#[get("/shared/{token}/profile")]
async fn shared_profile(
    opened: Opened,
    request: HttpRequest,
    parts: Parts,
) -> Result<HttpResponse, Problem> {
    Ok(unlisted(profile_of(Source::Link(opened.token), &parts, &request).await?))
}

/// Numbers of the visible line behind a link.
#[utoipa::path(tag = "sharing",
    params(("token" = String, Path), ("Link-Pass" = Option<String>, Header)),
    responses((status = 200, body = AnalysisBody), (status = 304), (status = 401, body = Body), (status = 404, body = Body)))]
#[get("/shared/{token}/analysis")]
async fn shared_analysis(
    opened: Opened,
    request: HttpRequest,
    parts: Parts,
) -> Result<HttpResponse, Problem> {
    Ok(unlisted(analysis_of(Source::Link(opened.token), &parts, &request).await?))
}

/// Keeps an answer out of search engines.
pub(super) fn unlisted(mut answer: HttpResponse) -> HttpResponse {
    let name = header::HeaderName::from_static("x-robots-tag");
    answer.headers_mut().insert(name, header::HeaderValue::from_static("noindex, nofollow"));
    answer
}
