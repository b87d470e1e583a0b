//! `/activities/{id}/profile` and `/analysis`: a track as series for a chart, and as numbers.

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::Serialize;
use utoipa_actix_web::service_config::ServiceConfig;

use super::answer;
use super::line::{AsQuery, Line, Source, of_line};
use super::problem::{Body, Problem};
use super::session::Parts;
use crate::access::Viewer;
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
pub(super) struct AnalysisBody {
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
    /// What sensors recorded, in short: for its owner, and for others what the owner shows.
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
    parts: Parts,
) -> Result<HttpResponse, Problem> {
    profile_of(Source::Id(viewer, *id, query.parse()?), &parts, &request).await
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
    parts: Parts,
) -> Result<HttpResponse, Problem> {
    analysis_of(Source::Id(viewer, *id, query.parse()?), &parts, &request).await
}

/// The series of an activity.
pub(super) async fn profile_of(
    source: Source,
    parts: &Parts,
    request: &HttpRequest,
) -> Result<HttpResponse, Problem> {
    let (keep, body) = of_line(source, parts, |line| series(line.columns())).await?;
    answer::json(request, keep, &body)
}

/// The numbers of an activity.
pub(super) async fn analysis_of(
    source: Source,
    parts: &Parts,
    request: &HttpRequest,
) -> Result<HttpResponse, Problem> {
    let (keep, body) = of_line(source, parts, |line| AnalysisBody::from(line)).await?;
    answer::json(request, keep, &body)
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
            Line::Shared(..) => Some(sensors).filter(|shown| *shown != Sensors::default()),
        };
        Self { grade, pauses, splits, best_efforts, estimate, sensors }
    }
}
