//! One column as a series of numbers: what cannot be foretold from the numbers before, in a prefix
//! code.
//!
//! The first number and the greatest common divisor of all differences come first: times count
//! whole seconds, and six decimal digits are multiples of ten. The divided differences are foretold
//! in the way that leaves least, and what is left becomes symbols of a prefix code.

use super::Corrupt;
use super::bits::{BitReader, BitWriter, PEEK_BITS};
use super::classes::{Census, Classes, FINENESS_MAX, RUN_CLASSES, Symbol, unzigzag, zigzag};
use super::forecast::{Forecast, by_momentum, by_speed};
use super::prefix::{Decoder, Encoder};

const FORECAST_BITS: u32 = 3;
const FINENESS_BITS: u32 = 2;

/// Writes the numbers. How many there are must be known to the reader, and so must
/// `times_ms`: the time of each number, or nothing.
pub fn write(values: &[i64], times_ms: &[i64], bits: &mut BitWriter) {
    let Some(&first) = values.first() else { return };
    bits.write_number(zigzag(first));
    let mut differences: Vec<i64> =
        values.windows(2).map(|pair| pair[1].wrapping_sub(pair[0])).collect();
    let divisor =
        differences.iter().map(|difference| difference.unsigned_abs()).fold(0, find_divisor);
    bits.write_number(divisor);
    if divisor == 0 {
        return;
    }
    // A divisor of 2^63 becomes its negative, which the multiplication of the reader sets right.
    let divisor = divisor.cast_signed();
    differences.iter_mut().for_each(|difference| *difference = difference.wrapping_div(divisor));

    let (number, residuals) = (0..)
        .zip(Forecast::ALL)
        .map(|(number, forecast)| (number, find_residuals(&differences, times_ms, forecast)))
        .min_by_key(|(_, residuals)| estimate_bits(residuals))
        .unwrap_or_default();
    bits.write(number, FORECAST_BITS);
    write_residuals(&residuals, bits);
}

fn write_residuals(residuals: &[i64], bits: &mut BitWriter) {
    let ways = (0..=FINENESS_MAX).filter_map(|fineness| {
        let classes = Classes::new(fineness)?;
        let Census { counts, extra_bits } = classes.count(residuals)?;
        let encoder = Encoder::new(&counts);
        Some((encoder.cost_bits(&counts) + extra_bits, classes, encoder))
    });
    // The coarsest classes always are few enough.
    let Some((_, classes, encoder)) = ways.min_by_key(|&(cost_bits, ..)| cost_bits) else { return };
    bits.write(classes.fineness().into(), FINENESS_BITS);
    encoder.write_table(bits);
    classes.for_each(residuals, |symbol, extra, extra_bits| {
        encoder.write(symbol, bits);
        bits.write(extra, extra_bits);
    });
}

/// Reads `len` numbers that [`write`] wrote, and turns each into what the column holds.
pub fn read<T: Copy>(
    len: usize,
    times_ms: &[i64],
    bits: &mut BitReader,
    narrow: impl Fn(i64) -> Option<T>,
) -> Result<Vec<T>, Corrupt> {
    if len == 0 {
        return Ok(Vec::new());
    }
    let first = unzigzag(bits.read_number()?);
    let divisor = bits.read_number()?.cast_signed();
    let mut values = vec![narrow(first).ok_or(Corrupt)?; len];
    if divisor == 0 {
        return Ok(values);
    }
    let (mut value, mut before) = (first, 0_i64);
    let mut add = move |difference: i64| {
        value = value.wrapping_add(difference.wrapping_mul(divisor));
        value
    };
    let number = usize::try_from(bits.read(FORECAST_BITS)).map_err(|_| Corrupt)?;
    match *Forecast::ALL.get(number).ok_or(Corrupt)? {
        Forecast::Momentum(eighths) => read_residuals(&mut values[1..], bits, move |residual| {
            before = by_momentum(before, eighths).wrapping_add(residual);
            narrow(add(before))
        })?,
        Forecast::Speed if times_ms.len() != len => return Err(Corrupt),
        Forecast::Speed => {
            let mut steps = pair_up_steps(times_ms);
            read_residuals(&mut values[1..], bits, move |residual| {
                before = by_speed(before, steps.next()?).wrapping_add(residual);
                narrow(add(before))
            })?;
        }
    }
    bits.check()?;
    Ok(values)
}

/// Fills the slots with what `next` makes of their residuals, one after another.
fn read_residuals<T>(
    slots: &mut [T],
    bits: &mut BitReader,
    mut next: impl FnMut(i64) -> Option<T>,
) -> Result<(), Corrupt> {
    let fineness = u32::try_from(bits.read(FINENESS_BITS)).map_err(|_| Corrupt)?;
    let symbols = Classes::new(fineness).ok_or(Corrupt)?.list();
    let decoder = Decoder::read_table(bits, |symbol| symbols[usize::from(symbol)].extra_bits)?;
    let mut own_bits = *bits;
    let mut slots = slots.iter_mut();
    while let Some(slot) = slots.next() {
        let (symbol, number) = read_symbol(&decoder, &symbols, &mut own_bits)?;
        if usize::from(symbol) >= RUN_CLASSES {
            *slot = next(unzigzag(number)).ok_or(Corrupt)?;
            continue;
        }
        *slot = next(0).ok_or(Corrupt)?;
        for _ in 1..number {
            *slots.next().ok_or(Corrupt)? = next(0).ok_or(Corrupt)?;
        }
    }
    *bits = own_bits;
    Ok(())
}

#[inline]
fn read_symbol(
    decoder: &Decoder,
    symbols: &[Symbol; 256],
    bits: &mut BitReader,
) -> Result<(u8, u64), Corrupt> {
    let window = bits.peek();
    let entry = decoder.look_up(window);
    let Symbol { base, extra_bits } = symbols[usize::from(entry.symbol)];
    let width = u32::from(entry.width);
    if width <= PEEK_BITS {
        bits.skip(width);
        let extra = window >> entry.length & ((1 << extra_bits) - 1);
        return if entry.length > 0 { Ok((entry.symbol, base + extra)) } else { Err(Corrupt) };
    }
    bits.skip(entry.length.into());
    Ok((entry.symbol, base | bits.read(extra_bits)))
}

fn find_residuals(differences: &[i64], times_ms: &[i64], forecast: Forecast) -> Vec<i64> {
    let befores = std::iter::once(0).chain(differences.iter().copied());
    let pairs = differences.iter().zip(befores);
    match forecast {
        Forecast::Momentum(eighths) => pairs
            .map(|(&difference, before)| difference.wrapping_sub(by_momentum(before, eighths)))
            .collect(),
        Forecast::Speed if times_ms.len() != differences.len() + 1 => differences.to_vec(),
        Forecast::Speed => {
            let foretold = pairs.zip(pair_up_steps(times_ms));
            foretold
                .map(|((&difference, before), steps)| {
                    difference.wrapping_sub(by_speed(before, steps))
                })
                .collect()
        }
    }
}

/// Each step of time with the one before it; the first with itself.
fn pair_up_steps(times_ms: &[i64]) -> impl Iterator<Item = [i64; 2]> {
    let steps = times_ms.windows(2).map(|pair| pair[1].wrapping_sub(pair[0]));
    let befores = steps.clone().take(1).chain(steps.clone());
    befores.zip(steps).map(|(before, step)| [before, step])
}

/// Roughly how many bits the residuals take.
fn estimate_bits(residuals: &[i64]) -> u64 {
    residuals.iter().map(|&residual| u64::from(u64::BITS - zigzag(residual).leading_zeros())).sum()
}

/// The greatest common divisor (Euclid).
fn find_divisor(left: u64, right: u64) -> u64 {
    let (mut left, mut right) = (left, right);
    while right > 0 {
        (left, right) = (right, left % right);
    }
    left
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_of_any_size_come_back(values in vec(prop_oneof![-9..9_i64, any::<i64>(), Just(i64::MIN)], 0..60), times_ms in vec(prop_oneof![0..9_i64, any::<i64>()], 60)) {
            let mut bits = BitWriter::default();
            let times_ms = &times_ms[..values.len()];
            write(&values, times_ms, &mut bits);
            let bytes = bits.finish();
            let mut bits = BitReader::new(&bytes);
            prop_assert_eq!(read(values.len(), times_ms, &mut bits, Some), Ok(values));
            prop_assert!(bits.finish().is_ok());
        }
    }

    #[test]
    fn every_forecast_has_a_number_that_fits() {
        assert!(Forecast::ALL.len() <= 1 << FORECAST_BITS);
    }

    #[test]
    fn whole_seconds_and_steady_speeds_take_almost_nothing() {
        let mut bits = BitWriter::default();
        write(&(0..100_000).map(|second| second * 1000).collect::<Vec<_>>(), &[], &mut bits);
        assert!(bits.finish().len() < 600);
        let times: Vec<i64> = (0..1000_i64).map(|step| step * step % 7 + step * 10).collect();
        let mut bits = BitWriter::default();
        write(&times.iter().map(|time| time * 36).collect::<Vec<_>>(), &times, &mut bits);
        assert!(bits.finish().len() < 50);
    }
}
