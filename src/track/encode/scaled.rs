//! Residuals by scale, in prefix codes that are ready made: for series too short to be worth a
//! table of their own.
//!
//! The mean size of the residuals so far tells which code the next one is in, as in JPEG-LS
//! (Weinberger, Seroussi and Sapiro, 2000, doi 10.1109/83.855427). So a code follows a track from
//! where the receiver is quiet to where it is not. Where steps of time differ, residuals are
//! expected to grow with the step.

use std::f64::consts::SQRT_2;
use std::sync::LazyLock;

use super::SHORT_LEN_MAX;
use super::bits::{BitReader, BitWriter};
use super::classes::{Classes, unzigzag, zigzag};
use super::prefix::{Decoder, Encoder};

/// A symbol is the class of a number that is not 0, or 0.
const CLASSES: Classes = Classes::FINEST;
/// The last symbol stands for a number that no class before it holds, which follows as it is.
const ESCAPE: usize = 24;
const SYMBOLS: usize = ESCAPE + 1;
const CODES: u32 = 9;
const NUMBER_BITS: u32 = 64;

/// The lengths of the codes for means from below 1/2 in steps of half an octave to 8, as of
/// Huffman codes for numbers of which a share of (1 + x / 7 m)⁻⁸ exceeds x: sizes of residuals fall
/// off about as fast in real tracks. Beyond, the last two take turns, with more and more bits of a
/// number as they are.
const LENGTHS: [[u32; SYMBOLS]; CODES as usize] = [
    [1, 2, 3, 4, 5, 7, 8, 8, 9, 10, 10, 10, 10, 10, 10, 11, 11, 11, 11, 10, 10, 10, 10, 10, 10],
    [1, 2, 3, 4, 6, 6, 7, 8, 8, 9, 10, 10, 10, 10, 10, 10, 10, 10, 11, 11, 10, 10, 10, 10, 10],
    [1, 2, 3, 4, 6, 6, 7, 8, 8, 9, 9, 10, 10, 10, 10, 10, 10, 10, 10, 11, 11, 11, 11, 10, 10],
    [1, 2, 3, 5, 5, 6, 6, 7, 7, 8, 9, 10, 10, 11, 11, 11, 11, 10, 10, 10, 10, 11, 11, 11, 11],
    [1, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 10, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11],
    [2, 2, 3, 3, 4, 5, 5, 5, 5, 6, 6, 7, 7, 8, 9, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10],
    [2, 3, 3, 3, 4, 4, 4, 5, 4, 5, 6, 6, 6, 8, 8, 9, 9, 11, 11, 11, 11, 11, 11, 11, 11],
    [2, 3, 3, 4, 4, 4, 4, 5, 4, 5, 5, 6, 5, 6, 7, 7, 7, 8, 10, 11, 11, 11, 11, 11, 11],
    [3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 5, 5, 5, 5, 6, 6, 6, 7, 9, 9, 9, 11, 11, 11, 11],
];
/// The half octave of the first code, 2^(−3/2), as the first bits of a floating-point number have it.
const FIRST_HALF_OCTAVE: u16 = 2 * 1_023 - 3;

/// What a series takes is told by so many residuals in its middle.
const SAMPLE_MAX: usize = 1_024;

/// Of each residual, so much goes into the mean.
const SHARE: f64 = 1.0 / 8.0;
/// A residual counts as at most this many times what was expected, so that a jump is soon forgotten.
const OUTLIER: f64 = 20.0;

/// Bits that encode the power of two that the mean begins with.
const MEAN_BITS: u32 = 6;
const MEAN_POWER_MIN: i32 = -32;
const TIMED_BITS: u32 = 1;
/// Longer steps of time count as this long, in milliseconds.
const STEP_MAX: i64 = 1 << 30;

static ENCODERS: LazyLock<[Encoder; LENGTHS.len()]> =
    LazyLock::new(|| LENGTHS.map(|lengths| Encoder::of_lengths(lengths.to_vec())));
static DECODERS: LazyLock<[Decoder; LENGTHS.len()]> = LazyLock::new(|| {
    LENGTHS.map(|lengths| Decoder::of_lengths(&lengths, |class| CLASSES.extra_bits(class.into())))
});

/// How residuals are written: from what mean on, and whether they grow with the steps of time.
#[derive(Clone, Copy)]
pub struct Way {
    mean_power: i32,
    timed: bool,
}

impl Way {
    /// The way that takes least, if it takes less than `cost_bits` and the series is not too long.
    /// `times_ms` holds the time of each number that the residuals are of, or nothing.
    pub fn below(cost_bits: u64, residuals: &[i64], times_ms: &[i64]) -> Option<Self> {
        if SHORT_LEN_MAX < residuals.len() {
            return None;
        }
        let start = residuals.len().saturating_sub(SAMPLE_MAX) / 2;
        let end = residuals.len().min(start + SAMPLE_MAX);
        let (sample, times_ms) =
            (&residuals[start..end], times_ms.get(start..=end).unwrap_or_default());
        let is_even = times_ms
            .windows(3)
            .all(|times| times[1].wrapping_sub(times[0]) == times[2].wrapping_sub(times[1]));
        let ways = [false, !is_even].map(|timed| Self::estimate(sample, times_ms, timed));
        let (sample_bits, way) = ways.into_iter().min_by_key(|(sample_bits, _)| *sample_bits)?;
        let all_bits = sample_bits * residuals.len() as u64 / sample.len() as u64;
        (all_bits + u64::from(MEAN_BITS + TIMED_BITS) < cost_bits).then_some(way)
    }

    fn estimate(residuals: &[i64], times_ms: &[i64], timed: bool) -> (u64, Self) {
        let way = Self { mean_power: mean_power(residuals, times_if(timed, times_ms)), timed };
        let mut bits = 0;
        way.for_each(residuals, times_ms, |code, symbol, _, extra_bits| {
            bits += u64::from(LENGTHS[code][symbol] + extra_bits);
        });
        (bits, way)
    }

    /// Writes the residuals.
    pub fn write(self, residuals: &[i64], times_ms: &[i64], bits: &mut BitWriter) {
        bits.write((self.mean_power - MEAN_POWER_MIN).unsigned_abs().into(), MEAN_BITS);
        bits.write(self.timed.into(), TIMED_BITS);
        let encoders = &*ENCODERS;
        self.for_each(residuals, times_ms, |code, symbol, extra, extra_bits| {
            encoders[code].write(symbol, extra, extra_bits, bits);
        });
    }

    /// Hands over every code and symbol in order, with its extra bits and their number.
    fn for_each(
        self,
        residuals: &[i64],
        times_ms: &[i64],
        mut take: impl FnMut(usize, usize, u64, u32),
    ) {
        let times_ms = times_if(self.timed, times_ms);
        let mut scale = Scale::new(self.mean_power);
        for (index, &residual) in residuals.iter().enumerate() {
            let (number, step) = (zigzag(residual), step(times_ms, index));
            let (code, shift) = scale.code(step);
            let symbol = CLASSES.class(number >> shift);
            if symbol < ESCAPE {
                let extra_bits = CLASSES.extra_bits(symbol) + shift;
                take(code, symbol, number & ((1 << extra_bits) - 1), extra_bits);
            } else {
                take(code, ESCAPE, number, NUMBER_BITS);
            }
            scale.learn(number, step);
        }
    }
}

/// Residuals, as far as they are not read yet.
pub struct Residuals<'t> {
    times_ms: &'t [i64],
    scale: Scale,
    /// How many were read.
    index: usize,
}

impl<'t> Residuals<'t> {
    /// Begins to read what [`Way::write`] wrote.
    pub fn open(times_ms: &'t [i64], bits: &mut BitReader) -> Self {
        let mean_power = MEAN_POWER_MIN + i32::from((bits.read(MEAN_BITS) & 0xFF) as u8);
        let times_ms = times_if(bits.read(TIMED_BITS) == 1, times_ms);
        Self { times_ms, scale: Scale::new(mean_power), index: 0 }
    }

    /// Fills `residuals` with the next ones.
    pub fn read(&mut self, residuals: &mut [i64], bits: &mut BitReader) {
        let decoders = &*DECODERS;
        for residual in residuals {
            let step = step(self.times_ms, self.index);
            let (code, shift) = self.scale.code(step);
            let window = bits.peek();
            let entry = decoders[code].look_up(window);
            let symbol = usize::from(entry.symbol);
            let number = if symbol < ESCAPE {
                let extra_bits = u32::from(entry.width - entry.length) + shift;
                bits.skip(u32::from(entry.length) + extra_bits);
                (CLASSES.base(symbol) << shift) + (window >> entry.length & ((1 << extra_bits) - 1))
            } else {
                bits.skip(entry.length.into());
                bits.read(NUMBER_BITS)
            };
            *residual = unzigzag(number);
            self.scale.learn(number, step);
            self.index += 1;
        }
    }
}

/// What is known of the size of the residuals.
struct Scale {
    /// Their mean, for a step of one; above zero.
    mean: f64,
}

impl Scale {
    fn new(mean_power: i32) -> Self {
        Self { mean: 2_f64.powi(mean_power) }
    }

    /// How large a residual after this step is expected to be.
    #[inline]
    fn expected(&self, step: f64) -> f64 {
        (self.mean * step).min(u32::MAX.into())
    }

    /// The code of the next residual, and how many of its lowest bits follow as they are.
    #[inline]
    fn code(&self, step: f64) -> (usize, u32) {
        // The sign, the exponent and the first bit behind the leading one.
        let half_octave = (self.expected(step).to_bits() >> 51 & 0xFFF) as u16;
        let index = u32::from(half_octave.saturating_sub(FIRST_HALF_OCTAVE));
        let shift = (index + 2).saturating_sub(CODES) / 2;
        ((index - 2 * shift) as usize, shift)
    }

    /// Takes in a residual.
    #[inline]
    fn learn(&mut self, number: u64, step: f64) {
        let most = OUTLIER * (self.expected(step) + 1.0);
        let size = f64::from(u32::try_from(number).unwrap_or(u32::MAX)).min(most);
        self.mean += (size / step - self.mean) * SHARE;
    }
}

fn times_if(timed: bool, times_ms: &[i64]) -> &[i64] {
    if timed { times_ms } else { &[] }
}

/// The time that passed before a residual's number, or 1 if there are no times.
#[inline]
fn step(times_ms: &[i64], index: usize) -> f64 {
    let Some([before, time]) = times_ms.get(index..index + 2) else { return 1.0 };
    i32::try_from(time.wrapping_sub(*before).clamp(1, STEP_MAX)).map_or(1.0, f64::from)
}

/// The power of two that comes closest to the mean of the residuals for a step of one.
fn mean_power(residuals: &[i64], times_ms: &[i64]) -> i32 {
    let steps: f64 = (0..residuals.len()).map(|index| step(times_ms, index)).sum();
    let size = |&residual| f64::from(u32::try_from(zigzag(residual)).unwrap_or(u32::MAX));
    let mean = residuals.iter().map(size).sum::<f64>() / steps;
    let powers = MEAN_POWER_MIN..MEAN_POWER_MIN + (1 << MEAN_BITS) - 1;
    powers.clone().find(|&power| mean < 2_f64.powi(power) * SQRT_2).unwrap_or(powers.end)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::super::prefix::LENGTH_MAX;
    use super::*;

    proptest! {
        #[test]
        fn residuals_come_back(
            residuals in vec(prop_oneof![5 => -9..9_i64, 3 => -9_999..9_999_i64, 1 => any::<i64>()], 1..900),
            times_ms in vec(prop_oneof![5 => 0..9_999_i64, 1 => any::<i64>()], 901),
        ) {
            let times_ms = &times_ms[..=residuals.len()];
            for timed in [false, true] {
                let (cost_bits, way) = Way::estimate(&residuals, times_ms, timed);
                let mut bits = BitWriter::default();
                way.write(&residuals, times_ms, &mut bits);
                prop_assert_eq!(bits.len_bits() as u64, cost_bits + u64::from(MEAN_BITS + TIMED_BITS));
                let bytes = bits.finish();
                let mut bits = BitReader::new(&bytes);
                let mut read = Residuals::open(times_ms, &mut bits);
                for some in residuals.chunks(100) {
                    let mut back = vec![1; some.len()];
                    read.read(&mut back, &mut bits);
                    prop_assert_eq!(back, some);
                }
                prop_assert!(bits.finish().is_ok());
            }
        }
    }

    #[test]
    fn every_pattern_of_every_code_stands_for_a_symbol() {
        for lengths in LENGTHS {
            assert_eq!(
                lengths.iter().map(|length| 1 << (LENGTH_MAX - length)).sum::<u32>(),
                1 << LENGTH_MAX
            );
        }
    }
}
