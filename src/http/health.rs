//! `/health`: whether the process lives, and whether it can answer.

use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use utoipa_actix_web::service_config::ServiceConfig;

use super::problem::{Body, Problem};
use super::session::Now;
use crate::actions::Service;
use crate::db::Commons;

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(live).service(ready);
}

/// Whether the server is about to stop: then it is not ready, though it still answers.
#[derive(Default)]
pub struct Draining(AtomicBool);

impl Draining {
    /// Says that the server is about to stop.
    pub fn begin(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Health)]
struct HealthBody {
    #[schema(example = "ok")]
    status: &'static str,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Readiness)]
struct ReadyBody {
    #[schema(example = "ok")]
    status: &'static str,
    /// The tasks that keep a promise of the policy and have not been carried through for a day.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    overdue: Vec<String>,
}

/// Whether the process lives. Touches nothing else.
#[utoipa::path(tag = "operation", responses((status = 200, body = HealthBody)))]
#[get("/health/live")]
async fn live() -> HttpResponse {
    HttpResponse::Ok().json(HealthBody { status: "ok" })
}

/// Whether it can answer: the database does, and the server is not about to stop. Names what should have
/// been erased or ended for a day and was not: that wants a person, and is no reason to take no requests.
#[utoipa::path(tag = "operation", responses((status = 200, body = ReadyBody), (status = 503, body = Body)))]
#[get("/health/ready")]
async fn ready(
    commons: web::Data<Commons>,
    service: web::Data<Service>,
    draining: web::Data<Draining>,
    Now(now): Now,
) -> Result<HttpResponse, Problem> {
    if draining.0.load(Ordering::Relaxed) || commons.ping().await.is_err() {
        return Err(Problem::Busy);
    }
    let overdue = service.db.overdue_tasks(now).await?;
    Ok(HttpResponse::Ok().json(ReadyBody { status: "ok", overdue }))
}
