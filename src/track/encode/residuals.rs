//! Residuals in bits: the classes, the table of the prefix code, then symbol after symbol; or by
//! scale, where that takes less.

use super::Corrupt;
use super::bits::{BitReader, BitWriter, PEEK_BITS};
use super::classes::{Census, Classes, FINENESS_MAX, RUN_CLASSES, unzigzag};
use super::prefix::{self, Decoder, Encoder, Entry};
use super::scaled;

/// Bits that encode the fineness of the classes, or [`BY_SCALE`].
const FINENESS_BITS: u32 = 2;
const BY_SCALE: u32 = FINENESS_MAX + 1;

/// Writes the residuals in whichever way takes least. `times_ms` is as in [`scaled::Way::below`].
pub fn write(residuals: &[i64], times_ms: &[i64], bits: &mut BitWriter) {
    let census = Classes::FINEST.count(residuals);
    let Some((classes, counts, extra_bits)) = choose_classes(&census) else { return };
    let encoder = Encoder::new(&counts);
    let cost_bits = encoder.cost_bits(&counts) + extra_bits;
    if let Some(way) = scaled::Way::below(cost_bits, residuals, times_ms) {
        bits.write(BY_SCALE.into(), FINENESS_BITS);
        return way.write(residuals, times_ms, bits);
    }
    bits.write(classes.fineness().into(), FINENESS_BITS);
    encoder.write_table(bits);
    bits.reserve(residuals.len());
    classes.for_each(residuals, |symbol, extra, extra_bits| {
        encoder.write(symbol, extra, extra_bits, bits);
    });
}

/// The classes that take least, with the counts of their symbols and how many extra bits there are.
fn choose_classes(census: &Census) -> Option<(Classes, Vec<u64>, u64)> {
    let ways = (0..=FINENESS_MAX).filter_map(|fineness| {
        let classes = Classes::new(fineness)?;
        let (counts, extra_bits) = census.coarsen(classes)?;
        let cost_bits = prefix::estimate_bits(&counts, extra_bits);
        Some((cost_bits, (classes, counts, extra_bits)))
    });
    // The coarsest classes always are few enough, so there is a way.
    ways.min_by(|(one, _), (other, _)| one.total_cmp(other)).map(|(_, way)| way)
}

/// Residuals, as far as they are not read yet.
pub enum Residuals<'t> {
    /// In a code of their own.
    ByTable(Box<ByTable>),
    /// In ready-made codes.
    ByScale(scaled::Residuals<'t>),
}

impl<'t> Residuals<'t> {
    /// Begins to read what [`write()`] wrote with the same `times_ms`.
    pub fn open(times_ms: &'t [i64], bits: &mut BitReader) -> Result<Self, Corrupt> {
        let fineness = u32::try_from(bits.read(FINENESS_BITS)).map_err(|_| Corrupt)?;
        match Classes::new(fineness) {
            Some(classes) => ByTable::open(classes, bits).map(Box::new).map(Self::ByTable),
            None => Ok(Self::ByScale(scaled::Residuals::open(times_ms, bits))),
        }
    }

    /// Fills `residuals` with the next ones.
    pub fn read(&mut self, residuals: &mut [i64], bits: &mut BitReader) -> Result<(), Corrupt> {
        match self {
            Self::ByTable(table) => table.read(residuals, bits),
            Self::ByScale(scaled) => {
                scaled.read(residuals, bits);
                Ok(())
            }
        }
    }

    /// Fails if there are more.
    pub fn close(self) -> Result<(), Corrupt> {
        match self {
            Self::ByTable(table) if table.zeros > 0 => Err(Corrupt),
            Self::ByTable(_) | Self::ByScale(_) => Ok(()),
        }
    }
}

/// Residuals in a code of their own, as far as they are not read yet.
pub struct ByTable {
    /// What each symbol stands for at least.
    bases: [u64; 256],
    decoder: Decoder,
    /// Zeros of a run that was read, and is not used up.
    zeros: usize,
}

impl ByTable {
    fn open(classes: Classes, bits: &mut BitReader) -> Result<Self, Corrupt> {
        let symbols = classes.list();
        let extra_bits = |symbol| symbols[usize::from(symbol)].extra_bits;
        let decoder = Decoder::read_table(bits, extra_bits)?;
        Ok(Self { bases: symbols.map(|symbol| symbol.base), decoder, zeros: 0 })
    }

    /// Fills `residuals` with the next ones.
    ///
    /// There is no branch on what a symbol stands for, as nothing could foresee it: a run moves on
    /// over zeros that are there already.
    fn read(&mut self, residuals: &mut [i64], bits: &mut BitReader) -> Result<(), Corrupt> {
        residuals.fill(0);
        let mut own_bits = *bits;
        let mut at = self.zeros;
        let mut sound = true;
        while let Some(residual) = residuals.get_mut(at) {
            let window = own_bits.peek();
            let entry = self.decoder.look_up(window);
            let base = self.bases[usize::from(entry.symbol)];
            let number;
            if u32::from(entry.width) <= PEEK_BITS {
                let extra_bits = entry.width - entry.length;
                number = base + (window >> entry.length & ((1 << extra_bits) - 1));
                own_bits.skip(entry.width.into());
            } else {
                (number, own_bits) = read_wide(base, entry, own_bits);
            }
            // No symbol at all is taken for a run of one, so that this comes to an end.
            sound &= entry.length > 0;
            let is_run = usize::from(entry.symbol) < RUN_CLASSES;
            *residual = if is_run { 0 } else { unzigzag(number) };
            at += if is_run { usize::from((number & 0xFFFF) as u16) } else { 1 };
        }
        self.zeros = at - residuals.len();
        *bits = own_bits;
        if sound { Ok(()) } else { Err(Corrupt) }
    }
}

/// Reads a number of more extra bits than are peeked at.
#[cold]
fn read_wide(base: u64, entry: Entry, bits: BitReader) -> (u64, BitReader) {
    let mut bits = bits;
    bits.skip(entry.length.into());
    (base | bits.read((entry.width - entry.length).into()), bits)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn residuals_come_back(residuals in vec(prop_oneof![5 => Just(0), 3 => -9..9_i64, 1 => any::<i64>()], 1..900)) {
            let mut bits = BitWriter::default();
            write(&residuals, &[], &mut bits);
            let bytes = bits.finish();
            let mut bits = BitReader::new(&bytes);
            let mut read = Residuals::open(&[], &mut bits).unwrap();
            for some in residuals.chunks(100) {
                let mut back = vec![1; some.len()];
                prop_assert!(read.read(&mut back, &mut bits).is_ok());
                prop_assert_eq!(back, some);
            }
            prop_assert!(read.close().is_ok() && bits.finish().is_ok());
        }
    }
}
