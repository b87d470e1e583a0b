//! `/activities/{id}/links`: making links to an activity, and taking them back.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa_actix_web::service_config::ServiceConfig;

use super::activities::{changed, idempotency_key, owned};
use super::answer::{self, Keep};
use super::body::Json;
use super::page;
use super::problem::{Body, Problem};
use super::session::{Member, Now};
use crate::actions::Service;
use crate::actions::links::{Made, Wish};
use crate::db::vault::{Link, Way};
use crate::domain::{ActivityId, Email, Invalid, LinkId, LinkLabel, Password};

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(make_link).service(links).service(rotate_link).service(delete_link);
}

/// A link to be made.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = NewLink)]
#[serde(deny_unknown_fields)]
struct NewLinkBody {
    /// What its owner calls it, up to 80 characters. Nobody else reads it.
    label: Option<String>,
    /// When it opens nothing any more.
    expires_at: Option<DateTime<Utc>>,
    /// What it asks for, 4 characters or more. Stored as an argon2id hash.
    #[schema(format = Password)]
    password: Option<String>,
    /// Up to 10 addresses that the link is sent to. They are not kept once it is sent.
    email_to: Option<Vec<String>>,
}

/// A link to an activity.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Link)]
struct LinkBody {
    id: LinkId,
    label: Option<String>,
    /// Whether it asks for a password.
    locked: bool,
    expires_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    /// How often it was opened. By whom is not known.
    opened: i32,
}

/// A link with its token, which is told this once.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = MadeLink)]
struct MadeBody {
    #[serde(flatten)]
    link: LinkBody,
    /// What a person opens.
    url: String,
    /// What a program opens: `/api/v1/shared/{token}`.
    token: String,
}

/// All links to an activity.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Links)]
struct LinksBody {
    items: Vec<LinkBody>,
    /// Always null: an activity has at most 50 links.
    next_cursor: Option<String>,
}

/// Makes a link. Whoever has it reads the rendition, signed in or not. With an `Idempotency-Key`, a
/// repeated call is answered like the first and changes nothing.
#[utoipa::path(tag = "sharing", security(("token" = [])),
    params(
        ("id" = ActivityId, Path), ("If-Match" = Option<String>, Header),
        ("Idempotency-Key" = Option<String>, Header, description = "Up to 255 characters."),
    ),
    request_body = NewLinkBody,
    responses(
        (status = 201, body = MadeBody), (status = 401, body = Body), (status = 404, body = Body),
        (status = 409, body = Body, description = "Nothing would be left to show, or the key stands for another link."),
        (status = 410, body = Body, description = "The link of this call was taken back or has another token now."),
        (status = 412, body = Body), (status = 422, body = Body), (status = 429, body = Body),
    ))]
#[post("/activities/{id}/links")]
async fn make_link(
    member: Member,
    id: web::Path<ActivityId>,
    Json(body): Json<NewLinkBody>,
    Now(now): Now,
    request: HttpRequest,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let (wish, call) = (Wish::try_from(body)?, idempotency_key(&request)?);
    if let Some(call) = call {
        let activity = owned(&service, member, *id).await?;
        // Before it is asked which version was read: the first call has made another one.
        if let Some(made) = service.made_link(&activity, &wish, call, now).await? {
            return Ok(told(StatusCode::CREATED, made));
        }
    }
    let make = async |activity: &_| service.make_link(activity, &wish, call, now).await;
    let made = changed(&service, member, *id, &request, make).await?;
    Ok(told(StatusCode::CREATED, made))
}

/// The links to one's own activity.
#[utoipa::path(tag = "sharing", security(("token" = [])), params(("id" = ActivityId, Path)), responses(
    (status = 200, body = LinksBody), (status = 304), (status = 401, body = Body), (status = 404, body = Body),
))]
#[get("/activities/{id}/links")]
async fn links(
    member: Member,
    id: web::Path<ActivityId>,
    request: HttpRequest,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let activity = owned(&service, member, *id).await?;
    let found = service.db.links(&activity).await?;
    let items = found.into_iter().map(LinkBody::from).collect();
    answer::json(&request, Keep::Nobody, &LinksBody { items, next_cursor: None })
}

/// Gives a link another token. The one before opens nothing from the answer on.
#[utoipa::path(tag = "sharing", security(("token" = [])),
    params(("id" = ActivityId, Path), ("link" = LinkId, Path)),
    responses((status = 200, body = MadeBody), (status = 401, body = Body), (status = 404, body = Body)))]
#[post("/activities/{id}/links/{link}/rotate")]
async fn rotate_link(
    member: Member,
    path: web::Path<(ActivityId, LinkId)>,
    Now(now): Now,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let (id, link) = path.into_inner();
    let activity = owned(&service, member, id).await?;
    Ok(told(StatusCode::OK, service.rotate_link(&activity, link, now).await?))
}

/// Takes a link back. It opens nothing from the answer on.
#[utoipa::path(tag = "sharing", security(("token" = [])),
    params(("id" = ActivityId, Path), ("link" = LinkId, Path), ("If-Match" = Option<String>, Header)),
    responses(
        (status = 204), (status = 401, body = Body), (status = 404, body = Body), (status = 412, body = Body),
    ))]
#[delete("/activities/{id}/links/{link}")]
async fn delete_link(
    member: Member,
    path: web::Path<(ActivityId, LinkId)>,
    Now(now): Now,
    request: HttpRequest,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let (id, link) = path.into_inner();
    let delete = async |activity: &_| service.narrow(activity, Way::Link(link), now).await;
    changed(&service, member, id, &request, delete).await?;
    Ok(HttpResponse::NoContent().finish())
}

fn told(status: StatusCode, made: Made) -> HttpResponse {
    let Made { link, token, url } = made;
    answer::made(status, &MadeBody { link: link.into(), url, token: token.to_text() })
}

impl TryFrom<NewLinkBody> for Wish {
    type Error = Invalid;

    fn try_from(body: NewLinkBody) -> Result<Self, Invalid> {
        let addresses = body.email_to.unwrap_or_default();
        let addresses = addresses.iter().map(|address| Email::try_from(address.as_str()));
        let email_to = addresses.collect::<Result<_, _>>();
        if body.expires_at.is_some_and(|time| !page::is_storable(time)) {
            return Err(Invalid { field: "expires_at", reason: "must be a time to come" });
        }
        Ok(Self {
            label: body.label.as_deref().map(LinkLabel::try_from).transpose()?,
            expires_at: body.expires_at,
            password: body.password.map(Password::for_link).transpose()?,
            email_to: email_to.map_err(|fault| Invalid { field: "email_to", ..fault })?,
        })
    }
}

impl From<Link> for LinkBody {
    fn from(link: Link) -> Self {
        Self {
            id: link.id,
            label: link.label.map(|label| label.as_str().to_owned()),
            locked: link.is_locked,
            expires_at: link.expires_at,
            created_at: link.created_at,
            opened: link.opened,
        }
    }
}
