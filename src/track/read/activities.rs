//! Which tracks and routes of a file are one activity.

use super::super::columns::{Columns, ExactTrack, NO_TIME};
use super::super::reading::Recording;
use super::points::append;
use crate::domain::Sport;

/// Devices that split one outing into several tracks leave shorter gaps between them: a long lunch
/// fits in, a night and a day at the office do not.
const GAP_MS_MAX: i64 = 4 * 60 * 60 * 1000;
/// How many points of a route are looked for on a track.
const PROBES: usize = 16;
/// How far from a track a point of the same line may lie.
const SAME_LINE_M: f64 = 100.0;
/// Above this many routes times points, routes are no longer compared with tracks.
const COMPARISONS_MAX: usize = 4_000_000;

/// One track or route of a file.
#[derive(Default)]
pub(super) struct Line {
    pub(super) title: Option<String>,
    pub(super) description: Option<String>,
    pub(super) sport: Option<Sport>,
    pub(super) columns: Columns,
}

/// Puts the lines of a file, none of them empty, together to recordings.
///
/// * Tracks with times are put in their order. One that begins after the end of the one before, by
///   four hours at most, and is not of another sport continues the same activity, as its next part;
///   any other begins an activity of its own.
/// * Tracks without times continue each other if they are of one sport and have the same title, or
///   none, but for a number at its end as in `ACTIVE LOG #2`: titles are what a planner tells
///   routes apart by.
/// * A route is an activity of its own, unless it is the same line as a track of the file: planners
///   write both.
pub(super) fn recordings(tracks: Vec<Line>, mut routes: Vec<Line>) -> Vec<Recording> {
    let points: usize = tracks.iter().map(|track| track.columns.len()).sum();
    if routes.len().saturating_mul(points) <= COMPARISONS_MAX {
        routes.retain(|route| !tracks.iter().any(|track| lies_on(&route.columns, &track.columns)));
    }
    let (mut timed, untimed): (Vec<_>, Vec<_>) =
        tracks.into_iter().partition(|track| span_ms(&track.columns).is_some());
    timed.sort_by_key(|track| span_ms(&track.columns));

    let mut lines: Vec<Line> = Vec::new();
    for track in timed {
        continue_or_begin(&mut lines, track, continues_in_time);
    }
    let mut plans: Vec<Line> = Vec::new();
    for track in untimed {
        continue_or_begin(&mut plans, track, continues_in_title);
    }
    lines.into_iter().chain(plans).chain(routes).map(recording).collect()
}

fn continue_or_begin(lines: &mut Vec<Line>, next: Line, continues: fn(&Line, &Line) -> bool) {
    match lines.last_mut() {
        Some(line) if continues(line, &next) && agree(line.sport, next.sport) => {
            line.title = line.title.take().or(next.title);
            line.description = line.description.take().or(next.description);
            line.sport = line.sport.or(next.sport);
            append(&mut line.columns, next.columns);
        }
        _ => lines.push(next),
    }
}

fn continues_in_time(line: &Line, next: &Line) -> bool {
    let (Some((_, end)), Some((start, _))) = (span_ms(&line.columns), span_ms(&next.columns))
    else {
        return false;
    };
    (0..=GAP_MS_MAX).contains(&start.saturating_sub(end))
}

fn continues_in_title(line: &Line, next: &Line) -> bool {
    unnumbered(line.title.as_deref()) == unnumbered(next.title.as_deref())
}

fn agree(one: Option<Sport>, other: Option<Sport>) -> bool {
    one.is_none() || other.is_none() || one == other
}

/// A title without the number that Garmin's devices put behind the pieces of a track.
fn unnumbered(title: Option<&str>) -> Option<&str> {
    let title = title?.trim();
    match title.rsplit_once(" #") {
        Some((start, number)) if number.bytes().all(|byte| byte.is_ascii_digit()) => Some(start),
        _ => Some(title),
    }
}

/// The first and the last time of a track.
fn span_ms(columns: &Columns) -> Option<(i64, i64)> {
    let is_time = |time: &&i64| **time != NO_TIME;
    let first = columns.time_ms.iter().find(is_time)?;
    let last = columns.time_ms.iter().rfind(is_time)?;
    Some((*first, *last))
}

/// Whether points spread over a route, its ends among them, all lie on a track.
fn lies_on(route: &Columns, track: &Columns) -> bool {
    let last = route.len().saturating_sub(1);
    (0..PROBES).all(|probe| {
        let index = last * probe / (PROBES - 1);
        let position = (route.lat_e7[index], route.lon_e7[index]);
        track
            .parts()
            .any(|part| is_near(position, &track.lat_e7[part.clone()], &track.lon_e7[part]))
    })
}

/// Whether a position is within [`SAME_LINE_M`] of a line, on the plane that touches the earth there.
fn is_near((lat_e7, lon_e7): (i32, i32), lats_e7: &[i32], lons_e7: &[i32]) -> bool {
    const METRES_PER_E7: f64 = 0.011_13;
    let scale_east = METRES_PER_E7 * (f64::from(lat_e7) / 1e7).to_radians().cos();
    let mut from: Option<(f64, f64)> = None;
    lats_e7.iter().zip(lons_e7).any(|(lat, lon)| {
        let north = (f64::from(*lat) - f64::from(lat_e7)) * METRES_PER_E7;
        let east = (f64::from(*lon) - f64::from(lon_e7)) * scale_east;
        let to = (east, north);
        distance_to_segment_m(from.replace(to).unwrap_or(to), to) <= SAME_LINE_M
    })
}

/// How far the origin is from the straight line between two points.
fn distance_to_segment_m((x1, y1): (f64, f64), (x2, y2): (f64, f64)) -> f64 {
    let (dx, dy) = (x2 - x1, y2 - y1);
    let squared = dx * dx + dy * dy;
    let along = if squared == 0.0 { 0.0 } else { (-(x1 * dx + y1 * dy) / squared).clamp(0.0, 1.0) };
    (x1 + along * dx).hypot(y1 + along * dy)
}

/// Makes a recording of one line alone.
pub(super) fn recording(line: Line) -> Recording {
    Recording {
        planned: line.columns.time_ms.is_empty(),
        sport: line.sport,
        title: line.title,
        description: line.description,
        track: ExactTrack::new(line.columns),
        waypoints: Vec::new(),
        flaws: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::points::{Point, Points};
    use super::*;

    const HOUR_MS: i64 = 60 * 60 * 1000;

    fn timed(title: &str, sport: Option<Sport>, start_ms: i64, end_ms: i64) -> Line {
        let mut points = Points::default();
        for time_ms in [start_ms, end_ms] {
            points.push(&Point { time_ms, ..Point::at(0, 0) });
        }
        Line { title: Some(title.into()), sport, columns: points.finish(), description: None }
    }

    fn untimed(title: Option<&str>, positions: &[(i32, i32)]) -> Line {
        let mut points = Points::default();
        for (lat_e7, lon_e7) in positions {
            points.push(&Point::at(*lat_e7, *lon_e7));
        }
        Line { title: title.map(str::to_owned), columns: points.finish(), ..Line::default() }
    }

    fn titles(recordings: &[Recording]) -> Vec<Option<&str>> {
        recordings.iter().map(|recording| recording.title.as_deref()).collect()
    }

    #[test]
    fn pieces_of_one_outing_become_its_parts_in_the_order_of_time() {
        let pieces = vec![
            timed("after lunch", None, 3 * HOUR_MS, 4 * HOUR_MS),
            timed("morning", Some(Sport::Hiking), 0, HOUR_MS),
        ];
        let recordings = recordings(pieces, Vec::new());
        assert_eq!(titles(&recordings), [Some("morning")]);
        assert_eq!(recordings[0].sport, Some(Sport::Hiking));
        assert_eq!(recordings[0].track.columns().part_ends, [2, 4]);
        assert!(!recordings[0].planned);
    }

    #[test]
    fn a_long_gap_another_sport_and_an_overlap_begin_another_activity() {
        let tracks = vec![
            timed("swim", Some(Sport::Swimming), 0, HOUR_MS),
            timed("ride", Some(Sport::Cycling), HOUR_MS, 2 * HOUR_MS),
            timed("a friend's ride", Some(Sport::Cycling), HOUR_MS + 1, 2 * HOUR_MS),
            timed("next day", Some(Sport::Cycling), 24 * HOUR_MS, 25 * HOUR_MS),
        ];
        assert_eq!(recordings(tracks, Vec::new()).len(), 4);
    }

    #[test]
    fn titles_tell_planned_tracks_apart() {
        let tracks = vec![
            untimed(Some("LOG"), &[(0, 0)]),
            untimed(Some("LOG #2"), &[(0, 0)]),
            untimed(Some("Day 2"), &[(0, 0)]),
            untimed(None, &[(0, 0)]),
            untimed(None, &[(0, 0)]),
        ];
        let recordings = recordings(tracks, Vec::new());
        assert_eq!(titles(&recordings), [Some("LOG"), Some("Day 2"), None]);
        assert!(recordings.iter().all(|recording| recording.planned));
    }

    #[test]
    fn a_route_along_a_track_is_not_read_twice() {
        let track = untimed(Some("track"), &[(0, 0), (0, 1_000_000), (500_000, 1_000_000)]);
        let along = untimed(Some("along"), &[(0, 5_000), (1_000, 600_000), (400_000, 1_000_000)]);
        let elsewhere =
            untimed(Some("elsewhere"), &[(0, 0), (500_000, 500_000), (500_000, 1_000_000)]);

        let recordings = recordings(vec![track], vec![along, elsewhere]);
        assert_eq!(titles(&recordings), [Some("track"), Some("elsewhere")]);
    }
}
