//! Taking an archive in: received in sealed segments, checked as a whole before anything is done, then read
//! from front to back.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::IMPORTS;
use super::lines::{ActivityLine, LinkLine, PhotoLine, lines_of};
use super::store::{Reader, Writer};
use crate::actions::{Error, Service};
use crate::archive::unzip::{self, Directory, Entry, Unfit};
use crate::archive::{FORMAT, File, Kind, Name, VERSION};
use crate::db;
use crate::db::vault::{Archive, Role, Step};
use crate::domain::{AccountId, ActivityId, ArchiveId, ArchiveState, PhotoId};

/// The longest archive that is taken in: 8 GiB.
pub const ARCHIVE_BYTES_MAX: usize = 8 * 1024 * 1024 * 1024;
/// The most files of an archive: as many as 100,000 activities have.
const FILES_MAX: u64 = 500_000;
/// The longest directory: names of ours take a hundred bytes.
const DIRECTORY_BYTES_MAX: u64 = 256 * FILES_MAX;
/// The longest file that is read: a track of a million points with every sensor.
const FILE_BYTES_MAX: u64 = 128 * 1024 * 1024;
/// How many times its size a file may unpack to; the first MiB is free.
const RATIO_MAX: u64 = 100;
const FREE_BYTES: u64 = 1024 * 1024;
/// The most lines of a page of activities, which is taken in at once.
const ACTIVITIES_AT_ONCE_MAX: usize = 100;
/// How much of a directory is read at once: more than its longest entry takes.
const WINDOW_BYTES: u64 = unzip::ENTRY_BYTES_MAX as u64 + 64 * 1024;

/// Whether what was shared is shared again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sharing {
    /// Every activity is private.
    None,
    /// What was published is, and links are made anew.
    Restore,
}

/// What an import came to.
#[derive(Clone, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Taken {
    /// Activities that are new in the account.
    pub added: i32,
    /// Activities that were there.
    pub known: i32,
    /// Activities whose files are not in the archive, or that were taken in before and deleted.
    pub passed_over: i32,
    /// Why the archive, or the rest of it, was not taken in.
    pub reason: Option<String>,
}

impl Taken {
    /// What an archive has come to so far.
    pub fn of(archive: &Archive) -> Self {
        let progress: Option<Progress> =
            serde_json::from_slice(&archive.progress).unwrap_or_default();
        progress.map(|progress| progress.taken).unwrap_or_default()
    }
}

/// How far an import is.
#[derive(Serialize, Deserialize)]
struct Progress {
    sharing: Sharing,
    /// Where in the archive the directory begins.
    begins: u64,
    /// Where it goes on.
    at: u64,
    /// Where it ends.
    end: u64,
    /// How many files are left.
    left: u64,
    taken: Taken,
}

/// An archive that is being sent.
pub struct Receiving {
    service: Arc<Service>,
    account: AccountId,
    archive: ArchiveId,
    writer: Writer,
}

impl Receiving {
    /// Begins to receive an archive for `account`.
    pub async fn begin(
        service: Arc<Service>,
        account: AccountId,
        now: DateTime<Utc>,
    ) -> Result<Self, Error> {
        service.allow("imports", Uuid::from(account).as_bytes(), IMPORTS, now).await?;
        let archive = service.db.begin_import(account, now).await?.ok_or(Error::AtWork)?.id;
        let key = Arc::new(service.db.account_key(account).await?);
        let writer = Writer::new(service.clone(), key, archive, Role::Content, 0, now);
        Ok(Self { service, account, archive, writer })
    }

    /// Receives some of it.
    pub async fn push(&mut self, bytes: &[u8], now: DateTime<Utc>) -> Result<(), Error> {
        self.writer.now = now;
        self.writer.push(bytes).await?;
        self.name().await
    }

    /// All of it is there: checks it, and asks for it to be taken in.
    pub async fn finish(&mut self, sharing: Sharing, now: DateTime<Utc>) -> Result<Archive, Error> {
        self.writer.now = now;
        self.writer.end().await?;
        self.name().await?;
        let (service, account, id) = (&self.service, self.account, self.archive);
        let mut reader = Reader::of_archive(service.clone(), account, id).await?;
        let (progress, total) = check(&mut reader, sharing).await?;
        let progress = serde_json::to_vec(&progress).map_err(|_| Error::Task)?;
        if !service.db.start_import(account, id, &progress, total, now).await? {
            return Err(Error::Stale);
        }
        service.db.archive(account, id).await?.ok_or(Error::Stale)
    }

    /// Deletes it: it will not be had whole, or is not fit.
    pub async fn give_up(self, now: DateTime<Utc>) -> Result<(), Error> {
        self.service.db.delete_archive(self.account, self.archive, now).await?;
        Ok(())
    }

    /// Names what was put by rows.
    async fn name(&mut self) -> Result<(), Error> {
        for segment in self.writer.take_written() {
            if !self.service.db.receive_segment(self.account, self.archive, segment).await? {
                return Err(Error::Stale);
            }
        }
        Ok(())
    }
}

/// Entries of a directory, one after the other.
struct Entries {
    at: u64,
    end: u64,
    left: u64,
    window: Vec<u8>,
    /// How much of the window is read.
    read: usize,
    peeked: Option<(Entry, usize)>,
}

impl Entries {
    fn new(at: u64, end: u64, left: u64) -> Self {
        Self { at, end, left, window: Vec::new(), read: 0, peeked: None }
    }

    /// The next entry, which stays the next one.
    async fn peek(&mut self, reader: &mut Reader) -> Result<Option<&Entry>, Error> {
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
    fn advance(&mut self) -> Option<Entry> {
        let (entry, bytes) = self.peeked.take()?;
        self.read += bytes;
        self.at += bytes as u64;
        self.left -= 1;
        Some(entry)
    }
}

const BROKEN: &str = "is no sound ZIP archive";

/// Looks at every file of an archive, and reads none but the manifest. Returns where to begin, and how many
/// activities there are.
async fn check(reader: &mut Reader, sharing: Sharing) -> Result<(Progress, i32), Error> {
    let whole = reader.bytes();
    let tail = whole.saturating_sub(unzip::END_BYTES_MAX);
    let directory = Directory::find(&reader.read(tail..whole).await?, tail)?;
    let Directory { offset, bytes, files } = directory;
    if FILES_MAX < files || DIRECTORY_BYTES_MAX < bytes {
        return Err(Unfit("holds more than 500,000 files").into());
    }
    let end = offset + bytes;
    let mut entries = Entries::new(offset, end, files);
    let (mut before, mut total, mut manifest) = (0, 0, None);
    while let Some(entry) = entries.peek(reader).await? {
        before = entry.after(before, offset)?;
        match Name::parse(&entry.name) {
            Some(Name::Of(_, File::Track)) => total += 1,
            Some(Name::Manifest) => manifest = Some(entry.clone()),
            Some(_) => {}
            None => return Err(Unfit("holds a file with a name that is not ours").into()),
        }
        entries.advance();
    }
    let manifest = manifest.ok_or(Unfit("has no manifest"))?;
    let manifest: Manifest = serde_json::from_slice(&read(reader, &manifest, offset).await?)
        .map_err(|_| Unfit("has a manifest that is not ours"))?;
    if manifest.format != FORMAT || manifest.version != VERSION {
        return Err(Unfit("is of a version that this server does not know").into());
    }
    let taken = Taken::default();
    Ok((Progress { sharing, begins: offset, at: offset, end, left: files, taken }, total))
}

/// As much of the manifest as an import needs to know.
#[derive(Deserialize)]
struct Manifest {
    format: String,
    version: u32,
}

/// A file of an archive whose directory begins at `end`.
async fn read(reader: &mut Reader, entry: &Entry, end: u64) -> Result<Vec<u8>, Error> {
    let is_bomb = entry.packed_bytes.saturating_mul(RATIO_MAX).max(FREE_BYTES) < entry.bytes;
    if is_bomb || FILE_BYTES_MAX < entry.bytes || FILE_BYTES_MAX < entry.packed_bytes {
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

/// The most photos, and the most links, that are taken in with an activity: no account of ours has more.
const LINES_OF_ACTIVITY_MAX: usize = 1_000;

/// Activities of one page, with what belongs to them.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) activities: BTreeMap<ActivityId, ActivityLine>,
    pub(super) links: BTreeMap<ActivityId, Vec<LinkLine>>,
    photos: BTreeMap<ActivityId, Vec<PhotoLine>>,
    photo_files: BTreeMap<PhotoId, Entry>,
    tracks: BTreeMap<ActivityId, Entry>,
    originals: BTreeMap<ActivityId, Entry>,
}

impl Service {
    /// Takes in some of an archive.
    pub(super) async fn import_step(
        self: &Arc<Self>,
        account: AccountId,
        archive: &Archive,
        now: DateTime<Utc>,
    ) -> Result<Step, Error> {
        let mut progress: Progress = serde_json::from_slice(&archive.progress)
            .map_err(|_| db::Error::Corrupt("vault.archives.progress"))?;
        let state = match self.take_some(account, archive, &mut progress, now).await {
            Ok(()) if progress.left == 0 => ArchiveState::Finished,
            Ok(()) => ArchiveState::Working,
            Err(Error::UnfitArchive(Unfit(reason))) => {
                progress.taken.reason = Some(format!("The archive {reason}."));
                ArchiveState::Failed
            }
            Err(error) => return Err(error),
        };
        let Taken { added, known, passed_over, .. } = progress.taken;
        Ok(Step {
            from: archive.step,
            state,
            done: added + known + passed_over,
            progress: serde_json::to_vec(&progress).map_err(|_| Error::Task)?,
            segments: Vec::new(),
        })
    }

    /// Takes in all that comes before the second page of activities from here.
    async fn take_some(
        self: &Arc<Self>,
        account: AccountId,
        archive: &Archive,
        progress: &mut Progress,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let mut reader = Reader::of_archive(self.clone(), account, archive.id).await?;
        let mut entries = Entries::new(progress.at, progress.end, progress.left);
        let mut batch: Option<Batch> = None;
        let end = progress.begins;
        while let Some(entry) = entries.peek(&mut reader).await? {
            let name = Name::parse(&entry.name);
            if batch.is_some() && matches!(name, Some(Name::Page(Kind::Activities, _))) {
                break;
            }
            let Some(entry) = entries.advance() else { break };
            match name {
                Some(Name::Page(kind, _)) if is_taken(kind) => {
                    let page = read(&mut reader, &entry, end).await?;
                    self.take_page(account, kind, &page, &mut batch, now).await?;
                }
                Some(Name::Photo(id, photo)) => {
                    // As many as a line of the batch speaks of, and no more are remembered.
                    let batch = batch.get_or_insert_default();
                    let mut lines = batch.photos.get(&id).into_iter().flatten();
                    if lines.any(|line| line.photo_id == photo) {
                        batch.photo_files.insert(photo, entry);
                    }
                }
                Some(Name::Of(id, file)) => {
                    let batch = batch.get_or_insert_default();
                    if batch.activities.contains_key(&id) {
                        match file {
                            File::Track => drop(batch.tracks.insert(id, entry)),
                            File::Original => drop(batch.originals.insert(id, entry)),
                            File::Gpx | File::GeoJson | File::Rendition => {}
                        }
                    }
                }
                Some(Name::Page(..) | Name::Readme | Name::Schema | Name::Manifest) | None => {}
            }
        }
        for (id, line) in batch.as_ref().map(|batch| &batch.activities).into_iter().flatten() {
            let Some(batch) = &batch else { break };
            let files = batch.tracks.get(id).zip(batch.originals.get(id));
            let Some((track, original)) = files else {
                progress.taken.passed_over += 1;
                continue;
            };
            let track = read(&mut reader, track, end).await?;
            let original = read(&mut reader, original, end).await?;
            let links = batch.links.get(id).map_or(&[][..], Vec::as_slice);
            let wish = (progress.sharing == Sharing::Restore).then_some(links);
            let kept = self
                .take_activity(account, line, track, original, wish, &mut progress.taken, now)
                .await?;
            let Some(mut kept) = kept else { continue };
            for photo in batch.photos.get(id).map_or(&[][..], Vec::as_slice) {
                let Some(file) = batch.photo_files.get(&photo.photo_id) else { continue };
                let file = read(&mut reader, file, end).await?;
                kept = self.take_photo(kept, photo, file, now).await?;
            }
        }
        (progress.at, progress.left) = (entries.at, entries.left);
        Ok(())
    }

    /// Takes in a page, or keeps it with the activities that it comes after.
    async fn take_page(
        self: &Arc<Self>,
        account: AccountId,
        kind: Kind,
        page: &[u8],
        batch: &mut Option<Batch>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        match kind {
            Kind::Account => self.take_account(account, lines_of(page)?, now).await?,
            Kind::Pictures => self.take_picture(account, lines_of(page)?).await?,
            Kind::Zones => self.take_zones(account, lines_of(page)?, now).await?,
            Kind::Blocks => self.take_blocks(account, lines_of(page)?, now).await?,
            Kind::Activities => {
                let lines: Vec<ActivityLine> = lines_of(page)?;
                if ACTIVITIES_AT_ONCE_MAX < lines.len() {
                    return Err(Unfit("has too many activities on one page").into());
                }
                let activities = lines.into_iter().map(|line| (line.activity_id, line));
                *batch = Some(Batch { activities: activities.collect(), ..Batch::default() });
            }
            Kind::Photos => {
                let batch = batch.get_or_insert_default();
                for line in lines_of::<PhotoLine>(page)? {
                    if !batch.activities.contains_key(&line.activity_id) {
                        continue;
                    }
                    let of_activity = batch.photos.entry(line.activity_id).or_default();
                    if of_activity.len() < LINES_OF_ACTIVITY_MAX {
                        of_activity.push(line);
                    }
                }
            }
            Kind::Links => {
                let batch = batch.get_or_insert_default();
                for line in lines_of::<LinkLine>(page)? {
                    if !batch.activities.contains_key(&line.activity_id) {
                        continue;
                    }
                    let of_activity = batch.links.entry(line.activity_id).or_default();
                    if of_activity.len() < LINES_OF_ACTIVITY_MAX {
                        of_activity.push(line);
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// Whether pages of a kind are taken in: what others keep, and what this server makes itself, is not taken from a
/// file.
const fn is_taken(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Account
            | Kind::Pictures
            | Kind::Zones
            | Kind::Blocks
            | Kind::Activities
            | Kind::Photos
            | Kind::Links
    )
}

/// It says why, and quotes nothing.
impl From<Unfit> for Error {
    fn from(unfit: Unfit) -> Self {
        Self::UnfitArchive(unfit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_import_came_to_is_told_as_it_was_kept() {
        let taken = Taken { added: 3, reason: Some("x".to_owned()), ..Taken::default() };
        let json = serde_json::to_string(&taken).unwrap();
        let again: Taken = serde_json::from_str(&json).unwrap();
        assert_eq!((again.added, again.reason), (3, Some("x".to_owned())));
    }
}
