//! `/activities/{id}/profile` and `/analysis`: a track as series for a chart, and as numbers.

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::Serialize;
use utoipa_actix_web::service_config::ServiceConfig;

use super::answer::{self, Keep};
use super::problem::{Body, Problem};
use crate::access::{Sealed, Viewer};
use crate::actions::Service;
use crate::db::Commons;
use crate::domain::{ActivityId, Kind, Sport};
use crate::track::measure::{
    BestEffort, Details, Estimate, Grade, Pause, Sensors, Series, Split, detail, estimate, series,
};
use crate::track::{Columns, ExactTrack, PublicTrack, Statistics};

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

/// A line as its viewer gets it, with what the numbers need to know of its activity.
struct Line {
    track: Track,
    kind: Kind,
    sport: Sport,
    statistics: Statistics,
}

/// Whose line it is decides how exact it is, and who may keep the answer.
enum Track {
    Exact(ExactTrack),
    Public(PublicTrack),
}

/// Series for a chart of up to 1,000 points, as columns of the same length: exact and with sensors
/// for the owner, computed from the visible parts alone for others.
#[utoipa::path(tag = "activities", security((), ("token" = [])), params(("id" = ActivityId, Path)), responses(
    (status = 200, body = Series), (status = 304), (status = 401, body = Body), (status = 404, body = Body),
))]
#[get("/activities/{id}/profile")]
async fn profile(
    viewer: Viewer,
    id: web::Path<ActivityId>,
    request: HttpRequest,
    service: web::Data<Service>,
    commons: web::Data<Commons>,
) -> Result<HttpResponse, Problem> {
    let line = line(viewer, *id, &service, &commons).await?;
    let keep = line.track.keep();
    let series = work(move || series(line.track.columns())).await?;
    answer::json(&request, keep, &series)
}

/// Grade, pauses, kilometres, best efforts, sensors, and how long a plan takes: from the exact
/// track for the owner, from the visible parts alone for others.
#[utoipa::path(tag = "activities", security((), ("token" = [])), params(("id" = ActivityId, Path)), responses(
    (status = 200, body = AnalysisBody), (status = 304), (status = 401, body = Body), (status = 404, body = Body),
))]
#[get("/activities/{id}/analysis")]
async fn analysis(
    viewer: Viewer,
    id: web::Path<ActivityId>,
    request: HttpRequest,
    service: web::Data<Service>,
    commons: web::Data<Commons>,
) -> Result<HttpResponse, Problem> {
    let line = line(viewer, *id, &service, &commons).await?;
    let keep = line.track.keep();
    let analysis = work(move || AnalysisBody::from(&line)).await?;
    answer::json(&request, keep, &analysis)
}

/// The exact line for its owner, the visible parts for others.
async fn line(
    viewer: Viewer,
    id: ActivityId,
    service: &Service,
    commons: &Commons,
) -> Result<Line, Problem> {
    if let Some(own) = service.db.activity(viewer, id).await?.and_then(Sealed::claim) {
        let track = Track::Exact(service.db.track(&own).await?);
        let statistics = own.details.statistics.clone();
        return Ok(Line { track, kind: own.kind, sport: own.sport, statistics });
    }
    let shared = commons.rendition_with_track(viewer, id).await?.and_then(Sealed::open);
    let shared = shared.ok_or(Problem::NotFound)?;
    let (rendition, track) = &*shared;
    Ok(Line {
        track: Track::Public(track.clone()),
        kind: rendition.kind,
        sport: rendition.sport,
        statistics: rendition.statistics.clone(),
    })
}

/// A million points take their time: no other request waits for them.
async fn work<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    web::block(work).await.map_err(|error| Problem::Internal(error.to_string()))
}

impl Track {
    const fn keep(&self) -> Keep {
        match self {
            Self::Exact(_) => Keep::Nobody,
            Self::Public(_) => Keep::Everyone,
        }
    }

    fn columns(&self) -> &Columns {
        match self {
            Self::Exact(track) => track.columns(),
            Self::Public(track) => track.columns(),
        }
    }
}

impl From<&Line> for AnalysisBody {
    fn from(line: &Line) -> Self {
        let columns = line.track.columns();
        let Details { grade, pauses, sensors, splits, best_efforts } = detail(columns);
        let estimate = match line.kind {
            Kind::Planned => estimate(columns, &line.statistics, line.sport),
            Kind::Recorded => None,
        };
        let sensors = match line.track {
            Track::Exact(_) => Some(sensors),
            Track::Public(_) => None,
        };
        Self { grade, pauses, splits, best_efforts, estimate, sensors }
    }
}
