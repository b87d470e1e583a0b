//! `/communities/{id}/requests`: joining a community, asking to, and being let in.

use actix_web::{HttpRequest, HttpResponse, delete, get, post, put, web};
use chrono::NaiveDate;
use serde::Serialize;
use utoipa_actix_web::service_config::ServiceConfig;

use super::answer::{self, Keep};
use super::communities::allowed;
use super::memberships::MembershipBody;
use super::page::{self, Cursor, Page, PageQuery};
use super::present::MemberBody;
use super::problem::{Body, Problem};
use super::session::{Member, Now};
use crate::access::{May, act};
use crate::actions::Service;
use crate::db::Commons;
use crate::db::commons::{Admission, Entry, NamePosition};
use crate::domain::{AccountId, CommunityId};

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(join).service(requests).service(approve).service(end_request);
}

/// That somebody waits to be let in.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = MembershipRequest)]
struct RequestBody {
    member: MemberBody,
    /// The day since when, in UTC.
    asked_at: NaiveDate,
}

/// Joins a public community at once; asks to join a private one. Repeating it changes nothing. An
/// account is in, or waits for, at most 100 communities, and asks for 60 at once, then one a minute.
#[utoipa::path(tag = "communities", security(("token" = [])), params(("id" = CommunityId, Path)), responses(
    (status = 200, body = MembershipBody, description = "One is in it."),
    (status = 202, body = RequestBody, description = "One waits to be let in."),
    (status = 401, body = Body), (status = 404, body = Body),
    (status = 409, body = Body, description = "What one does is restricted."),
    (status = 422, body = Body), (status = 429, body = Body),
))]
#[post("/communities/{id}/requests")]
async fn join(
    member: Member,
    id: web::Path<CommunityId>,
    Now(now): Now,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    Ok(match service.join(member.account, *id, now).await? {
        Admission::Joined(membership) => answer::fresh(&MembershipBody::from(membership)),
        Admission::Asked(request) => answer::accepted(&RequestBody::from(request)),
    })
}

/// Who waits to be let in, by their names. For moderators and administrators.
#[utoipa::path(tag = "communities", security(("token" = [])), params(("id" = CommunityId, Path), PageQuery),
    responses(
        (status = 200, body = Page<RequestBody>), (status = 304), (status = 401, body = Body),
        (status = 403, body = Body), (status = 404, body = Body), (status = 422, body = Body),
    ))]
#[get("/communities/{id}/requests")]
async fn requests(
    member: Member,
    id: web::Path<CommunityId>,
    query: web::Query<PageQuery>,
    request: HttpRequest,
    commons: web::Data<Commons>,
) -> Result<HttpResponse, Problem> {
    let limit = page::limit(query.limit)?;
    let after = query.cursor.as_deref().map(NamePosition::parse).transpose()?;
    let read = async |may: &May<act::Approve>| commons.requests(may, after.as_ref(), limit).await;
    let found = allowed(&commons, member, *id, read).await?;
    answer::json(&request, Keep::Nobody, &Page::of(found, RequestBody::from))
}

/// Lets somebody in who waits. Repeating it changes nothing. A community has at most 1,000 members.
/// For moderators and administrators.
#[utoipa::path(tag = "communities", security(("token" = [])),
    params(("id" = CommunityId, Path), ("member" = AccountId, Path)),
    responses(
        (status = 200, body = MembershipBody), (status = 401, body = Body), (status = 403, body = Body),
        (status = 404, body = Body), (status = 422, body = Body),
    ))]
#[put("/communities/{id}/requests/{member}")]
async fn approve(
    member: Member,
    path: web::Path<(CommunityId, AccountId)>,
    Now(now): Now,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let (id, of) = path.into_inner();
    let approved = service.db.approve_request(member.into(), id, of, now).await??;
    Ok(answer::fresh(&MembershipBody::from(approved)))
}

/// Refuses somebody who waits, which is for moderators and administrators; or takes back one's own
/// request.
#[utoipa::path(tag = "communities", security(("token" = [])),
    params(("id" = CommunityId, Path), ("member" = AccountId, Path)),
    responses(
        (status = 204), (status = 401, body = Body), (status = 403, body = Body), (status = 404, body = Body),
    ))]
#[delete("/communities/{id}/requests/{member}")]
async fn end_request(
    member: Member,
    path: web::Path<(CommunityId, AccountId)>,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let (id, of) = path.into_inner();
    service.db.end_request(member.into(), id, of).await??;
    Ok(HttpResponse::NoContent().finish())
}

impl From<Entry> for RequestBody {
    fn from(entry: Entry) -> Self {
        Self { member: MemberBody::from(&entry.member), asked_at: entry.since.date_naive() }
    }
}
