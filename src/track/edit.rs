//! Changes that an owner makes to a track, recorded or planned.

use std::ops::{Range, RangeInclusive};

use super::columns::{Columns, MISSING, NO_TIME, model_ranges};

/// A track does not grow beyond this by merging.
const POINTS_MAX: usize = super::encode::POINTS_MAX;

/// How merged tracks are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joint {
    /// Nothing lies between them: each keeps its parts.
    Apart,
    /// A straight line leads from each to the next.
    Line,
}

/// The points of a range of indices, as far as there are any.
pub fn crop(columns: &Columns, points: Range<usize>) -> Columns {
    let points: Vec<usize> = (points.start..points.end.min(columns.len())).collect();
    select(columns, &points)
}

/// The points of a span of time, in the unit and from the start that [`Columns::time_ms`] has. A
/// point without a time goes with the one before it, and the first ones with the first that has
/// one.
pub fn crop_to_times(columns: &Columns, span_ms: RangeInclusive<i64>) -> Columns {
    let known = columns.time_ms.iter().copied().find(|&time_ms| time_ms != NO_TIME);
    let mut inside = known.is_some_and(|time_ms| span_ms.contains(&time_ms));
    let mut points = Vec::new();
    for (point, &time_ms) in columns.time_ms.iter().enumerate() {
        if time_ms != NO_TIME {
            inside = span_ms.contains(&time_ms);
        }
        if inside {
            points.push(point);
        }
    }
    select(columns, &points)
}

/// The track up to a point and from that point on. The point belongs to both, so that nothing of
/// the line is lost, unless a part begins with it. `None` if there is nothing to split off.
pub fn split(columns: &Columns, point: usize) -> Option<(Columns, Columns)> {
    if point == 0 || point + 1 >= columns.len() {
        return None;
    }
    let first_end = if columns.part_ends.contains(&point) { point } else { point + 1 };
    Some((crop(columns, 0..first_end), crop(columns, point..columns.len())))
}

/// The tracks one after another, in the order given; `None` if that makes no point or more than a
/// million. What one track has and another lacks, points of the other lack.
pub fn merge(tracks: &[&Columns], joint: Joint) -> Option<Columns> {
    let len: usize = tracks.iter().map(|columns| columns.len()).sum();
    if len == 0 || len > POINTS_MAX {
        return None;
    }
    let fill = |column: fn(&Columns) -> &Vec<i32>| join(tracks, column, MISSING);
    let (mut part_ends, mut marks) = (Vec::new(), Vec::new());
    let mut start = 0;
    for columns in tracks.iter().filter(|columns| !columns.is_empty()) {
        if joint == Joint::Line {
            part_ends.pop_if(|end| *end == start);
        }
        part_ends.extend(columns.part_ends.iter().map(|end| start + end));
        start += columns.len();
        marks.extend(columns.model_marks());
        marks.resize(start, MISSING);
    }
    Some(Columns {
        lat_e7: fill(|columns| &columns.lat_e7),
        lon_e7: fill(|columns| &columns.lon_e7),
        elevation_dm: fill(|columns| &columns.elevation_dm),
        elevation_from_model: model_ranges(&marks),
        time_ms: join(tracks, |columns| &columns.time_ms, NO_TIME),
        heart_rate_bpm: fill(|columns| &columns.heart_rate_bpm),
        cadence_d: fill(|columns| &columns.cadence_d),
        power_w: fill(|columns| &columns.power_w),
        temperature_dc: fill(|columns| &columns.temperature_dc),
        part_ends,
    })
}

/// The track the other way round. It starts at the same time and takes as long between any two
/// points.
pub fn reverse(columns: &Columns) -> Columns {
    fn turn<T: Copy>(column: &[T]) -> Vec<T> {
        column.iter().rev().copied().collect()
    }
    let known = || columns.time_ms.iter().copied().filter(|&time_ms| time_ms != NO_TIME);
    let both_ends_ms = known().min().unwrap_or(0).saturating_add(known().max().unwrap_or(0));
    let mirror = |&time_ms: &i64| {
        if time_ms == NO_TIME { NO_TIME } else { both_ends_ms.saturating_sub(time_ms) }
    };
    let mut part_ends: Vec<usize> =
        columns.parts().map(|part| columns.len() - part.start).collect();
    part_ends.reverse();
    Columns {
        lat_e7: turn(&columns.lat_e7),
        lon_e7: turn(&columns.lon_e7),
        elevation_dm: turn(&columns.elevation_dm),
        elevation_from_model: model_ranges(&turn(&columns.model_marks())),
        time_ms: columns.time_ms.iter().rev().map(mirror).collect(),
        heart_rate_bpm: turn(&columns.heart_rate_bpm),
        cadence_d: turn(&columns.cadence_d),
        power_w: turn(&columns.power_w),
        temperature_dc: turn(&columns.temperature_dc),
        part_ends,
    }
}

/// The track without some of its points, given in any order. The line leads on from the point
/// before to the one after.
pub fn remove(columns: &Columns, points: &[usize]) -> Columns {
    let mut keep = vec![true; columns.len()];
    for &point in points {
        if let Some(keep) = keep.get_mut(point) {
            *keep = false;
        }
    }
    let kept: Vec<usize> = (0..columns.len()).filter(|&point| keep[point]).collect();
    select(columns, &kept)
}

/// The track of these points alone, given in ascending order. Parts without any disappear.
pub fn select(columns: &Columns, points: &[usize]) -> Columns {
    fn pick<T: Copy>(column: &[T], points: &[usize]) -> Vec<T> {
        points.iter().filter_map(|&point| column.get(point).copied()).collect()
    }
    let up_to = |end: &usize| points.partition_point(|point| point < end);
    let mut part_ends: Vec<usize> =
        columns.part_ends.iter().map(up_to).filter(|&end| end > 0).collect();
    part_ends.dedup();
    Columns {
        lat_e7: pick(&columns.lat_e7, points),
        lon_e7: pick(&columns.lon_e7, points),
        elevation_dm: pick(&columns.elevation_dm, points),
        elevation_from_model: model_ranges(&pick(&columns.model_marks(), points)),
        time_ms: pick(&columns.time_ms, points),
        heart_rate_bpm: pick(&columns.heart_rate_bpm, points),
        cadence_d: pick(&columns.cadence_d, points),
        power_w: pick(&columns.power_w, points),
        temperature_dc: pick(&columns.temperature_dc, points),
        part_ends,
    }
}

/// One column of all tracks; empty if none has it.
fn join<T: Copy>(tracks: &[&Columns], column: impl Fn(&Columns) -> &Vec<T>, lacking: T) -> Vec<T> {
    if tracks.iter().all(|columns| column(columns).is_empty()) {
        return Vec::new();
    }
    let mut joined = Vec::new();
    for columns in tracks {
        let end = joined.len() + columns.len();
        joined.extend_from_slice(column(columns));
        joined.resize(end, lacking);
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cropping_keeps_parts_apart() {
        let cropped = crop(&track(), 2..5);
        assert_eq!((cropped.lat_e7, cropped.part_ends), (vec![2, 3, 4], vec![1, 3]));
        assert!(crop(&track(), 7..900).is_empty());
    }

    #[test]
    fn cropping_to_times_takes_points_without_time_along() {
        let columns = Columns { time_ms: vec![NO_TIME, 1, 2, NO_TIME, 4, 5], ..track() };
        assert_eq!(crop_to_times(&columns, 2..=4).lat_e7, [2, 3, 4]);
        assert_eq!(crop_to_times(&columns, 0..=1).lat_e7, [0, 1]);
        assert!(crop_to_times(&Columns { time_ms: Vec::new(), ..track() }, 0..=9).is_empty());
    }

    #[test]
    fn a_split_loses_nothing_of_the_line() {
        let (first, second) = split(&track(), 1).unwrap();
        assert_eq!((first.lat_e7, second.lat_e7), (vec![0, 1], vec![1, 2, 3, 4, 5]));
        let (first, second) = split(&track(), 3).unwrap();
        assert_eq!((first.lat_e7, second.lat_e7), (vec![0, 1, 2], vec![3, 4, 5]));
        assert!(split(&track(), 0).is_none() && split(&track(), 5).is_none());
        assert!(split(&track(), usize::MAX - 1).is_none());
    }

    #[test]
    fn merging_undoes_a_split_between_parts() {
        let (first, second) = split(&track(), 3).unwrap();
        assert!(merge(&[&first, &second], Joint::Apart) == Some(track()));
        assert_eq!(merge(&[&first, &second], Joint::Line).unwrap().part_ends, [6]);
    }

    #[test]
    fn a_column_that_one_track_lacks_is_filled_up() {
        let bare = Columns { time_ms: Vec::new(), heart_rate_bpm: Vec::new(), ..track() };
        let merged = merge(&[&bare, &track()], Joint::Apart).unwrap();
        assert_eq!(
            merged.heart_rate_bpm[..7],
            [MISSING, MISSING, MISSING, MISSING, MISSING, MISSING, 100]
        );
        assert_eq!(merged.time_ms[5..7], [NO_TIME, 0]);
        assert!(merged.power_w.is_empty());
    }

    #[test]
    fn merging_nothing_or_too_much_is_refused() {
        assert!(merge(&[], Joint::Line).is_none());
        let half = Columns {
            lat_e7: vec![0; POINTS_MAX / 2 + 1],
            lon_e7: vec![0; POINTS_MAX / 2 + 1],
            part_ends: vec![POINTS_MAX / 2 + 1],
            ..Columns::default()
        };
        assert!(merge(&[&half, &half], Joint::Line).is_none());
    }

    #[test]
    fn a_reversed_track_starts_at_the_same_time() {
        let columns = Columns {
            time_ms: vec![10, 11, NO_TIME, 13, 20, 30],
            part_ends: vec![2, 6],
            ..track()
        };
        let reversed = reverse(&columns);
        assert_eq!(reversed.lat_e7, [5, 4, 3, 2, 1, 0]);
        assert_eq!(reversed.time_ms, [10, 20, 27, NO_TIME, 29, 30]);
        assert_eq!(reversed.part_ends, [4, 6]);
        assert!(reverse(&reversed) == columns);
    }

    #[test]
    fn removing_points_closes_the_line() {
        let removed = remove(&track(), &[4, 1, 4, 99]);
        assert_eq!((removed.lat_e7, removed.part_ends), (vec![0, 2, 3, 5], vec![2, 4]));
        assert_eq!(remove(&track(), &[0, 1, 2]).part_ends, [3]);
    }

    #[test]
    fn which_elevations_are_a_models_is_kept() {
        let columns = Columns {
            elevation_dm: vec![70; 6],
            elevation_from_model: vec![1..3, 5..6],
            ..track()
        };
        assert_eq!(crop(&columns, 2..6).elevation_from_model, [0..1, 3..4]);
        assert_eq!(reverse(&columns).elevation_from_model, [0..1, 3..5]);
        assert_eq!(remove(&columns, &[3, 4]).elevation_from_model, [Range { start: 1, end: 4 }]);
        let merged = merge(&[&track(), &columns, &track()], Joint::Apart).unwrap();
        assert_eq!(merged.elevation_from_model, [7..9, 11..12]);
        assert!(reverse(&reverse(&columns)) == columns);
    }

    /// Two parts of three points.
    fn track() -> Columns {
        Columns {
            lat_e7: (0..6).collect(),
            lon_e7: vec![0; 6],
            time_ms: (0..6).collect(),
            heart_rate_bpm: vec![100; 6],
            part_ends: vec![3, 6],
            ..Columns::default()
        }
    }
}
