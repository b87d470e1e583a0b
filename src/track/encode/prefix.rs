//! Prefix codes: short bit patterns for frequent symbols (D. A. Huffman, 1952), in canonical form,
//! so that the lengths alone tell the patterns.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::Corrupt;
use super::bits::{BitReader, BitWriter, WRITE_BITS};

/// No pattern is longer, so that a table of this many bits decodes a symbol in one step.
pub const LENGTH_MAX: u32 = 11;

/// Bits that encode how many symbols there are: their numbers stay below 256.
const SYMBOL_COUNT_BITS: u32 = 8;

/// The length that the first one is told by its difference from.
const LENGTH_FIRST: u32 = 6;

/// The longest run of ones that a difference of two lengths takes.
const STEP_MAX: u32 = 2 * LENGTH_MAX;

/// About how many bits of a table tell the length of a symbol that is used.
const SYMBOL_TABLE_BITS: f64 = 3.5;

/// Patterns to write with.
pub struct Encoder {
    lengths: Vec<u32>,
    patterns: Vec<u64>,
}

/// A table to read with: the next [`LENGTH_MAX`] bits lead to the symbol.
pub struct Decoder {
    table: Box<[Entry; TABLE_LEN]>,
}

const TABLE_LEN: usize = 1 << LENGTH_MAX;

/// A symbol, found.
#[derive(Clone, Copy)]
#[repr(align(4))]
pub struct Entry {
    /// Which.
    pub symbol: u8,
    /// The length of its pattern; 0 if there is no symbol.
    pub length: u8,
    /// The length of its pattern and of the extra bits that follow.
    pub width: u8,
}

impl Encoder {
    /// The best code for symbols that occur `counts` times, at most 255 of them.
    pub fn new(counts: &[u64]) -> Self {
        let used = counts.iter().rposition(|&count| count > 0).map_or(0, |last| last + 1);
        Self::of_lengths(find_lengths(&counts[..used]))
    }

    /// The code whose patterns have these lengths.
    pub fn of_lengths(lengths: Vec<u32>) -> Self {
        let patterns = assign_patterns(&lengths);
        Self { lengths, patterns }
    }

    /// How many bits the table and symbols that occur `counts` times take.
    pub fn cost_bits(&self, counts: &[u64]) -> u64 {
        let lengths = self.lengths.iter().zip(counts);
        let body: u64 = lengths.map(|(&length, count)| u64::from(length) * count).sum();
        let mut table = BitWriter::default();
        self.write_table(&mut table);
        body + table.len_bits() as u64
    }

    /// Writes the lengths: whether a symbol is used, and how its length differs from the one
    /// before, since neighbours are about equally frequent.
    pub fn write_table(&self, bits: &mut BitWriter) {
        bits.write(self.lengths.len() as u64, SYMBOL_COUNT_BITS);
        let mut before = LENGTH_FIRST;
        for &length in &self.lengths {
            bits.write((length > 0).into(), 1);
            if length > 0 {
                let step = if length >= before {
                    2 * (length - before)
                } else {
                    2 * (before - length) - 1
                };
                bits.write((1 << step) - 1, step + 1);
                before = length;
            }
        }
    }

    /// Writes a symbol that was counted, and the extra bits that follow it.
    #[inline]
    pub fn write(&self, symbol: usize, extra: u64, extra_bits: u32, bits: &mut BitWriter) {
        let (pattern, length) = (self.patterns[symbol], self.lengths[symbol]);
        if extra_bits <= WRITE_BITS - LENGTH_MAX {
            bits.write_short(pattern | extra << length, length + extra_bits);
        } else {
            bits.write(pattern, length);
            bits.write(extra, extra_bits);
        }
    }
}

impl Decoder {
    /// Reads what [`Encoder::write_table`] wrote. `extra_bits` tells how many bits follow the
    /// pattern of a symbol.
    pub fn read_table(
        bits: &mut BitReader,
        extra_bits: impl Fn(u8) -> u32,
    ) -> Result<Self, Corrupt> {
        let count = bits.read(SYMBOL_COUNT_BITS);
        let mut lengths = Vec::new();
        let mut before = LENGTH_FIRST;
        for _ in 0..count {
            if bits.read(1) == 0 {
                lengths.push(0);
                continue;
            }
            let step = bits.peek().trailing_ones();
            if step > STEP_MAX {
                return Err(Corrupt);
            }
            bits.skip(step + 1);
            let length = if step.is_multiple_of(2) {
                before.checked_add(step / 2)
            } else {
                before.checked_sub(step.div_ceil(2))
            };
            before = length.filter(|length| (1..=LENGTH_MAX).contains(length)).ok_or(Corrupt)?;
            lengths.push(before);
        }
        if is_code(&lengths) { Ok(Self::of_lengths(&lengths, extra_bits)) } else { Err(Corrupt) }
    }

    /// Reads the code whose patterns have these lengths.
    pub fn of_lengths(lengths: &[u32], extra_bits: impl Fn(u8) -> u32) -> Self {
        let mut table = Box::new([Entry { symbol: 0, length: 0, width: 0 }; TABLE_LEN]);
        let byte = |bits: u32| (bits & 0xFF) as u8;
        for ((symbol, &length), pattern) in (0..=u8::MAX).zip(lengths).zip(assign_patterns(lengths))
        {
            if length > 0 {
                let width = byte(length + extra_bits(symbol));
                let entry = Entry { symbol, length: byte(length), width };
                let slots = table.iter_mut().skip(index(pattern)).step_by(1 << length);
                slots.for_each(|slot| *slot = entry);
            }
        }
        Self { table }
    }

    /// The symbol that `window` begins with.
    #[inline]
    pub fn look_up(&self, window: u64) -> Entry {
        self.table[index(window) % TABLE_LEN]
    }
}

/// The lowest bits of a window as an index.
#[inline]
fn index(window: u64) -> usize {
    usize::from((window & 0xFFFF) as u16)
}

/// About how many bits a code for symbols that occur `counts` times takes with its table and the
/// extra bits, by the entropy of the symbols: no code has to be made for it.
#[expect(clippy::cast_precision_loss, reason = "counts are below two to the power of 53")]
pub fn estimate_bits(counts: &[u64], extra_bits: u64) -> f64 {
    let used = || counts.iter().filter(|&&count| count > 0).map(|&count| count as f64);
    let all: f64 = used().sum();
    let symbols_bits = used().map(|count| SYMBOL_TABLE_BITS + count * (all / count).log2());
    symbols_bits.sum::<f64>() + extra_bits as f64
}

/// Whether patterns of these lengths can be told apart (L. G. Kraft, 1949).
fn is_code(lengths: &[u32]) -> bool {
    let used = lengths.iter().filter(|&&length| length > 0);
    used.map(|&length| 1 << (LENGTH_MAX - length)).sum::<u32>() <= 1 << LENGTH_MAX
}

/// Lengths of the best code (Huffman's algorithm). Where one grows too long the counts are evened
/// out and it starts again, which costs next to nothing at these sizes.
fn find_lengths(counts: &[u64]) -> Vec<u32> {
    let mut weights = counts.to_vec();
    loop {
        let lengths = grow_tree(&weights);
        if lengths.iter().all(|&length| length <= LENGTH_MAX) {
            return lengths;
        }
        for weight in weights.iter_mut().filter(|weight| **weight > 0) {
            *weight = *weight / 2 + 1;
        }
    }
}

/// Joins the two rarest nodes until one is left; a symbol's length is its depth.
fn grow_tree(weights: &[u64]) -> Vec<u32> {
    let leaves = weights.iter().enumerate().filter(|&(_, &weight)| weight > 0);
    let mut rarest: BinaryHeap<_> =
        leaves.map(|(symbol, &weight)| Reverse((weight, symbol))).collect();
    let mut parents = vec![usize::MAX; weights.len()];
    while let (Some(Reverse((first_weight, first))), Some(Reverse((second_weight, second)))) =
        (rarest.pop(), rarest.pop())
    {
        let joined = parents.len();
        parents.push(usize::MAX);
        parents[first] = joined;
        parents[second] = joined;
        rarest.push(Reverse((first_weight + second_weight, joined)));
    }
    // A parent comes after its children, so going backwards meets it first.
    let mut depths = vec![0_u32; parents.len()];
    for node in (0..parents.len()).rev() {
        depths[node] = depths.get(parents[node]).map_or(0, |depth| depth + 1);
    }
    depths.truncate(weights.len());
    // A lone symbol is the root itself, and still needs a bit.
    for (depth, &weight) in depths.iter_mut().zip(weights) {
        *depth = if weight > 0 { (*depth).max(1) } else { 0 };
    }
    depths
}

/// Numbers patterns by length, then by symbol, and turns them round, since the bit that is written
/// first is the lowest.
fn assign_patterns(lengths: &[u32]) -> Vec<u64> {
    let mut patterns = vec![0; lengths.len()];
    let mut next = 0_u64;
    for width in 1..=LENGTH_MAX {
        next <<= 1;
        for (pattern, _) in patterns.iter_mut().zip(lengths).filter(|&(_, &length)| length == width)
        {
            *pattern = next.reverse_bits() >> (u64::BITS - width);
            next += 1;
        }
    }
    patterns
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn symbols_come_back(symbols in proptest::collection::vec((0..40_usize).prop_map(|x| x * x / 8), 0..500)) {
            let mut counts = vec![0; 255];
            for &symbol in &symbols {
                counts[symbol] += 1;
            }
            let encoder = Encoder::new(&counts);
            let mut bits = BitWriter::default();
            encoder.write_table(&mut bits);
            for &symbol in &symbols {
                encoder.write(symbol, 0, 0, &mut bits);
            }
            let bytes = bits.finish();
            let mut bits = BitReader::new(&bytes);
            let decoder = Decoder::read_table(&mut bits, |_| 0).unwrap();
            for symbol in symbols {
                let found = decoder.look_up(bits.peek());
                bits.skip(found.length.into());
                prop_assert_eq!(usize::from(found.symbol), symbol);
            }
            prop_assert!(bits.finish().is_ok());
        }
    }

    #[test]
    fn very_uneven_counts_keep_patterns_short() {
        let counts: Vec<u64> = (0..60).map(|power| 1 << power.min(50)).collect();
        assert!(find_lengths(&counts).iter().all(|&length| (1..=LENGTH_MAX).contains(&length)));
    }

    #[test]
    fn lengths_that_are_no_code_are_refused() {
        assert!(!is_code(&[1, 1, 1]));
        assert!(is_code(&[1, 0, 1]));
    }
}
