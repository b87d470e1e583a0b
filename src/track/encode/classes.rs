//! Residuals as symbols of a prefix code: runs of zeros by their length, anything else by its size
//! class and the bits that tell it from the others of the class.

/// Size classes part an octave by up to this power of two.
pub const FINENESS_MAX: u32 = 2;

/// The first symbols stand for runs of zeros, of lengths from 1, 2, 4 … and below twice as much.
pub const RUN_CLASSES: usize = 8;
/// The longest run that one symbol stands for.
const RUN_MAX: u64 = (1 << RUN_CLASSES) - 1;

/// Symbols fit into a byte, and their number into the table of a prefix code.
const SYMBOLS_MAX: usize = 255;

/// More than the finest classes are.
const CLASSES_MAX: usize = 264;

/// How residuals become symbols.
#[derive(Clone, Copy)]
pub struct Classes {
    fineness: u32,
}

/// What a symbol stands for: `base` and up, by as much as the `extra_bits` after it say.
#[derive(Clone, Copy)]
pub struct Symbol {
    /// The least run length or zigzag number.
    pub base: u64,
    /// How many bits follow.
    pub extra_bits: u32,
}

/// How often each symbol of some classes occurs.
pub struct Census {
    classes: Classes,
    counts: [u64; CLASSES_MAX],
}

impl Census {
    /// The counts of the symbols of coarser classes, and how many extra bits there are in all;
    /// `None` if they are too many different ones.
    pub fn coarsen(&self, classes: Classes) -> Option<(Vec<u64>, u64)> {
        let mut counts = vec![0; SYMBOLS_MAX];
        let mut all_extra_bits = 0;
        let used = (0..).zip(self.counts).filter(|&(_, count)| count > 0);
        for (symbol, count) in used {
            let (coarse, extra_bits) = match usize::checked_sub(symbol, RUN_CLASSES - 1) {
                None | Some(0) => (symbol, u32::try_from(symbol).ok()?),
                Some(class) => {
                    let (coarse, _, extra_bits) = classes.classify(self.classes.base(class));
                    (coarse, extra_bits)
                }
            };
            *counts.get_mut(coarse)? += count;
            all_extra_bits += count * u64::from(extra_bits);
        }
        Some((counts, all_extra_bits))
    }
}

impl Classes {
    /// As fine as there are.
    pub const FINEST: Self = Self { fineness: FINENESS_MAX };

    /// Classes of which there are two to the power of `fineness` in an octave; none beyond
    /// [`FINENESS_MAX`].
    pub fn new(fineness: u32) -> Option<Self> {
        (fineness <= FINENESS_MAX).then_some(Self { fineness })
    }

    /// As [`Classes::new`] took it.
    pub fn fineness(self) -> u32 {
        self.fineness
    }

    /// Hands over every symbol of the residuals in order, with its extra bits and their number.
    pub fn for_each(self, residuals: &[i64], mut take: impl FnMut(usize, u64, u32)) {
        let mut zeros = 0;
        for &residual in residuals {
            if residual == 0 {
                zeros += 1;
                continue;
            }
            for_each_run(zeros, &mut take);
            zeros = 0;
            let (symbol, extra, extra_bits) = self.classify(zigzag(residual));
            take(symbol, extra, extra_bits);
        }
        for_each_run(zeros, &mut take);
    }

    /// Counts the symbols of the residuals.
    pub fn count(self, residuals: &[i64]) -> Census {
        let mut census = Census { classes: self, counts: [0; CLASSES_MAX] };
        self.for_each(residuals, |symbol, _, _| census.counts[symbol] += 1);
        census
    }

    /// What every symbol stands for.
    pub fn list(self) -> [Symbol; 256] {
        let mut symbols = [Symbol { base: 0, extra_bits: 0 }; 256];
        for (class, symbol) in (0..).zip(&mut symbols[..RUN_CLASSES]) {
            *symbol = Symbol { base: 1 << class, extra_bits: class };
        }
        for octave in 0..u64::BITS {
            let extra_bits = octave.saturating_sub(self.fineness);
            for base in
                (0..1 << (octave - extra_bits)).map(|step| (1 << octave) + (step << extra_bits))
            {
                if let Some(symbol) = symbols.get_mut(self.classify(base).0) {
                    *symbol = Symbol { base, extra_bits };
                }
            }
        }
        symbols
    }

    /// The class of a zigzag number; 0 has one of its own, the first.
    #[inline]
    pub fn class(self, zigzag: u64) -> usize {
        let extra_bits = (zigzag | 1).ilog2().saturating_sub(self.fineness);
        // What is left of the number is less than two to the power of the fineness and one.
        ((extra_bits << self.fineness) + (zigzag >> extra_bits & 0xFF) as u32) as usize
    }

    /// How many bits tell the numbers of a class apart.
    #[inline]
    pub fn extra_bits(self, class: usize) -> u32 {
        u32::try_from(class >> self.fineness).unwrap_or(u32::MAX).saturating_sub(1)
    }

    /// The least zigzag number of a class.
    #[inline]
    pub fn base(self, class: usize) -> u64 {
        let extra_bits = self.extra_bits(class);
        (class as u64 - u64::from(extra_bits << self.fineness)) << extra_bits
    }

    /// The symbol of a zigzag number that is not zero, and the bits that tell it from others.
    #[inline]
    fn classify(self, zigzag: u64) -> (usize, u64, u32) {
        let class = self.class(zigzag);
        let extra_bits = self.extra_bits(class);
        (RUN_CLASSES - 1 + class, zigzag & ((1 << extra_bits) - 1), extra_bits)
    }
}

fn for_each_run(zeros: u64, take: &mut impl FnMut(usize, u64, u32)) {
    let mut left = zeros;
    while left > 0 {
        let class = left.min(RUN_MAX).ilog2();
        let run = left.min((2 << class) - 1);
        take(class as usize, run - (1 << class), class);
        left -= run;
    }
}

/// Small numbers of either sign become small numbers without one: 0, −1, 1, −2 … → 0, 1, 2, 3 …
#[inline]
pub fn zigzag(value: i64) -> u64 {
    (value << 1 ^ value >> 63).cast_unsigned()
}

/// Undoes [`zigzag`].
#[inline]
pub fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_symbol_and_its_bits_tell_the_number(value in prop_oneof![-99..99_i64, any::<i64>()], fineness in 0..=FINENESS_MAX) {
            let (classes, number) = (Classes { fineness }, zigzag(value));
            prop_assert_eq!(unzigzag(number), value);
            if number > 0 {
                let (symbol, extra, extra_bits) = classes.classify(number);
                prop_assert!(symbol >= RUN_CLASSES && extra >> extra_bits == 0);
                if let Some(known) = classes.list().get(symbol) {
                    prop_assert_eq!((known.base + extra, known.extra_bits), (number, extra_bits));
                }
            }
        }

        #[test]
        fn runs_add_up(zeros in 0..5000_u64) {
            let mut sum = 0;
            for_each_run(zeros, &mut |symbol, extra, extra_bits| {
                assert!(symbol < RUN_CLASSES && extra >> extra_bits == 0);
                sum += (1 << symbol) + extra;
            });
            prop_assert_eq!(sum, zeros);
        }
    }
}
