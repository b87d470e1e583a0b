//! Pixels in another size.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

use super::{Pixels, Unfit};

/// How many rows are drawn at a time.
const STRIP_ROWS: u32 = 128;

const FAILED: Unfit = Unfit::Broken("cannot be drawn in another size");

/// A part of a picture, in its pixels.
pub(super) struct Window {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

impl Pixels {
    /// The same picture with no side longer than `side_max`, by Lanczos' filter of three lobes. A
    /// small one stays as it is.
    pub(super) fn within(&self, side_max: u32) -> Result<Self, Unfit> {
        let (width, height) = self.fit_within(side_max);
        self.drawn_from(&self.all(), width, height)
    }

    /// The sides that it has then.
    pub(super) fn fit_within(&self, side_max: u32) -> (u32, u32) {
        fit(self.width, self.height, side_max)
    }

    /// All of it.
    pub(super) fn all(&self) -> Window {
        let (width, height) = (f64::from(self.width), f64::from(self.height));
        Window { left: 0.0, top: 0.0, width, height }
    }

    /// Strip by strip: what lies between the two passes of the filter is as wide as the one and as high
    /// as the other.
    pub(super) fn drawn_from(
        &self,
        window: &Window,
        width: u32,
        height: u32,
    ) -> Result<Self, Unfit> {
        let before = ImageRef::new(self.width, self.height, &self.rgb, PixelType::U8x3);
        let before = before.map_err(|_| FAILED)?;
        let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3));
        let mut rgb = vec![0; 3 * width as usize * height as usize];
        let mut resizer = Resizer::new();
        let scale = window.height / f64::from(height);
        let strips = rgb.chunks_mut(3 * width as usize * STRIP_ROWS as usize);
        for (first, strip) in (0..height).step_by(STRIP_ROWS as usize).zip(strips) {
            let rows = STRIP_ROWS.min(height - first);
            let (top, high) =
                (f64::from(first).mul_add(scale, window.top), f64::from(rows) * scale);
            // Rounded, a sum may reach past the edge by less than a pixel is worth.
            let high = high.min(f64::from(self.height) - top);
            let wide = window.width.min(f64::from(self.width) - window.left);
            let mut after = Image::from_slice_u8(width, rows, strip, PixelType::U8x3);
            let after = after.as_mut().map_err(|_| FAILED)?;
            let options = options.crop(window.left, top, wide, high);
            resizer.resize(&before, after, &options).map_err(|_| FAILED)?;
        }
        Ok(Self { width, height, rgb })
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

    #[test]
    fn where_strips_meet_cannot_be_seen() {
        let (width, height) = (500, 1_111);
        let rgb = (0..3 * width * height)
            .map(|index: u32| (index.wrapping_mul(2_654_435_761) >> 24) as u8);
        let before = Pixels { width, height, rgb: rgb.collect() };
        let strips = before.drawn_from(&before.all(), 450, 1_000).unwrap();
        let mut whole = Image::new(450, 1_000, PixelType::U8x3);
        let pixels = ImageRef::new(width, height, &before.rgb, PixelType::U8x3).unwrap();
        let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3));
        Resizer::new().resize(&pixels, &mut whole, &options).unwrap();
        let pairs = strips.rgb.iter().zip(whole.buffer());
        assert!(pairs.into_iter().all(|(one, other)| one.abs_diff(*other) <= 1));
    }
}
