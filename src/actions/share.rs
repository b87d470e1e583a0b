//! Changing an activity: its words, and whom it reaches.

use chrono::{DateTime, Utc};

use super::{Error, Service};
use crate::access::Owned;
use crate::db::commons::Shared;
use crate::db::vault::{Activity, Audience, Change, Other, Saved};
use crate::domain::{Description, Kind, Sport, Title, Visibility};
use crate::track::waypoints::{Texts, cut_waypoints};
use crate::track::{Cut, ExactTrack, Shade, Waypoint, cut};

/// How much of each end of a track others do not see, in metres.
const ENDS_M: f64 = 200.0;

/// Words of an activity to change; the others stay.
#[derive(Clone, Default)]
pub struct Edit {
    /// A new title.
    pub title: Option<Title>,
    /// A new description, or none any more.
    pub description: Option<Option<Description>>,
    /// Another sport.
    pub sport: Option<Sport>,
}

impl Service {
    /// Changes the words of an activity, and of its rendition if it has one.
    pub async fn edit(
        &self,
        activity: &Owned<Activity>,
        edit: Edit,
        now: DateTime<Utc>,
    ) -> Result<Owned<Activity>, Error> {
        self.change(activity, edit, activity.visibility, now).await
    }

    /// Lets everyone see the rendition of an activity.
    pub async fn publish(
        &self,
        activity: &Owned<Activity>,
        now: DateTime<Utc>,
    ) -> Result<Owned<Activity>, Error> {
        self.change(activity, Edit::default(), Visibility::Published, now).await
    }

    /// Takes back what others could see. With its answer, nothing of it can be had any more.
    pub async fn unpublish(
        &self,
        activity: &Owned<Activity>,
        now: DateTime<Utc>,
    ) -> Result<Owned<Activity>, Error> {
        self.change(activity, Edit::default(), Visibility::Private, now).await
    }

    async fn change(
        &self,
        activity: &Owned<Activity>,
        edit: Edit,
        visibility: Visibility,
        now: DateTime<Utc>,
    ) -> Result<Owned<Activity>, Error> {
        let mut details = activity.details.clone();
        if let Some(title) = edit.title {
            (details.title, details.title_is_chosen) = (title, true);
        }
        if let Some(description) = edit.description {
            (details.description, details.description_is_chosen) = (description, true);
        }
        let change = Change {
            sport: edit.sport.unwrap_or(activity.sport),
            started_at: activity.started_at,
            details,
            track: None,
            original: None,
            audience: self.audience(activity, visibility).await?,
            other: Other::None,
        };
        self.save(activity, &change, now).await
    }

    pub(super) async fn save(
        &self,
        activity: &Owned<Activity>,
        change: &Change,
        now: DateTime<Utc>,
    ) -> Result<Owned<Activity>, Error> {
        match self.db.save_activity(activity, change, now).await? {
            Saved::Kept(saved) => saved.claim().ok_or(Error::Stale),
            Saved::Stale => Err(Error::Stale),
            Saved::Taken => Err(Error::Taken),
        }
    }

    /// What others may see of an activity: made anew from the exact track each time, so that
    /// nothing stale remains.
    async fn audience(
        &self,
        activity: &Owned<Activity>,
        visibility: Visibility,
    ) -> Result<Audience, Error> {
        if visibility == Visibility::Private {
            return Ok(Audience::Nobody);
        }
        let (track, kind) = (self.db.track(activity).await?, activity.kind);
        let (started_at, waypoints) = (activity.started_at, activity.details.waypoints.clone());
        let work = move || audience(visibility, &track.open()?, kind, started_at, &waypoints);
        self.cores.run(work).await?
    }
}

/// Whom an activity of some visibility reaches, and with what.
pub(super) fn audience(
    visibility: Visibility,
    exact: &ExactTrack,
    kind: Kind,
    started_at: Option<DateTime<Utc>>,
    waypoints: &[Waypoint],
) -> Result<Audience, Error> {
    match visibility {
        Visibility::Private | Visibility::Link | Visibility::Community => Ok(Audience::Nobody),
        Visibility::Published => {
            let shared = share(exact, kind, started_at, waypoints).ok_or(Error::NothingVisible)?;
            Ok(Audience::Everyone(Box::new(shared)))
        }
    }
}

/// What is left for others; `None` when that is nothing.
fn share(
    exact: &ExactTrack,
    kind: Kind,
    started_at: Option<DateTime<Utc>>,
    waypoints: &[Waypoint],
) -> Option<Shared> {
    let Cut { track, day } = cut(exact, &[], ENDS_M)?;
    let shade = Shade::new(exact, &[], ENDS_M);
    // A planner's texts are their author's; a device's tell when it was where.
    let texts = match kind {
        Kind::Planned => Texts::Kept,
        Kind::Recorded => Texts::Dropped,
    };
    let waypoints = cut_waypoints(waypoints, &shade, &track, texts);
    // Where the line has no times, the day is the one its owner gave.
    let timeless = exact.columns().time_ms.is_empty();
    let given = started_at.filter(|_| timeless).map(|start| start.date_naive());
    Shared::new(&track, waypoints, day.or(given))
}
