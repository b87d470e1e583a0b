//! `/activities/{id}/publish` and `/unpublish`: a call of its own, never a field of another.

use actix_web::{HttpRequest, HttpResponse, post, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::activities::change;
use super::present::OwnBody;
use super::problem::{Body, Problem};
use super::session::{Member, Now};
use crate::actions::Service;
use crate::domain::ActivityId;

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(publish).service(unpublish);
}

/// Lets everyone see the rendition of an activity: its line without both ends, its day without
/// the hour, no sensors.
#[utoipa::path(tag = "sharing", security(("token" = [])),
    params(("id" = ActivityId, Path), ("If-Match" = Option<String>, Header)),
    responses(
        (status = 200, body = OwnBody), (status = 401, body = Body), (status = 404, body = Body),
        (status = 409, body = Body, description = "Nothing would be left to show."), (status = 412, body = Body),
    ))]
#[post("/activities/{id}/publish")]
async fn publish(
    member: Member,
    id: web::Path<ActivityId>,
    Now(now): Now,
    request: HttpRequest,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let publish = async |activity: &_| service.publish(activity, now).await;
    change(&service, member, *id, &request, publish).await
}

/// Takes back what others could see. With the answer it is gone everywhere.
#[utoipa::path(tag = "sharing", security(("token" = [])),
    params(("id" = ActivityId, Path), ("If-Match" = Option<String>, Header)),
    responses(
        (status = 200, body = OwnBody), (status = 401, body = Body), (status = 404, body = Body),
        (status = 412, body = Body),
    ))]
#[post("/activities/{id}/unpublish")]
async fn unpublish(
    member: Member,
    id: web::Path<ActivityId>,
    Now(now): Now,
    request: HttpRequest,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let unpublish = async |activity: &_| service.unpublish(activity, now).await;
    change(&service, member, *id, &request, unpublish).await
}
