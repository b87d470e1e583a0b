//! From what a FIT file holds to its recordings, one for each leg.

use std::ops::Range;

use crate::domain::Sport;
use crate::track::columns::{Columns, ExactTrack, MISSING, NO_TIME};
use crate::track::reading::Recording;

use super::contents::{Contents, Session};

/// The recordings of a file: none where no point has a position.
///
/// A leg takes the points from its start to the start of the next; those before the first start
/// belong to the first. A leg without a point, as the swim in a pool, is left out. The times of a
/// course are a virtual partner's and are dropped.
pub(super) fn recordings(contents: Contents) -> Vec<Recording> {
    let Contents { title, sport, is_course, points, mut sessions, waypoints, .. } = contents;
    let mut columns = points.finish();
    if columns.is_empty() {
        return Vec::new();
    }
    if is_course {
        columns.time_ms = Vec::new();
    }
    let mut recordings = if let [] | [_] = sessions.as_slice() {
        let told = sessions.first().and_then(|session| session.sport);
        vec![recording(columns, told.or(sport))]
    } else {
        sessions.retain(|session| session.start_ms != NO_TIME);
        sessions.sort_by_key(|session| session.start_ms);
        legs(&columns, &sessions)
    };
    if let Some(first) = recordings.first_mut() {
        first.title = title;
        first.waypoints = waypoints;
    }
    recordings
}

fn legs(columns: &Columns, sessions: &[Session]) -> Vec<Recording> {
    let mut start = 0;
    let mut legs = Vec::new();
    for (index, session) in sessions.iter().enumerate() {
        let end = sessions.get(index + 1).map_or(columns.len(), |next| {
            let rest = columns.time_ms.get(start..).unwrap_or_default();
            let points = rest.iter().take_while(|time| **time < next.start_ms).count();
            start + points
        });
        if start < end {
            legs.push(recording(slice(columns, &(start..end)), session.sport));
        }
        start = end;
    }
    legs
}

fn recording(columns: Columns, sport: Option<Sport>) -> Recording {
    Recording {
        planned: columns.time_ms.is_empty(),
        sport,
        title: None,
        description: None,
        track: ExactTrack::new(columns),
        waypoints: Vec::new(),
        flaws: Vec::new(),
    }
}

/// The points of a range, with no column that none of them has a value for.
fn slice(columns: &Columns, range: &Range<usize>) -> Columns {
    let parts = columns.part_ends.iter().filter(|end| range.start < **end);
    let mut part_ends: Vec<usize> = parts.map(|end| (*end).min(range.end) - range.start).collect();
    part_ends.dedup();
    Columns {
        lat_e7: values(&columns.lat_e7, range, MISSING),
        lon_e7: values(&columns.lon_e7, range, MISSING),
        elevation_dm: values(&columns.elevation_dm, range, MISSING),
        elevation_from_model: Vec::new(),
        time_ms: values(&columns.time_ms, range, NO_TIME),
        heart_rate_bpm: values(&columns.heart_rate_bpm, range, MISSING),
        cadence_d: values(&columns.cadence_d, range, MISSING),
        power_w: values(&columns.power_w, range, MISSING),
        temperature_dc: values(&columns.temperature_dc, range, MISSING),
        part_ends,
    }
}

fn values<T: Copy + PartialEq>(column: &[T], range: &Range<usize>, missing: T) -> Vec<T> {
    let values = column.get(range.clone()).unwrap_or_default();
    let some = values.iter().any(|value| *value != missing);
    if some { values.to_vec() } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use crate::track::read::points::{Point, Points};

    use super::*;

    /// Points at 0, 1, 2, … seconds, with a new part after each of `pauses`.
    fn points(count: i32, pauses: &[i32]) -> Points {
        let mut points = Points::default();
        for second in 0..count {
            let power_w = if second == 0 { 200 } else { MISSING };
            points.push(&Point { time_ms: i64::from(second), power_w, ..Point::at(second, 0) });
            if pauses.contains(&second) {
                points.end_part();
            }
        }
        points
    }

    fn session(start_ms: i64, sport: Sport) -> Session {
        Session { start_ms, sport: Some(sport) }
    }

    fn latitudes(recording: &Recording) -> &[i32] {
        &recording.track.columns().lat_e7
    }

    #[test]
    fn each_leg_takes_the_points_from_its_start_to_the_next() {
        let legs = recordings(Contents {
            points: points(6, &[1, 3]),
            sessions: vec![session(3, Sport::Cycling), session(0, Sport::Swimming)],
            ..Contents::default()
        });
        assert_eq!(legs.len(), 2);
        assert_eq!((latitudes(&legs[0]), legs[0].sport), (&[0, 1, 2][..], Some(Sport::Swimming)));
        assert_eq!((latitudes(&legs[1]), legs[1].sport), (&[3, 4, 5][..], Some(Sport::Cycling)));
        assert_eq!(legs[0].track.columns().part_ends, [2, 3]);
        assert_eq!(legs[1].track.columns().part_ends, [1, 3]);
        assert_eq!(legs[0].track.columns().power_w, [200, MISSING, MISSING]);
        assert!(legs[1].track.columns().power_w.is_empty());
    }

    #[test]
    fn a_leg_without_a_point_is_left_out() {
        let sessions = [(0, Sport::Swimming), (0, Sport::Cycling), (9, Sport::Running)];
        let legs = recordings(Contents {
            points: points(6, &[]),
            sessions: sessions.map(|(start_ms, sport)| session(start_ms, sport)).into(),
            ..Contents::default()
        });
        assert_eq!(legs.len(), 1);
        assert_eq!(legs[0].sport, Some(Sport::Cycling));
    }

    #[test]
    fn a_course_is_planned_and_has_no_times() {
        let contents = Contents { points: points(2, &[]), is_course: true, ..Contents::default() };
        let course = &recordings(contents)[0];
        assert!(course.planned);
        assert!(course.track.columns().time_ms.is_empty());
    }
}
