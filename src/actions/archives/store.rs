//! An archive as bytes: written and read at any place, while it lies in the blob store in sealed segments. No
//! more than a segment is in memory.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::Stream;
use futures_util::stream::try_unfold;
use uuid::Uuid;

use crate::actions::{Error, Service};
use crate::db;
use crate::db::vault::{NewSegment, Role, Segment};
use crate::domain::{AccountId, ArchiveId, BlobId};
use crate::seal::{self, AccountKey, Broken};

/// How long a segment is, unless the archive or a step ends in it.
const SEGMENT_BYTES: usize = 4 * 1024 * 1024;

/// Writes segments of one role, one after the other.
pub(super) struct Writer {
    service: Arc<Service>,
    key: Arc<AccountKey>,
    archive: ArchiveId,
    role: Role,
    number: u32,
    buffer: Vec<u8>,
    /// When it is.
    pub(super) now: DateTime<Utc>,
    written: Vec<NewSegment>,
}

impl Writer {
    /// Goes on with segment `number`.
    pub(super) fn new(
        service: Arc<Service>,
        key: Arc<AccountKey>,
        archive: ArchiveId,
        role: Role,
        number: u32,
        now: DateTime<Utc>,
    ) -> Self {
        let (buffer, written) = (Vec::new(), Vec::new());
        Self { service, key, archive, role, number, buffer, now, written }
    }

    /// Adds bytes.
    pub(super) async fn push(&mut self, mut bytes: &[u8]) -> Result<(), Error> {
        while let room = SEGMENT_BYTES - self.buffer.len()
            && let Some((fits, rest)) = bytes.split_at_checked(room)
        {
            self.buffer.extend_from_slice(fits);
            self.put(false).await?;
            bytes = rest;
        }
        self.buffer.extend_from_slice(bytes);
        Ok(())
    }

    /// Puts what there is.
    pub(super) async fn flush(&mut self) -> Result<(), Error> {
        if self.buffer.is_empty() { Ok(()) } else { self.put(false).await }
    }

    /// Puts what there is as the last segment.
    pub(super) async fn end(&mut self) -> Result<(), Error> {
        self.put(true).await
    }

    /// What is not put yet.
    pub(super) fn buffered(&self) -> &[u8] {
        &self.buffer
    }

    /// The number of the next segment.
    pub(super) const fn number(&self) -> u32 {
        self.number
    }

    /// The segments that were put and are not named by rows.
    pub(super) fn take_written(&mut self) -> Vec<NewSegment> {
        std::mem::take(&mut self.written)
    }

    /// Each is erased in an hour unless a row names it by then.
    async fn put(&mut self, is_last: bool) -> Result<(), Error> {
        let (plain, blob) = (std::mem::take(&mut self.buffer), BlobId::random());
        let bytes = plain.len() as u64;
        self.service.db.announce_blob(self.key.account(), blob, self.now).await?;
        let (key, row, number) = (self.key.clone(), Uuid::from(self.archive), self.number);
        let (table, column) = self.role.place();
        let place = seal::Segment { number, is_last };
        let work = move || key.seal_segment(table, column, row, place, &plain);
        self.service.files.put(blob, self.service.cores.run(work).await?).await?;
        self.written.push(NewSegment { role: self.role, number, segment: Segment { blob, bytes } });
        self.number += 1;
        Ok(())
    }
}

/// Reads an archive.
pub struct Reader {
    service: Arc<Service>,
    key: Arc<AccountKey>,
    archive: ArchiveId,
    role: Role,
    segments: Vec<Segment>,
    /// Whether the last of them is the end.
    is_whole: bool,
    opened: Option<(usize, Bytes)>,
}

impl Reader {
    /// A whole archive of `account`.
    pub async fn of_archive(
        service: Arc<Service>,
        account: AccountId,
        archive: ArchiveId,
    ) -> Result<Self, Error> {
        Self::new(service, account, archive, Role::Content, true).await
    }

    /// The directory so far of one that is being made.
    pub(super) async fn of_directory(
        service: Arc<Service>,
        account: AccountId,
        archive: ArchiveId,
    ) -> Result<Self, Error> {
        Self::new(service, account, archive, Role::Directory, false).await
    }

    async fn new(
        service: Arc<Service>,
        account: AccountId,
        archive: ArchiveId,
        role: Role,
        is_whole: bool,
    ) -> Result<Self, Error> {
        let key = Arc::new(service.db.account_key(account).await?);
        let segments = service.db.segments(account, archive, role).await?;
        Ok(Self { service, key, archive, role, segments, is_whole, opened: None })
    }

    /// What it reads with.
    pub(super) fn service(&self) -> &Service {
        &self.service
    }

    /// How long it is.
    pub fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.bytes).sum()
    }

    /// The bytes of a range that lies within it.
    pub(super) async fn read(&mut self, range: Range<u64>) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        let mut at = range.start;
        while at < range.end {
            let piece = self.piece(at..range.end).await?;
            at += piece.len() as u64;
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes)
    }

    /// The bytes of a range that lies within it, segment by segment.
    pub fn stream(self, range: Range<u64>) -> impl Stream<Item = Result<Bytes, Error>> {
        try_unfold((self, range), async |(mut reader, range)| {
            if range.is_empty() {
                return Ok(None);
            }
            let piece = reader.piece(range.clone()).await?;
            // Read once, from front to back.
            reader.opened = None;
            let rest = range.start + piece.len() as u64..range.end;
            Ok(Some((piece, (reader, rest))))
        })
    }

    /// As much of the beginning of a range as one segment has.
    async fn piece(&mut self, range: Range<u64>) -> Result<Bytes, Error> {
        let mut begins = 0;
        for index in 0..self.segments.len() {
            let ends = begins + self.segments[index].bytes;
            if (begins..ends).contains(&range.start) {
                let segment = self.open(index).await?;
                let within = |at: u64| usize::try_from(at - begins).unwrap_or(usize::MAX);
                return Ok(segment.slice(within(range.start)..within(range.end.min(ends))));
            }
            begins = ends;
        }
        Err(db::Error::from(Broken).into())
    }

    async fn open(&mut self, index: usize) -> Result<Bytes, Error> {
        if let Some((opened, bytes)) = &self.opened
            && *opened == index
        {
            return Ok(bytes.clone());
        }
        self.opened = None;
        let Segment { blob, bytes } = self.segments[index];
        let sealed = self.service.files.get(blob).await?;
        let is_last = self.is_whole && index + 1 == self.segments.len();
        let place = seal::Segment { number: u32::try_from(index).unwrap_or(u32::MAX), is_last };
        let ((table, column), row) = (self.role.place(), Uuid::from(self.archive));
        let key = self.key.clone();
        let work = move || key.open_segment(table, column, row, place, &sealed);
        let opened = self.service.cores.run(work).await?.map_err(db::Error::from)?;
        if opened.len() as u64 != bytes {
            return Err(db::Error::from(Broken).into());
        }
        let opened = Bytes::from(opened);
        self.opened = Some((index, opened.clone()));
        Ok(opened)
    }
}
