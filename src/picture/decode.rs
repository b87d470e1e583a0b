//! From the bytes of a file to pixels: what it would take is reckoned first, from its head.

use std::io::Cursor;

use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::{DynamicImage, ImageDecoder, Limits};
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use super::{Format, MEMORY_BYTES_MAX, PIXELS_MAX, Pixels, Unfit, jpeg};

/// The bytes that a pixel takes once it is decoded.
const PIXEL_BYTES: u64 = 3;
/// The bytes that its coefficients take as well while a progressive JPEG is decoded.
const COEFFICIENT_BYTES: u64 = 2 * 3;

const BROKEN: Unfit = Unfit::Broken("cannot be decoded");
const CUT_OFF: Unfit = Unfit::Broken("ends in the middle");

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
        Format::Png | Format::WebP => decode(format, file).map(drop),
    }
}

/// Decodes a file: the first picture of it, on white where one sees through it.
pub(super) fn decode(format: Format, file: &[u8]) -> Result<Decoded, Unfit> {
    match format {
        Format::Jpeg => decode_jpeg(file, Detail::Colours),
        Format::Png => {
            let decoder = PngDecoder::with_limits(Cursor::new(file), limits());
            decode_any(decoder.map_err(|_| BROKEN)?)
        }
        Format::WebP => {
            check_riff(file)?;
            decode_any(WebPDecoder::new(Cursor::new(file)).map_err(|_| BROKEN)?)
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Detail {
    Colours,
    Brightness,
}

fn decode_jpeg(file: &[u8], detail: Detail) -> Result<Decoded, Unfit> {
    let head = jpeg::walk(file)?;
    let coefficient_bytes = if head.is_progressive { COEFFICIENT_BYTES } else { 0 };
    allow(head.width, head.height, PIXEL_BYTES + coefficient_bytes)?;
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
    let decoded = decoder.decode().map_err(|_| BROKEN)?;
    let pixels = Pixels { width: head.width, height: head.height, rgb: decoded };
    if detail == Detail::Brightness {
        return Ok(Decoded { pixels, profile: None });
    }
    Ok(Decoded { pixels: pixels.checked()?, profile: decoder.icc_profile() })
}

fn decode_any(mut decoder: impl ImageDecoder) -> Result<Decoded, Unfit> {
    let (width, height) = decoder.dimensions();
    let bytes = u64::from(decoder.color_type().bytes_per_pixel());
    allow(width, height, bytes + PIXEL_BYTES)?;
    decoder.set_limits(limits()).map_err(|_| Unfit::Large)?;
    let profile = decoder.icc_profile().unwrap_or_default();
    let image = DynamicImage::from_decoder(decoder).map_err(|_| BROKEN)?;
    let rgb =
        if image.color().has_alpha() { on_white(&image) } else { image.into_rgb8().into_raw() };
    Ok(Decoded { pixels: Pixels { width, height, rgb }.checked()?, profile })
}

/// Whether decoding a picture takes no more than may be taken.
fn allow(width: u32, height: u32, pixel_bytes: u64) -> Result<(), Unfit> {
    let pixels = u64::from(width) * u64::from(height);
    if PIXELS_MAX < pixels || MEMORY_BYTES_MAX < pixels.saturating_mul(pixel_bytes) {
        return Err(Unfit::Large);
    }
    Ok(())
}

fn limits() -> Limits {
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MEMORY_BYTES_MAX);
    limits
}

/// The first chunk says how long a WebP file is.
fn check_riff(file: &[u8]) -> Result<(), Unfit> {
    let length = file.get(4..8).and_then(|length| length.try_into().ok()).ok_or(CUT_OFF)?;
    let length = u64::from(u32::from_le_bytes(length)) + 8;
    if (file.len() as u64) < length { Err(CUT_OFF) } else { Ok(()) }
}

fn on_white(image: &DynamicImage) -> Vec<u8> {
    let blend = |part: u8, alpha: u8| {
        let (part, alpha) = (u16::from(part), u16::from(alpha));
        u8::try_from((part * alpha + 255 * (255 - alpha) + 127) / 255).unwrap_or(u8::MAX)
    };
    let rgba = image.to_rgba8();
    let blended = rgba.pixels().flat_map(|pixel| {
        let [red, green, blue, alpha] = pixel.0;
        [red, green, blue].map(|part| blend(part, alpha))
    });
    blended.collect()
}

impl Pixels {
    /// As many as there should be.
    fn checked(self) -> Result<Self, Unfit> {
        let pixels = u64::from(self.width) * u64::from(self.height);
        let is_whole = self.rgb.len() as u64 == pixels * PIXEL_BYTES;
        is_whole.then_some(self).ok_or(BROKEN)
    }
}
