//! WebP (RFC 9649): the first picture of it.

use std::io::Cursor;

use image_webp::WebPDecoder;

use super::decode::{BROKEN, CUT_OFF, Decoded, PIXEL_BYTES, allow, on_white};
use super::{MEMORY_BYTES_MAX, Pixels, Unfit, vp8l};

/// The bytes that a pixel takes at most while a picture is decoded: of three planes and what is made of
/// them; of colours with alpha, and without; of all that where one sees through; and of a frame, and what it
/// is laid on.
const LOSSY_BYTES: u64 = 5;
const LOSSLESS_BYTES: u64 = 8;
const ALPHA_BYTES: u64 = 12;
const ANIMATED_BYTES: u64 = 16;

/// Decodes a file.
pub(super) fn decode(file: &[u8]) -> Result<Decoded, Unfit> {
    check_length(file)?;
    let mut decoder = WebPDecoder::new(Cursor::new(file)).map_err(|_| BROKEN)?;
    decoder.set_memory_limit(usize::try_from(MEMORY_BYTES_MAX).unwrap_or(usize::MAX));
    let (width, height) = decoder.dimensions();
    let pixel_bytes = match (decoder.is_animated(), decoder.has_alpha(), decoder.is_lossy()) {
        (true, ..) => ANIMATED_BYTES,
        (false, true, _) => ALPHA_BYTES,
        (false, false, false) => LOSSLESS_BYTES,
        (false, false, true) => LOSSY_BYTES,
    };
    allow(width, height, pixel_bytes, 0)?;
    check_codes(file, width, height)?;
    let mut rgb = vec![0; decoder.output_buffer_size().ok_or(Unfit::Large)?];
    decoder.read_image(&mut rgb).map_err(|_| BROKEN)?;
    if decoder.has_alpha() {
        lay_on_white(&mut rgb);
    }
    let profile = decoder.icc_profile().unwrap_or_default();
    Ok(Decoded { pixels: Pixels { width, height, rgb }, profile })
}

/// The first chunk says how long a file is.
fn check_length(file: &[u8]) -> Result<(), Unfit> {
    let length = file.get(4..8).and_then(|length| length.try_into().ok()).ok_or(CUT_OFF)?;
    let length = u64::from(u32::from_le_bytes(length)) + 8;
    if (file.len() as u64) < length { Err(CUT_OFF) } else { Ok(()) }
}

/// Whether what is compressed without loss is no more to a decoder than its pixels: the pictures that it may
/// come to.
fn check_codes(file: &[u8], width: u32, height: u32) -> Result<(), Unfit> {
    // Of several of a kind the first counts.
    let first = |kind: [u8; 4]| {
        let chunks = &mut chunks(file.get(12..).unwrap_or_default());
        chunks.find_map(|(found, content)| (found == kind).then_some(content))
    };
    for kind in [*b"VP8L", *b"ALPH"] {
        if let Some(content) = first(kind) {
            check_stream(kind, content, width, height)?;
        }
    }
    let Some(frame) = first(*b"ANMF") else { return Ok(()) };
    let (head, frame) = frame.split_first_chunk::<16>().ok_or(BROKEN)?;
    let side = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], 0]) + 1;
    let Some((kind, content)) = chunks(frame).next() else { return Ok(()) };
    check_stream(kind, content, side(6), side(9))
}

fn check_stream(kind: [u8; 4], content: &[u8], width: u32, height: u32) -> Result<(), Unfit> {
    allow(width, height, PIXEL_BYTES, 0)?;
    match (&kind, content) {
        (b"VP8L", _) => vp8l::check_picture(content, width, height),
        // Compressed, by the lowest bits of what stands before.
        (b"ALPH", [how, plane @ ..]) if how & 0b11 == 1 => vp8l::check_plane(plane, width, height),
        _ => Ok(()),
    }
}

/// The chunks of a file or a frame, each of even length.
fn chunks(mut rest: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    std::iter::from_fn(move || {
        let (kind, after) = rest.split_first_chunk::<4>()?;
        let (length, after) = after.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let content = &after[..length.min(after.len())];
        rest = after.get(length.checked_next_multiple_of(2)?..).unwrap_or_default();
        Some((*kind, content))
    })
}

/// Makes three bytes a pixel of four, where they are.
fn lay_on_white(pixels: &mut Vec<u8>) {
    let count = pixels.len() / 4;
    for index in 0..count {
        let alpha = pixels[4 * index + 3];
        for part in 0..3 {
            pixels[3 * index + part] = on_white(pixels[4 * index + part], alpha);
        }
    }
    pixels.truncate(3 * count);
}

#[cfg(test)]
mod tests {
    use image_webp::{ColorType, WebPEncoder};

    use super::*;

    #[test]
    fn what_one_sees_through_is_laid_on_white() {
        let rgba = [1, 2, 3, 255, 4, 5, 6, 0, 100, 200, 0, 128];
        let mut file = Vec::new();
        WebPEncoder::new(&mut file).encode(&rgba, 3, 1, ColorType::Rgba8).unwrap();
        let Decoded { pixels, .. } = decode(&file).unwrap();
        assert_eq!((pixels.width, pixels.height), (3, 1));
        assert_eq!(pixels.rgb, [1, 2, 3, 255, 255, 255, 177, 227, 127]);
        for length in 12..file.len() {
            assert!(decode(&file[..length]).is_err(), "{length} bytes");
        }
    }
}
