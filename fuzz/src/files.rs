//! Files around what the fuzzer makes up.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

/// The bytes as they are, if they begin as a document does, else with a beginning put before them:
/// so that every input gets to the reader in question.
pub fn document(beginning: &str, bytes: &[u8]) -> Vec<u8> {
    match bytes.first() {
        Some(b'<' | b'{' | 0xEF | 0xFE | 0xFF) => bytes.to_vec(),
        _ => [beginning.as_bytes(), bytes].concat(),
    }
}

/// The bytes as they are, if they have the signature of FIT, else as the messages of a FIT file. Its
/// checksum is wrong, which is a flaw and no more.
pub fn fit(bytes: &[u8]) -> Vec<u8> {
    if bytes.get(8..12) == Some(b".FIT") {
        return bytes.to_vec();
    }
    let size = u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes();
    [b"\x0c\x20\0\0", &size[..], b".FIT", bytes, b"\0\0"].concat()
}

/// The bytes, gzipped.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("a vector takes everything");
    encoder.finish().expect("a vector takes everything")
}

/// The bytes as the only entry of an archive, not compressed.
pub fn kmz(bytes: &[u8]) -> Vec<u8> {
    let name = b"doc.kml";
    let size = u32::try_from(bytes.len()).expect("inputs are small").to_le_bytes();
    let mut archive = b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0".to_vec();
    archive.extend([&size[..], &size, &[7, 0, 0, 0], name, bytes].concat());
    let directory = u32::try_from(archive.len()).expect("inputs are small").to_le_bytes();
    archive.extend(b"PK\x01\x02\x14\0\x14\0\0\0\0\0\0\0\0\0\0\0\0\0");
    archive.extend([&size[..], &size, &[7, 0], &[0; 16], name].concat());
    archive.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0\x35\0\0\0");
    archive.extend([&directory[..], &[0, 0]].concat());
    archive
}
