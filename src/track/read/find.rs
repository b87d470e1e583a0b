//! Finds bytes close by, eight at a time.
//!
//! Names, numbers and blanks of a track are so short that the call of a vectorized search takes
//! longer than the search. The arithmetic on words is that of S. E. Anderson, "Bit Twiddling
//! Hacks": "Determine if a word has a zero byte", "… has a byte less than n".

const BYTES: usize = size_of::<u64>();
/// A one in each byte.
const ONES: u64 = u64::MAX / 0xFF;
/// The highest bit of each byte.
const HIGHS: u64 = ONES << 7;

/// Where the first `byte` is.
#[inline]
pub(super) fn find(byte: u8, bytes: &[u8]) -> Option<usize> {
    find_any([byte], bytes)
}

/// Where the first of the `wanted` bytes is.
#[inline]
pub(super) fn find_any<const N: usize>(wanted: [u8; N], bytes: &[u8]) -> Option<usize> {
    let (words, rest) = bytes.as_chunks::<BYTES>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let found =
            wanted.iter().fold(0, |found, byte| found | zeros(word ^ (ONES * u64::from(*byte))));
        if found != 0 {
            return Some(index * BYTES + first(found));
        }
    }
    rest.iter().position(|byte| wanted.contains(byte)).map(|index| words.len() * BYTES + index)
}

/// Where the first byte of ASCII below `limit` is, which is at most 128.
#[inline]
pub(super) fn find_below(limit: u8, bytes: &[u8]) -> Option<usize> {
    let limits = ONES * u64::from(limit);
    let (words, rest) = bytes.as_chunks::<BYTES>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let found = word.wrapping_sub(limits) & !word & HIGHS;
        if found != 0 {
            return Some(index * BYTES + first(found));
        }
    }
    rest.iter().position(|byte| *byte < limit).map(|index| words.len() * BYTES + index)
}

/// The highest bit of the first byte that is zero, and perhaps of some behind it.
#[inline]
fn zeros(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & HIGHS
}

/// The first byte of a word whose highest bit is set.
#[inline]
fn first(highs: u64) -> usize {
    (highs.trailing_zeros() / 8) as usize
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_finds_what_a_simple_search_finds(
            bytes in vec(prop_oneof![any::<u8>(), b'<'..=b'B'], 0..60), byte in b'<'..=b'B', limit in 0..=128_u8,
        ) {
            let position = |fits: &dyn Fn(u8) -> bool| bytes.iter().position(|byte| fits(*byte));
            prop_assert_eq!(find(byte, &bytes), position(&|found| found == byte));
            prop_assert_eq!(find_any([byte, b'A'], &bytes), position(&|found| found == byte || found == b'A'));
            prop_assert_eq!(find_below(limit, &bytes), position(&|found| found < limit));
        }
    }
}
