//! `/activities`: keeping, reading, changing, deleting.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, put, web};
use serde::{Deserialize, Serialize};
use utoipa_actix_web::service_config::ServiceConfig;

use super::answer::{self, Keep};
use super::body::Json;
use super::line::AsQuery;
use super::me::given;
use super::present::{ActivityBody, FlawBody, OwnBody, RenditionBody};
use super::problem::{Body, Problem};
use super::room::UploadRoom;
use super::session::{Member, Now, Parts};
use super::upload::{self, PlanBody, UploadForm};
use crate::access::{Owned, Sealed, Viewer};
use crate::actions::edit::{Edit, NewChoices};
use crate::actions::record::{Recorded, Upload};
use crate::actions::{self, Service, retried};
use crate::db::vault::Activity;
use crate::domain::{ActivityId, Clock, Description, EndLength, Invalid, Sport, Title};

/// The longest idempotency key, in bytes.
const IDEMPOTENCY_KEY_BYTES_MAX: usize = 255;

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(create).service(put_activity).service(show).service(edit).service(remove);
}

/// The activities of a file that holds several.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Activities)]
struct SeveralBody {
    activities: Vec<OwnBody>,
    /// What was unsound in the file, over all its activities.
    flaws: Vec<FlawBody>,
}

/// Words to change; those that are left out stay, null clears.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct EditBody {
    title: Option<String>,
    #[serde(default, deserialize_with = "given")]
    description: Option<Option<String>>,
    #[schema(value_type = Option<Sport>)]
    sport: Option<String>,
    /// What others get, to be chosen anew; what is left out of it stays.
    choices: Option<ChoicesBody>,
}

/// Choices to change; those that are left out stay.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = NewChoices)]
#[serde(deny_unknown_fields)]
struct ChoicesBody {
    /// Whether others see the hour in which the visible line begins, besides the day.
    hour: Option<bool>,
    /// Whether others see the heart rate.
    heart_rate: Option<bool>,
    /// Whether others see where it was.
    map: Option<bool>,
    /// Whether it counts in what others are told of its author altogether.
    statistics: Option<bool>,
    /// How much of each end others do not see, in metres, 0 to 5,000.
    ends_m: Option<u16>,
}

/// Keeps a file, or a plan drawn in JSON, as a new activity that its owner alone sees. With an
/// `Idempotency-Key`, a repeated call is answered like the first and changes nothing.
#[utoipa::path(tag = "activities", security(("token" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "Up to 255 characters.")),
    request_body(content((UploadForm = "multipart/form-data"), (PlanBody = "application/json"))),
    responses(
        (status = 201, body = OwnBody, description = "Kept. Several activities of one file come as `{activities, flaws}`."),
        (status = 200, body = OwnBody, description = "Kept before; nothing changed."),
        (status = 401, body = Body), (status = 409, body = Body), (status = 413, body = Body),
        (status = 410, body = Body, description = "What this key stands for was deleted."),
        (status = 422, body = Body, description = "The file or a field is not fit."),
    ))]
#[post("/activities")]
async fn create(
    member: Member,
    clock: web::Data<Clock>,
    request: HttpRequest,
    payload: web::Payload,
    service: web::Data<Service>,
    room: web::Data<UploadRoom>,
) -> Result<HttpResponse, Problem> {
    let key = idempotency_key(&request)?;
    let id =
        key.map_or_else(ActivityId::random, |key| service.keyed_id(member.account, "upload", key));
    let received = upload::receive(&request, payload, room.of(member.account)).await?;
    let upload = Upload { id, file: Arc::new(received.file), metadata: received.metadata };
    // Looked at now that the body is there, which may have taken its time.
    Ok(kept(&service.record(member.account, upload, clock.now()).await?))
}

/// Keeps a file, or a plan drawn in JSON, under an id that the client made. Repeating it changes
/// nothing. An account keeps at most 10 GiB of files, photos apart; each counts as 64 KiB at least.
#[utoipa::path(tag = "activities", security(("token" = [])),
    params(("id" = ActivityId, Path)),
    request_body(content((UploadForm = "multipart/form-data"), (PlanBody = "application/json"))),
    responses(
        (status = 201, body = OwnBody, description = "Kept. Several activities of one file come as `{activities, flaws}`."),
        (status = 200, body = OwnBody, description = "Kept before; nothing changed."),
        (status = 401, body = Body), (status = 404, body = Body),
        (status = 409, body = Body, description = "The id stands for something else."),
        (status = 410, body = Body, description = "What the id stood for was deleted."),
        (status = 413, body = Body),
        (status = 422, body = Body, description = "The file or a field is not fit."),
    ))]
#[put("/activities/{id}")]
async fn put_activity(
    member: Member,
    id: web::Path<ActivityId>,
    clock: web::Data<Clock>,
    request: HttpRequest,
    payload: web::Payload,
    service: web::Data<Service>,
    room: web::Data<UploadRoom>,
) -> Result<HttpResponse, Problem> {
    if !id.is_random() {
        return Err(Invalid { field: "id", reason: "must be a UUID of version 4" }.into());
    }
    let received = upload::receive(&request, payload, room.of(member.account)).await?;
    let upload = Upload { id: *id, file: Arc::new(received.file), metadata: received.metadata };
    // Looked at now that the body is there, which may have taken its time.
    Ok(kept(&service.record(member.account, upload, clock.now()).await?))
}

/// An activity for its owner; its rendition for others, and with `?as=` for its owner too.
#[utoipa::path(tag = "activities", security((), ("token" = [])),
    params(("id" = ActivityId, Path), AsQuery),
    responses(
        (status = 200, body = ActivityBody), (status = 304), (status = 401, body = Body), (status = 404, body = Body),
        (status = 409, body = Body, description = "Nothing would be left to show."), (status = 422, body = Body),
    ))]
#[get("/activities/{id}")]
async fn show(
    viewer: Viewer,
    id: web::Path<ActivityId>,
    query: web::Query<AsQuery>,
    request: HttpRequest,
    parts: Parts,
) -> Result<HttpResponse, Problem> {
    let Parts { service, commons, now, .. } = parts;
    let look = query.parse()?;
    if let Some(own) = service.db.activity(viewer, *id).await?.and_then(Sealed::claim) {
        let Some(audience) = look else {
            let body = ActivityBody::Own(Box::new(OwnBody::from(&own)));
            return Ok(answer::versioned(StatusCode::OK, own.version, &body));
        };
        let seen = service.preview(&own, audience, now).await?;
        let body = ActivityBody::Rendition(Box::new(RenditionBody::from(&seen)));
        return answer::json(&request, Keep::Nobody, &body);
    }
    let rendition = commons.rendition(viewer, *id, now).await?.and_then(Sealed::open);
    let rendition = rendition.ok_or(Problem::NotFound)?;
    let body = ActivityBody::Rendition(Box::new(RenditionBody::from(&rendition)));
    answer::json(&request, Keep::of(&rendition), &body)
}

/// Changes the words of an activity, and of its rendition if it has one.
#[utoipa::path(tag = "activities", security(("token" = [])),
    params(("id" = ActivityId, Path), ("If-Match" = Option<String>, Header)),
    request_body = EditBody,
    responses(
        (status = 200, body = OwnBody), (status = 401, body = Body), (status = 404, body = Body),
        (status = 412, body = Body, description = "It has changed meanwhile."), (status = 422, body = Body),
    ))]
#[patch("/activities/{id}")]
async fn edit(
    member: Member,
    id: web::Path<ActivityId>,
    Json(body): Json<EditBody>,
    Now(now): Now,
    request: HttpRequest,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let edit = Edit::try_from(body)?;
    let edit = async |activity: &_| service.edit(activity, edit.clone(), now).await;
    change(&service, member, *id, &request, edit).await
}

/// Deletes an activity, its track, its file and what others could see of it.
#[utoipa::path(tag = "activities", security(("token" = [])),
    params(("id" = ActivityId, Path), ("If-Match" = Option<String>, Header)),
    responses(
        (status = 204), (status = 401, body = Body), (status = 404, body = Body), (status = 412, body = Body),
    ))]
#[delete("/activities/{id}")]
async fn remove(
    member: Member,
    id: web::Path<ActivityId>,
    Now(now): Now,
    request: HttpRequest,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let delete = async |activity: &_| service.delete(activity, now).await;
    changed(&service, member, *id, &request, delete).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// An activity of the one who asks. Somebody else's is not there.
pub(super) async fn owned(
    service: &Service,
    member: Member,
    id: ActivityId,
) -> Result<Owned<Activity>, Problem> {
    service.owned(member.account, id).await?.ok_or(Problem::NotFound)
}

/// Changes an activity of the one who asks. A client that says which version it has read changes that
/// one or none; another, the one that is there when its turn has come.
pub(super) async fn changed<T>(
    service: &Service,
    member: Member,
    id: ActivityId,
    request: &HttpRequest,
    change: impl AsyncFn(&Owned<Activity>) -> Result<T, actions::Error>,
) -> Result<T, Problem> {
    let read = async || {
        let activity = owned(service, member, id).await?;
        answer::check_version(request, activity.version)?;
        Ok(activity)
    };
    retried(read, change).await
}

/// The same, answered with the activity as it is after the change.
pub(super) async fn change(
    service: &Service,
    member: Member,
    id: ActivityId,
    request: &HttpRequest,
    change: impl AsyncFn(&Owned<Activity>) -> Result<Owned<Activity>, actions::Error>,
) -> Result<HttpResponse, Problem> {
    let changed = changed(service, member, id, request, change).await?;
    Ok(answer::versioned(StatusCode::OK, changed.version, &OwnBody::from(&changed)))
}

fn kept(recorded: &Recorded) -> HttpResponse {
    let status = if recorded.new { StatusCode::CREATED } else { StatusCode::OK };
    if let [only] = recorded.activities.as_slice() {
        return answer::versioned(status, only.version, &OwnBody::from(only));
    }
    let activities = recorded.activities.iter().map(OwnBody::from).collect();
    let flaws = recorded.activities.iter().flat_map(|activity| &activity.details.flaws);
    let flaws = flaws.map(FlawBody::from).collect();
    answer::made(status, &SeveralBody { activities, flaws })
}

/// The key that stands for a call, so that a repeated one is known.
pub(super) fn idempotency_key(request: &HttpRequest) -> Result<Option<&str>, Problem> {
    let Some(key) = request.headers().get("Idempotency-Key") else { return Ok(None) };
    let key =
        key.to_str().ok().filter(|key| !key.is_empty() && key.len() <= IDEMPOTENCY_KEY_BYTES_MAX);
    key.map(Some).ok_or(Problem::Malformed("Idempotency-Key has 1 to 255 plain characters."))
}

impl TryFrom<EditBody> for Edit {
    type Error = Invalid;

    fn try_from(body: EditBody) -> Result<Self, Invalid> {
        let parse = |text: String| Description::try_from(text.as_str());
        Ok(Self {
            title: body.title.as_deref().map(Title::try_from).transpose()?,
            description: body.description.map(|text| text.map(parse).transpose()).transpose()?,
            sport: body.sport.as_deref().map(Sport::try_from).transpose()?,
            choices: body.choices.map(NewChoices::try_from).transpose()?,
        })
    }
}

impl TryFrom<ChoicesBody> for NewChoices {
    type Error = Invalid;

    fn try_from(body: ChoicesBody) -> Result<Self, Invalid> {
        let ChoicesBody { hour, heart_rate, map, statistics, ends_m } = body;
        let ends_m = ends_m.map(EndLength::try_from).transpose()?;
        Ok(Self { hour, heart_rate, map, statistics, ends_m })
    }
}
