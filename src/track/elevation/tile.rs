//! Rectangles of terrain.

use super::{Corner, geotiff, hgt};

/// No land lies lower; what does is a mark for a void, whichever the file uses.
const LOWEST_M: f32 = -500.0;
/// No land lies higher.
const HIGHEST_M: f32 = 9_000.0;
/// A height between samples is told if so much of it comes from samples that are no void.
const KNOWN_SHARE_MIN: f64 = 0.5;

/// A rectangle of terrain: heights in metres on a grid of latitude and longitude.
///
/// Sea has the height that its source gives it, which is 0 m for SRTM and Copernicus.
#[derive(Clone, PartialEq)]
pub struct Tile {
    /// Latitude of the first row, in degrees; rows run to the south.
    north: f64,
    /// Longitude of the first column, in degrees; columns run to the east.
    west: f64,
    /// Degrees from row to row and from column to column.
    spacing: [f64; 2],
    rows: usize,
    columns: usize,
    /// Row by row; not a number where nothing is known.
    heights_m: Vec<f32>,
}

/// Why a tile cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the elevation tile {reason}")]
pub struct UnusableTile {
    /// What is wrong with it, worded to follow "the elevation tile".
    pub reason: &'static str,
}

impl Tile {
    /// Reads a tile as SRTM has it: square, of 1 or 3 arc seconds, with 16-bit heights. Its place
    /// is known from its file's name alone.
    pub fn from_hgt(bytes: &[u8], corner: Corner) -> Result<Self, UnusableTile> {
        hgt::read(bytes, corner)
    }

    /// Reads a `GeoTIFF` whose grid runs along latitudes and longitudes, such as Copernicus' ones.
    pub fn from_geotiff(bytes: &[u8]) -> Result<Self, UnusableTile> {
        geotiff::read(bytes)
    }

    /// The height at a place in degrees, in metres: bilinear between the four samples around it.
    /// `None` outside the tile and where it has a void. A tile reaches one sample's spacing past
    /// its outermost samples, so that nothing is lost between tiles that share no samples.
    pub fn height_m(&self, lat: f64, lon: f64) -> Option<f64> {
        let (row, down) = along((self.north - lat) / self.spacing[0], self.rows)?;
        let (column, right) = along((lon - self.west) / self.spacing[1], self.columns)?;
        let below = (row + 1).min(self.rows - 1);
        let beside = (column + 1).min(self.columns - 1);
        let samples = [
            (row, column, (1.0 - down) * (1.0 - right)),
            (row, beside, (1.0 - down) * right),
            (below, column, down * (1.0 - right)),
            (below, beside, down * right),
        ];
        let (mut sum_m, mut known_share) = (0.0, 0.0);
        for (row, column, share) in samples {
            let height_m = f64::from(*self.heights_m.get(row * self.columns + column)?);
            if 0.0 < share && height_m.is_finite() {
                sum_m += share * height_m;
                known_share += share;
            }
        }
        (KNOWN_SHARE_MIN <= known_share).then(|| sum_m / known_share)
    }

    /// A tile of samples row by row, of which those that cannot be heights are voids.
    pub(super) fn new(
        [north, west]: [f64; 2],
        spacing: [f64; 2],
        [rows, columns]: [usize; 2],
        mut heights_m: Vec<f32>,
    ) -> Result<Self, UnusableTile> {
        if rows.checked_mul(columns) != Some(heights_m.len()) || heights_m.is_empty() {
            return Err(UnusableTile { reason: "has too few samples" });
        }
        let sound = |value: &f64| value.is_finite() && value.abs() <= 360.0;
        if ![north, west].iter().chain(&spacing).all(sound) || spacing.iter().any(|one| *one <= 0.0)
        {
            return Err(UnusableTile { reason: "has no sound place" });
        }
        for height_m in &mut heights_m {
            if !(LOWEST_M..=HIGHEST_M).contains(height_m) {
                *height_m = f32::NAN;
            }
        }
        Ok(Self { north, west, spacing, rows, columns, heights_m })
    }
}

/// A place along an axis of the grid, as a sample and the share of the way to the next one.
fn along(place: f64, samples: usize) -> Option<(usize, f64)> {
    #[expect(clippy::cast_precision_loss, reason = "a grid has far fewer samples than 2^52")]
    let last = (samples - 1) as f64;
    if !(-1.0..=last + 1.0).contains(&place) {
        return None;
    }
    let inside = place.clamp(0.0, last);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to the last")]
    let sample = inside as usize;
    Some((sample, inside.fract()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const VOID: f32 = -32_768.0;

    /// Samples at latitudes 2, 1, 0 and longitudes 10, 11, 12.
    fn tile(heights_m: [f32; 9]) -> Tile {
        Tile::new([2.0, 10.0], [1.0, 1.0], [3, 3], heights_m.to_vec()).unwrap()
    }

    #[test]
    fn heights_between_samples_are_bilinear() {
        let tile = tile([0.0, 10.0, 20.0, 100.0, 110.0, 120.0, 200.0, 210.0, 220.0]);
        for (lat, lon, height_m) in [(2.0, 10.0, 0.0), (0.0, 12.0, 220.0), (1.25, 10.5, 80.0)] {
            assert_eq!(tile.height_m(lat, lon), Some(height_m), "{lat} {lon}");
        }
    }

    #[test]
    fn a_tile_reaches_one_sample_past_its_edge_and_no_further() {
        let tile = tile([5.0; 9]);
        assert_eq!(tile.height_m(2.9, 9.1), Some(5.0));
        assert_eq!(tile.height_m(3.1, 10.0), None);
        assert_eq!(tile.height_m(1.0, 13.1), None);
        assert_eq!(tile.height_m(f64::NAN, 10.0), None);
    }

    #[test]
    fn voids_are_not_heights() {
        let tile = tile([VOID, 10.0, 10.0, 10.0, 10.0, 10.0, VOID, VOID, VOID]);
        assert_eq!(tile.height_m(2.0, 10.0), None);
        assert_eq!(tile.height_m(1.9, 10.1), None);
        assert_eq!(tile.height_m(1.4, 10.6), Some(10.0));
        assert_eq!(tile.height_m(0.2, 11.0), None);
    }
}
