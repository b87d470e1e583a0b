//! A line as no device in particular draws it.
//!
//! How often a device records, to how many digits, how unsteadily, and by how much it is wrong about its height, is
//! the same in all that one person records. So a line that is to be nobody's is smoothed and drawn in few strokes,
//! and its points lie at even distances from each other, to a metre. It strays by some metres from where it was,
//! and has no heights of its own.

use super::place::Place;
use crate::track::columns::Columns;
use crate::track::simplify::simplify;

/// How far along the line the points reach, before and behind, that a point is the mean of, in metres.
const STEADY_M: f64 = 40.0;
/// By how much the strokes stray from the line that is smoothed, in metres.
const STROKE_M: f64 = 10.0;
/// How far the points lie from each other, in metres.
const SPACING_M: f64 = 20.0;
/// Where a line has no point for longer, in metres, it is left as it is: somebody drew it.
const GAP_M: f64 = 500.0;
/// The last digit of a position, in 1e-7 degrees: about a metre.
const POSITION_E7: f64 = 100.0;
/// All the way round, in 1e-7 degrees.
const TURN_E7: i64 = 3_600_000_000;

/// Draws the positions of a line anew. Of each part some metres at its end are left out, and of a part that is
/// shorter than that all.
pub(super) fn evened(columns: &Columns) -> Columns {
    let drawn = simplify(&steadied(&parted(columns)), STROKE_M);
    let mut strokes = drawn.parts();
    let mut even = Columns::default();
    for part in columns.parts() {
        let begin = even.lat_e7.len();
        // As many as there are, for each keeps its ends.
        let gaps = part.clone().skip(1).filter(|point| is_gap(columns, *point)).count();
        for stroke in strokes.by_ref().take(gaps + 1) {
            for (index, share) in places(&drawn, stroke) {
                even.lat_e7.extend(between(&drawn.lat_e7, index, share));
                even.lon_e7.extend(between(&drawn.lon_e7, index, share));
            }
        }
        if even.lat_e7.len() < begin + 2 {
            even.lat_e7.truncate(begin);
            even.lon_e7.truncate(begin);
        } else {
            even.part_ends.push(even.lat_e7.len());
        }
    }
    even
}

/// The same positions, in another part wherever there is a gap.
fn parted(columns: &Columns) -> Columns {
    let ends = columns.parts().flat_map(|part| {
        let gaps = part.clone().skip(1).filter(|point| is_gap(columns, *point));
        gaps.chain([part.end]).collect::<Vec<_>>()
    });
    let (lat_e7, lon_e7) = (columns.lat_e7.clone(), columns.lon_e7.clone());
    Columns { lat_e7, lon_e7, part_ends: ends.collect(), ..Columns::default() }
}

/// Whether there is nothing for long before a point.
fn is_gap(columns: &Columns, point: usize) -> bool {
    GAP_M < place(columns, point - 1).distance_m(&place(columns, point))
}

/// Each point is the mean of those around it, as many before as behind; the ends of parts stay.
fn steadied(columns: &Columns) -> Columns {
    let mut steady = Columns { part_ends: columns.part_ends.clone(), ..Columns::default() };
    for part in columns.parts() {
        let (mut along_m, mut lat, mut lon) = (vec![0.0], vec![0_i64], vec![0_i64]);
        let mut way_e7 = i64::from(columns.lon_e7[part.start]);
        for point in part.clone() {
            if point > part.start {
                let last_m = along_m[along_m.len() - 1];
                along_m.push(last_m + place(columns, point - 1).distance_m(&place(columns, point)));
                // As it goes on, also where the degrees begin anew.
                let step_e7 =
                    i64::from(columns.lon_e7[point]) - i64::from(columns.lon_e7[point - 1]);
                way_e7 += turned(step_e7);
            }
            lat.push(lat[lat.len() - 1] + i64::from(columns.lat_e7[point]));
            lon.push(lon[lon.len() - 1] + way_e7);
        }
        let (mut first, mut last) = (0, 0);
        for at in 0..along_m.len() {
            while along_m[first] < along_m[at] - STEADY_M {
                first += 1;
            }
            while last + 1 < along_m.len() && along_m[last + 1] <= along_m[at] + STEADY_M {
                last += 1;
            }
            let beside = (at - first).min(last - at);
            let (from, to) = (at - beside, at + beside + 1);
            let mean =
                |sums: &[i64]| (sums[to] - sums[from]) / i64::try_from(to - from).unwrap_or(1);
            steady.lat_e7.push(in_range(mean(&lat)));
            steady.lon_e7.push(in_range(turned(mean(&lon))));
        }
    }
    steady
}

/// Where the points of a part lie: behind which of its points, and at what share of the way to the next.
fn places(columns: &Columns, part: std::ops::Range<usize>) -> Vec<(usize, f64)> {
    let mut places = vec![(part.start, 0.0)];
    let mut last = place(columns, part.start);
    for (from, to) in part.clone().zip(part.skip(1)) {
        let (begin, end) = (place(columns, from), place(columns, to));
        while let Some(share) = last.is_left_at(&begin, &end, SPACING_M) {
            places.push((from, share));
            last = begin.towards(&end, share);
        }
    }
    places
}

fn place(columns: &Columns, point: usize) -> Place {
    Place::new(columns.lat_e7[point], columns.lon_e7[point])
}

/// A number at a share of the way from one to the next, to the last digit that is told.
fn between(column: &[i32], index: usize, share: f64) -> Option<i32> {
    let from = *column.get(index)?;
    let to = if share > 0.0 { *column.get(index + 1)? } else { from };
    let way = turned(i64::from(to) - i64::from(from));
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let exact = (way as f64).mul_add(share, f64::from(from));
    #[expect(clippy::cast_possible_truncation, reason = "no more than a turn")]
    let rounded = ((exact / POSITION_E7).round() * POSITION_E7) as i64;
    Some(in_range(turned(rounded)))
}

/// The same angle, between half a turn to the west and to the east.
fn turned(degrees_e7: i64) -> i64 {
    let half = TURN_E7 / 2;
    if degrees_e7.abs() <= half {
        degrees_e7
    } else {
        (degrees_e7 + half).rem_euclid(TURN_E7) - half
    }
}

/// Of what is between numbers in range, none is out of it.
fn in_range(degrees_e7: i64) -> i32 {
    i32::try_from(degrees_e7).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Northwards from somewhere for so many metres, unsteadily by so much to each side.
    fn line(metres: i32, spacing_dm: i32, jitter_e7: i32) -> Columns {
        let points = metres * 10 / spacing_dm;
        let lat_e7: Vec<i32> =
            (0..=points).map(|point| 471_000_013 + point * spacing_dm * 9).collect();
        let aside = |point: i32| (point * 7_919 % 13 - 6) * jitter_e7 / 6;
        let lon_e7 = (0..=points).map(|point| 85_000_007 + aside(point)).collect();
        let part_ends = vec![lat_e7.len()];
        Columns { lat_e7, lon_e7, part_ends, ..Columns::default() }
    }

    /// By how much a line turns from point to point, at the most, in degrees.
    fn turns_deg(columns: &Columns) -> f64 {
        let step = |from: usize| {
            let ways = [&columns.lat_e7, &columns.lon_e7].map(|axis| axis[from + 1] - axis[from]);
            (f64::from(ways[1]) * 0.68).atan2(f64::from(ways[0]))
        };
        let turns = (0..columns.lat_e7.len() - 2).map(|from| (step(from + 1) - step(from)).abs());
        turns.fold(0.0, f64::max).to_degrees()
    }

    #[test]
    fn devices_that_record_more_or_less_often_and_steadily_draw_one_line() {
        let devices = [(11, 0), (35, 0), (80, 300), (190, 0), (40, 250), (25, 400)];
        let lines = devices.map(|(spacing_dm, jitter_e7)| line(3_000, spacing_dm, jitter_e7));
        assert!(turns_deg(&lines[5]) > 45.0, "it is not steady");
        let lines = lines.map(|line| evened(&line));
        for other in &lines {
            assert!(lines[0].lat_e7.len().abs_diff(other.lat_e7.len()) <= 1);
            assert!(turns_deg(other) < 5.0, "{}", turns_deg(other));
            for (one, other) in lines[0].lat_e7.iter().zip(&other.lat_e7) {
                assert!(one.abs_diff(*other) <= 200, "{one} {other}");
            }
            for (one, other) in lines[0].lon_e7.iter().zip(&other.lon_e7) {
                assert!(one.abs_diff(*other) <= 400, "{one} {other}");
            }
            // And none is known by its last digits.
            assert!(other.lat_e7.iter().chain(&other.lon_e7).all(|degrees| degrees % 100 == 0));
        }
        let spacing_m = 3_000.0 / f64::from(u32::try_from(lines[0].lat_e7.len()).unwrap());
        assert!((19.0..21.0).contains(&spacing_m), "{spacing_m}");
    }

    #[test]
    fn each_point_lies_near_the_line_and_parts_stay_apart() {
        let mut two = line(400, 70, 30);
        let points = two.lat_e7.len();
        two.part_ends = vec![points / 2, points / 2 + 2, points];
        let even = evened(&two);
        // The one in between is too short for two points.
        assert_eq!(even.part_ends.len(), 2);
        assert_eq!(even.part_ends.last(), Some(&even.lat_e7.len()));
        let ways = [0..points / 2, points / 2 + 2..points];
        for (part, way) in even.parts().zip(ways) {
            for point in part {
                let away_m = way.clone().zip(way.clone().skip(1)).map(|(from, to)| {
                    let (from, to) = (place(&two, from), place(&two, to));
                    place(&even, point).distance_to_line_m(&from, &to)
                });
                let away_m = away_m.fold(f64::INFINITY, f64::min);
                assert!(away_m < 4.0, "{away_m}");
            }
        }
    }

    /// Where a way turns back on itself, at every corner, it stays within what is stated.
    #[test]
    fn corners_are_cut_by_some_metres() {
        let mut bends = line(100, 50, 0);
        for corner in 1..8 {
            let east_e7 = |point: i32| 85_000_007 + point * 66 * (corner % 2);
            let begin = bends.lat_e7[bends.lat_e7.len() - 1];
            let (north_e7, along) = ((corner + 1) % 2 * 450, corner % 2);
            let from = bends.lon_e7[bends.lon_e7.len() - 1];
            bends.lat_e7.extend((1..=20).map(|point| begin + point * north_e7));
            bends.lon_e7.extend((1..=20).map(|point| from + along * (east_e7(point) - 85_000_007)));
        }
        bends.part_ends = vec![bends.lat_e7.len()];
        let even = evened(&bends);
        for point in 0..even.lat_e7.len() {
            let points = bends.lat_e7.len();
            let away_m = (0..points - 1).map(|from| {
                let (from, to) = (place(&bends, from), place(&bends, from + 1));
                place(&even, point).distance_to_line_m(&from, &to)
            });
            let away_m = away_m.fold(f64::INFINITY, f64::min);
            assert!(away_m < 25.0, "{away_m}");
        }
    }

    #[test]
    fn what_somebody_drew_in_long_strokes_stays_and_so_does_the_antimeridian() {
        let drawn = Columns {
            lat_e7: vec![0, 4_000, 200_000_000],
            lon_e7: vec![1_799_999_500, -1_799_999_500, -1_799_999_500],
            part_ends: vec![3],
            ..Columns::default()
        };
        let even = evened(&drawn);
        assert_eq!(even.lat_e7.last(), Some(&200_000_000));
        let stays = even.lon_e7.iter().all(|degrees| degrees.abs() >= 1_799_999_000);
        assert!(stays, "{:?}", even.lon_e7);
        // Also where it is smoothed.
        let across = |point: i64| turned(1_799_990_000 + point * 1_000);
        let across = Columns {
            lat_e7: vec![0; 100],
            lon_e7: (0..100).map(|point| in_range(across(point))).collect(),
            part_ends: vec![100],
            ..Columns::default()
        };
        let even = evened(&across);
        assert!((54..=57).contains(&even.lon_e7.len()), "{even:?}");
        assert!(even.lon_e7.iter().all(|degrees| degrees.abs() >= 1_799_900_000));
    }
}
