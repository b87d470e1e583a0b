//! `/explore`: what is published near a position. It knows the commons and nothing else.

use actix_web::{HttpRequest, HttpResponse, post, web};
use serde::{Deserialize, Serialize};
use utoipa_actix_web::service_config::ServiceConfig;

use super::answer::{self, Keep};
use super::body::Json;
use super::page::{self, Cursor, Page};
use super::present::RenditionBody;
use super::problem::{Body, Problem};
use super::session::Now;
use crate::access::Viewer;
use crate::db::Commons;
use crate::db::commons::{Nearby, NearbyPosition, Range};
use crate::domain::{Invalid, Kind, Position, Sport};

/// How far is looked unless asked otherwise, in metres.
const RADIUS_DEFAULT_M: f64 = 10_000.0;
/// The furthest that is looked, in metres.
const RADIUS_MAX_M: f64 = 100_000.0;

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(nearby);
}

/// What to look for. The position travels in the body, so that no log holds it; it is used for
/// this answer and kept nowhere.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct NearbyBody {
    /// `[longitude, latitude]` in degrees.
    #[schema(value_type = Vec<f64>, min_items = 2, max_items = 2)]
    position: [f64; 2],
    /// How far to look, in metres, up to 100,000; 10,000 by default.
    radius_m: Option<f64>,
    sport: Option<String>,
    kind: Option<String>,
    /// Of a length in this range, in metres.
    distance_m: Option<RangeBody>,
    /// With an ascent in this range, in metres.
    ascent_m: Option<RangeBody>,
    /// At most so many, 1 to 100.
    limit: Option<usize>,
    /// From the page before.
    cursor: Option<String>,
}

/// A range with either end open.
#[derive(Clone, Copy, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct RangeBody {
    min: Option<f64>,
    max: Option<f64>,
}

/// A published activity, and how far away it visibly starts.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Neighbour)]
struct NeighbourBody {
    activity: RenditionBody,
    /// Great-circle distance from the position to where the visible line starts, in metres.
    distance_m: f64,
}

/// Published activities around a position, the nearest first.
#[utoipa::path(tag = "explore", security((), ("token" = [])), request_body = NearbyBody, responses(
    (status = 200, body = Page<NeighbourBody>), (status = 401, body = Body), (status = 422, body = Body),
))]
#[post("/explore/nearby")]
async fn nearby(
    viewer: Viewer,
    Json(body): Json<NearbyBody>,
    Now(now): Now,
    request: HttpRequest,
    commons: web::Data<Commons>,
) -> Result<HttpResponse, Problem> {
    let limit = page::limit(body.limit)?;
    let found = commons.nearby(viewer, &body.parse(limit)?, now).await?;
    let page = Page::of(found, |(rendition, distance_m)| NeighbourBody {
        activity: RenditionBody::from(&rendition),
        distance_m,
    });
    answer::json(&request, Keep::Nobody, &page)
}

impl NearbyBody {
    fn parse(self, limit: usize) -> Result<Nearby, Problem> {
        let [longitude, latitude] = self.position;
        let radius_m = self.radius_m.unwrap_or(RADIUS_DEFAULT_M);
        if !(1.0..=RADIUS_MAX_M).contains(&radius_m) {
            return Err(Invalid { field: "radius_m", reason: "must be from 1 to 100,000" }.into());
        }
        let range = |range: Option<RangeBody>| {
            range.map(|range| Range { min: range.min, max: range.max }).unwrap_or_default()
        };
        Ok(Nearby {
            position: Position::new(longitude, latitude)?,
            radius_m,
            sport: self.sport.as_deref().map(Sport::try_from).transpose()?,
            kind: self.kind.as_deref().map(Kind::try_from).transpose()?,
            distance_m: range(self.distance_m),
            ascent_m: range(self.ascent_m),
            after: self.cursor.as_deref().map(NearbyPosition::parse).transpose()?,
            limit,
        })
    }
}
