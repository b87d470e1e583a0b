//! Changing an activity: its words, and whom it reaches.

use chrono::{DateTime, Utc};

use super::{Error, Service};
use crate::access::{Owned, Visible};
use crate::db::commons::{EncodedTrack, Rendition, Shared};
use crate::db::vault::{Activity, Audience, Change, Other, Reach, Saved, Shading};
use crate::domain::{AccountId, ActivityId, Description, Kind, Sport, Title, Visibility};
use crate::track::waypoints::{Texts, cut_waypoints};
use crate::track::{Cut, Ends, ExactTrack, PublicWaypoint, Shade, Waypoint, cut};

/// How far round each end of a track others see nothing, in metres.
const ENDS_M: f64 = 200.0;
/// How many renditions are remade before other jobs have their turn.
const REMADE_AT_ONCE: i64 = 100;

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
        let reach = self.reach(activity, activity.visibility).await?;
        self.change(activity, edit, reach, now).await
    }

    /// Lets everyone see the rendition of an activity.
    pub async fn publish(
        &self,
        activity: &Owned<Activity>,
        now: DateTime<Utc>,
    ) -> Result<Owned<Activity>, Error> {
        let reach = self.reach(activity, Visibility::Published).await?;
        if matches!(reach.audience, Audience::Everyone(None)) {
            return Err(Error::NothingVisible);
        }
        self.change(activity, Edit::default(), reach, now).await
    }

    /// What everyone sees of an activity, or would see if it were published.
    pub async fn preview(
        &self,
        activity: &Owned<Activity>,
    ) -> Result<Visible<(Rendition, EncodedTrack)>, Error> {
        let reach = self.reach(activity, Visibility::Published).await?;
        let Audience::Everyone(Some(shared)) = reach.audience else {
            return Err(Error::NothingVisible);
        };
        let seen = self.db.preview(activity, *shared).await?;
        seen.open().ok_or(Error::NothingVisible)
    }

    /// Takes back what others could see. With its answer, nothing of it can be had any more.
    pub async fn unpublish(
        &self,
        activity: &Owned<Activity>,
        now: DateTime<Utc>,
    ) -> Result<Owned<Activity>, Error> {
        let reach = self.reach(activity, Visibility::Private).await?;
        self.change(activity, Edit::default(), reach, now).await
    }

    async fn change(
        &self,
        activity: &Owned<Activity>,
        edit: Edit,
        reach: Reach,
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
            reach,
            other: Other::None,
        };
        self.save(activity, &change, now).await
    }

    /// Deletes an activity and what others could see of it.
    pub async fn delete(
        &self,
        activity: &Owned<Activity>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let deleted = self.db.delete_activity(activity, now).await?;
        deleted.then_some(()).ok_or(Error::Stale)
    }

    /// Makes what others see of some of an account's activities as its zones say; `true` when that
    /// was not all. Those that fail are passed by, and told at the end.
    pub async fn remake_renditions(&self, account: AccountId) -> Result<bool, Error> {
        let outdated = self.db.outdated_activities(account, REMADE_AT_ONCE).await?;
        let (mut failed, mut more) = (None, false);
        for id in outdated {
            match self.remake_rendition(account, id).await {
                Ok(()) => more = true,
                Err(error) => failed = Some(error),
            }
        }
        match failed {
            Some(error) if !more => Err(error),
            _ => Ok(more),
        }
    }

    async fn remake_rendition(&self, account: AccountId, id: ActivityId) -> Result<(), Error> {
        // Gone or changed meanwhile: then it is not outdated, or found again.
        let Some(activity) = self.owned(account, id).await? else { return Ok(()) };
        let reach = self.reach(&activity, activity.visibility).await?;
        self.db.remake_rendition(&activity, &reach).await?;
        Ok(())
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

    /// Whom an activity of this visibility reaches, and with what: made anew from the exact track
    /// each time, so that nothing stale remains.
    async fn reach(
        &self,
        activity: &Owned<Activity>,
        visibility: Visibility,
    ) -> Result<Reach, Error> {
        let shading = self.db.shading(activity.owner).await?;
        if visibility == Visibility::Private {
            return Ok(Reach { audience: Audience::Nobody, zones_version: shading.version });
        }
        let (track, kind) = (self.db.track(activity).await?, activity.kind);
        let (started_at, waypoints) = (activity.started_at, activity.details.waypoints.clone());
        let work = move || {
            let exact = track.open()?;
            Ok(reach(visibility, &exact, kind, started_at, &waypoints, &shading))
        };
        self.cores.run(work).await?
    }
}

/// Whom an activity of some visibility reaches, and with what.
pub(super) fn reach(
    visibility: Visibility,
    exact: &ExactTrack,
    kind: Kind,
    started_at: Option<DateTime<Utc>>,
    waypoints: &[Waypoint],
    shading: &Shading,
) -> Reach {
    let audience = match visibility {
        Visibility::Private | Visibility::Link | Visibility::Community => Audience::Nobody,
        Visibility::Published => {
            let visible = visible(exact, kind, waypoints, shading);
            Audience::Everyone(visible.and_then(|(cut, waypoints)| {
                // Where the line has no times, the day is the one its owner gave.
                let timeless = exact.columns().time_ms.is_empty();
                let given = started_at.filter(|_| timeless).map(|start| start.date_naive());
                Shared::new(&cut.track, waypoints, cut.day.or(given)).map(Box::new)
            }))
        }
    };
    Reach { audience, zones_version: shading.version }
}

/// What is left for others; `None` when that is nothing.
pub(super) fn visible(
    exact: &ExactTrack,
    kind: Kind,
    waypoints: &[Waypoint],
    shading: &Shading,
) -> Option<(Cut, Vec<PublicWaypoint>)> {
    let (zones, ends) = (&shading.zones, Ends { radius_m: ENDS_M, grid: shading.grid });
    let cut = cut(exact, zones, ends)?;
    let shade = Shade::new(exact, zones, ends);
    // A planner's texts are their author's; a device's tell when it was where.
    let texts = match kind {
        Kind::Planned => Texts::Kept,
        Kind::Recorded => Texts::Dropped,
    };
    let waypoints = cut_waypoints(waypoints, &shade, &cut.track, texts);
    Some((cut, waypoints))
}
