//! The sealed form: a header that names algorithm and key, a nonce, the ciphertext with its tag.
//!
//! `version and algorithm (1 byte) · key id (4) · nonce (24) · XChaCha20-Poly1305 (n + 16)`
//!
//! XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03) with a random nonce of 192 bits: two nonces
//! never meet in practice, so nothing has to be counted. The associated data is the header and the
//! [`Place`], so that a sealed value opens nowhere but where it was put.
//!
//! The construction is two steps (section 2.3 of the draft): `HChaCha20` makes a key of its own from
//! the key and the first 16 bytes of the nonce, ChaCha20-Poly1305 (RFC 8439) seals with that key
//! and the other 8. The second step is `ring`'s, the fastest at hand, because sealing the original
//! file was a quarter of an upload; that both together are the standard is shown by the draft's
//! test vector and beside another implementation.
//!
//! What is too long for one buffer is sealed in segments, after STREAM (Hoang, Reyhanitabar, Rogaway and
//! Vizár, 2015): the associated data of each also holds its number and whether it is the last. So none can
//! be left out, repeated or moved, nor the end cut off. STREAM puts both into the nonce because its nonces
//! are counted; ours are random, and long enough for it.

use chacha20::{R20, hchacha};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, Tag, UnboundKey};
use uuid::Uuid;
use zeroize::Zeroize;

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
    let tag = encrypt(key, &nonce, &place.associated_data(&header, segment), message);
    sealed.extend_from_slice(tag.as_ref());
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
    let (key, nonce) = one_time(key, nonce);
    let mut message = ciphertext.to_vec();
    let length = key
        .open_in_place(nonce, Aad::from(place.associated_data(header, segment)), &mut message)
        .map_err(|_| Broken)?
        .len();
    message.truncate(length);
    Ok(message)
}

/// Encrypts in place.
fn encrypt(
    key: &[u8; KEY_BYTES],
    nonce: &[u8; NONCE_BYTES],
    associated: &[u8],
    message: &mut [u8],
) -> Tag {
    let (key, nonce) = one_time(key, nonce);
    #[allow(clippy::expect_used, reason = "fails above 256 GiB only, which no input can reach")]
    key.seal_in_place_separate_tag(nonce, Aad::from(associated), message)
        .expect("the plain text is far below the cipher's limit")
}

/// The key of ChaCha20-Poly1305 that a nonce of 192 bits makes, and the rest of that nonce.
fn one_time(key: &[u8; KEY_BYTES], nonce: &[u8; NONCE_BYTES]) -> (LessSafeKey, Nonce) {
    let (first, rest) = nonce.split_at(16);
    let mut input = [0; 16];
    input.copy_from_slice(first);
    let mut short = [0; 12];
    short[4..].copy_from_slice(rest);

    let mut derived = hchacha::<R20>(&(*key).into(), &input.into());
    #[allow(clippy::expect_used, reason = "the length is the algorithm's")]
    let unbound = UnboundKey::new(&CHACHA20_POLY1305, &derived).expect("a key has 32 bytes");
    derived.as_mut_slice().zeroize();
    (LessSafeKey::new(unbound), Nonce::assume_unique_for_key(short))
}

/// The id of the key that a value was sealed with.
pub(super) fn key_id(sealed: &[u8]) -> Result<u32, Broken> {
    let bytes = sealed.get(1..HEADER_BYTES).ok_or(Broken)?;
    Ok(u32::from_be_bytes(bytes.try_into().map_err(|_| Broken)?))
}

#[cfg(test)]
mod tests {
    use chacha20poly1305::XChaCha20Poly1305;
    use chacha20poly1305::aead::{Aead, KeyInit, Payload};
    use proptest::collection::vec;
    use proptest::prelude::*;

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

    /// Appendix A.3.1 of draft-irtf-cfrg-xchacha-03.
    #[test]
    fn it_is_the_cipher_of_the_draft() {
        let key: [u8; KEY_BYTES] = std::array::from_fn(|index| 0x80 + u8::try_from(index).unwrap());
        let nonce = std::array::from_fn(|index| 0x40 + u8::try_from(index).unwrap());
        let associated = [0x50, 0x51, 0x52, 0x53, 0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7];
        let mut message = b"Ladies and Gentlemen of the class of '99: If I could offer you only \
            one tip for the future, sunscreen would be it."
            .to_vec();
        let tag = encrypt(&key, &nonce, &associated, &mut message);
        assert_eq!(hex(&message[..16]), "bd6d179d3e83d43b9576579493c0e939");
        assert_eq!(hex(&message[96..]), "21f9664c97637da9768812f615c68b13b52e");
        assert_eq!(hex(tag.as_ref()), "c0875924c1c7987947deafd8780acf49");
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
    }

    proptest! {
        #[test]
        fn it_is_what_another_implementation_makes(
            key: [u8; KEY_BYTES],
            nonce: [u8; NONCE_BYTES],
            associated in vec(any::<u8>(), 0..100),
            message in vec(any::<u8>(), 0..2_000),
        ) {
            let mut ours = message.clone();
            let tag = encrypt(&key, &nonce, &associated, &mut ours);
            ours.extend_from_slice(tag.as_ref());
            let payload = Payload { msg: &message, aad: &associated };
            let theirs = XChaCha20Poly1305::new(&key.into()).encrypt(&nonce.into(), payload);
            prop_assert_eq!(ours, theirs.unwrap());
        }
    }

    #[test]
    fn the_same_text_never_looks_the_same() {
        let place = place();
        assert_ne!(seal(&KEY, 1, place, b"same"), seal(&KEY, 1, place, b"same"));
    }
}
