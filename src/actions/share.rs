//! Changing an activity: its words, and whom it reaches.

use chrono::{DateTime, Utc};

use super::{Error, Service};
use crate::access::{Owned, Sealed};
use crate::db;
use crate::db::commons::Shared;
use crate::db::vault::{Activity, Audience, Change};
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
        let details = &activity.details;
        let change = Change {
            sport: edit.sport.unwrap_or(activity.sport),
            title_is_chosen: edit.title.is_some() || details.title_is_chosen,
            title: edit.title.unwrap_or_else(|| details.title.clone()),
            description_is_chosen: edit.description.is_some() || details.description_is_chosen,
            description: edit.description.unwrap_or_else(|| details.description.clone()),
            audience: match visibility {
                Visibility::Published => Audience::Everyone(Box::new(self.cut(activity).await?)),
                Visibility::Private | Visibility::Link | Visibility::Community => Audience::Nobody,
            },
        };
        let saved = self.db.save_activity(activity, &change, now).await?;
        saved.and_then(Sealed::claim).ok_or(Error::Stale)
    }

    /// What others may see of an activity: made anew from the exact track each time, so that
    /// nothing stale remains.
    async fn cut(&self, activity: &Owned<Activity>) -> Result<Shared, Error> {
        let (track, kind) = (self.db.track(activity).await?, activity.kind);
        let (started_at, waypoints) = (activity.started_at, activity.details.waypoints.clone());
        let work = move || Ok(share(&track.open()?, kind, started_at, &waypoints));
        let shared: Result<_, db::Error> = self.cores.run(work).await?;
        shared?.ok_or(Error::NothingVisible)
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
