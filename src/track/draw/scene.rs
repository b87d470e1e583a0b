//! What a picture shows, before it is a picture.

use crate::track::Columns;
use crate::track::columns::PER_DEGREE;
use crate::track::measure::series;
use crate::track::simplify::preview;

/// The size of the picture in units.
pub const WIDTH: f64 = 600.0;
/// Half as high as wide, and a little: what cards in messages have room for.
pub const HEIGHT: f64 = 315.0;

const MARGIN: f64 = 20.0;
/// How high the profile is, where there is one.
const PROFILE_HEIGHT: f64 = 50.0;
/// The longest scale.
const SCALE_WIDTH_MAX: f64 = 100.0;
/// How large letters are: the width of one.
const LETTER: f64 = 5.0;
/// Metres in a degree of latitude.
const DEGREE_M: f64 = 111_195.0;
/// What is smaller than this is drawn as if it were as large.
const EXTENT_MIN_M: f64 = 50.0;
/// What is flatter than this is drawn as if it were as high.
const HEIGHT_MIN_M: f64 = 20.0;
/// East of one and west of the other, the shorter way is over the antimeridian.
const HALF_TURN_E7: i64 = 1_800_000_000;

/// Red, green and blue.
pub type Colour = [u8; 3];

/// The ground.
pub const GROUND: Colour = [0xf6, 0xf4, 0xef];
const LINE: Colour = [0xc2, 0x41, 0x0c];
const INK: Colour = [0x57, 0x53, 0x4e];
const HILLS: Colour = [0xd6, 0xd0, 0xc4];

/// Right and down, in units.
pub type Point = (f64, f64);

/// Something drawn.
pub enum Shape {
    /// Lines of a width.
    Lines(Vec<Vec<Point>>, f64, Colour),
    /// An area.
    Area(Vec<Point>, Colour),
}

/// What the picture of a track shows, the lowest first.
pub fn scene(columns: &Columns) -> Vec<Shape> {
    let hills = hills(columns);
    let below = if hills.is_some() { PROFILE_HEIGHT + MARGIN } else { 0.0 };
    let line = preview(columns);
    let fit = Fit::of(&line, HEIGHT - below);
    let parts = line.parts().map(|part| part.map(|index| fit.point(&line, index)).collect());
    let mut scene: Vec<Shape> = hills.into_iter().collect();
    scene.push(Shape::Lines(parts.collect(), 3.0, LINE));
    scene.push(scale(fit.units_per_m, HEIGHT - below));
    scene
}

/// How degrees become units: so that the line fits in, round its middle.
struct Fit {
    middle_e7: (i64, i64),
    first_lon_e7: i64,
    units_per_m: f64,
    shrink: f64,
    centre: Point,
}

impl Fit {
    fn of(line: &Columns, height: f64) -> Self {
        let first_lon_e7 = line.lon_e7.first().copied().unwrap_or_default().into();
        let range = |values: &mut dyn Iterator<Item = i64>| {
            let first = values.next().unwrap_or_default();
            values.fold((first, first), |(low, high), value| (low.min(value), high.max(value)))
        };
        let (south, north) = range(&mut line.lat_e7.iter().map(|lat| i64::from(*lat)));
        let (west, east) = range(&mut line.lon_e7.iter().map(|lon| unwrapped(*lon, first_lon_e7)));
        let middle_e7 = (i64::midpoint(south, north), i64::midpoint(west, east));
        let shrink = degrees(middle_e7.0).to_radians().cos().max(0.01);
        let tall_m = (degrees(north - south) * DEGREE_M).max(EXTENT_MIN_M);
        let wide_m = (degrees(east - west) * DEGREE_M * shrink).max(EXTENT_MIN_M);
        let room = |size: f64| size - 2.0 * MARGIN;
        let units_per_m = (room(WIDTH) / wide_m).min(room(height) / tall_m);
        Self { middle_e7, first_lon_e7, units_per_m, shrink, centre: (WIDTH / 2.0, height / 2.0) }
    }

    fn point(&self, line: &Columns, index: usize) -> Point {
        let north = i64::from(line.lat_e7[index]) - self.middle_e7.0;
        let east = unwrapped(line.lon_e7[index], self.first_lon_e7) - self.middle_e7.1;
        let units = |e7: i64| degrees(e7) * DEGREE_M * self.units_per_m;
        (self.centre.0 + units(east) * self.shrink, self.centre.1 - units(north))
    }
}

/// A longitude at most half a turn from the first one.
fn unwrapped(lon_e7: i32, first_e7: i64) -> i64 {
    let away = i64::from(lon_e7) - first_e7;
    let turns = if away > HALF_TURN_E7 { -1 } else { i64::from(away < -HALF_TURN_E7) };
    i64::from(lon_e7) + turns * 2 * HALF_TURN_E7
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn degrees(e7: i64) -> f64 {
    e7 as f64 / PER_DEGREE
}

/// How high the track goes along its way; `None` without elevations.
fn hills(columns: &Columns) -> Option<Shape> {
    let series = series(columns);
    let elevations = series.elevation_m?;
    let known: Vec<(f64, f64)> = series
        .distance_m
        .into_iter()
        .zip(elevations)
        .filter_map(|(along_m, elevation_m)| Some((along_m, elevation_m?)))
        .collect();
    let (first, last) = (known.first()?.0, known.last()?.0);
    let heights = || known.iter().map(|(_, elevation_m)| *elevation_m);
    let low = heights().fold(f64::INFINITY, f64::min);
    let high = heights().fold(f64::NEG_INFINITY, f64::max).max(low + HEIGHT_MIN_M);
    let bottom = HEIGHT - MARGIN;
    let right = |along_m: f64| {
        MARGIN + (along_m - first) / (last - first).max(1.0) * (WIDTH - 2.0 * MARGIN)
    };
    let up = |elevation_m: f64| bottom - (elevation_m - low) / (high - low) * PROFILE_HEIGHT;
    let mut area = vec![(right(first), bottom)];
    area.extend(known.iter().map(|(along_m, elevation_m)| (right(*along_m), up(*elevation_m))));
    area.push((right(last), bottom));
    Some(Shape::Area(area, HILLS))
}

/// A bar of a round length, and how long that is.
fn scale(units_per_m: f64, height: f64) -> Shape {
    let length_m = round_length_m(SCALE_WIDTH_MAX / units_per_m);
    let (left, bottom) = (MARGIN, height - MARGIN / 2.0);
    let right = left + length_m * units_per_m;
    let tick = LETTER;
    let bar = vec![(left, bottom - tick), (left, bottom), (right, bottom), (right, bottom - tick)];
    let label = if length_m < 1_000.0 {
        format!("{length_m:.0}m")
    } else {
        format!("{:.0}km", length_m / 1_000.0)
    };
    let mut lines = vec![bar];
    let mut at = right + LETTER;
    for letter in label.chars() {
        let strokes = strokes(letter);
        lines.extend(strokes.iter().map(|stroke| {
            let place = |&(x, y): &(f64, f64)| (at + x * LETTER, bottom - (2.0 - y) * LETTER);
            stroke.iter().map(place).collect()
        }));
        at += LETTER * 1.6;
    }
    Shape::Lines(lines, 1.2, INK)
}

/// The greatest 1, 2 or 5 followed by zeros that is not above `most_m`; one metre at least.
fn round_length_m(most_m: f64) -> f64 {
    let power = 10_f64.powf(most_m.max(1.0).log10().floor());
    [5.0, 2.0]
        .into_iter()
        .map(|digit| digit * power)
        .find(|length| *length <= most_m)
        .unwrap_or(power)
}

/// A letter of a scale as lines in a box one wide and two high.
fn strokes(letter: char) -> &'static [&'static [(f64, f64)]] {
    match letter {
        '0' => &[&[(0.0, 0.0), (1.0, 0.0), (1.0, 2.0), (0.0, 2.0), (0.0, 0.0)]],
        '1' => &[&[(0.5, 0.0), (0.5, 2.0)]],
        '2' => &[&[(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0), (0.0, 2.0), (1.0, 2.0)]],
        '5' => &[&[(1.0, 0.0), (0.0, 0.0), (0.0, 1.0), (1.0, 1.0), (1.0, 2.0), (0.0, 2.0)]],
        'k' => &[&[(0.0, 0.0), (0.0, 2.0)], &[(0.8, 0.8), (0.0, 1.4), (0.8, 2.0)]],
        'm' => &[&[(0.0, 2.0), (0.0, 0.8), (1.0, 0.8), (1.0, 2.0)], &[(0.5, 0.8), (0.5, 2.0)]],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_is_round() {
        for (most_m, length_m) in
            [(0.3, 1.0), (1.0, 1.0), (4.9, 2.0), (7_300.0, 5_000.0), (2e7, 2e7), (1_999.0, 1_000.0)]
        {
            assert!((round_length_m(most_m) - length_m).abs() < 1e-6, "{most_m}");
        }
    }

    #[test]
    fn a_line_fits_into_its_picture() {
        let line = Columns {
            lat_e7: vec![470_000_000, 471_000_000, 470_500_000],
            lon_e7: vec![80_000_000, 80_100_000, 83_000_000],
            elevation_dm: vec![4_000, 9_000, 6_000],
            part_ends: vec![3],
            ..Columns::default()
        };
        for shape in scene(&line) {
            let points = match shape {
                Shape::Lines(lines, ..) => lines.concat(),
                Shape::Area(points, _) => points,
            };
            for (x, y) in points {
                assert!((0.0..=WIDTH).contains(&x) && (0.0..=HEIGHT).contains(&y), "{x} {y}");
            }
        }
    }
}
