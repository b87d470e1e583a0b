//! Lines of an archive, parsed. Whoever sent it may have written it themself, so every value is parsed like one
//! that a client sends.

use std::sync::Arc;

use chrono::{DateTime, Datelike, TimeDelta, Utc};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::actions::photos::Words;
use crate::actions::record::{STARTED_AT_MIN_YEAR, WAYPOINTS_MAX, repair};
use crate::archive::unzip::{Entry, Unfit};
use crate::db::vault::{Details, NewActivity, PositionSource, SealedTrack, StoredFlaw};
use crate::domain::{
    AccountId, ActivityId, AlternativeText, Caption, Choices, Description, Kind, LinkLabel,
    PhotoId, Position, Sport, Title, Visibility, ZoneId, at_most,
};
use crate::seal::AccountKey;
use crate::track::{self, ExactTrack, Rule, Waypoint, plain};

/// The longest text that says where a flaw is.
const PLACE_CHARS_MAX: usize = 40;
/// The most flaws that are read of a line: more than there are rules.
const FLAWS_MAX: usize = 1_000;
/// Plans are made for the time to come.
const STARTED_AT_MAX: TimeDelta = TimeDelta::days(3_650);

/// The account.
#[derive(Deserialize)]
pub(super) struct AccountLine {
    pub(super) profile: ProfileLine,
}

#[derive(Deserialize)]
pub(super) struct ProfileLine {
    pub(super) given_name: Option<String>,
    pub(super) family_name: Option<String>,
    #[serde(default)]
    pub(super) professional: ProfessionalLine,
}

#[derive(Default, Deserialize)]
pub(super) struct ProfessionalLine {
    pub(super) company: Option<String>,
    pub(super) role: Option<String>,
    pub(super) town: Option<String>,
    pub(super) link: Option<String>,
}

/// A privacy zone.
#[derive(Deserialize)]
pub(super) struct ZoneLine {
    pub(super) zone_id: ZoneId,
    pub(super) content: ZoneContent,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
}

#[derive(Deserialize)]
pub(super) struct ZoneContent {
    pub(super) label: String,
    pub(super) position: [f64; 2],
    pub(super) radius_m: f64,
}

/// A block.
#[derive(Deserialize)]
pub(super) struct BlockLine {
    pub(super) member_id: AccountId,
    pub(super) created_at: DateTime<Utc>,
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
    #[serde(deserialize_with = "at_most::<FLAWS_MAX, _, _>")]
    flaws: Vec<StoredFlaw>,
    #[serde(deserialize_with = "at_most::<WAYPOINTS_MAX, _, _>")]
    waypoints: Vec<Waypoint>,
    choices: Choices,
    digest: String,
}

/// The picture beside the public name.
#[derive(Deserialize)]
pub(super) struct PictureLine {
    pub(super) picture: String,
}

/// A photo.
#[derive(Deserialize)]
pub(super) struct PhotoLine {
    pub(super) photo_id: PhotoId,
    pub(super) activity_id: ActivityId,
    pub(super) is_cover: bool,
    pub(super) details: PhotoWords,
}

#[derive(Deserialize)]
pub(super) struct PhotoWords {
    pub(super) caption: Option<String>,
    pub(super) alternative_text: Option<String>,
    pub(super) taken_at: Option<DateTime<Utc>>,
    pub(super) position: Option<[f64; 2]>,
    pub(super) position_source: Option<PositionSource>,
}

/// A link.
#[derive(Deserialize)]
pub(super) struct LinkLine {
    pub(super) activity_id: ActivityId,
    pub(super) link_id: Uuid,
    pub(super) content: LinkContent,
    pub(super) is_open: bool,
    pub(super) is_locked: bool,
    pub(super) expires_at: Option<DateTime<Utc>>,
}

#[derive(Deserialize)]
pub(super) struct LinkContent {
    pub(super) label: Option<String>,
}

/// The lines of a page, each parsed when it is asked for. One that is not of ours is an error, as is the first that
/// is one too many: who stops there has parsed none after it.
pub(super) fn lines_of<T: DeserializeOwned>(
    page: &[u8],
    max: usize,
) -> impl Iterator<Item = Result<T, Unfit>> {
    let lines = page.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.enumerate().map(move |(before, line)| {
        if max <= before {
            return Err(Unfit("has too many lines on one page"));
        }
        serde_json::from_slice(line).map_err(|_| Unfit("has a line that is not one of ours"))
    })
}

pub(super) const UNFIT: Unfit = Unfit("has a value that is not fit");

/// The line of an activity, parsed.
pub(super) struct Parsed {
    pub(super) kind: Kind,
    pub(super) sport: Sport,
    pub(super) visibility: Visibility,
    pub(super) published_until: Option<DateTime<Utc>>,
    pub(super) started_at: Option<DateTime<Utc>>,
    pub(super) title: Title,
    pub(super) title_is_chosen: bool,
    pub(super) description: Option<Description>,
    pub(super) description_is_chosen: bool,
    pub(super) flaws: Vec<StoredFlaw>,
    pub(super) waypoints: Vec<Waypoint>,
    pub(super) choices: Choices,
    pub(super) digest: [u8; 32],
    /// When it was made, and changed last.
    pub(super) dates: (DateTime<Utc>, DateTime<Utc>),
}

impl Parsed {
    pub(super) fn of(line: ActivityLine, now: DateTime<Utc>) -> Result<Self, Unfit> {
        let details = line.details;
        let sound = |start: &DateTime<Utc>| {
            STARTED_AT_MIN_YEAR <= start.year() && *start <= now + STARTED_AT_MAX
        };
        let description = details.description.as_deref().map(Description::try_from).transpose();
        let is_rule = |flaw: &StoredFlaw| {
            Rule::ALL.iter().any(|rule| rule.name() == flaw.rule)
                && flaw.place.as_ref().is_none_or(|place| place.chars().count() <= PLACE_CHARS_MAX)
        };
        let is_placed = |waypoint: &Waypoint| {
            (-900_000_000..=900_000_000).contains(&waypoint.lat_e7)
                && (-1_800_000_000..=1_800_000_000).contains(&waypoint.lon_e7)
        };
        if !details.waypoints.iter().all(is_placed) {
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
            flaws: details.flaws.into_iter().filter(is_rule).take(Rule::ALL.len()).collect(),
            waypoints: details.waypoints.into_iter().map(repair).collect(),
            choices: details.choices,
            digest: digest(&details.digest).ok_or(UNFIT)?,
            dates: dates(line.created_at, line.updated_at, now),
        })
    }

    /// The activity with its numbers, which are measured and not believed: work for a core.
    pub(super) fn to_new(
        &self,
        key: &Arc<AccountKey>,
        id: ActivityId,
        track: &ExactTrack,
    ) -> NewActivity {
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

/// The line of a photo, parsed.
pub(super) struct ParsedPhoto {
    pub(super) id: PhotoId,
    pub(super) is_cover: bool,
    pub(super) words: Words,
    /// Where its file lies, once that is known.
    pub(super) file: Option<Entry>,
}

impl ParsedPhoto {
    pub(super) fn of(line: &PhotoLine) -> Result<Self, Unfit> {
        let said = &line.details;
        let caption = said.caption.as_deref().map(Caption::try_from).transpose();
        let text = said.alternative_text.as_deref().map(AlternativeText::try_from).transpose();
        // Where it is by its camera or the track is found out again.
        let is_stated = said.position_source == Some(PositionSource::Owner);
        let stated = said.position.filter(|_| is_stated);
        let position = stated.map(|[longitude, latitude]| Position::new(longitude, latitude));
        let words = Words {
            caption: caption.map_err(|_| UNFIT)?,
            alternative_text: text.map_err(|_| UNFIT)?,
            position: position.transpose().map_err(|_| UNFIT)?,
            taken_at: said.taken_at,
            is_placeless: is_stated && said.position.is_none(),
        };
        Ok(Self { id: line.photo_id, is_cover: line.is_cover, words, file: None })
    }
}

/// The line of a link, parsed.
pub(super) struct ParsedLink {
    pub(super) id: Uuid,
    pub(super) label: Option<LinkLabel>,
    pub(super) expires_at: Option<DateTime<Utc>>,
}

impl ParsedLink {
    /// `None` when it is not made anew: it was taken back, is over, or had a password, which is nowhere to be had
    /// from; without it, more would see the activity than did.
    pub(super) fn of(line: &LinkLine, now: DateTime<Utc>) -> Result<Option<Self>, Unfit> {
        let is_over = line.expires_at.is_some_and(|expires_at| expires_at <= now);
        if !line.is_open || line.is_locked || is_over {
            return Ok(None);
        }
        let label = line.content.label.as_deref().map(LinkLabel::try_from).transpose();
        let label = label.map_err(|_| UNFIT)?;
        Ok(Some(Self { id: line.link_id, label, expires_at: line.expires_at }))
    }
}

/// The track of a file.
pub(super) fn exact(file: &[u8]) -> Result<ExactTrack, Unfit> {
    let columns = plain::read_field(file);
    columns.map(ExactTrack::new).map_err(|_| Unfit("holds a track that cannot be read"))
}

/// Both in the past, in their order.
pub(super) fn dates(
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> (DateTime<Utc>, DateTime<Utc>) {
    let created_at = past(created_at, now);
    (created_at, past(updated_at, now).max(created_at))
}

/// No later than now, and no earlier than the database knows.
pub(super) fn past(at: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
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
