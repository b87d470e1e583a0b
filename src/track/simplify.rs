//! Fewer points: for maps, previews and charts.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::ops::Range;

use super::columns::{Columns, MISSING, PER_DEGREE};
use super::cut::place::Place;
use super::edit::select;

/// A preview has no more points.
pub const PREVIEW_POINTS_MAX: usize = 200;
/// A line for a map has no more points, or two of each stretch: a tile reads all of every line it meets.
pub const MAP_POINTS_MAX: usize = 20_000;
/// A chart has no more points.
pub const CHART_POINTS_MAX: usize = 1000;

/// Lines are simplified in stretches of so many points, which bounds the work on a shape made to be
/// slow: it grows with the square of this, not of the track.
const STRETCH_POINTS: usize = 1024;

/// Metres that a pixel of a 256 pixel tile covers at the equator in zoom level 0.
const PIXEL_M: f64 = 156_543.033_928;
/// An error of half a pixel is not seen.
const ERROR_PIXELS: f64 = 0.5;
/// Web maps end here, in degrees of latitude.
const MAP_LATITUDE_MAX: f64 = 85.051_129;

/// Leaves out points from which the line then strays by at most `tolerance_m` metres (Douglas and
/// Peucker, 1973). Ends of parts stay, and at most one point in 1,024 that could go.
pub fn simplify(columns: &Columns, tolerance_m: f64) -> Columns {
    simplify_to(columns, tolerance_m, usize::MAX)
}

fn simplify_to(columns: &Columns, tolerance_m: f64, points_max: usize) -> Columns {
    let stretches = columns.parts().flat_map(|part| {
        let end = part.end;
        let step = STRETCH_POINTS - 1;
        part.step_by(step).map(move |start| start..(start + STRETCH_POINTS).min(end))
    });
    let mut kept = thin(&places(columns), stretches, points_max, tolerance_m);
    kept.dedup();
    select(columns, &kept)
}

/// Leaves out what is not seen on a web map of zoom level `zoom`: what strays by less than half a
/// pixel where the track is nearest to a pole. Of more than [`MAP_POINTS_MAX`] that are seen those are kept that a
/// line would miss most.
pub fn simplify_for_zoom(columns: &Columns, zoom: u8) -> Columns {
    let furthest_e7 = columns.lat_e7.iter().map(|lat_e7| lat_e7.unsigned_abs()).max().unwrap_or(0);
    let furthest = (f64::from(furthest_e7) / PER_DEGREE).min(MAP_LATITUDE_MAX);
    let pixel_m = PIXEL_M * furthest.to_radians().cos() / 2_f64.powi(zoom.into());
    simplify_to(columns, pixel_m * ERROR_PIXELS, MAP_POINTS_MAX)
}

/// The points, at most [`PREVIEW_POINTS_MAX`], that show the shape best: the point that a line
/// misses most is put in until there are enough. Of more parts than have room the widest stay.
pub fn preview(columns: &Columns) -> Columns {
    let places = places(columns);
    let mut parts: Vec<Range<usize>> = columns.parts().collect();
    if parts.len() > PREVIEW_POINTS_MAX / 2 {
        let width_m = |part: &Range<usize>| {
            part.clone()
                .map(|point| places[part.start].distance_m(&places[point]))
                .fold(0.0, f64::max)
        };
        parts.sort_by(|left, right| width_m(right).total_cmp(&width_m(left)));
        parts.truncate(PREVIEW_POINTS_MAX / 2);
        parts.sort_by_key(|part| part.start);
    }
    select(columns, &thin(&places, parts.into_iter(), PREVIEW_POINTS_MAX, 0.0))
}

/// Which of `len` points to draw in a chart of several series, at most [`CHART_POINTS_MAX`] of
/// them: the first and last, and of each of equally many points those with the least and the
/// greatest value of each series.
///
/// So every extreme that statistics tell is on the chart, and all series share their points, which
/// the largest triangles (Steinarsson, 2013) give for one series only, and without the promise. A
/// series is as long as the track, with [`MISSING`] where it has no value, or empty.
pub fn chart(len: usize, series: &[&[i32]]) -> Vec<usize> {
    if len <= CHART_POINTS_MAX {
        return (0..len).collect();
    }
    let series: Vec<_> = series.iter().filter(|values| values.len() == len).collect();
    let of_each = 2 * series.len().max(1);
    let buckets = ((CHART_POINTS_MAX - 2) / of_each).max(1);
    let mut points = vec![0, len - 1];
    for bucket in 0..buckets {
        let range = bucket * len / buckets..(bucket + 1) * len / buckets;
        if series.is_empty() {
            points.push(range.start);
        }
        for values in &series {
            let known = || range.clone().filter(|&point| values[point] != MISSING);
            points.extend(known().min_by_key(|&point| values[point]));
            points.extend(known().max_by_key(|&point| values[point]));
        }
    }
    points.sort_unstable();
    points.dedup();
    points.truncate(CHART_POINTS_MAX);
    points
}

/// A line that stands for the points between its ends, and the one that it misses most.
struct Line {
    first: usize,
    last: usize,
    furthest: usize,
    error_m: f64,
}

/// The points to keep, in order: the ends of each range, then the worst missed ones, until no line
/// misses one by more than `tolerance_m` or there are `points_max`.
fn thin(
    places: &[Place],
    ranges: impl Iterator<Item = Range<usize>>,
    points_max: usize,
    tolerance_m: f64,
) -> Vec<usize> {
    let mut kept = Vec::new();
    let mut lines = BinaryHeap::new();
    let add = |lines: &mut BinaryHeap<Line>, first, last| {
        let line = Line::new(places, first, last);
        if line.error_m > tolerance_m {
            lines.push(line);
        }
    };
    for range in ranges.filter(|range| !range.is_empty()) {
        let last = range.end - 1;
        kept.push(range.start);
        if last > range.start {
            kept.push(last);
            add(&mut lines, range.start, last);
        }
    }
    while kept.len() < points_max
        && let Some(line) = lines.pop()
    {
        kept.push(line.furthest);
        add(&mut lines, line.first, line.furthest);
        add(&mut lines, line.furthest, line.last);
    }
    kept.sort_unstable();
    kept
}

fn places(columns: &Columns) -> Vec<Place> {
    columns
        .lat_e7
        .iter()
        .zip(&columns.lon_e7)
        .map(|(&lat_e7, &lon_e7)| Place::new(lat_e7, lon_e7))
        .collect()
}

impl Line {
    fn new(places: &[Place], first: usize, last: usize) -> Self {
        let mut line = Self { first, last, furthest: first, error_m: 0.0 };
        for (between, place) in places[first..last].iter().enumerate().skip(1) {
            let error_m = place.distance_to_line_m(&places[first], &places[last]);
            if error_m > line.error_m {
                (line.furthest, line.error_m) = (first + between, error_m);
            }
        }
        line
    }
}

/// By error, then by place, so that the order never depends on anything else.
impl Ord for Line {
    fn cmp(&self, other: &Self) -> Ordering {
        self.error_m.total_cmp(&other.error_m).then(other.first.cmp(&self.first))
    }
}

impl PartialOrd for Line {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Line {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Line {}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_point_left_out_lies_further_from_the_line(ways in vec((-500..500_i32, -500..500_i32), 1..3000), tolerance_m in 0.0..300.0_f64) {
            let columns = walk(&ways);
            let simple = simplify(&columns, tolerance_m);
            let (all, kept) = (places(&columns), places(&simple));
            let indices: Vec<usize> = simple.time_ms.iter().map(|&index| usize::try_from(index).unwrap()).collect();
            prop_assert_eq!(indices[0], 0);
            prop_assert_eq!(indices[indices.len() - 1], columns.len() - 1);
            for (line, ends) in indices.windows(2).zip(kept.windows(2)) {
                for place in &all[line[0]..line[1]] {
                    prop_assert!(place.distance_to_line_m(&ends[0], &ends[1]) <= tolerance_m);
                }
            }
        }

        #[test]
        fn a_chart_has_every_extreme(values in vec(prop_oneof![9 => -500..500_i32, 1 => Just(MISSING)], 1..5000), other in any::<i32>()) {
            let others: Vec<i32> = values.iter().map(|value| value.wrapping_mul(other | 1)).collect();
            let points = chart(values.len(), &[&values, &others, &[]]);
            prop_assert!(points.len() <= CHART_POINTS_MAX && points.is_sorted_by(|point, next| point < next));
            for series in [&values, &others] {
                let known = |value: &i32| *value != MISSING;
                let drawn: Vec<i32> = points.iter().map(|&point| series[point]).filter(known).collect();
                prop_assert_eq!(drawn.iter().min(), series.iter().filter(|&value| known(value)).min());
                prop_assert_eq!(drawn.iter().max(), series.iter().filter(|&value| known(value)).max());
            }
        }

        #[test]
        fn a_preview_is_small_and_keeps_the_ends(ways in vec((-500..500_i32, -500..500_i32), 1..3000), part in 1..40_usize) {
            let mut columns = walk(&ways);
            columns.part_ends = (1..=ways.len()).filter(|end| end % part == 0 || *end == ways.len()).collect();
            let preview = preview(&columns);
            prop_assert!(preview.len() <= PREVIEW_POINTS_MAX);
            prop_assert_eq!(preview.part_ends.last(), Some(&preview.len()));
            let ends = |columns: &Columns| [(columns.lat_e7[0], columns.lon_e7[0]), (*columns.lat_e7.last().unwrap(), *columns.lon_e7.last().unwrap())];
            if columns.part_ends.len() <= PREVIEW_POINTS_MAX / 2 {
                prop_assert_eq!(preview.part_ends.len(), columns.part_ends.len());
                prop_assert_eq!(ends(&preview), ends(&columns));
            }
        }
    }

    #[test]
    fn a_straight_line_over_the_antimeridian_needs_two_points() {
        let lon_e7 = (0..20)
            .map(|step| {
                let lon = 1_799_990_000 + step * 1000;
                if lon > 1_800_000_000 { lon - 1_800_000_000 - 1_800_000_000 } else { lon }
            })
            .collect();
        let columns =
            Columns { lat_e7: vec![0; 20], lon_e7, part_ends: vec![20], ..Columns::default() };
        assert_eq!(simplify(&columns, 0.1).len(), 2);
    }

    #[test]
    fn parts_stay_apart() {
        let mut columns = walk(&[(0, 0), (1, 0), (1, 0), (1, 0), (1, 0), (1, 0)]);
        columns.part_ends = vec![3, 6];
        assert_eq!(simplify(&columns, 100.0).part_ends, [2, 4]);
    }

    #[test]
    fn higher_zoom_levels_keep_more() {
        let ways: Vec<_> = (0..2000).map(|step| (step * 7 % 40 - 20, 10)).collect();
        let lens = [4, 10, 14, 18].map(|zoom| simplify_for_zoom(&walk(&ways), zoom).len());
        assert!(lens.is_sorted() && lens[0] < 20 && lens[3] > 1000);
    }

    #[test]
    fn what_is_made_to_fill_a_map_does_not() {
        let ways: Vec<_> =
            (0..100_000).map(|step| (if step % 2 == 0 { 300 } else { -300 }, 9)).collect();
        let columns = walk(&ways);
        assert_eq!(simplify(&columns, 10.0).len(), columns.len());
        // Neighbouring stretches share an end.
        let points = simplify_for_zoom(&columns, 16).len();
        assert!((MAP_POINTS_MAX - 200..=MAP_POINTS_MAX).contains(&points), "{points}");
    }

    /// A walk by steps in metres, roughly; times are the indices of the points.
    fn walk(steps: &[(i32, i32)]) -> Columns {
        let mut columns = Columns::default();
        let (mut lat_e7, mut lon_e7) = (600_000_000, 100_000_000);
        for (index, (north_m, east_m)) in steps.iter().enumerate() {
            lat_e7 += north_m * 90;
            lon_e7 += east_m * 180;
            columns.lat_e7.push(lat_e7);
            columns.lon_e7.push(lon_e7);
            columns.time_ms.push(i64::try_from(index).unwrap());
        }
        columns.part_ends = vec![steps.len()];
        columns
    }
}
