//! The published activities as a collection of features.

use actix_web::{HttpRequest, HttpResponse, get, web};
use chrono::NaiveDate;
use serde::Serialize;
use utoipa_actix_web::service_config::ServiceConfig;

use super::bodies::{CollectionBody, FeatureBody, FeaturesBody};
use super::{Asked, FormatQuery, ItemsQuery, collection_body, feature_page, geo_json, link};
use crate::db::Commons;
use crate::db::commons::{Feature, Order, Search};
use crate::domain::{AccountId, ActivityId, Kind, Sport};
use crate::http::answer::{self, Keep};
use crate::http::network::Network;
use crate::http::problem::{Body, Problem};
use crate::http::session::Now;
use crate::http::tiles::PublicUrl;
use crate::http::turns::Turns;

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(activity_collection).service(items).service(item);
}

/// The published activities, as a collection.
#[utoipa::path(tag = "reuse", params(FormatQuery), responses(
    (status = 200, body = CollectionBody), (status = 304), (status = 400, body = Body),
))]
#[get("/ogc/collections/activities")]
async fn activity_collection(
    _: web::Query<FormatQuery>,
    request: HttpRequest,
    url: web::Data<PublicUrl>,
) -> Result<HttpResponse, Problem> {
    answer::json(&request, Keep::Everyone, &collection(&url))
}

/// Published activities as features, newest day first: the visible line in 200 points at most, and what is
/// told of it.
#[utoipa::path(tag = "reuse", params(ItemsQuery), responses(
    (status = 200, body = FeaturesBody<ActivityProperties>, content_type = "application/geo+json"), (status = 304), (status = 400, body = Body),
    (status = 429, body = Body),
))]
#[get("/ogc/collections/activities/items")]
async fn items(
    query: Result<web::Query<ItemsQuery>, actix_web::Error>,
    Now(now): Now,
    network: Network,
    request: HttpRequest,
    commons: web::Data<Commons>,
    turns: web::Data<Turns>,
    url: web::Data<PublicUrl>,
) -> Result<HttpResponse, Problem> {
    let Asked { within, sought, after, limit } = ItemsQuery::read(query)?;
    let search = Search { within, words: None, sought, order: Order::Newest, after, limit };
    let found = async move { Ok(commons.features(&search, now).await?) };
    let found = turns.search.run(network, found).await?;
    let features = found.items.iter().map(|found| feature(found, &url)).collect();
    feature_page(&request, &address(&url), features, found.next)
}

/// One published activity as a feature.
#[utoipa::path(tag = "reuse", params(("id" = ActivityId, Path), FormatQuery), responses(
    (status = 200, body = FeatureBody<ActivityProperties>, content_type = "application/geo+json"), (status = 304), (status = 400, body = Body),
    (status = 404, body = Body),
))]
#[get("/ogc/collections/activities/items/{id}")]
async fn item(
    id: web::Path<ActivityId>,
    _: web::Query<FormatQuery>,
    Now(now): Now,
    request: HttpRequest,
    commons: web::Data<Commons>,
    url: web::Data<PublicUrl>,
) -> Result<HttpResponse, Problem> {
    let found = commons.feature(*id, now).await?.ok_or(Problem::NotFound)?;
    geo_json(&request, &feature(&found, &url))
}

/// What it is.
pub(super) fn collection(url: &PublicUrl) -> CollectionBody {
    collection_body(
        &address(url),
        "activities",
        "Activities",
        "Published activities: the visible lines, with the names of their authors.",
    )
}

fn address(url: &PublicUrl) -> String {
    format!("{}/ogc/collections/activities", url.0)
}

/// What is told of an activity.
#[derive(Serialize, utoipa::ToSchema)]
pub(in crate::http) struct ActivityProperties {
    title: String,
    description: Option<String>,
    kind: Kind,
    sport: Sport,
    /// The day it took place, in UTC.
    day: Option<NaiveDate>,
    /// The public name of who made it; null when they have left.
    author: Option<String>,
    author_id: Option<AccountId>,
    /// Of its visible parts, like the numbers below.
    distance_m: f64,
    ascent_m: Option<f64>,
    moving_s: Option<f64>,
}

/// A published activity as a feature.
pub(in crate::http) fn feature(
    Feature { rendition, line }: &Feature,
    url: &PublicUrl,
) -> FeatureBody<ActivityProperties> {
    let author = rendition.author.as_ref();
    let statistics = &rendition.statistics;
    let (id, url) = (rendition.id.to_string(), &url.0);
    let collection = format!("{url}/ogc/collections/activities");
    let whole = format!("{url}/api/v1/activities/{id}/track.geojson");
    FeatureBody {
        kind: "Feature",
        geometry: line.clone(),
        properties: ActivityProperties {
            title: rendition.title.as_str().to_owned(),
            description: rendition.description.as_ref().map(|text| text.as_str().to_owned()),
            kind: rendition.kind,
            sport: rendition.sport,
            day: rendition.day,
            author: author.map(|author| author.public_name.as_str().to_owned()),
            author_id: author.map(|author| author.id),
            distance_m: statistics.distance_m,
            ascent_m: statistics.ascent_m,
            moving_s: statistics.moving_s,
        },
        links: vec![
            link(
                &format!("{collection}/items/{id}"),
                "self",
                "application/geo+json",
                "This feature",
            ),
            link(&collection, "collection", "application/json", "Activities"),
            link(&whole, "alternate", "application/geo+json", "The whole visible line"),
        ],
        id,
    }
}
