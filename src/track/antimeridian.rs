//! Lines that a plane map can draw: cut where they cross the antimeridian.

use super::columns::{Columns, MISSING};

/// 180° in 1e-7 degrees.
const HALF_TURN_E7: i64 = 1_800_000_000;

/// A position of a line: a point of the track, or one put in where the line meets the antimeridian.
#[derive(Clone, Copy)]
pub struct Position {
    /// Latitude in 1e-7 degrees.
    pub lat_e7: i32,
    /// Longitude in 1e-7 degrees.
    pub lon_e7: i32,
    /// Elevation in decimetres.
    pub elevation_dm: Option<i32>,
    /// Which point of the track it is.
    pub point: Option<usize>,
}

/// The parts of a track as lines of which none crosses the antimeridian, as RFC 7946 asks (3.1.9): where one
/// does it ends, and the next one begins at the same place on the other side.
pub fn lines(columns: &Columns) -> Vec<Vec<Position>> {
    let mut lines = Vec::new();
    for part in columns.parts() {
        let mut line: Vec<Position> = Vec::new();
        for point in part {
            let elevation_dm = columns.elevation_dm.get(point).copied();
            let position = Position {
                lat_e7: columns.lat_e7[point],
                lon_e7: columns.lon_e7[point],
                elevation_dm: elevation_dm.filter(|elevation_dm| *elevation_dm != MISSING),
                point: Some(point),
            };
            if let Some((before, after)) = line.last().and_then(|last| meet(last, &position)) {
                line.push(before);
                lines.push(std::mem::replace(&mut line, vec![after]));
            }
            line.push(position);
        }
        lines.push(line);
    }
    lines
}

/// Where a line meets the antimeridian, from both sides, if going that way is shorter.
fn meet(from: &Position, to: &Position) -> Option<(Position, Position)> {
    let east = i64::from(to.lon_e7) - i64::from(from.lon_e7);
    if east.abs() <= HALF_TURN_E7 {
        return None;
    }
    let side = i64::from(from.lon_e7).signum();
    let length = 2 * HALF_TURN_E7 - east.abs();
    let before = HALF_TURN_E7 - i64::from(from.lon_e7).abs();
    let between = |from: i32, to: i32| {
        let share = i128::from(i64::from(to) - i64::from(from)) * i128::from(before)
            / i128::from(length.max(1));
        i32::try_from(i128::from(from) + share).unwrap_or(from)
    };
    let elevation_dm = from.elevation_dm.zip(to.elevation_dm).map(|(from, to)| between(from, to));
    let at = |side: i64| Position {
        lat_e7: between(from.lat_e7, to.lat_e7),
        lon_e7: i32::try_from(side * HALF_TURN_E7).unwrap_or(from.lon_e7),
        elevation_dm,
        point: None,
    };
    Some((at(side), at(-side)))
}
