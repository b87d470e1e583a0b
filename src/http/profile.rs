//! `/activities/{id}/profile` and `/analysis`: a track as series for a chart, and as numbers.

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::Serialize;
use utoipa_actix_web::service_config::ServiceConfig;

use super::answer;
use super::line::{AsQuery, Line, of_line};
use super::problem::{Body, Problem};
use crate::access::Viewer;
use crate::actions::Service;
use crate::db::Commons;
use crate::domain::{ActivityId, Kind};
use crate::track::measure::{
    BestEffort, Details, Estimate, Grade, Pause, Sensors, Series, Split, detail, estimate, series,
};

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(profile).service(analysis);
}

/// What is told of a single track beyond its statistics.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Analysis)]
struct AnalysisBody {
    /// How steep it is; null without elevations.
    grade: Option<Grade>,
    /// Its pauses, in their order. Points are those of the track that the viewer gets.
    pauses: Vec<Pause>,
    /// Its kilometres.
    splits: Vec<Split>,
    /// The best effort over each usual distance it is long enough for; none without times.
    best_efforts: Vec<BestEffort>,
    /// How long a planned route takes; null for a sport without a published formula.
    estimate: Option<Estimate>,
    /// What sensors recorded, in short. Its owner's alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    sensors: Option<Sensors>,
}

/// Series for a chart of up to 1,000 points, as columns of the same length: exact and with sensors
/// for the owner, computed from the visible parts alone for others.
#[utoipa::path(tag = "activities", security((), ("token" = [])), params(("id" = ActivityId, Path), AsQuery), responses(
    (status = 200, body = Series), (status = 304), (status = 401, body = Body), (status = 404, body = Body),
    (status = 409, body = Body, description = "Nothing would be left to show."),
))]
#[get("/activities/{id}/profile")]
async fn profile(
    viewer: Viewer,
    id: web::Path<ActivityId>,
    query: web::Query<AsQuery>,
    request: HttpRequest,
    service: web::Data<Service>,
    commons: web::Data<Commons>,
) -> Result<HttpResponse, Problem> {
    let work = |line: &Line| series(line.columns());
    let (keep, series) = of_line(viewer, *id, &query, &service, &commons, work).await?;
    answer::json(&request, keep, &series)
}

/// Grade, pauses, kilometres, best efforts, sensors, and how long a plan takes: from the exact
/// track for the owner, from the visible parts alone for others.
#[utoipa::path(tag = "activities", security((), ("token" = [])), params(("id" = ActivityId, Path), AsQuery), responses(
    (status = 200, body = AnalysisBody), (status = 304), (status = 401, body = Body), (status = 404, body = Body),
    (status = 409, body = Body, description = "Nothing would be left to show."),
))]
#[get("/activities/{id}/analysis")]
async fn analysis(
    viewer: Viewer,
    id: web::Path<ActivityId>,
    query: web::Query<AsQuery>,
    request: HttpRequest,
    service: web::Data<Service>,
    commons: web::Data<Commons>,
) -> Result<HttpResponse, Problem> {
    let work = |line: &Line| AnalysisBody::from(line);
    let (keep, analysis) = of_line(viewer, *id, &query, &service, &commons, work).await?;
    answer::json(&request, keep, &analysis)
}

impl From<&Line> for AnalysisBody {
    fn from(line: &Line) -> Self {
        let columns = line.columns();
        let Details { grade, pauses, sensors, splits, best_efforts } = detail(columns);
        let estimate = match line.kind() {
            Kind::Planned => estimate(columns, line.statistics(), line.sport()),
            Kind::Recorded => None,
        };
        let sensors = match line {
            Line::Own(..) => Some(sensors),
            Line::Shared(..) => None,
        };
        Self { grade, pauses, splits, best_efforts, estimate, sensors }
    }
}
