//! `/communities`: making, finding, reading, changing and ending them, and what is shared with one.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::activities::idempotency_key;
use super::answer::{self, Keep};
use super::body::Json;
use super::me::given;
use super::page::{self, Cursor, Page, PageQuery};
use super::present::SummaryBody;
use super::problem::{Body, Problem};
use super::session::{Member, Now};
use crate::access::{Acting, May, Viewer, Visible, act};
use crate::actions::Service;
use crate::db::commons::{
    Community, CommunityChange, DayPosition, Listed, NamePosition, NewCommunity,
};
use crate::db::{self, Commons};
use crate::domain::{
    ActivityId, CommunityId, CommunityName, CommunityVisibility, Description, Invalid, Role,
};

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(make_community)
        .service(list_communities)
        .service(show_community)
        .service(change_community)
        .service(delete_community)
        .service(community_activities)
        .service(take_off);
}

/// A community to be made.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = NewCommunity)]
#[serde(deny_unknown_fields)]
struct NewCommunityBody {
    /// What it is called, up to 80 characters.
    name: String,
    /// What it is about, up to 10,000 characters.
    description: Option<String>,
    /// `public`: anyone finds and joins it. `private`: who knows its id asks to join.
    #[schema(value_type = CommunityVisibility)]
    visibility: String,
}

/// Fields to change; those that are left out stay, null clears.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = CommunityChange)]
#[serde(deny_unknown_fields)]
struct CommunityChangeBody {
    name: Option<String>,
    #[serde(default, deserialize_with = "given")]
    description: Option<Option<String>>,
    /// Who is in it stays in it, and who waits goes on waiting.
    #[schema(value_type = Option<CommunityVisibility>)]
    visibility: Option<String>,
}

/// A community.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Community)]
struct CommunityBody {
    id: CommunityId,
    name: String,
    description: Option<String>,
    visibility: CommunityVisibility,
    /// What one is in it; only for its members.
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<Role>,
    /// Counts its changes, from 1; also its `ETag`.
    version: i32,
    created_at: DateTime<Utc>,
}

/// Which communities, and which page of them.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct CommunitiesQuery {
    /// With `true`, those that one is in, private ones among them.
    mine: Option<bool>,
    /// At most so many.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<usize>,
    /// From the page before.
    cursor: Option<String>,
}

/// Makes a community that one administers. An account is in, or waits for, at most 100 communities, and
/// makes 20 at once, then one every ten minutes. With an `Idempotency-Key`, a repeated call is answered
/// like the first and changes nothing.
#[utoipa::path(tag = "communities", security(("token" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "Up to 255 characters.")),
    request_body = NewCommunityBody,
    responses(
        (status = 201, body = CommunityBody), (status = 401, body = Body), (status = 404, body = Body),
        (status = 409, body = Body, description = "What one does is restricted."),
        (status = 422, body = Body), (status = 429, body = Body),
    ))]
#[post("/communities")]
async fn make_community(
    member: Member,
    Json(body): Json<NewCommunityBody>,
    Now(now): Now,
    request: HttpRequest,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let keyed = |key| Uuid::from(service.keyed_id(member.account, "community", key)).into();
    let id = idempotency_key(&request)?.map_or_else(CommunityId::random, keyed);
    let made = service.make_community(member.account, &body.named(id)?, now).await?;
    Ok(one(StatusCode::CREATED, &made))
}

/// Public communities by name, or with `?mine=true` those that one is in.
#[utoipa::path(tag = "communities", security((), ("token" = [])), params(CommunitiesQuery), responses(
    (status = 200, body = Page<CommunityBody>), (status = 304), (status = 401, body = Body),
    (status = 422, body = Body),
))]
#[get("/communities")]
async fn list_communities(
    viewer: Viewer,
    query: web::Query<CommunitiesQuery>,
    request: HttpRequest,
    commons: web::Data<Commons>,
) -> Result<HttpResponse, Problem> {
    let CommunitiesQuery { mine, limit, cursor } = query.into_inner();
    let listed = if mine.unwrap_or_default() { Listed::Own } else { Listed::Public };
    if listed == Listed::Own && viewer == Viewer::Anonymous {
        return Err(Problem::Unauthenticated);
    }
    let after = cursor.as_deref().map(NamePosition::parse).transpose()?;
    let found = commons.communities(viewer, listed, after.as_ref(), page::limit(limit)?).await?;
    let page = Page::of(found, |community| CommunityBody::from(&community));
    answer::json(&request, Keep::Nobody, &page)
}

/// What a community is called and what it is about. A public one is for everyone; a private one for
/// whoever is signed in and knows its id, which is how they ask to join.
#[utoipa::path(tag = "communities", security((), ("token" = [])), params(("id" = CommunityId, Path)), responses(
    (status = 200, body = CommunityBody), (status = 401, body = Body), (status = 404, body = Body),
))]
#[get("/communities/{id}")]
async fn show_community(
    viewer: Viewer,
    id: web::Path<CommunityId>,
    commons: web::Data<Commons>,
) -> Result<HttpResponse, Problem> {
    let community = commons.community(viewer, *id).await??.open()?;
    Ok(one(StatusCode::OK, &community))
}

/// Changes what a community is. What was shared there while it was private is taken back before anyone may join it.
/// For its administrators.
#[utoipa::path(tag = "communities", security(("token" = [])),
    params(("id" = CommunityId, Path), ("If-Match" = Option<String>, Header)),
    request_body = CommunityChangeBody,
    responses(
        (status = 200, body = CommunityBody), (status = 401, body = Body), (status = 403, body = Body),
        (status = 404, body = Body), (status = 412, body = Body, description = "It has changed meanwhile."),
        (status = 422, body = Body),
    ))]
#[patch("/communities/{id}")]
async fn change_community(
    member: Member,
    id: web::Path<CommunityId>,
    Json(body): Json<CommunityChangeBody>,
    Now(now): Now,
    request: HttpRequest,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let (change, wanted) = (body.try_into()?, answer::if_match(&request));
    let is_wanted = |version| answer::is_version_wanted(wanted.as_deref(), version);
    let changed = service.db.change_community(member.into(), *id, &change, is_wanted, now);
    let changed = changed.await??;
    Ok(one(StatusCode::OK, &changed))
}

/// Ends a community. With the answer, nothing is read by it any more. For its administrators.
#[utoipa::path(tag = "communities", security(("token" = [])),
    params(("id" = CommunityId, Path), ("If-Match" = Option<String>, Header)),
    responses(
        (status = 204), (status = 401, body = Body), (status = 403, body = Body), (status = 404, body = Body),
        (status = 412, body = Body),
    ))]
#[delete("/communities/{id}")]
async fn delete_community(
    member: Member,
    id: web::Path<CommunityId>,
    Now(now): Now,
    request: HttpRequest,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let wanted = answer::if_match(&request);
    let is_wanted = |version| answer::is_version_wanted(wanted.as_deref(), version);
    service.db.delete_community(member.into(), *id, is_wanted, now).await??;
    Ok(HttpResponse::NoContent().finish())
}

/// What is shared with a community, newest day first. For its members.
#[utoipa::path(tag = "communities", security(("token" = [])), params(("id" = CommunityId, Path), PageQuery),
    responses(
        (status = 200, body = Page<SummaryBody>), (status = 304), (status = 401, body = Body),
        (status = 403, body = Body), (status = 404, body = Body), (status = 422, body = Body),
    ))]
#[get("/communities/{id}/activities")]
async fn community_activities(
    member: Member,
    id: web::Path<CommunityId>,
    query: web::Query<PageQuery>,
    Now(now): Now,
    request: HttpRequest,
    commons: web::Data<Commons>,
) -> Result<HttpResponse, Problem> {
    let limit = page::limit(query.limit)?;
    let after = query.cursor.as_deref().map(DayPosition::parse).transpose()?;
    let read = async |may: &May<act::SeeInside>| commons.shared_with(may, after, limit, now).await;
    let found = allowed(&commons, member, *id, read).await?;
    let page = Page::of(found, |rendition| SummaryBody::from(&rendition));
    answer::json(&request, Keep::Nobody, &page)
}

/// Takes off a community what is shared with it, whoever shared it, and whether or not they are still there.
/// With the answer its members do not see it any more, unless they have another way to it; whether it was there
/// is not told. For moderators and administrators.
#[utoipa::path(tag = "communities", security(("token" = [])),
    params(("id" = CommunityId, Path), ("activity" = ActivityId, Path)),
    responses(
        (status = 204), (status = 401, body = Body), (status = 403, body = Body), (status = 404, body = Body),
    ))]
#[delete("/communities/{id}/activities/{activity}")]
async fn take_off(
    member: Member,
    path: web::Path<(CommunityId, ActivityId)>,
    Now(now): Now,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let (id, activity) = path.into_inner();
    service.db.take_off(member.into(), id, activity, now).await??;
    Ok(HttpResponse::NoContent().finish())
}

/// What is read of a community by who may do `A` there, also once it is read: it is judged in another statement
/// than it is read in, and who was put out in between reads nothing, not even half a page.
pub(super) async fn allowed<A: Acting, T>(
    commons: &Commons,
    member: Member,
    id: CommunityId,
    read: impl AsyncFnOnce(&May<A>) -> Result<T, db::Error>,
) -> Result<T, Problem> {
    let may = commons.community(member.into(), id).await??.may::<A>()?;
    let found = read(&may).await?;
    commons.community(member.into(), id).await??.may::<A>()?;
    Ok(found)
}

fn one(status: StatusCode, community: &Visible<Community>) -> HttpResponse {
    answer::versioned(status, community.version, &CommunityBody::from(community))
}

impl NewCommunityBody {
    fn named(self, id: CommunityId) -> Result<NewCommunity, Invalid> {
        Ok(NewCommunity {
            id,
            name: CommunityName::try_from(self.name.as_str())?,
            description: self.description.as_deref().map(Description::try_from).transpose()?,
            visibility: CommunityVisibility::try_from(self.visibility.as_str())?,
        })
    }
}

impl TryFrom<CommunityChangeBody> for CommunityChange {
    type Error = Invalid;

    fn try_from(body: CommunityChangeBody) -> Result<Self, Invalid> {
        let parse = |text: String| Description::try_from(text.as_str());
        let visibility = body.visibility.as_deref().map(CommunityVisibility::try_from);
        Ok(Self {
            name: body.name.as_deref().map(CommunityName::try_from).transpose()?,
            description: body.description.map(|text| text.map(parse).transpose()).transpose()?,
            visibility: visibility.transpose()?,
        })
    }
}

impl From<&Visible<Community>> for CommunityBody {
    fn from(community: &Visible<Community>) -> Self {
        Self {
            id: community.id,
            name: community.name.as_str().to_owned(),
            description: community.description.as_ref().map(|text| text.as_str().to_owned()),
            visibility: community.visibility,
            role: community.role,
            version: community.version,
            created_at: community.created_at,
        }
    }
}
