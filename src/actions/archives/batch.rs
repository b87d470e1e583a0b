//! The activities of one page of an archive, with what belongs to them: all of an import that is in memory at
//! once. A page has [`PAGE_BYTES_MAX`], and what is read of it is no longer than it; each activity has as much of
//! everything as one of ours may have.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::lines::{ActivityLine, LinkLine, Parsed, ParsedLink, ParsedPhoto, PhotoLine, lines_of};
use crate::archive::File;
use crate::archive::unzip::{Entry, Unfit};
use crate::db::vault::{LINKS_MAX, PHOTOS_MAX};
use crate::domain::{ActivityId, PhotoId};

/// The longest page that is read: as long as an export makes it, and an activity with all that one may have.
pub(super) const PAGE_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// The most activities on a page.
const ACTIVITIES_MAX: usize = 100;

/// Activities of one page.
#[derive(Default)]
pub(super) struct Batch {
    /// In an order that is always the same, so that it can be said how many are done.
    pub(super) activities: BTreeMap<ActivityId, Taking>,
}

/// An activity that is to be taken in.
pub(super) struct Taking {
    pub(super) line: Arc<Parsed>,
    pub(super) links: Vec<ParsedLink>,
    pub(super) photos: Vec<ParsedPhoto>,
    pub(super) track: Option<Entry>,
    pub(super) original: Option<Entry>,
}

impl Batch {
    /// The activities of a page: work for a core.
    pub(super) fn of(page: &[u8], now: DateTime<Utc>) -> Result<Self, Unfit> {
        let mut activities = BTreeMap::new();
        for line in lines_of::<ActivityLine>(page, ACTIVITIES_MAX) {
            let line = line?;
            let (id, line) = (line.activity_id, Arc::new(Parsed::of(line, now)?));
            let (links, photos) = (Vec::new(), Vec::new());
            let taking = Taking { line, links, photos, track: None, original: None };
            activities.insert(id, taking);
        }
        Ok(Self { activities })
    }

    /// Adds the photos of a page, but for those of other activities: work for a core.
    pub(super) fn with_photos(mut self, page: &[u8]) -> Result<Self, Unfit> {
        for line in lines_of::<PhotoLine>(page, usize::MAX) {
            let line = line?;
            let Some(activity) = self.activities.get_mut(&line.activity_id) else { continue };
            if has_room(&activity.photos, PHOTOS_MAX) {
                activity.photos.push(ParsedPhoto::of(&line)?);
            }
        }
        Ok(self)
    }

    /// Adds the links of a page that can be made anew, but for those to other activities: work for a core.
    pub(super) fn with_links(mut self, page: &[u8], now: DateTime<Utc>) -> Result<Self, Unfit> {
        for line in lines_of::<LinkLine>(page, usize::MAX) {
            let line = line?;
            let Some(activity) = self.activities.get_mut(&line.activity_id) else { continue };
            let Some(link) = ParsedLink::of(&line, now)? else { continue };
            if has_room(&activity.links, LINKS_MAX) {
                activity.links.push(link);
            }
        }
        Ok(self)
    }

    /// Notes where a file of an activity lies, if it is one that is read.
    pub(super) fn add_file(&mut self, id: ActivityId, file: File, entry: Entry) {
        let Some(activity) = self.activities.get_mut(&id) else { return };
        match file {
            File::Track => activity.track = Some(entry),
            File::Original => activity.original = Some(entry),
            File::Gpx | File::GeoJson | File::Rendition => {}
        }
    }

    /// Notes where the file of a photo lies, if a line speaks of it.
    pub(super) fn add_photo_file(&mut self, id: ActivityId, photo: PhotoId, entry: Entry) {
        let Some(activity) = self.activities.get_mut(&id) else { return };
        if let Some(photo) = activity.photos.iter_mut().find(|known| known.id == photo) {
            photo.file = Some(entry);
        }
    }
}

fn has_room<T>(list: &[T], max: i64) -> bool {
    i64::try_from(list.len()).is_ok_and(|len| len < max)
}
