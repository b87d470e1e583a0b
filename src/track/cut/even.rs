//! A line as no device in particular draws it.
//!
//! How often a device records, to how many digits, and how exactly it knows its height, is the same in all that one
//! person records. So the points of a line that is to be nobody's lie at even distances along it, to a metre.

use super::place::Place;
use crate::track::columns::{Columns, MISSING, model_ranges};

/// How far the points lie from each other, along the line, in metres.
const SPACING_M: f64 = 20.0;
/// Where a line has no point for longer, in metres, it is left as it is: somebody drew it.
const GAP_M: f64 = 500.0;
/// The last digit of a position, in 1e-7 degrees: about a metre.
const POSITION_E7: f64 = 100.0;
/// The last digit of an elevation, in decimetres.
const ELEVATION_DM: f64 = 10.0;

/// Draws a line anew through the same places. Of each part some metres at its end are left out, and of a part that
/// is shorter than that all.
pub(super) fn evened(columns: &Columns) -> Columns {
    let marks = columns.model_marks();
    let (mut even, mut even_marks) = (Columns::default(), Vec::new());
    for part in columns.parts() {
        let begin = even.lat_e7.len();
        for (index, share) in places(columns, part) {
            let between = |column: &[i32], turn: i64, digit: f64| {
                let from = *column.get(index)?;
                let to = if share > 0.0 { *column.get(index + 1)? } else { from };
                let is_known = from != MISSING && to != MISSING;
                is_known.then(|| interpolate(from, to, share, turn, digit))
            };
            even.lat_e7.extend(between(&columns.lat_e7, 0, POSITION_E7));
            even.lon_e7.extend(between(&columns.lon_e7, TURN_E7, POSITION_E7));
            if !columns.elevation_dm.is_empty() {
                let elevation = between(&columns.elevation_dm, 0, ELEVATION_DM);
                even.elevation_dm.push(elevation.unwrap_or(MISSING));
            }
            even_marks.extend(marks.get(index));
        }
        if even.lat_e7.len() < begin + 2 {
            for column in
                [&mut even.lat_e7, &mut even.lon_e7, &mut even.elevation_dm, &mut even_marks]
            {
                column.truncate(begin);
            }
        } else {
            even.part_ends.push(even.lat_e7.len());
        }
    }
    even.elevation_from_model = model_ranges(&even_marks);
    even
}

/// All the way round, in 1e-7 degrees.
const TURN_E7: i64 = 3_600_000_000;

/// Where the points of a part lie: behind which of its points, and at what share of the way to the next.
fn places(columns: &Columns, part: std::ops::Range<usize>) -> Vec<(usize, f64)> {
    let place = |index: usize| Place::new(columns.lat_e7[index], columns.lon_e7[index]);
    let mut places = vec![(part.start, 0.0)];
    let mut rest_m = SPACING_M;
    for (from, to) in part.clone().zip(part.skip(1)) {
        let step_m = place(from).distance_m(&place(to));
        if GAP_M < step_m {
            places.push((to, 0.0));
            rest_m = SPACING_M;
            continue;
        }
        let mut at_m = 0.0;
        while rest_m <= step_m - at_m {
            at_m += rest_m;
            places.push((from, at_m / step_m));
            rest_m = SPACING_M;
        }
        rest_m -= step_m - at_m;
    }
    places
}

/// A number on the way from one to another, of which `turn` is as good as none, to its last `digit`.
fn interpolate(from: i32, to: i32, share: f64, turn: i64, digit: f64) -> i32 {
    let mut way = i64::from(to) - i64::from(from);
    if turn != 0 && turn / 2 < way.abs() {
        way -= turn * way.signum();
    }
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let exact = (way as f64).mul_add(share, f64::from(from));
    #[expect(clippy::cast_possible_truncation, reason = "saturates, and is turned back below")]
    let mut rounded = ((exact / digit).round() * digit) as i64;
    if turn != 0 && turn / 2 < rounded.abs() {
        rounded -= turn * rounded.signum();
    }
    i32::try_from(rounded).unwrap_or(from)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Northwards from somewhere for so many metres, and up.
    fn line(metres: i32, spacing_dm: i32, jitter_e7: i32) -> Columns {
        let points = metres * 10 / spacing_dm;
        let lat_e7: Vec<i32> =
            (0..=points).map(|point| 471_000_013 + point * spacing_dm * 9).collect();
        let lon_e7 = (0..=points).map(|point| 85_000_007 + point % 2 * jitter_e7).collect();
        let elevation_dm = (0..=points).map(|point| 4_003 + point * spacing_dm / 20).collect();
        let part_ends = vec![lat_e7.len()];
        Columns { lat_e7, lon_e7, elevation_dm, part_ends, ..Columns::default() }
    }

    #[test]
    fn devices_that_record_more_or_less_often_draw_one_line() {
        let lines = [11, 35, 80, 190].map(|spacing_dm| evened(&line(3_000, spacing_dm, 0)));
        for other in &lines[1..] {
            assert!(lines[0].lat_e7.len().abs_diff(other.lat_e7.len()) <= 1);
            for (one, other) in lines[0].lat_e7.iter().zip(&other.lat_e7) {
                assert!(one.abs_diff(*other) <= 100, "{one} {other}");
            }
            for (one, other) in lines[0].elevation_dm.iter().zip(&other.elevation_dm) {
                assert!(one.abs_diff(*other) <= 10, "{one} {other}");
            }
        }
        let spacing_m = 3_000.0 / f64::from(u32::try_from(lines[0].lat_e7.len()).unwrap());
        assert!((19.0..21.0).contains(&spacing_m), "{spacing_m}");
        // And none is known by its last digits.
        for line in &lines {
            assert!(line.lat_e7.iter().chain(&line.lon_e7).all(|degrees| degrees % 100 == 0));
            assert!(line.elevation_dm.iter().all(|elevation| elevation % 10 == 0));
        }
    }

    #[test]
    fn each_point_lies_on_the_line_and_parts_stay_apart() {
        let mut two = line(400, 70, 30);
        let points = two.lat_e7.len();
        two.part_ends = vec![points / 2, points / 2 + 2, points];
        let even = evened(&two);
        // The one in between is too short for two points.
        assert_eq!(even.part_ends.len(), 2);
        assert_eq!(even.part_ends.last(), Some(&even.lat_e7.len()));
        let place = |columns: &Columns, index: usize| {
            Place::new(columns.lat_e7[index], columns.lon_e7[index])
        };
        let ways = [0..points / 2, points / 2 + 2..points];
        for (part, way) in even.parts().zip(ways) {
            for point in part {
                let away_m = way.clone().zip(way.clone().skip(1)).map(|(from, to)| {
                    let (from, to) = (place(&two, from), place(&two, to));
                    place(&even, point).distance_to_line_m(&from, &to)
                });
                let away_m = away_m.fold(f64::INFINITY, f64::min);
                assert!(away_m < 1.0, "{away_m}");
            }
        }
    }

    #[test]
    fn what_somebody_drew_in_long_strokes_stays_and_so_does_the_antimeridian() {
        let far = Columns {
            lat_e7: vec![0, 100_000, 200_000_000],
            lon_e7: vec![1_799_999_500, -1_799_999_500, -1_799_999_500],
            part_ends: vec![3],
            ..Columns::default()
        };
        let even = evened(&Columns { lat_e7: vec![0, 4_000, 200_000_000], ..far });
        assert_eq!(even.lat_e7.last(), Some(&200_000_000));
        assert!(
            even.lon_e7.iter().all(|degrees| degrees.abs() >= 1_799_999_000),
            "{:?}",
            even.lon_e7
        );
    }

    #[test]
    fn a_height_that_is_not_known_is_not_made_up() {
        let mut gap = line(1_000, 100, 0);
        gap.elevation_dm[50] = MISSING;
        let even = evened(&gap);
        let unknown = even.elevation_dm.iter().filter(|elevation| **elevation == MISSING).count();
        assert!((1..=2).contains(&unknown), "{unknown}");
        gap.elevation_dm.clear();
        assert!(evened(&gap).elevation_dm.is_empty());
    }
}
