//! Elevation tiles: whatever their bytes, heights are ones that land has.

#![no_main]

use std::io::Cursor;

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use opentracks_fuzz::track::elevation::{Corner, Tile};
use tiff::encoder::{TiffEncoder, colortype};
use tiff::tags::Tag;

#[derive(Arbitrary, Debug)]
enum Input<'a> {
    Name(&'a str),
    Srtm {
        lat_e7: i32,
        lon_e7: i32,
        samples: &'a [u8],
    },
    GeoTiff(&'a [u8]),
    Damaged {
        tie: [f64; 2],
        scale: [f64; 2],
        keys: Vec<u16>,
        width: u8,
        heights: Vec<f32>,
        changes: Vec<(u16, u8)>,
    },
}

const SRTM_BYTES: usize = 1_201 * 1_201 * 2;

fuzz_target!(|input: Input| {
    match input {
        Input::Name(name) => {
            if let Some(Corner { south, west }) = Corner::in_name(name) {
                assert!((-90..90).contains(&south) && (-180..180).contains(&west));
            }
        }
        Input::Srtm { lat_e7, lon_e7, samples } => {
            let corner = Corner::at(f64::from(lat_e7) / 1e7, f64::from(lon_e7) / 1e7);
            let [north_south, east_west] =
                [(corner.south, 'N', 'S'), (corner.west, 'E', 'W')].map(|(degrees, plus, minus)| {
                    if degrees < 0 { minus } else { plus }
                });
            let (lat, lon) = (corner.south.unsigned_abs(), corner.west.unsigned_abs());
            let name = format!("a_{north_south}{lat:02}_00_{east_west}{lon:03}_00_DEM");
            assert_eq!(Corner::in_name(&name), Some(corner));
            if samples.is_empty() {
                return;
            }
            let mut bytes = samples.repeat(SRTM_BYTES.div_ceil(samples.len()));
            bytes.truncate(SRTM_BYTES);
            let tile = Tile::from_hgt(&bytes, corner).expect("it has the right size");
            check(&tile, f64::from(lat_e7) / 1e7, f64::from(lon_e7) / 1e7);
        }
        Input::GeoTiff(bytes) => check_geotiff(bytes, [0.0, 0.0], [0.1, 0.1]),
        Input::Damaged { tie, scale, keys, width, heights, changes } => {
            let Some(mut bytes) = geotiff(tie, scale, &keys, width, &heights) else { return };
            check_geotiff(&bytes, tie, scale);
            for (place, byte) in changes {
                let place = usize::from(place) % bytes.len();
                bytes[place] = byte;
            }
            check_geotiff(&bytes, tie, scale);
        }
    }
});

/// Asks for heights along a line from the tie, over the edge of the picture.
fn check_geotiff(bytes: &[u8], tie: [f64; 2], scale: [f64; 2]) {
    if let Ok(tile) = Tile::from_geotiff(bytes) {
        for step in -8..=40 {
            let way = f64::from(step) / 2.0;
            check(&tile, tie[1] - way * scale[1], tie[0] + way * scale[0]);
        }
    }
}

fn check(tile: &Tile, lat: f64, lon: f64) {
    for (lat, lon) in [(lat, lon), (f64::NAN, lon), (lat, f64::INFINITY), (1e300, -1e300)] {
        if let Some(height_m) = tile.height_m(lat, lon) {
            assert!((-501.0..=9_001.0).contains(&height_m), "{height_m}");
        }
    }
}

/// A picture with a place, sound or not.
fn geotiff(
    tie: [f64; 2],
    scale: [f64; 2],
    keys: &[u16],
    width: u8,
    heights: &[f32],
) -> Option<Vec<u8>> {
    let width = usize::from(width % 16) + 1;
    let rows = heights.len() / width;
    if rows == 0 {
        return None;
    }
    // A grid of latitudes and longitudes, and whatever follows.
    let keys = [&[1, 1, 0, 1, 1_024, 0, 1, 2][..], keys].concat();
    let mut file = Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut file).ok()?;
    let [columns, lines] = [width, rows].map(|count| u32::try_from(count).unwrap_or(1));
    let mut image = encoder.new_image::<colortype::Gray32Float>(columns, lines).ok()?;
    let tags = image.encoder();
    tags.write_tag(Tag::GeoKeyDirectoryTag, &keys[..]).ok()?;
    tags.write_tag(Tag::ModelPixelScaleTag, &[scale[0], scale[1], 0.0][..]).ok()?;
    tags.write_tag(Tag::ModelTiepointTag, &[0.0, 0.0, 0.0, tie[0], tie[1], 0.0][..]).ok()?;
    tags.write_tag(Tag::GdalNodata, "-1").ok()?;
    image.write_data(&heights[..width * rows]).ok()?;
    Some(file.into_inner())
}
