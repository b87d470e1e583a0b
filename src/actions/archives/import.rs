//! Taking an archive in: received in sealed segments, checked as a whole before anything is done, then read
//! from front to back.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::IMPORTS;
use super::batch::{Batch, PAGE_BYTES_MAX, Taking};
use super::entries::{self, Checked, Entries, FILE_BYTES_MAX, check};
use super::lines::exact;
use super::store::{Reader, Writer};
use crate::access::Owned;
use crate::actions::{Error, Service};
use crate::archive::unzip::{Entry, Unfit};
use crate::archive::{Kind, Name};
use crate::db;
use crate::db::vault::{Activity, Archive, Role, Step};
use crate::domain::{AccountId, ActivityId, ArchiveId, ArchiveState, Clock, SessionId};
use crate::track::{self, ExactTrack};

/// The longest archive that is taken in: 8 GiB.
pub const ARCHIVE_BYTES_MAX: usize = 8 * 1024 * 1024 * 1024;
/// How long a step goes on to the next activity or photo, so that others have their turn.
const STEP_MAX: TimeDelta = TimeDelta::seconds(10);

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
    /// How many activities of the page at [`Self::at`] are done.
    #[serde(default)]
    activities: usize,
    /// Whether the activity after those is kept.
    #[serde(default)]
    is_kept: bool,
    /// How many photos of the activity after those.
    #[serde(default)]
    photos: usize,
    taken: Taken,
}

impl Progress {
    fn new(sharing: Sharing, checked: &Checked) -> Self {
        let Checked { begins, end, files: left, .. } = *checked;
        let taken = Taken::default();
        let (at, activities, is_kept, photos) = (begins, 0, false, 0);
        Self { sharing, begins, at, end, left, activities, is_kept, photos, taken }
    }
}

/// An archive that is being sent.
pub struct Receiving {
    service: Arc<Service>,
    account: AccountId,
    session: SessionId,
    archive: ArchiveId,
    writer: Writer,
}

impl Receiving {
    /// Begins to receive an archive for `account` from who is in a session of it.
    pub async fn begin(
        service: Arc<Service>,
        account: AccountId,
        session: SessionId,
        now: DateTime<Utc>,
    ) -> Result<Self, Error> {
        service.allow("imports", Uuid::from(account).as_bytes(), IMPORTS, now).await?;
        let archive = service.db.begin_import(account, now).await?.ok_or(Error::AtWork)?.id;
        let key = Arc::new(service.db.account_key(account).await?);
        let writer = Writer::new(service.clone(), key, archive, Role::Content, 0, now);
        Ok(Self { service, account, session, archive, writer })
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
        let checked = check(&mut reader).await?;
        let total = checked.activities;
        let progress = Progress::new(sharing, &checked);
        let progress = serde_json::to_vec(&progress).map_err(|_| Error::Task)?;
        self.check_session().await?;
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
            self.check_session().await?;
            if !self.service.db.receive_segment(self.account, self.archive, segment).await? {
                return Err(Error::Stale);
            }
        }
        Ok(())
    }

    /// Sending may take hours: who began it may not be signed in any more.
    async fn check_session(&self) -> Result<(), Error> {
        let (service, now) = (&self.service, self.writer.now);
        let stands = service.db.session_stands(self.account, self.session, now).await?;
        stands.then_some(()).ok_or(Error::Unauthenticated)
    }
}

/// An import at work.
struct Import<'s> {
    service: &'s Arc<Service>,
    account: AccountId,
    archive: &'s Archive,
    reader: Reader,
    progress: Progress,
    clock: &'s Clock,
    /// When the step began.
    now: DateTime<Utc>,
    /// Whether it has taken something in: every step does, however long that takes.
    has_taken: bool,
}

impl Service {
    /// Takes in some of an archive. Should something fail on the way, the step ends there, and what failed comes with
    /// it: what was done is not done again, for its owner may have taken it back meanwhile.
    pub(super) async fn import_step(
        self: &Arc<Self>,
        account: AccountId,
        archive: &Archive,
        clock: &Clock,
    ) -> Result<(Step, Option<Error>), Error> {
        let progress: Progress = serde_json::from_slice(&archive.progress)
            .map_err(|_| db::Error::Corrupt("vault.archives.progress"))?;
        let reader = Reader::of_archive(self.clone(), account, archive.id).await?;
        let (service, now, has_taken) = (self, clock.now(), false);
        let mut import =
            Import { service, account, archive, reader, progress, clock, now, has_taken };
        let taken = import.take_some().await;
        let mut progress = import.progress;
        let (state, fault) = match taken {
            Ok(()) if progress.left == 0 => (ArchiveState::Finished, None),
            Ok(()) => (ArchiveState::Working, None),
            Err(Error::UnfitArchive(Unfit(reason))) => {
                progress.taken.reason = Some(format!("The archive {reason}."));
                (ArchiveState::Failed, None)
            }
            Err(error) => (ArchiveState::Working, Some(error)),
        };
        let Taken { added, known, passed_over, .. } = progress.taken;
        let done = added + known + passed_over;
        let progress = serde_json::to_vec(&progress).map_err(|_| Error::Task)?;
        match fault {
            // Nothing was done: the same again, a little later.
            Some(error) if progress == archive.progress => Err(error),
            fault => {
                let (from, segments) = (archive.step, Vec::new());
                Ok((Step { from, state, done, progress, segments }, fault))
            }
        }
    }
}

impl Import<'_> {
    /// Takes in what comes before the next page of activities, and as many of those as there is time for.
    async fn take_some(&mut self) -> Result<(), Error> {
        let Progress { at, end, left, .. } = self.progress;
        let mut entries = Entries::new(at, end, left);
        let batch = self.gather(&mut entries).await?;
        for (id, taking) in batch.activities.iter().skip(self.progress.activities) {
            if !self.goes_on().await? || !self.take(*id, taking).await? {
                return Ok(());
            }
        }
        let progress = &mut self.progress;
        (progress.at, progress.left, progress.activities) = (entries.at, entries.left, 0);
        Ok(())
    }

    /// Reads up to the second page of activities from here. What does not belong to activities is taken in at once; it
    /// is little.
    async fn gather(&mut self, entries: &mut Entries) -> Result<Batch, Error> {
        let (mut batch, mut is_begun) = (Batch::default(), false);
        while let Some(entry) = entries.peek(&mut self.reader).await? {
            let name = Name::parse(&entry.name);
            if let Some(Name::Page(Kind::Activities, _)) = name {
                if is_begun {
                    break;
                }
                is_begun = true;
                // Where it goes on while not all of them are done.
                (self.progress.at, self.progress.left) = (entries.at, entries.left);
            }
            let Some(entry) = entries.advance() else { break };
            match name {
                Some(Name::Page(kind, _)) => {
                    batch = self.take_page(kind, &entry, batch).await?;
                    if !is_begun {
                        (self.progress.at, self.progress.left) = (entries.at, entries.left);
                    }
                }
                Some(Name::Photo(id, photo)) => batch.add_photo_file(id, photo, entry),
                Some(Name::Of(id, file)) => batch.add_file(id, file, entry),
                Some(Name::Readme | Name::Schema | Name::Manifest) | None => {}
            }
        }
        Ok(batch)
    }

    /// Takes in a page, or keeps it with the activities that it comes after. What others keep, and what this server
    /// makes itself, is not taken from a file: it is not even read.
    async fn take_page(&mut self, kind: Kind, entry: &Entry, batch: Batch) -> Result<Batch, Error> {
        let (service, account, now) = (self.service, self.account, self.now);
        let cores = &service.cores;
        let mut page = async || self.read(entry, PAGE_BYTES_MAX).await;
        match kind {
            Kind::Account => service.take_account(account, &page().await?, now).await?,
            Kind::Pictures => service.take_picture(account, &page().await?).await?,
            Kind::Zones => service.take_zones(account, &page().await?, now).await?,
            Kind::Blocks => service.take_blocks(account, &page().await?, now).await?,
            Kind::Activities => {
                let page = page().await?;
                return Ok(cores.run(move || Batch::of(&page, now)).await??);
            }
            Kind::Photos => {
                let page = page().await?;
                return Ok(cores.run(move || batch.with_photos(&page)).await??);
            }
            Kind::Links => {
                let page = page().await?;
                return Ok(cores.run(move || batch.with_links(&page, now)).await??);
            }
            Kind::Sessions
            | Kind::Communities
            | Kind::Memberships
            | Kind::MembershipRequests
            | Kind::Consents
            | Kind::Reviews
            | Kind::Archives
            | Kind::Shares
            | Kind::AccessLog => {}
        }
        Ok(batch)
    }

    /// Takes in an activity and its photos; `false` when not all of them are taken in by this step.
    async fn take(&mut self, id: ActivityId, taking: &Taking) -> Result<bool, Error> {
        // Of a step before: some of its photos are there, or something failed.
        let was_kept = self.progress.is_kept || 0 < self.progress.photos;
        let mut kept = if was_kept {
            self.service.taken_before(self.account, id).await?
        } else {
            self.has_taken = true;
            self.take_activity(id, taking).await?
        };
        self.progress.is_kept = true;
        if self.progress.photos == 0
            && let Some(activity) = kept
        {
            kept = self.share(activity, taking).await?;
        }
        if let Some(mut kept) = kept {
            for photo in taking.photos.iter().skip(self.progress.photos) {
                // The first one comes with its activity, so that it is known by it that that is done.
                if 0 < self.progress.photos && !self.goes_on().await? {
                    return Ok(false);
                }
                self.has_taken = true;
                if let Some(file) = &photo.file {
                    let file = self.read(file, FILE_BYTES_MAX).await?;
                    kept = self.service.take_photo(kept, photo, file, self.now).await?;
                }
                self.progress.photos += 1;
            }
        }
        self.progress.activities += 1;
        (self.progress.is_kept, self.progress.photos) = (false, 0);
        Ok(true)
    }

    /// Keeps an activity unless it is there.
    async fn take_activity(
        &mut self,
        id: ActivityId,
        taking: &Taking,
    ) -> Result<Option<Owned<Activity>>, Error> {
        let (service, account, line) = (self.service, self.account, &taking.line);
        if let Some(known) = service.taken_before(account, id).await? {
            self.progress.taken.known += 1;
            return Ok(Some(known));
        }
        let new = match self.files(taking).await? {
            Some(files) => service.take_activity(account, id, line, files, self.now).await?,
            None => None,
        };
        let taken = &mut self.progress.taken;
        *(if new.is_some() { &mut taken.added } else { &mut taken.passed_over }) += 1;
        Ok(new)
    }

    /// Shares an activity again, if that is asked for and its owner has not changed it since. Returns it as it is then.
    async fn share(
        &self,
        kept: Owned<Activity>,
        taking: &Taking,
    ) -> Result<Option<Owned<Activity>>, Error> {
        let (line, id) = (&taking.line, kept.id);
        if self.progress.sharing == Sharing::Restore && kept.updated_at == line.dates.1 {
            self.service.share_again(kept, line, &taking.links, self.now).await?;
        }
        self.service.owned(self.account, id).await
    }

    /// The track of an activity and the file that it came from, if the archive has both.
    async fn files(
        &mut self,
        taking: &Taking,
    ) -> Result<Option<(Arc<ExactTrack>, Arc<Vec<u8>>)>, Error> {
        let Some((track, original)) = taking.track.as_ref().zip(taking.original.as_ref()) else {
            return Ok(None);
        };
        let track = self.read(track, FILE_BYTES_MAX).await?;
        let track = self.service.cores.run(move || exact(&track)).await??;
        let original = self.read(original, track::FILE_BYTES_MAX as u64).await?;
        Ok(Some((Arc::new(track), Arc::new(original))))
    }

    async fn read(&mut self, entry: &Entry, bytes_max: u64) -> Result<Vec<u8>, Error> {
        entries::read(&mut self.reader, entry, self.progress.begins, bytes_max).await
    }

    /// Whether more is taken in by this step: there is time for it, and nobody deleted the archive or took the step
    /// meanwhile.
    async fn goes_on(&self) -> Result<bool, Error> {
        let has_time = !self.has_taken || self.clock.now() < self.now + STEP_MAX;
        let current = self.service.db.archive(self.account, self.archive.id).await?;
        let stands = current.is_some_and(|current| current.step == self.archive.step);
        Ok(has_time && stands)
    }
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
