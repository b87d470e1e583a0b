//! `/me/zones`: places that their owner keeps to themself.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, delete, get, post, put, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::activities::idempotency_key;
use super::answer::{self, Keep};
use super::body::Json;
use super::problem::{Body, Problem};
use super::session::{Member, Now};
use crate::actions::zones::Wish;
use crate::actions::{self, Service, retried};
use crate::db::vault::{HiddenPlace, Remade, Zone};
use crate::domain::{Invalid, Position, ZoneId, ZoneLabel, ZoneRadius};

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(zones)
        .service(make_zone)
        .service(show_zone)
        .service(put_zone)
        .service(delete_zone);
}

/// A place to hide.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = NewZone)]
#[serde(deny_unknown_fields)]
struct NewZoneBody {
    /// What its owner calls it, up to 80 characters.
    label: String,
    /// `[longitude, latitude]` in degrees. Sealed; nobody else learns it.
    #[schema(value_type = Vec<f64>, min_items = 2, max_items = 2)]
    position: [f64; 2],
    /// How far around it is hidden, in metres, 100 to 5,000. What is cut is a larger circle whose
    /// middle is another place.
    radius_m: f64,
}

/// A privacy zone.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Zone)]
struct ZoneBody {
    id: ZoneId,
    label: String,
    /// `[longitude, latitude]` in degrees.
    position: [f64; 2],
    radius_m: f64,
    /// Counts its changes, from 1; also its `ETag`.
    version: i32,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// All zones of an account.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Zones)]
struct ZonesBody {
    items: Vec<ZoneBody>,
    /// Always null: an account has at most 50 zones.
    next_cursor: Option<String>,
    /// How far the last change has come. What is not remade yet shows nothing, or less.
    remade: RemadeBody,
}

/// How many shared activities are as the zones say.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Remade)]
struct RemadeBody {
    done: i64,
    total: i64,
}

/// Confirms what others would see.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ConfirmQuery {
    /// The `confirmation` of the problem that told it.
    confirm: Option<String>,
}

/// One's own zones, and how far the last change of them has come.
#[utoipa::path(tag = "me", security(("token" = [])), responses(
    (status = 200, body = ZonesBody), (status = 304), (status = 401, body = Body),
))]
#[get("/me/zones")]
async fn zones(
    member: Member,
    request: HttpRequest,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let found = service.db.zones(member.account).await?;
    let Remade { done, total } = service.db.remade(member.account).await?;
    let body = ZonesBody {
        items: found.iter().map(ZoneBody::from).collect(),
        next_cursor: None,
        remade: RemadeBody { done, total },
    };
    answer::json(&request, Keep::Nobody, &body)
}

/// Hides a place. From the answer on, nothing of what is shared shows it; what is shared is gone
/// until it is remade, which takes moments. With an `Idempotency-Key`, a repeated call makes no other zone.
#[utoipa::path(tag = "me", security(("token" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "Up to 255 characters.")),
    request_body = NewZoneBody,
    responses(
        (status = 201, body = ZoneBody), (status = 401, body = Body),
        (status = 409, body = Body, description = "The key stands for another zone."), (status = 422, body = Body),
        (status = 429, body = Body, description = "Too many changes of zones."),
    ))]
#[post("/me/zones")]
async fn make_zone(
    member: Member,
    Json(body): Json<NewZoneBody>,
    Now(now): Now,
    request: HttpRequest,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let place: HiddenPlace = body.try_into()?;
    let keyed = |key| Uuid::from(service.keyed_id(member.account, "zone", key)).into();
    let id = idempotency_key(&request)?.map_or_else(ZoneId::random, keyed);
    let read = async || Ok::<_, Problem>(find(&service, member, id).await?);
    let make = async |made_before: &Option<Zone>| match made_before {
        Some(zone) if zone.place == place => Ok(zone.clone()),
        // Whoever asks for another place must not believe that it is hidden.
        Some(_) => Err(actions::Error::Taken),
        None => service.make_zone(member.account, id, &place, now).await,
    };
    Ok(one(StatusCode::CREATED, &retried(read, make).await?))
}

/// One zone.
#[utoipa::path(tag = "me", security(("token" = [])), params(("id" = ZoneId, Path)), responses(
    (status = 200, body = ZoneBody), (status = 401, body = Body), (status = 404, body = Body),
))]
#[get("/me/zones/{id}")]
async fn show_zone(
    member: Member,
    id: web::Path<ZoneId>,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let zone = find(&service, member, *id).await?.ok_or(Problem::NotFound)?;
    Ok(one(StatusCode::OK, &zone))
}

/// Hides a place under an id that the client made, or another one in its stead. When others would
/// see something else of shared activities, it is not done before that is confirmed.
#[utoipa::path(tag = "me", security(("token" = [])),
    params(("id" = ZoneId, Path), ConfirmQuery, ("If-Match" = Option<String>, Header)),
    request_body = NewZoneBody,
    responses(
        (status = 200, body = ZoneBody), (status = 201, body = ZoneBody), (status = 401, body = Body),
        (status = 409, body = Body, description = "Names the activities of which others would see something else, and a `confirmation`."),
        (status = 412, body = Body), (status = 422, body = Body),
        (status = 429, body = Body, description = "Too many changes of zones."),
    ))]
#[put("/me/zones/{id}")]
async fn put_zone(
    member: Member,
    id: web::Path<ZoneId>,
    query: web::Query<ConfirmQuery>,
    Json(body): Json<NewZoneBody>,
    Now(now): Now,
    request: HttpRequest,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let place = body.try_into()?;
    let Some(zone) = find(&service, member, *id).await? else {
        if answer::if_match(&request).is_some() {
            return Err(Problem::Stale);
        }
        let made = service.make_zone(member.account, *id, &place, now).await?;
        return Ok(one(StatusCode::CREATED, &made));
    };
    answer::check_version(&request, zone.version)?;
    let confirmed = query.confirm.as_deref();
    match service.change_zone(member.account, &zone, &place, confirmed, now).await? {
        Wish::Done(zone) => Ok(one(StatusCode::OK, &zone)),
        Wish::Unconfirmed(effects) => Err(Problem::Unconfirmed(effects)),
    }
}

/// Lets a zone go. When others would see more of shared activities, it is not done before that is
/// confirmed.
#[utoipa::path(tag = "me", security(("token" = [])),
    params(("id" = ZoneId, Path), ConfirmQuery, ("If-Match" = Option<String>, Header)),
    responses(
        (status = 204), (status = 401, body = Body), (status = 404, body = Body),
        (status = 409, body = Body, description = "Names the activities of which others would see more, and a `confirmation`."),
        (status = 412, body = Body), (status = 429, body = Body, description = "Too many changes of zones."),
    ))]
#[delete("/me/zones/{id}")]
async fn delete_zone(
    member: Member,
    id: web::Path<ZoneId>,
    query: web::Query<ConfirmQuery>,
    Now(now): Now,
    request: HttpRequest,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let zone = find(&service, member, *id).await?.ok_or(Problem::NotFound)?;
    answer::check_version(&request, zone.version)?;
    let confirmed = query.confirm.as_deref();
    match service.delete_zone(member.account, &zone, confirmed, now).await? {
        Wish::Done(()) => Ok(HttpResponse::NoContent().finish()),
        Wish::Unconfirmed(effects) => Err(Problem::Unconfirmed(effects)),
    }
}

async fn find(
    service: &Service,
    member: Member,
    id: ZoneId,
) -> Result<Option<Zone>, actions::Error> {
    let found = service.db.zones(member.account).await?;
    Ok(found.into_iter().find(|zone| zone.id == id))
}

fn one(status: StatusCode, zone: &Zone) -> HttpResponse {
    answer::versioned(status, zone.version, &ZoneBody::from(zone))
}

impl TryFrom<NewZoneBody> for HiddenPlace {
    type Error = Invalid;

    fn try_from(body: NewZoneBody) -> Result<Self, Invalid> {
        let [longitude, latitude] = body.position;
        Ok(Self {
            label: ZoneLabel::try_from(body.label.as_str())?,
            position: Position::new(longitude, latitude)?,
            radius: ZoneRadius::try_from(body.radius_m)?,
        })
    }
}

impl From<&Zone> for ZoneBody {
    fn from(zone: &Zone) -> Self {
        let place = &zone.place;
        Self {
            id: zone.id,
            label: place.label.as_str().to_owned(),
            position: [place.position.longitude(), place.position.latitude()],
            radius_m: place.radius.metres(),
            version: zone.version,
            created_at: zone.created_at,
            updated_at: zone.updated_at,
        }
    }
}
