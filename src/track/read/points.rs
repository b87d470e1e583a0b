//! Gathers points into columns, one after the other.

use super::super::columns::{Columns, MISSING, NO_TIME};

/// One point, with [`MISSING`] and [`NO_TIME`] where it lacks a value. Units as in [`Columns`].
#[derive(Clone, Copy)]
pub(in crate::track) struct Point {
    pub lat_e7: i32,
    pub lon_e7: i32,
    pub elevation_dm: i32,
    pub time_ms: i64,
    pub heart_rate_bpm: i32,
    pub cadence_d: i32,
    pub power_w: i32,
    pub temperature_dc: i32,
}

impl Point {
    /// A point of which nothing is known but its position, in 1e-7 degrees.
    pub(in crate::track) const fn at(lat_e7: i32, lon_e7: i32) -> Self {
        Self {
            lat_e7,
            lon_e7,
            elevation_dm: MISSING,
            time_ms: NO_TIME,
            heart_rate_bpm: MISSING,
            cadence_d: MISSING,
            power_w: MISSING,
            temperature_dc: MISSING,
        }
    }
}

/// A point of which nothing is known, not even where it is.
impl Default for Point {
    fn default() -> Self {
        Self::at(MISSING, MISSING)
    }
}

/// Columns that grow. A column that no point has a value for stays empty.
#[derive(Default)]
pub(in crate::track) struct Points {
    columns: Columns,
}

impl Points {
    /// How many points there are.
    pub(in crate::track) fn len(&self) -> usize {
        self.columns.len()
    }

    /// Adds a point to the part that is under way.
    #[inline]
    pub(in crate::track) fn push(&mut self, point: &Point) {
        let index = self.columns.len();
        let columns = &mut self.columns;
        columns.lat_e7.push(point.lat_e7);
        columns.lon_e7.push(point.lon_e7);
        put(&mut columns.elevation_dm, index, point.elevation_dm, MISSING);
        put(&mut columns.time_ms, index, point.time_ms, NO_TIME);
        put(&mut columns.heart_rate_bpm, index, point.heart_rate_bpm, MISSING);
        put(&mut columns.cadence_d, index, point.cadence_d, MISSING);
        put(&mut columns.power_w, index, point.power_w, MISSING);
        put(&mut columns.temperature_dc, index, point.temperature_dc, MISSING);
    }

    /// Ends the part that is under way, if it has a point.
    pub(in crate::track) fn end_part(&mut self) {
        let end = self.columns.len();
        if self.columns.part_ends.last().copied().unwrap_or(0) < end {
            self.columns.part_ends.push(end);
        }
    }

    /// The columns, the last part ended.
    pub(in crate::track) fn finish(mut self) -> Columns {
        self.end_part();
        let len = self.columns.len();
        let columns = &mut self.columns;
        pad(&mut columns.elevation_dm, len, MISSING);
        pad(&mut columns.time_ms, len, NO_TIME);
        pad(&mut columns.heart_rate_bpm, len, MISSING);
        pad(&mut columns.cadence_d, len, MISSING);
        pad(&mut columns.power_w, len, MISSING);
        pad(&mut columns.temperature_dc, len, MISSING);
        self.columns
    }
}

/// Puts a value at `index`, where the column may still be shorter for want of values.
#[inline]
fn put<T: Copy + PartialEq>(column: &mut Vec<T>, index: usize, value: T, missing: T) {
    if value != missing {
        if column.len() < index {
            column.resize(index, missing);
        }
        column.push(value);
    }
}

/// Puts the points of `more` behind those of `columns`, as parts of their own.
pub(in crate::track) fn append(columns: &mut Columns, more: Columns) {
    let before = columns.len();
    let len = before + more.len();
    columns.lat_e7.extend(more.lat_e7);
    columns.lon_e7.extend(more.lon_e7);
    columns.part_ends.extend(more.part_ends.into_iter().map(|end| before + end));
    join(&mut columns.elevation_dm, more.elevation_dm, before, len, MISSING);
    join(&mut columns.time_ms, more.time_ms, before, len, NO_TIME);
    join(&mut columns.heart_rate_bpm, more.heart_rate_bpm, before, len, MISSING);
    join(&mut columns.cadence_d, more.cadence_d, before, len, MISSING);
    join(&mut columns.power_w, more.power_w, before, len, MISSING);
    join(&mut columns.temperature_dc, more.temperature_dc, before, len, MISSING);
}

fn join<T: Copy>(column: &mut Vec<T>, more: Vec<T>, before: usize, len: usize, missing: T) {
    if column.is_empty() && more.is_empty() {
        return;
    }
    column.resize(before, missing);
    column.extend(more);
    column.resize(len, missing);
}

fn pad<T: Copy>(column: &mut Vec<T>, len: usize, missing: T) {
    if !column.is_empty() {
        column.resize(len, missing);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_empty_or_as_long_as_the_positions() {
        let mut points = Points::default();
        points.push(&Point::at(1, 2));
        points.push(&Point { power_w: 200, ..Point::at(3, 4) });
        points.push(&Point::at(5, 6));

        let columns = points.finish();
        assert_eq!(columns.power_w, [MISSING, 200, MISSING]);
        assert!(columns.time_ms.is_empty());
        assert_eq!(columns.part_ends, [3]);
    }

    #[test]
    fn appended_points_are_parts_of_their_own() {
        let mut plain = Points::default();
        plain.push(&Point::at(1, 2));
        let mut timed = Points::default();
        timed.push(&Point { time_ms: 7, ..Point::at(3, 4) });

        let mut columns = plain.finish();
        append(&mut columns, timed.finish());
        assert_eq!(columns.time_ms, [NO_TIME, 7]);
        assert_eq!(columns.part_ends, [1, 2]);
        assert!(columns.power_w.is_empty());
    }

    #[test]
    fn no_part_is_empty() {
        let mut points = Points::default();
        points.end_part();
        points.push(&Point::at(1, 2));
        points.end_part();
        points.end_part();

        assert_eq!(points.finish().part_ends, [1]);
    }
}
