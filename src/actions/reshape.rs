//! Changing the line of an activity. Each change measures anew, and remakes what others see.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::record::{WAYPOINTS_MAX, clean, kept_flaw, start as first_time};
use super::share;
use super::{Error, Service};
use crate::access::Owned;
use crate::db;
use crate::db::vault::{
    self, Activity, Change, Details, NewActivity, Other, Photo, Reach, SealedOriginal, SealedTrack,
    Shown, SplitOff, StoredFlaw,
};
use crate::domain::{AccountId, ActivityId, BlobId, Invalid, Kind, Sport, Visibility};
use crate::edge::terrain::Terrain;
use crate::seal::AccountKey;
use crate::track::places::are_of_second;
use crate::track::reshape::{self, Reshape, SplitPlace};
use crate::track::waypoints::keep_waypoints;
use crate::track::{self, Columns, ExactTrack, Recording, Unreadable, Waypoint, elevation};

/// An activity and the one that was split off it.
pub struct Halves {
    /// What came before the place.
    pub first: Owned<Activity>,
    /// What came after it.
    pub second: Owned<Activity>,
    /// Whether the second is new: a repeated split changes nothing.
    pub new: bool,
}

/// A line with what belongs to it.
struct Line {
    exact: ExactTrack,
    waypoints: Vec<Waypoint>,
    started_at: Option<DateTime<Utc>>,
    flaws: Vec<StoredFlaw>,
}

/// A line that is still to be opened.
struct StoredLine {
    track: SealedTrack,
    waypoints: Vec<Waypoint>,
    started_at: Option<DateTime<Utc>>,
    flaws: Vec<StoredFlaw>,
}

/// What an activity keeps when it gets another line.
struct Rest {
    key: Arc<AccountKey>,
    kind: Kind,
    sport: Sport,
    details: Details,
}

impl Service {
    /// Crops, reverses or thins the line of an activity. The file it came from stays as it is.
    pub async fn reshape(
        &self,
        activity: &Owned<Activity>,
        reshape: Reshape,
        now: DateTime<Utc>,
    ) -> Result<Owned<Activity>, Error> {
        let (stored, kind) = (self.stored_line(activity).await?, activity.kind);
        let draw = move || {
            let before = stored.open()?;
            let after = reshape.of(before.exact.columns(), kind)?;
            Ok(before.with(after))
        };
        let change = self.redraw(activity, draw).await?;
        self.save(activity, &change, now).await
    }

    /// Puts the line of a file in the place of an activity's; the file becomes its original.
    pub async fn replace_track(
        &self,
        activity: &Owned<Activity>,
        file: &Arc<Vec<u8>>,
        now: DateTime<Utc>,
    ) -> Result<Owned<Activity>, Error> {
        let (stored, kind) = (self.stored_line(activity).await?, activity.kind);
        let (read, terrain) = (file.clone(), self.terrain.clone());
        let draw = move || {
            let before = stored.open()?;
            let given = reshape::given(before.started_at, before.exact.columns());
            Line::read(&read, kind, given, &terrain, now)
        };
        let change = self.redraw(activity, draw).await?;
        let key = Arc::new(self.db.account_key(activity.owner).await?);
        let original = self.put_original(&key, activity.id, file, now).await?;
        let blob = original.blob;
        let change = Change { original: Some(original), ..change };
        let saved = self.save(activity, &change, now).await;
        self.erase_if_stale(blob, saved).await
    }

    /// Puts the heights of the elevation model in the place of a line's own, as far as it knows them.
    pub async fn replace_elevations(
        &self,
        activity: &Owned<Activity>,
        now: DateTime<Utc>,
    ) -> Result<Owned<Activity>, Error> {
        let (stored, terrain) = (self.stored_line(activity).await?, self.terrain.clone());
        let draw = move || {
            let before = stored.open()?;
            let (mut columns, mut heights) = (before.exact.into_columns(), terrain.heights());
            elevation::replace(&mut columns, |lat, lon| heights.height_m(lat, lon));
            if columns.elevation_from_model.is_empty() {
                return Err(Error::NoTerrain);
            }
            Ok(Line { exact: ExactTrack::new(columns), ..before })
        };
        let change = self.redraw(activity, draw).await?;
        self.save(activity, &change, now).await
    }

    /// The halves of an activity that was split before, with `second` as the id of what was split
    /// off.
    pub async fn split_before(
        &self,
        account: AccountId,
        first: ActivityId,
        second: ActivityId,
    ) -> Result<Option<Halves>, Error> {
        let Some(second) = self.owned(account, second).await? else { return Ok(None) };
        let first = self.owned(account, first).await?.ok_or(Error::Missing)?;
        if second.details.digest != first.details.digest || second.id == first.id {
            return Err(Error::Taken);
        }
        Ok(Some(Halves { first, second, new: false }))
    }

    /// Splits an activity in two. The second one has the id `second`, is private, and keeps a copy
    /// of the file.
    pub async fn split(
        &self,
        activity: &Owned<Activity>,
        at: SplitPlace,
        second: ActivityId,
        now: DateTime<Utc>,
    ) -> Result<Halves, Error> {
        // Asked once more: a repeated call may have overtaken the first.
        if let Some(halves) = self.split_before(activity.owner, activity.id, second).await? {
            return Ok(halves);
        }
        let whole = self.stored_line(activity).await?;
        let rest = self.rest(activity).await?;
        let key = rest.key.clone();
        let photos = self.db.photos(activity).await?;
        let halve = move || {
            let whole = whole.open()?;
            let (first_half, second_half) = reshape::split(whole.exact.columns(), at)?;
            let photos = halve_photos(photos, &first_half, &second_half);
            let tail = whole.with(second_half).keep(second, &rest);
            Ok::<_, Error>((whole.with(first_half), tail, photos))
        };
        let (head, tail, [photos_left, photos]) = self.cores.run(halve).await??;
        let change = self.redraw_with(activity, photos_left, move || Ok(head)).await?;
        let original = self.copy_original(&key, activity, second, now).await?;
        let (blob, photos) = (original.blob, photos.iter().map(|photo| photo.id).collect());
        let split_off = SplitOff { new: (tail, original), photos };
        let change = Change { other: Other::Kept(Box::new(split_off)), ..change };
        let saved = self.save(activity, &change, now).await;
        let first = self.erase_if_stale(blob, saved).await?;
        let second = self.owned(activity.owner, second).await?.ok_or(Error::Deleted)?;
        Ok(Halves { first, second, new: true })
    }

    /// Merges another activity of the same owner into a private one and deletes the other, its file
    /// included. One that others see is refused: they would see more than was published, and the
    /// ends that lie in the middle then.
    pub async fn merge(
        &self,
        activity: &Owned<Activity>,
        with: ActivityId,
        now: DateTime<Utc>,
    ) -> Result<Owned<Activity>, Error> {
        let other = self.owned(activity.owner, with).await?.ok_or(Error::Missing)?;
        match activity.visibility {
            Visibility::Private => {}
            Visibility::Link | Visibility::Community | Visibility::Published => {
                return Err(Error::Shared);
            }
        }
        let invalid = |reason| Invalid { field: "with", reason };
        if other.id == activity.id {
            return Err(invalid("must be another activity").into());
        }
        if other.kind != activity.kind {
            return Err(invalid("must be of the same kind").into());
        }
        let (before, appended) =
            (self.stored_line(activity).await?, self.stored_line(&other).await?);
        let kind = activity.kind;
        let draw = move || before.open()?.merged(appended.open()?, kind);
        let change = self.redraw(activity, draw).await?;
        let change = Change { other: Other::Deleted(Box::new(other)), ..change };
        self.save(activity, &change, now).await
    }

    async fn stored_line(&self, activity: &Owned<Activity>) -> Result<StoredLine, Error> {
        let track = self.db.track(activity).await?;
        let Details { waypoints, flaws, .. } = activity.details.clone();
        Ok(StoredLine { track, waypoints, started_at: activity.started_at, flaws })
    }

    async fn rest(&self, activity: &Owned<Activity>) -> Result<Rest, Error> {
        let key = Arc::new(self.db.account_key(activity.owner).await?);
        let (kind, sport, details) = (activity.kind, activity.sport, activity.details.clone());
        Ok(Rest { key, kind, sport, details })
    }

    /// Draws a line, then measures, seals and cuts it as `activity` shows it.
    async fn redraw(
        &self,
        activity: &Owned<Activity>,
        draw: impl FnOnce() -> Result<Line, Error> + Send + 'static,
    ) -> Result<Change, Error> {
        let photos = self.db.photos(activity).await?;
        self.redraw_with(activity, photos, draw).await
    }

    /// The same, shown with these photos.
    async fn redraw_with(
        &self,
        activity: &Owned<Activity>,
        photos: Vec<Photo>,
        draw: impl FnOnce() -> Result<Line, Error> + Send + 'static,
    ) -> Result<Change, Error> {
        let rest = self.rest(activity).await?;
        let shading = self.db.shading(activity.owner).await?;
        let (id, is_shared) = (activity.id, activity.visibility != Visibility::Private);
        let work = move || {
            let line = draw()?;
            let Line { exact, waypoints, started_at, .. } = &line;
            let (kind, choices) = (rest.kind, rest.details.choices);
            let seen =
                || share::shown(exact, kind, *started_at, waypoints, &photos, choices, &shading);
            let reach = match is_shared.then(seen) {
                None => Reach::Nobody,
                Some(Shown { shared: None, .. }) => return Err(Error::NothingVisible),
                Some(shown) => Reach::With(None, shown),
            };
            Ok::<_, Error>((line.keep(id, &rest), reach))
        };
        let (NewActivity { sport, started_at, details, track, .. }, reach) =
            self.cores.run(work).await??;
        let (track, other) = (Some(track), Other::None);
        let original = None;
        Ok(Change { sport, started_at, details, track, original, reach, other })
    }

    /// The file of an activity, sealed anew for the one that is split off it.
    async fn copy_original(
        &self,
        key: &Arc<AccountKey>,
        activity: &Owned<Activity>,
        second: ActivityId,
        now: DateTime<Utc>,
    ) -> Result<SealedOriginal, Error> {
        let blob = self.db.original(activity).await?.ok_or(Error::Missing)?;
        let sealed = self.files.find(blob).await?.ok_or(Error::Stale)?;
        let (opener, id) = (key.clone(), activity.id);
        let open = move || vault::open_original(&opener, id, &sealed);
        let file = self.cores.run(open).await?.map_err(db::Error::from)?;
        self.put_original(key, second, &Arc::new(file), now).await
    }

    /// Erases the file of a change that was not kept, so that the next attempt leaves no other.
    async fn erase_if_stale<T>(&self, blob: BlobId, saved: Result<T, Error>) -> Result<T, Error> {
        if matches!(saved, Err(Error::Stale | Error::Taken)) {
            self.erase_original(blob).await?;
        }
        saved
    }
}

/// The photos of a line that is split, each with the half that it was taken on.
fn halve_photos(photos: Vec<Photo>, first: &Columns, second: &Columns) -> [Vec<Photo>; 2] {
    let told = |photo: &Photo| (photo.details.taken_at, photo.details.position);
    let told: Vec<_> = photos.iter().map(told).collect();
    let are_of_second = are_of_second(&told, first, second);
    let (of_second, of_first): (Vec<_>, Vec<_>) =
        photos.into_iter().zip(are_of_second).partition(|(_, is_of_second)| *is_of_second);
    [of_first, of_second].map(|half| half.into_iter().map(|(photo, _)| photo).collect())
}

impl StoredLine {
    fn open(self) -> Result<Line, Error> {
        let Self { track, waypoints, started_at, flaws } = self;
        Ok(Line { exact: track.open()?, waypoints, started_at, flaws })
    }
}

impl Line {
    /// Another line made of this one.
    fn with(&self, after: Columns) -> Self {
        let before = self.exact.columns();
        Self {
            waypoints: keep_waypoints(&self.waypoints, before, &after),
            started_at: reshape::start(self.started_at, before, &after),
            flaws: self.flaws.clone(),
            exact: ExactTrack::new(after),
        }
    }

    /// The only line of a file.
    fn read(
        file: &[u8],
        kind: Kind,
        given: Option<DateTime<Utc>>,
        terrain: &Terrain,
        now: DateTime<Utc>,
    ) -> Result<Self, Error> {
        let mut reading = track::read(file)?;
        let [mut recording] = <[Recording; 1]>::try_from(reading.recordings)
            .map_err(|_| Invalid { field: "file", reason: "must hold one activity" })?;
        recording.flaws.append(&mut reading.flaws);
        let recording = clean(recording, terrain, now)
            .ok_or(Unreadable { reason: "has no sound point", place: None })?;
        let started_at = match kind {
            Kind::Recorded => first_time(recording.track.columns()).or(given),
            Kind::Planned => given,
        };
        let flaws = recording.flaws.iter().map(kept_flaw).collect();
        Ok(Self { exact: recording.track, waypoints: recording.waypoints, started_at, flaws })
    }

    fn merged(self, appended: Self, kind: Kind) -> Result<Self, Error> {
        let columns = reshape::merge(self.exact.columns(), appended.exact.columns(), kind)?;
        let started_at = reshape::start(self.started_at, self.exact.columns(), &columns);
        let mut waypoints = self.waypoints;
        waypoints.extend(appended.waypoints);
        if WAYPOINTS_MAX < waypoints.len() {
            let reason = "must not make more than 1,000 waypoints";
            return Err(Invalid { field: "with", reason }.into());
        }
        let mut flaws: BTreeMap<String, StoredFlaw> = BTreeMap::new();
        for flaw in self.flaws.into_iter().chain(appended.flaws) {
            match flaws.get_mut(&flaw.rule) {
                Some(known) => known.count = known.count.saturating_add(flaw.count),
                None => _ = flaws.insert(flaw.rule.clone(), flaw),
            }
        }
        let flaws = flaws.into_values().collect();
        Ok(Self { exact: ExactTrack::new(columns), waypoints, started_at, flaws })
    }

    /// What is kept of activity `id` with this line: measured and sealed.
    fn keep(self, id: ActivityId, rest: &Rest) -> NewActivity {
        let Self { exact, waypoints, started_at, flaws } = self;
        let statistics = track::measure(exact.columns());
        let details = Details { statistics, flaws, waypoints, ..rest.details.clone() };
        let track = SealedTrack::seal(&rest.key, id, &exact);
        NewActivity { id, kind: rest.kind, sport: rest.sport, started_at, details, track }
    }
}
