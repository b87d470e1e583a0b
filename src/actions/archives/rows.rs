//! Rows as lines of an archive: their fields have the names of the columns.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::actions::{Error, Service};
use crate::archive::Kind;
use crate::db::identity::{SessionPosition, SessionRow};
use crate::db::vault::{Activity, LogEntry, LogPosition, Photo};
use crate::domain::AccountId;

/// The most lines of a page.
const PAGE_LINES: usize = 1_000;

/// After which row a page begins.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct Cursor {
    pub(super) at: DateTime<Utc>,
    pub(super) id: Uuid,
}

/// A page of rows.
pub(super) struct Rows {
    pub(super) lines: Vec<Value>,
    pub(super) next: Option<Cursor>,
}

impl Service {
    /// A page of the rows of one kind. Activities and what hangs on them come another way.
    pub(super) async fn rows(
        &self,
        account: AccountId,
        kind: Kind,
        after: Option<Cursor>,
        now: DateTime<Utc>,
    ) -> Result<Rows, Error> {
        match kind {
            Kind::Sessions => {
                let after = after
                    .map(|Cursor { at, id }| SessionPosition { last_used_at: at, id: id.into() });
                let found = self.db.sessions(account, after, PAGE_LINES, now).await?;
                let line = |session: SessionRow| {
                    json!({
                        "account_id": account,
                        "session_id": session.id,
                        "device": session.device,
                        "created_at": session.created_at,
                        "rotated_at": session.last_used_at,
                        "expires_at": session.expires_at,
                    })
                };
                let next =
                    found.next.map(|next| Cursor { at: next.last_used_at, id: next.id.into() });
                Ok(Rows { lines: found.items.into_iter().map(line).collect(), next })
            }
            Kind::AccessLog => {
                let after = after.map(|Cursor { at, id }| LogPosition { at, id: id.into() });
                let found = self.db.access_log(account, after, PAGE_LINES).await?;
                let line = |entry: LogEntry| {
                    json!({
                        "account_id": account,
                        "at": entry.at,
                        "entry_id": entry.id,
                        "content": entry.access,
                    })
                };
                let next = found.next.map(|next| Cursor { at: next.at, id: next.id.into() });
                Ok(Rows { lines: found.items.into_iter().map(line).collect(), next })
            }
            Kind::Zones => {
                let zones = self.db.zones(account).await?.into_iter().map(|zone| {
                    let place = &zone.place;
                    json!({
                        "account_id": account,
                        "zone_id": zone.id,
                        "content": {
                            "label": place.label,
                            "position": [place.position.longitude(), place.position.latitude()],
                            "radius_m": place.radius.metres(),
                        },
                        "created_at": zone.created_at,
                        "updated_at": zone.updated_at,
                    })
                });
                Ok(Rows { lines: zones.collect(), next: None })
            }
            Kind::Pictures => {
                let picture = self.db.own_picture(account).await?;
                let line = |picture: Vec<u8>| json!({ "member_id": account, "picture": BASE64.encode(picture) });
                Ok(Rows { lines: picture.into_iter().map(line).collect(), next: None })
            }
            Kind::Account
            | Kind::Blocks
            | Kind::Communities
            | Kind::Memberships
            | Kind::MembershipRequests
            | Kind::Consents
            | Kind::Reviews
            | Kind::Archives
            | Kind::Activities
            | Kind::Photos
            | Kind::Links
            | Kind::Shares => Ok(Rows { lines: self.db.rows_of(account, kind).await?, next: None }),
        }
    }
}

/// An activity as a line.
pub(super) fn activity_line(activity: &Activity) -> Value {
    let details = &activity.details;
    json!({
        "account_id": activity.owner,
        "activity_id": activity.id,
        "kind": activity.kind,
        "sport": activity.sport,
        "visibility": activity.visibility,
        "published_until": activity.published_until,
        "started_at": activity.started_at,
        "distance_m": details.statistics.distance_m,
        "moving_s": details.statistics.moving_s,
        "details": {
            "title": details.title,
            "title_is_chosen": details.title_is_chosen,
            "description": details.description,
            "description_is_chosen": details.description_is_chosen,
            "statistics": details.statistics,
            "flaws": details.flaws,
            "waypoints": details.waypoints,
            "choices": details.choices,
            "digest": hex(&details.digest),
        },
        "created_at": activity.created_at,
        "updated_at": activity.updated_at,
    })
}

/// A photo as a line, with its place among those of its activity.
pub(super) fn photo_line(rank: usize, photo: &Photo) -> Value {
    let details = &photo.details;
    let position = details.position.map(|place| [place.longitude(), place.latitude()]);
    json!({
        "account_id": photo.owner,
        "photo_id": photo.id,
        "activity_id": photo.activity,
        "rank": rank,
        "is_cover": photo.is_cover,
        "details": {
            "caption": details.caption,
            "alternative_text": details.alternative_text,
            "taken_at": details.taken_at,
            "clock": details.clock,
            "position": position,
            "position_source": details.position_source,
        },
        "created_at": photo.created_at,
        "updated_at": photo.updated_at,
    })
}

/// Lines of JSON, each ended.
#[derive(Default)]
pub(super) struct Lines {
    /// The file.
    pub(super) bytes: Vec<u8>,
    /// How many there are.
    pub(super) count: u64,
}

impl Lines {
    /// Adds one.
    pub(super) fn add(&mut self, line: &Value) {
        self.bytes.extend_from_slice(line.to_string().as_bytes());
        self.bytes.push(b'\n');
        self.count += 1;
    }
}

impl FromIterator<Value> for Lines {
    fn from_iter<I: IntoIterator<Item = Value>>(lines: I) -> Self {
        let mut all = Self::default();
        for line in lines {
            all.add(&line);
        }
        all
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a text cannot fail.
        let _written = write!(text, "{byte:02x}");
        text
    })
}
