//! Lists, page by page: a limit, and a cursor that clients hand back as it is.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::problem::Problem;
use crate::db::Slice;
use crate::db::commons::{DayPosition, NamePosition, NearbyPosition, ReviewPosition};
use crate::db::identity::SessionPosition;
use crate::db::vault::{ArchivePosition, BlockPosition, ListPosition, LogPosition};
use crate::domain::{ActivityId, CommunityName, Invalid};

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
    /// At most so many.
    #[param(minimum = 1, maximum = 100, default = 20)]
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
    fn to_bytes(self) -> Vec<u8>;
    /// The place that `bytes` stand for.
    fn from_bytes(bytes: &[u8]) -> Option<Self>;

    /// What a client hands back.
    fn to_text(self) -> String {
        BASE64.encode(self.to_bytes())
    }

    /// Reads what a client handed back.
    fn parse(text: &str) -> Result<Self, Problem> {
        let place = BASE64.decode(text).ok().and_then(|bytes| Self::from_bytes(&bytes));
        place.ok_or_else(|| Invalid { field: "cursor", reason: "is not one that was given" }.into())
    }
}

impl Cursor for ActivityId {
    fn to_bytes(self) -> Vec<u8> {
        Uuid::from(self).as_bytes().to_vec()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Uuid::from_slice(bytes).ok().map(Self::from)
    }
}

impl Cursor for ListPosition {
    fn to_bytes(self) -> Vec<u8> {
        join(self.at.timestamp_micros().to_be_bytes(), self.id.into())
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (at, id) = split(bytes)?;
        let at = DateTime::from_timestamp_micros(i64::from_be_bytes(at))?;
        is_storable(at).then_some(Self { at, id: id.into() })
    }
}

impl Cursor for SessionPosition {
    fn to_bytes(self) -> Vec<u8> {
        join(self.last_used_at.timestamp_micros().to_be_bytes(), self.id.into())
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let ListPosition { at, id } = ListPosition::from_bytes(bytes)?;
        Some(Self { last_used_at: at, id: Uuid::from(id).into() })
    }
}

impl Cursor for NearbyPosition {
    fn to_bytes(self) -> Vec<u8> {
        join(self.distance_m.to_be_bytes(), self.id.into())
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (distance, id) = split(bytes)?;
        let distance_m = f64::from_be_bytes(distance);
        distance_m.is_finite().then_some(Self { distance_m, id: id.into() })
    }
}

impl Cursor for BlockPosition {
    fn to_bytes(self) -> Vec<u8> {
        join(self.at.timestamp_micros().to_be_bytes(), self.id.into())
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let ListPosition { at, id } = ListPosition::from_bytes(bytes)?;
        Some(Self { at, id: Uuid::from(id).into() })
    }
}

impl Cursor for ArchivePosition {
    fn to_bytes(self) -> Vec<u8> {
        join(self.at.timestamp_micros().to_be_bytes(), self.id.into())
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let ListPosition { at, id } = ListPosition::from_bytes(bytes)?;
        Some(Self { at, id: Uuid::from(id).into() })
    }
}

impl Cursor for LogPosition {
    fn to_bytes(self) -> Vec<u8> {
        join(self.at.timestamp_micros().to_be_bytes(), self.id.into())
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let ListPosition { at, id } = ListPosition::from_bytes(bytes)?;
        Some(Self { at, id: Uuid::from(id).into() })
    }
}

impl Cursor for DayPosition {
    fn to_bytes(self) -> Vec<u8> {
        let day = self.day.map_or(NO_DAY, |day| day.num_days_from_ce().into());
        join(day.to_be_bytes(), self.id.into())
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (day, id) = split(bytes)?;
        let id = id.into();
        match i64::from_be_bytes(day) {
            NO_DAY => Some(Self { day: None, id }),
            day => {
                let day = NaiveDate::from_num_days_from_ce_opt(day.try_into().ok()?)?;
                (0..=9_999).contains(&day.year()).then_some(Self { day: Some(day), id })
            }
        }
    }
}

impl Cursor for ReviewPosition {
    fn to_bytes(self) -> Vec<u8> {
        DayPosition { day: Some(self.day), id: Uuid::from(self.id).into() }.to_bytes()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let DayPosition { day, id } = DayPosition::from_bytes(bytes)?;
        Some(Self { day: day?, id: Uuid::from(id).into() })
    }
}

impl Cursor for NamePosition {
    fn to_bytes(self) -> Vec<u8> {
        [self.id.as_bytes(), self.name.as_bytes()].concat()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (id, name) = bytes.split_first_chunk()?;
        let name = String::from_utf8(name.to_vec()).ok()?;
        let fit = name.chars().count() <= NAME_CHARS_MAX && !name.contains(char::is_control);
        fit.then(|| Self { name, id: Uuid::from_bytes(*id) })
    }
}

/// Stands for no day.
const NO_DAY: i64 = i64::MIN;
/// The longest name that a list is sorted by.
const NAME_CHARS_MAX: usize = CommunityName::CHARS_MAX;

fn join(key: [u8; 8], id: Uuid) -> Vec<u8> {
    [key.as_slice(), id.as_bytes()].concat()
}

fn split(bytes: &[u8]) -> Option<([u8; 8], Uuid)> {
    let (key, id) = bytes.split_first_chunk()?;
    Some((*key, Uuid::from_slice(id).ok()?))
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
        for day in [None, NaiveDate::from_ymd_opt(2026, 5, 30)] {
            let place = DayPosition { day, id: ActivityId::random() };
            assert_eq!(DayPosition::parse(&place.to_text()).ok(), Some(place));
        }
        let place = NamePosition { name: "Élan".to_owned(), id: Uuid::new_v4() };
        assert_eq!(NamePosition::parse(&place.clone().to_text()).ok(), Some(place));
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        for text in ["", "x", "////", &"A".repeat(33)] {
            assert!(ListPosition::parse(text).is_err(), "{text}");
        }
        for bytes in [[0; 15].as_slice(), &[0; 17], &[0xff; 20], &[b'a'; 16 + 81]] {
            assert!(NamePosition::parse(&BASE64.encode(bytes)).is_err(), "{bytes:?}");
        }
        let bytes = join(i64::MAX.to_be_bytes(), Uuid::nil());
        assert!(DayPosition::parse(&BASE64.encode(bytes)).is_err());
        let bytes = join(f64::NAN.to_be_bytes(), Uuid::nil());
        assert!(NearbyPosition::parse(&BASE64.encode(bytes)).is_err());
    }
}
