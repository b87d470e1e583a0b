//! Reads ZIP archives piece by piece, and believes nothing that they say of themselves. Only what our own
//! archives have is taken: files in the order of the directory, none over another, stored or deflated, whose
//! lengths stand in the directory.

use std::io::Read;

use flate2::Crc;
use flate2::read::DeflateDecoder;

use super::zip::{
    CENTRAL, DEFLATED, END, END_64, EXTRA_64, LOCAL, LOCATOR_64, MANY, SEE_64, STORED,
};

/// The longest end: that of large archives, then the plain one with a comment.
pub const END_BYTES_MAX: u64 = 56 + 20 + 22 + 65_535;
/// The longest entry of a directory.
pub const ENTRY_BYTES_MAX: usize = 46 + 3 * 65_535;
/// How long what stands before the name of a file is.
pub const LOCAL_BYTES: usize = 30;

/// It is not an archive that is taken. Says why, as what follows on "the archive".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the archive {0}")]
pub struct Unfit(pub &'static str);

const BROKEN: Unfit = Unfit("is no sound ZIP archive");

/// Where the directory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Directory {
    /// Where it begins.
    pub offset: u64,
    /// How long it is.
    pub bytes: u64,
    /// How many files it names.
    pub files: u64,
}

/// A file of the archive, as its directory has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Where it begins.
    pub offset: u64,
    /// How long it is, packed.
    pub packed_bytes: u64,
    /// How long it says it is.
    pub bytes: u64,
    method: u16,
    crc: u32,
}

impl Directory {
    /// Finds it from the last bytes of an archive, [`END_BYTES_MAX`] or all; `offset` is where they begin.
    pub fn find(tail: &[u8], offset: u64) -> Result<Self, Unfit> {
        let found = tail.windows(22).rposition(|window| window.starts_with(END)).ok_or(BROKEN)?;
        let end = &tail[found..];
        let (files, bytes) = (u16_at(end, 10)?, u32_at(end, 12)?);
        let begins = u32_at(end, 16)?;
        let directory = if files == MANY || bytes == SEE_64 || begins == SEE_64 {
            Self::large(&tail[..found], offset)?
        } else {
            Self { offset: begins.into(), bytes: bytes.into(), files: files.into() }
        };
        let ends = directory.offset.checked_add(directory.bytes).ok_or(BROKEN)?;
        let fits = ends <= offset + found as u64 && directory.files <= directory.bytes / 46;
        fits.then_some(directory).ok_or(BROKEN)
    }

    /// From the end of a large archive, which stands before the plain one.
    fn large(before: &[u8], offset: u64) -> Result<Self, Unfit> {
        let locator = before.len().checked_sub(20).and_then(|at| before.get(at..)).ok_or(BROKEN)?;
        if !locator.starts_with(LOCATOR_64) {
            return Err(BROKEN);
        }
        let at = u64_at(locator, 8)?.checked_sub(offset).and_then(|at| usize::try_from(at).ok());
        let end = at.and_then(|at| before.get(at..)).ok_or(BROKEN)?;
        if !end.starts_with(END_64) {
            return Err(BROKEN);
        }
        Ok(Self { files: u64_at(end, 32)?, bytes: u64_at(end, 40)?, offset: u64_at(end, 48)? })
    }
}

impl Entry {
    /// The entry that `bytes` begin with, and how long it is; `None` when it does not end in them.
    pub fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, Unfit> {
        let Some(head) = bytes.get(..46) else { return Ok(None) };
        if !head.starts_with(CENTRAL) {
            return Err(BROKEN);
        }
        let name_bytes = usize::from(u16_at(head, 28)?);
        let extra_bytes = usize::from(u16_at(head, 30)?);
        let whole = 46 + name_bytes + extra_bytes + usize::from(u16_at(head, 32)?);
        let Some(rest) = bytes.get(46..whole) else { return Ok(None) };
        let name = std::str::from_utf8(&rest[..name_bytes]);
        let name = name.map_err(|_| Unfit("holds a file with a name that is not ours"))?.to_owned();
        if u16_at(head, 8)? & 1 != 0 {
            return Err(Unfit("is encrypted"));
        }
        let mut long = Long::of(&rest[name_bytes..name_bytes + extra_bytes]);
        let bytes = long.number(u32_at(head, 24)?)?;
        let packed_bytes = long.number(u32_at(head, 20)?)?;
        let offset = long.number(u32_at(head, 42)?)?;
        let (method, crc) = (u16_at(head, 10)?, u32_at(head, 16)?);
        if method != DEFLATED && (method != STORED || bytes != packed_bytes) {
            return Err(Unfit("holds a file that is packed in an unusual way"));
        }
        Ok(Some((Self { name, offset, packed_bytes, bytes, method, crc }, whole)))
    }

    /// Whether the archive may be longer by as much as this file, which begins where the one before
    /// ended or later, and ends before `end`. Returns where it ends at the least.
    pub fn after(&self, before: u64, end: u64) -> Result<u64, Unfit> {
        let head = LOCAL_BYTES as u64 + self.name.len() as u64;
        let ends =
            self.offset.checked_add(self.packed_bytes).and_then(|ends| ends.checked_add(head));
        match ends {
            Some(ends) if before <= self.offset && ends <= end => Ok(ends),
            Some(_) | None => Err(Unfit("has files that lie over each other, or in another order")),
        }
    }

    /// How much stands between [`Entry::offset`] and the packed bytes, by the head that stands there.
    pub fn head_bytes(head: &[u8]) -> Result<u64, Unfit> {
        if !head.starts_with(LOCAL) {
            return Err(BROKEN);
        }
        Ok(LOCAL_BYTES as u64 + u64::from(u16_at(head, 26)?) + u64::from(u16_at(head, 28)?))
    }

    /// The file, from its packed bytes: of just the length and sum that the directory says.
    pub fn unpack(&self, packed: Vec<u8>) -> Result<Vec<u8>, Unfit> {
        let file = if self.method == STORED {
            packed
        } else {
            let mut file = Vec::new();
            let decoder = DeflateDecoder::new(packed.as_slice());
            // One more tells that it is longer than it says.
            let outcome = decoder.take(self.bytes.saturating_add(1)).read_to_end(&mut file);
            outcome.map_err(|_| Unfit("holds a file that cannot be unpacked"))?;
            file
        };
        let mut crc = Crc::new();
        crc.update(&file);
        let sound = file.len() as u64 == self.bytes && crc.sum() == self.crc;
        sound.then_some(file).ok_or(Unfit("holds a file that is not what its directory says"))
    }
}

/// The field of an entry that holds the numbers that are too long for theirs, in their order.
struct Long<'a>(&'a [u8]);

impl<'a> Long<'a> {
    fn of(mut extra: &'a [u8]) -> Self {
        while let (Ok(kind), Ok(bytes)) = (u16_at(extra, 0), u16_at(extra, 2)) {
            let Some((field, rest)) = extra[4..].split_at_checked(bytes.into()) else { break };
            if kind == EXTRA_64 {
                return Self(field);
            }
            extra = rest;
        }
        Self(&[])
    }

    fn number(&mut self, short: u32) -> Result<u64, Unfit> {
        if short != SEE_64 {
            return Ok(short.into());
        }
        let (number, rest) = self.0.split_first_chunk().ok_or(BROKEN)?;
        self.0 = rest;
        Ok(u64::from_le_bytes(*number))
    }
}

fn chunk_at<const N: usize>(bytes: &[u8], at: usize) -> Result<[u8; N], Unfit> {
    bytes.get(at..).and_then(<[u8]>::first_chunk).copied().ok_or(BROKEN)
}

fn u16_at(bytes: &[u8], at: usize) -> Result<u16, Unfit> {
    chunk_at(bytes, at).map(u16::from_le_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Result<u32, Unfit> {
    chunk_at(bytes, at).map(u32::from_le_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> Result<u64, Unfit> {
    chunk_at(bytes, at).map(u64::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::archive::zip::{Written, end};

    /// An archive of these files that begins at `offset`, as if something stood before it.
    fn archive(offset: u64, files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut written = Written::default();
        for (name, file) in files {
            written.add(offset, name, file).unwrap();
        }
        let begins = offset + written.content.len() as u64;
        let end = end(begins, written.directory.len() as u64, written.files);
        [written.content, written.directory, end].concat()
    }

    /// Every file of an archive, by its directory.
    fn read(archive: &[u8], offset: u64) -> Result<Vec<(String, Vec<u8>)>, Unfit> {
        let directory = Directory::find(archive, offset)?;
        let place = |at: u64| usize::try_from(at - offset).unwrap();
        let mut at = place(directory.offset);
        let (mut files, mut before) = (Vec::new(), offset);
        for _ in 0..directory.files {
            let (entry, bytes) = Entry::parse(archive.get(at..).ok_or(BROKEN)?)?.ok_or(BROKEN)?;
            at += bytes;
            before = entry.after(before, directory.offset)?;
            let head = archive.get(place(entry.offset)..).ok_or(BROKEN)?;
            let begins = place(entry.offset + Entry::head_bytes(head)?);
            let packed = archive
                .get(begins..)
                .and_then(|rest| rest.get(..usize::try_from(entry.packed_bytes).unwrap()));
            files.push((entry.name.clone(), entry.unpack(packed.ok_or(BROKEN)?.to_vec())?));
        }
        Ok(files)
    }

    #[test]
    fn what_was_written_is_read_however_far_into_the_archive() {
        let files: [(&str, &[u8]); 3] =
            [("a", b"aaaaaaaaaaaaaaaaaaaaaaaaaaaa"), ("b", b"x"), ("c", b"")];
        for offset in [0, u64::from(u32::MAX) - 40, 1 << 40] {
            let read = read(&archive(offset, &files), offset).unwrap();
            let expected = files.map(|(name, file)| (name.to_owned(), file.to_vec()));
            assert_eq!(read, expected, "{offset}");
        }
    }

    #[test]
    fn more_files_than_the_plain_end_can_count_are_read() {
        let files = vec![("a", b"x".as_slice()); 70_000];
        assert_eq!(read(&archive(0, &files), 0).unwrap().len(), 70_000);
    }

    #[test]
    fn files_over_each_other_and_in_another_order_are_refused() {
        let entry = |offset, packed_bytes| Entry {
            name: "a".to_owned(),
            offset,
            packed_bytes,
            bytes: packed_bytes,
            method: STORED,
            crc: 0,
        };
        assert_eq!(entry(10, 100).after(10, 200), Ok(141));
        assert!(entry(9, 100).after(10, 200).is_err(), "it begins in the one before");
        assert!(entry(10, 100).after(10, 140).is_err(), "it ends in the directory");
        assert!(entry(10, u64::MAX).after(10, 200).is_err());
    }

    #[test]
    fn a_file_that_grows_beyond_what_it_says_is_refused_before_it_has() {
        let mut written = Written::default();
        written.add(0, "a", &vec![0; 1 << 20]).unwrap();
        let (entry, _) = Entry::parse(&written.directory).unwrap().unwrap();
        let packed = written.content[LOCAL_BYTES + 1..].to_vec();
        assert_eq!(entry.unpack(packed.clone()).unwrap().len(), 1 << 20);
        for bytes in [0, 1_000, (1 << 20) - 1, (1 << 20) + 1] {
            assert!(Entry { bytes, ..entry.clone() }.unpack(packed.clone()).is_err());
        }
        assert!(Entry { crc: 7, ..entry }.unpack(packed).is_err());
    }

    #[test]
    fn an_encrypted_archive_is_refused() {
        let mut bytes = archive(0, &[("a", b"x")]);
        let at = bytes.windows(4).position(|window| window == CENTRAL).unwrap();
        bytes[at + 8] |= 1;
        assert_eq!(read(&bytes, 0), Err(Unfit("is encrypted")));
    }

    proptest! {
        #[test]
        fn what_is_read_of_a_damaged_archive_is_what_was_written(at in 0_usize..400, byte in any::<u8>(), cut in 0_usize..400) {
            let files: [(&str, &[u8]); 2] = [("a", b"aaaaaaaaaaaaaaaaaaaa"), ("b", b"another")];
            let mut bytes = archive(0, &files);
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
            bytes.truncate(bytes.len() - cut.min(bytes.len()));
            // Its directory may be broken, and a name; never a file.
            for (_, file) in read(&bytes, 0).unwrap_or_default() {
                prop_assert!(files.iter().any(|(_, written)| *written == file));
            }
        }
    }
}
