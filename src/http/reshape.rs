//! `/activities/{id}/track`, `/crop`, `/reverse`, `/points/remove` and `/elevation`: other lines.
//!
//! Each measures anew, and remakes what others see in the same step. Waypoints beside what is taken
//! off a line go with it. The file that an activity came from stays as it is, but where it is
//! replaced.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, post, put, web};
use serde::Deserialize;
use utoipa_actix_web::service_config::ServiceConfig;

use super::activities::{change, owned};
use super::answer;
use super::body::Json;
use super::present::OwnBody;
use super::problem::{Body, Problem};
use super::room::UploadRoom;
use super::session::{Member, Now};
use super::upload::{self, LineBody, TrackForm};
use crate::actions::Service;
use crate::domain::{ActivityId, Clock, Invalid};
use crate::track::reshape::{Reshape, Span};

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(replace_track)
        .service(replace_elevations)
        .service(crop)
        .service(reverse)
        .service(remove_points);
}

/// What stays of a line: from one point to another, or from one time to another, both included.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct CropBody {
    /// Seconds since the first time, as `elapsed_s` of the profile.
    from_s: Option<f64>,
    /// Seconds since the first time.
    to_s: Option<f64>,
    /// The first point that stays, counted from 0.
    from_index: Option<usize>,
    /// The last point that stays, counted from 0.
    to_index: Option<usize>,
}

/// Points to be taken out.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct RemovePointsBody {
    /// Which, counted from 0, in any order; up to 10,000.
    #[schema(max_items = 10_000)]
    indices: Vec<usize>,
}

/// The most points that are taken out at once.
const REMOVED_MAX: usize = 10_000;

/// Puts another line in the place of an activity's. Its waypoints become those of the upload, and
/// the file becomes the activity's original; the one before is erased. If the activity is
/// published, others see the new line with the answer.
#[utoipa::path(tag = "activities", security(("token" = [])),
    params(("id" = ActivityId, Path), ("If-Match" = Option<String>, Header)),
    request_body(content((TrackForm = "multipart/form-data"), (LineBody = "application/json"), (String = "application/geo+json"))),
    responses(
        (status = 200, body = OwnBody), (status = 401, body = Body), (status = 404, body = Body),
        (status = 409, body = Body, description = "It is published, and nothing would be left to show."),
        (status = 412, body = Body, description = "It has changed meanwhile."), (status = 413, body = Body),
        (status = 415, body = Body), (status = 422, body = Body, description = "The file is not fit, or holds several activities."),
    ))]
#[put("/activities/{id}/track")]
async fn replace_track(
    member: Member,
    id: web::Path<ActivityId>,
    clock: web::Data<Clock>,
    request: HttpRequest,
    payload: web::Payload,
    service: web::Data<Service>,
    room: web::Data<UploadRoom>,
) -> Result<HttpResponse, Problem> {
    // Looked at before the body comes, so that nobody sends 64 MiB for nothing.
    answer::check_version(&request, owned(&service, member, *id).await?.version)?;
    let received = upload::receive_track(&request, payload, room.of(member.account)).await?;
    let (file, now) = (Arc::new(received.file), clock.now());
    let replace = async |activity: &_| service.replace_track(activity, &file, now).await;
    change(&service, member, *id, &request, replace).await
}

/// Takes off what lies before and after a stretch of the line. The original file stays as it is.
#[utoipa::path(tag = "activities", security(("token" = [])),
    params(("id" = ActivityId, Path), ("If-Match" = Option<String>, Header)),
    request_body = CropBody,
    responses(
        (status = 200, body = OwnBody), (status = 401, body = Body), (status = 404, body = Body),
        (status = 409, body = Body, description = "It is published, and nothing would be left to show."),
        (status = 412, body = Body), (status = 422, body = Body),
    ))]
#[post("/activities/{id}/crop")]
async fn crop(
    member: Member,
    id: web::Path<ActivityId>,
    Json(body): Json<CropBody>,
    Now(now): Now,
    request: HttpRequest,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let crop = Reshape::Crop(body.try_into()?);
    let crop = async |activity: &_| service.reshape(activity, crop.clone(), now).await;
    change(&service, member, *id, &request, crop).await
}

/// Puts the heights of the server's elevation model in the place of the line's own, as far as the
/// model knows them; `statistics.elevation_source` tells which it has. The original file stays as it
/// is. Points without a height get the model's with the upload.
#[utoipa::path(tag = "activities", security(("token" = [])),
    params(("id" = ActivityId, Path), ("If-Match" = Option<String>, Header)),
    responses(
        (status = 200, body = OwnBody), (status = 401, body = Body), (status = 404, body = Body),
        (status = 409, body = Body, description = "The server has no elevation model of this place."),
        (status = 412, body = Body),
    ))]
#[post("/activities/{id}/elevation")]
async fn replace_elevations(
    member: Member,
    id: web::Path<ActivityId>,
    Now(now): Now,
    request: HttpRequest,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let replace = async |activity: &_| service.replace_elevations(activity, now).await;
    change(&service, member, *id, &request, replace).await
}

/// Turns a plan the other way round.
#[utoipa::path(tag = "activities", security(("token" = [])),
    params(("id" = ActivityId, Path), ("If-Match" = Option<String>, Header)),
    responses(
        (status = 200, body = OwnBody), (status = 401, body = Body), (status = 404, body = Body),
        (status = 409, body = Body, description = "It is published, and nothing would be left to show."),
        (status = 412, body = Body), (status = 422, body = Body, description = "It is not a plan."),
    ))]
#[post("/activities/{id}/reverse")]
async fn reverse(
    member: Member,
    id: web::Path<ActivityId>,
    Now(now): Now,
    request: HttpRequest,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let reverse = async |activity: &_| service.reshape(activity, Reshape::Reverse, now).await;
    change(&service, member, *id, &request, reverse).await
}

/// Takes points out of the line, which leads on from the one before to the one after. The original
/// file stays as it is.
#[utoipa::path(tag = "activities", security(("token" = [])),
    params(("id" = ActivityId, Path), ("If-Match" = Option<String>, Header)),
    request_body = RemovePointsBody,
    responses(
        (status = 200, body = OwnBody), (status = 401, body = Body), (status = 404, body = Body),
        (status = 409, body = Body, description = "It is published, and nothing would be left to show."),
        (status = 412, body = Body), (status = 422, body = Body),
    ))]
#[post("/activities/{id}/points/remove")]
async fn remove_points(
    member: Member,
    id: web::Path<ActivityId>,
    Json(body): Json<RemovePointsBody>,
    Now(now): Now,
    request: HttpRequest,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    if REMOVED_MAX < body.indices.len() {
        return Err(Invalid { field: "indices", reason: "must be at most 10,000" }.into());
    }
    let remove = Reshape::Remove(body.indices);
    let remove = async |activity: &_| service.reshape(activity, remove.clone(), now).await;
    change(&service, member, *id, &request, remove).await
}

impl TryFrom<CropBody> for Span {
    type Error = Invalid;

    fn try_from(body: CropBody) -> Result<Self, Invalid> {
        match (body.from_s, body.to_s, body.from_index, body.to_index) {
            (Some(from_s), Some(to_s), None, None) => Ok(Self::Seconds(from_s..=to_s)),
            (None, None, Some(from), Some(to)) => Ok(Self::Points(from..=to)),
            _ => Err(Invalid {
                field: "body",
                reason: "must have from_s and to_s, or from_index and to_index",
            }),
        }
    }
}
