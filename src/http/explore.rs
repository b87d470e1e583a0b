//! `/explore`: what is published near a position. It knows the commons and nothing else.

use actix_web::{HttpRequest, HttpResponse, post, web};
use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};
use utoipa_actix_web::service_config::ServiceConfig;

use super::answer::{self, Keep};
use super::body::Json;
use super::network::Network;
use super::page::{self, Cursor, Page};
use super::present::SummaryBody;
use super::problem::{Body, Problem};
use super::session::Now;
use super::turns::Turns;
use crate::access::Viewer;
use crate::db::Commons;
use crate::db::commons::{Nearby, NearbyPosition, Range, Reference, Sought};
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
    /// How far to look, in metres.
    #[schema(minimum = 1, maximum = 1e5, default = 1e4)]
    radius_m: Option<f64>,
    /// Measured to what; to the start unless asked otherwise.
    to: Option<ToBody>,
    #[schema(value_type = Option<Sport>)]
    sport: Option<String>,
    #[schema(value_type = Option<Kind>)]
    kind: Option<String>,
    /// Of a length in this range, in metres.
    distance_m: Option<RangeBody>,
    /// With an ascent in this range, in metres.
    ascent_m: Option<RangeBody>,
    /// With a moving time in this range, in seconds.
    moving_s: Option<RangeBody>,
    /// With a rating in this range, of 1 to 5: only what is published has one.
    rating: Option<RangeBody>,
    /// In this range of days. A plan that names none took place on no day.
    day: Option<DaysBody>,
    /// At most so many.
    #[schema(minimum = 1, maximum = 100, default = 20)]
    limit: Option<usize>,
    /// From the page before.
    cursor: Option<String>,
}

/// What a distance is measured to.
#[derive(Clone, Copy, Default, Deserialize, utoipa::ToSchema)]
#[schema(as = MeasuredTo)]
#[serde(rename_all = "lowercase")]
enum ToBody {
    /// Where the visible line starts.
    #[default]
    Start,
    /// The nearest point of the visible line.
    Line,
}

/// A range with either end open.
#[derive(Clone, Copy, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct RangeBody {
    min: Option<f64>,
    max: Option<f64>,
}

/// A range of days with either end open.
#[derive(Clone, Copy, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct DaysBody {
    min: Option<NaiveDate>,
    max: Option<NaiveDate>,
}

/// An activity, and how far away it is.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Neighbour)]
struct NeighbourBody {
    activity: SummaryBody,
    /// Great-circle distance from the position to where the visible line starts, or to its nearest point,
    /// in metres.
    distance_m: f64,
}

/// Activities around a position, the nearest first: what is published, and for members what their
/// communities share. Page by page one gets to the nearest 3,000 that fit, or 1,000 by their lines, of what is
/// published and of each community; `/explore/search` with a `bbox` has them all.
#[utoipa::path(tag = "explore", security((), ("token" = [])), request_body = NearbyBody, responses(
    (status = 200, body = Page<NeighbourBody>), (status = 401, body = Body), (status = 422, body = Body),
    (status = 429, body = Body, description = "Of searches, pages after the first, what is measured to lines, and \
        what is chosen by rating, a network asks for five at once."),
))]
#[post("/explore/nearby")]
async fn nearby(
    viewer: Viewer,
    Json(body): Json<NearbyBody>,
    Now(now): Now,
    network: Network,
    request: HttpRequest,
    commons: web::Data<Commons>,
    turns: web::Data<Turns>,
) -> Result<HttpResponse, Problem> {
    let limit = page::limit(body.limit)?;
    let asked = body.parse(limit)?;
    let is_quick = asked.is_quick();
    let found = async move { Ok(commons.nearby(viewer, &asked, now).await?) };
    let found = if is_quick { found.await? } else { turns.search.run(network, found).await? };
    let page = Page::of(found, |(rendition, distance_m)| NeighbourBody {
        activity: SummaryBody::from(&rendition),
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
        let range = |field, range: Option<RangeBody>| {
            let ends = range.map(|range| [range.min, range.max]).unwrap_or_default();
            Range::new([field, field], ends)
        };
        let ends = self.day.map(|days| [days.min, days.max]).unwrap_or_default();
        let [from, to] = days(["day", "day"], ends)?;
        Ok(Nearby {
            position: Position::new(longitude, latitude)?,
            radius_m,
            to: match self.to.unwrap_or_default() {
                ToBody::Start => Reference::Start,
                ToBody::Line => Reference::Line,
            },
            sought: Sought {
                sport: self.sport.as_deref().map(Sport::try_from).transpose()?,
                kind: self.kind.as_deref().map(Kind::try_from).transpose()?,
                distance_m: range("distance_m", self.distance_m)?,
                ascent_m: range("ascent_m", self.ascent_m)?,
                moving_s: range("moving_s", self.moving_s)?,
                rating: range("rating", self.rating)?,
                from,
                to,
            },
            after: self.cursor.as_deref().map(NearbyPosition::parse).transpose()?,
            limit,
        })
    }
}

/// Days that the database knows, the first not after the last.
pub(super) fn days(
    fields: [&'static str; 2],
    days: [Option<NaiveDate>; 2],
) -> Result<[Option<NaiveDate>; 2], Invalid> {
    for (field, day) in fields.into_iter().zip(days) {
        if day.is_some_and(|day| !(1..=9_999).contains(&day.year())) {
            return Err(Invalid { field, reason: "must be of the years 1 to 9999" });
        }
    }
    if days[0].zip(days[1]).is_some_and(|(from, to)| to < from) {
        return Err(Invalid { field: fields[1], reason: "must not be before the first day" });
    }
    Ok(days)
}
