//! One column as a series of numbers: what cannot be foretold from the numbers before, in a prefix
//! code.
//!
//! The greatest common divisor of all differences and the first number come first: times count
//! whole seconds, and six decimal digits are multiples of ten. The divided differences are foretold
//! in the way that leaves least, and what is left becomes symbols of a prefix code.

use super::bits::{BitReader, BitWriter};
use super::classes::{unzigzag, zigzag};
use super::forecast::{Forecast, by_momentum, by_speed, by_trend};
use super::residuals::{self, Residuals};
use super::{Corrupt, SHORT_LEN_MAX};

const FORECAST_BITS: u32 = 4;
/// Whether the divisor divides the first number as well.
const MULTIPLE_BITS: u32 = 1;

/// Residuals are read so many at a time, and then added up: two simple loops are twice as fast as
/// one that does both.
const RESIDUALS_AT_A_TIME: usize = 256;

/// A forecast is chosen by about so many residuals, spread over all.
const SAMPLE_MAX: usize = 1_024;

/// Of series up to this length, every residual of which is looked at, so many forecasts are tried
/// out: an estimate does not tell what a table takes.
const TRIED_LEN_MAX: usize = SAMPLE_MAX;
const TRIED: usize = 3;

/// Writes the numbers. How many there are must be known to the reader, and so must
/// `times_ms`: the time of each number, or nothing.
pub fn write(values: &[i64], times_ms: &[i64], bits: &mut BitWriter) {
    let Some(&first) = values.first() else { return };
    let mut differences: Vec<i64> =
        values.windows(2).map(|pair| pair[1].wrapping_sub(pair[0])).collect();
    let divisor = find_divisor(&differences);
    bits.write_number(divisor);
    // A divisor of 2^63 becomes its negative, which the multiplication of the reader sets right.
    let divisor = divisor.cast_signed();
    let multiple = if divisor == 0 { None } else { Some(first.wrapping_div(divisor)) };
    let multiple = multiple.filter(|multiple| multiple.wrapping_mul(divisor) == first);
    bits.write(multiple.is_some().into(), MULTIPLE_BITS);
    bits.write_number(zigzag(multiple.unwrap_or(first)));
    if divisor == 0 {
        return;
    }
    if divisor != 1 {
        for difference in &mut differences {
            *difference = difference.wrapping_div(divisor);
        }
    }
    let is_short = differences.len() <= SHORT_LEN_MAX;
    let fits = |forecast| is_short || !matches!(forecast, Forecast::Trend(_));
    let mut forecasts: Vec<(u64, Forecast)> =
        (0..).zip(Forecast::ALL).filter(|&(_, forecast)| fits(forecast)).collect();
    forecasts.sort_by_cached_key(|&(_, forecast)| estimate_bits(&differences, times_ms, forecast));
    forecasts.truncate(if differences.len() <= TRIED_LEN_MAX { TRIED } else { 1 });
    let write = |&(number, forecast): &(u64, Forecast), bits: &mut BitWriter| {
        bits.write(number, FORECAST_BITS);
        residuals::write(&find_residuals(&differences, times_ms, forecast), times_ms, bits);
    };
    let cost_bits = |forecast: &(u64, Forecast)| {
        let mut tried = BitWriter::default();
        write(forecast, &mut tried);
        tried.len_bits()
    };
    let best = match forecasts.as_slice() {
        [only] => Some(only),
        several => several.iter().min_by_key(|&forecast| cost_bits(forecast)),
    };
    if let Some(best) = best {
        write(best, bits);
    }
}

/// Reads `len` numbers that [`write()`] wrote, and turns each into what the column holds.
pub fn read<T: Copy>(
    len: usize,
    times_ms: &[i64],
    bits: &mut BitReader,
    narrow: impl Fn(i64) -> Option<T>,
) -> Result<Vec<T>, Corrupt> {
    if len == 0 {
        return Ok(Vec::new());
    }
    let divisor = bits.read_number().cast_signed();
    let unit = if bits.read(MULTIPLE_BITS) == 1 { divisor } else { 1 };
    let first = unzigzag(bits.read_number()).wrapping_mul(unit);
    let mut values = vec![narrow(first).ok_or(Corrupt)?; len];
    if divisor == 0 {
        return Ok(values);
    }
    let number = usize::try_from(bits.read(FORECAST_BITS)).map_err(|_| Corrupt)?;
    let sum = Sum { value: first, divisor };
    let slots = &mut values[1..];
    let has_times = times_ms.len() == len;
    let times_ms = if has_times { times_ms } else { &[] };
    match *Forecast::ALL.get(number).ok_or(Corrupt)? {
        // The two most frequent ways, as loops of their own without a multiplication.
        Forecast::Momentum(0) => read_differences(slots, times_ms, sum, bits, |_| 0, narrow)?,
        Forecast::Momentum(8) => {
            read_differences(slots, times_ms, sum, bits, |before| before, narrow)?;
        }
        Forecast::Momentum(eighths) => {
            read_differences(
                slots,
                times_ms,
                sum,
                bits,
                |before| by_momentum(before, eighths),
                narrow,
            )?;
        }
        Forecast::Trend(eighths) => {
            let mut before = 0;
            let foretell = |last| by_trend([last, std::mem::replace(&mut before, last)], eighths);
            read_differences(slots, times_ms, sum, bits, foretell, narrow)?;
        }
        Forecast::Speed(_) if !has_times => return Err(Corrupt),
        Forecast::Speed(eighths) => {
            let mut steps = pair_up_steps(times_ms);
            let foretell =
                |before| steps.next().map_or(0, |steps| by_speed(before, steps, eighths));
            read_differences(slots, times_ms, sum, bits, foretell, narrow)?;
        }
    }
    bits.check()?;
    Ok(values)
}

/// Numbers, added up as far as they were read.
#[derive(Clone, Copy)]
struct Sum {
    value: i64,
    divisor: i64,
}

fn read_differences<T>(
    slots: &mut [T],
    times_ms: &[i64],
    sum: Sum,
    bits: &mut BitReader,
    mut foretell: impl FnMut(i64) -> i64,
    narrow: impl Fn(i64) -> Option<T>,
) -> Result<(), Corrupt> {
    let Sum { mut value, divisor } = sum;
    let mut difference = 0;
    let mut buffer = [0; RESIDUALS_AT_A_TIME];
    let mut residuals = Residuals::open(times_ms, bits)?;
    for slots in slots.chunks_mut(RESIDUALS_AT_A_TIME) {
        let buffer = &mut buffer[..slots.len()];
        residuals.read(buffer, bits)?;
        for (slot, &residual) in slots.iter_mut().zip(buffer.iter()) {
            difference = foretell(difference).wrapping_add(residual);
            value = value.wrapping_add(difference.wrapping_mul(divisor));
            *slot = narrow(value).ok_or(Corrupt)?;
        }
    }
    residuals.close()
}

fn find_residuals(differences: &[i64], times_ms: &[i64], forecast: Forecast) -> Vec<i64> {
    let befores = std::iter::once(0).chain(differences.iter().copied());
    let pairs = differences.iter().zip(befores);
    match forecast {
        Forecast::Momentum(eighths) => pairs
            .map(|(&difference, before)| difference.wrapping_sub(by_momentum(before, eighths)))
            .collect(),
        Forecast::Trend(eighths) => {
            let mut before = 0;
            let mut foretell =
                |last| by_trend([last, std::mem::replace(&mut before, last)], eighths);
            pairs.map(|(&difference, last)| difference.wrapping_sub(foretell(last))).collect()
        }
        Forecast::Speed(_) if times_ms.len() != differences.len() + 1 => differences.to_vec(),
        Forecast::Speed(eighths) => {
            let foretold = pairs.zip(pair_up_steps(times_ms));
            foretold
                .map(|((&difference, before), steps)| {
                    difference.wrapping_sub(by_speed(before, steps, eighths))
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

/// Roughly how many bits the residuals take, by a sample of them.
fn estimate_bits(differences: &[i64], times_ms: &[i64], forecast: Forecast) -> u64 {
    let size = |residual: &i64| u64::from(u64::BITS - zigzag(*residual).leading_zeros());
    let every = differences.len().div_ceil(SAMPLE_MAX);
    let starts = (0..differences.len()).step_by(RESIDUALS_AT_A_TIME * every);
    let sizes = starts.map(|start| {
        let end = differences.len().min(start + RESIDUALS_AT_A_TIME);
        let times_ms = times_ms.get(start..=end).unwrap_or_default();
        let residuals = find_residuals(&differences[start..end], times_ms, forecast);
        residuals.iter().map(size).sum::<u64>()
    });
    sizes.sum()
}

/// The greatest common divisor of numbers; 0 if all of them are 0.
fn find_divisor(numbers: &[i64]) -> u64 {
    let mut divisor = 0;
    for number in numbers {
        let number = number.unsigned_abs();
        if divisor == 1 {
            break;
        }
        if divisor == 0 || !number.is_multiple_of(divisor) {
            divisor = find_common_divisor(divisor, number);
        }
    }
    divisor
}

/// The greatest common divisor of two numbers (Euclid).
fn find_common_divisor(left: u64, right: u64) -> u64 {
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
