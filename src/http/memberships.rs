//! `/communities/{id}/members`: who is in a community, as what, and leaving it.

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa_actix_web::service_config::ServiceConfig;

use super::answer::{self, Keep};
use super::body::Json;
use super::communities::allowed;
use super::page::{self, Cursor, Page, PageQuery};
use super::present::MemberBody;
use super::problem::{Body, Problem};
use super::session::{Member, Now};
use crate::access::{May, act};
use crate::actions::Service;
use crate::db::Commons;
use crate::db::commons::{Membership, NamePosition};
use crate::domain::{AccountId, CommunityId, Role};

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(list_members).service(set_role).service(end_membership);
}

/// That somebody is in a community.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Membership)]
pub(super) struct MembershipBody {
    member: MemberBody,
    role: Role,
    /// The day since when, in UTC.
    joined_at: NaiveDate,
}

/// What somebody shall be in a community.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = NewRole)]
#[serde(deny_unknown_fields)]
struct RoleBody {
    #[schema(value_type = Role)]
    role: String,
}

/// Who is in a community, by their names; at most 1,000. For its members, each of whom does not see
/// those that they keep away from, or that keep away from them.
#[utoipa::path(tag = "communities", security(("token" = [])), params(("id" = CommunityId, Path), PageQuery),
    responses(
        (status = 200, body = Page<MembershipBody>), (status = 304), (status = 401, body = Body),
        (status = 403, body = Body), (status = 404, body = Body), (status = 422, body = Body),
    ))]
#[get("/communities/{id}/members")]
async fn list_members(
    member: Member,
    id: web::Path<CommunityId>,
    query: web::Query<PageQuery>,
    request: HttpRequest,
    commons: web::Data<Commons>,
) -> Result<HttpResponse, Problem> {
    let limit = page::limit(query.limit)?;
    let after = query.cursor.as_deref().map(NamePosition::parse).transpose()?;
    let read = async |may: &May<act::SeeInside>| commons.members(may, after.as_ref(), limit).await;
    let found = allowed(&commons, member, *id, read).await?;
    answer::json(&request, Keep::Nobody, &Page::of(found, MembershipBody::from))
}

/// Says what a member is in a community. For its administrators, of whom there is always one.
#[utoipa::path(tag = "communities", security(("token" = [])),
    params(("id" = CommunityId, Path), ("member" = AccountId, Path)),
    request_body = RoleBody,
    responses(
        (status = 200, body = MembershipBody), (status = 401, body = Body), (status = 403, body = Body),
        (status = 404, body = Body), (status = 409, body = Body, description = "They are its last administrator."),
        (status = 422, body = Body),
    ))]
#[patch("/communities/{id}/members/{member}")]
async fn set_role(
    member: Member,
    path: web::Path<(CommunityId, AccountId)>,
    Json(body): Json<RoleBody>,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let (id, of) = path.into_inner();
    let role = Role::try_from(body.role.as_str())?;
    let set = service.db.set_role(member.into(), id, of, role).await??;
    Ok(answer::fresh(&MembershipBody::from(set)))
}

/// Leaves a community, or removes somebody from it: moderators remove members, administrators anyone.
/// With the answer, what they shared there is read by nobody through it any more. When its last
/// administrator leaves, whoever has moderated for longest, else whoever has been in it for longest,
/// administers it; when nobody is left, it ends.
#[utoipa::path(tag = "communities", security(("token" = [])),
    params(("id" = CommunityId, Path), ("member" = AccountId, Path)),
    responses(
        (status = 204), (status = 401, body = Body), (status = 403, body = Body), (status = 404, body = Body),
    ))]
#[delete("/communities/{id}/members/{member}")]
async fn end_membership(
    member: Member,
    path: web::Path<(CommunityId, AccountId)>,
    Now(now): Now,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let (id, of) = path.into_inner();
    service.db.end_membership(member.into(), id, of, now).await??;
    Ok(HttpResponse::NoContent().finish())
}

impl From<Membership> for MembershipBody {
    fn from(membership: Membership) -> Self {
        Self {
            member: MemberBody::from(&membership.member),
            role: membership.role,
            joined_at: membership.joined_at.date_naive(),
        }
    }
}
