//! `/privacy`: the policy, made from the constants that the program obeys.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, web};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::privacy::policy::Policy;

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(show_policy);
}

/// The page has a style and nothing else.
const PAGE_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'";

/// The privacy policy: a page for browsers, JSON for programs.
#[utoipa::path(tag = "operation", responses((status = 200, body = Policy, content_type = "application/json")))]
#[get("/privacy")]
async fn show_policy(request: HttpRequest, policy: web::Data<Policy>) -> HttpResponse {
    let accept = request.headers().get(header::ACCEPT).and_then(|kinds| kinds.to_str().ok());
    let mut response = HttpResponse::Ok();
    response.insert_header((header::VARY, "Accept"));
    if accept.is_some_and(|kinds| kinds.contains("text/html")) {
        response.insert_header((header::CONTENT_SECURITY_POLICY, PAGE_POLICY));
        return response.content_type("text/html; charset=utf-8").body(policy.to_html());
    }
    response.json(&**policy)
}
