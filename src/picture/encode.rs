//! What a picture becomes for those who look at it: pixels in a few sizes, upright, in sRGB, and nothing
//! else that was in the file.

use image::metadata::Orientation;
use image::{DynamicImage, RgbImage};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};

use super::decode::{Decoded, decode};
use super::{Format, Pixels, Unfit, taken};
use crate::domain::PhotoSize;

/// How good the pictures are, from 1 to 100 as libjpeg counts.
const QUALITY: u8 = 82;
/// A profile is some hundred bytes, with tables some hundred thousand; a longer one is not looked at.
const PROFILE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// The longest side of a picture of a member or a community, in pixels.
const PORTRAIT_SIDE_MAX: u32 = 400;

/// A JPEG file of ours: pixels and no metadata.
pub struct Jpeg {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// The file.
    pub bytes: Vec<u8>,
}

/// What a photo becomes.
pub struct Renditions {
    /// Each size, in the order of [`PhotoSize::ALL`].
    pub jpegs: [Jpeg; PhotoSize::ALL.len()],
    /// Its commonest colour: red, green and blue.
    pub colour: [u8; 3],
    /// Its `ThumbHash`.
    pub placeholder: Vec<u8>,
}

/// What a picture of a member or a community becomes.
pub struct Portrait(pub Jpeg);

/// Makes what others may see of a photo: work for a core.
pub fn render(file: &[u8]) -> Result<Renditions, Unfit> {
    let large = clean(file, PhotoSize::Large.side_max())?;
    let medium = large.within(PhotoSize::Medium.side_max())?;
    let thumbnail = medium.within(PhotoSize::Thumbnail.side_max())?;
    let (colour, placeholder) = (thumbnail.dominant_colour(), thumbnail.placeholder()?);
    let jpegs = [thumbnail.encode()?, medium.encode()?, large.encode()?];
    Ok(Renditions { jpegs, colour, placeholder })
}

/// Makes the picture of a member or a community: work for a core.
pub fn portray(file: &[u8]) -> Result<Portrait, Unfit> {
    Ok(Portrait(clean(file, PORTRAIT_SIDE_MAX)?.encode()?))
}

/// The picture of a file, upright and in sRGB, no side longer than `side_max`.
fn clean(file: &[u8], side_max: u32) -> Result<Pixels, Unfit> {
    let Decoded { pixels, profile } = decode(Format::of(file)?, file)?;
    // Made small first, so that the rest is done to fewer pixels.
    let small = pixels.within(side_max)?;
    drop(pixels);
    small.in_srgb(profile.as_deref()).upright(taken::orientation(file))
}

impl Pixels {
    /// The same colours as sRGB has them. A profile that cannot be used is passed over: then the
    /// numbers are taken as sRGB, as they are without one.
    fn in_srgb(mut self, profile: Option<&[u8]>) -> Self {
        let usable = profile.filter(|profile| profile.len() <= PROFILE_BYTES_MAX);
        let Some(Ok(profile)) = usable.map(ColorProfile::new_from_slice) else { return self };
        if profile.color_space != DataColorSpace::Rgb {
            return self;
        }
        let srgb = ColorProfile::new_srgb();
        let options = TransformOptions::default();
        let transform = profile.create_transform_8bit(Layout::Rgb, &srgb, Layout::Rgb, options);
        let Ok(transform) = transform else { return self };
        let mut converted = vec![0; self.rgb.len()];
        if transform.transform(&self.rgb, &mut converted).is_ok() {
            self.rgb = converted;
        }
        self
    }

    fn upright(self, orientation: Orientation) -> Result<Self, Unfit> {
        let Self { width, height, rgb } = self;
        let image = RgbImage::from_raw(width, height, rgb);
        let mut image = DynamicImage::from(image.ok_or(Unfit::Broken("cannot be turned"))?);
        image.apply_orientation(orientation);
        let image = image.into_rgb8();
        Ok(Self { width: image.width(), height: image.height(), rgb: image.into_raw() })
    }

    pub(super) fn encode(&self) -> Result<Jpeg, Unfit> {
        const FAILED: Unfit = Unfit::Broken("cannot be encoded");
        let sides = [self.width, self.height].map(u16::try_from);
        let [Ok(width), Ok(height)] = sides else { return Err(FAILED) };
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, QUALITY);
        encoder.set_sampling_factor(SamplingFactor::F_2_2);
        encoder.encode(&self.rgb, width, height, ColorType::Rgb).map_err(|_| FAILED)?;
        Ok(Jpeg { width: self.width, height: self.height, bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wider_red_is_the_same_red_in_srgb() {
        let red = || Pixels { width: 2, height: 1, rgb: [200, 60, 60].repeat(2) };
        let wide = ColorProfile::new_display_p3().encode().unwrap();
        let converted = red().in_srgb(Some(&wide)).rgb;
        // (200, 60, 60) of Display P3, by the matrices of both.
        for (part, expected) in converted.iter().zip([217, 42, 52, 217, 42, 52]) {
            assert!(part.abs_diff(expected) <= 2, "{converted:?}");
        }
        let srgb = ColorProfile::new_srgb().encode().unwrap();
        assert_eq!(red().in_srgb(Some(&srgb)).rgb, red().rgb);
        assert_eq!(red().in_srgb(Some(b"no profile")).rgb, red().rgb);
        assert_eq!(red().in_srgb(None).rgb, red().rgb);
    }

    #[test]
    fn a_picture_is_turned_as_its_camera_says() {
        let row = Pixels { width: 2, height: 1, rgb: vec![255, 0, 0, 0, 0, 255] };
        let turned = row.upright(Orientation::Rotate90).unwrap();
        assert_eq!((turned.width, turned.height, turned.rgb), (1, 2, vec![255, 0, 0, 0, 0, 255]));
        let row = Pixels { width: 2, height: 1, rgb: vec![255, 0, 0, 0, 0, 255] };
        let turned = row.upright(Orientation::Rotate270).unwrap();
        assert_eq!(turned.rgb, [0, 0, 255, 255, 0, 0]);
    }

    #[test]
    fn what_is_written_is_pixels_alone() {
        let Jpeg { bytes, .. } =
            Pixels { width: 20, height: 10, rgb: vec![7; 600] }.encode().unwrap();
        let mut kinds = Vec::new();
        let mut rest = &bytes[2..];
        while let [0xFF, kind, high, low, ..] = rest
            && *kind != 0xDA
        {
            kinds.push(*kind);
            rest = &rest[2 + usize::from(u16::from_be_bytes([*high, *low]))..];
        }
        // The head that says JFIF, tables, the frame.
        assert!(kinds.iter().all(|kind| [0xE0, 0xDB, 0xC0, 0xC4].contains(kind)), "{kinds:02x?}");
    }
}
