//! Tiles as `GeoTIFF`.

use std::io::Cursor;

use tiff::decoder::{Decoder, DecodingResult, Limits};
use tiff::tags::Tag;

use super::{Tile, UnusableTile};

/// The largest picture that is decoded: a degree at a third of an arc second is just too large.
const DECODED_BYTES_MAX: usize = 256 << 20;

/// OGC `GeoTIFF` 1.1, section 7: what the coordinates are, and what a sample stands for.
const MODEL_TYPE_KEY: u16 = 1_024;
const MODEL_TYPE_GEOGRAPHIC: u16 = 2;
const RASTER_TYPE_KEY: u16 = 1_025;
const RASTER_TYPE_POINT: u16 = 2;

const UNREADABLE: UnusableTile = UnusableTile { reason: "is not a TIFF that can be read" };
const NO_PLACE: UnusableTile = UnusableTile { reason: "does not tell its place" };

type Picture<'a> = Decoder<Cursor<&'a [u8]>>;

pub(super) fn read(bytes: &[u8]) -> Result<Tile, UnusableTile> {
    let mut limits = Limits::default();
    limits.decoding_buffer_size = DECODED_BYTES_MAX;
    let mut picture = Decoder::new(Cursor::new(bytes)).map_err(|_| UNREADABLE)?.with_limits(limits);
    let (columns, rows) = picture.dimensions().map_err(|_| UNREADABLE)?;
    let [rows, columns] = [rows, columns].map(|count| usize::try_from(count).unwrap_or(usize::MAX));
    let (north_west, spacing) = place(&mut picture)?;
    let void_m = void_m(&mut picture);
    let mut heights_m = heights_m(picture.read_image().map_err(|_| UNREADABLE)?)?;
    for height_m in &mut heights_m {
        if Some(*height_m) == void_m {
            *height_m = f32::NAN;
        }
    }
    Tile::new(north_west, spacing, [rows, columns], heights_m)
}

/// Where the first sample lies, north and west, and how far it is from sample to sample.
fn place(picture: &mut Picture) -> Result<([f64; 2], [f64; 2]), UnusableTile> {
    let keys = picture.get_tag_u16_vec(Tag::GeoKeyDirectoryTag).map_err(|_| NO_PLACE)?;
    if geo_key(&keys, MODEL_TYPE_KEY) != Some(MODEL_TYPE_GEOGRAPHIC) {
        return Err(UnusableTile { reason: "is not a grid of latitudes and longitudes" });
    }
    let scale = picture.get_tag_f64_vec(Tag::ModelPixelScaleTag).map_err(|_| NO_PLACE)?;
    let tie = picture.get_tag_f64_vec(Tag::ModelTiepointTag).map_err(|_| NO_PLACE)?;
    let ([east_step, north_step, ..], [column, row, _, lon, lat, ..]) = (&scale[..], &tie[..])
    else {
        return Err(NO_PLACE);
    };
    // A sample that stands for an area lies in the middle of it, half a step from its corner.
    let is_point = geo_key(&keys, RASTER_TYPE_KEY) == Some(RASTER_TYPE_POINT);
    let middle = if is_point { 0.0 } else { 0.5 };
    let north = lat + (row - middle) * north_step;
    let west = lon - (column - middle) * east_step;
    Ok(([north, west], [*north_step, *east_step]))
}

/// The value of a key that stands in the directory itself: after a header of four numbers, each
/// entry is key, place, count and value.
fn geo_key(keys: &[u16], key: u16) -> Option<u16> {
    let (entries, _) = keys.get(4..)?.as_chunks::<4>();
    entries.iter().find(|entry| entry[0] == key && entry[1] == 0).map(|entry| entry[3])
}

/// The height that marks a void, where the file names one.
fn void_m(picture: &mut Picture) -> Option<f32> {
    let text = picture.get_tag_ascii_string(Tag::GdalNodata).ok()?;
    text.trim_matches(['\0', ' ']).parse().ok()
}

fn heights_m(samples: DecodingResult) -> Result<Vec<f32>, UnusableTile> {
    #[expect(clippy::cast_precision_loss, reason = "heights have few digits")]
    #[expect(clippy::cast_possible_truncation, reason = "heights have few digits")]
    match samples {
        DecodingResult::I16(samples) => Ok(samples.into_iter().map(f32::from).collect()),
        DecodingResult::U16(samples) => Ok(samples.into_iter().map(f32::from).collect()),
        DecodingResult::I32(samples) => Ok(samples.into_iter().map(|one| one as f32).collect()),
        DecodingResult::F32(samples) => Ok(samples),
        DecodingResult::F64(samples) => Ok(samples.into_iter().map(|one| one as f32).collect()),
        _ => Err(UnusableTile { reason: "has samples that are no heights" }),
    }
}

#[cfg(test)]
mod tests {
    use tiff::encoder::{TiffEncoder, colortype};

    use super::*;

    const AREA: u16 = 1;

    /// Three columns and two rows of heights, tied to latitude 48 and longitude 8.
    fn geotiff(model_type: u16, raster_type: u16) -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        let mut encoder = TiffEncoder::new(&mut file).unwrap();
        let mut image = encoder.new_image::<colortype::Gray32Float>(3, 2).unwrap();
        let tags = image.encoder();
        let keys =
            [1, 1, 0, 2, MODEL_TYPE_KEY, 0, 1, model_type, RASTER_TYPE_KEY, 0, 1, raster_type];
        tags.write_tag(Tag::GeoKeyDirectoryTag, &keys[..]).unwrap();
        tags.write_tag(Tag::ModelPixelScaleTag, &[0.1, 0.2, 0.0][..]).unwrap();
        tags.write_tag(Tag::ModelTiepointTag, &[0.0, 0.0, 0.0, 8.0, 48.0, 0.0][..]).unwrap();
        tags.write_tag(Tag::GdalNodata, "-1").unwrap();
        image.write_data(&[400.0, 500.5, -1.0, 600.0, 700.0, 800.0]).unwrap();
        file.into_inner()
    }

    fn assert_height(tile: &Tile, lat: f64, lon: f64, expected_m: f64) {
        let height_m = tile.height_m(lat, lon).unwrap();
        assert!((height_m - expected_m).abs() < 1e-6, "{height_m} instead of {expected_m}");
    }

    #[test]
    fn samples_that_are_points_lie_on_the_tie() {
        let tile = Tile::from_geotiff(&geotiff(MODEL_TYPE_GEOGRAPHIC, RASTER_TYPE_POINT)).unwrap();
        assert_height(&tile, 48.0, 8.0, 400.0);
        assert_height(&tile, 47.9, 8.1, 600.25);
    }

    #[test]
    fn samples_that_are_areas_lie_in_their_middle() {
        let tile = Tile::from_geotiff(&geotiff(MODEL_TYPE_GEOGRAPHIC, AREA)).unwrap();
        assert_height(&tile, 47.9, 8.05, 400.0);
        assert_height(&tile, 47.7, 8.25, 800.0);
    }

    #[test]
    fn the_voids_that_the_file_names_are_voids() {
        let tile = Tile::from_geotiff(&geotiff(MODEL_TYPE_GEOGRAPHIC, RASTER_TYPE_POINT)).unwrap();
        assert_eq!(tile.height_m(48.0, 8.2), None);
    }

    #[test]
    fn other_grids_and_other_bytes_are_refused() {
        let projected = Tile::from_geotiff(&geotiff(1, AREA));
        assert!(projected.is_err_and(|error| error.reason.contains("latitudes")));
        assert_eq!(Tile::from_geotiff(b"II*\0").err(), Some(UNREADABLE));
        let whole = geotiff(MODEL_TYPE_GEOGRAPHIC, AREA);
        for length in 0..whole.len() {
            let _ = Tile::from_geotiff(&whole[..length]);
        }
    }
}
