//! `/me/consents`: what one agrees to.

use actix_web::{HttpRequest, HttpResponse, get, put, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa_actix_web::service_config::ServiceConfig;

use super::answer::{self, Keep};
use super::body::Json;
use super::problem::{Body, Problem};
use super::session::{Member, Now};
use crate::actions::Service;
use crate::domain::Consent;

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(consents).service(put_consent);
}

/// All that can be agreed to.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Consents)]
struct ConsentsBody {
    items: Vec<ConsentBody>,
}

/// Something that is done only with consent, and whether there is one.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = ConsentGiven)]
struct ConsentBody {
    consent: Consent,
    /// What one agrees to.
    description: &'static str,
    /// Whether one agrees now; not by default.
    given: bool,
    /// Since when; null as long as nothing was said.
    decided_at: Option<DateTime<Utc>>,
}

/// What one decides.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct DecisionBody {
    given: bool,
}

/// What can be agreed to, and what one agrees to.
#[utoipa::path(tag = "me", security(("token" = [])), responses(
    (status = 200, body = ConsentsBody), (status = 304), (status = 401, body = Body),
))]
#[get("/me/consents")]
async fn consents(
    member: Member,
    request: HttpRequest,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let decided = service.db.consents(member.account).await?;
    let item = |consent: Consent| {
        let decision = decided.iter().find(|decision| decision.consent == consent);
        ConsentBody {
            consent,
            description: consent.description(),
            given: decision.is_some_and(|decision| decision.is_given),
            decided_at: decision.map(|decision| decision.decided_at),
        }
    };
    let body = ConsentsBody { items: Consent::ALL.into_iter().map(item).collect() };
    answer::json(&request, Keep::Nobody, &body)
}

/// Agrees, or takes that back, which is as easy. It counts from the next time that something is made of it:
/// within a day. What is taken back is in no open data from the answer on. What was decided before stays
/// written down.
#[utoipa::path(tag = "me", security(("token" = [])), params(("consent" = Consent, Path)),
    request_body = DecisionBody,
    responses(
        (status = 204), (status = 400, body = Body), (status = 401, body = Body), (status = 404, body = Body),
        (status = 429, body = Body, description = "Too often agreed to; what one takes back is always taken back."),
    ))]
#[put("/me/consents/{consent}")]
async fn put_consent(
    member: Member,
    consent: web::Path<String>,
    Json(body): Json<DecisionBody>,
    Now(now): Now,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let consent = Consent::try_from(consent.as_str()).map_err(|_| Problem::NotFound)?;
    service.decide(member.account, consent, body.given, now).await?;
    Ok(HttpResponse::NoContent().finish())
}
