//! The line of an activity as its viewer gets it: exact for its owner, the visible parts for others.

use serde::Deserialize;
use uuid::Uuid;

use super::answer::Keep;
use super::problem::Problem;
use super::session::Parts;
use crate::access::{Owned, Sealed, Viewer, Visible};
use crate::actions::share::Audience;
use crate::db;
use crate::db::commons::{Drawn, EncodedTrack};
use crate::db::vault::{Activity, SealedTrack};
use crate::domain::{ActivityId, Description, Invalid, Kind, Sport};
use crate::seal::LinkToken;
use crate::track::write::{Document, Times};
use crate::track::{Columns, ExactTrack, PublicTrack, PublicWaypoint, Statistics, Waypoint};

/// A line, and what it is the line of.
pub enum Line {
    /// The owner's own.
    Own(Owned<Activity>, ExactTrack),
    /// What others get.
    Shared(Visible<Drawn>, PublicTrack, Vec<Waypoint>),
}

/// A line that is still to be decrypted and decoded.
enum Stored {
    Own(Owned<Activity>, SealedTrack),
    Shared(Visible<Drawn>),
}

/// As whom an owner looks at their own.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AsQuery {
    /// `public`, `link` or `community:` and its id: for its owner, exactly what that audience gets, or
    /// would get if it were shared with them.
    #[serde(rename = "as")]
    #[param(rename = "as")]
    audience: Option<String>,
}

/// By what a viewer comes to an activity.
pub enum Source {
    /// By its id; an owner perhaps through the eyes of others.
    Id(Viewer, ActivityId, Option<Audience>),
    /// By a link, which is open.
    Link(LinkToken),
}

impl AsQuery {
    /// Through whose eyes; `None` is one's own.
    pub fn parse(&self) -> Result<Option<Audience>, Invalid> {
        let reason = "must be public, link or community:ID";
        let invalid = Invalid { field: "as", reason };
        match self.audience.as_deref() {
            None => Ok(None),
            Some("public") => Ok(Some(Audience::Everyone)),
            Some("link") => Ok(Some(Audience::LinkHolders)),
            Some(text) => {
                let id = text.strip_prefix("community:").and_then(|id| Uuid::parse_str(id).ok());
                Ok(Some(Audience::Community(id.ok_or(invalid)?.into())))
            }
        }
    }
}

/// Makes something of the line of an activity, and says who may keep it. A million points take
/// their time, so `work` has a thread of its own.
pub async fn of_line<T: Send + 'static>(
    source: Source,
    parts: &Parts,
    work: impl FnOnce(&Line) -> T + Send + 'static,
) -> Result<(Keep, T), Problem> {
    // Before the row is loaded: those who wait hold nothing.
    let _turn = parts.room.turn(parts.network).await?;
    let (stored, keep) = find(source, parts).await?;
    let work = move || stored.open().map(|line| work(&line));
    Ok((keep, parts.service.cores.run(work).await??))
}

async fn find(source: Source, parts: &Parts) -> Result<(Stored, Keep), Problem> {
    let Parts { service, commons, now, .. } = parts;
    let (viewer, id, look) = match source {
        Source::Link(token) => {
            let drawn = commons.linked_with_track(&token, *now).await?.and_then(Sealed::open);
            return Ok((Stored::shared(drawn.ok_or(Problem::NotFound)?)?, Keep::Nobody));
        }
        Source::Id(viewer, id, look) => (viewer, id, look),
    };
    if let Some(own) = service.db.activity(viewer, id).await?.and_then(Sealed::claim) {
        let stored = match look {
            None => {
                let track = service.db.track(&own).await?;
                Stored::Own(own, track)
            }
            Some(audience) => Stored::shared(service.preview(&own, audience, *now).await?)?,
        };
        return Ok((stored, Keep::Nobody));
    }
    let drawn = commons.rendition_with_track(viewer, id, *now).await?.and_then(Sealed::open);
    let drawn = drawn.ok_or(Problem::NotFound)?;
    let keep = Keep::of(&drawn.0);
    Ok((Stored::shared(drawn)?, keep))
}

impl Stored {
    /// A hidden map has no line, and nothing that hangs on one.
    fn shared(drawn: Visible<Drawn>) -> Result<Self, Problem> {
        if drawn.1.is_none() {
            return Err(Problem::NotFound);
        }
        Ok(Self::Shared(drawn))
    }

    fn open(self) -> Result<Line, db::Error> {
        Ok(match self {
            Self::Own(activity, track) => {
                let track = track.open()?;
                Line::Own(activity, track)
            }
            Self::Shared(shared) => {
                let track = shared.1.as_ref().map(EncodedTrack::decode).transpose()?;
                let track = track.ok_or(db::Error::Corrupt("commons.renditions.track"))?;
                let waypoints = shared.0.waypoints.iter().map(PublicWaypoint::waypoint);
                let waypoints = waypoints.cloned().collect();
                Line::Shared(shared, track, waypoints)
            }
        })
    }
}

impl Line {
    /// The points that the viewer gets.
    pub fn columns(&self) -> &Columns {
        match self {
            Self::Own(_, track) => track.columns(),
            Self::Shared(_, track, _) => track.columns(),
        }
    }

    /// Of which activity it is.
    pub fn id(&self) -> ActivityId {
        match self {
            Self::Own(activity, _) => activity.id,
            Self::Shared(shared, ..) => shared.0.id,
        }
    }

    /// Recorded or planned.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Own(activity, _) => activity.kind,
            Self::Shared(shared, ..) => shared.0.kind,
        }
    }

    /// The sport.
    pub fn sport(&self) -> Sport {
        match self {
            Self::Own(activity, _) => activity.sport,
            Self::Shared(shared, ..) => shared.0.sport,
        }
    }

    /// The numbers of what the viewer gets.
    pub fn statistics(&self) -> &Statistics {
        match self {
            Self::Own(activity, _) => &activity.details.statistics,
            Self::Shared(shared, ..) => &shared.0.statistics,
        }
    }

    /// What is written into a file.
    pub fn document(&self) -> Document<'_> {
        let (title, description, author, times, waypoints) = match self {
            Self::Own(activity, _) => {
                let details = &activity.details;
                let description = details.description.as_ref();
                (&details.title, description, None, Times::Absolute, &details.waypoints)
            }
            Self::Shared(shared, _, waypoints) => {
                let rendition = &shared.0;
                let author = rendition.author.as_ref().map(|author| author.public_name.as_str());
                let description = rendition.description.as_ref();
                (&rendition.title, description, author, Times::FromStart, waypoints)
            }
        };
        Document {
            title: title.as_str(),
            description: description.map(Description::as_str),
            author,
            sport: self.sport(),
            planned: self.kind() == Kind::Planned,
            columns: self.columns(),
            times,
            waypoints,
        }
    }
}
