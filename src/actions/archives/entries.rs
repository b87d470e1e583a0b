//! The files of an archive that was sent, one after the other. Nothing that it says of itself is believed.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::store::Reader;
use crate::actions::Error;
use crate::archive::unzip::{self, Directory, Entry, Unfit};
use crate::archive::{FORMAT, File, Kind, Name, VERSION};

/// The most files of an archive: as many as 100,000 activities have.
const FILES_MAX: u64 = 500_000;
/// The most pages of activities, each of which has one at the least.
const PAGES_MAX: u32 = 100_000;
/// The longest directory: names of ours take a hundred bytes.
const DIRECTORY_BYTES_MAX: u64 = 256 * FILES_MAX;
/// The longest file that is read: a track of a million points with every sensor.
pub(super) const FILE_BYTES_MAX: u64 = 128 * 1024 * 1024;
/// How many times its size a file may unpack to; the first MiB is free.
const RATIO_MAX: u64 = 100;
const FREE_BYTES: u64 = 1024 * 1024;
/// How much of a directory is read at once: more than its longest entry takes.
const WINDOW_BYTES: u64 = unzip::ENTRY_BYTES_MAX as u64 + 64 * 1024;

const BROKEN: &str = "is no sound ZIP archive";

/// What an archive that was checked comes to.
pub(super) struct Checked {
    /// Where its directory begins.
    pub(super) begins: u64,
    /// Where it ends.
    pub(super) end: u64,
    /// How many files it names.
    pub(super) files: u64,
    /// How many activities there are.
    pub(super) activities: i32,
}

/// Entries of a directory, one after the other.
pub(super) struct Entries {
    /// Where the next one begins.
    pub(super) at: u64,
    end: u64,
    /// How many there are from there on.
    pub(super) left: u64,
    window: Vec<u8>,
    /// How much of the window is read.
    read: usize,
    peeked: Option<(Entry, usize)>,
}

impl Entries {
    pub(super) fn new(at: u64, end: u64, left: u64) -> Self {
        Self { at, end, left, window: Vec::new(), read: 0, peeked: None }
    }

    /// The next entry, which stays the next one.
    pub(super) async fn peek(&mut self, reader: &mut Reader) -> Result<Option<&Entry>, Error> {
        if self.left == 0 {
            return if self.at == self.end { Ok(None) } else { Err(Unfit(BROKEN).into()) };
        }
        if self.peeked.is_none() {
            self.peeked = Entry::parse(&self.window[self.read..])?;
        }
        if self.peeked.is_none() {
            self.window = reader.read(self.at..self.end.min(self.at + WINDOW_BYTES)).await?;
            self.read = 0;
            self.peeked = Some(Entry::parse(&self.window)?.ok_or(Unfit(BROKEN))?);
        }
        Ok(self.peeked.as_ref().map(|(entry, _)| entry))
    }

    /// Goes on to the entry after the next one.
    pub(super) fn advance(&mut self) -> Option<Entry> {
        let (entry, bytes) = self.peeked.take()?;
        self.read += bytes;
        self.at += bytes as u64;
        self.left -= 1;
        Some(entry)
    }
}

/// Looks at every file of an archive, and reads none but the manifest.
pub(super) async fn check(reader: &mut Reader) -> Result<Checked, Error> {
    let whole = reader.bytes();
    let tail = whole.saturating_sub(unzip::END_BYTES_MAX);
    let directory = Directory::find(&reader.read(tail..whole).await?, tail)?;
    let Directory { offset, bytes, files } = directory;
    if FILES_MAX < files || DIRECTORY_BYTES_MAX < bytes {
        return Err(Unfit("holds more than 500,000 files").into());
    }
    let end = offset + bytes;
    let mut entries = Entries::new(offset, end, files);
    let mut pages = Pages::default();
    let (mut before, mut activities, mut manifest) = (0, 0, None);
    while let Some(entry) = entries.peek(reader).await? {
        before = entry.after(before, offset)?;
        match Name::parse(&entry.name) {
            Some(Name::Of(_, File::Track)) => activities += 1,
            Some(Name::Manifest) => manifest = Some(entry.clone()),
            Some(Name::Page(kind, number)) => pages.go_on_to(kind, number)?,
            Some(Name::Of(..) | Name::Photo(..) | Name::Readme | Name::Schema) => {}
            None => return Err(Unfit("holds a file with a name that is not ours").into()),
        }
        entries.advance();
    }
    let manifest = manifest.ok_or(Unfit("has no manifest"))?;
    let manifest = read(reader, &manifest, offset, FILE_BYTES_MAX).await?;
    let manifest: Manifest =
        serde_json::from_slice(&manifest).map_err(|_| Unfit("has a manifest that is not ours"))?;
    if manifest.format != FORMAT || manifest.version != VERSION {
        return Err(Unfit("is of a version that this server does not know").into());
    }
    Ok(Checked { begins: offset, end, files, activities })
}

/// As much of the manifest as an import needs to know.
#[derive(Deserialize)]
struct Manifest {
    format: String,
    version: u32,
}

/// A file of an archive whose directory begins at `end`, if it has no more than `bytes_max` bytes.
pub(super) async fn read(
    reader: &mut Reader,
    entry: &Entry,
    end: u64,
    bytes_max: u64,
) -> Result<Vec<u8>, Error> {
    let is_bomb = entry.packed_bytes.saturating_mul(RATIO_MAX).max(FREE_BYTES) < entry.bytes;
    if is_bomb || bytes_max < entry.bytes || bytes_max < entry.packed_bytes {
        return Err(Unfit("holds a file that is too large").into());
    }
    let head_end = entry.offset + unzip::LOCAL_BYTES as u64;
    let head = reader.read(entry.offset..head_end.min(end)).await?;
    let begins = entry.offset + Entry::head_bytes(&head)?;
    let ends = begins + entry.packed_bytes;
    if end < ends {
        return Err(Unfit(BROKEN).into());
    }
    let packed = reader.read(begins..ends).await?;
    let entry = entry.clone();
    Ok(reader.service().cores.run(move || entry.unpack(packed)).await??)
}

/// The last page of each kind so far.
#[derive(Default)]
struct Pages(BTreeMap<Kind, u32>);

impl Pages {
    /// Pages that are taken in come in our order, each once: what belongs to activities is one page of a kind, and comes
    /// after theirs.
    fn go_on_to(&mut self, kind: Kind, number: u32) -> Result<(), Unfit> {
        let before = |kind| self.0.get(&kind).copied().unwrap_or(0);
        let is_next = number == before(kind) + 1;
        let fits = match kind {
            Kind::Account | Kind::Pictures | Kind::Zones | Kind::Blocks => is_next && number == 1,
            Kind::Activities => is_next && number <= PAGES_MAX,
            Kind::Photos | Kind::Links => {
                number == before(Kind::Activities) && before(kind) < number
            }
            Kind::Sessions
            | Kind::Communities
            | Kind::Memberships
            | Kind::MembershipRequests
            | Kind::Consents
            | Kind::Reviews
            | Kind::Archives
            | Kind::Shares
            | Kind::AccessLog => return Ok(()),
        };
        self.0.insert(kind, number);
        fits.then_some(()).ok_or(Unfit("has too many pages, or has them in another order"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_come_as_they_are_written_and_each_once() {
        use Kind::{Account, Activities, Blocks, Links, Photos, Sessions};
        let fits = |pages: &[(Kind, u32)]| {
            let mut all = Pages::default();
            pages.iter().all(|(kind, number)| all.go_on_to(*kind, *number).is_ok())
        };
        assert!(fits(&[(Account, 1), (Sessions, 1), (Sessions, 2), (Blocks, 1)]));
        assert!(fits(&[(Activities, 1), (Photos, 1), (Links, 1), (Activities, 2), (Photos, 2)]));
        for wrong in [
            &[(Account, 1), (Account, 1)][..],
            &[(Blocks, 1), (Blocks, 2)],
            &[(Activities, 1), (Activities, 1)],
            &[(Activities, 2)],
            &[(Photos, 1), (Activities, 1)],
            &[(Activities, 1), (Photos, 1), (Photos, 1)],
            &[(Activities, 1), (Links, 1), (Links, 2)],
        ] {
            assert!(!fits(wrong), "{wrong:?}");
        }
        let many: Vec<_> = (1..=PAGES_MAX).map(|number| (Activities, number)).collect();
        assert!(fits(&many));
        assert!(!fits(&[many, vec![(Activities, PAGES_MAX + 1)]].concat()));
    }
}
