//! Times as they stand in texts: RFC 3339, and what devices write instead.

const MS_PER_SECOND: i64 = 1_000;
const MS_PER_MINUTE: i64 = 60 * MS_PER_SECOND;
const MS_PER_HOUR: i64 = 60 * MS_PER_MINUTE;
const MS_PER_DAY: i64 = 24 * MS_PER_HOUR;

/// Reads a time as milliseconds since 1970-01-01 UTC; finer digits are dropped.
///
/// A time without a zone is taken for UTC. A blank for the `T`, a comma for the point, a zone
/// without colon or minutes and missing seconds are understood. A leap second is the second after
/// it. `None` for anything else, and for a date that no calendar has.
pub(in crate::track) fn time_ms(text: &str) -> Option<i64> {
    let text = text.as_bytes().trim_ascii();
    let (date, text) = text.split_at_checked(10)?;
    let (minutes, text) = text.split_at_checked(6)?;
    let [b'T' | b't' | b' ', hour_tens, hour_ones, b':', minute_tens, minute_ones] = *minutes
    else {
        return None;
    };
    let hour = below(two_digits(hour_tens, hour_ones)?, 24)?;
    let minute = below(two_digits(minute_tens, minute_ones)?, 60)?;
    let (second_ms, zone) = seconds_ms(text)?;
    let day_ms = days_since_1970(date)? * MS_PER_DAY;
    let local_ms = day_ms + hour * MS_PER_HOUR + minute * MS_PER_MINUTE + second_ms;
    Some(local_ms - zone_ms(zone)?)
}

/// Reads `:SS` with its fraction, or nothing, and gives the rest back.
fn seconds_ms(text: &[u8]) -> Option<(i64, &[u8])> {
    let [b':', tens, ones, text @ ..] = text else { return Some((0, text)) };
    let second_ms = below(two_digits(*tens, *ones)?, 61)? * MS_PER_SECOND;
    let [b'.' | b',', text @ ..] = text else { return Some((second_ms, text)) };
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, text) = text.split_at(digits);
    let scales = [100, 10, 1];
    let fraction = digits.iter().zip(scales).map(|(digit, scale)| i64::from(digit - b'0') * scale);
    Some((second_ms + fraction.sum::<i64>(), text))
}

/// How far the zone is ahead of UTC.
fn zone_ms(text: &[u8]) -> Option<i64> {
    let (sign, tens, ones, minutes) = match *text.trim_ascii_start() {
        [] | [b'Z' | b'z'] => return Some(0),
        [sign, tens, ones] => (sign, tens, ones, 0),
        [sign, tens, ones, minute_tens, minute_ones]
        | [sign, tens, ones, b':', minute_tens, minute_ones] => {
            (sign, tens, ones, below(two_digits(minute_tens, minute_ones)?, 60)?)
        }
        _ => return None,
    };
    let ahead_ms = below(two_digits(tens, ones)?, 24)? * MS_PER_HOUR + minutes * MS_PER_MINUTE;
    match sign {
        b'+' => Some(ahead_ms),
        b'-' => Some(-ahead_ms),
        _ => None,
    }
}

/// Reads `YYYY-MM-DD`, in the Gregorian calendar. Source of the count: Howard Hinnant,
/// "chrono-compatible low-level date algorithms", `days_from_civil`.
fn days_since_1970(date: &[u8]) -> Option<i64> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = *date else { return None };
    let year = two_digits(y1, y2)? * 100 + two_digits(y3, y4)?;
    let month = two_digits(m1, m2)?;
    let day = two_digits(d1, d2)?;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days_in_month = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i64::from(leap),
        _ => return None,
    };
    if !(1..=days_in_month).contains(&day) {
        return None;
    }
    let year_from_march = year - i64::from(month <= 2);
    let era = year_from_march.div_euclid(400);
    let year_of_era = year_from_march.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

fn two_digits(tens: u8, ones: u8) -> Option<i64> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens <= 9 && ones <= 9).then(|| i64::from(tens * 10 + ones))
}

fn below(value: i64, limit: i64) -> Option<i64> {
    (value < limit).then_some(value)
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, NaiveDate, SecondsFormat};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_instant_is_read_from_whatever_devices_write() {
        for text in [
            "2010-08-05T14:23:59Z",
            "2010-08-05T14:23:59",
            " 2010-08-05 14:23:59.000 Z\n",
            "2010-08-05t14:23:59,0z",
            "2010-08-05T16:23:59+02:00",
            "2010-08-05T16:23:59+0200",
            "2010-08-05T12:23:59-02",
        ] {
            assert_eq!(time_ms(text), Some(1_281_018_239_000), "{text}");
        }
    }

    #[test]
    fn fractions_keep_their_milliseconds() {
        assert_eq!(time_ms("1970-01-01T00:00:00.9876543Z"), Some(987));
        assert_eq!(time_ms("1970-01-01T00:00:00.5Z"), Some(500));
        assert_eq!(time_ms("1970-01-01T00:01Z"), Some(60_000));
    }

    #[test]
    fn a_leap_second_is_the_second_after_it() {
        assert_eq!(time_ms("2016-12-31T23:59:60Z"), time_ms("2017-01-01T00:00:00Z"));
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "2017-13-45T00:00:00Z",
            "2017-02-29T00:00:00Z",
            "2017-01-01",
            "yesterday",
            "1281018239",
            "2017-01-01T24:00:00Z",
            "2017-01-01T00:00:00 CET",
            "2017-01-01T00:60:00Z",
            "2017-01-0ä00:00:00Z",
        ] {
            assert_eq!(time_ms(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_instant_of_rfc_3339_is_read(ms in -62_000_000_000_000_i64..253_000_000_000_000) {
            let text = DateTime::from_timestamp_millis(ms).unwrap();
            let text = text.to_rfc3339_opts(SecondsFormat::Millis, true);
            prop_assert_eq!(time_ms(&text), Some(ms));
        }

        #[test]
        fn what_is_read_is_a_time_of_a_calendar(
            text in ".*",
            digits in "[0-9]{4}-[01][0-9]-[0-3][0-9][T ][0-2][0-9]:[0-6][0-9](:[0-6][0-9])?(Z|[+-][0-2][0-9]:?[0-5][0-9])?",
        ) {
            for text in [text, digits] {
                let read = time_ms(&text);
                let date = text.trim().get(..10).map(|date| NaiveDate::parse_from_str(date, "%Y-%m-%d"));
                prop_assert!(read.is_none() || date.is_some_and(|date| date.is_ok()), "{}", text);
                let Ok(time) = DateTime::parse_from_rfc3339(&text) else { continue };
                // A leap second is the second after it, wherever it stands.
                let expected = time.timestamp() * 1_000 + i64::from(time.timestamp_subsec_millis());
                prop_assert_eq!(read, Some(expected));
            }
        }
    }
}
