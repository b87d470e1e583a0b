//! The escapes in JSON strings.

use std::char::REPLACEMENT_CHARACTER as REPLACEMENT;

/// The text that a string with escapes stands for. Half of a surrogate pair, and an escape that is
/// none, become the replacement character.
pub(super) fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((plain, escape)) = rest.split_once('\\') {
        out.push_str(plain);
        let mut characters = escape.chars();
        let character = match characters.next() {
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('u') => {
                let (character, behind) = unicode(characters.as_str());
                out.push(character);
                rest = behind;
                continue;
            }
            Some(other) => other,
            None => REPLACEMENT,
        };
        out.push(character);
        rest = characters.as_str();
    }
    out.push_str(rest);
    out
}

/// The character whose four digits, or eight in a pair of surrogates, follow a `\u`, and the text
/// behind it.
fn unicode(text: &str) -> (char, &str) {
    let Some((unit, rest)) = unit(text) else { return (REPLACEMENT, text) };
    if let Some(character) = char::from_u32(unit.into()) {
        return (character, rest);
    }
    let pair = rest.strip_prefix("\\u").and_then(self::unit);
    let decoded = pair.and_then(|(low, behind)| {
        let character = char::decode_utf16([unit, low]).next()?.ok()?;
        Some((character, behind))
    });
    decoded.unwrap_or((REPLACEMENT, rest))
}

fn unit(text: &str) -> Option<(u16, &str)> {
    let (digits, rest) = text.split_at_checked(4)?;
    let is_hexadecimal = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let unit = u16::from_str_radix(digits, 16).ok()?;
    is_hexadecimal.then_some((unit, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn escapes_become_what_they_stand_for() {
        assert_eq!(unescape(r#"a\"b\\c\/d\n\u00fc\ud83d\udeb4"#), "a\"b\\c/d\nü🚴");
        assert_eq!(unescape("Zürich"), "Zürich");
    }

    #[test]
    fn half_a_pair_and_half_an_escape_are_replaced() {
        assert_eq!(unescape(r"\ud83d!"), "\u{fffd}!");
        assert_eq!(unescape(r"\ud83d\u0041"), "\u{fffd}A");
        assert_eq!(unescape(r"\u12"), "\u{fffd}12");
        assert_eq!(unescape("\\"), "\u{fffd}");
    }

    proptest! {
        #[test]
        fn what_serde_json_writes_is_read_back(text: String) {
            let written = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(unescape(&written[1..written.len() - 1]), text);
        }

        #[test]
        fn what_has_no_end_becomes_no_longer(text in "[\\\\u0-9a-fd8ü]{0,64}") {
            let read = unescape(&text);
            prop_assert!(read.chars().count() <= text.chars().count());
            if let Ok(expected) = serde_json::from_str::<String>(&format!("\"{text}\"")) {
                prop_assert_eq!(read, expected);
            }
        }
    }
}
