//! `/communities/{id}/bans`: whom a community keeps out.

use actix_web::{HttpRequest, HttpResponse, delete, get, put, web};
use chrono::NaiveDate;
use serde::Serialize;
use utoipa_actix_web::service_config::ServiceConfig;

use super::answer::{self, Keep};
use super::communities::allowed;
use super::page::{self, Cursor, Page, PageQuery};
use super::present::MemberBody;
use super::problem::{Body, Problem};
use super::session::{Member, Now};
use crate::access::{May, act};
use crate::actions::Service;
use crate::db::Commons;
use crate::db::commons::{Entry, NamePosition};
use crate::domain::{AccountId, CommunityId};

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(bans).service(show_ban).service(ban).service(end_ban);
}

/// That somebody is kept out.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Ban)]
struct BanBody {
    member: MemberBody,
    /// The day since when, in UTC.
    banned_at: NaiveDate,
}

/// Who is kept out of a community, by their names: who was in it, wanted to be, or was seen elsewhere by who kept
/// them out. For moderators and administrators.
#[utoipa::path(tag = "communities", security(("token" = [])), params(("id" = CommunityId, Path), PageQuery),
    responses(
        (status = 200, body = Page<BanBody>), (status = 304), (status = 401, body = Body),
        (status = 403, body = Body), (status = 404, body = Body), (status = 422, body = Body),
    ))]
#[get("/communities/{id}/bans")]
async fn bans(
    member: Member,
    id: web::Path<CommunityId>,
    query: web::Query<PageQuery>,
    request: HttpRequest,
    commons: web::Data<Commons>,
) -> Result<HttpResponse, Problem> {
    let limit = page::limit(query.limit)?;
    let after = query.cursor.as_deref().map(NamePosition::parse).transpose()?;
    let read = async |may: &May<act::Ban>| commons.bans(may, after.as_ref(), limit).await;
    let found = allowed(&commons, member, *id, read).await?;
    answer::json(&request, Keep::Nobody, &Page::of(found, BanBody::from))
}

/// Since when somebody is kept out. For moderators and administrators.
#[utoipa::path(tag = "communities", security(("token" = [])),
    params(("id" = CommunityId, Path), ("member" = AccountId, Path)),
    responses(
        (status = 200, body = BanBody), (status = 401, body = Body), (status = 403, body = Body),
        (status = 404, body = Body),
    ))]
#[get("/communities/{id}/bans/{member}")]
async fn show_ban(
    member: Member,
    path: web::Path<(CommunityId, AccountId)>,
    commons: web::Data<Commons>,
) -> Result<HttpResponse, Problem> {
    let (id, of) = path.into_inner();
    let read = async |may: &May<act::Ban>| commons.ban(may, of).await;
    let found = allowed(&commons, member, id, read).await?.ok_or(Problem::NotFound)?;
    Ok(answer::fresh(&BanBody::from(found)))
}

/// Keeps somebody out: for them the community does not exist. With the answer their membership, their
/// request and what they shared there are gone. It works the same for an id that names nobody. Moderators keep out
/// members and who is not in it, administrators anyone but themselves. Repeating it changes nothing.
#[utoipa::path(tag = "communities", security(("token" = [])),
    params(("id" = CommunityId, Path), ("member" = AccountId, Path)),
    responses(
        (status = 204), (status = 401, body = Body), (status = 403, body = Body), (status = 404, body = Body),
        (status = 422, body = Body),
    ))]
#[put("/communities/{id}/bans/{member}")]
async fn ban(
    member: Member,
    path: web::Path<(CommunityId, AccountId)>,
    Now(now): Now,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let (id, of) = path.into_inner();
    service.db.ban_member(member.into(), id, of, now).await??;
    Ok(HttpResponse::NoContent().finish())
}

/// Keeps somebody out no longer: they may join again, or ask to. Repeating it changes nothing. For moderators and
/// administrators.
#[utoipa::path(tag = "communities", security(("token" = [])),
    params(("id" = CommunityId, Path), ("member" = AccountId, Path)),
    responses(
        (status = 204), (status = 401, body = Body), (status = 403, body = Body), (status = 404, body = Body),
    ))]
#[delete("/communities/{id}/bans/{member}")]
async fn end_ban(
    member: Member,
    path: web::Path<(CommunityId, AccountId)>,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let (id, of) = path.into_inner();
    service.db.end_ban(member.into(), id, of).await??;
    Ok(HttpResponse::NoContent().finish())
}

impl From<Entry> for BanBody {
    fn from(entry: Entry) -> Self {
        Self { member: MemberBody::from(&entry.member), banned_at: entry.since.date_naive() }
    }
}
