//! A column that points may lack: which of them have a value, and the series of those values.

use super::Corrupt;
use super::bits::{BitReader, BitWriter};
use super::{levels, series};
use crate::track::columns::{MISSING, NO_TIME};

const STATE_BITS: u32 = 2;
/// The column is empty: no point has the quantity.
const ABSENT: u64 = 0;
/// Every point has a value.
const FULL: u64 = 1;
/// Runs of points that have a value and of points that lack it take turns, the former first.
const WITH_GAPS: u64 = 2;

/// Whether there is a single part, as most often.
const SINGLE_BITS: u32 = 1;

const VALUES_BITS: u32 = 1;
const AS_THEY_ARE: u64 = 0;
const BY_LEVELS: u64 = 1;

/// What a column holds.
pub trait Cell: Copy + PartialEq {
    /// Stands for a value that a point lacks.
    const LACKING: Self;
    /// As the number that a series holds.
    fn widen(self) -> i64;
    /// Back from that number, if it is one of a column and not [`Cell::LACKING`].
    fn narrow(number: i64) -> Option<Self>;
}

impl Cell for i32 {
    const LACKING: Self = MISSING;

    fn widen(self) -> i64 {
        self.into()
    }

    #[inline]
    fn narrow(number: i64) -> Option<Self> {
        Self::try_from(number).ok().filter(|&value| value != MISSING)
    }
}

impl Cell for i64 {
    const LACKING: Self = NO_TIME;

    fn widen(self) -> i64 {
        self
    }

    #[inline]
    fn narrow(number: i64) -> Option<Self> {
        Some(number).filter(|&value| value != NO_TIME)
    }
}

/// Writes a column. `times_ms` is as in [`series::write`].
pub fn write<T: Cell>(column: &[T], times_ms: &[i64], bits: &mut BitWriter) {
    let present: Vec<i64> =
        column.iter().filter(|&&cell| cell != T::LACKING).map(|cell| cell.widen()).collect();
    if column.is_empty() {
        return bits.write(ABSENT, STATE_BITS);
    }
    let times_ms = if present.len() == column.len() {
        bits.write(FULL, STATE_BITS);
        times_ms
    } else {
        bits.write(WITH_GAPS, STATE_BITS);
        write_lengths(&measure_runs(column), bits);
        &[]
    };
    write_values(&present, times_ms, bits);
}

/// Writes values as they are or by their levels, whichever takes less.
fn write_values(values: &[i64], times_ms: &[i64], bits: &mut BitWriter) {
    let mut by_levels = bits.clone();
    let levels = levels::find(values);
    if let Some(levels) = &levels {
        by_levels.write(BY_LEVELS, VALUES_BITS);
        levels::write(values, levels, times_ms, &mut by_levels);
    }
    bits.write(AS_THEY_ARE, VALUES_BITS);
    series::write(values, times_ms, bits);
    if levels.is_some() && by_levels.len_bits() < bits.len_bits() {
        *bits = by_levels;
    }
}

fn read_values<T: Cell>(
    len: usize,
    times_ms: &[i64],
    bits: &mut BitReader,
) -> Result<Vec<T>, Corrupt> {
    match bits.read(VALUES_BITS) {
        AS_THEY_ARE => series::read(len, times_ms, bits, T::narrow),
        _ => levels::read(len, times_ms, bits, T::narrow),
    }
}

/// Reads a column of `len` points that [`write()`] wrote with the same `times_ms`.
pub fn read<T: Cell>(
    len: usize,
    times_ms: &[i64],
    bits: &mut BitReader,
) -> Result<Vec<T>, Corrupt> {
    match bits.read(STATE_BITS) {
        ABSENT => Ok(Vec::new()),
        FULL => read_values(len, times_ms, bits),
        WITH_GAPS => {
            let runs = read_lengths(len, bits)?;
            let present = read_values(runs.iter().step_by(2).sum(), &[], bits)?;
            Ok(spread(&present, &runs, len))
        }
        _ => Err(Corrupt),
    }
}

/// Writes where the parts end.
pub fn write_parts(part_ends: &[usize], bits: &mut BitWriter) {
    bits.write((part_ends.len() == 1).into(), SINGLE_BITS);
    if part_ends.len() == 1 {
        return;
    }
    let starts = std::iter::once(0).chain(part_ends.iter().copied());
    let lengths: Vec<usize> =
        part_ends.iter().zip(starts).map(|(end, start)| end - start).collect();
    write_lengths(&lengths, bits);
}

/// Reads where the parts of `len` points end.
pub fn read_parts(len: usize, bits: &mut BitReader) -> Result<Vec<usize>, Corrupt> {
    if bits.read(SINGLE_BITS) == 1 {
        return if len > 0 { Ok(vec![len]) } else { Err(Corrupt) };
    }
    let mut ends = read_lengths(len, bits)?;
    if ends.contains(&0) {
        return Err(Corrupt);
    }
    let mut end = 0;
    for length in &mut ends {
        end += *length;
        *length = end;
    }
    Ok(ends)
}

fn write_lengths(lengths: &[usize], bits: &mut BitWriter) {
    let lengths: Vec<i64> =
        lengths.iter().map(|&length| i64::try_from(length).unwrap_or(i64::MAX)).collect();
    bits.write_number(lengths.len() as u64);
    series::write(&lengths, &[], bits);
}

/// Lengths that sum up to `len`, none but the first of them 0, so that there are no more of them than points and one.
fn read_lengths(len: usize, bits: &mut BitReader) -> Result<Vec<usize>, Corrupt> {
    let count = usize::try_from(bits.read_number()).map_err(|_| Corrupt)?;
    if count > len + 1 {
        return Err(Corrupt);
    }
    let within = |length: i64| usize::try_from(length).ok().filter(|&length| length <= len);
    let lengths = series::read(count, &[], bits, within)?;
    let sums_up = lengths.iter().sum::<usize>() == len;
    if sums_up && !lengths.iter().skip(1).any(|&length| length == 0) {
        Ok(lengths)
    } else {
        Err(Corrupt)
    }
}

/// Lengths of the runs, which take turns from one of present cells, perhaps empty.
fn measure_runs<T: Cell>(column: &[T]) -> Vec<usize> {
    let runs = column.chunk_by(|cell, next| (*cell == T::LACKING) == (*next == T::LACKING));
    let begins_lacking = column.first() == Some(&T::LACKING);
    begins_lacking.then_some(0).into_iter().chain(runs.map(<[T]>::len)).collect()
}

/// Puts the cells that are present where their runs are.
fn spread<T: Cell>(present: &[T], runs: &[usize], len: usize) -> Vec<T> {
    let mut column = Vec::with_capacity(len);
    let mut rest = present.iter().copied();
    for pair in runs.chunks(2) {
        column.extend(rest.by_ref().take(pair[0]));
        column.resize(column.len() + pair.get(1).copied().unwrap_or(0), T::LACKING);
    }
    column
}
