//! PNG (ISO/IEC 15948), row by row: besides the pixels that come out, some rows are held and no more,
//! interlaced or not, of whatever depth.

use std::io::Cursor;

use png::{
    ColorType, Decoder, InterlaceInfo, Limits, Reader, Transformations, expand_interlaced_row,
};

use super::decode::{BROKEN, Decoded, PIXEL_BYTES, allow, on_white};
use super::{MEMORY_BYTES_MAX, Pixels, Unfit};

/// How many rows are held at a time: those that filters look at, packed and unpacked.
const ROWS_HELD: u64 = 6;
/// The most bytes that a pixel takes in a row.
const ROW_PIXEL_BYTES: u64 = 8;

type Rows<'a> = Reader<Cursor<&'a [u8]>>;

/// Reads a whole file and lets go of what comes out.
pub(super) fn check(file: &[u8]) -> Result<(), Unfit> {
    each_row(&mut open(file)?, |_, _| {})
}

/// Decodes a file; of several pictures the one that is shown where none moves.
pub(super) fn decode(file: &[u8]) -> Result<Decoded, Unfit> {
    let mut rows = open(file)?;
    let (width, height) = rows.info().size();
    let stride = 3 * width as usize;
    let mut rgb = vec![0; stride * height as usize];
    let (color, _) = rows.output_color_type();
    let (mut line, mut at) = (Vec::with_capacity(stride), 0);
    each_row(&mut rows, |row, interlace| {
        line.clear();
        write_rgb(color, row, &mut line);
        match interlace {
            InterlaceInfo::Adam7(pass) => {
                expand_interlaced_row(&mut rgb, stride, &line, pass, 8 * 3);
            }
            InterlaceInfo::Null(_) => {
                if let Some(place) = rgb.get_mut(at..at + line.len()) {
                    place.copy_from_slice(&line);
                }
                at += stride;
            }
        }
    })?;
    let profile = rows.info().icc_profile.as_ref().map(|profile| profile.to_vec());
    Ok(Decoded { pixels: Pixels { width, height, rgb }, profile })
}

/// Reads the head, and all that stands before the pixels.
fn open(file: &[u8]) -> Result<Rows<'_>, Unfit> {
    let bytes = usize::try_from(MEMORY_BYTES_MAX).unwrap_or(usize::MAX);
    let mut decoder = Decoder::new_with_limits(Cursor::new(file), Limits { bytes });
    decoder.set_transformations(Transformations::normalize_to_color8());
    decoder.set_ignore_text_chunk(true);
    let (width, height) = decoder.read_header_info().map_err(|_| BROKEN)?.size();
    allow(width, height, PIXEL_BYTES, u64::from(width) * ROWS_HELD * ROW_PIXEL_BYTES)?;
    decoder.read_info().map_err(|_| BROKEN)
}

/// Reads all rows, and on to the end of the file.
fn each_row(rows: &mut Rows, mut take: impl FnMut(&[u8], &InterlaceInfo)) -> Result<(), Unfit> {
    while let Some(row) = rows.next_interlaced_row().map_err(|_| BROKEN)? {
        take(row.data(), row.interlace());
    }
    rows.finish().map_err(|_| BROKEN)
}

/// A row with 8 bits a sample as red, green and blue.
fn write_rgb(color: ColorType, row: &[u8], rgb: &mut Vec<u8>) {
    match color {
        ColorType::Rgb => rgb.extend_from_slice(row),
        // Those with a palette are unpacked to colours before.
        ColorType::Grayscale | ColorType::Indexed => {
            rgb.extend(row.iter().flat_map(|grey| [*grey; 3]));
        }
        ColorType::GrayscaleAlpha => {
            let (pixels, _) = row.as_chunks::<2>();
            rgb.extend(pixels.iter().flat_map(|[grey, alpha]| [on_white(*grey, *alpha); 3]));
        }
        ColorType::Rgba => {
            let (pixels, _) = row.as_chunks::<4>();
            let blended =
                pixels.iter().flat_map(|[rgb @ .., alpha]| rgb.map(|part| on_white(part, *alpha)));
            rgb.extend(blended);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(color: ColorType, depth: png::BitDepth, width: u32, rows: &[u8]) -> Vec<u8> {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, width, 2);
        encoder.set_color(color);
        encoder.set_depth(depth);
        if color == ColorType::Indexed {
            encoder.set_palette(vec![10, 20, 30, 200, 100, 50]);
            encoder.set_trns(vec![255, 0]);
        }
        encoder.write_header().unwrap().write_image_data(rows).unwrap();
        file
    }

    fn read(color: ColorType, depth: png::BitDepth, width: u32, rows: &[u8]) -> Vec<u8> {
        let file = written(color, depth, width, rows);
        check(&file).unwrap();
        let Decoded { pixels, .. } = decode(&file).unwrap();
        assert_eq!((pixels.width, pixels.height), (width, 2));
        pixels.rgb
    }

    #[test]
    fn every_colour_type_and_depth_is_read_as_rgb_on_white() {
        use png::BitDepth::{Eight, One, Sixteen};
        assert_eq!(read(ColorType::Rgb, Eight, 1, &[1, 2, 3, 4, 5, 6]), [1, 2, 3, 4, 5, 6]);
        let deep = [1, 99, 2, 99, 3, 99, 4, 0, 5, 0, 6, 0];
        assert_eq!(read(ColorType::Rgb, Sixteen, 1, &deep), [1, 2, 3, 4, 5, 6]);
        let seen_through = [1, 2, 3, 255, 4, 5, 6, 0];
        assert_eq!(read(ColorType::Rgba, Eight, 1, &seen_through), [1, 2, 3, 255, 255, 255]);
        assert_eq!(
            read(ColorType::GrayscaleAlpha, Eight, 1, &[7, 255, 7, 0]),
            [7, 7, 7, 255, 255, 255]
        );
        assert_eq!(
            read(ColorType::Grayscale, One, 2, &[0b0100_0000, 0b1000_0000]),
            [0, 0, 0, 255, 255, 255, 255, 255, 255, 0, 0, 0]
        );
        assert_eq!(
            read(ColorType::Indexed, One, 2, &[0b0100_0000, 0]),
            [10, 20, 30, 255, 255, 255, 10, 20, 30, 10, 20, 30]
        );
    }

    #[test]
    fn a_file_that_is_cut_anywhere_is_noticed() {
        let file = written(ColorType::Rgb, png::BitDepth::Eight, 1, &[1, 2, 3, 4, 5, 6]);
        for length in 0..file.len() {
            assert!(check(&file[..length]).is_err(), "{length} bytes");
            assert!(decode(&file[..length]).is_err(), "{length} bytes");
        }
    }
}
