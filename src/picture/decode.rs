//! From the bytes of a file to pixels: what it would take is reckoned first, from its head.

use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use super::{Format, MEMORY_BYTES_MAX, PIXELS_MAX, Pixels, Unfit, jpeg, png, webp};

/// The bytes that a pixel takes once it is decoded.
pub(super) const PIXEL_BYTES: u64 = 3;
/// The bytes that each coefficient of it takes as well while a JPEG of several scans is decoded.
const COEFFICIENT_BYTES: u64 = 2;

pub(super) const BROKEN: Unfit = Unfit::Broken("cannot be decoded");
pub(super) const CUT_OFF: Unfit = Unfit::Broken("ends in the middle");

/// Pixels, and the profile of their colours.
pub(super) struct Decoded {
    pub(super) pixels: Pixels,
    pub(super) profile: Option<Vec<u8>>,
}

/// Decodes a file and lets go of what comes out.
pub(super) fn check(format: Format, file: &[u8]) -> Result<(), Unfit> {
    match format {
        // Brightness alone is decoded: if that is whole, so is the file.
        Format::Jpeg => decode_jpeg(file, Detail::Brightness).map(drop),
        Format::Png => png::check(file),
        Format::WebP => webp::decode(file).map(drop),
    }
}

/// Decodes a file: the first picture of it, on white where one sees through it.
pub(super) fn decode(format: Format, file: &[u8]) -> Result<Decoded, Unfit> {
    let decoded = match format {
        Format::Jpeg => decode_jpeg(file, Detail::Colours),
        Format::Png => png::decode(file),
        Format::WebP => webp::decode(file),
    };
    decoded?.checked()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Detail {
    Colours,
    Brightness,
}

fn decode_jpeg(file: &[u8], detail: Detail) -> Result<Decoded, Unfit> {
    let head = jpeg::walk(file)?;
    let coefficients = if head.is_kept_whole { u64::from(head.components) } else { 0 };
    allow(head.width, head.height, PIXEL_BYTES + COEFFICIENT_BYTES * coefficients, 0)?;
    let is_plain = matches!(head.components, 1 | 3);
    let space = match detail {
        Detail::Brightness if is_plain => ColorSpace::Luma,
        Detail::Brightness | Detail::Colours => ColorSpace::RGB,
    };
    let options = DecoderOptions::default()
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX))
        .jpeg_set_out_colorspace(space);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(file), options);
    let rgb = decoder.decode().map_err(|_| BROKEN)?;
    let pixels = Pixels { width: head.width, height: head.height, rgb };
    Ok(Decoded { pixels, profile: decoder.icc_profile() })
}

/// Whether decoding a picture takes no more than may be taken: so many bytes for each pixel, and some.
pub(super) fn allow(width: u32, height: u32, pixel_bytes: u64, more: u64) -> Result<(), Unfit> {
    let pixels = u64::from(width) * u64::from(height);
    let bytes = pixels.saturating_mul(pixel_bytes).saturating_add(more);
    if PIXELS_MAX < pixels || MEMORY_BYTES_MAX < bytes { Err(Unfit::Large) } else { Ok(()) }
}

/// What is seen of a colour on white.
pub(super) fn on_white(part: u8, alpha: u8) -> u8 {
    let (part, alpha) = (u16::from(part), u16::from(alpha));
    u8::try_from((part * alpha + 255 * (255 - alpha) + 127) / 255).unwrap_or(u8::MAX)
}

impl Decoded {
    /// As many pixels as there should be.
    fn checked(self) -> Result<Self, Unfit> {
        let pixels = u64::from(self.pixels.width) * u64::from(self.pixels.height);
        let is_whole = self.pixels.rgb.len() as u64 == pixels * PIXEL_BYTES;
        is_whole.then_some(self).ok_or(BROKEN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_take_too_much_is_refused_before_it_is_decoded() {
        assert_eq!(allow(10_000, 10_000, PIXEL_BYTES, 0), Ok(()));
        assert_eq!(allow(10_001, 10_000, 1, 0), Err(Unfit::Large));
        assert_eq!(allow(u32::MAX, u32::MAX, 8, u64::MAX), Err(Unfit::Large));
        assert_eq!(allow(8_192, 8_192, 8, 0), Ok(()));
        assert_eq!(allow(8_192, 8_192, 8, 1), Err(Unfit::Large));
    }

    /// Its components come one after the other.
    #[test]
    fn what_several_scans_take_is_reckoned_with() {
        let mut file = vec![0xFF, 0xD8, 0xFF, 0xC0, 0, 8, 8];
        file.extend([8_000_u16.to_be_bytes(), 8_000_u16.to_be_bytes()].concat());
        file.extend([3, 0xFF, 0xDA, 0, 3, 1, 7, 0xFF, 0xD9]);
        assert_eq!(check(Format::Jpeg, &file), Err(Unfit::Large));
    }

    #[test]
    fn white_is_seen_through_a_colour_as_far_as_that_lets_it() {
        assert_eq!([0, 128, 255].map(|alpha| on_white(100, alpha)), [255, 177, 100]);
    }
}
