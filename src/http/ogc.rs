//! `/ogc`: what is published, as OGC API – Features (Part 1: Core, OGC 17-069r4) for the tools that people
//! have. It knows the commons and nothing else.

use actix_web::{HttpRequest, HttpResponse, get, web};
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa_actix_web::service_config::ServiceConfig;

use super::answer::{self, Keep};
use super::page::{Cursor, LIMIT_MAX};
use super::problem::{Body, Problem};
use super::search::{SearchCursor, bounds};
use super::session::Now;
use super::tiles::PublicUrl;
use crate::db::Commons;
use crate::db::commons::{Compare, Feature, Order, Search, Sought};
use crate::domain::{ActivityId, Invalid, Kind, Sport};

/// How many features a page has unless asked otherwise.
const LIMIT_DEFAULT: usize = 10;
/// The coordinate reference system of every answer: longitude, latitude on WGS 84.
const CRS84: &str = "http://www.opengis.net/def/crs/OGC/1.3/CRS84";

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(landing)
        .service(conformance)
        .service(collections)
        .service(activity_collection)
        .service(items)
        .service(item);
}

/// Which features.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ItemsQuery {
    /// `west,south,east,north` in degrees; six numbers have heights, which are passed over.
    bbox: Option<String>,
    /// A day or a time in RFC 3339, or two of them with `/` between; `..` is an open end. Features have a
    /// day, not an hour.
    datetime: Option<String>,
    /// At most so many; 10 by default, 100 at most.
    limit: Option<usize>,
    /// `recorded` or `planned`.
    kind: Option<String>,
    /// A sport.
    sport: Option<String>,
    /// From the page before.
    cursor: Option<String>,
    /// `json` is all there is.
    f: Option<String>,
}

/// Where everything is.
#[utoipa::path(tag = "reuse", responses((status = 200, body = Value), (status = 304)))]
#[get("/ogc")]
async fn landing(request: HttpRequest, url: web::Data<PublicUrl>) -> Result<HttpResponse, Problem> {
    let url = &url.0;
    let body = json!({
        "title": "OpenTracks",
        "description": "Published activities. Each belongs to the author it names.",
        "links": [
            link(&format!("{url}/ogc"), "self", "application/json", "This page"),
            link(
                &format!("{url}/openapi.json"), "service-desc",
                "application/vnd.oai.openapi+json;version=3.1", "The contract",
            ),
            link(&format!("{url}/docs/"), "service-doc", "text/html", "The contract, to browse"),
            link(&format!("{url}/ogc/conformance"), "conformance", "application/json", "What this conforms to"),
            link(&format!("{url}/ogc/collections"), "data", "application/json", "What there is"),
        ],
    });
    answer::json(&request, Keep::Everyone, &body)
}

/// What this conforms to.
#[utoipa::path(tag = "reuse", responses((status = 200, body = Value), (status = 304)))]
#[get("/ogc/conformance")]
async fn conformance(request: HttpRequest) -> Result<HttpResponse, Problem> {
    let body = json!({ "conformsTo": [
        "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
        "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
    ] });
    answer::json(&request, Keep::Everyone, &body)
}

/// What there is.
#[utoipa::path(tag = "reuse", responses((status = 200, body = Value), (status = 304)))]
#[get("/ogc/collections")]
async fn collections(
    request: HttpRequest,
    url: web::Data<PublicUrl>,
) -> Result<HttpResponse, Problem> {
    let body = json!({
        "links": [link(&format!("{}/ogc/collections", url.0), "self", "application/json", "This list")],
        "collections": [collection(&url)],
    });
    answer::json(&request, Keep::Everyone, &body)
}

/// The published activities, as a collection.
#[utoipa::path(tag = "reuse", responses((status = 200, body = Value), (status = 304)))]
#[get("/ogc/collections/activities")]
async fn activity_collection(
    request: HttpRequest,
    url: web::Data<PublicUrl>,
) -> Result<HttpResponse, Problem> {
    answer::json(&request, Keep::Everyone, &collection(&url))
}

/// Published activities as features, newest day first: the visible line in 200 points at most, and what is
/// told of it.
#[utoipa::path(tag = "reuse", params(ItemsQuery), responses(
    (status = 200, body = Value, content_type = "application/geo+json"), (status = 304), (status = 400, body = Body),
))]
#[get("/ogc/collections/activities/items")]
async fn items(
    query: Result<web::Query<ItemsQuery>, actix_web::Error>,
    Now(now): Now,
    request: HttpRequest,
    commons: web::Data<Commons>,
    url: web::Data<PublicUrl>,
) -> Result<HttpResponse, Problem> {
    // The standard wants 400 for whatever is unfit.
    let unfit = Problem::Malformed("The query has a parameter that is unknown or unfit.");
    let Ok(query) = query else { return Err(unfit) };
    let Ok(search) = query.parse() else { return Err(unfit) };
    let found = commons.features(&search, now).await?;
    let base = format!("{}/ogc/collections/activities/items", url.0);
    let mut links = vec![
        link(
            &format!("{base}?{}", request.query_string()),
            "self",
            "application/geo+json",
            "This page",
        ),
        link(
            &format!("{}/ogc/collections/activities", url.0),
            "collection",
            "application/json",
            "Activities",
        ),
    ];
    links.extend(found.next.map(|place| {
        let cursor = SearchCursor { by: Compare::Stems, place }.to_text();
        let others = request.query_string().split('&');
        let others = others.filter(|part| !part.is_empty() && !part.starts_with("cursor="));
        let others: Vec<&str> = others.collect();
        let next = [others.as_slice(), &[&format!("cursor={cursor}")]].concat().join("&");
        link(&format!("{base}?{next}"), "next", "application/geo+json", "The next page")
    }));
    let features: Vec<Value> =
        found.items.iter().map(|feature| feature_json(feature, &url)).collect();
    let body = json!({
        "type": "FeatureCollection",
        "timeStamp": now.to_rfc3339_opts(SecondsFormat::Secs, true),
        "numberReturned": features.len(),
        "features": features,
        "links": links,
    });
    geo_json(&request, &body)
}

/// One published activity as a feature.
#[utoipa::path(tag = "reuse", params(("id" = ActivityId, Path)), responses(
    (status = 200, body = Value, content_type = "application/geo+json"), (status = 304), (status = 404, body = Body),
))]
#[get("/ogc/collections/activities/items/{id}")]
async fn item(
    id: web::Path<ActivityId>,
    Now(now): Now,
    request: HttpRequest,
    commons: web::Data<Commons>,
    url: web::Data<PublicUrl>,
) -> Result<HttpResponse, Problem> {
    let feature = commons.feature(*id, now).await?.ok_or(Problem::NotFound)?;
    geo_json(&request, &feature_json(&feature, &url))
}

impl ItemsQuery {
    fn parse(&self) -> Result<Search, Problem> {
        if !matches!(self.f.as_deref(), None | Some("json" | "geojson")) {
            return Err(Invalid { field: "f", reason: "must be json" }.into());
        }
        let (from, to) = self.datetime.as_deref().map(days).transpose()?.unwrap_or_default();
        let after = self.cursor.as_deref().map(SearchCursor::parse).transpose()?;
        // More than the most is no fault: the answer has fewer.
        let limit = self.limit.unwrap_or(LIMIT_DEFAULT).min(LIMIT_MAX);
        if limit == 0 {
            return Err(Invalid { field: "limit", reason: "must be 1 or more" }.into());
        }
        Ok(Search {
            within: self.bbox.as_deref().map(bounds).transpose()?,
            words: None,
            sought: Sought {
                sport: self.sport.as_deref().map(Sport::try_from).transpose()?,
                kind: self.kind.as_deref().map(Kind::try_from).transpose()?,
                from,
                to,
                ..Sought::default()
            },
            order: Order::Newest,
            after: after.map(|after| after.place),
            limit,
        })
    }
}

/// The first and the last day of an interval.
fn days(interval: &str) -> Result<(Option<NaiveDate>, Option<NaiveDate>), Invalid> {
    let invalid = || Invalid { field: "datetime", reason: "must be a time or an interval" };
    let day = |text: &str| match text {
        "" | ".." => Ok(None),
        text => {
            let time = DateTime::parse_from_rfc3339(text).map(|time| time.with_timezone(&Utc));
            let day = time.map(|time| time.date_naive()).or_else(|_| text.parse());
            super::explore::day(Some(day.map_err(|_| invalid())?))
        }
    };
    match interval.split_once('/') {
        None => day(interval).and_then(|day| match day {
            Some(day) => Ok((Some(day), Some(day))),
            None => Err(invalid()),
        }),
        Some((from, to)) => Ok((day(from)?, day(to)?)),
    }
}

fn collection(url: &PublicUrl) -> Value {
    let base = format!("{}/ogc/collections/activities", url.0);
    json!({
        "id": "activities",
        "title": "Activities",
        "description": "Published activities: the visible lines, with the names of their authors.",
        "itemType": "feature",
        "crs": [CRS84],
        "extent": { "spatial": { "bbox": [[-180, -90, 180, 90]], "crs": CRS84 } },
        "links": [
            link(&base, "self", "application/json", "This collection"),
            link(&format!("{base}/items"), "items", "application/geo+json", "Its features"),
        ],
    })
}

fn feature_json(feature: &Feature, url: &PublicUrl) -> Value {
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

fn link(href: &str, rel: &str, kind: &str, title: &str) -> Value {
    json!({ "href": href, "rel": rel, "type": kind, "title": title })
}

fn geo_json(request: &HttpRequest, body: &Value) -> Result<HttpResponse, Problem> {
    let content = serde_json::to_vec(body).map_err(|error| Problem::Internal(error.to_string()))?;
    Ok(answer::content(request, Keep::Everyone, "application/geo+json", content))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_read_with_open_ends() {
        let day = |text: &str| text.parse::<NaiveDate>().ok();
        assert_eq!(days("2026-05-30"), Ok((day("2026-05-30"), day("2026-05-30"))));
        assert_eq!(days("2026-05-30T23:00:00-02:00/.."), Ok((day("2026-05-31"), None)));
        assert_eq!(days("../2026-05-30"), Ok((None, day("2026-05-30"))));
        assert_eq!(days("/2026-05-30"), Ok((None, day("2026-05-30"))));
        for text in ["", "..", "today", "2026-05-30/tomorrow", "2026-13-01"] {
            assert!(days(text).is_err(), "{text}");
        }
    }
}
