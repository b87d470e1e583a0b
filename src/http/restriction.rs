//! `/me/restriction`: letting nothing be done with one's data, while they stay.

use actix_web::{HttpRequest, HttpResponse, delete, get, put, web};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa_actix_web::service_config::ServiceConfig;

use super::answer::{self, Keep};
use super::problem::{Body, Problem};
use super::session::{Member, Now};
use crate::actions::Service;

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(restriction).service(restrict).service(lift_restriction);
}

/// Whether something may be done with one's data.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Restriction)]
struct RestrictionBody {
    /// Whether nothing is done with them.
    restricted: bool,
    /// Since when.
    since: Option<DateTime<Utc>>,
}

/// Whether something may be done with one's data.
#[utoipa::path(tag = "me", security(("token" = [])), responses(
    (status = 200, body = RestrictionBody), (status = 304), (status = 401, body = Body),
))]
#[get("/me/restriction")]
async fn restriction(
    member: Member,
    request: HttpRequest,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let since = service.db.restricted_at(member.account).await?;
    answer::json(&request, Keep::Nobody, &RestrictionBody::of(since))
}

/// Restricts processing (article 18 GDPR): from the answer on nobody else finds, sees or counts anything of
/// the account, no mail goes out about it, and nothing of it is purged. Its owner reads, downloads, edits
/// and deletes as before; what would show something to others is 409.
#[utoipa::path(tag = "me", security(("token" = [])), responses(
    (status = 200, body = RestrictionBody), (status = 401, body = Body), (status = 429, body = Body),
))]
#[put("/me/restriction")]
async fn restrict(
    member: Member,
    Now(now): Now,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let since = service.restrict(member.account, now).await?;
    Ok(answer::fresh(&RestrictionBody::of(Some(since))))
}

/// Lifts the restriction. What was published or shared before is so again, within moments.
#[utoipa::path(tag = "me", security(("token" = [])), responses(
    (status = 204), (status = 401, body = Body), (status = 429, body = Body),
))]
#[delete("/me/restriction")]
async fn lift_restriction(
    member: Member,
    Now(now): Now,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    service.lift_restriction(member.account, now).await?;
    Ok(HttpResponse::NoContent().finish())
}

impl RestrictionBody {
    const fn of(since: Option<DateTime<Utc>>) -> Self {
        Self { restricted: since.is_some(), since }
    }
}
