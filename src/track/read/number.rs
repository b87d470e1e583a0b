//! Decimal numbers as they stand in texts, read as whole counts of a small unit.

/// More digits before the point than any quantity here has; the count then still fits an `i64`.
const WHOLE_DIGITS_MAX: usize = 10;

/// Reads a number as a count of 10 to the power of −`DIGITS`, rounded half away from zero.
///
/// Blanks around it, a plus sign, an exponent and a comma for the decimal point are understood.
/// `None` for anything else: nothing at all, `NaN`, an infinity, or more than ten digits before
/// the point.
#[inline]
pub(in crate::track) fn fixed<const DIGITS: u32>(text: &str) -> Option<i64> {
    let text = text.as_bytes().trim_ascii();
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] | digits => (false, digits),
    };
    let size = match unsigned::<DIGITS>(digits) {
        Unsigned::Count(count) => count,
        Unsigned::Exponent => with_exponent::<DIGITS>(digits)?,
        Unsigned::NotANumber => return None,
    };
    Some(if negative { -size } else { size })
}

enum Unsigned {
    Count(i64),
    Exponent,
    NotANumber,
}

/// Reads digits with at most one point among them.
#[inline]
fn unsigned<const DIGITS: u32>(text: &[u8]) -> Unsigned {
    let whole = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (whole, rest) = text.split_at(whole);
    let fraction = match rest {
        [] => rest,
        [b'.' | b',', fraction @ ..] => fraction,
        [b'e' | b'E', ..] => return Unsigned::Exponent,
        _ => return Unsigned::NotANumber,
    };
    if (whole.is_empty() && fraction.is_empty()) || WHOLE_DIGITS_MAX < whole.len() {
        return Unsigned::NotANumber;
    }
    let mut count = whole.iter().fold(0, |count, digit| count * 10 + i64::from(digit - b'0'));
    let mut missing = DIGITS;
    let mut round_up = false;
    for (place, digit) in fraction.iter().enumerate() {
        match digit {
            b'0'..=b'9' if missing != 0 => {
                count = count * 10 + i64::from(digit - b'0');
                missing -= 1;
            }
            b'0'..=b'9' => round_up |= place == DIGITS as usize && b'5' <= *digit,
            b'e' | b'E' => return Unsigned::Exponent,
            _ => return Unsigned::NotANumber,
        }
    }
    Unsigned::Count(count * 10_i64.pow(missing) + i64::from(round_up))
}

/// Few files write exponents, so these go the long way.
#[cold]
fn with_exponent<const DIGITS: u32>(text: &[u8]) -> Option<i64> {
    let number: f64 = std::str::from_utf8(text).ok()?.replace(',', ".").parse().ok()?;
    let scale = 10_f64.powi(DIGITS.cast_signed());
    let count = (number * scale).round();
    let limit = scale * 1e10;
    #[expect(clippy::cast_possible_truncation, reason = "the limit is far below what an i64 holds")]
    (0.0..limit).contains(&count).then_some(count as i64)
}

/// Reads a latitude in degrees as 1e-7 degrees. `None` outside −90° to 90°.
pub(in crate::track) fn latitude_e7(text: &str) -> Option<i32> {
    within::<7>(text, -900_000_000, 900_000_000)
}

/// Reads a longitude in degrees as 1e-7 degrees. `None` outside −180° to 180°.
pub(in crate::track) fn longitude_e7(text: &str) -> Option<i32> {
    within::<7>(text, -1_800_000_000, 1_800_000_000)
}

/// Reads an elevation in metres as decimetres. `None` outside −12 km to 100 km, which leaves room
/// for the deepest sea and for balloons.
pub(in crate::track) fn elevation_dm(text: &str) -> Option<i32> {
    within::<1>(text, -120_000, 1_000_000)
}

/// Reads a heart rate in beats a minute: 1 to 255.
pub(in crate::track) fn heart_rate_bpm(text: &str) -> Option<i32> {
    within::<0>(text, 1, 255)
}

/// Reads a cadence in revolutions a minute as tenths: up to 300, which no leg exceeds.
pub(in crate::track) fn cadence_d(text: &str) -> Option<i32> {
    within::<1>(text, 0, 3_000)
}

/// Reads a power in watts: up to 5,000, twice what the strongest sprinters reach.
pub(in crate::track) fn power_w(text: &str) -> Option<i32> {
    within::<0>(text, 0, 5_000)
}

/// Reads a temperature in degrees Celsius as tenths: −100 to 100.
pub(in crate::track) fn temperature_dc(text: &str) -> Option<i32> {
    within::<1>(text, -1_000, 1_000)
}

#[inline]
fn within<const DIGITS: u32>(text: &str, min: i32, max: i32) -> Option<i32> {
    let value = i32::try_from(fixed::<DIGITS>(text)?).ok()?;
    (min..=max).contains(&value).then_some(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_read_as_people_and_devices_write_them() {
        assert_eq!(fixed::<7>("47.3769"), Some(473_769_000));
        assert_eq!(fixed::<7>(" -8,54 "), Some(-85_400_000));
        assert_eq!(fixed::<7>("+.5"), Some(5_000_000));
        assert_eq!(fixed::<1>("542."), Some(5_420));
        assert_eq!(fixed::<7>("1.5E-4"), Some(1_500));
        assert_eq!(fixed::<7>("-2e1"), Some(-200_000_000));
    }

    #[test]
    fn the_last_digit_is_rounded_half_away_from_zero() {
        assert_eq!(fixed::<1>("0.25"), Some(3));
        assert_eq!(fixed::<1>("-0.25"), Some(-3));
        assert_eq!(fixed::<1>("0.2499999"), Some(2));
        assert_eq!(fixed::<0>("129.5"), Some(130));
    }

    #[test]
    fn what_is_no_number_is_none() {
        for text in ["", " ", ".", "-", "NaN", "inf", "-Infinity", "1.2.3", "4 5", "0x10", "1e999"]
        {
            assert_eq!(fixed::<7>(text), None, "{text}");
        }
        assert_eq!(fixed::<7>("99999999999"), None);
    }

    #[test]
    fn positions_end_at_the_poles_and_the_antimeridian() {
        assert_eq!(latitude_e7("90"), Some(900_000_000));
        assert_eq!(latitude_e7("90.0000001"), None);
        assert_eq!(latitude_e7("95"), None);
        assert_eq!(longitude_e7("-180.0"), Some(-1_800_000_000));
        assert_eq!(longitude_e7("180.1"), None);
    }

    proptest! {
        #[test]
        fn whatever_is_written_with_seven_digits_is_read_back(count in -1_800_000_000_i32..=1_800_000_000) {
            let text = format!("{:.7}", f64::from(count) / 1e7);
            prop_assert_eq!(fixed::<7>(&text), Some(i64::from(count)));
        }

        #[test]
        fn whatever_is_read_is_the_number_that_stands_there(text in ".*", digits in "[+-]?[0-9]{0,12}[.,]?[0-9]{0,9}([eE][+-]?[0-9])?") {
            for text in [text, digits] {
                let Some(count) = fixed::<7>(&text) else { continue };
                let number: f64 = text.trim().replace(',', ".").parse().unwrap();
                prop_assert!(number.abs() <= 1e10, "{}", text);
                // Half a unit of the last digit, and what a float does not hold.
                #[allow(clippy::cast_precision_loss, reason = "allowed for")]
                let off = (count as f64 / 1e7 - number).abs();
                prop_assert!(off <= 0.5e-7 + number.abs() * 1e-15, "{} is {}", text, count);
            }
        }
    }
}
