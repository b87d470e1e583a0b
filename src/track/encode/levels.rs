//! Values that keep to few levels of their range, in no simple ratio: a receiver that counts
//! elevation in steps of 0.480 m uses one decimetre out of five. The levels are listed once, and
//! each value becomes the number of its level (dictionary coding, with the dictionary sorted so
//! that near values have near numbers).

use super::Corrupt;
use super::bits::{BitReader, BitWriter};
use super::series;

/// Wider ranges are not looked at.
const RANGE_MAX: usize = 1 << 16;
/// So many times the number of levels the range has to be at least.
const RANGE_OVER_LEVELS_MIN: usize = 2;

/// The levels of the values in ascending order, if they are few enough to be worth a list.
pub fn find(values: &[i64]) -> Option<Vec<i64>> {
    let (first, last) = (*values.iter().min()?, *values.iter().max()?);
    let range =
        usize::try_from(last.checked_sub(first)?).ok().filter(|range| *range < RANGE_MAX)?;
    let mut used = vec![false; range + 1];
    for value in values {
        used[usize::try_from(value - first).ok()?] = true;
    }
    let levels: Vec<i64> =
        (first..=last).zip(used).filter(|level| level.1).map(|level| level.0).collect();
    (levels.len() * RANGE_OVER_LEVELS_MIN <= range).then_some(levels)
}

/// Writes the levels, then the level of each value. `times_ms` is as in [`series::write`].
pub fn write(values: &[i64], levels: &[i64], times_ms: &[i64], bits: &mut BitWriter) {
    bits.write_number(levels.len() as u64);
    series::write(levels, &[], bits);
    let level = |value| levels.partition_point(|level| *level < value);
    let numbers: Vec<i64> =
        values.iter().map(|&value| i64::try_from(level(value)).unwrap_or(i64::MAX)).collect();
    series::write(&numbers, times_ms, bits);
}

/// Reads `len` values that [`write()`] wrote, with the same `times_ms`.
pub fn read<T: Copy>(
    len: usize,
    times_ms: &[i64],
    bits: &mut BitReader,
    narrow: impl Fn(i64) -> Option<T>,
) -> Result<Vec<T>, Corrupt> {
    let count = usize::try_from(bits.read_number()).map_err(|_| Corrupt)?;
    if count > len {
        return Err(Corrupt);
    }
    let levels = series::read(count, &[], bits, narrow)?;
    let level = |number| levels.get(usize::try_from(number).ok()?).copied();
    series::read(len, times_ms, bits, level)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn values_come_back(values in vec((0..40_i64).prop_map(|step| step * 480 / 100), 3..200)) {
            if let Some(levels) = find(&values) {
                let mut bits = BitWriter::default();
                write(&values, &levels, &[], &mut bits);
                let bytes = bits.finish();
                let mut bits = BitReader::new(&bytes);
                prop_assert_eq!(read(values.len(), &[], &mut bits, Some), Ok(values));
                prop_assert!(bits.finish().is_ok());
            }
        }
    }

    #[test]
    fn levels_are_worth_a_list_only_if_they_are_few() {
        assert_eq!(find(&[0, 5, 10, 14, 5, 0]), Some(vec![0, 5, 10, 14]));
        assert_eq!(find(&[0, 1, 2, 3]), None);
        assert_eq!(find(&[i64::MIN, i64::MAX]), None);
        assert_eq!(find(&[]), None);
    }
}
