//! Unpacks gzip and ZIP within limits. Nothing is ever written anywhere, by any name.

use std::borrow::Cow;
use std::io::Read;

use flate2::read::{DeflateDecoder, MultiGzDecoder};

use super::super::reading::Unreadable;
use super::{FILE_BYTES_MAX, TOO_LARGE, unreadable};

/// Real tracks shrink to a tenth, idle ones to a hundredth; bombs reach the format's limit of 1,032.
const RATIO_MAX: usize = 300;
/// The most entries of a ZIP archive that are looked through.
const ENTRIES_MAX: usize = 10_000;
/// The end record of a ZIP archive, which a comment may follow.
const END_BYTES: usize = 22;
const COMMENT_BYTES_MAX: usize = 65_535;

const STORED: u16 = 0;
const DEFLATED: u16 = 8;
const ENCRYPTED_FLAG: u16 = 1;

const BROKEN: &str = "is a broken ZIP archive";

/// Unpacks a gzipped file.
pub(super) fn gunzip(bytes: &[u8]) -> Result<Vec<u8>, Unreadable> {
    inflate(MultiGzDecoder::new(bytes), bytes.len())
}

/// Unpacks the track in a ZIP archive: the first KML file, as KMZ has it, else the only track.
///
/// The directory is walked by hand, so that an archive of a million entries costs nothing.
pub(super) fn unzip(bytes: &[u8]) -> Result<Cow<'_, [u8]>, Unreadable> {
    let mut tracks = Vec::new();
    for entry in entries(bytes)? {
        match entry.kind() {
            Some(Kind::Kml) => return unpack(bytes, &entry),
            Some(Kind::Track) => tracks.push(entry),
            None => {}
        }
    }
    match tracks.as_slice() {
        [] => Err(unreadable("is a ZIP archive without a track")),
        [track] => unpack(bytes, track),
        _ => Err(unreadable("is a ZIP archive of several tracks; send them one by one")),
    }
}

/// An entry of the directory of a ZIP archive (APPNOTE 6.3.10, section 4.3.12).
struct Entry<'b> {
    flags: u16,
    method: u16,
    packed_bytes: usize,
    header_offset: usize,
    name: &'b [u8],
}

enum Kind {
    Kml,
    Track,
}

impl Entry<'_> {
    /// What the name promises. Nothing but the choice of the entry hangs on it.
    fn kind(&self) -> Option<Kind> {
        if self.name.starts_with(b"__MACOSX/") {
            return None;
        }
        let dot = self.name.iter().rposition(|byte| *byte == b'.')?;
        match self.name.get(dot + 1..)?.to_ascii_lowercase().as_slice() {
            b"kml" => Some(Kind::Kml),
            b"gpx" | b"tcx" | b"fit" | b"geojson" => Some(Kind::Track),
            _ => None,
        }
    }
}

fn entries(bytes: &[u8]) -> Result<Vec<Entry<'_>>, Unreadable> {
    let end = end_record(bytes).ok_or_else(|| unreadable(BROKEN))?;
    let count = usize::from(u16_at(bytes, end + 10).unwrap_or(0));
    if ENTRIES_MAX < count {
        return Err(unreadable("is a ZIP archive with more than 10,000 entries"));
    }
    let mut offset = usize_at(bytes, end + 16).ok_or_else(|| unreadable(BROKEN))?;
    let mut entries = Vec::new();
    for _ in 0..count {
        let (entry, next) = entry(bytes, offset).ok_or_else(|| unreadable(BROKEN))?;
        entries.push(entry);
        offset = next;
    }
    Ok(entries)
}

/// Where the end record begins: the last place that has its signature.
fn end_record(bytes: &[u8]) -> Option<usize> {
    let start = bytes.len().saturating_sub(END_BYTES + COMMENT_BYTES_MAX);
    let tail = bytes.get(start..)?;
    let found = tail.windows(END_BYTES).rposition(|window| window.starts_with(b"PK\x05\x06"))?;
    Some(start + found)
}

fn entry(bytes: &[u8], offset: usize) -> Option<(Entry<'_>, usize)> {
    let header = bytes.get(offset..)?;
    if !header.starts_with(b"PK\x01\x02") {
        return None;
    }
    let name_bytes = usize::from(u16_at(header, 28)?);
    let more_bytes = usize::from(u16_at(header, 30)?) + usize::from(u16_at(header, 32)?);
    let entry = Entry {
        flags: u16_at(header, 8)?,
        method: u16_at(header, 10)?,
        packed_bytes: usize_at(header, 20)?,
        header_offset: usize_at(header, 42)?,
        name: header.get(46..46 + name_bytes)?,
    };
    Some((entry, offset + 46 + name_bytes + more_bytes))
}

fn unpack<'b>(bytes: &'b [u8], entry: &Entry<'_>) -> Result<Cow<'b, [u8]>, Unreadable> {
    if entry.flags & ENCRYPTED_FLAG != 0 {
        return Err(unreadable("is an encrypted ZIP archive"));
    }
    let packed = packed(bytes, entry).ok_or_else(|| unreadable(BROKEN))?;
    match entry.method {
        STORED => Ok(Cow::Borrowed(packed)),
        DEFLATED => inflate(DeflateDecoder::new(packed), packed.len()).map(Cow::Owned),
        _ => Err(unreadable("is a ZIP archive with an unusual compression")),
    }
}

/// The packed bytes of an entry, behind the header of its own that repeats what the directory says.
fn packed<'b>(bytes: &'b [u8], entry: &Entry<'_>) -> Option<&'b [u8]> {
    let header = bytes.get(entry.header_offset..)?;
    if !header.starts_with(b"PK\x03\x04") {
        return None;
    }
    let start = 30 + usize::from(u16_at(header, 26)?) + usize::from(u16_at(header, 28)?);
    header.get(start..)?.get(..entry.packed_bytes)
}

fn u16_at(bytes: &[u8], offset: usize) -> Option<u16> {
    bytes.get(offset..)?.first_chunk().map(|chunk| u16::from_le_bytes(*chunk))
}

fn usize_at(bytes: &[u8], offset: usize) -> Option<usize> {
    let number = bytes.get(offset..)?.first_chunk().map(|chunk| u32::from_le_bytes(*chunk))?;
    usize::try_from(number).ok()
}

/// Counts what really comes out: the sizes that an archive states may lie. What comes out before
/// the data breaks off is kept.
fn inflate(decoder: impl Read, packed_bytes: usize) -> Result<Vec<u8>, Unreadable> {
    let limit = packed_bytes.saturating_mul(RATIO_MAX).min(FILE_BYTES_MAX);
    let mut unpacked = Vec::new();
    let outcome = decoder.take(limit as u64 + 1).read_to_end(&mut unpacked);
    match outcome {
        _ if FILE_BYTES_MAX < unpacked.len() => Err(unreadable(TOO_LARGE)),
        _ if limit < unpacked.len() => Err(unreadable("unpacks to more than 300 times its size")),
        Err(_) if unpacked.is_empty() => Err(unreadable("is compressed, but cannot be unpacked")),
        Ok(_) | Err(_) => Ok(unpacked),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder};
    use proptest::prelude::*;

    use super::*;

    fn gzip(bytes: &[u8], level: Compression) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), level);
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// An archive of deflated entries.
    fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let (mut archive, mut directory) = (Vec::new(), Vec::new());
        for (name, content) in entries {
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(content).unwrap();
            let packed = encoder.finish().unwrap();
            let name_bytes = u16::try_from(name.len()).unwrap().to_le_bytes();
            let packed_bytes = u32::try_from(packed.len()).unwrap().to_le_bytes();
            let offset = u32::try_from(archive.len()).unwrap().to_le_bytes();

            directory.extend_from_slice(b"PK\x01\x02\0\0\0\0\0\0\x08\0\0\0\0\0\0\0\0\0");
            directory.extend_from_slice(&packed_bytes);
            directory.extend_from_slice(&[0; 4]);
            directory.extend_from_slice(&name_bytes);
            directory.extend_from_slice(&[0; 12]);
            directory.extend_from_slice(&offset);
            directory.extend_from_slice(name.as_bytes());

            archive.extend_from_slice(b"PK\x03\x04");
            archive.extend_from_slice(&[0; 22]);
            archive.extend_from_slice(&name_bytes);
            archive.extend_from_slice(&[0; 2]);
            archive.extend_from_slice(name.as_bytes());
            archive.extend_from_slice(&packed);
        }
        let start = u32::try_from(archive.len()).unwrap().to_le_bytes();
        archive.extend_from_slice(&directory);
        archive.extend_from_slice(b"PK\x05\x06\0\0\0\0\0\0");
        archive.extend_from_slice(&u16::try_from(entries.len()).unwrap().to_le_bytes());
        archive.extend_from_slice(&[0; 4]);
        archive.extend_from_slice(&start);
        archive.extend_from_slice(&[0; 2]);
        archive
    }

    fn refusal(outcome: Result<Cow<'_, [u8]>, Unreadable>) -> &'static str {
        outcome.unwrap_err().reason
    }

    #[test]
    fn what_was_packed_comes_out() {
        assert_eq!(gunzip(&gzip(b"a track", Compression::fast())).unwrap(), b"a track");
        assert_eq!(&*unzip(&zip(&[("a.txt", b"no"), ("b.GPX", b"a track")])).unwrap(), b"a track");
    }

    #[test]
    fn a_kml_file_goes_first_whatever_its_path() {
        let archive = zip(&[("a.gpx", b"no"), ("../../etc/doc.kml", b"yes"), ("b.kml", b"no")]);
        assert_eq!(&*unzip(&archive).unwrap(), b"yes");
    }

    #[test]
    fn which_of_several_tracks_is_meant_is_not_guessed() {
        let archive = zip(&[("a.gpx", b"1"), ("b.fit", b"2")]);
        assert!(refusal(unzip(&archive)).contains("several tracks"));
        assert!(refusal(unzip(&zip(&[("a.txt", b"1")]))).contains("without a track"));
    }

    #[test]
    fn a_bomb_is_refused_once_it_has_grown_too_much() {
        let bomb = gzip(&vec![0; 1 << 20], Compression::best());
        assert!(gunzip(&bomb).unwrap_err().reason.contains("300 times"));
        let endless = inflate(std::io::repeat(0), FILE_BYTES_MAX);
        assert_eq!(endless.unwrap_err().reason, TOO_LARGE);
    }

    #[test]
    fn what_comes_before_the_data_breaks_off_is_kept() {
        let whole: Vec<u8> =
            (0_u32..10_000).flat_map(|n| n.wrapping_mul(n).to_le_bytes()).collect();
        let packed = gzip(&whole, Compression::fast());
        let unpacked = gunzip(&packed[..packed.len() / 2]).unwrap();
        assert!(!unpacked.is_empty() && whole.starts_with(&unpacked));
        assert!(gunzip(&packed[..5]).is_err());
    }

    proptest! {
        #[test]
        fn a_damaged_archive_is_refused_or_unpacks_within_its_limit(at in 0_usize..200, byte in any::<u8>(), end in 0_usize..200) {
            let mut archive = zip(&[("a.gpx", b"a track"), ("b.kml", b"another")]);
            if let Some(place) = archive.get_mut(at) {
                *place = byte;
            }
            archive.truncate(archive.len() - end.min(archive.len()));
            for unpacked in [unzip(&archive).map(Cow::into_owned), gunzip(&archive)] {
                match unpacked {
                    Ok(unpacked) => prop_assert!(unpacked.len() <= RATIO_MAX * archive.len()),
                    Err(refused) => prop_assert!(!refused.reason.is_empty()),
                }
            }
        }
    }
}
