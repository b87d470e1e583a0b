//! The published activities as a collection of features.

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde_json::{Value, json};
use utoipa_actix_web::service_config::ServiceConfig;

use super::{Asked, FormatQuery, ItemsQuery, collection_json, feature_page, geo_json, link};
use crate::db::Commons;
use crate::db::commons::{Feature, Order, Search};
use crate::domain::ActivityId;
use crate::http::answer::{self, Keep};
use crate::http::problem::{Body, Problem};
use crate::http::session::{Network, Now};
use crate::http::tiles::PublicUrl;
use crate::http::turns::Turns;

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(activity_collection).service(items).service(item);
}

/// The published activities, as a collection.
#[utoipa::path(tag = "reuse", params(FormatQuery), responses(
    (status = 200, body = Value), (status = 304), (status = 400, body = Body),
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
    (status = 200, body = Value, content_type = "application/geo+json"), (status = 304), (status = 400, body = Body),
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
    let features: Vec<Value> =
        found.items.iter().map(|feature| feature_json(feature, &url)).collect();
    feature_page(&request, &address(&url), &features, found.next)
}

/// One published activity as a feature.
#[utoipa::path(tag = "reuse", params(("id" = ActivityId, Path), FormatQuery), responses(
    (status = 200, body = Value, content_type = "application/geo+json"), (status = 304), (status = 400, body = Body),
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
    let feature = commons.feature(*id, now).await?.ok_or(Problem::NotFound)?;
    geo_json(&request, &feature_json(&feature, &url))
}

/// What it is.
pub(super) fn collection(url: &PublicUrl) -> Value {
    collection_json(
        &address(url),
        "activities",
        "Activities",
        "Published activities: the visible lines, with the names of their authors.",
    )
}

fn address(url: &PublicUrl) -> String {
    format!("{}/ogc/collections/activities", url.0)
}

/// A published activity as a feature.
pub(in crate::http) fn feature_json(feature: &Feature, url: &PublicUrl) -> Value {
    let Feature { rendition, line } = feature;
    let author = rendition.author.as_ref();
    let statistics = &rendition.statistics;
    json!({
        "type": "Feature",
        "id": rendition.id,
        "geometry": line,
        "properties": {
            "title": rendition.title,
            "description": rendition.description,
            "kind": rendition.kind,
            "sport": rendition.sport,
            "day": rendition.day,
            "author": author.map(|author| author.public_name.as_str()),
            "author_id": author.map(|author| author.id),
            "distance_m": statistics.distance_m,
            "ascent_m": statistics.ascent_m,
            "moving_s": statistics.moving_s,
        },
        "links": [
            link(
                &format!("{}/ogc/collections/activities/items/{}", url.0, rendition.id), "self",
                "application/geo+json", "This feature",
            ),
            link(
                &format!("{}/ogc/collections/activities", url.0), "collection",
                "application/json", "Activities",
            ),
            link(
                &format!("{}/api/v1/activities/{}/track.geojson", url.0, rendition.id), "alternate",
                "application/geo+json", "The whole visible line",
            ),
        ],
    })
}
