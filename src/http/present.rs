//! Activities and renditions as clients read them. Each is made from what `access` opened.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::access::{Owned, Visible};
use crate::db::commons::{Author, Member, Rendition, Summary};
use crate::db::vault::{Activity, StoredFlaw};
use crate::domain::{AccountId, ActivityId, Choices, Kind, Sport, Visibility};
use crate::track::columns::PER_DEGREE;
use crate::track::{PublicWaypoint, Statistics, Waypoint};

/// An activity, as its owner reads it.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Activity)]
pub struct OwnBody {
    id: ActivityId,
    kind: Kind,
    sport: Sport,
    title: String,
    description: Option<String>,
    visibility: Visibility,
    /// When it began. Only its owner reads this.
    started_at: Option<DateTime<Utc>>,
    statistics: Statistics,
    waypoints: Vec<WaypointBody>,
    /// Whom it reaches.
    sharing: SharingBody,
    /// What they get of it.
    choices: Choices,
    /// What was unsound in the file and passed over.
    flaws: Vec<FlawBody>,
    /// Counts its changes, from 1; also its `ETag`.
    version: i32,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// Whom an activity reaches.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Sharing)]
pub struct SharingBody {
    /// Everyone, signed in or not.
    published: bool,
    /// Until when they are, if for a time.
    published_until: Option<DateTime<Utc>>,
    /// Whether there is something for them to see now. Not while zones are applied, and not when
    /// zones hide all of it.
    shown: bool,
}

/// What others see of an activity.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Rendition)]
pub struct RenditionBody {
    #[serde(flatten)]
    summary: SummaryBody,
    waypoints: Vec<WaypointBody>,
}

/// What others see of an activity in a list: all but its points of interest.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Summary)]
pub struct SummaryBody {
    id: ActivityId,
    kind: Kind,
    sport: Sport,
    title: String,
    description: Option<String>,
    /// By what one sees it: because it is published, else by a link or in a community.
    visibility: Visibility,
    /// Who made it; null when they have left.
    author: Option<AuthorBody>,
    /// The day it took place, in UTC.
    day: Option<NaiveDate>,
    /// The hour in which the visible line begins; only where its author shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    hour: Option<DateTime<Utc>>,
    /// The numbers of its visible parts.
    #[schema(value_type = Statistics)]
    statistics: Box<RawValue>,
    /// The mean of its reviews, from 1 to 5, to one decimal; null without, and for who does not see it because it
    /// is published.
    rating: Option<f64>,
}

/// The member who made something.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Author)]
pub struct AuthorBody {
    id: AccountId,
    public_name: String,
}

/// An account as others see it.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Member)]
pub struct MemberBody {
    id: AccountId,
    public_name: String,
}

/// A point of interest.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Waypoint)]
pub struct WaypointBody {
    /// `[longitude, latitude]` or `[longitude, latitude, elevation]`, in degrees and metres.
    position: Vec<f64>,
    name: Option<String>,
    description: Option<String>,
}

/// Something unsound that was passed over.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Flaw)]
pub struct FlawBody {
    /// The rule it broke; see `GET /api/v1/methods`.
    rule: String,
    /// How often.
    count: u64,
    /// Where first, such as `line 12`.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    place: Option<String>,
}

/// An activity for whoever asks: its owner or others.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(untagged)]
pub enum ActivityBody {
    /// For its owner.
    Own(Box<OwnBody>),
    /// For others.
    Rendition(Box<RenditionBody>),
}

impl From<&Owned<Activity>> for OwnBody {
    fn from(activity: &Owned<Activity>) -> Self {
        let details = &activity.details;
        Self {
            id: activity.id,
            kind: activity.kind,
            sport: activity.sport,
            title: details.title.as_str().to_owned(),
            description: details.description.as_ref().map(|text| text.as_str().to_owned()),
            visibility: activity.visibility,
            started_at: activity.started_at,
            statistics: details.statistics.clone(),
            waypoints: details.waypoints.iter().map(WaypointBody::from).collect(),
            sharing: SharingBody {
                published: activity.visibility == Visibility::Published,
                published_until: activity.published_until,
                shown: activity.is_shown,
            },
            choices: details.choices,
            flaws: details.flaws.iter().map(FlawBody::from).collect(),
            version: activity.version,
            created_at: activity.created_at,
            updated_at: activity.updated_at,
        }
    }
}

impl From<&Visible<Rendition>> for RenditionBody {
    fn from(rendition: &Visible<Rendition>) -> Self {
        Self::of(rendition)
    }
}

impl<T> From<&Visible<(Rendition, T)>> for RenditionBody {
    fn from(seen: &Visible<(Rendition, T)>) -> Self {
        Self::of(&seen.0)
    }
}

impl RenditionBody {
    fn of(rendition: &Rendition) -> Self {
        // Numbers can always be written.
        let statistics = to_raw_value(&rendition.statistics).unwrap_or_default();
        Self {
            summary: SummaryBody::of(rendition, statistics),
            waypoints: rendition.waypoints.iter().map(WaypointBody::from).collect(),
        }
    }
}

impl From<&Visible<Summary>> for SummaryBody {
    fn from(summary: &Visible<Summary>) -> Self {
        Self::of(summary, summary.statistics.clone())
    }
}

impl SummaryBody {
    fn of<S>(rendition: &Rendition<S>, statistics: Box<RawValue>) -> Self {
        Self {
            id: rendition.id,
            kind: rendition.kind,
            sport: rendition.sport,
            title: rendition.title.as_str().to_owned(),
            description: rendition.description.as_ref().map(|text| text.as_str().to_owned()),
            visibility: rendition.visibility,
            author: rendition.author.as_ref().map(AuthorBody::from),
            day: rendition.day,
            hour: rendition.hour,
            statistics,
            rating: rendition.rating,
        }
    }
}

impl From<&Author> for AuthorBody {
    fn from(author: &Author) -> Self {
        Self { id: author.id, public_name: author.public_name.as_str().to_owned() }
    }
}

impl From<&Member> for MemberBody {
    fn from(member: &Member) -> Self {
        Self { id: member.id, public_name: member.public_name.as_str().to_owned() }
    }
}

impl From<&Waypoint> for WaypointBody {
    fn from(waypoint: &Waypoint) -> Self {
        let degrees = |e7: i32| f64::from(e7) / PER_DEGREE;
        let elevation = waypoint.elevation_dm.map(|elevation| f64::from(elevation) / 10.0);
        let mut position = vec![degrees(waypoint.lon_e7), degrees(waypoint.lat_e7)];
        position.extend(elevation);
        Self { position, name: waypoint.name.clone(), description: waypoint.description.clone() }
    }
}

impl From<&PublicWaypoint> for WaypointBody {
    fn from(waypoint: &PublicWaypoint) -> Self {
        waypoint.waypoint().into()
    }
}

impl From<&StoredFlaw> for FlawBody {
    fn from(flaw: &StoredFlaw) -> Self {
        Self { rule: flaw.rule.clone(), count: flaw.count, place: flaw.place.clone() }
    }
}
