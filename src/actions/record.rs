//! Keeping what a device recorded or a planner drew: read, cleaned, measured, sealed, stored.

use std::sync::Arc;

use chrono::{DateTime, Datelike, TimeDelta, TimeZone, Utc};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{Error, Service};
use crate::access::{Owned, Sealed};
use crate::db::vault::{Activity, Details, NewActivity, SealedTrack, Stored, StoredFlaw};
use crate::domain::{AccountId, ActivityId, Choices, Description, Invalid, Kind, Sport, Title};
use crate::edge::terrain::Terrain;
use crate::seal::{AccountKey, Keyring};
use crate::track::columns::NO_TIME;
use crate::track::reading::Place;
use crate::track::{self, Columns, ExactTrack, Flaw, Recording, Unreadable, Waypoint, elevation};

/// A file to be kept, and what its owner says about it.
pub struct Upload {
    /// The id that its activity gets.
    pub id: ActivityId,
    /// The file.
    pub file: Arc<Vec<u8>>,
    /// What goes before what the file says.
    pub metadata: Metadata,
}

/// What an owner says about a file.
#[derive(Clone, Default)]
pub struct Metadata {
    /// A title.
    pub title: Option<Title>,
    /// A description.
    pub description: Option<Description>,
    /// The sport.
    pub sport: Option<Sport>,
    /// Recorded or planned.
    pub kind: Option<Kind>,
    /// When it began.
    pub started_at: Option<DateTime<Utc>>,
}

/// What became of an upload.
pub struct Recorded {
    /// One activity, or several where the file holds several.
    pub activities: Vec<Owned<Activity>>,
    /// Whether anything is new: a repeated upload changes nothing.
    pub new: bool,
}

/// GPS time begins in 1980; no consumer device recorded before this.
pub(super) const STARTED_AT_MIN_YEAR: i32 = 1990;

/// The most that the copies of a file may take, one an activity that it holds, in bytes.
const COPIES_BYTES_MAX: usize = 256 * 1024 * 1024;
/// The most waypoints that are kept of an activity.
pub(super) const WAYPOINTS_MAX: usize = 1_000;
/// The longest text of a waypoint that is kept, in characters.
const WAYPOINT_TEXT_CHARS_MAX: usize = 1_000;

impl Service {
    /// Keeps `upload` for `account`, private. Once this returns, every byte of it is on disk. A
    /// repeated upload changes nothing and is answered like the first.
    pub async fn record(
        &self,
        account: AccountId,
        upload: Upload,
        now: DateTime<Utc>,
    ) -> Result<Recorded, Error> {
        check_start(&upload.metadata, now)?;
        let upload = Arc::new(upload);
        let hashed = upload.clone();
        let digest = self.cores.run(move || Sha256::digest(hashed.file.as_slice()).into()).await?;
        if let Some(known) = self.owned(account, upload.id).await? {
            return self.repeated(known, digest).await;
        }
        let key = Arc::new(self.db.account_key(account).await?);
        let activities = self.ingest(&key, &upload, digest, now).await?;
        let mut new = Vec::with_capacity(activities.len());
        for activity in activities {
            // Each has the file as its own; one copy is in memory at a time.
            let original = self.put_original(&key, activity.id, &upload.file, now).await?;
            new.push((activity, original));
        }
        // Should this fail, the outcome is unknown: files that no row names are erased in an hour.
        let stored = self.db.insert_activities(&key, &new, now).await?;
        if let Stored::New(activities) = stored {
            let activities = activities.into_iter().filter_map(Sealed::claim).collect();
            return Ok(Recorded { activities, new: true });
        }
        for (_, original) in &new {
            self.erase_original(original.blob).await?;
        }
        if !matches!(stored, Stored::Known) {
            return Err(Error::Taken);
        }
        let known = self.owned(account, upload.id).await?.ok_or(Error::Deleted)?;
        self.repeated(known, digest).await
    }

    /// The id that stands for an idempotency key of `account` for one kind of call: the same key is
    /// the same activity, so a repeated `POST` is a repeated `PUT`.
    pub fn keyed_id(&self, account: AccountId, call: &str, idempotency_key: &str) -> ActivityId {
        let account = Uuid::from(account);
        let parts = [account.as_bytes(), call.as_bytes(), idempotency_key.as_bytes()];
        id_from(self.db.keyring().idempotency.mac(&parts))
    }

    /// The answer to an upload that was kept before, if it is the same one.
    async fn repeated(&self, first: Owned<Activity>, digest: [u8; 32]) -> Result<Recorded, Error> {
        if first.details.digest != digest {
            return Err(Error::Taken);
        }
        let (owner, id) = (first.owner, first.id);
        let mut activities = vec![first];
        let id_at = |index| sibling_id(self.db.keyring(), id, index);
        while let Some(next) = self.owned(owner, id_at(activities.len())).await? {
            activities.push(next);
        }
        Ok(Recorded { activities, new: false })
    }

    async fn ingest(
        &self,
        key: &Arc<AccountKey>,
        upload: &Arc<Upload>,
        digest: [u8; 32],
        now: DateTime<Utc>,
    ) -> Result<Vec<NewActivity>, Error> {
        let (key, upload, db) = (key.clone(), upload.clone(), self.db.clone());
        let terrain = self.terrain.clone();
        let work = move || {
            let id_at = |index| sibling_id(db.keyring(), upload.id, index);
            ingest(&key, &upload, digest, id_at, &terrain, now)
        };
        Ok(self.cores.run(work).await??)
    }
}

/// From bytes to what is stored. Pure but for the nonces of the seals.
fn ingest(
    key: &Arc<AccountKey>,
    upload: &Upload,
    digest: [u8; 32],
    id_at: impl Fn(usize) -> ActivityId,
    terrain: &Terrain,
    now: DateTime<Utc>,
) -> Result<Vec<NewActivity>, Unreadable> {
    let mut reading = track::read(&upload.file)?;
    // What is unsound in the file as a whole is kept with its first activity.
    if let Some(first) = reading.recordings.first_mut() {
        first.flaws.append(&mut reading.flaws);
    }
    let clean = |recording| clean(recording, terrain, now);
    let recordings: Vec<_> = reading
        .recordings
        .into_iter()
        .filter_map(clean)
        .enumerate()
        .map(|(index, recording)| prepare(key, upload, id_at(index), recording, digest))
        .collect();
    if recordings.is_empty() {
        return Err(Unreadable { reason: "has no sound point", place: None });
    }
    if COPIES_BYTES_MAX < recordings.len().saturating_mul(upload.file.len()) {
        return Err(Unreadable { reason: "holds too many activities for its size", place: None });
    }
    Ok(recordings)
}

/// What is sound and fit to be kept of a recording, with heights of the model for points that lack one.
pub(super) fn clean(
    recording: Recording,
    terrain: &Terrain,
    now: DateTime<Utc>,
) -> Option<Recording> {
    let mut recording = track::clean(recording, now.timestamp_millis())?;
    recording.waypoints.truncate(WAYPOINTS_MAX);
    recording.waypoints = recording.waypoints.into_iter().map(repair).collect();
    if terrain.is_empty() {
        return Some(recording);
    }
    let (mut columns, mut heights) = (recording.track.into_columns(), terrain.heights());
    elevation::fill(&mut columns, |lat, lon| heights.height_m(lat, lon));
    Some(Recording { track: ExactTrack::new(columns), ..recording })
}

fn prepare(
    key: &Arc<AccountKey>,
    upload: &Upload,
    id: ActivityId,
    recording: Recording,
    digest: [u8; 32],
) -> NewActivity {
    let metadata = &upload.metadata;
    let found_kind = if recording.planned { Kind::Planned } else { Kind::Recorded };
    let kind = metadata.kind.unwrap_or(found_kind);
    let sport = metadata.sport.or(recording.sport).unwrap_or_default();
    let title = recording.title.as_deref().and_then(Title::repaired);
    let description = recording.description.as_deref().and_then(Description::repaired);
    let columns = recording.track.columns();
    let started_at = match kind {
        Kind::Recorded => metadata.started_at.or_else(|| start(columns)),
        Kind::Planned => metadata.started_at,
    };
    let details = Details {
        title_is_chosen: metadata.title.is_some(),
        title: metadata.title.clone().or(title).unwrap_or_else(|| Title::of_sport(sport)),
        description_is_chosen: metadata.description.is_some(),
        description: metadata.description.clone().or(description),
        statistics: track::measure(columns),
        flaws: recording.flaws.iter().map(kept_flaw).collect(),
        digest,
        choices: Choices::default(),
        waypoints: recording.waypoints,
    };
    let track = SealedTrack::seal(key, id, &recording.track);
    NewActivity { id, kind, sport, started_at, details, track }
}

/// A waypoint with texts that are fit to be kept and shown.
pub(super) fn repair(waypoint: Waypoint) -> Waypoint {
    let line = |text: Option<String>| {
        text.as_deref().and_then(Title::repaired).map(|text| text.as_str().to_owned())
    };
    let text = waypoint.description.as_deref().and_then(Description::repaired);
    let text = text.map(|text| text.as_str().chars().take(WAYPOINT_TEXT_CHARS_MAX).collect());
    Waypoint {
        name: line(waypoint.name),
        description: text,
        symbol: line(waypoint.symbol),
        ..waypoint
    }
}

/// The first time that a track has.
pub(super) fn start(columns: &Columns) -> Option<DateTime<Utc>> {
    let first = columns.time_ms.iter().find(|time| **time != NO_TIME)?;
    Utc.timestamp_millis_opt(*first).single()
}

/// Nothing was recorded in the future, give or take a time zone; plans are for it.
fn check_start(metadata: &Metadata, now: DateTime<Utc>) -> Result<(), Invalid> {
    let (latest, reason) = match metadata.kind {
        Some(Kind::Planned) => {
            (TimeDelta::days(3_650), "must lie between 1990 and ten years from now")
        }
        Some(Kind::Recorded) | None => (TimeDelta::days(1), "must lie between 1990 and now"),
    };
    let sound = |start: DateTime<Utc>| STARTED_AT_MIN_YEAR <= start.year() && start <= now + latest;
    if metadata.started_at.is_none_or(sound) {
        return Ok(());
    }
    Err(Invalid { field: "started_at", reason })
}

pub(super) fn kept_flaw(flaw: &Flaw) -> StoredFlaw {
    let place = flaw.first.map(|place| match place {
        Place::Line(line) => format!("line {line}"),
        Place::Offset(offset) => format!("byte {offset}"),
    });
    StoredFlaw { rule: flaw.rule.name().to_owned(), count: flaw.count, place }
}

/// The id of the activity at `index` of a file whose first has the id `first`: the same each time,
/// so that a repeated upload finds them all.
fn sibling_id(keyring: &Keyring, first: ActivityId, index: usize) -> ActivityId {
    if index == 0 {
        return first;
    }
    let (first, index) = (Uuid::from(first), index.to_be_bytes());
    id_from(keyring.idempotency.mac(&[first.as_bytes().as_slice(), &index]))
}

pub(super) fn id_from(mac: [u8; 32]) -> ActivityId {
    let mut bits = [0; 16];
    bits.copy_from_slice(&mac[..16]);
    ActivityId::from_random_bits(bits)
}
