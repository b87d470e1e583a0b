//! Writes ZIP archives (APPNOTE 6.3.10) piece by piece: between two files it needs no more than to know how long
//! the archive and its directory are. So an export can be put down and taken up again, by another process if
//! need be, and takes no more memory the longer it gets. Libraries keep the directory in memory to the end.

use std::io::Write;

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

/// How much is done to make files small. More makes exports slower than what it saves is worth.
const LEVEL: Compression = Compression::fast();

pub(super) const STORED: u16 = 0;
pub(super) const DEFLATED: u16 = 8;
pub(super) const LOCAL: &[u8; 4] = b"PK\x03\x04";
pub(super) const CENTRAL: &[u8; 4] = b"PK\x01\x02";
pub(super) const END: &[u8; 4] = b"PK\x05\x06";
pub(super) const END_64: &[u8; 4] = b"PK\x06\x06";
pub(super) const LOCATOR_64: &[u8; 4] = b"PK\x06\x07";
/// Stands where a number is too long for its field, and is found in a longer one elsewhere.
pub(super) const SEE_64: u32 = u32::MAX;
pub(super) const MANY: u16 = u16::MAX;
/// Tells the field that holds longer numbers.
pub(super) const EXTRA_64: u16 = 1;

const VERSION_64: u16 = 45;
/// 1 January 1980, midnight: when a file was written is told nowhere.
const DATE: u16 = 1 << 5 | 1;

/// A file that is too long to stand in the archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a file is too long for the archive")]
pub struct TooLong;

/// What is written of an archive: what goes next, and what stands at its end.
#[derive(Default)]
pub struct Written {
    /// To be put behind what was written before.
    pub content: Vec<u8>,
    /// To be put behind the directory that was written before.
    pub directory: Vec<u8>,
    /// How many files.
    pub files: u64,
}

impl Written {
    /// Adds a file called `name`, of ASCII letters. `offset` is how long the archive was before `self`.
    pub fn add(&mut self, offset: u64, name: &str, file: &[u8]) -> Result<(), TooLong> {
        let packed = deflate(file);
        // What is packed already does not get smaller.
        let (method, packed) =
            if packed.len() < file.len() { (DEFLATED, packed.as_slice()) } else { (STORED, file) };
        let mut crc = Crc::new();
        crc.update(file);
        let name_bytes = u16::try_from(name.len()).map_err(|_| TooLong)?;
        let mut common = Vec::with_capacity(26);
        for field in [VERSION_64, 0, method, 0, DATE] {
            common.extend_from_slice(&field.to_le_bytes());
        }
        for field in [Ok(crc.sum()), length(packed), length(file)] {
            common.extend_from_slice(&field?.to_le_bytes());
        }
        common.extend_from_slice(&name_bytes.to_le_bytes());
        let at = offset + self.content.len() as u64;
        self.describe(&common, at, name);
        let no_extra = 0_u16.to_le_bytes();
        for part in [LOCAL, common.as_slice(), &no_extra, name.as_bytes(), packed] {
            self.content.extend_from_slice(part);
        }
        self.files += 1;
        Ok(())
    }

    /// Adds the entry of a file that begins at `at` to the directory.
    fn describe(&mut self, common: &[u8], at: u64, name: &str) {
        let (at, extra) = match u32::try_from(at) {
            Ok(at) if at < SEE_64 => (at, Vec::new()),
            _ => {
                let head = [EXTRA_64.to_le_bytes(), 8_u16.to_le_bytes()].concat();
                (SEE_64, [head.as_slice(), &at.to_le_bytes()].concat())
            }
        };
        // Of a few bytes.
        let extra_bytes = u16::try_from(extra.len()).unwrap_or(0);
        let made_by = VERSION_64.to_le_bytes();
        for part in [CENTRAL.as_slice(), &made_by, common, &extra_bytes.to_le_bytes(), &[0; 10]] {
            self.directory.extend_from_slice(part);
        }
        self.directory.extend_from_slice(&at.to_le_bytes());
        self.directory.extend_from_slice(name.as_bytes());
        self.directory.extend_from_slice(&extra);
    }
}

/// What stands behind the directory, which is `bytes` long, begins at `offset` and is of `files` files.
pub fn end(offset: u64, bytes: u64, files: u64) -> Vec<u8> {
    let mut end = Vec::with_capacity(98);
    end.extend_from_slice(END_64);
    end.extend_from_slice(&44_u64.to_le_bytes());
    end.extend_from_slice(&VERSION_64.to_le_bytes());
    end.extend_from_slice(&VERSION_64.to_le_bytes());
    end.extend_from_slice(&[0; 8]);
    for number in [files, files, bytes, offset] {
        end.extend_from_slice(&number.to_le_bytes());
    }
    end.extend_from_slice(LOCATOR_64);
    end.extend_from_slice(&[0; 4]);
    end.extend_from_slice(&(offset + bytes).to_le_bytes());
    end.extend_from_slice(&1_u32.to_le_bytes());
    let short = |number: u64| u16::try_from(number).unwrap_or(MANY);
    let long = |number: u64| u32::try_from(number).unwrap_or(SEE_64);
    end.extend_from_slice(END);
    end.extend_from_slice(&[0; 4]);
    end.extend_from_slice(&short(files).to_le_bytes());
    end.extend_from_slice(&short(files).to_le_bytes());
    end.extend_from_slice(&long(bytes).to_le_bytes());
    end.extend_from_slice(&long(offset).to_le_bytes());
    end.extend_from_slice(&[0; 2]);
    end
}

fn length(bytes: &[u8]) -> Result<u32, TooLong> {
    u32::try_from(bytes.len()).ok().filter(|bytes| *bytes < SEE_64).ok_or(TooLong)
}

fn deflate(file: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::with_capacity(file.len() / 4), LEVEL);
    // Writing to memory cannot fail; should it, the file is stored as it is.
    match encoder.write_all(file) {
        Ok(()) => encoder.finish().unwrap_or_else(|_| file.to_vec()),
        Err(_) => file.to_vec(),
    }
}
