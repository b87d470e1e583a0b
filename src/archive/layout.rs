//! Which table is in which file: the one place that knows.

use uuid::Uuid;

use crate::domain::{ActivityId, PhotoId};

/// A kind of row. Its rows stand in files of JSON Lines, numbered from 1, in a folder of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The account, one line.
    Account,
    /// The picture beside the public name.
    Pictures,
    /// Privacy zones.
    Zones,
    /// Signed-in devices.
    Sessions,
    /// Whom the account keeps away from.
    Blocks,
    /// Communities that it is in.
    Communities,
    /// What it is there.
    Memberships,
    /// Communities that it waits to be let in to.
    MembershipRequests,
    /// What the account agreed to, and took back.
    Consents,
    /// What the account wrote about activities of others.
    Reviews,
    /// Exports and imports.
    Archives,
    /// Activities. Each page of them is followed by those of their links and shares, and by their files.
    Activities,
    /// Photos of activities; their files stand beside those of the activity.
    Photos,
    /// Links to activities, without their tokens.
    Links,
    /// Which activities are shared with which communities.
    Shares,
    /// Who was at the account.
    AccessLog,
}

/// A file of an activity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum File {
    /// The exact track, without loss: what an import reads.
    Track,
    /// The same for other programs.
    Gpx,
    /// The same for other programs.
    GeoJson,
    /// What others see of it, if they see something.
    Rendition,
    /// The file that it came from, unchanged.
    Original,
}

/// The name of a file in the archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name {
    /// For people.
    Readme,
    /// For programs: what every field is.
    Schema,
    /// What the archive is, and how much of what is in it. The last file.
    Manifest,
    /// A page of rows.
    Page(Kind, u32),
    /// A file of an activity.
    Of(ActivityId, File),
    /// The file of a photo of an activity, as it was uploaded.
    Photo(ActivityId, PhotoId),
}

impl Kind {
    /// Every kind, in the order in which they stand in the archive.
    pub const ALL: [Self; 16] = [
        Self::Account,
        Self::Pictures,
        Self::Zones,
        Self::Sessions,
        Self::Blocks,
        Self::Communities,
        Self::Memberships,
        Self::MembershipRequests,
        Self::Consents,
        Self::Reviews,
        Self::Archives,
        Self::Activities,
        Self::Photos,
        Self::Links,
        Self::Shares,
        Self::AccessLog,
    ];

    /// The folder of its files.
    pub const fn folder(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Pictures => "pictures",
            Self::Zones => "zones",
            Self::Sessions => "sessions",
            Self::Blocks => "blocks",
            Self::Communities => "communities",
            Self::Memberships => "memberships",
            Self::MembershipRequests => "membership_requests",
            Self::Consents => "consents",
            Self::Reviews => "reviews",
            Self::Archives => "archives",
            Self::Activities => "activities",
            Self::Photos => "photos",
            Self::Links => "links",
            Self::Shares => "community_activities",
            Self::AccessLog => "access_log",
        }
    }

    /// The tables whose columns its lines have.
    pub const fn tables(self) -> &'static [&'static str] {
        match self {
            Self::Account => &["identity.accounts", "commons.members"],
            Self::Pictures => &["commons.member_pictures"],
            Self::Zones => &["vault.zones"],
            Self::Sessions => &["identity.sessions"],
            Self::Blocks => &["vault.blocks"],
            Self::Communities => &["commons.communities"],
            Self::Memberships => &["commons.memberships"],
            Self::MembershipRequests => &["commons.membership_requests"],
            Self::Consents => &["vault.consents"],
            Self::Reviews => &["commons.reviews"],
            Self::Archives => &["vault.archives"],
            Self::Activities => &["vault.activities", "vault.originals"],
            Self::Photos => &["vault.photos"],
            Self::Links => &["vault.links", "commons.links"],
            Self::Shares => &["commons.community_activities"],
            Self::AccessLog => &["vault.access_log"],
        }
    }
}

impl File {
    /// Every file that an activity may have once, in the order in which they stand in the archive.
    pub const ALL: [Self; 5] =
        [Self::Track, Self::Gpx, Self::GeoJson, Self::Rendition, Self::Original];

    /// What it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Track => "track.json",
            Self::Gpx => "track.gpx",
            Self::GeoJson => "track.geojson",
            Self::Rendition => "rendition.json",
            Self::Original => "original",
        }
    }

    /// The table whose columns it has as fields; none where it is written for other programs.
    pub const fn table(self) -> Option<&'static str> {
        match self {
            Self::Track => Some("vault.tracks"),
            Self::Rendition => Some("commons.renditions"),
            Self::Gpx | Self::GeoJson | Self::Original => None,
        }
    }
}

const README: &str = "README.md";
const SCHEMA: &str = "schema.json";
const MANIFEST: &str = "manifest.json";
/// The folder of the photos of an activity.
const PHOTOS: &str = "photos";
const PAGE_END: &str = ".jsonl";
/// A page has at least so many digits, so that pages sort by name.
const DIGITS: usize = 4;

impl Name {
    /// The name that `text` is. Nothing else may be in an archive; least of all a way to elsewhere.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            README => return Some(Self::Readme),
            SCHEMA => return Some(Self::Schema),
            MANIFEST => return Some(Self::Manifest),
            _ => {}
        }
        let (folder, rest) = text.split_once('/')?;
        let kind = Kind::ALL.into_iter().find(|kind| kind.folder() == folder)?;
        if let Some(number) = rest.strip_suffix(PAGE_END) {
            let digits = DIGITS <= number.len() && number.bytes().all(|byte| byte.is_ascii_digit());
            return Some(Self::Page(kind, digits.then(|| number.parse().ok())??));
        }
        let (id, file) = rest.split_once('/').filter(|_| kind == Kind::Activities)?;
        let id = Uuid::parse_str(id).ok()?.into();
        if let Some((PHOTOS, photo)) = file.split_once('/') {
            return Some(Self::Photo(id, Uuid::parse_str(photo).ok()?.into()));
        }
        let file = File::ALL.into_iter().find(|known| known.name() == file)?;
        Some(Self::Of(id, file))
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Readme => f.write_str(README),
            Self::Schema => f.write_str(SCHEMA),
            Self::Manifest => f.write_str(MANIFEST),
            Self::Page(kind, number) => {
                write!(f, "{}/{number:0DIGITS$}{PAGE_END}", kind.folder())
            }
            Self::Of(id, file) => {
                write!(f, "{}/{id}/{}", Kind::Activities.folder(), file.name())
            }
            Self::Photo(id, photo) => {
                write!(f, "{}/{id}/{PHOTOS}/{photo}", Kind::Activities.folder())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::privacy::inventory::COLUMNS;

    #[test]
    fn every_table_with_an_exported_column_has_its_place() {
        let placed = Kind::ALL.iter().flat_map(|kind| kind.tables()).copied();
        let placed: BTreeSet<&str> =
            placed.chain(File::ALL.iter().filter_map(|file| file.table())).collect();
        let exported: BTreeSet<&str> =
            COLUMNS.iter().filter(|column| column.exported).map(|column| column.table).collect();
        assert_eq!(exported, placed);
    }

    #[test]
    fn a_name_is_read_as_it_was_written() {
        let id = ActivityId::random();
        let pages = Kind::ALL.map(|kind| Name::Page(kind, 12)).into_iter();
        let files = File::ALL.map(|file| Name::Of(id, file));
        let photo = Name::Photo(id, PhotoId::random());
        let fixed =
            [photo, Name::Readme, Name::Schema, Name::Manifest, Name::Page(Kind::Zones, 12_345)];
        for name in pages.chain(files).chain(fixed) {
            assert_eq!(Name::parse(&name.to_string()), Some(name));
        }
    }

    #[test]
    fn what_is_no_name_of_ours_is_none() {
        for text in [
            "",
            "/etc/passwd",
            "../account/0001.jsonl",
            "account/../0001.jsonl",
            "account/0001.jsonl/",
            "account/1.jsonl",
            "account/-001.jsonl",
            "account/99999999999.jsonl",
            "account\\0001.jsonl",
            "activities/home/track.json",
            "activities/../track.json",
            "activities/3fa85f64-5717-4562-b3fc-2c963f66afa6/photos/../x",
            "zones/3fa85f64-5717-4562-b3fc-2c963f66afa6/track.json",
            "activities/3fa85f64-5717-4562-b3fc-2c963f66afa6/track.json/x",
            "README.md\0",
        ] {
            assert_eq!(Name::parse(text), None, "{text}");
        }
    }
}
