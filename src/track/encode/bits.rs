//! Bits, least significant first, into bytes and back.

use super::Corrupt;

/// Widths up to this are read at once.
pub const PEEK_BITS: u32 = 56;

/// Widths up to this are written at once.
pub const WRITE_BITS: u32 = 32;

/// Bits that encode a width from 1 to 64.
const WIDTH_BITS: u32 = 6;

/// Collects bits into bytes.
#[derive(Clone, Default)]
pub struct BitWriter {
    bytes: Vec<u8>,
    pending: u64,
    pending_bits: u32,
}

impl BitWriter {
    /// Writes on after `bytes`.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, pending: 0, pending_bits: 0 }
    }

    /// Makes room for so many more bytes.
    pub fn reserve(&mut self, bytes: usize) {
        self.bytes.reserve(bytes);
    }

    /// Writes the lowest `width` bits of `value`, at most 64.
    pub fn write(&mut self, value: u64, width: u32) {
        if width > WRITE_BITS {
            self.write_short(value & 0xFFFF_FFFF, WRITE_BITS);
            self.write(value >> WRITE_BITS, width - WRITE_BITS);
        } else {
            self.write_short(value & ((1 << width) - 1), width);
        }
    }

    /// Writes a number of unknown size: whether it is 1, as most often, else its width and its bits
    /// behind the leading one. A width of 1 is left over for 0.
    pub fn write_number(&mut self, value: u64) {
        self.write((value == 1).into(), 1);
        if value != 1 {
            let width_less_1 = (value | 1).ilog2();
            self.write(width_less_1.into(), WIDTH_BITS);
            self.write(value, width_less_1);
        }
    }

    /// How many bits were written.
    pub fn len_bits(&self) -> usize {
        self.bytes.len() * 8 + self.pending_bits as usize
    }

    /// The bytes, the last one filled up with zeros.
    pub fn finish(mut self) -> Vec<u8> {
        while self.pending_bits > 0 {
            self.bytes.push(self.pending.to_le_bytes()[0]);
            self.pending >>= 8;
            self.pending_bits = self.pending_bits.saturating_sub(8);
        }
        self.bytes
    }

    /// Writes `value`, which has no more than `width` bits, at most [`WRITE_BITS`].
    #[inline]
    pub fn write_short(&mut self, value: u64, width: u32) {
        self.pending |= value << self.pending_bits;
        self.pending_bits += width;
        if self.pending_bits >= 32 {
            self.bytes.extend_from_slice(&self.pending.to_le_bytes()[..4]);
            self.pending >>= 32;
            self.pending_bits -= 32;
        }
    }
}

/// Gives bits back. Past the end it gives zeros, and [`BitReader::finish`] fails.
///
/// A copy reads on by itself: a loop that keeps one to itself keeps it in registers.
#[derive(Clone, Copy)]
pub struct BitReader<'a> {
    bytes: &'a [u8],
    /// The byte that the next load begins with.
    next: usize,
    /// Loaded bits, the next one lowest, and how many of them there are at least.
    window: u64,
    loaded_bits: u32,
}

impl<'a> BitReader<'a> {
    /// Reads `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, next: 0, window: 0, loaded_bits: 0 }
    }

    /// The next bits, [`PEEK_BITS`] of them or some more, without moving on.
    ///
    /// A load may bring bits that are there already; they are the same ones. So there is no branch
    /// (F. Giesen, "Reading bits in far too many ways", 2018).
    #[inline]
    pub fn peek(&mut self) -> u64 {
        let rest = self.bytes.get(self.next..).unwrap_or_default();
        let load =
            rest.first_chunk().map_or_else(|| load_last(rest), |bytes| u64::from_le_bytes(*bytes));
        self.window |= load << self.loaded_bits;
        self.next += (63 - self.loaded_bits) as usize / 8;
        self.loaded_bits |= PEEK_BITS;
        self.window
    }

    /// Moves on over bits that were peeked at, at most [`PEEK_BITS`].
    #[inline]
    pub fn skip(&mut self, width: u32) {
        self.window >>= width;
        self.loaded_bits -= width;
    }

    /// Reads `width` bits, at most 64.
    #[inline]
    pub fn read(&mut self, width: u32) -> u64 {
        if width > PEEK_BITS {
            let low = self.read(32);
            return low | self.read(width - 32) << 32;
        }
        let value = self.peek() & ((1 << width) - 1);
        self.skip(width);
        value
    }

    /// Reads what [`BitWriter::write_number`] wrote.
    pub fn read_number(&mut self) -> u64 {
        if self.read(1) == 1 {
            return 1;
        }
        match (self.read(WIDTH_BITS) & 0xFF) as u32 {
            0 => 0,
            width_less_1 => 1 << width_less_1 | self.read(width_less_1),
        }
    }

    /// Fails once more was read than there is.
    pub fn check(&self) -> Result<(), Corrupt> {
        self.left_bits().map(|_| ())
    }

    /// Fails unless everything was read, but for zeros that fill up the last byte.
    pub fn finish(mut self) -> Result<(), Corrupt> {
        if self.left_bits()? < 8 && self.peek() == 0 { Ok(()) } else { Err(Corrupt) }
    }

    fn left_bits(&self) -> Result<usize, Corrupt> {
        let position = self.next * 8 - self.loaded_bits as usize;
        (self.bytes.len() * 8).checked_sub(position).ok_or(Corrupt)
    }
}

#[cold]
fn load_last(rest: &[u8]) -> u64 {
    rest.iter().rev().fold(0, |load, &byte| load << 8 | u64::from(byte))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn bits_come_back_as_they_went_in(items in proptest::collection::vec((any::<u64>(), 0..=64_u32), 0..50)) {
            let mut writer = BitWriter::default();
            for &(value, width) in &items {
                writer.write(value, width);
                writer.write_number(value);
            }
            let bytes = writer.finish();
            let mut reader = BitReader::new(&bytes);
            for (value, width) in items {
                let kept = if width == 64 { value } else { value & ((1 << width) - 1) };
                prop_assert_eq!(reader.read(width), kept);
                prop_assert_eq!(reader.read_number(), value);
            }
            prop_assert!(reader.finish().is_ok());
        }
    }

    #[test]
    fn reading_past_the_end_is_noticed() {
        let mut reader = BitReader::new(&[0xFF]);
        assert_eq!(reader.read(64), 0xFF);
        assert_eq!(reader.finish(), Err(Corrupt));
    }

    #[test]
    fn bytes_left_over_are_noticed() {
        assert_eq!(BitReader::new(&[0]).finish(), Err(Corrupt));
    }
}
