//! The head of a lossless WebP picture (RFC 9649, section 3), read as far as it says how many groups of codes
//! there are. A decoder makes tables for each, some kilobytes from some bytes: a file of three megabytes asks for
//! more than a gigabyte, however few pixels it has.

use super::Unfit;
use super::decode::BROKEN;

/// The most groups. Encoders write hundreds: libwebp has tiles made larger until there are no more than 2,600.
const GROUPS_MAX: u32 = 2_600;

const SIGNATURE: u32 = 0x2F;
/// Green and lengths, red, blue, alpha, distances.
const ALPHABETS: [usize; 5] = [256 + LENGTHS, 256, 256, 256, 40];
const LENGTHS: usize = 24;
const BITS_MAX: usize = 15;
/// The order in which the lengths of the code for lengths come.
const ORDER: [usize; 19] = [17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

/// Whether a picture of these sides, with the signature that says so before it, has as few groups of codes as
/// may be.
pub(super) fn check_picture(stream: &[u8], width: u32, height: u32) -> Result<(), Unfit> {
    let mut bits = Bits { stream, at: 0 };
    let (signature, columns, rows) = (bits.take(8)?, bits.take(14)? + 1, bits.take(14)? + 1);
    let _has_alpha_and_version = bits.take(4)?;
    if signature != SIGNATURE || (columns, rows) != (width, height) {
        return Err(BROKEN);
    }
    check(&mut bits, width, height)
}

/// The same of a plane of alpha, which has no signature.
pub(super) fn check_plane(stream: &[u8], width: u32, height: u32) -> Result<(), Unfit> {
    check(&mut Bits { stream, at: 0 }, width, height)
}

fn check(bits: &mut Bits, width: u32, height: u32) -> Result<(), Unfit> {
    let mut columns = width;
    let mut seen = [false; 4];
    while bits.take(1)? == 1 {
        let kind = bits.take(2)?;
        // Each may come once.
        if std::mem::replace(&mut seen[kind as usize], true) {
            return Err(BROKEN);
        }
        match kind {
            0 | 1 => _ = tiles(bits, columns, height)?,
            2 => {}
            _ => {
                let colours = bits.take(8)? + 1;
                image(bits, colours, 1)?;
                columns = shrunk(
                    columns,
                    match colours {
                        0..=2 => 3,
                        3..=4 => 2,
                        5..=16 => 1,
                        _ => 0,
                    },
                );
            }
        }
    }
    let _cache = cache_bits(bits)?;
    if bits.take(1)? == 0 {
        return Ok(());
    }
    let groups = tiles(bits, columns, height)?.into_iter().map(|pixel| pixel >> 8 & 0xFFFF).max();
    if groups < Some(GROUPS_MAX) { Ok(()) } else { Err(Unfit::Large) }
}

/// A picture with a pixel for each tile of a larger one.
fn tiles(bits: &mut Bits, columns: u32, rows: u32) -> Result<Vec<u32>, Unfit> {
    let side_bits = bits.take(3)? + 2;
    image(bits, shrunk(columns, side_bits), shrunk(rows, side_bits))
}

const fn shrunk(side: u32, bits: u32) -> u32 {
    side.div_ceil(1 << bits)
}

fn cache_bits(bits: &mut Bits) -> Result<Option<u32>, Unfit> {
    if bits.take(1)? == 0 {
        return Ok(None);
    }
    let cache_bits = bits.take(4)?;
    if (1..=11).contains(&cache_bits) { Ok(Some(cache_bits)) } else { Err(BROKEN) }
}

/// Pixels as alpha, red, green and blue, of a picture with one group of codes.
fn image(bits: &mut Bits, columns: u32, rows: u32) -> Result<Vec<u32>, Unfit> {
    let cache_bits = cache_bits(bits)?;
    let mut cache = cache_bits.map_or(Vec::new(), |bits| vec![0; 1 << bits]);
    let mut codes = Vec::with_capacity(ALPHABETS.len());
    for (index, size) in ALPHABETS.into_iter().enumerate() {
        codes.push(Code::described(bits, if index == 0 { size + cache.len() } else { size })?);
    }
    let [greens, reds, blues, alphas, distances] = codes.as_slice() else { return Err(BROKEN) };
    let count = columns as usize * rows as usize;
    let mut pixels: Vec<u32> = Vec::with_capacity(count);
    while pixels.len() < count {
        let symbol = greens.read(bits)?;
        let from = pixels.len();
        if let Some(index) = symbol.checked_sub(256 + LENGTHS) {
            pixels.push(*cache.get(index).ok_or(BROKEN)?);
        } else if let Some(length) = symbol.checked_sub(256) {
            let length = extended(bits, length)?;
            let code = distances.read(bits)?;
            let back = distance(extended(bits, code)?, columns as usize);
            if pixels.len() < back || count < pixels.len() + length {
                return Err(BROKEN);
            }
            for _ in 0..length {
                pixels.push(pixels[pixels.len() - back]);
            }
        } else {
            let (red, blue, alpha) = (reds.read(bits)?, blues.read(bits)?, alphas.read(bits)?);
            let argb =
                [alpha, red, symbol, blue].map(|part| u8::try_from(part).unwrap_or_default());
            pixels.push(u32::from_be_bytes(argb));
        }
        if let Some(bits) = cache_bits {
            for pixel in &pixels[from..] {
                cache[(pixel.wrapping_mul(0x1E35_A7BD) >> (32 - bits)) as usize] = *pixel;
            }
        }
    }
    Ok(pixels)
}

/// A length, or a distance as it is coded, from 1 on.
fn extended(bits: &mut Bits, symbol: usize) -> Result<usize, Unfit> {
    if symbol < 4 {
        return Ok(symbol + 1);
    }
    let more = u32::try_from((symbol - 2) >> 1).map_err(|_| BROKEN)?;
    Ok(((2 + (symbol & 1)) << more) + bits.take(more)? as usize + 1)
}

/// How many pixels a coded distance goes back: the first 120 mean near ones, rows above and beside.
fn distance(code: usize, columns: usize) -> usize {
    let Some(near) = NEAR.get(code - 1) else { return code - NEAR.len() };
    let (above, left) = (usize::from(near >> 4), 8 - i64::from(near & 0xF));
    let back = i64::try_from(above * columns).unwrap_or(i64::MAX).saturating_add(left);
    usize::try_from(back.max(1)).unwrap_or(1)
}

/// Rows above in the high four bits; 8 less the columns to the left in the low ones.
const NEAR: [u8; 120] = [
    0x18, 0x07, 0x17, 0x19, 0x28, 0x06, 0x27, 0x29, 0x16, 0x1a, 0x26, 0x2a, 0x38, 0x05, 0x37, 0x39,
    0x15, 0x1b, 0x36, 0x3a, 0x25, 0x2b, 0x48, 0x04, 0x47, 0x49, 0x14, 0x1c, 0x35, 0x3b, 0x46, 0x4a,
    0x24, 0x2c, 0x58, 0x45, 0x4b, 0x34, 0x3c, 0x03, 0x57, 0x59, 0x13, 0x1d, 0x56, 0x5a, 0x23, 0x2d,
    0x44, 0x4c, 0x55, 0x5b, 0x33, 0x3d, 0x68, 0x02, 0x67, 0x69, 0x12, 0x1e, 0x66, 0x6a, 0x22, 0x2e,
    0x54, 0x5c, 0x43, 0x4d, 0x65, 0x6b, 0x32, 0x3e, 0x78, 0x01, 0x77, 0x79, 0x53, 0x5d, 0x11, 0x1f,
    0x64, 0x6c, 0x42, 0x4e, 0x76, 0x7a, 0x21, 0x2f, 0x75, 0x7b, 0x31, 0x3f, 0x63, 0x6d, 0x52, 0x5e,
    0x00, 0x74, 0x7c, 0x41, 0x4f, 0x10, 0x20, 0x62, 0x6e, 0x30, 0x73, 0x7d, 0x51, 0x5f, 0x40, 0x72,
    0x7e, 0x61, 0x6f, 0x50, 0x71, 0x7f, 0x60, 0x70,
];

/// A prefix code: how many codes there are of each length, and their symbols in order.
struct Code {
    counts: [usize; BITS_MAX + 1],
    symbols: Vec<usize>,
}

impl Code {
    fn described(bits: &mut Bits, size: usize) -> Result<Self, Unfit> {
        let mut lengths = vec![0; size];
        if bits.take(1)? == 1 {
            let (has_two, is_wide) = (bits.take(1)? == 1, bits.take(1)? == 1);
            let first = bits.take(if is_wide { 8 } else { 1 })? as usize;
            let second = if has_two { bits.take(8)? as usize } else { first };
            // In another order they would be read by some decoders as they come, by others in theirs.
            if second < first || (has_two && second == first) {
                return Err(BROKEN);
            }
            for symbol in [first, second] {
                *lengths.get_mut(symbol).ok_or(BROKEN)? = 1;
            }
            return Self::new(&lengths);
        }
        let mut of_lengths = [0; ORDER.len()];
        let count = bits.take(4)? as usize + 4;
        for place in ORDER.into_iter().take(count) {
            of_lengths[place] = bits.take(3)? as usize;
        }
        let of_lengths = Self::new(&of_lengths)?;
        let mut left = size;
        if bits.take(1)? == 1 {
            let width = 2 + 2 * bits.take(3)?;
            left = 2 + bits.take(width)? as usize;
        }
        let (mut at, mut before) = (0, 8);
        while at < size && 0 < left {
            left -= 1;
            let symbol = of_lengths.read(bits)?;
            let (length, times) = match symbol {
                16 => (before, 3 + bits.take(2)?),
                17 => (0, 3 + bits.take(3)?),
                18 => (0, 11 + bits.take(7)?),
                length => (length, 1),
            };
            if length != 0 {
                before = length;
            }
            let end = at + times as usize;
            lengths.get_mut(at..end).ok_or(BROKEN)?.fill(length);
            at = end;
        }
        Self::new(&lengths)
    }

    fn new(lengths: &[usize]) -> Result<Self, Unfit> {
        let mut counts = [0; BITS_MAX + 1];
        let used = || lengths.iter().enumerate().filter(|(_, length)| **length != 0);
        for (_, length) in used() {
            *counts.get_mut(*length).ok_or(BROKEN)? += 1;
        }
        let mut symbols: Vec<usize> = used().map(|(symbol, _)| symbol).collect();
        symbols.sort_by_key(|symbol| lengths[*symbol]);
        if symbols.is_empty() { Err(BROKEN) } else { Ok(Self { counts, symbols }) }
    }

    fn read(&self, bits: &mut Bits) -> Result<usize, Unfit> {
        // One alone takes no bit.
        if let [only] = *self.symbols {
            return Ok(only);
        }
        let (mut code, mut first, mut index) = (0, 0, 0);
        for count in &self.counts[1..] {
            code |= bits.take(1)? as usize;
            if code < first + count {
                return self.symbols.get(index + code - first).copied().ok_or(BROKEN);
            }
            index += count;
            first = (first + count) << 1;
            code <<= 1;
        }
        Err(BROKEN)
    }
}

/// Bits from the lowest of each byte on.
struct Bits<'a> {
    stream: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    /// So many bits, at most 24, as a number.
    fn take(&mut self, count: u32) -> Result<u32, Unfit> {
        let bytes = self.stream.get(self.at / 8..).unwrap_or_default();
        let mut word = [0; 4];
        let length = bytes.len().min(4);
        word[..length].copy_from_slice(&bytes[..length]);
        let (offset, end) = (self.at % 8, self.at + count as usize);
        if 8 * self.stream.len() < end {
            return Err(BROKEN);
        }
        self.at = end;
        Ok(u32::from_le_bytes(word) >> offset & ((1 << count) - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes bits from the lowest of each byte on.
    #[derive(Default)]
    struct Written {
        bytes: Vec<u8>,
        bits: usize,
    }

    impl Written {
        fn put(&mut self, count: usize, value: u32) -> &mut Self {
            for bit in 0..count {
                if self.bits.is_multiple_of(8) {
                    self.bytes.push(0);
                }
                if value >> bit & 1 == 1 {
                    *self.bytes.last_mut().unwrap() |= 1 << (self.bits % 8);
                }
                self.bits += 1;
            }
            self
        }

        /// A code with one symbol, which takes no bit.
        fn only(&mut self, symbol: u32) -> &mut Self {
            self.put(3, 0b101).put(8, symbol)
        }
    }

    /// A picture of 16 × 16 pixels whose only tile asks for so many groups of codes.
    fn asking_for(groups: u32) -> Vec<u8> {
        let mut head = Written::default();
        head.put(8, SIGNATURE).put(14, 15).put(14, 15).put(4, 0);
        // No transform, no cache; tiles of 16 pixels, all of one colour.
        head.put(1, 0).put(1, 0).put(1, 1).put(3, 2);
        let (red, green) = ((groups - 1) >> 8, (groups - 1) & 0xFF);
        head.put(1, 0).only(green).only(red).only(0).only(0).only(0);
        head.bytes
    }

    #[test]
    fn a_picture_that_asks_for_tables_without_end_is_refused() {
        assert_eq!(check_picture(&asking_for(1), 16, 16), Ok(()));
        assert_eq!(check_picture(&asking_for(GROUPS_MAX), 16, 16), Ok(()));
        assert_eq!(check_picture(&asking_for(GROUPS_MAX + 1), 16, 16), Err(Unfit::Large));
        assert_eq!(check_picture(&asking_for(65_536), 16, 16), Err(Unfit::Large));
        assert_eq!(check_picture(&asking_for(1), 16, 17), Err(BROKEN));
        let file = asking_for(65_536);
        for length in 0..file.len() - 1 {
            assert_eq!(check_picture(&file[..length], 16, 16), Err(BROKEN), "{length} bytes");
        }
    }

    #[test]
    fn symbols_are_read_by_the_lengths_of_their_codes() {
        let code = Code::new(&[2, 0, 1, 3, 3]).unwrap();
        // 10, 0, 110, 111.
        let stream = [0b1101_1001, 0b0000_0001];
        let mut bits = Bits { stream: &stream, at: 0 };
        let read: Vec<usize> = (0..4).map(|_| code.read(&mut bits).unwrap()).collect();
        assert_eq!(read, [0, 2, 3, 4]);
    }

    #[test]
    fn distances_lead_to_near_pixels_first() {
        let back = [1, 2, 3, 4, 120, 121, 1_000].map(|code| distance(code, 100));
        assert_eq!(back, [100, 1, 101, 99, 708, 1, 880]);
    }
}
