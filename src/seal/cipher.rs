//! The sealed form: a header that names algorithm and key, a nonce, the ciphertext with its tag.
//!
//! `version and algorithm (1 byte) · key id (4) · nonce (24) · XChaCha20-Poly1305 (n + 16)`
//!
//! XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03) with a random nonce of 192 bits: two nonces
//! never meet in practice, so nothing has to be counted. The associated data is the header and the
//! [`Place`], so that a sealed value opens nowhere but where it was put.
//!
//! What is too long for one buffer is sealed in segments, after STREAM (Hoang, Reyhanitabar, Rogaway and
//! Vizár, 2015): the associated data of each also holds its number and whether it is the last. So none can
//! be left out, repeated or moved, nor the end cut off. STREAM puts both into the nonce because its nonces
//! are counted; ours are random, and long enough for it.

use chacha20poly1305::aead::{Aead, AeadInOut, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use uuid::Uuid;

use super::{KEY_BYTES, random_bytes};
use crate::domain::AccountId;

/// Version 1 of this layout, with XChaCha20-Poly1305.
const XCHACHA20_POLY1305: u8 = 1;
const HEADER_BYTES: usize = 1 + 4;
const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;

/// Where a sealed value is kept.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Whose it is; the nil id where it is nobody's.
    pub account: AccountId,
    /// Its table, with the schema.
    pub table: &'static str,
    /// Its column.
    pub column: &'static str,
    /// Its row.
    pub row: Uuid,
}

/// Where in a row of segments a sealed one stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Counts from 0.
    pub number: u32,
    /// Whether nothing follows.
    pub is_last: bool,
}

/// A sealed value that does not open: it was changed, moved, or sealed with another key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a sealed value does not open")]
pub struct Broken;

impl Place {
    /// A place that belongs to no account.
    pub fn of_server(table: &'static str, column: &'static str, row: Uuid) -> Self {
        Self { account: Uuid::nil().into(), table, column, row }
    }

    /// Injective: names are followed by a byte that they cannot hold, all else has a fixed length.
    fn associated_data(&self, header: &[u8], segment: Option<Segment>) -> Vec<u8> {
        let account = Uuid::from(self.account);
        let mut data = Vec::with_capacity(HEADER_BYTES + 34 + self.table.len() + self.column.len());
        data.extend_from_slice(header);
        data.extend_from_slice(account.as_bytes());
        data.extend_from_slice(self.row.as_bytes());
        for name in [self.table, self.column] {
            data.extend_from_slice(name.as_bytes());
            data.push(0);
        }
        if let Some(Segment { number, is_last }) = segment {
            data.extend_from_slice(&number.to_be_bytes());
            data.push(is_last.into());
        }
        data
    }
}

/// Seals within one buffer: files are large, and copies of them cost as much as the cipher.
pub(super) fn seal(key: &[u8; KEY_BYTES], key_id: u32, place: Place, plain: &[u8]) -> Vec<u8> {
    seal_in(key, key_id, place, None, plain)
}

/// The same for one of a row of segments.
pub(super) fn seal_segment(
    key: &[u8; KEY_BYTES],
    key_id: u32,
    place: Place,
    segment: Segment,
    plain: &[u8],
) -> Vec<u8> {
    seal_in(key, key_id, place, Some(segment), plain)
}

fn seal_in(
    key: &[u8; KEY_BYTES],
    key_id: u32,
    place: Place,
    segment: Option<Segment>,
    plain: &[u8],
) -> Vec<u8> {
    let mut header = [XCHACHA20_POLY1305; HEADER_BYTES];
    header[1..].copy_from_slice(&key_id.to_be_bytes());
    let nonce: [u8; NONCE_BYTES] = random_bytes();
    let mut sealed = Vec::with_capacity(HEADER_BYTES + NONCE_BYTES + plain.len() + TAG_BYTES);
    sealed.extend_from_slice(&header);
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(plain);
    let message = &mut sealed[HEADER_BYTES + NONCE_BYTES..];
    #[allow(clippy::expect_used, reason = "fails above 256 GiB only, which no input can reach")]
    let tag = XChaCha20Poly1305::new(&Key::from(*key))
        .encrypt_inout_detached(
            &XNonce::from(nonce),
            &place.associated_data(&header, segment),
            message.into(),
        )
        .expect("the plain text is far below the cipher's limit");
    sealed.extend_from_slice(&tag);
    sealed
}

pub(super) fn open(key: &[u8; KEY_BYTES], place: Place, sealed: &[u8]) -> Result<Vec<u8>, Broken> {
    open_in(key, place, None, sealed)
}

/// The same for one of a row of segments.
pub(super) fn open_segment(
    key: &[u8; KEY_BYTES],
    place: Place,
    segment: Segment,
    sealed: &[u8],
) -> Result<Vec<u8>, Broken> {
    open_in(key, place, Some(segment), sealed)
}

fn open_in(
    key: &[u8; KEY_BYTES],
    place: Place,
    segment: Option<Segment>,
    sealed: &[u8],
) -> Result<Vec<u8>, Broken> {
    let (header, rest) = sealed.split_at_checked(HEADER_BYTES).ok_or(Broken)?;
    let (nonce, ciphertext) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(Broken)?;
    if header[0] != XCHACHA20_POLY1305 {
        return Err(Broken);
    }
    let payload = Payload { msg: ciphertext, aad: &place.associated_data(header, segment) };
    XChaCha20Poly1305::new(&Key::from(*key))
        .decrypt(&XNonce::from(*nonce), payload)
        .map_err(|_| Broken)
}

/// The id of the key that a value was sealed with.
pub(super) fn key_id(sealed: &[u8]) -> Result<u32, Broken> {
    let bytes = sealed.get(1..HEADER_BYTES).ok_or(Broken)?;
    Ok(u32::from_be_bytes(bytes.try_into().map_err(|_| Broken)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; KEY_BYTES] = [7; KEY_BYTES];

    fn place() -> Place {
        Place {
            account: AccountId::random(),
            table: "vault.tracks",
            column: "track",
            row: Uuid::new_v4(),
        }
    }

    #[test]
    fn what_was_sealed_opens_in_its_place() {
        let place = place();
        let sealed = seal(&KEY, 9, place, b"where I live");
        assert_eq!(open(&KEY, place, &sealed).unwrap(), b"where I live");
        assert_eq!(key_id(&sealed), Ok(9));
    }

    #[test]
    fn it_opens_nowhere_else() {
        let place = place();
        let sealed = seal(&KEY, 1, place, b"where I live");
        let elsewhere = [
            Place { account: AccountId::random(), ..place },
            Place { row: Uuid::new_v4(), ..place },
            Place { table: "vault.track", ..place },
            Place { column: "tracks", ..place },
        ];
        for place in elsewhere {
            assert_eq!(open(&KEY, place, &sealed), Err(Broken));
        }
        assert_eq!(open(&[8; KEY_BYTES], place, &sealed), Err(Broken));
    }

    /// Opens `sealed` as a whole row of segments.
    fn open_row(place: Place, sealed: &[&Vec<u8>]) -> Result<Vec<u8>, Broken> {
        let count = u32::try_from(sealed.len()).unwrap();
        let open = |(number, sealed): (u32, &&Vec<u8>)| {
            open_segment(&KEY, place, Segment { number, is_last: number + 1 == count }, sealed)
        };
        Ok((0..).zip(sealed).map(open).collect::<Result<Vec<_>, _>>()?.concat())
    }

    #[test]
    fn segments_open_as_a_whole_and_in_their_order_alone() {
        let place = place();
        let seal = |place, number, text: &[u8]| {
            seal_segment(&KEY, 1, place, Segment { number, is_last: number == 2 }, text)
        };
        let [a, b, c] = [(0, b"where "), (1, b"I real"), (2, b"ly am ")]
            .map(|(number, text)| seal(place, number, text));
        assert_eq!(open_row(place, &[&a, &b, &c]).unwrap(), b"where I really am ");
        let wrong: [&[&Vec<u8>]; 8] = [
            &[&a, &b],
            &[&a],
            &[&b, &c],
            &[&a, &c],
            &[&b, &a, &c],
            &[&a, &b, &b, &c],
            &[&a, &b, &c, &c],
            &[&a, &a, &c],
        ];
        for row in wrong {
            assert_eq!(open_row(place, row), Err(Broken));
        }
        let other = Place { row: Uuid::new_v4(), ..place };
        let foreign = seal(other, 1, b"I real");
        assert_eq!(open_row(place, &[&a, &foreign, &c]), Err(Broken));
        // Nor is one taken for a value that stands alone.
        assert_eq!(open(&KEY, place, &a), Err(Broken));
        let alone = super::seal(&KEY, 1, place, b"I real");
        assert_eq!(open_row(place, &[&a, &alone, &c]), Err(Broken));
    }

    #[test]
    fn any_changed_byte_is_noticed() {
        let place = place();
        let sealed = seal(&KEY, 1, place, b"where I live");
        for index in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[index] ^= 1;
            assert_eq!(open(&KEY, place, &changed), Err(Broken), "byte {index}");
        }
        for length in 0..sealed.len() {
            assert_eq!(open(&KEY, place, &sealed[..length]), Err(Broken), "{length} bytes");
        }
    }

    #[test]
    fn the_same_text_never_looks_the_same() {
        let place = place();
        assert_ne!(seal(&KEY, 1, place, b"same"), seal(&KEY, 1, place, b"same"));
    }
}
