//! Other lines made of a line as its owner asks: cropped, turned round, thinned, split, merged; and when they begin.

use std::ops::RangeInclusive;

use chrono::{DateTime, TimeDelta, Utc};

use super::columns::NO_TIME;
use super::{Columns, edit};
use crate::domain::{Invalid, Kind};

/// How an owner changes a line.
#[derive(Clone)]
pub enum Reshape {
    /// What lies outside is taken off.
    Crop(Span),
    /// The other way round; for plans.
    Reverse,
    /// Some points are taken out, by their indices; the line leads on over the gaps.
    Remove(Vec<usize>),
}

/// A stretch of a line, both ends included.
#[derive(Clone)]
pub enum Span {
    /// By the indices of its points, counted from 0.
    Points(RangeInclusive<usize>),
    /// By the seconds since the first time.
    Seconds(RangeInclusive<f64>),
}

/// A place on a line.
#[derive(Clone, Copy)]
pub enum SplitPlace {
    /// At a point, by its index counted from 0.
    Point(usize),
    /// At the first point so many seconds after the first time or later.
    Second(f64),
}

impl Reshape {
    /// The line that this makes of `columns`; it has a point at least.
    pub fn of(&self, columns: &Columns, kind: Kind) -> Result<Columns, Invalid> {
        let (reshaped, field) = match self {
            Self::Crop(Span::Points(span)) => {
                if columns.len() <= *span.end() {
                    return Err(Invalid { field: "to_index", reason: "must be a point of it" });
                }
                (edit::crop(columns, *span.start()..span.end() + 1), "from_index")
            }
            Self::Crop(Span::Seconds(span)) => {
                let at_ms = |after_s| time_ms(columns, after_s, "from_s");
                let span_ms = at_ms(*span.start())?..=at_ms(*span.end())?;
                (edit::crop_to_times(columns, span_ms), "from_s")
            }
            Self::Reverse => match kind {
                Kind::Planned => (edit::reverse(columns), "kind"),
                Kind::Recorded => {
                    return Err(Invalid { field: "kind", reason: "must be planned for this" });
                }
            },
            Self::Remove(points) => {
                if points.iter().any(|point| columns.len() <= *point) {
                    return Err(Invalid { field: "indices", reason: "must be points of it" });
                }
                (edit::remove(columns, points), "indices")
            }
        };
        if reshaped.is_empty() {
            return Err(Invalid { field, reason: "must leave a point" });
        }
        Ok(reshaped)
    }
}

/// The line up to a place and from there on.
pub fn split(columns: &Columns, at: SplitPlace) -> Result<(Columns, Columns), Invalid> {
    let (point, field) = match at {
        SplitPlace::Point(point) => (point, "at_index"),
        SplitPlace::Second(after_s) => {
            let at_ms = time_ms(columns, after_s, "at_s")?;
            let reached = |time: &i64| *time != NO_TIME && at_ms <= *time;
            let point = columns.time_ms.iter().position(reached);
            (point.unwrap_or(columns.len()), "at_s")
        }
    };
    let reason = "must lie between the first and the last point";
    edit::split(columns, point).ok_or(Invalid { field, reason })
}

/// Two lines of a kind as one: recordings in the order of their times, with nothing between them;
/// plans in the order given, with a straight line between them.
pub fn merge(first: &Columns, second: &Columns, kind: Kind) -> Result<Columns, Invalid> {
    let invalid = |reason| Invalid { field: "with", reason };
    let (joint, lines) = match kind {
        Kind::Planned => (edit::Joint::Line, [first, second]),
        Kind::Recorded => match times_ms(first).zip(times_ms(second)) {
            None => (edit::Joint::Apart, [first, second]),
            Some(((_, end_ms), (start_ms, _))) if end_ms <= start_ms => {
                (edit::Joint::Apart, [first, second])
            }
            Some(((start_ms, _), (_, end_ms))) if end_ms <= start_ms => {
                (edit::Joint::Apart, [second, first])
            }
            Some(_) => return Err(invalid("must not have been recorded at the same time")),
        },
    };
    edit::merge(&lines, joint).ok_or(invalid("must not make more than 1,000,000 points"))
}

/// When a line begins that was made of another: as much later as its first time is. What the times of
/// the one before told is told no more when there are none left.
pub fn start(
    started_at: Option<DateTime<Utc>>,
    before: &Columns,
    after: &Columns,
) -> Option<DateTime<Utc>> {
    let Some((after_ms, _)) = times_ms(after) else { return given(started_at, before) };
    let later_ms = match times_ms(before) {
        Some((before_ms, _)) => after_ms.saturating_sub(before_ms),
        None => 0,
    };
    let started_at = started_at?;
    TimeDelta::try_milliseconds(later_ms)
        .and_then(|later| started_at.checked_add_signed(later))
        .or(Some(started_at))
}

/// When a line began in the words of its owner: unless that is what its times tell.
pub fn given(started_at: Option<DateTime<Utc>>, columns: &Columns) -> Option<DateTime<Utc>> {
    let told_ms = times_ms(columns).map(|(first_ms, _)| first_ms);
    started_at.filter(|started_at| told_ms != Some(started_at.timestamp_millis()))
}

/// The first and the last time of a line.
fn times_ms(columns: &Columns) -> Option<(i64, i64)> {
    let known = || columns.time_ms.iter().copied().filter(|time_ms| *time_ms != NO_TIME);
    known().next().zip(known().next_back())
}

/// The time so many seconds after the first one, as the line has it.
fn time_ms(columns: &Columns, after_s: f64, field: &'static str) -> Result<i64, Invalid> {
    let (first_ms, _) =
        times_ms(columns).ok_or(Invalid { field, reason: "needs a track with times" })?;
    #[expect(clippy::cast_possible_truncation, reason = "a cast saturates")]
    let after_ms = (after_s * 1_000.0).round() as i64;
    Ok(first_ms.saturating_add(after_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stretch_is_given_by_points_or_by_seconds() {
        let columns = walk(10, 1_000);
        let points = Reshape::Crop(Span::Points(2..=5)).of(&columns, Kind::Recorded);
        let seconds = Reshape::Crop(Span::Seconds(2.0..=5.0)).of(&columns, Kind::Recorded);
        assert!(points == seconds);
        assert_eq!(points.unwrap().lat_e7, [2, 3, 4, 5]);
        let timeless = Columns { time_ms: Vec::new(), ..columns };
        let faults = [
            Span::Points(2..=10),
            Span::Points(RangeInclusive::new(6, 5)),
            Span::Seconds(0.0..=1.0),
        ]
        .map(|span| Reshape::Crop(span).of(&timeless, Kind::Recorded).unwrap_err().field);
        assert_eq!(faults, ["to_index", "from_index", "from_s"]);
    }

    #[test]
    fn only_plans_are_turned_round_and_a_point_is_always_left() {
        let columns = walk(3, 0);
        assert!(Reshape::Reverse.of(&columns, Kind::Planned).is_ok());
        for (reshape, field) in [
            (Reshape::Reverse, "kind"),
            (Reshape::Remove(vec![0, 1, 2]), "indices"),
            (Reshape::Remove(vec![3]), "indices"),
        ] {
            assert_eq!(reshape.of(&columns, Kind::Recorded).unwrap_err().field, field);
        }
    }

    #[test]
    fn recordings_are_merged_in_the_order_of_their_times() {
        let (early, late) = (walk(3, 0), walk(3, 60_000));
        assert!(merge(&early, &late, Kind::Recorded) == merge(&late, &early, Kind::Recorded));
        assert_eq!(merge(&late, &early, Kind::Recorded).unwrap().time_ms[0], 0);
        assert_eq!(merge(&late, &early, Kind::Planned).unwrap().time_ms[0], 60_000);
        assert_eq!(merge(&early, &walk(3, 1_000), Kind::Recorded).unwrap_err().field, "with");
    }

    #[test]
    fn a_line_is_split_at_the_first_point_that_is_late_enough() {
        let (first, second) = split(&walk(10, 500), SplitPlace::Second(3.5)).unwrap();
        assert_eq!((first.len(), second.len()), (5, 6));
        assert_eq!(split(&walk(10, 0), SplitPlace::Second(9.0)).unwrap_err().field, "at_s");
        assert_eq!(split(&walk(10, 0), SplitPlace::Point(0)).unwrap_err().field, "at_index");
    }

    #[test]
    fn the_start_moves_as_the_first_time_does() {
        let given = DateTime::from_timestamp(1_000, 0);
        let later = DateTime::from_timestamp(1_060, 0);
        assert_eq!(start(given, &walk(3, 0), &walk(3, 60_000)), later);
        assert_eq!(start(given, &Columns::default(), &walk(3, 60_000)), given);
        assert_eq!(start(None, &walk(3, 0), &walk(3, 60_000)), None);
    }

    #[test]
    fn a_start_that_times_told_goes_with_them() {
        let (told, given) = (DateTime::from_timestamp(60, 0), DateTime::from_timestamp(1_000, 0));
        let timeless = Columns { time_ms: Vec::new(), ..walk(3, 0) };
        assert_eq!(start(told, &walk(3, 60_000), &timeless), None);
        assert_eq!(start(given, &walk(3, 60_000), &timeless), given);
        assert_eq!(start(told, &timeless, &timeless), told);
    }

    /// A point each second.
    fn walk(len: i32, start_ms: i64) -> Columns {
        let count = usize::try_from(len).unwrap();
        Columns {
            lat_e7: (0..len).collect(),
            lon_e7: vec![0; count],
            time_ms: (0..i64::from(len)).map(|second| start_ms + 1_000 * second).collect(),
            part_ends: vec![count],
            ..Columns::default()
        }
    }
}
