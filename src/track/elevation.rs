//! Elevations from a model of the terrain, for points that lack their own.

mod geotiff;
mod hgt;
mod tile;

use super::columns::{Columns, FROM_MODEL, MISSING, PER_DEGREE, model_ranges};

pub use hgt::Corner;
pub use tile::{Tile, UnusableTile};

/// Gives an elevation to every point that lacks one, as far as the model knows it. `height_m` is
/// asked for latitude and longitude in degrees and tells metres. [`Columns::elevation_from_model`]
/// tells afterwards whose elevations are the model's.
pub fn fill(columns: &mut Columns, height_m: impl FnMut(f64, f64) -> Option<f64>) {
    sample(columns, |elevation_dm| elevation_dm == MISSING, height_m);
}

/// Gives every point the model's elevation in place of its own; a point keeps its own where the
/// model knows none. Returns the points whose elevation now is the model's.
pub fn replace(columns: &mut Columns, height_m: impl FnMut(f64, f64) -> Option<f64>) {
    sample(columns, |_| true, height_m);
}

fn sample(
    columns: &mut Columns,
    takes: impl Fn(i32) -> bool,
    mut height_m: impl FnMut(f64, f64) -> Option<f64>,
) {
    let had_none = columns.elevation_dm.is_empty();
    columns.elevation_dm.resize(columns.len(), MISSING);
    let mut marks = columns.model_marks();
    marks.resize(columns.len(), MISSING);
    for (point, elevation_dm) in columns.elevation_dm.iter_mut().enumerate() {
        if !takes(*elevation_dm) {
            continue;
        }
        let lat = f64::from(columns.lat_e7[point]) / PER_DEGREE;
        let lon = f64::from(columns.lon_e7[point]) / PER_DEGREE;
        let Some(height_m) = height_m(lat, lon).filter(|height_m| height_m.is_finite()) else {
            continue;
        };
        #[expect(clippy::cast_possible_truncation, reason = "a cast saturates")]
        let height_dm = (height_m * 10.0).round() as i32;
        *elevation_dm = height_dm.max(MISSING + 1);
        marks[point] = FROM_MODEL;
    }
    columns.elevation_from_model = model_ranges(&marks);
    if had_none && columns.elevation_from_model.is_empty() {
        columns.elevation_dm.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Knows 70 m, as far as longitude 12.
    fn model_m(_lat: f64, lon: f64) -> Option<f64> {
        (lon <= 12.0).then_some(70.0)
    }

    fn track(elevation_dm: Vec<i32>) -> Columns {
        Columns {
            lat_e7: vec![10_000_000; 4],
            lon_e7: vec![100_000_000, 105_000_000, 110_000_000, 200_000_000],
            elevation_dm,
            part_ends: vec![4],
            ..Columns::default()
        }
    }

    #[test]
    fn fill_leaves_what_the_device_recorded() {
        let mut columns = track(vec![MISSING, 123, MISSING, MISSING]);
        fill(&mut columns, model_m);
        assert_eq!(columns.elevation_dm, [700, 123, 700, MISSING]);
        assert_eq!(columns.elevation_from_model, [0..1, 2..3]);
    }

    #[test]
    fn replace_keeps_what_the_model_does_not_know() {
        let mut columns = track(vec![MISSING, 123, 124, 125]);
        replace(&mut columns, model_m);
        assert_eq!(columns.elevation_dm, [700, 700, 700, 125]);
        assert_eq!(columns.elevation_from_model.as_slice(), std::slice::from_ref(&(0..3)));
    }

    #[test]
    fn without_tiles_nothing_changes() {
        let mut columns = track(Vec::new());
        fill(&mut columns, |_, _| None);
        replace(&mut columns, |_, _| None);
        assert_eq!(columns, track(Vec::new()));
    }
}
