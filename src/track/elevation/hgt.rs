//! Tiles as the Shuttle Radar Topography Mission has them.

use super::{Tile, UnusableTile};

/// Samples a side and samples a degree: 1 and 3 arc seconds.
const SIZES: [(usize, f64); 2] = [(3_601, 3_600.0), (1_201, 1_200.0)];
const SAMPLE_BYTES: usize = 2;

/// The south-west corner of a tile of one degree, in whole degrees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Corner {
    /// Latitude, −90 to 89.
    pub south: i16,
    /// Longitude, −180 to 179.
    pub west: i16,
}

impl Corner {
    /// The corner of the tile that a place lies in, given in degrees.
    pub fn at(lat: f64, lon: f64) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "at most 180")]
        let degrees = |value: f64, last: f64| value.floor().clamp(-last - 1.0, last) as i16;
        Self { south: degrees(lat, 89.0), west: degrees(lon, 179.0) }
    }

    /// The corner that a file's name holds somewhere, such as `N47E008` or `…_N47_00_E008_00_DEM`.
    pub fn in_name(name: &str) -> Option<Self> {
        let name = name.replace("_00", "").replace('_', "");
        (0..name.len()).find_map(|at| Self::from_name(name.get(at..)?))
    }

    /// The corner that a name begins with.
    fn from_name(name: &str) -> Option<Self> {
        let (lat, lon) = name.get(..3).zip(name.get(3..7))?;
        let degrees = |text: &str, positive: char, negative: char, last: i16| {
            let sign = match text.chars().next()?.to_ascii_uppercase() {
                letter if letter == positive => 1,
                letter if letter == negative => -1,
                _ => return None,
            };
            let digits = text.get(1..).filter(|text| text.bytes().all(|one| one.is_ascii_digit()));
            let value = sign * digits?.parse::<i16>().ok()?;
            (-last - 1..=last).contains(&value).then_some(value)
        };
        Some(Self { south: degrees(lat, 'N', 'S', 89)?, west: degrees(lon, 'E', 'W', 179)? })
    }
}

/// Samples are big-endian, row by row from the north-west; the outermost lie on the borders.
pub(super) fn read(bytes: &[u8], corner: Corner) -> Result<Tile, UnusableTile> {
    let of_size = |size: &&(usize, f64)| size.0 * size.0 * SAMPLE_BYTES == bytes.len();
    let Some((side, samples_per_degree)) = SIZES.iter().find(of_size) else {
        return Err(UnusableTile { reason: "is not of 1 or 3 arc seconds" });
    };
    let (pairs, _) = bytes.as_chunks::<SAMPLE_BYTES>();
    let heights_m = pairs.iter().map(|pair| f32::from(i16::from_be_bytes(*pair))).collect();
    let north_west = [f64::from(corner.south) + 1.0, f64::from(corner.west)];
    Tile::new(north_west, [samples_per_degree.recip(); 2], [*side; 2], heights_m)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CORNER: Corner = Corner { south: 47, west: -9 };

    fn heights(side: i16) -> Vec<u8> {
        let height_m = |row: i16, column: i16| if column == 5 { i16::MIN } else { row / 2 };
        let rows = (0..side).flat_map(|row| (0..side).map(move |column| height_m(row, column)));
        rows.flat_map(i16::to_be_bytes).collect()
    }

    #[test]
    fn both_sizes_are_read_from_the_north_to_the_south() {
        for (side, south_m) in [(1_201, 600.0), (3_601, 1_800.0)] {
            let tile = Tile::from_hgt(&heights(side), CORNER).unwrap();
            assert_eq!(tile.height_m(48.0, -8.5), Some(0.0));
            assert_eq!(tile.height_m(47.0, -8.0), Some(south_m));
            assert_eq!(tile.height_m(48.0, -9.0 + 5.0 / f64::from(side - 1)), None);
            assert_eq!(tile.height_m(46.9, -8.5), None);
        }
    }

    #[test]
    fn other_sizes_are_refused() {
        assert!(Tile::from_hgt(&[0; 100], CORNER).is_err());
        assert!(Tile::from_hgt(&[], CORNER).is_err());
    }

    #[test]
    fn a_place_finds_its_file() {
        assert_eq!(Corner::at(47.3, -8.5), CORNER);
        assert_eq!(Corner::at(90.0, 180.0), Corner { south: 89, west: 179 });
        assert_eq!(Corner::at(-1e-7, -1e-7), Corner { south: -1, west: -1 });
        for (name, [south, west]) in [
            ("N47W009", [47, -9]),
            ("s01e179", [-1, 179]),
            ("N00W180", [0, -180]),
            ("Copernicus_DSM_COG_10_N47_00_E008_00_DEM", [47, 8]),
            ("ASTGTMV003_N47E008_dem", [47, 8]),
        ] {
            assert_eq!(Corner::in_name(name), Some(Corner { south, west }), "{name}");
        }
        for name in ["", "N4", "X47E008", "N99E008", "N4é8", "N+7E008.hgt", "readme.txt"] {
            assert_eq!(Corner::in_name(name), None, "{name}");
        }
    }
}
