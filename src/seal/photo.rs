//! The key of a photo's sizes: one a photo, so that others can be shown one without any other.

use std::fmt;

use uuid::Uuid;
use zeroize::Zeroizing;

use super::cipher::{self, Broken, Place};
use super::{KEY_BYTES, random_key};
use crate::domain::BlobId;

/// Opens the sizes of one photo. It lies sealed with the photo, and in the commons beside what others
/// see, for as long as they see it: showing a photo gives its key, withdrawing it takes the key back.
#[derive(Clone)]
pub struct PhotoKey(Zeroizing<[u8; KEY_BYTES]>);

/// Photos have one key each, for good.
const GENERATION: u32 = 1;

impl PhotoKey {
    /// A fresh one.
    pub fn random() -> Self {
        Self(random_key())
    }

    /// From how it is stored.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Broken> {
        Ok(Self(Zeroizing::new(bytes.try_into().map_err(|_| Broken)?)))
    }

    /// As it is stored.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_slice()
    }

    /// Seals a size, to be put as `blob`.
    pub fn seal(&self, blob: BlobId, plain: &[u8]) -> Vec<u8> {
        cipher::seal(&self.0, GENERATION, place(blob), plain)
    }

    /// Opens what was sealed for the same blob.
    pub fn open(&self, blob: BlobId, sealed: &[u8]) -> Result<Vec<u8>, Broken> {
        cipher::open(&self.0, place(blob), sealed)
    }
}

fn place(blob: BlobId) -> Place {
    Place::of_server("commons.photos", "blob", Uuid::from(blob))
}

/// Secret, hence not shown.
impl fmt::Debug for PhotoKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PhotoKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_opens_with_the_key_of_its_photo_and_nowhere_else() {
        let (key, blob) = (PhotoKey::random(), BlobId::random());
        let sealed = key.seal(blob, b"pixels");
        let again = PhotoKey::from_bytes(key.as_bytes()).unwrap();
        assert_eq!(again.open(blob, &sealed), Ok(b"pixels".to_vec()));
        assert_eq!(key.open(BlobId::random(), &sealed), Err(Broken));
        assert_eq!(PhotoKey::random().open(blob, &sealed), Err(Broken));
        assert!(PhotoKey::from_bytes(b"short").is_err());
    }
}
