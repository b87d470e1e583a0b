//! What the lines of an archive come to in an account. Whoever sent it may have written it themself, so every
//! value is parsed like one that a client sends.

use std::sync::Arc;

use chrono::{DateTime, Datelike, TimeDelta, Utc};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::import::Taken;
use crate::access::{Owned, Sealed};
use crate::actions::record::{STARTED_AT_MIN_YEAR, WAYPOINTS_MAX, id_from, repair};
use crate::actions::{Error, Service};
use crate::archive::unzip::Unfit;
use crate::db::identity::ProfileChange;
use crate::db::vault::{
    Activity, Details, HiddenPlace, NewActivity, NewLink, NewWay, SealedTrack, Stored, StoredFlaw,
};
use crate::domain::{
    AccountId, ActivityId, Choices, Description, Kind, LinkLabel, PersonName, Position, Sport,
    Title, Visibility, ZoneId, ZoneLabel, ZoneRadius,
};
use crate::seal::AccountKey;
use crate::track::{self, ExactTrack, FILE_BYTES_MAX, Rule, Waypoint, plain};

/// The longest text that says where a flaw is.
const PLACE_CHARS_MAX: usize = 40;
/// Plans are made for the time to come.
const STARTED_AT_MAX: TimeDelta = TimeDelta::days(3_650);

/// The account.
#[derive(Deserialize)]
pub(super) struct AccountLine {
    profile: ProfileLine,
}

#[derive(Deserialize)]
struct ProfileLine {
    given_name: Option<String>,
    family_name: Option<String>,
}

/// A privacy zone.
#[derive(Deserialize)]
pub(super) struct ZoneLine {
    zone_id: ZoneId,
    content: ZoneContent,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

#[derive(Deserialize)]
struct ZoneContent {
    label: String,
    position: [f64; 2],
    radius_m: f64,
}

/// A block.
#[derive(Deserialize)]
pub(super) struct BlockLine {
    member_id: AccountId,
    created_at: DateTime<Utc>,
}

/// An activity.
#[derive(Deserialize)]
pub(super) struct ActivityLine {
    pub(super) activity_id: ActivityId,
    kind: String,
    sport: String,
    visibility: String,
    published_until: Option<DateTime<Utc>>,
    started_at: Option<DateTime<Utc>>,
    details: DetailsLine,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

#[derive(Deserialize)]
struct DetailsLine {
    title: String,
    title_is_chosen: bool,
    description: Option<String>,
    description_is_chosen: bool,
    flaws: Vec<StoredFlaw>,
    waypoints: Vec<Waypoint>,
    choices: Choices,
    digest: String,
}

/// A link.
#[derive(Deserialize)]
pub(super) struct LinkLine {
    pub(super) activity_id: ActivityId,
    link_id: Uuid,
    content: LinkContent,
    is_open: bool,
    is_locked: bool,
    expires_at: Option<DateTime<Utc>>,
}

#[derive(Deserialize)]
struct LinkContent {
    label: Option<String>,
}

/// The lines of a page.
pub(super) fn lines_of<T: DeserializeOwned>(page: &[u8]) -> Result<Vec<T>, Unfit> {
    let lines = page.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines
        .map(|line| serde_json::from_slice(line))
        .collect::<Result<_, _>>()
        .map_err(|_| Unfit("has a line that is not one of ours"))
}

const UNFIT: Unfit = Unfit("has a value that is not fit");

impl Service {
    /// Takes over the names that the account has not.
    pub(super) async fn take_account(
        &self,
        account: AccountId,
        lines: Vec<AccountLine>,
    ) -> Result<(), Error> {
        let Some(AccountLine { profile }) = lines.into_iter().next() else { return Ok(()) };
        let Some(before) = self.db.account(account).await? else { return Ok(()) };
        let name = |name: Option<String>| {
            name.map(|name| PersonName::try_from(name.as_str()).map_err(|_| UNFIT)).transpose()
        };
        let (given, family) = (name(profile.given_name)?, name(profile.family_name)?);
        let missing = |name: Option<PersonName>, before: Option<PersonName>| {
            name.filter(|_| before.is_none()).map(Some)
        };
        let change = ProfileChange {
            given_name: missing(given, before.profile.given_name),
            family_name: missing(family, before.profile.family_name),
            ..ProfileChange::default()
        };
        if change.given_name.is_some() || change.family_name.is_some() {
            self.db.change_profile(account, |_| true, change).await?;
        }
        Ok(())
    }

    /// Makes zones. One that is there stays as it is; what is one too many is passed over.
    pub(super) async fn take_zones(
        &self,
        account: AccountId,
        lines: Vec<ZoneLine>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        for line in lines {
            let [longitude, latitude] = line.content.position;
            let place = HiddenPlace {
                label: ZoneLabel::try_from(line.content.label.as_str()).map_err(|_| UNFIT)?,
                position: Position::new(longitude, latitude).map_err(|_| UNFIT)?,
                radius: ZoneRadius::try_from(line.content.radius_m).map_err(|_| UNFIT)?,
            };
            let made = dates(line.created_at, line.updated_at, now);
            self.db.insert_zone(account, line.zone_id, &place, made, now).await?;
        }
        Ok(())
    }

    /// Keeps away from whom the account kept away.
    pub(super) async fn take_blocks(
        &self,
        account: AccountId,
        lines: Vec<BlockLine>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        for line in lines {
            // One too many, or oneself: passed over.
            let _refused =
                self.db.block(account, line.member_id, past(line.created_at, now)).await?;
        }
        Ok(())
    }

    /// Keeps an activity, private, unless it is there; shares it again if `links` say so. Its id is taken over
    /// when it is free.
    #[allow(clippy::too_many_arguments, reason = "what is in the archive comes in several files")]
    pub(super) async fn take_activity(
        &self,
        account: AccountId,
        line: &ActivityLine,
        track: Vec<u8>,
        original: Vec<u8>,
        links: Option<&[LinkLine]>,
        taken: &mut Taken,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let key = Arc::new(self.db.account_key(account).await?);
        let parsed = Arc::new(Parsed::of(line, now)?);
        if FILE_BYTES_MAX < original.len() {
            return Err(Unfit("holds a file that is too large").into());
        }
        let work = move || exact(&track);
        let track = Arc::new(self.cores.run(work).await??);
        let original = Arc::new(original);
        // Should somebody have the id, or its owner have deleted what it stood for, another one stands for
        // it: always the same, so that a second import finds it.
        let other = self.imported_id(account, line.activity_id);
        let mut kept = None;
        for id in [line.activity_id, other] {
            if let Some(known) = self.owned(account, id).await? {
                taken.known += 1;
                kept = Some(known);
                break;
            }
            if !id.is_random() {
                continue;
            }
            if let Some(new) = self.keep(&key, id, &parsed, &track, &original, now).await? {
                taken.added += 1;
                kept = Some(new);
                break;
            }
        }
        match (kept, links) {
            (None, _) => taken.passed_over += 1,
            // What its owner has changed since is left as it is.
            (Some(activity), Some(links)) if activity.updated_at == parsed.dates.1 => {
                self.share_again(activity, &parsed, links, now).await?;
            }
            (Some(_), _) => {}
        }
        Ok(())
    }

    fn imported_id(&self, account: AccountId, id: ActivityId) -> ActivityId {
        let (account, id) = (Uuid::from(account), Uuid::from(id));
        let parts = [account.as_bytes(), b"import".as_slice(), id.as_bytes()];
        id_from(self.db.keyring().idempotency.mac(&parts))
    }

    /// `None` when the id was ever used.
    async fn keep(
        &self,
        key: &Arc<AccountKey>,
        id: ActivityId,
        parsed: &Arc<Parsed>,
        track: &Arc<ExactTrack>,
        original: &Arc<Vec<u8>>,
        now: DateTime<Utc>,
    ) -> Result<Option<Owned<Activity>>, Error> {
        let (sealing, lines, exact) = (key.clone(), parsed.clone(), track.clone());
        let new = move || lines.to_new(&sealing, id, &exact);
        let new = self.cores.run(new).await?;
        let original = self.put_original(key, id, original, now).await?;
        let blob = original.blob;
        match self.db.insert_imported(key, (new, original), parsed.dates).await? {
            Stored::New(activities) => Ok(activities.into_iter().find_map(Sealed::claim)),
            Stored::Known | Stored::Taken => {
                self.erase_original(blob).await?;
                Ok(None)
            }
        }
    }

    /// Publishes what was published, and makes links like those there were, with tokens of their own.
    async fn share_again(
        &self,
        mut activity: Owned<Activity>,
        parsed: &Parsed,
        links: &[LinkLine],
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let at = parsed.dates.1;
        let is_over = parsed.published_until.is_some_and(|until| until <= now);
        if parsed.visibility == Visibility::Published
            && activity.visibility != Visibility::Published
            && !is_over
        {
            let way = NewWay::Everyone { until: parsed.published_until };
            match self.widen(&activity, way, at).await {
                Ok(shared) => activity = shared,
                // Nothing of it is visible: then it was not, either.
                Err(Error::NothingVisible) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        let standing: Vec<Uuid> =
            self.db.links(&activity).await?.into_iter().map(|link| link.id.into()).collect();
        for line in links {
            let is_over = line.expires_at.is_some_and(|expires_at| expires_at <= now);
            // A password is nowhere to be had from: without it, more would see it than did.
            if !line.is_open || line.is_locked || is_over {
                continue;
            }
            let label = line.content.label.as_deref().map(LinkLabel::try_from).transpose();
            let (id, token) = self.new_link(&activity, Some(&format!("import {}", line.link_id)));
            // It stands, as it was or as it was made by an import before.
            if standing.contains(&line.link_id) || standing.contains(&id.into()) {
                continue;
            }
            let link = NewLink {
                id,
                label: label.map_err(|_| UNFIT)?,
                token_hash: token.hash(),
                password_hash: None,
                expires_at: line.expires_at,
                letters: Vec::new(),
            };
            match self.widen(&activity, NewWay::Link(link), at).await {
                Ok(shared) => activity = shared,
                Err(Error::NothingVisible) => return Ok(()),
                // Made before and taken back, or one too many.
                Err(Error::Deleted | Error::Invalid(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// A line, parsed.
struct Parsed {
    kind: Kind,
    sport: Sport,
    visibility: Visibility,
    published_until: Option<DateTime<Utc>>,
    started_at: Option<DateTime<Utc>>,
    title: Title,
    title_is_chosen: bool,
    description: Option<Description>,
    description_is_chosen: bool,
    flaws: Vec<StoredFlaw>,
    waypoints: Vec<Waypoint>,
    choices: Choices,
    digest: [u8; 32],
    /// When it was made, and changed last.
    dates: (DateTime<Utc>, DateTime<Utc>),
}

impl Parsed {
    fn of(line: &ActivityLine, now: DateTime<Utc>) -> Result<Self, Unfit> {
        let details = &line.details;
        let sound = |start: &DateTime<Utc>| {
            STARTED_AT_MIN_YEAR <= start.year() && *start <= now + STARTED_AT_MAX
        };
        let description = details.description.as_deref().map(Description::try_from).transpose();
        let is_rule = |flaw: &&StoredFlaw| {
            Rule::ALL.iter().any(|rule| rule.name() == flaw.rule)
                && flaw.place.as_ref().is_none_or(|place| place.chars().count() <= PLACE_CHARS_MAX)
        };
        let waypoints = details.waypoints.iter().take(WAYPOINTS_MAX).cloned().map(repair);
        let waypoints: Vec<Waypoint> = waypoints.collect();
        let is_placed = |waypoint: &Waypoint| {
            (-900_000_000..=900_000_000).contains(&waypoint.lat_e7)
                && (-1_800_000_000..=1_800_000_000).contains(&waypoint.lon_e7)
        };
        if !waypoints.iter().all(is_placed) {
            return Err(UNFIT);
        }
        Ok(Self {
            kind: Kind::try_from(line.kind.as_str()).map_err(|_| UNFIT)?,
            sport: Sport::try_from(line.sport.as_str()).map_err(|_| UNFIT)?,
            visibility: Visibility::try_from(line.visibility.as_str()).map_err(|_| UNFIT)?,
            published_until: line.published_until,
            started_at: line.started_at.filter(sound),
            title: Title::try_from(details.title.as_str()).map_err(|_| UNFIT)?,
            title_is_chosen: details.title_is_chosen,
            description: description.map_err(|_| UNFIT)?,
            description_is_chosen: details.description_is_chosen,
            flaws: details.flaws.iter().filter(is_rule).take(Rule::ALL.len()).cloned().collect(),
            waypoints,
            choices: details.choices,
            digest: digest(&details.digest).ok_or(UNFIT)?,
            dates: dates(line.created_at, line.updated_at, now),
        })
    }

    /// The activity with its numbers, which are measured and not believed: work for a core.
    fn to_new(&self, key: &Arc<AccountKey>, id: ActivityId, track: &ExactTrack) -> NewActivity {
        let details = Details {
            title: self.title.clone(),
            title_is_chosen: self.title_is_chosen,
            description: self.description.clone(),
            description_is_chosen: self.description_is_chosen,
            statistics: track::measure(track.columns()),
            flaws: self.flaws.clone(),
            waypoints: self.waypoints.clone(),
            choices: self.choices,
            digest: self.digest,
        };
        NewActivity {
            id,
            kind: self.kind,
            sport: self.sport,
            started_at: self.started_at,
            details,
            track: SealedTrack::seal(key, id, track),
        }
    }
}

/// The track of a file.
fn exact(file: &[u8]) -> Result<ExactTrack, Unfit> {
    let columns = plain::read_field(file);
    columns.map(ExactTrack::new).map_err(|_| Unfit("holds a track that cannot be read"))
}

/// Both in the past, in their order.
fn dates(
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> (DateTime<Utc>, DateTime<Utc>) {
    let created_at = past(created_at, now);
    (created_at, past(updated_at, now).max(created_at))
}

/// No later than now, and no earlier than the database knows.
fn past(at: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
    at.clamp(DateTime::UNIX_EPOCH, now)
}

fn digest(hex: &str) -> Option<[u8; 32]> {
    let mut digest = [0; 32];
    if hex.len() != 64 || !hex.is_ascii() {
        return None;
    }
    for (index, byte) in digest.iter_mut().enumerate() {
        *byte = u8::from_str_radix(hex.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(digest)
}
