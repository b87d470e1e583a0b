//! When and where a picture was taken, as its camera says: for its owner alone. What cannot be is
//! taken as not said.

use std::io::Cursor;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use exif::{Exif, Field, In, Rational, Reader, Tag, Value};
use image::metadata::Orientation;

use crate::domain::Position;

/// No consumer camera took a picture before.
const YEAR_MIN: i32 = 1990;
/// Clocks are off by some, and the zone that one is in may be ahead.
const AHEAD_MAX: TimeDelta = TimeDelta::hours(24);
/// Zones lie at most so far from UTC.
const OFFSET_MAX: TimeDelta = TimeDelta::hours(14);
/// And on quarters of an hour.
const OFFSET_STEP_MIN: i64 = 15;
/// How far a clock may differ from that of the satellites and still tell its zone.
const OFFSET_SLACK: TimeDelta = TimeDelta::minutes(5);

/// The length of a time as cameras write it.
const CLOCK_BYTES: usize = 19;

/// When and where a picture was taken, as far as its camera says.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Taken {
    /// The moment, where the zone is known.
    pub at: Option<DateTime<Utc>>,
    /// What the clock of the camera showed.
    pub clock: Option<NaiveDateTime>,
    /// The place.
    pub position: Option<Position>,
}

impl Taken {
    /// Reads it from a file. Nothing after `now` is believed.
    pub fn read(file: &[u8], now: DateTime<Utc>) -> Self {
        let Some(exif) = read(file) else { return Self::default() };
        let is_sound =
            |time: &NaiveDateTime| YEAR_MIN <= time.year() && *time <= now.naive_utc() + AHEAD_MAX;
        let said = [Tag::DateTimeOriginal, Tag::DateTimeDigitized]
            .into_iter()
            .find_map(|tag| read_clock(text(&exif, tag)?))
            .filter(|(clock, _)| is_sound(clock));
        let satellites = satellites(&exif).filter(is_sound);
        let clock = said.map(|(clock, _)| clock);
        let offset = said.and_then(|(clock, offset)| {
            offset.or_else(|| stated_offset(&exif)).or_else(|| offset_between(clock, satellites?))
        });
        let at = match (clock, offset) {
            (Some(clock), Some(offset)) => clock.checked_sub_signed(offset).filter(is_sound),
            // A clock that says something else than the satellites is not set.
            (Some(_), None) => None,
            (None, _) => satellites,
        };
        Self { at: at.map(|at| at.and_utc()), clock, position: position(&exif) }
    }
}

/// How a picture is to be turned to stand upright.
pub(super) fn orientation(file: &[u8]) -> Orientation {
    let orientation = read(file).and_then(|exif| {
        let value = exif.get_field(Tag::Orientation, In::PRIMARY)?.value.get_uint(0)?;
        Orientation::from_exif(u8::try_from(value).ok()?)
    });
    orientation.unwrap_or(Orientation::NoTransforms)
}

/// The fields that can be read, whatever others cannot.
fn read(file: &[u8]) -> Option<Exif> {
    let mut reader = Reader::new();
    reader.continue_on_error(true);
    let read = reader.read_from_container(&mut Cursor::new(file));
    read.or_else(|error| error.distill_partial_result(|_| ())).ok()
}

fn text(exif: &Exif, tag: Tag) -> Option<&[u8]> {
    match &exif.get_field(tag, In::PRIMARY)?.value {
        Value::Ascii(texts) => texts.first().map(Vec::as_slice),
        _ => None,
    }
}

/// `2026:05:30 07:00:00`; behind it some write a zone, as in ISO 8601.
fn read_clock(text: &[u8]) -> Option<(NaiveDateTime, Option<TimeDelta>)> {
    let (clock, zone) = text.split_at_checked(CLOCK_BYTES)?;
    let time = exif::DateTime::from_ascii(clock).ok()?;
    let date = NaiveDate::from_ymd_opt(time.year.into(), time.month.into(), time.day.into())?;
    let clock = date.and_hms_opt(time.hour.into(), time.minute.into(), time.second.into())?;
    Some((clock, if zone == b"Z" { Some(TimeDelta::zero()) } else { read_offset(zone) }))
}

/// `+02:00`, as cameras write it since Exif 2.31.
fn stated_offset(exif: &Exif) -> Option<TimeDelta> {
    let tags = [Tag::OffsetTimeOriginal, Tag::OffsetTimeDigitized, Tag::OffsetTime];
    tags.into_iter().find_map(|tag| read_offset(text(exif, tag)?))
}

fn read_offset(text: &[u8]) -> Option<TimeDelta> {
    let mut time = exif::DateTime::from_ascii(b"2000:01:01 00:00:00").ok()?;
    time.parse_offset(text).ok()?;
    let offset = TimeDelta::minutes(time.offset?.into());
    (offset.abs() <= OFFSET_MAX).then_some(offset)
}

/// The zone of a clock, if it is set: it differs from UTC by quarters of an hour.
fn offset_between(clock: NaiveDateTime, utc: NaiveDateTime) -> Option<TimeDelta> {
    let apart = clock - utc;
    let steps = (apart.num_seconds() + 30 * OFFSET_STEP_MIN).div_euclid(60 * OFFSET_STEP_MIN);
    let offset = TimeDelta::minutes(steps * OFFSET_STEP_MIN);
    let is_set = (apart - offset).abs() <= OFFSET_SLACK && offset.abs() <= OFFSET_MAX;
    is_set.then_some(offset)
}

/// The time of the satellites, which is UTC.
fn satellites(exif: &Exif) -> Option<NaiveDateTime> {
    let date = std::str::from_utf8(text(exif, Tag::GPSDateStamp)?).ok()?;
    let date = NaiveDate::parse_from_str(date.trim_end_matches('\0').trim(), "%Y:%m:%d").ok()?;
    let [hour, minute, second] = rationals(exif.get_field(Tag::GPSTimeStamp, In::PRIMARY)?)?;
    let is_sound = (0.0..24.0).contains(&hour)
        && (0.0..60.0).contains(&minute)
        && (0.0..61.0).contains(&second);
    let second = hour * 3_600.0 + minute * 60.0 + second;
    #[expect(clippy::cast_possible_truncation, reason = "less than a day and a minute")]
    let second = second as i64;
    is_sound.then(|| date.and_time(NaiveTime::MIN) + TimeDelta::seconds(second))
}

fn position(exif: &Exif) -> Option<Position> {
    if text(exif, Tag::GPSStatus).is_some_and(|status| status.starts_with(b"V")) {
        return None;
    }
    let latitude = degrees(exif, Tag::GPSLatitude, Tag::GPSLatitudeRef, [b'N', b'S'])?;
    let longitude = degrees(exif, Tag::GPSLongitude, Tag::GPSLongitudeRef, [b'E', b'W'])?;
    // Where cameras are that know no place.
    if latitude == 0.0 && longitude == 0.0 {
        return None;
    }
    Position::new(longitude, latitude).ok()
}

fn degrees(exif: &Exif, tag: Tag, side: Tag, [plus, minus]: [u8; 2]) -> Option<f64> {
    let [degrees, minutes, seconds] = rationals(exif.get_field(tag, In::PRIMARY)?)?;
    let is_sound = (0.0..=180.0).contains(&degrees)
        && (0.0..=60.0).contains(&minutes)
        && (0.0..=60.0).contains(&seconds);
    let side = text(exif, side)?.first()?.to_ascii_uppercase();
    let sign = [(plus, 1.0), (minus, -1.0)].into_iter().find(|(known, _)| *known == side)?.1;
    is_sound.then_some(sign * (degrees + minutes / 60.0 + seconds / 3_600.0))
}

/// Three numbers; those that are left out are 0.
fn rationals(field: &Field) -> Option<[f64; 3]> {
    let Value::Rational(values) = &field.value else { return None };
    let number = |index: usize| match values.get(index) {
        None if 0 < index => Some(0.0),
        None | Some(Rational { denom: 0, .. }) => None,
        Some(value) => Some(value.to_f64()),
    };
    Some([number(0)?, number(1)?, number(2)?])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> NaiveDateTime {
        NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").unwrap()
    }

    #[test]
    fn a_clock_that_is_set_tells_its_zone() {
        let utc = time("2026-05-30 07:00:00");
        let zone =
            |clock: &str| offset_between(time(clock), utc).map(|offset| offset.num_minutes());
        assert_eq!(zone("2026-05-30 09:00:20"), Some(120));
        assert_eq!(zone("2026-05-30 12:43:00"), Some(345));
        assert_eq!(zone("2026-05-29 21:00:00"), Some(-600));
        assert_eq!(zone("2026-05-30 09:07:00"), None);
        assert_eq!(zone("2026-06-02 09:00:00"), None);
    }

    #[test]
    fn a_clock_may_bring_its_zone() {
        let read = |text: &str| {
            let (clock, offset) = read_clock(text.as_bytes())?;
            Some((clock == time("2010-07-11 13:53:00"), offset.map(|offset| offset.num_minutes())))
        };
        assert_eq!(read("2010:07:11 13:53:00"), Some((true, None)));
        assert_eq!(read("2010:07:11 13:53:00+02:00"), Some((true, Some(120))));
        assert_eq!(read("2010:07:11 13:53:00-03:30"), Some((true, Some(-210))));
        assert_eq!(read("2010:07:11 13:53:00Z"), Some((true, Some(0))));
        assert_eq!(read("2010:07:11 13:53:00+99:00"), Some((true, None)));
        for unfit in ["2010:07:11 13:53", "    :  :     :  :  ", "2010:02:31 13:53:00", ""] {
            assert_eq!(read(unfit), None, "{unfit}");
        }
    }

    #[test]
    fn what_is_no_picture_says_nothing() {
        let now = time("2026-06-01 12:00:00").and_utc();
        for file in [&b""[..], b"\xFF\xD8\xFF\xE1\x00\x08Exif\0\0", b"RIFF\0\0\0\0WEBP"] {
            assert_eq!(Taken::read(file, now), Taken::default());
        }
    }
}
