//! The points of interest of what is published as a collection of features.

use actix_web::{HttpRequest, HttpResponse, get, web};
use chrono::NaiveDate;
use serde::Serialize;
use serde_json::json;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::bodies::{CollectionBody, FeatureBody, FeaturesBody};
use super::{Asked, FormatQuery, ItemsQuery, collection_body, feature_page, geo_json, link};
use crate::db::Commons;
use crate::db::commons::{InterestingPlace, Places};
use crate::domain::{AccountId, ActivityId, Sport};
use crate::http::answer::{self, Keep};
use crate::http::network::Network;
use crate::http::problem::{Body, Problem};
use crate::http::session::Now;
use crate::http::tiles::PublicUrl;
use crate::http::turns::Turns;
use crate::track::columns::PER_DEGREE;

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(waypoint_collection).service(waypoints).service(waypoint);
}

/// The points of interest, as a collection.
#[utoipa::path(tag = "reuse", params(FormatQuery), responses(
    (status = 200, body = CollectionBody), (status = 304), (status = 400, body = Body),
))]
#[get("/ogc/collections/waypoints")]
async fn waypoint_collection(
    _: web::Query<FormatQuery>,
    request: HttpRequest,
    url: web::Data<PublicUrl>,
) -> Result<HttpResponse, Problem> {
    answer::json(&request, Keep::Everyone, &collection(&url))
}

/// Points of interest of published activities as features, those of an activity together. A page looks at 10,000 points
/// at most: it may have fewer features than asked for, even none, while there is a next page.
#[utoipa::path(tag = "reuse", params(ItemsQuery), responses(
    (status = 200, body = FeaturesBody<WaypointProperties>, content_type = "application/geo+json"), (status = 304), (status = 400, body = Body),
    (status = 429, body = Body),
))]
#[get("/ogc/collections/waypoints/items")]
async fn waypoints(
    query: Result<web::Query<ItemsQuery>, actix_web::Error>,
    Now(now): Now,
    network: Network,
    request: HttpRequest,
    commons: web::Data<Commons>,
    turns: web::Data<Turns>,
    url: web::Data<PublicUrl>,
) -> Result<HttpResponse, Problem> {
    let Asked { within, sought, after, limit } = ItemsQuery::read(query)?;
    let places = Places { within, sought, after, limit };
    let found = async move { Ok(commons.places(&places, now).await?) };
    let found = turns.search.run(network, found).await?;
    let features = found.items.iter().map(|place| feature(place, &url)).collect();
    feature_page(&request, &address(&url), features, found.next)
}

/// One point of interest as a feature; its id is that of its activity, a dot, and its number there.
#[utoipa::path(tag = "reuse", params(("id" = String, Path), FormatQuery), responses(
    (status = 200, body = FeatureBody<WaypointProperties>, content_type = "application/geo+json"), (status = 304), (status = 400, body = Body),
    (status = 404, body = Body),
))]
#[get("/ogc/collections/waypoints/items/{id}")]
async fn waypoint(
    id: web::Path<String>,
    _: web::Query<FormatQuery>,
    Now(now): Now,
    request: HttpRequest,
    commons: web::Data<Commons>,
    url: web::Data<PublicUrl>,
) -> Result<HttpResponse, Problem> {
    let (activity, number) = parse(&id).ok_or(Problem::NotFound)?;
    let place = commons.place(activity, number, now).await?.ok_or(Problem::NotFound)?;
    geo_json(&request, &feature(&place, &url))
}

fn parse(id: &str) -> Option<(ActivityId, u16)> {
    let (activity, number) = id.split_once('.')?;
    Some((Uuid::parse_str(activity).ok()?.into(), number.parse().ok()?))
}

/// What it is.
pub(super) fn collection(url: &PublicUrl) -> CollectionBody {
    collection_body(
        &address(url),
        "waypoints",
        "Points of interest",
        "Points of interest of published activities, with the names of their authors.",
    )
}

fn address(url: &PublicUrl) -> String {
    format!("{}/ogc/collections/waypoints", url.0)
}

/// What is told of a point of interest.
#[derive(Serialize, utoipa::ToSchema)]
struct WaypointProperties {
    name: Option<String>,
    description: Option<String>,
    /// Of which activity it is.
    activity: ActivityId,
    sport: Sport,
    /// The day that took place, in UTC.
    day: Option<NaiveDate>,
    /// The public name of who made it; null when they have left.
    author: Option<String>,
    author_id: Option<AccountId>,
}

fn feature(place: &InterestingPlace, url: &PublicUrl) -> FeatureBody<WaypointProperties> {
    let rendition = &place.rendition;
    let author = rendition.author.as_ref();
    let told = place.waypoint.waypoint();
    let position = [told.lon_e7, told.lat_e7].map(|degrees_e7| f64::from(degrees_e7) / PER_DEGREE);
    let id = format!("{}.{}", Uuid::from(rendition.id), place.number);
    let address = address(url);
    FeatureBody {
        kind: "Feature",
        geometry: json!({ "type": "Point", "coordinates": position }),
        properties: WaypointProperties {
            name: told.name.clone(),
            description: told.description.clone(),
            activity: rendition.id,
            sport: rendition.sport,
            day: rendition.day,
            author: author.map(|author| author.public_name.as_str().to_owned()),
            author_id: author.map(|author| author.id),
        },
        links: vec![
            link(&format!("{address}/items/{id}"), "self", "application/geo+json", "This feature"),
            link(&address, "collection", "application/json", "Points of interest"),
        ],
        id,
    }
}
