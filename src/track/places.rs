//! Where photos were taken: what a track tells of it, and what others may be told.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::columns::{Columns, ExactTrack, NO_TIME, PER_DEGREE, PublicTrack};
use super::cut::Shade;
use super::cut::place::Place;
use super::waypoints::{Line, NEAR_M};
use crate::domain::{Invalid, Position};

/// A place outside everything hidden, beside the visible line. Only [`cut_places`] makes one; what was
/// stored in the commons comes back through `Deserialize`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PublicPlace([i32; 2]);

/// How far from the nearest point in time a place is still known, in milliseconds.
const NEAREST_MS_MAX: i64 = 5 * 60 * 1_000;
/// Zones are at most so many hours off what the sun says: China has one, and summer adds an hour.
const ZONE_OFF_H_MAX: f64 = 3.5;
/// Zones lie at most so many hours from UTC.
const ZONE_H_MAX: i64 = 14;

impl PublicPlace {
    /// Longitude and latitude in degrees.
    pub fn degrees(&self) -> [f64; 2] {
        let [lat_e7, lon_e7] = self.0;
        [lon_e7, lat_e7].map(|degrees_e7| f64::from(degrees_e7) / PER_DEGREE)
    }
}

/// For each place, what others may be told: it, where `shade` does not cover it and the visible line
/// passes near by. A place off the line is no part of what is shown: perhaps that part of the line was
/// taken off, or the camera had not yet noticed that it was carried elsewhere.
pub fn cut_places(
    places: &[Option<Position>],
    shade: &Shade,
    track: &PublicTrack,
) -> Vec<Option<PublicPlace>> {
    if places.iter().all(Option::is_none) {
        return vec![None; places.len()];
    }
    let line = Line::near(track.columns(), places.len());
    let told = |position: Position| {
        let [lat_e7, lon_e7] = rounded(position);
        let place = Place::new(lat_e7, lon_e7);
        let is_visible = !shade.covers(&place) && line.distance_m(&place) <= NEAR_M;
        is_visible.then_some(PublicPlace([lat_e7, lon_e7]))
    };
    places.iter().map(|position| position.and_then(told)).collect()
}

/// Where a track was at a time: at the point that is nearest in time.
pub fn place_at(track: &ExactTrack, time: DateTime<Utc>) -> Option<Position> {
    let (columns, time_ms) = (track.columns(), time.timestamp_millis());
    let apart_ms = |point_ms: &i64| point_ms.saturating_sub(time_ms).saturating_abs();
    let timed = columns.time_ms.iter().enumerate().filter(|(_, point_ms)| **point_ms != NO_TIME);
    let (index, point_ms) = timed.min_by_key(|(_, point_ms)| apart_ms(point_ms))?;
    if NEAREST_MS_MAX < apart_ms(point_ms) {
        return None;
    }
    at(columns, index).ok()
}

/// The moment at which a clock without a zone showed `clock` along a track: where there is one zone
/// alone, of those in use at that longitude, in which that lies between its start and its end.
pub fn moment_of(track: &ExactTrack, clock: NaiveDateTime) -> Option<DateTime<Utc>> {
    let columns = track.columns();
    let (first_ms, last_ms) = span_ms(columns)?;
    let (longitude, _) = columns.start()?;
    let mut moments = (-ZONE_H_MAX..=ZONE_H_MAX)
        .filter(|hours| {
            #[expect(clippy::cast_precision_loss, reason = "at most 14")]
            let hours = *hours as f64;
            (hours - longitude / 15.0).abs() <= ZONE_OFF_H_MAX
        })
        .map(|hours| (clock - TimeDelta::hours(hours)).and_utc())
        .filter(|moment| (first_ms..=last_ms).contains(&moment.timestamp_millis()));
    moments.next().filter(|_| moments.next().is_none())
}

/// For each photo of a line that is split in two, whether it belongs to the second half: by when it was
/// taken, if the line was under way then; else by where; else by when. What tells neither stays with the
/// first.
pub fn are_of_second(
    photos: &[(Option<DateTime<Utc>>, Option<Position>)],
    first: &Columns,
    second: &Columns,
) -> Vec<bool> {
    let turn_ms = span_ms(first).zip(span_ms(second));
    let by_time = |time: DateTime<Utc>| {
        let ((start_ms, before_ms), (after_ms, end_ms)) = turn_ms?;
        let time_ms = time.timestamp_millis();
        let under_way =
            start_ms.saturating_sub(NEAREST_MS_MAX)..=end_ms.saturating_add(NEAREST_MS_MAX);
        // In a pause between the halves, with the one that is nearer.
        let is_later = after_ms.saturating_sub(time_ms) <= time_ms.saturating_sub(before_ms);
        Some((under_way.contains(&time_ms), is_later))
    };
    let lines = [first, second].map(|half| Line::near(half, photos.len()));
    let by_place = |position: Position| {
        let [lat_e7, lon_e7] = rounded(position);
        let place = Place::new(lat_e7, lon_e7);
        let [first_m, second_m] = lines.each_ref().map(|line| line.distance_m(&place));
        second_m < first_m
    };
    let is_of_second = |(time, position): &(Option<DateTime<Utc>>, Option<Position>)| match (
        time.and_then(by_time),
        position,
    ) {
        (Some((true, is_later)), _) | (Some((false, is_later)), None) => is_later,
        (Some((false, _)) | None, Some(position)) => by_place(*position),
        (None, None) => false,
    };
    photos.iter().map(is_of_second).collect()
}

/// The earliest and the latest time of a line, as it has them.
fn span_ms(columns: &Columns) -> Option<(i64, i64)> {
    let times = || columns.time_ms.iter().copied().filter(|time_ms| *time_ms != NO_TIME);
    times().min().zip(times().max())
}

fn at(columns: &Columns, index: usize) -> Result<Position, Invalid> {
    let degrees = |e7: i32| f64::from(e7) / PER_DEGREE;
    Position::new(degrees(columns.lon_e7[index]), degrees(columns.lat_e7[index]))
}

/// Latitude and longitude in 1e-7 degrees.
fn rounded(position: Position) -> [i32; 2] {
    #[expect(clippy::cast_possible_truncation, reason = "degrees of a position are in range")]
    [position.latitude(), position.longitude()].map(|degrees| (degrees * PER_DEGREE).round() as i32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::track::cut::grid::Grid;
    use crate::track::{Ends, SensorsShown, cut, edit};

    /// A kilometre northwards, a point each 11 m and second from 2026-05-30 07:00 UTC.
    fn track() -> ExactTrack {
        let start_ms = 1_780_124_400_000;
        ExactTrack::new(Columns {
            lat_e7: (0..100).map(|step| 471_000_000 + step * 1_000).collect(),
            lon_e7: vec![85_000_000; 100],
            time_ms: (0..100).map(|step| start_ms + step * 1_000).collect(),
            part_ends: vec![100],
            ..Columns::default()
        })
    }

    fn position(lat_e7: i32, lon_e7: i32) -> Position {
        Position::new(f64::from(lon_e7) / 1e7, f64::from(lat_e7) / 1e7).unwrap()
    }

    #[test]
    fn a_place_in_what_is_hidden_or_off_the_line_is_not_told() {
        let ends = Ends { radius_m: 200.0, grid: Grid::FIXED };
        let shade = Shade::new(&track(), &[], ends);
        let shown = cut(&track(), &[], ends, SensorsShown::None).unwrap().track;
        let [start, middle, aside] = [
            position(471_001_000, 85_000_000),
            position(471_050_000, 85_001_000),
            position(471_050_000, 85_020_000),
        ];
        let told = cut_places(&[Some(start), Some(middle), Some(aside), None], &shade, &shown);
        assert_eq!(told, [None, Some(PublicPlace([471_050_000, 85_001_000])), None, None]);
        // Hidden, though the visible line passes near by.
        let edge = (0..100).map(|step| 471_000_000 + step * 1_000);
        let edge = edge.take_while(|lat_e7| shade.hides(*lat_e7, 85_000_000)).last().unwrap();
        let edge = [Some(position(edge, 85_000_000)), Some(position(edge + 1_000, 85_000_000))];
        let told_there = cut_places(&edge, &shade, &shown);
        assert!(told_there[0].is_none() && told_there[1].is_some());
        let [lon, lat] = told[1].unwrap().degrees();
        assert!((lon - 8.5001).abs() < 1e-9 && (lat - 47.105).abs() < 1e-9);
    }

    #[test]
    fn a_time_tells_the_point_of_the_track() {
        let at = |second: i64| {
            let start = DateTime::from_timestamp_millis(1_780_124_400_000).unwrap();
            place_at(&track(), start + TimeDelta::seconds(second))
        };
        assert!(at(50) == Some(position(471_050_000, 85_000_000)));
        assert!(at(-200) == Some(position(471_000_000, 85_000_000)));
        assert!(at(-400).is_none() && at(1_000).is_none());
    }

    #[test]
    fn a_photo_goes_with_the_half_that_it_was_taken_on() {
        let track = track();
        let (mut first, mut second) = edit::split(track.columns(), 40).unwrap();
        let second_of = |first: &Columns, second: &Columns, photo| {
            are_of_second(&[photo], first, second) == [true]
        };
        let time = |second: i64| {
            Some(DateTime::from_timestamp_millis(1_780_124_400_000 + 1_000 * second).unwrap())
        };
        let [early, late] =
            [20, 80].map(|step| Some(position(471_000_000 + step * 1_000, 85_001_000)));
        for (photo, is_of_second) in [
            ((time(39), None), false),
            ((time(40), None), true),
            // The time goes before the place, which is where the camera last saw a satellite.
            ((time(39), late), false),
            ((time(41), early), true),
            ((None, early), false),
            ((None, late), true),
            // A clock that is off by a day tells less than a place, and more than nothing.
            ((time(86_400), early), false),
            ((time(-86_400), late), true),
            ((time(86_400), None), true),
            ((time(-86_400), None), false),
            ((None, None), false),
        ] {
            let (time, place) = (photo.0, photo.1.is_some());
            assert_eq!(second_of(&first, &second, photo), is_of_second, "{time:?} {place}");
        }
        // An hour of rest between the halves.
        second.time_ms.iter_mut().for_each(|time_ms| *time_ms += 3_600_000);
        assert!(!second_of(&first, &second, (time(600), None)));
        assert!(second_of(&first, &second, (time(3_000), None)));
        // Plans have no times.
        (first.time_ms, second.time_ms) = (Vec::new(), Vec::new());
        assert!(!second_of(&first, &second, (time(80), None)));
        assert!(second_of(&first, &second, (time(20), late)));
    }

    #[test]
    fn a_clock_without_a_zone_is_read_by_the_track() {
        let clock = |text: &str| NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").unwrap();
        let moment = moment_of(&track(), clock("2026-05-30 09:00:30")).unwrap();
        assert_eq!(moment.naive_utc(), clock("2026-05-30 07:00:30"));
        assert_eq!(moment_of(&track(), clock("2026-05-30 09:30:00")), None);
        // Eight hours off the sun: some other day's, or a clock that is not set.
        assert_eq!(moment_of(&track(), clock("2026-05-30 16:00:30")), None);
    }
}
