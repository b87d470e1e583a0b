//! `/activities/{id}/split` and `/merge`: two lines of one, and one of two.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, post, web};
use serde::{Deserialize, Serialize};
use utoipa_actix_web::service_config::ServiceConfig;

use super::activities::{change, changed, idempotency_key};
use super::answer;
use super::body::Json;
use super::present::OwnBody;
use super::problem::{Body, Problem};
use super::session::{Member, Now};
use crate::actions::Service;
use crate::domain::{ActivityId, Invalid};
use crate::track::reshape::SplitPlace;

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(split).service(merge);
}

/// Where a line is split: at a point, or at a time.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct SplitBody {
    /// The point, counted from 0. It belongs to both halves.
    at_index: Option<usize>,
    /// Seconds since the first time: at the first point that is not earlier.
    at_s: Option<f64>,
}

/// What is merged in.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct MergeBody {
    /// The other activity, of the same kind. It is deleted.
    with: ActivityId,
}

/// The halves of an activity.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Halves)]
struct HalvesBody {
    /// What came before the place, and what came after it.
    activities: [OwnBody; 2],
}

/// Splits an activity in two. The first half stays where it is and reaches whom it reached; the
/// second is a new activity that its owner alone sees. Both keep the original file; each photo goes with the
/// half that it was taken on. With an
/// `Idempotency-Key`, a repeated call changes nothing.
#[utoipa::path(tag = "activities", security(("token" = [])),
    params(("id" = ActivityId, Path), ("If-Match" = Option<String>, Header),
        ("Idempotency-Key" = Option<String>, Header, description = "Up to 255 characters.")),
    request_body = SplitBody,
    responses(
        (status = 201, body = HalvesBody), (status = 200, body = HalvesBody, description = "Split before; nothing changed."),
        (status = 401, body = Body), (status = 404, body = Body),
        (status = 409, body = Body, description = "It is published, and nothing of the first half would be left to show; or the key stands for something else."),
        (status = 412, body = Body), (status = 422, body = Body),
    ))]
#[post("/activities/{id}/split")]
async fn split(
    member: Member,
    id: web::Path<ActivityId>,
    Json(body): Json<SplitBody>,
    Now(now): Now,
    request: HttpRequest,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let at = body.try_into()?;
    let key = idempotency_key(&request)?;
    let second =
        key.map_or_else(ActivityId::random, |key| service.keyed_id(member.account, "split", key));
    let before = service.split_before(member.account, *id, second).await?;
    let halves = if let Some(before) = before {
        before
    } else {
        let split = async |activity: &_| service.split(activity, at, second, now).await;
        changed(&service, member, *id, &request, split).await?
    };
    let status = if halves.new { StatusCode::CREATED } else { StatusCode::OK };
    let activities = [OwnBody::from(&halves.first), OwnBody::from(&halves.second)];
    Ok(answer::versioned(status, halves.first.version, &HalvesBody { activities }))
}

/// Merges another activity of the same kind into one that its owner alone sees, and deletes the
/// other, its original file included. Its photos come after those that are there, and make 200 at the most
/// with them. Recordings are joined in the order of their times and must
/// not overlap; the other plan is appended, with a straight line to it.
#[utoipa::path(tag = "activities", security(("token" = [])),
    params(("id" = ActivityId, Path), ("If-Match" = Option<String>, Header)),
    request_body = MergeBody,
    responses(
        (status = 200, body = OwnBody), (status = 401, body = Body),
        (status = 404, body = Body, description = "One of the two is not there."),
        (status = 409, body = Body, description = "It is shared with others: take it back first."),
        (status = 412, body = Body), (status = 422, body = Body),
    ))]
#[post("/activities/{id}/merge")]
async fn merge(
    member: Member,
    id: web::Path<ActivityId>,
    Json(body): Json<MergeBody>,
    Now(now): Now,
    request: HttpRequest,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let merge = async |activity: &_| service.merge(activity, body.with, now).await;
    change(&service, member, *id, &request, merge).await
}

impl TryFrom<SplitBody> for SplitPlace {
    type Error = Invalid;

    fn try_from(body: SplitBody) -> Result<Self, Invalid> {
        match (body.at_index, body.at_s) {
            (Some(point), None) => Ok(Self::Point(point)),
            (None, Some(after_s)) => Ok(Self::Second(after_s)),
            _ => Err(Invalid { field: "body", reason: "must have at_index or at_s" }),
        }
    }
}
