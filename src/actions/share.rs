//! Whom an activity reaches, and what they see of it.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{Error, Service};
use crate::access::{Owned, Visible};
use crate::db::Db;
use crate::db::commons::{Drawn, PublicPhoto, Shared};
use crate::db::ops::Rate;
use crate::db::vault::{Activity, Change, NewWay, Other, Photo, Reach, Shading, Shown, Way};
use crate::domain::{AccountId, ActivityId, Choices, CommunityId, Invalid, Kind, Visibility};
use crate::track::places::cut_places;
use crate::track::waypoints::{Texts, cut_waypoints};
use crate::track::{
    Cut, Ends, ExactTrack, PublicPlace, PublicWaypoint, SensorsShown, Shade, Waypoint, cut,
};

/// How many renditions are remade before other jobs have their turn.
const REMADE_AT_ONCE: i64 = 100;
/// Looks of one account at what others would see: each is cut anew.
const PREVIEWS: Rate = Rate { burst: 300, every: TimeDelta::seconds(1) };

/// Through whose eyes an owner looks at their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Everyone's.
    Everyone,
    /// Those of who has a link.
    LinkHolders,
    /// Those of a community's members.
    Community(CommunityId),
}

impl Service {
    /// Opens a way to an activity: whoever takes it sees the rendition.
    pub(super) async fn widen(
        &self,
        activity: &Owned<Activity>,
        way: NewWay,
        now: DateTime<Utc>,
    ) -> Result<Owned<Activity>, Error> {
        let shown = self.shown(activity, activity.details.choices).await?;
        if shown.shared.is_none() {
            return Err(nothing(&shown));
        }
        self.save(activity, &unchanged(activity, Reach::With(Some(way), shown)), now).await
    }

    /// Closes a way to an activity. With its answer, nothing of it is had that way any more.
    pub async fn narrow(
        &self,
        activity: &Owned<Activity>,
        way: Way,
        now: DateTime<Utc>,
    ) -> Result<Owned<Activity>, Error> {
        self.save(activity, &unchanged(activity, Reach::Without(way)), now).await
    }

    /// Closes every way to an activity.
    pub async fn withdraw(
        &self,
        activity: &Owned<Activity>,
        now: DateTime<Utc>,
    ) -> Result<Owned<Activity>, Error> {
        self.save(activity, &unchanged(activity, Reach::Nobody), now).await
    }

    /// Lets everyone see the rendition of an activity, perhaps until some time.
    pub async fn publish(
        &self,
        activity: &Owned<Activity>,
        until: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<Owned<Activity>, Error> {
        if until.is_some_and(|until| until <= now) {
            return Err(Invalid { field: "until", reason: "must lie in the future" }.into());
        }
        self.widen(activity, NewWay::Everyone { until }, now).await
    }

    /// Lets the members of a community of its owner's see the rendition of an activity.
    pub async fn share_with(
        &self,
        activity: &Owned<Activity>,
        community: CommunityId,
        now: DateTime<Utc>,
    ) -> Result<Owned<Activity>, Error> {
        self.widen(activity, NewWay::Community(community), now).await
    }

    /// What an audience sees of an activity, or would see if it were shared with them.
    pub async fn preview(
        &self,
        activity: &Owned<Activity>,
        audience: Audience,
        now: DateTime<Utc>,
    ) -> Result<Visible<Drawn>, Error> {
        let (level, shared) = self.previewed(activity, audience, now).await?;
        let seen = self.db.preview(activity, *shared, level).await?;
        seen.open().ok_or(Error::NothingVisible)
    }

    /// What an audience sees of its photos.
    pub async fn preview_photos(
        &self,
        activity: &Owned<Activity>,
        audience: Audience,
        now: DateTime<Utc>,
    ) -> Result<Visible<Vec<PublicPhoto>>, Error> {
        let (_, shared) = self.previewed(activity, audience, now).await?;
        Db::preview_photos(activity, *shared).open().ok_or(Error::NothingVisible)
    }

    async fn previewed(
        &self,
        activity: &Owned<Activity>,
        audience: Audience,
        now: DateTime<Utc>,
    ) -> Result<(Visibility, Box<Shared>), Error> {
        self.allow("previews", Uuid::from(activity.owner).as_bytes(), PREVIEWS, now).await?;
        let level = match audience {
            Audience::Everyone => Visibility::Published,
            Audience::LinkHolders => Visibility::Link,
            Audience::Community(community) => {
                if !self.db.is_member(activity.owner, community).await? {
                    return Err(Error::Missing);
                }
                Visibility::Community
            }
        };
        let level = match activity.visibility {
            // What is published is published to them too.
            Visibility::Published => Visibility::Published,
            Visibility::Private | Visibility::Link | Visibility::Community => level,
        };
        let shown = self.shown(activity, activity.details.choices).await?;
        let nothing = nothing(&shown);
        Ok((level, shown.shared.ok_or(nothing)?))
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
        let shown = self.shown(&activity, activity.details.choices).await?;
        self.db.remake_rendition(&activity, &shown).await?;
        Ok(())
    }

    pub(super) async fn save(
        &self,
        activity: &Owned<Activity>,
        change: &Change,
        now: DateTime<Utc>,
    ) -> Result<Owned<Activity>, Error> {
        let saved = self.db.save_activity(activity, change, now).await??;
        saved.claim().ok_or(Error::Stale)
    }

    /// What others get of an activity with these choices: made anew from the exact track each time, so
    /// that nothing stale remains.
    pub(super) async fn shown(
        &self,
        activity: &Owned<Activity>,
        choices: Choices,
    ) -> Result<Shown, Error> {
        let photos = self.db.photos(activity).await?;
        self.shown_with(activity, choices, photos).await
    }

    /// The same with these photos.
    pub(super) async fn shown_with(
        &self,
        activity: &Owned<Activity>,
        choices: Choices,
        photos: Vec<Photo>,
    ) -> Result<Shown, Error> {
        let shading = self.db.shading(activity.owner).await?;
        let (track, kind) = (self.db.track(activity).await?, activity.kind);
        let (started_at, waypoints) = (activity.started_at, activity.details.waypoints.clone());
        let work = move || {
            let exact = track.open()?;
            Ok(shown(&exact, kind, started_at, &waypoints, &photos, choices, &shading))
        };
        self.cores.run(work).await?
    }
}

/// A change that leaves all as it is but whom it reaches.
pub(super) fn unchanged(activity: &Owned<Activity>, reach: Reach) -> Change {
    Change {
        sport: activity.sport,
        started_at: activity.started_at,
        details: activity.details.clone(),
        track: None,
        original: None,
        reach,
        other: Other::None,
    }
}

/// What others get of a line and what belongs to it.
pub(super) fn shown(
    exact: &ExactTrack,
    kind: Kind,
    started_at: Option<DateTime<Utc>>,
    waypoints: &[Waypoint],
    photos: &[Photo],
    choices: Choices,
    shading: &Shading,
) -> Shown {
    let seen = if shading.hides_all {
        None
    } else {
        visible(exact, kind, waypoints, photos, choices, shading)
    };
    let shared = seen.and_then(|Seen { cut, waypoints, places }| {
        // Where the line has no times, the day is the one its owner gave.
        let given = started_at.filter(|_| exact.columns().time_ms.is_empty());
        let album = PublicPhoto::album(photos, &places);
        Shared::new(&cut, waypoints, album, given, choices).map(Box::new)
    });
    Shown { shared, zones_version: shading.version, is_restricted: shading.hides_all }
}

/// Why there is nothing to show.
pub(super) const fn nothing(shown: &Shown) -> Error {
    if shown.is_restricted { Error::Restricted } else { Error::NothingVisible }
}

/// What is left for others.
#[derive(PartialEq)]
pub(super) struct Seen {
    cut: Cut,
    waypoints: Vec<PublicWaypoint>,
    /// For each photo, what may be told of where it was taken.
    places: Vec<Option<PublicPlace>>,
}

/// What is left for others; `None` when that is nothing.
pub(super) fn visible(
    exact: &ExactTrack,
    kind: Kind,
    waypoints: &[Waypoint],
    photos: &[Photo],
    choices: Choices,
    shading: &Shading,
) -> Option<Seen> {
    let zones = &shading.zones;
    let ends = Ends { radius_m: choices.ends_m.metres(), grid: shading.grid };
    let sensors = if choices.heart_rate { SensorsShown::HeartRate } else { SensorsShown::None };
    let cut = cut(exact, zones, ends, sensors)?;
    let shade = Shade::new(exact, zones, ends);
    // A planner's texts are their author's; a device's tell when it was where.
    let texts = match kind {
        Kind::Planned => Texts::Kept,
        Kind::Recorded => Texts::Dropped,
    };
    let waypoints = cut_waypoints(waypoints, &shade, &cut.track, texts);
    let positions: Vec<_> = photos.iter().map(|photo| photo.details.position).collect();
    let places = cut_places(&positions, &shade, &cut.track);
    Some(Seen { cut, waypoints, places })
}
