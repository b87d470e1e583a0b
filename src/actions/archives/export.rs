//! Making the archive of an account.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::rows::{Cursor, Lines, Rows, activity_line, photo_line};
use super::store::{Reader, Writer};
use crate::access::Owned;
use crate::actions::{Error, Service};
use crate::archive::zip::{self, TooLong, Written};
use crate::archive::{FORMAT, File, Kind, Name, VERSION, describe};
use crate::db;
use crate::db::vault::{
    self, Activity, ActivityFilter, Archive, ListPosition, Photo, Role, SealedTrack, Step,
    StoredRendition,
};
use crate::domain::{AccountId, ArchiveState, Description, Kind as ActivityKind};
use crate::seal::AccountKey;
use crate::track::write::{self, Document, Times};
use crate::track::{ExactTrack, plain};

/// The kinds of rows in the order in which they are written; what hangs on activities comes with them.
const ORDER: [Kind; 13] = [
    Kind::Account,
    Kind::Pictures,
    Kind::Zones,
    Kind::Sessions,
    Kind::Blocks,
    Kind::Communities,
    Kind::Memberships,
    Kind::MembershipRequests,
    Kind::Consents,
    Kind::Reviews,
    Kind::Archives,
    Kind::Activities,
    Kind::AccessLog,
];
/// How many activities are on a page, and written before other jobs have their turn.
const ACTIVITIES_AT_ONCE: usize = 20;

/// No more activities go on a page that is so long: an import takes it in at once, and so it may have what one
/// more activity brings along.
const PAGE_BYTES_FULL: usize = 8 * 1024 * 1024;

/// How far an export is.
#[derive(Default, Serialize, Deserialize)]
struct Progress {
    /// Which of [`ORDER`] is next.
    kind: usize,
    /// After which row its next page begins.
    after: Option<Cursor>,
    /// How many pages of it there are.
    pages: u32,
    /// How long the archive is.
    bytes: u64,
    directory_bytes: u64,
    files: u64,
    segments: u32,
    directory_segments: u32,
    /// How many lines or files there are of each kind.
    counts: BTreeMap<String, u64>,
    activities: i32,
    #[serde(default)]
    left_out: LeftOut,
}

/// What should be in an archive, and cannot be read any more.
#[derive(Default, Serialize, Deserialize)]
struct LeftOut {
    /// How many files.
    count: u64,
    /// The first of them.
    files: Vec<String>,
}

/// How many files that cannot be read are named.
const LEFT_OUT_NAMED_MAX: usize = 1_000;

impl LeftOut {
    fn add(&mut self, name: Name) {
        self.count += 1;
        if self.files.len() < LEFT_OUT_NAMED_MAX {
            self.files.push(name.to_string());
        }
    }
}

/// What came of an export.
pub struct Made {
    /// How long the archive is.
    pub bytes: u64,
}

impl Made {
    /// What came of an archive that is finished.
    pub fn of(archive: &Archive) -> Self {
        let progress: Option<Progress> =
            serde_json::from_slice(&archive.progress).unwrap_or_default();
        Self { bytes: progress.unwrap_or_default().bytes }
    }
}

/// An export at work.
struct Export<'s> {
    service: &'s Arc<Service>,
    account: AccountId,
    archive: &'s Archive,
    key: Arc<AccountKey>,
    progress: Progress,
    content: Writer,
    directory: Writer,
    now: DateTime<Utc>,
}

impl Service {
    /// Writes some of an export.
    pub(super) async fn export_step(
        self: &Arc<Self>,
        account: AccountId,
        archive: &Archive,
        now: DateTime<Utc>,
    ) -> Result<Step, Error> {
        let progress: Option<Progress> = serde_json::from_slice(&archive.progress)
            .map_err(|_| db::Error::Corrupt("vault.archives.progress"))?;
        let progress = progress.unwrap_or_default();
        let key = Arc::new(self.db.account_key(account).await?);
        let writer =
            |role, number| Writer::new(self.clone(), key.clone(), archive.id, role, number, now);
        let content = writer(Role::Content, progress.segments);
        let directory = writer(Role::Directory, progress.directory_segments);
        let mut export =
            Export { service: self, account, archive, key, progress, content, directory, now };
        if archive.step == 0 {
            export.begin().await?;
        }
        // All that is little goes in one step, some activities in each of the next ones.
        let mut is_finished = false;
        while let Some(kind) = ORDER.get(export.progress.kind) {
            export.page(*kind).await?;
            if *kind == Kind::Activities || export.progress.after.is_some() {
                break;
            }
        }
        if export.progress.kind == ORDER.len() {
            export.end().await?;
            is_finished = true;
        }
        export.into_step(is_finished).await
    }
}

impl Export<'_> {
    async fn begin(&mut self) -> Result<(), Error> {
        let schema = serde_json::to_vec_pretty(&describe::schema()).map_err(|_| Error::Task)?;
        self.add(vec![(Name::Readme, describe::README.as_bytes().to_vec()), (Name::Schema, schema)])
            .await
    }

    /// Writes the next page of a kind.
    async fn page(&mut self, kind: Kind) -> Result<(), Error> {
        let after = self.progress.after;
        let next = if kind == Kind::Activities {
            self.activities(after).await?
        } else {
            let Rows { lines, next } =
                self.service.rows(self.account, kind, after, self.now).await?;
            self.lines(kind, lines.into_iter().collect()).await?;
            next
        };
        self.progress.after = next;
        self.progress.pages += 1;
        if next.is_none() {
            self.progress.kind += 1;
            self.progress.pages = 0;
        }
        Ok(())
    }

    async fn lines(&mut self, kind: Kind, lines: Lines) -> Result<(), Error> {
        *self.progress.counts.entry(kind.folder().to_owned()).or_default() += lines.count;
        self.add(vec![(Name::Page(kind, self.progress.pages + 1), lines.bytes)]).await
    }

    /// Writes some activities, what hangs on them, and their files.
    async fn activities(&mut self, after: Option<Cursor>) -> Result<Option<Cursor>, Error> {
        let after = after.map(|Cursor { at, id }| ListPosition { at, id: id.into() });
        let db = &self.service.db;
        let all = ActivityFilter::default();
        let found = db.activities(self.account, &all, after, ACTIVITIES_AT_ONCE).await?;
        let (mut page, mut lines, mut photo_lines) =
            (Vec::new(), Lines::default(), Lines::default());
        let (mut items, mut next) = (found.items.into_iter(), found.next);
        while let Some(activity) = items.next() {
            let photos = db.photos(&activity).await?;
            lines.add(&activity_line(&activity));
            for (rank, photo) in photos.iter().enumerate() {
                photo_lines.add(&photo_line(rank, photo));
            }
            let position = ListPosition::after(&activity);
            page.push((activity, photos));
            let bytes = lines.bytes.len() + photo_lines.bytes.len();
            if PAGE_BYTES_FULL <= bytes && 0 < items.len() {
                next = Some(position);
                break;
            }
        }
        let ids: Vec<_> = page.iter().map(|(activity, _)| activity.id).collect();
        let links = db.link_rows(self.account, &ids).await?;
        let shares = db.share_rows(&ids).await?;
        self.lines(Kind::Activities, lines).await?;
        self.lines(Kind::Photos, photo_lines).await?;
        self.lines(Kind::Links, links.into_iter().collect()).await?;
        self.lines(Kind::Shares, shares.into_iter().collect()).await?;
        for (activity, photos) in page {
            self.files(activity).await?;
            self.photos(photos).await?;
            self.progress.activities += 1;
        }
        Ok(next.map(|next| Cursor { at: next.at, id: next.id.into() }))
    }

    /// Writes the files of an activity; none when it was deleted meanwhile. One that cannot be read any more is named in
    /// the manifest, and keeps nobody from the others.
    async fn files(&mut self, activity: Owned<Activity>) -> Result<(), Error> {
        let db = &self.service.db;
        let Some(activity) = self.service.owned(self.account, activity.id).await? else {
            return Ok(());
        };
        let Some(blob) = db.original(&activity).await? else { return Ok(()) };
        let track = db.track(&activity).await?;
        let rendition = db.stored_rendition(&activity).await?;
        let sealed = self.service.files.find(blob).await?;
        let id = activity.id;
        if sealed.is_none() && self.service.owned(self.account, id).await?.is_none() {
            return Ok(());
        }
        let (key, offset) = (self.key.clone(), self.progress.bytes);
        let work = move || {
            let original = sealed.and_then(|sealed| vault::open_original(&key, id, &sealed).ok());
            pack(offset, &activity, &track, rendition.as_ref(), original)
        };
        let Packed { written, names, left_out } = self.service.cores.run(work).await??;
        for file in names {
            *self.progress.counts.entry(file.name().to_owned()).or_default() += 1;
        }
        for file in left_out {
            self.progress.left_out.add(Name::Of(id, file));
        }
        self.put(written).await
    }

    /// Writes the files of photos, but of those that were deleted meanwhile.
    async fn photos(&mut self, photos: Vec<Photo>) -> Result<(), Error> {
        for photo in photos {
            let Some(photo) = self.service.own_photo(self.account, photo.id).await? else {
                continue;
            };
            let name = Name::Photo(photo.activity, photo.id);
            let file = match self.service.photo_file(&photo).await {
                Err(error) if !error.is_damage() => return Err(error),
                file => file.ok().flatten(),
            };
            if let Some(file) = file {
                self.add(vec![(name, file)]).await?;
            } else if self.service.own_photo(self.account, photo.id).await?.is_some() {
                self.progress.left_out.add(name);
            }
        }
        Ok(())
    }

    async fn add(&mut self, files: Vec<(Name, Vec<u8>)>) -> Result<(), Error> {
        let offset = self.progress.bytes;
        let work = move || {
            let mut written = Written::default();
            for (name, file) in &files {
                written.add(offset, &name.to_string(), file)?;
            }
            Ok::<_, TooLong>(written)
        };
        let written = self.service.cores.run(work).await?.map_err(|_| Error::Task)?;
        self.put(written).await
    }

    async fn put(&mut self, written: Written) -> Result<(), Error> {
        self.progress.bytes += written.content.len() as u64;
        self.progress.directory_bytes += written.directory.len() as u64;
        self.progress.files += written.files;
        self.content.push(&written.content).await?;
        self.directory.push(&written.directory).await
    }

    /// Writes what the archive holds, its directory, and its end.
    async fn end(&mut self) -> Result<(), Error> {
        let manifest = json!({
            "format": FORMAT,
            "version": VERSION,
            "account_id": self.account,
            "archive_id": self.archive.id,
            "made_at": self.archive.created_at,
            "counts": self.progress.counts,
            "left_out": self.progress.left_out,
        });
        let manifest = serde_json::to_vec_pretty(&manifest).map_err(|_| Error::Task)?;
        self.add(vec![(Name::Manifest, manifest)]).await?;
        let Progress { bytes, directory_bytes, files, .. } = self.progress;
        // What was put is only read once rows name it, so what this step has put is kept here until then.
        let mut before =
            Reader::of_directory(self.service.clone(), self.account, self.archive.id).await?;
        let (mut at, whole) = (0, before.bytes());
        while at < whole {
            let piece = before.read(at..whole.min(at + PIECE_BYTES)).await?;
            at += piece.len() as u64;
            self.content.push(&piece).await?;
        }
        let rest = self.directory.buffered().to_vec();
        if whole + rest.len() as u64 != directory_bytes {
            return Err(Error::Task);
        }
        self.content.push(&rest).await?;
        let end = zip::end(bytes, directory_bytes, files);
        self.content.push(&end).await?;
        self.progress.bytes += directory_bytes + end.len() as u64;
        self.content.end().await
    }

    async fn into_step(mut self, is_finished: bool) -> Result<Step, Error> {
        if !is_finished {
            self.content.flush().await?;
            self.directory.flush().await?;
        }
        self.progress.segments = self.content.number();
        self.progress.directory_segments = self.directory.number();
        let mut segments = self.content.take_written();
        segments.extend(self.directory.take_written());
        Ok(Step {
            from: self.archive.step,
            state: if is_finished { ArchiveState::Finished } else { ArchiveState::Working },
            done: self.progress.activities,
            progress: serde_json::to_vec(&self.progress).map_err(|_| Error::Task)?,
            segments,
        })
    }
}

/// How much of a directory is copied at once.
const PIECE_BYTES: u64 = 1024 * 1024;

/// The files of an activity, packed.
#[derive(Default)]
struct Packed {
    written: Written,
    /// Which it has.
    names: Vec<File>,
    /// Which it should have, and cannot be read any more.
    left_out: Vec<File>,
}

/// Packs the files of an activity: work for a core.
fn pack(
    offset: u64,
    activity: &Activity,
    track: &SealedTrack,
    rendition: Option<&StoredRendition>,
    original: Option<Vec<u8>>,
) -> Result<Packed, Error> {
    // What does not open is damaged, and nothing else fails here.
    let track = track.open().ok();
    let columns = track.as_ref().map(ExactTrack::columns);
    let details = &activity.details;
    let document = columns.map(|columns| Document {
        title: details.title.as_str(),
        description: details.description.as_ref().map(Description::as_str),
        author: None,
        sport: activity.sport,
        planned: activity.kind == ActivityKind::Planned,
        columns,
        times: Times::Absolute,
        waypoints: &details.waypoints,
    });
    let exact = |columns| {
        format!(
            "{{\"account_id\":\"{}\",\"activity_id\":\"{}\",\"track\":{}}}",
            activity.owner,
            activity.id,
            plain::write(columns)
        )
    };
    let mut packed = Packed::default();
    let mut add = |file: File, content: Option<Vec<u8>>| {
        let Some(content) = content else {
            packed.left_out.push(file);
            return Ok(());
        };
        packed.names.push(file);
        let name = Name::Of(activity.id, file).to_string();
        packed.written.add(offset, &name, &content).map_err(|_| Error::Task)
    };
    add(File::Track, columns.map(|columns| exact(columns).into_bytes()))?;
    add(File::Gpx, document.as_ref().map(write::gpx))?;
    add(File::GeoJson, document.as_ref().map(write::geojson))?;
    if let Some(rendition) = rendition {
        let json = rendition.to_json().ok();
        add(File::Rendition, json.map(|json| json.to_string().into_bytes()))?;
    }
    add(File::Original, original)?;
    Ok(packed)
}
