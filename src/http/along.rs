//! `/explore/along`: what runs along a line. It knows the commons and nothing else.

use actix_web::{HttpRequest, HttpResponse, post, web};
use serde::{Deserialize, Serialize};
use utoipa_actix_web::service_config::ServiceConfig;

use super::answer::{self, Keep};
use super::body::Json;
use super::network::Network;
use super::page;
use super::present::SummaryBody;
use super::problem::{Body, Problem};
use super::session::Now;
use super::turns::Turns;
use crate::access::Viewer;
use crate::db::commons::{Along, Course, Sought};
use crate::db::{Commons, Slice};
use crate::domain::{ActivityId, Invalid, Kind, Position, Sport};

/// How far from the line is looked unless asked otherwise, in metres.
const WITHIN_DEFAULT_M: f64 = 50.0;
/// The furthest from the line that is looked, in metres.
const WITHIN_MAX_M: f64 = 1_000.0;
/// The most points of a line.
const POINTS_MAX: usize = 500;
/// The longest line, between its points, in degrees: some 500 km.
const LENGTH_MAX_DEGREES: f64 = 5.0;

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(along);
}

/// A line, drawn or of an activity: one of the two. It travels in the body, so that no log holds it; it is
/// used for this answer and kept nowhere.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct AlongBody {
    /// `[longitude, latitude]` in degrees for each point, 2 to 500, over some 500 km at most.
    #[schema(value_type = Option<Vec<Vec<f64>>>, min_items = 2, max_items = 500)]
    line: Option<Vec<[f64; 2]>>,
    /// A published activity, as others see it: of some 500 km at most.
    activity: Option<ActivityId>,
    /// How far from the line counts as along it, in metres.
    #[schema(minimum = 1, maximum = 1000, default = 50)]
    within_m: Option<f64>,
    #[schema(value_type = Option<Sport>)]
    sport: Option<String>,
    #[schema(value_type = Option<Kind>)]
    kind: Option<String>,
    /// At most so many.
    #[schema(minimum = 1, maximum = 100, default = 20)]
    limit: Option<usize>,
}

/// What runs along the line.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = AlongAnswer)]
struct AnswerBody {
    items: Vec<AlikeBody>,
    /// Whether more come near it than are told here: a narrower question finds others.
    more: bool,
}

/// An activity, and how much it has in common with the line.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Alike)]
struct AlikeBody {
    activity: SummaryBody,
    /// The length that the visible line and the given one have in common, of the longer one: 1 for the same
    /// way, 0 for one that only comes near.
    alike: f64,
}

/// Published activities along a line, the most alike first: what is near a planned route, and what is similar
/// to an activity. What passes through a place is found by `/explore/nearby` to the `line`.
#[utoipa::path(tag = "explore", security((), ("token" = [])), request_body = AlongBody, responses(
    (status = 200, body = AnswerBody), (status = 401, body = Body),
    (status = 404, body = Body, description = "No such activity is published, for who asks."),
    (status = 429, body = Body, description = "A network asks for one at a time."),
))]
#[post("/explore/along")]
async fn along(
    viewer: Viewer,
    Json(body): Json<AlongBody>,
    Now(now): Now,
    network: Network,
    request: HttpRequest,
    commons: web::Data<Commons>,
    turns: web::Data<Turns>,
) -> Result<HttpResponse, Problem> {
    let along = body.parse()?;
    let found = turns.along.run(network, async move {
        if let Course::Of(id) = along.line {
            let degrees =
                commons.course_degrees(viewer, id, now).await?.ok_or(Problem::NotFound)?;
            if LENGTH_MAX_DEGREES < degrees {
                let reason = "must be at most some 500 km long";
                return Err(Invalid { field: "activity", reason }.into());
            }
        }
        Ok(commons.along(viewer, &along, now).await?)
    });
    let Slice { items, next } = found.await?;
    let item = |(rendition, alike)| AlikeBody { activity: SummaryBody::from(&rendition), alike };
    let items = items.into_iter().map(item).collect();
    answer::json(&request, Keep::Nobody, &AnswerBody { items, more: next.is_some() })
}

impl AlongBody {
    fn parse(self) -> Result<Along, Problem> {
        let within_m = self.within_m.unwrap_or(WITHIN_DEFAULT_M);
        if !(1.0..=WITHIN_MAX_M).contains(&within_m) {
            return Err(Invalid { field: "within_m", reason: "must be from 1 to 1,000" }.into());
        }
        let line = match (self.line, self.activity) {
            (Some(points), None) => Course::Drawn(drawn(&points)?),
            (None, Some(activity)) => Course::Of(activity),
            _ => {
                let reason = "must be given, or activity instead";
                return Err(Invalid { field: "line", reason }.into());
            }
        };
        let sought = Sought {
            sport: self.sport.as_deref().map(Sport::try_from).transpose()?,
            kind: self.kind.as_deref().map(Kind::try_from).transpose()?,
            ..Sought::default()
        };
        Ok(Along { line, within_m, sought, limit: page::limit(self.limit)? })
    }
}

fn drawn(points: &[[f64; 2]]) -> Result<Vec<Position>, Invalid> {
    let invalid = |reason| Invalid { field: "line", reason };
    if !(2..=POINTS_MAX).contains(&points.len()) {
        return Err(invalid("must have 2 to 500 points"));
    }
    let place = |[longitude, latitude]: &[f64; 2]| Position::new(*longitude, *latitude);
    let places: Result<Vec<Position>, Invalid> = points.iter().map(place).collect();
    let places = places.map_err(|fault| invalid(fault.reason))?;
    let step = |pair: &[[f64; 2]]| (pair[1][0] - pair[0][0]).hypot(pair[1][1] - pair[0][1]);
    if LENGTH_MAX_DEGREES < points.windows(2).map(step).sum() {
        return Err(invalid("must be at most some 500 km long, and not cross the antimeridian"));
    }
    Ok(places)
}
