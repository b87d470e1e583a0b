//! Numbers, instants and strings, spelt as the formats want them.

use std::fmt::Write;

use chrono::{DateTime, SecondsFormat};

use crate::track::columns::{MISSING, NO_TIME};

/// −180° in 1e-7 degrees.
const LONGITUDE_MIN_E7: i32 = -1_800_000_000;

/// Appends `value / 10^digits` with no more digits than it has.
pub fn push_decimal(out: &mut String, value: i64, digits: usize) {
    if value < 0 {
        out.push('-');
    }
    let plain = format!("{:0width$}", value.unsigned_abs(), width = digits + 1);
    let (whole, fraction) = plain.split_at(plain.len() - digits);
    out.push_str(whole);
    let fraction = fraction.trim_end_matches('0');
    if !fraction.is_empty() {
        out.push('.');
        out.push_str(fraction);
    }
}

/// Appends a latitude or longitude in degrees.
pub fn push_degrees(out: &mut String, degrees_e7: i32) {
    push_decimal(out, degrees_e7.into(), 7);
}

/// Appends a longitude for a schema that has the antimeridian once only, as a western one.
pub fn push_western_longitude(out: &mut String, lon_e7: i32) {
    push_degrees(out, if lon_e7 == -LONGITUDE_MIN_E7 { LONGITUDE_MIN_E7 } else { lon_e7 });
}

/// A time in UTC as RFC 3339 has it, with milliseconds where there are any. `None` for years that
/// it cannot say.
pub fn instant(time_ms: i64) -> Option<String> {
    let instant = DateTime::from_timestamp_millis(time_ms)?;
    let text = instant.to_rfc3339_opts(SecondsFormat::AutoSi, true);
    // Years before 0 and after 9999 would begin with a sign.
    text.starts_with(|first: char| first.is_ascii_digit()).then_some(text)
}

/// The value of a point, if the column and the point have one.
pub fn value(column: &[i32], point: usize) -> Option<i32> {
    column.get(point).copied().filter(|&value| value != MISSING)
}

/// The time of a point, if the column and the point have one.
pub fn time_ms(column: &[i64], point: usize) -> Option<i64> {
    column.get(point).copied().filter(|&time_ms| time_ms != NO_TIME)
}

/// Appends text for XML. What XML 1.0 has no way to say is left out.
pub fn push_xml(out: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // As itself it would come back as a line feed.
            '\r' => out.push_str("&#13;"),
            '\t' | '\n' => out.push(character),
            '\0'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}' => {}
            _ => out.push(character),
        }
    }
}

/// Appends an XML element with text in it.
pub fn push_element(out: &mut String, name: &str, text: &str) {
    out.push('<');
    out.push_str(name);
    out.push('>');
    push_xml(out, text);
    push_end(out, name);
}

/// Appends an XML element with text in it, if there is one.
pub fn push_element_if(out: &mut String, name: &str, text: Option<&str>) {
    if let Some(text) = text {
        push_element(out, name, text);
    }
}

/// Appends an XML element with a decimal number in it, if there is one.
pub fn push_decimal_element(out: &mut String, name: &str, value: Option<i32>, digits: usize) {
    if let Some(value) = value {
        out.push('<');
        out.push_str(name);
        out.push('>');
        push_decimal(out, value.into(), digits);
        push_end(out, name);
    }
}

/// Appends a JSON string, quotes included.
pub fn push_json(out: &mut String, text: &str) {
    // Writing to a string does not fail.
    let _ = write!(out, "{}", serde_json::Value::from(text));
}

fn push_end(out: &mut String, name: &str) {
    out.push_str("</");
    out.push_str(name);
    out.push('>');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_have_no_needless_digits() {
        let decimal = |value, digits| {
            let mut out = String::new();
            push_decimal(&mut out, value, digits);
            out
        };
        assert_eq!(decimal(471_234_500, 7), "47.12345");
        assert_eq!(decimal(-5, 7), "-0.0000005");
        assert_eq!(decimal(0, 7), "0");
        assert_eq!(decimal(-1_800_000_000, 7), "-180");
        assert_eq!(decimal(120, 0), "120");
        assert_eq!(decimal(i64::MIN, 3), "-9223372036854775.808");
    }

    #[test]
    fn instants_have_milliseconds_only_where_there_are_any() {
        assert_eq!(instant(1_700_000_000_000).unwrap(), "2023-11-14T22:13:20Z");
        assert_eq!(instant(1_700_000_000_050).unwrap(), "2023-11-14T22:13:20.050Z");
        assert_eq!(instant(i64::MAX), None);
        assert_eq!(instant(-100_000_000_000_000), None);
    }

    #[test]
    fn xml_text_stays_text() {
        let mut out = String::new();
        push_element(&mut out, "name", "a<b>&\"c\"\u{0}\r");
        assert_eq!(out, "<name>a&lt;b&gt;&amp;&quot;c&quot;&#13;</name>");
    }
}
