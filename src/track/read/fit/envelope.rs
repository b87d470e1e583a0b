//! Where the files lie that are chained in one: header, messages, checksum.

use std::ops::Range;

use super::crc::checksum;
use crate::track::reading::Rule;

const HEADER_BYTES_MIN: usize = 12;
const CHECKSUM_BYTES: usize = 2;
const SIGNATURE: &[u8] = b".FIT";

/// One of the files chained in the bytes.
pub(super) struct Envelope {
    /// Where its messages lie.
    pub(super) messages: Range<usize>,
    /// What is wrong with it as a whole.
    pub(super) flaw: Option<Rule>,
    /// Where the next file begins, if there is one.
    pub(super) end: usize,
}

/// The file that begins at `start`, or `None` where no header is.
///
/// The size in the header is believed only where something confirms it: a right checksum, a
/// further header behind it, or the end of the bytes. A device that lost power leaves a size of 0,
/// a broken transfer a size past the end: messages are then looked for until the end of the bytes.
pub(super) fn open(bytes: &[u8], start: usize) -> Option<Envelope> {
    let (header_bytes, claimed_bytes) = header(bytes.get(start..)?)?;
    let first = start.checked_add(header_bytes)?;
    let cut_short = || Envelope {
        messages: first.min(bytes.len())..bytes.len(),
        flaw: Some(Rule::Truncated),
        end: bytes.len(),
    };
    let last = first.checked_add(claimed_bytes)?;
    let end = last.checked_add(CHECKSUM_BYTES)?;
    let Some(whole) = bytes.get(start..end) else { return Some(cut_short()) };
    let confirmed = end == bytes.len() || is_header(bytes, end);
    if checksum(whole) == 0 {
        Some(Envelope { messages: first..last, flaw: None, end })
    } else if confirmed {
        Some(Envelope { messages: first..last, flaw: Some(Rule::WrongChecksum), end })
    } else {
        Some(cut_short())
    }
}

fn is_header(bytes: &[u8], start: usize) -> bool {
    bytes.get(start..).and_then(header).is_some()
}

/// The sizes of the header and of the messages, in bytes.
fn header(bytes: &[u8]) -> Option<(usize, usize)> {
    let header_bytes = usize::from(*bytes.first()?);
    let claimed_bytes = u32::from_le_bytes(*bytes.get(4..)?.first_chunk()?);
    let signed = HEADER_BYTES_MIN <= header_bytes && bytes.get(8..12)? == SIGNATURE;
    signed.then_some((header_bytes, usize::try_from(claimed_bytes).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(claimed_bytes: u32, messages: &[u8]) -> Vec<u8> {
        let mut file = vec![12, 0x20, 0, 0];
        file.extend(claimed_bytes.to_le_bytes());
        file.extend(SIGNATURE);
        file.extend(messages);
        file.extend(checksum(&file).to_le_bytes());
        file
    }

    #[test]
    fn a_sound_file_has_no_flaw_and_leads_to_the_next() {
        let chain = [file(3, b"abc"), file(2, b"de")].concat();
        let first = open(&chain, 0).unwrap();
        assert_eq!((first.messages, first.flaw, first.end), (12..15, None, 17));
        let second = open(&chain, 17).unwrap();
        assert_eq!((second.messages, second.flaw, second.end), (29..31, None, chain.len()));
        assert!(open(&chain, chain.len()).is_none());
    }

    #[test]
    fn a_wrong_checksum_is_a_flaw_and_no_more() {
        let mut chain = [file(3, b"abc"), file(2, b"de")].concat();
        chain[13] ^= 1;
        let first = open(&chain, 0).unwrap();
        assert_eq!((first.messages, first.flaw), (12..15, Some(Rule::WrongChecksum)));
    }

    #[test]
    fn a_size_that_lies_is_not_believed() {
        for claimed_bytes in [0, 1, 4, u32::MAX] {
            let bytes = file(claimed_bytes, b"abc");
            let envelope = open(&bytes, 0).unwrap();
            assert_eq!(envelope.messages.start, 12, "{claimed_bytes}");
            assert!(15 <= envelope.messages.end, "{claimed_bytes}");
        }
    }

    #[test]
    fn what_has_no_signature_is_no_file() {
        for bytes in [&b""[..], b"\x0e", b"\x0c\x20\0\0\0\0\0\0.FIX", b"\x08\x20\0\0\0\0\0\0.FIT"] {
            assert!(open(bytes, 0).is_none());
        }
    }
}
