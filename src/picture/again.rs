//! A photo once its owner has left: drawn anew, so that neither its bytes nor its shape are what they were.
//!
//! A little is cut off each side, how much by chance, and what is left is drawn in one size, not as sharp as it was,
//! by how much chance says too. So neither size nor sharpness tells a camera, no pixel lies where it lay, and a noise
//! that a sensor leaves everywhere is in no two of its pictures at the same place or in the same size. It is not
//! gone: who has many of them may still find it.

use super::decode::{Decoded, decode};
use super::encode::{Jpeg, Renditions};
use super::resize::Window;
use super::{Format, Pixels, Unfit};
use crate::domain::PhotoSize;

/// The size that there is, upright or not, in pixels.
const SIZE: (u32, u32) = (960, 720);
/// Between how small, as a share of the size that it gets, a picture is drawn before.
const SHARP: std::ops::Range<f64> = 0.4..1.0;
/// How much of the largest part of that shape is left, at the least and at the most.
const LEFT: std::ops::Range<f64> = 0.88..0.98;

/// Whether a photo with these sides, in pixels, is large enough to stay.
pub fn is_large_enough(width: u32, height: u32) -> bool {
    size(width, height).is_some()
}

/// Draws a photo anew from a file of ours: work for a core. `chance` gives random numbers from 0 to 1. `None` when
/// it is too small.
pub fn render_again(
    file: &[u8],
    mut chance: impl FnMut() -> f64,
) -> Result<Option<Renditions>, Unfit> {
    let Decoded { pixels, .. } = decode(Format::of(file)?, file)?;
    let Some((width, height)) = size(pixels.width, pixels.height) else { return Ok(None) };
    let (most_wide, most_high) = fitting(pixels.width, pixels.height);
    let left = LEFT.start + chance() * (LEFT.end - LEFT.start);
    // Beside the middle by no more than what is cut off.
    let mut begin = |side: u32, most: f64| {
        f64::from(side).mul_add(0.5, -0.5 * most) + chance() * (1.0 - left) * most
    };
    let window = Window {
        left: begin(pixels.width, most_wide),
        top: begin(pixels.height, most_high),
        width: most_wide * left,
        height: most_high * left,
    };
    let large = drawn_softly(&pixels, &window, (width, height), chance())?;
    // By a measure of its own, so that what both have of a grain cannot be compared.
    let sides = large.fit_within(PhotoSize::Thumbnail.side_max());
    let thumbnail = drawn_softly(&large, &large.all(), sides, chance())?;
    let (colour, placeholder) = (thumbnail.dominant_colour(), thumbnail.placeholder()?);
    let Jpeg { width, height, bytes } = large.encode()?;
    let medium = Jpeg { width, height, bytes: bytes.clone() };
    let jpegs = [thumbnail.encode()?, medium, Jpeg { width, height, bytes }];
    Ok(Some(Renditions { jpegs, colour, placeholder }))
}

/// Drawn smaller first, how much `share` says, so that it is not as sharp as it could be.
fn drawn_softly(
    pixels: &Pixels,
    window: &Window,
    (width, height): (u32, u32),
    share: f64,
) -> Result<Pixels, Unfit> {
    let sharp = SHARP.start + share * (SHARP.end - SHARP.start);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some hundred")]
    let [wide, high] = [width, height].map(|side| (f64::from(side) * sharp).round() as u32);
    let small = pixels.drawn_from(window, wide, high)?;
    small.drawn_from(&small.all(), width, height)
}

/// The size, if that is no more than there is once the sides are cut.
fn size(width: u32, height: u32) -> Option<(u32, u32)> {
    let (most_wide, most_high) = fitting(width, height);
    let (long, short) = SIZE;
    let (wide, high) = if height <= width { (long, short) } else { (short, long) };
    let fits =
        f64::from(wide) <= most_wide * LEFT.start && f64::from(high) <= most_high * LEFT.start;
    fits.then_some((wide, high))
}

/// The sides of the largest part that has the shape of all sizes.
fn fitting(width: u32, height: u32) -> (f64, f64) {
    let (wide, high) = if height <= width { (4.0, 3.0) } else { (3.0, 4.0) };
    let unit = (f64::from(width) / wide).min(f64::from(height) / high);
    (unit * wide, unit * high)
}

#[cfg(test)]
mod tests {
    use super::super::decode;
    use super::*;

    /// Brighter to the right and further down.
    fn slope(width: u32, height: u32) -> Vec<u8> {
        let part = |at: u32, of: u32| u8::try_from(at * 255 / of).unwrap();
        let row = |y: u32| (0..width).flat_map(move |x| [part(x, width), part(y, height), 9]);
        let rgb = (0..height).flat_map(row).collect();
        Pixels { width, height, rgb }.encode().unwrap().bytes
    }

    fn sides(renditions: &Renditions) -> [(u32, u32); 3] {
        [0, 1, 2].map(|size: usize| (renditions.jpegs[size].width, renditions.jpegs[size].height))
    }

    #[test]
    fn no_size_tells_a_camera() {
        for (width, height) in [(1_100, 830), (1_920, 1_080), (2_560, 1_920), (1_100, 1_099)] {
            let again = render_again(&slope(width, height), || 0.5).unwrap().unwrap();
            assert_eq!(sides(&again), [(400, 300), (960, 720), (960, 720)], "{width} × {height}");
        }
        let again = render_again(&slope(900, 2_000), || 0.5).unwrap().unwrap();
        assert_eq!(sides(&again), [(300, 400), (720, 960), (720, 960)]);
        assert!(!is_large_enough(1_090, 1_000) && !is_large_enough(10_000, 800));
        assert!(render_again(&slope(1_090, 800), || 0.5).unwrap().is_none());
    }

    /// A camera with more pixels is no sharper, but by chance.
    #[test]
    fn how_sharp_it_is_is_chance() {
        let rgb = |pixel: u32| [pixel.wrapping_mul(2_654_435_761).to_be_bytes()[0]; 3];
        let grain =
            Pixels { width: 1_200, height: 900, rgb: (0..1_080_000).flat_map(rgb).collect() };
        let file = grain.encode().unwrap().bytes;
        let length = |sharp: f64| {
            let mut shares = [0.5, 0.5, 0.5, sharp, 0.5].into_iter();
            let again = render_again(&file, || shares.next().unwrap()).unwrap().unwrap();
            again.jpegs[2].bytes.len()
        };
        assert!(length(0.0) * 5 < length(1.0) * 4, "{} {}", length(0.0), length(1.0));
    }

    #[test]
    fn it_is_cut_elsewhere_each_time_and_never_reaches_beyond_the_edge() {
        let file = slope(1_600, 1_200);
        let mut seen = std::collections::BTreeSet::new();
        for [left, top, wide] in
            [[0.0, 0.0, 0.0], [0.0, 1.0, 1.0], [1.0, 0.0, 1.0], [1.0, 1.0, 1.0]]
        {
            let mut shares = [left, top, wide, 1.0, 1.0].into_iter();
            let again = render_again(&file, || shares.next().unwrap()).unwrap().unwrap();
            let Decoded { pixels, .. } =
                decode::decode(Format::Jpeg, &again.jpegs[2].bytes).unwrap();
            let corner = |pixel: usize| (pixels.rgb[3 * pixel], pixels.rgb[3 * pixel + 1]);
            let last = (pixels.width * pixels.height - 1) as usize;
            // Between both corners lies what is left of each side: 88 or 98 of a hundred.
            let (first, last) = (corner(0), corner(last));
            for (from, to) in [(first.0, last.0), (first.1, last.1)] {
                assert!((220..=252).contains(&(to - from)), "{from} to {to}");
            }
            seen.insert((first, last));
        }
        assert_eq!(seen.len(), 4);
    }
}
