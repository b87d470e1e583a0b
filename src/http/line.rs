//! The line of an activity as its viewer gets it: exact for its owner, the visible parts for others.

use serde::Deserialize;

use super::answer::Keep;
use super::problem::Problem;
use crate::access::{Owned, Sealed, Viewer, Visible};
use crate::actions::Service;
use crate::db::Commons;
use crate::db::commons::{EncodedTrack, Rendition};
use crate::db::vault::{Activity, SealedTrack};
use crate::domain::{ActivityId, Description, Invalid, Kind, Sport};
use crate::track::write::{Document, Times};
use crate::track::{Columns, ExactTrack, PublicTrack, PublicWaypoint, Statistics, Waypoint};

/// A line, and what it is the line of.
pub enum Line {
    /// The owner's own.
    Own(Owned<Activity>, ExactTrack),
    /// What others get.
    Shared(Visible<(Rendition, EncodedTrack)>, PublicTrack, Vec<Waypoint>),
}

/// A line that is still to be decrypted and decoded.
enum Stored {
    Own(Owned<Activity>, SealedTrack),
    Shared(Visible<(Rendition, EncodedTrack)>),
}

/// As whom an owner looks at their own.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AsQuery {
    /// `public`: for its owner, exactly what everyone gets, or would get if it were published.
    #[serde(rename = "as")]
    #[param(rename = "as")]
    audience: Option<String>,
}

/// As whom an owner looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum As {
    /// As its owner.
    Owner,
    /// As everyone.
    Everyone,
}

impl AsQuery {
    /// As whom.
    pub fn parse(&self) -> Result<As, Invalid> {
        match self.audience.as_deref() {
            None => Ok(As::Owner),
            Some("public") => Ok(As::Everyone),
            Some(_) => Err(Invalid { field: "as", reason: "must be public" }),
        }
    }
}

/// Makes something of the line of activity `id`, and says who may keep it. A million points take
/// their time, so `work` has a thread of its own.
pub async fn of_line<T: Send + 'static>(
    viewer: Viewer,
    id: ActivityId,
    query: &AsQuery,
    service: &Service,
    commons: &Commons,
    work: impl FnOnce(&Line) -> T + Send + 'static,
) -> Result<(Keep, T), Problem> {
    let (stored, keep) = find(viewer, id, query.parse()?, service, commons).await?;
    let work = move || stored.open().map(|line| work(&line));
    Ok((keep, service.cores.run(work).await??))
}

async fn find(
    viewer: Viewer,
    id: ActivityId,
    look: As,
    service: &Service,
    commons: &Commons,
) -> Result<(Stored, Keep), Problem> {
    if let Some(own) = service.db.activity(viewer, id).await?.and_then(Sealed::claim) {
        let stored = match look {
            As::Owner => {
                let track = service.db.track(&own).await?;
                Stored::Own(own, track)
            }
            As::Everyone => Stored::Shared(service.preview(&own).await?),
        };
        return Ok((stored, Keep::Nobody));
    }
    let shared = commons.rendition_with_track(viewer, id).await?.and_then(Sealed::open);
    Ok((shared.map(Stored::Shared).ok_or(Problem::NotFound)?, Keep::Everyone))
}

impl Stored {
    fn open(self) -> Result<Line, crate::db::Error> {
        Ok(match self {
            Self::Own(activity, track) => {
                let track = track.open()?;
                Line::Own(activity, track)
            }
            Self::Shared(shared) => {
                let track = shared.1.decode()?;
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
