//! `/ogc`: what is published, as OGC API – Features (Part 1: Core, OGC 17-069r4) for the tools that people
//! have. It knows the commons and nothing else.

use actix_web::{HttpRequest, HttpResponse, get, web};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa_actix_web::service_config::ServiceConfig;

use super::answer::{self, Keep};
use super::docs::CONTRACT_TYPE;
use super::page::{Cursor, LIMIT_MAX};
use super::problem::{Body, Problem};
use super::search::{SearchCursor, bounds};
use super::tiles::PublicUrl;
use crate::db::commons::{Bounds, Compare, SearchPosition, Sought};
use crate::domain::{Invalid, Kind, Sport};

/// How many features a page has unless asked otherwise.
const LIMIT_DEFAULT: usize = 10;
/// The coordinate reference system of every answer: longitude, latitude on WGS 84.
const CRS84: &str = "http://www.opengis.net/def/crs/OGC/1.3/CRS84";

mod activities;
mod bodies;
mod definition;
mod waypoints;

pub(super) use activities::feature;
use bodies::{
    CollectionBody, CollectionsBody, ConformanceBody, ExtentBody, FeatureBody, FeaturesBody,
    LandingBody, LinkBody, SpatialBody,
};
use definition::DEFINITION_TYPE;
pub(super) use definition::of_ogc;

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(landing).service(conformance).service(collections);
    config.map(|config| config.service(landing_with_slash));
    definition::routes(config);
    activities::routes(config);
    waypoints::routes(config);
}

/// Which features.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ItemsQuery {
    /// `west,south,east,north` in degrees; six numbers have heights, which are passed over.
    #[param(value_type = Option<Vec<f64>>, min_items = 4, max_items = 6, style = Form, explode = false)]
    bbox: Option<String>,
    /// A day or a time in RFC 3339, or two of them with `/` between; `..` is an open end. Features have a
    /// day, not an hour.
    #[param(style = Form, explode = false)]
    datetime: Option<String>,
    /// At most so many; 10 by default, 100 at most.
    #[param(minimum = 1, maximum = 100, default = 10, style = Form, explode = false)]
    limit: Option<usize>,
    /// Recorded or planned.
    #[param(value_type = Option<Kind>, inline)]
    kind: Option<String>,
    /// A sport.
    #[param(value_type = Option<Sport>, inline)]
    sport: Option<String>,
    /// From the page before.
    cursor: Option<String>,
    /// `json` is all there is.
    #[expect(dead_code, reason = "what is read is known")]
    #[param(inline)]
    f: Option<Format>,
}

/// What every other resource takes, and no more: the standard wants 400 for what is not known.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct FormatQuery {
    /// `json` is all there is.
    #[expect(dead_code, reason = "what is read is known")]
    #[param(inline)]
    f: Option<Format>,
}

/// How an answer is written.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
enum Format {
    Json,
    Geojson,
}

/// Where everything is.
#[utoipa::path(tag = "reuse", params(FormatQuery), responses(
    (status = 200, body = LandingBody), (status = 304), (status = 400, body = Body),
))]
#[get("/ogc")]
async fn landing(
    _: web::Query<FormatQuery>,
    request: HttpRequest,
    url: web::Data<PublicUrl>,
) -> Result<HttpResponse, Problem> {
    landing_page(&request, &url.0)
}

/// Clients that put paths together ask for it so.
#[get("/ogc/")]
async fn landing_with_slash(
    _: web::Query<FormatQuery>,
    request: HttpRequest,
    url: web::Data<PublicUrl>,
) -> Result<HttpResponse, Problem> {
    landing_page(&request, &url.0)
}

fn landing_page(request: &HttpRequest, url: &str) -> Result<HttpResponse, Problem> {
    let body = LandingBody {
        title: "OpenTracks",
        description: "Published activities and their points of interest. Each belongs to the author it names.",
        links: vec![
            link(&format!("{url}/ogc"), "self", "application/json", "This page"),
            link(
                &format!("{url}/ogc/api"),
                "service-desc",
                DEFINITION_TYPE,
                "The contract of this part",
            ),
            link(
                &format!("{url}/openapi.json"),
                "service-desc",
                CONTRACT_TYPE,
                "The whole contract",
            ),
            link(
                &format!("{url}/docs/"),
                "service-doc",
                "text/html",
                "The whole contract, to browse",
            ),
            link(
                &format!("{url}/ogc/conformance"),
                "conformance",
                "application/json",
                "What this conforms to",
            ),
            link(&format!("{url}/ogc/collections"), "data", "application/json", "What there is"),
        ],
    };
    answer::json(request, Keep::Everyone, &body)
}

/// What this conforms to.
#[utoipa::path(tag = "reuse", params(FormatQuery), responses(
    (status = 200, body = ConformanceBody), (status = 304), (status = 400, body = Body),
))]
#[get("/ogc/conformance")]
async fn conformance(
    _: web::Query<FormatQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let conforms_to = &[
        "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
        "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
        "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/oas30",
    ];
    let body = ConformanceBody { conforms_to };
    answer::json(&request, Keep::Everyone, &body)
}

/// What there is.
#[utoipa::path(tag = "reuse", params(FormatQuery), responses(
    (status = 200, body = CollectionsBody), (status = 304), (status = 400, body = Body),
))]
#[get("/ogc/collections")]
async fn collections(
    _: web::Query<FormatQuery>,
    request: HttpRequest,
    url: web::Data<PublicUrl>,
) -> Result<HttpResponse, Problem> {
    let address = format!("{}/ogc/collections", url.0);
    let body = CollectionsBody {
        links: vec![link(&address, "self", "application/json", "This list")],
        collections: vec![activities::collection(&url), waypoints::collection(&url)],
    };
    answer::json(&request, Keep::Everyone, &body)
}

/// What every collection is asked for.
struct Asked {
    within: Option<Bounds>,
    sought: Sought,
    after: Option<SearchPosition>,
    limit: usize,
}

impl ItemsQuery {
    /// The standard wants 400 for whatever is unfit.
    fn read(query: Result<web::Query<Self>, actix_web::Error>) -> Result<Asked, Problem> {
        let parsed = query.map(|query| query.parse());
        let unfit = "The query has a parameter that is unknown or unfit.";
        parsed.ok().and_then(Result::ok).ok_or(Problem::Malformed(unfit))
    }

    fn parse(&self) -> Result<Asked, Problem> {
        let [from, to] = self.datetime.as_deref().map(days).transpose()?.unwrap_or_default();
        let after = self.cursor.as_deref().map(SearchCursor::parse).transpose()?;
        // More than the most is no fault: the answer has fewer.
        let limit = self.limit.unwrap_or(LIMIT_DEFAULT).min(LIMIT_MAX);
        if limit == 0 {
            return Err(Invalid { field: "limit", reason: "must be 1 or more" }.into());
        }
        Ok(Asked {
            within: self.bbox.as_deref().map(bounds).transpose()?,
            sought: Sought {
                sport: self.sport.as_deref().map(Sport::try_from).transpose()?,
                kind: self.kind.as_deref().map(Kind::try_from).transpose()?,
                from,
                to,
                ..Sought::default()
            },
            after: after.map(|after| after.place),
            limit,
        })
    }
}

/// A page of features, with links to itself and to the next one.
fn feature_page<P: Serialize>(
    request: &HttpRequest,
    collection: &str,
    features: Vec<FeatureBody<P>>,
    next: Option<SearchPosition>,
) -> Result<HttpResponse, Problem> {
    let query = request.query_string();
    let mut links = vec![
        link(&format!("{collection}/items?{query}"), "self", "application/geo+json", "This page"),
        link(collection, "collection", "application/json", "What these are of"),
    ];
    links.extend(next.map(|place| {
        let cursor = SearchCursor { by: Compare::Stems, place }.to_text();
        let others = query.split('&');
        let others = others.filter(|part| !part.is_empty() && !part.starts_with("cursor="));
        let others: Vec<&str> = others.collect();
        let next = [others.as_slice(), &[&format!("cursor={cursor}")]].concat().join("&");
        let next = format!("{collection}/items?{next}");
        link(&next, "next", "application/geo+json", "The next page")
    }));
    let number_returned = features.len();
    geo_json(request, &FeaturesBody { kind: "FeatureCollection", number_returned, features, links })
}

/// What a collection is, at its address.
fn collection_body(
    address: &str,
    id: &'static str,
    title: &'static str,
    description: &'static str,
) -> CollectionBody {
    CollectionBody {
        id,
        title,
        description,
        item_type: "feature",
        crs: vec![CRS84],
        extent: ExtentBody {
            spatial: SpatialBody { bbox: vec![vec![-180.0, -90.0, 180.0, 90.0]], crs: CRS84 },
        },
        links: vec![
            link(address, "self", "application/json", "This collection"),
            link(&format!("{address}/items"), "items", "application/geo+json", "Its features"),
        ],
    }
}

/// The first and the last day of an interval.
fn days(interval: &str) -> Result<[Option<NaiveDate>; 2], Invalid> {
    let invalid = || Invalid { field: "datetime", reason: "must be a time or an interval" };
    let day = |text: &str| match text {
        "" | ".." => Ok(None),
        text => {
            let time = DateTime::parse_from_rfc3339(text).map(|time| time.with_timezone(&Utc));
            let day = time.map(|time| time.date_naive()).or_else(|_| text.parse());
            day.map(Some).map_err(|_| invalid())
        }
    };
    let days = match interval.split_once('/') {
        None => {
            let day = day(interval)?.ok_or_else(invalid)?;
            [Some(day), Some(day)]
        }
        Some((from, to)) => [day(from)?, day(to)?],
    };
    super::explore::days(["datetime", "datetime"], days)
}

fn link(href: &str, rel: &'static str, kind: &'static str, title: &'static str) -> LinkBody {
    LinkBody { href: href.to_owned(), rel, kind, title }
}

fn geo_json(request: &HttpRequest, body: &impl Serialize) -> Result<HttpResponse, Problem> {
    let content = serde_json::to_vec(body).map_err(|error| Problem::Internal(error.to_string()))?;
    Ok(answer::content(request, Keep::Everyone, "application/geo+json", content))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_read_with_open_ends() {
        let day = |text: &str| text.parse::<NaiveDate>().ok();
        assert_eq!(days("2026-05-30"), Ok([day("2026-05-30"), day("2026-05-30")]));
        assert_eq!(days("2026-05-30T23:00:00-02:00/.."), Ok([day("2026-05-31"), None]));
        assert_eq!(days("../2026-05-30"), Ok([None, day("2026-05-30")]));
        assert_eq!(days("/2026-05-30"), Ok([None, day("2026-05-30")]));
        for text in
            ["", "..", "today", "2026-05-30/tomorrow", "2026-13-01", "2026-05-30/2026-05-29"]
        {
            assert!(days(text).is_err(), "{text}");
        }
    }
}
