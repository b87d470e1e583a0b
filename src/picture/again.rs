//! A photo once its owner has left: drawn anew, so that neither its bytes nor its shape are what they were.
//!
//! A little is cut off each side, how much by chance, and what is left is drawn in one of three sizes. So no size
//! tells a camera, no pixel lies where it lay, and a noise that a sensor leaves everywhere is in no two of its
//! pictures at the same place or in the same size. It is not gone: who has many of them may still find it.

use super::decode::{Decoded, decode};
use super::encode::{Jpeg, Renditions};
use super::resize::Window;
use super::{Format, Unfit};
use crate::domain::PhotoSize;

/// The sizes that there are, each longer by a third than it is high, or the other way round; in pixels.
const SIZES: [(u32, u32); 3] = [(1_280, 960), (640, 480), (320, 240)];
/// How much of the largest part of that shape is left, at the least and at the most.
const LEFT: std::ops::Range<f64> = 0.88..0.98;

/// Whether a photo with these sides, in pixels, is large enough to stay.
pub fn is_large_enough(width: u32, height: u32) -> bool {
    size(width, height).is_some()
}

/// Draws a photo anew from a file of ours: work for a core. `share` gives random numbers from 0 to 1. `None` when
/// it is too small.
pub fn render_again(
    file: &[u8],
    mut share: impl FnMut() -> f64,
) -> Result<Option<Renditions>, Unfit> {
    let Decoded { pixels, .. } = decode(Format::of(file)?, file)?;
    let Some((width, height)) = size(pixels.width, pixels.height) else { return Ok(None) };
    let (most_wide, most_high) = fitting(pixels.width, pixels.height);
    let left = LEFT.start + share() * (LEFT.end - LEFT.start);
    // Beside the middle by no more than what is cut off.
    let mut begin = |side: u32, most: f64| {
        f64::from(side).mul_add(0.5, -0.5 * most) + share() * (1.0 - left) * most
    };
    let window = Window {
        left: begin(pixels.width, most_wide),
        top: begin(pixels.height, most_high),
        width: most_wide * left,
        height: most_high * left,
    };
    let large = pixels.drawn_from(&window, width, height)?;
    let thumbnail = large.within(PhotoSize::Thumbnail.side_max())?;
    let (colour, placeholder) = (thumbnail.dominant_colour(), thumbnail.placeholder()?);
    let Jpeg { width, height, bytes } = large.encode()?;
    let medium = Jpeg { width, height, bytes: bytes.clone() };
    let jpegs = [thumbnail.encode()?, medium, Jpeg { width, height, bytes }];
    Ok(Some(Renditions { jpegs, colour, placeholder }))
}

/// The largest size that is no more than there is once the sides are cut, upright or not.
fn size(width: u32, height: u32) -> Option<(u32, u32)> {
    let (most_wide, most_high) = fitting(width, height);
    let sizes = SIZES.into_iter();
    let mut sizes =
        sizes.map(|(long, short)| if height <= width { (long, short) } else { (short, long) });
    sizes.find(|(wide, high)| {
        f64::from(*wide) <= most_wide * LEFT.start && f64::from(*high) <= most_high * LEFT.start
    })
}

/// The sides of the largest part that has the shape of all sizes.
fn fitting(width: u32, height: u32) -> (f64, f64) {
    let (wide, high) = if height <= width { (4.0, 3.0) } else { (3.0, 4.0) };
    let unit = (f64::from(width) / wide).min(f64::from(height) / high);
    (unit * wide, unit * high)
}

#[cfg(test)]
mod tests {
    use super::super::{Pixels, decode};
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
        for (width, height) in [(400, 300), (640, 427), (720, 410), (399, 398)] {
            let again = render_again(&slope(width, height), || 0.5).unwrap().unwrap();
            assert_eq!(sides(&again), [(320, 240); 3], "{width} × {height}");
        }
        let again = render_again(&slope(700, 2_000), || 0.5).unwrap().unwrap();
        assert_eq!(sides(&again), [(300, 400), (480, 640), (480, 640)]);
        assert!(!is_large_enough(320, 240) && !is_large_enough(10_000, 260));
        assert!(render_again(&slope(320, 240), || 0.5).unwrap().is_none());
    }

    #[test]
    fn it_is_cut_elsewhere_each_time_and_never_reaches_beyond_the_edge() {
        let file = slope(800, 600);
        let mut seen = std::collections::BTreeSet::new();
        for shares in [[0.0, 0.0, 0.0], [0.0, 1.0, 1.0], [1.0, 0.0, 1.0], [1.0, 1.0, 1.0]] {
            let mut shares = shares.into_iter();
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
