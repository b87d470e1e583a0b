//! What stands for a picture until it is there: its commonest colour, and a hash of a few bytes.

use super::{Pixels, Unfit};

/// The longest side of what a placeholder is made from, as its definition has it.
const HASHED_SIDE_MAX: u32 = 100;
/// Colours count as the same when their highest bits are.
const BITS: u32 = 4;

impl Pixels {
    /// The mean of the colours that are commonest, taking like ones together.
    pub(super) fn dominant_colour(&self) -> [u8; 3] {
        let mut bins = vec![(0_u64, [0_u64; 3]); 1 << (3 * BITS)];
        for pixel in self.rgb.chunks_exact(3) {
            let bin =
                pixel.iter().fold(0, |bin, part| bin << BITS | usize::from(part >> (8 - BITS)));
            let (count, sums) = &mut bins[bin];
            *count += 1;
            sums.iter_mut().zip(pixel).for_each(|(sum, part)| *sum += u64::from(*part));
        }
        let (count, sums) = bins.into_iter().max_by_key(|(count, _)| *count).unwrap_or_default();
        sums.map(|sum| u8::try_from(sum / count.max(1)).unwrap_or(u8::MAX))
    }

    /// Its `ThumbHash` (<https://evanw.github.io/thumbhash>): some 25 bytes that clients draw a blurred
    /// picture from.
    pub(super) fn placeholder(&self) -> Result<Vec<u8>, Unfit> {
        let small = self.within(HASHED_SIDE_MAX)?;
        let opaque =
            small.rgb.chunks_exact(3).flat_map(|pixel| [pixel[0], pixel[1], pixel[2], 255]);
        let rgba: Vec<u8> = opaque.collect();
        let sides = [small.width, small.height].map(usize::try_from);
        let [Ok(width), Ok(height)] = sides else { return Err(Unfit::Large) };
        Ok(thumbhash::rgba_to_thumb_hash(width, height, &rgba))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commonest_colour_stands_for_a_picture() {
        let mut rgb = [200, 100, 50].repeat(60);
        rgb.extend([0, 0, 255].repeat(40));
        let pixels = Pixels { width: 10, height: 10, rgb };
        assert_eq!(pixels.dominant_colour(), [200, 100, 50]);
        assert!((5..40).contains(&pixels.placeholder().unwrap().len()));
    }
}
