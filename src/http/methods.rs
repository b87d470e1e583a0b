//! `/methods`: how each number is computed, and by which rules points are passed over.

use actix_web::{HttpResponse, get};
use serde::Serialize;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::track::Rule;
use crate::track::measure::{METHODS, Method};

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(methods);
}

/// What is done to a track.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Methods)]
struct MethodsBody {
    /// How each number is computed, with its source.
    numbers: &'static [Method],
    /// By which rules points and values are passed over: what `flaws` name.
    rules: Vec<RuleBody>,
}

/// A rule by which something is passed over.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Rule)]
struct RuleBody {
    rule: &'static str,
    description: &'static str,
}

/// How each number is computed, and by which rules points are passed over.
#[utoipa::path(tag = "activities", responses((status = 200, body = MethodsBody)))]
#[get("/methods")]
async fn methods() -> HttpResponse {
    let body = |rule: &Rule| RuleBody { rule: rule.name(), description: rule.description().trim() };
    let rules = Rule::ALL.iter().map(body).collect();
    HttpResponse::Ok().json(MethodsBody { numbers: METHODS, rules })
}
