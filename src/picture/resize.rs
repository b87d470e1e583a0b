//! Pixels in another size.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

use super::{Pixels, Unfit};

const FAILED: Unfit = Unfit::Broken("cannot be drawn in another size");

impl Pixels {
    /// The same picture with no side longer than `side_max`, by Lanczos' filter of three lobes. A
    /// small one stays as it is.
    pub(super) fn within(&self, side_max: u32) -> Result<Self, Unfit> {
        let (width, height) = fit(self.width, self.height, side_max);
        self.resized(width, height)
    }

    fn resized(&self, width: u32, height: u32) -> Result<Self, Unfit> {
        let before = ImageRef::new(self.width, self.height, &self.rgb, PixelType::U8x3);
        let before = before.map_err(|_| FAILED)?;
        let mut after = Image::new(width, height, PixelType::U8x3);
        let lanczos = ResizeAlg::Convolution(FilterType::Lanczos3);
        Resizer::new()
            .resize(&before, &mut after, &ResizeOptions::new().resize_alg(lanczos))
            .map_err(|_| FAILED)?;
        Ok(Self { width, height, rgb: after.into_vec() })
    }
}

/// The sides of a picture that is drawn within a square, at least a pixel each.
fn fit(width: u32, height: u32, side_max: u32) -> (u32, u32) {
    let longest = width.max(height);
    if longest <= side_max {
        return (width, height);
    }
    let scaled = |side: u32| {
        let scaled =
            (u64::from(side) * u64::from(side_max) + u64::from(longest) / 2) / u64::from(longest);
        u32::try_from(scaled).unwrap_or(side_max).max(1)
    };
    (scaled(width), scaled(height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_drawn_within_a_square_and_never_larger() {
        assert_eq!(fit(4000, 3000, 2560), (2560, 1920));
        assert_eq!(fit(3000, 4000, 400), (300, 400));
        assert_eq!(fit(300, 200, 400), (300, 200));
        assert_eq!(fit(60_000, 1, 400), (400, 1));
    }

    #[test]
    fn an_even_colour_stays_even() {
        let before = Pixels { width: 900, height: 700, rgb: [200, 100, 50].repeat(900 * 700) };
        let after = before.within(400).unwrap();
        assert_eq!((after.width, after.height), (400, 311));
        assert!(after.rgb.chunks(3).all(|pixel| pixel == [200, 100, 50]));
    }
}
