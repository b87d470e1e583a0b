//! From the bytes of a text to Unicode, whatever encoding it is in.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// An XML declaration stands at the very start and is short.
const DECLARATION_BYTES_MAX: usize = 256;

/// A text, and whether its bytes were what it says they are.
pub(super) struct Text<'b> {
    pub(super) text: Cow<'b, str>,
    /// Some bytes did not fit the encoding and were read as Windows-1252, or replaced.
    pub(super) malformed: bool,
}

/// Decodes by the byte order mark, else by the zeros of UTF-16, else by the XML declaration, else
/// as UTF-8. Bytes that claim to be UTF-8 and are not are taken for Windows-1252, which holds
/// Latin-1: that is what programs which forgot to convert have written.
pub(super) fn decode(bytes: &[u8]) -> Text<'_> {
    if let Some((encoding, mark_len)) = Encoding::for_bom(bytes) {
        return decode_as(encoding, bytes.get(mark_len..).unwrap_or_default());
    }
    match bytes {
        [b'<' | b'{' | b'[', 0, ..] => decode_as(UTF_16LE, bytes),
        [0, b'<' | b'{' | b'[', ..] => decode_as(UTF_16BE, bytes),
        _ => decode_as(declared(bytes).unwrap_or(UTF_8), bytes),
    }
}

fn decode_as<'b>(encoding: &'static Encoding, bytes: &'b [u8]) -> Text<'b> {
    if encoding != UTF_8 {
        let (text, malformed) = encoding.decode_without_bom_handling(bytes);
        return Text { text, malformed };
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Text { text: Cow::Borrowed(text), malformed: false };
    }
    let (text, _) = WINDOWS_1252.decode_without_bom_handling(bytes);
    Text { text, malformed: true }
}

/// The encoding of `<?xml … encoding="…"?>`. The declaration could be read as bytes, so a claim to
/// be UTF-16 is false, and the bytes are tried as UTF-8.
fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    let start = bytes.get(..DECLARATION_BYTES_MAX).unwrap_or(bytes);
    let start = start.trim_ascii_start().strip_prefix(b"<?xml")?;
    let end = start.iter().position(|byte| *byte == b'>')?;
    let declaration = std::str::from_utf8(start.get(..end)?).ok()?;
    let (_, value) = declaration.split_once("encoding")?;
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let label = value.get(1..)?.split(quote).next()?;
    Encoding::for_label(label.as_bytes()).filter(|encoding| encoding.is_ascii_compatible())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf_16(text: &str, unit_bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(unit_bytes).collect()
    }

    #[test]
    fn every_encoding_gives_the_same_text() {
        let text = "<?xml version='1.0'?><gpx>Zürich</gpx>";
        for bytes in [
            text.as_bytes().to_vec(),
            [b"\xEF\xBB\xBF", text.as_bytes()].concat(),
            utf_16(text, u16::to_le_bytes),
            utf_16(text, u16::to_be_bytes),
            utf_16(&format!("\u{feff}{text}"), u16::to_le_bytes),
            utf_16(&format!("\u{feff}{text}"), u16::to_be_bytes),
        ] {
            let decoded = decode(&bytes);
            assert_eq!(decoded.text, text);
            assert!(!decoded.malformed);
        }
    }

    #[test]
    fn the_declaration_names_the_encoding() {
        let decoded = decode(b"<?xml version=\"1.0\" encoding = 'ISO-8859-1' ?><a>Z\xFCrich</a>");
        assert!(decoded.text.ends_with("<a>Zürich</a>"));
        assert!(!decoded.malformed);
    }

    #[test]
    fn latin_1_that_claims_to_be_utf_8_is_read_and_reported() {
        let decoded = decode(b"<?xml version=\"1.0\" encoding=\"UTF-8\"?><a>Z\xFCrich</a>");
        assert!(decoded.text.ends_with("<a>Zürich</a>"));
        assert!(decoded.malformed);
    }

    #[test]
    fn a_false_claim_to_be_utf_16_is_passed_over() {
        let decoded = decode(b"<?xml version=\"1.0\" encoding=\"UTF-16\"?><a/>");
        assert!(decoded.text.ends_with("<a/>"));
    }
}
