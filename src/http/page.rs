//! Lists, page by page: a limit, and a cursor that clients hand back as it is.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use chrono::{DateTime, Datelike, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::problem::Problem;
use crate::db::Slice;
use crate::db::commons::NearbyPosition;
use crate::db::identity::SessionPosition;
use crate::db::vault::ListPosition;
use crate::domain::Invalid;

/// How many items a page has unless asked otherwise.
pub const LIMIT_DEFAULT: usize = 20;
/// The most items a page has.
pub const LIMIT_MAX: usize = 100;

/// One page of a list.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Page<T> {
    /// What is on it; may be fewer than asked for, even none, while there is a next page.
    pub items: Vec<T>,
    /// Gets the next page; null on the last one.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// What a query found, as a page.
    pub fn of<S, P: Cursor>(found: Slice<S, P>, present: impl Fn(S) -> T) -> Self {
        Self {
            items: found.items.into_iter().map(present).collect(),
            next_cursor: found.next.map(Cursor::to_text),
        }
    }
}

/// Which page of a list.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// At most so many, 1 to 100.
    pub limit: Option<usize>,
    /// From the page before.
    pub cursor: Option<String>,
}

/// The limit that a client asked for.
pub fn limit(asked: Option<usize>) -> Result<usize, Problem> {
    let limit = asked.unwrap_or(LIMIT_DEFAULT);
    if (1..=LIMIT_MAX).contains(&limit) {
        return Ok(limit);
    }
    Err(Invalid { field: "limit", reason: "must be from 1 to 100" }.into())
}

/// Whether the database knows the time: it counts from 4714 BC, and files from 1990.
pub fn is_storable(time: DateTime<Utc>) -> bool {
    (0..=9_999).contains(&time.year())
}

/// A place in a list as a cursor.
pub trait Cursor: Sized {
    /// Its bytes.
    fn to_bytes(self) -> [u8; 24];
    /// The place that `bytes` stand for.
    fn from_bytes(bytes: [u8; 24]) -> Option<Self>;

    /// What a client hands back.
    fn to_text(self) -> String {
        BASE64.encode(self.to_bytes())
    }

    /// Reads what a client handed back.
    fn parse(text: &str) -> Result<Self, Problem> {
        let bytes = BASE64.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
        let place = bytes.and_then(Self::from_bytes);
        place.ok_or_else(|| Invalid { field: "cursor", reason: "is not one that was given" }.into())
    }
}

impl Cursor for ListPosition {
    fn to_bytes(self) -> [u8; 24] {
        join(self.at.timestamp_micros().to_be_bytes(), self.id.into())
    }

    fn from_bytes(bytes: [u8; 24]) -> Option<Self> {
        let (at, id) = split(bytes);
        let at = DateTime::from_timestamp_micros(i64::from_be_bytes(at))?;
        is_storable(at).then_some(Self { at, id: id.into() })
    }
}

impl Cursor for SessionPosition {
    fn to_bytes(self) -> [u8; 24] {
        join(self.last_used_at.timestamp_micros().to_be_bytes(), self.id.into())
    }

    fn from_bytes(bytes: [u8; 24]) -> Option<Self> {
        let ListPosition { at, id } = ListPosition::from_bytes(bytes)?;
        Some(Self { last_used_at: at, id: Uuid::from(id).into() })
    }
}

impl Cursor for NearbyPosition {
    fn to_bytes(self) -> [u8; 24] {
        join(self.distance_m.to_be_bytes(), self.id.into())
    }

    fn from_bytes(bytes: [u8; 24]) -> Option<Self> {
        let (distance, id) = split(bytes);
        let distance_m = f64::from_be_bytes(distance);
        distance_m.is_finite().then_some(Self { distance_m, id: id.into() })
    }
}

fn join(key: [u8; 8], id: Uuid) -> [u8; 24] {
    let mut bytes = [0; 24];
    bytes[..8].copy_from_slice(&key);
    bytes[8..].copy_from_slice(id.as_bytes());
    bytes
}

fn split(bytes: [u8; 24]) -> ([u8; 8], Uuid) {
    let (mut key, mut id) = ([0; 8], [0; 16]);
    key.copy_from_slice(&bytes[..8]);
    id.copy_from_slice(&bytes[8..]);
    (key, Uuid::from_bytes(id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ActivityId;

    #[test]
    fn a_cursor_comes_back_as_it_was() {
        let at = DateTime::from_timestamp_micros(1_800_000_000_123_456).unwrap();
        let place = ListPosition { at, id: ActivityId::random() };
        assert_eq!(ListPosition::parse(&place.to_text()).ok(), Some(place));
        let place = NearbyPosition { distance_m: 1_234.567_8, id: ActivityId::random() };
        assert_eq!(NearbyPosition::parse(&place.to_text()).ok(), Some(place));
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        for text in ["", "x", "////", &"A".repeat(33)] {
            assert!(ListPosition::parse(text).is_err(), "{text}");
        }
        let bytes = join(f64::NAN.to_be_bytes(), Uuid::nil());
        assert!(NearbyPosition::parse(&BASE64.encode(bytes)).is_err());
    }
}
