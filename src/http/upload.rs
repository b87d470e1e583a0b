//! What clients send to make an activity: a file with metadata, or a plan drawn in JSON.

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::header;
use actix_web::{HttpRequest, web};
use chrono::{DateTime, Utc};
use futures_util::{StreamExt, TryStreamExt};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::body::{self, Bounded};
use super::problem::Problem;
use super::room::Taken;
use crate::actions::record::Metadata;
use crate::domain::{AccountId, Description, Invalid, Kind, Position, Sport, Title};
use crate::track::FILE_BYTES_MAX;

/// The longest upload: a file, its metadata, and what lies between.
pub const UPLOAD_BYTES_MAX: usize = FILE_BYTES_MAX + 128 * 1024;
/// The longest plan drawn in JSON, in bytes: 100,000 points.
pub const PLAN_BYTES_MAX: usize = 4 * 1024 * 1024;
/// The longest metadata, in bytes: a description and some.
const METADATA_BYTES_MAX: usize = 64 * 1024;
/// The most parts of an upload; ours has two.
const PARTS_MAX: usize = 8;
/// The most waypoints of a plan drawn in JSON.
const WAYPOINTS_MAX: usize = 1_000;

/// What a client sent to make an activity. Holds its room until it is dropped.
pub struct Received {
    /// The file.
    pub file: Vec<u8>,
    /// What goes before what the file says.
    pub metadata: Metadata,
    _room: Taken<AccountId>,
}

/// What an owner says about a file. No field publishes: that is a call of its own.
#[derive(Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MetadataBody {
    title: Option<String>,
    description: Option<String>,
    #[schema(value_type = Option<Sport>)]
    sport: Option<String>,
    #[schema(value_type = Option<Kind>)]
    kind: Option<String>,
    /// When it began; else the first time in the file.
    started_at: Option<DateTime<Utc>>,
}

/// The parts of an upload.
#[derive(utoipa::ToSchema)]
#[allow(dead_code, reason = "it documents the form; the parts are read one by one")]
pub struct UploadForm {
    /// GPX, TCX, FIT, KML, KMZ or GeoJSON, plain or gzipped; told by its content.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// What goes before what the file says.
    metadata: Option<MetadataBody>,
}

/// A file with a line to be put in the place of another.
#[derive(utoipa::ToSchema)]
#[allow(dead_code, reason = "it documents the form; the part is read by itself")]
pub struct TrackForm {
    /// GPX, TCX, FIT, KML, KMZ or GeoJSON, plain or gzipped; told by its content.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// A plan drawn in a planner.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanBody {
    title: Option<String>,
    description: Option<String>,
    #[schema(value_type = Option<Sport>)]
    sport: Option<String>,
    #[schema(value_type = Option<Kind>)]
    kind: Option<String>,
    started_at: Option<DateTime<Utc>>,
    /// A GeoJSON `LineString` or `MultiLineString`.
    track: PlanTrackBody,
    waypoints: Option<Vec<PlanWaypointBody>>,
}

/// A line as GeoJSON has it: positions `[longitude, latitude]` or `[longitude, latitude, elevation]`.
#[derive(Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "type", content = "coordinates", deny_unknown_fields)]
pub enum PlanTrackBody {
    /// One line.
    LineString(Vec<Vec<f64>>),
    /// Several, with gaps between.
    MultiLineString(Vec<Vec<Vec<f64>>>),
}

/// A line to be put in the place of another.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LineBody {
    /// A GeoJSON `LineString` or `MultiLineString`.
    track: PlanTrackBody,
    waypoints: Option<Vec<PlanWaypointBody>>,
}

/// A point of interest of a plan.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanWaypointBody {
    /// `[longitude, latitude]` or `[longitude, latitude, elevation]`.
    position: Vec<f64>,
    name: Option<String>,
    description: Option<String>,
}

/// Reads an upload or a plan, whichever the content type says.
pub async fn receive(
    request: &HttpRequest,
    payload: web::Payload,
    room: Taken<AccountId>,
) -> Result<Received, Problem> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or_default().to_ascii_lowercase();
    if kind.starts_with("multipart/form-data") {
        let stream = body::bounded(request, payload.into_inner(), UPLOAD_BYTES_MAX)?;
        read_form(request, stream, room).await?.try_into()
    } else if kind.starts_with("application/json") {
        receive_plan(request, payload.into_inner(), room).await
    } else {
        let taken = "Send multipart/form-data with the parts file and metadata, or a plan as application/json.";
        Err(Problem::UnsupportedMediaType(taken))
    }
}

/// Reads a line to be put in the place of another: a file, a GeoJSON document, or what a planner
/// drew. Nothing is said about it, for the words of an activity have a call of their own.
pub async fn receive_track(
    request: &HttpRequest,
    payload: web::Payload,
    mut room: Taken<AccountId>,
) -> Result<Received, Problem> {
    let payload = payload.into_inner();
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or_default().to_ascii_lowercase();
    let file = if kind.starts_with("multipart/form-data") {
        let stream = body::bounded(request, payload, UPLOAD_BYTES_MAX)?;
        let form = read_form(request, stream, room).await?;
        if form.metadata.is_some() {
            return Err(Problem::Malformed("A new track has one part file and nothing else."));
        }
        return form.try_into();
    } else if kind.starts_with("application/geo+json") {
        read_json(request, payload, &mut room).await?
    } else if kind.starts_with("application/json") {
        let line: LineBody = body::parse(&read_json(request, payload, &mut room).await?)?;
        draw(&line.track, line.waypoints.unwrap_or_default())?
    } else {
        let taken = "Send multipart/form-data with the part file, application/geo+json, or a line as application/json.";
        return Err(Problem::UnsupportedMediaType(taken));
    };
    Ok(Received { file, metadata: Metadata::default(), _room: room })
}

/// The parts of an upload, as they came.
struct Parts {
    file: Vec<u8>,
    metadata: Option<MetadataBody>,
    room: Taken<AccountId>,
}

impl TryFrom<Parts> for Received {
    type Error = Problem;

    fn try_from(parts: Parts) -> Result<Self, Problem> {
        let metadata = parts.metadata.unwrap_or_default().try_into()?;
        Ok(Self { file: parts.file, metadata, _room: parts.room })
    }
}

async fn read_form(
    request: &HttpRequest,
    stream: Bounded,
    mut room: Taken<AccountId>,
) -> Result<Parts, Problem> {
    let mut form = Multipart::new(request.headers(), stream);
    let (mut file, mut metadata) = (None, None);
    for parts in 0.. {
        let Some(mut field) =
            form.try_next().await.map_err(|error| of_form(&error, UPLOAD_BYTES_MAX))?
        else {
            break;
        };
        if PARTS_MAX == parts {
            return Err(Problem::Malformed("The upload has too many parts."));
        }
        match field.name() {
            Some("file") if file.is_none() => {
                file = Some(read_field(&mut field, FILE_BYTES_MAX, &mut room).await?);
            }
            Some("metadata") if metadata.is_none() => {
                let json = read_field(&mut field, METADATA_BYTES_MAX, &mut room).await?;
                metadata = Some(body::parse::<MetadataBody>(&json)?);
            }
            _ => {
                return Err(Problem::Malformed(
                    "An upload has one part file and one part metadata.",
                ));
            }
        }
    }
    let file = file.ok_or(Invalid { field: "file", reason: "is missing" })?;
    Ok(Parts { file, metadata, room })
}

pub(super) async fn read_field(
    field: &mut Field,
    bytes_max: usize,
    room: &mut Taken<AccountId>,
) -> Result<Vec<u8>, Problem> {
    let mut content = Vec::new();
    while let Some(chunk) = field.next().await {
        let chunk = chunk.map_err(|error| of_form(&error, UPLOAD_BYTES_MAX))?;
        if bytes_max < content.len() + chunk.len() {
            return Err(Problem::TooLarge(bytes_max));
        }
        room.take(chunk.len())?;
        content.extend_from_slice(&chunk);
    }
    Ok(content)
}

/// A line that is drawn, or what is said of one. Holds its room as a file does.
async fn read_json(
    request: &HttpRequest,
    payload: Payload,
    room: &mut Taken<AccountId>,
) -> Result<Vec<u8>, Problem> {
    let mut stream = body::bounded(request, payload, PLAN_BYTES_MAX)?;
    let mut content = Vec::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|error| body::of_payload(&error, PLAN_BYTES_MAX))?;
        room.take(chunk.len())?;
        content.extend_from_slice(&chunk);
    }
    Ok(content)
}

/// A plan becomes the GeoJSON file that it could have been uploaded as.
async fn receive_plan(
    request: &HttpRequest,
    payload: Payload,
    mut room: Taken<AccountId>,
) -> Result<Received, Problem> {
    let plan: PlanBody = body::parse(&read_json(request, payload, &mut room).await?)?;
    let file = draw(&plan.track, plan.waypoints.unwrap_or_default())?;
    let metadata = MetadataBody {
        title: plan.title,
        description: plan.description,
        sport: plan.sport,
        kind: Some(plan.kind.unwrap_or_else(|| Kind::Planned.name().to_owned())),
        started_at: plan.started_at,
    };
    Ok(Received { file, metadata: metadata.try_into()?, _room: room })
}

/// The GeoJSON file that a drawn line could have been uploaded as.
fn draw(track: &PlanTrackBody, waypoints: Vec<PlanWaypointBody>) -> Result<Vec<u8>, Invalid> {
    if WAYPOINTS_MAX < waypoints.len() {
        return Err(Invalid { field: "waypoints", reason: "must be at most 1,000" });
    }
    track.check()?;
    let line = json!({ "type": "Feature", "properties": {}, "geometry": track });
    let mut features = vec![line];
    for PlanWaypointBody { position, name, description } in waypoints {
        check_position("waypoints", &position)?;
        features.push(json!({
            "type": "Feature",
            "properties": { "name": name, "description": description },
            "geometry": { "type": "Point", "coordinates": position },
        }));
    }
    let file = json!({ "type": "FeatureCollection", "features": features });
    Ok(file.to_string().into_bytes())
}

/// What a fault in a form means for the client.
pub(super) fn of_form(error: &MultipartError, bytes_max: usize) -> Problem {
    match error {
        MultipartError::Payload(PayloadError::Overflow) => {
            Problem::Malformed("A part of the upload has too long a head.")
        }
        MultipartError::Payload(error) => body::of_payload(error, bytes_max),
        _ => Problem::Malformed("The body is not a sound multipart/form-data."),
    }
}

impl PlanTrackBody {
    /// A device may have bad points, which are passed over; a planner has none.
    fn check(&self) -> Result<(), Invalid> {
        let lines = match self {
            Self::LineString(line) => std::slice::from_ref(line),
            Self::MultiLineString(lines) => lines,
        };
        if lines.is_empty() || lines.iter().any(|line| line.len() < 2) {
            return Err(Invalid {
                field: "track",
                reason: "must have two positions or more a line",
            });
        }
        lines.iter().flatten().try_for_each(|position| check_position("track", position))
    }
}

fn check_position(field: &'static str, position: &[f64]) -> Result<(), Invalid> {
    let reason =
        "must have positions [longitude, latitude] or [longitude, latitude, elevation] in range";
    let invalid = Invalid { field, reason };
    let ([longitude, latitude] | [longitude, latitude, _]) = position else { return Err(invalid) };
    Position::new(*longitude, *latitude).map(|_| ()).map_err(|_| invalid)
}

impl TryFrom<MetadataBody> for Metadata {
    type Error = Invalid;

    fn try_from(body: MetadataBody) -> Result<Self, Invalid> {
        // An empty text is what a form sends for a field left blank.
        let text = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        Ok(Self {
            title: text(body.title).as_deref().map(Title::try_from).transpose()?,
            description: text(body.description)
                .as_deref()
                .map(Description::try_from)
                .transpose()?,
            sport: text(body.sport).as_deref().map(Sport::try_from).transpose()?,
            kind: text(body.kind).as_deref().map(Kind::try_from).transpose()?,
            started_at: body.started_at,
        })
    }
}
