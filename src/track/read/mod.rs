//! Reads a file of any known format: `bytes` → [`Reading`].
//!
//! The format is told by the content, never by a name. One pass goes straight into columns; what is
//! unsound is passed over and reported as a flaw with its line or offset. A file that breaks off in
//! the middle keeps what came before; one without a single sound point is [`Unreadable`].

mod activities;
mod archive;
mod attributes;
mod find;
mod fit;
mod flaws;
mod geojson;
mod gpx;
mod kml;
mod number;
mod points;
mod refrain;
mod scanner;
#[cfg(test)]
mod sound;
mod sports;
mod tcx;
mod text;
mod time;
mod xml;

use super::reading::{Reading, Rule, Unreadable};
use flaws::Flaws;

/// The longest file, the most a compressed one may hold, and the longest text, as UTF-8: 64 MiB.
pub const FILE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// The most points in a file, over all its recordings.
pub const POINTS_MAX: usize = 1_000_000;
/// The most points of interest that are read of a file; the others are passed over.
pub const WAYPOINTS_MAX: usize = 10_000;
/// The most tracks and routes in a file.
pub const LINES_MAX: usize = 1_000;

const TOO_LARGE: &str = "is larger than 64 MiB";
const TOO_MANY_POINTS: &str = "has more than 1,000,000 points";
const TOO_MANY_LINES: &str = "has more than 1,000 tracks and routes";
const NO_POINT: &str = "has no track with a point";
const UNKNOWN: &str = "is not a track: it is neither GPX, TCX, FIT, KML, KMZ nor GeoJSON";

/// Reads a file: GPX 1.0 and 1.1, TCX, FIT, KML, KMZ and GeoJSON, each plain, gzipped or alone in a
/// ZIP archive.
///
/// # Errors
/// [`Unreadable`] for anything else, for a file without a sound point, and past a limit:
/// [`FILE_BYTES_MAX`], [`POINTS_MAX`], [`LINES_MAX`], and what only an attack contains.
pub fn read(bytes: &[u8]) -> Result<Reading, Unreadable> {
    if FILE_BYTES_MAX < bytes.len() {
        return Err(unreadable(TOO_LARGE));
    }
    match bytes {
        [0x1F, 0x8B, ..] => read_unzipped(&archive::gunzip(bytes)?),
        _ => read_unzipped(bytes),
    }
}

fn read_unzipped(bytes: &[u8]) -> Result<Reading, Unreadable> {
    match bytes {
        [b'P', b'K', 3 | 5, 4 | 6, ..] => read_unpacked(&archive::unzip(bytes)?),
        _ => read_unpacked(bytes),
    }
}

fn read_unpacked(bytes: &[u8]) -> Result<Reading, Unreadable> {
    match bytes {
        [] => Err(unreadable("is empty")),
        [_, _, _, _, _, _, _, _, b'.', b'F', b'I', b'T', ..] => fit::read(bytes),
        _ => read_text(bytes),
    }
}

fn read_text(bytes: &[u8]) -> Result<Reading, Unreadable> {
    let text = text::decode(bytes);
    if FILE_BYTES_MAX < text.text.len() {
        return Err(unreadable(TOO_LARGE));
    }
    let mut flaws = Flaws::default();
    if text.malformed {
        flaws.note(Rule::Malformed, 0);
    }
    match text.text.trim_start().as_bytes().first() {
        Some(b'<') => read_xml(&text.text, flaws),
        Some(b'{' | b'[') => geojson::read(text.text.as_bytes()),
        _ => Err(unreadable(unknown(bytes))),
    }
}

fn read_xml(document: &str, flaws: Flaws) -> Result<Reading, Unreadable> {
    match xml::root(document)? {
        "gpx" => gpx::read(document, flaws),
        "TrainingCenterDatabase" => tcx::read(document, flaws),
        "kml" | "Document" | "Folder" | "Placemark" => kml::read(document, flaws),
        root if root.eq_ignore_ascii_case("html") => Err(unreadable("is a web page, not a track")),
        _ => Err(unreadable("is XML, but neither GPX, TCX nor KML")),
    }
}

/// Files that people often take for a track deserve to be named.
fn unknown(bytes: &[u8]) -> &'static str {
    match bytes {
        [0xFF, 0xD8, 0xFF, ..]
        | [0x89, b'P', b'N', b'G', ..]
        | [b'G', b'I', b'F', b'8', ..]
        | [_, _, _, _, b'f', b't', b'y', b'p', ..] => "is a picture or a film, not a track",
        [b'%', b'P', b'D', b'F', ..] => "is a PDF document, not a track",
        [b'B', b'Z', b'h', ..] => "is compressed with bzip2; unpack it first",
        [0xFD, b'7', b'z', b'X', b'Z', ..] => "is compressed with xz; unpack it first",
        [b'7', b'z', 0xBC, 0xAF, ..] => "is a 7-Zip archive; unpack it first",
        [0x1F, 0x8B, ..] | [b'P', b'K', 3 | 5, 4 | 6, ..] => "is compressed more than once",
        _ => UNKNOWN,
    }
}

fn unreadable(reason: &'static str) -> Unreadable {
    Unreadable { reason, place: None }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;

    use super::super::reading::{Flaw, Place};
    use super::*;

    fn fixture(path: &str) -> Vec<u8> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/tracks/");
        std::fs::read(format!("{folder}{path}")).unwrap()
    }

    /// Points and parts of each recording.
    fn shape(reading: &Reading) -> Vec<(usize, usize)> {
        let columns = reading.recordings.iter().map(|recording| recording.track.columns());
        columns.map(|columns| (columns.len(), columns.part_ends.len())).collect()
    }

    fn refusal(bytes: &[u8]) -> &'static str {
        read(bytes).unwrap_err().reason
    }

    #[test]
    fn real_files_are_read_whatever_they_are() {
        for (path, expected) in [
            ("gpx/tkrajina+gpxpy/cerknicko-jezero.gpx", vec![(296, 7)]),
            ("gpx/DERIVED/prefixed-namespace.gpx", vec![(296, 7)]),
            ("gpx/placemark+togeojson/multitrackgpx.gpx", vec![(38, 1), (65, 1), (14, 1)]),
            ("gpx/placemark+togeojson/Friday-Evening-Run.gpx", vec![(17, 3)]),
            ("gpx/OpenTracksApp+OpenTracks/legacy_gpx_pause_resume.gpx", vec![(4, 2)]),
            ("gpx/tkrajina+gpxgo/graphhopper.gpx.gz", vec![(171, 1)]),
            ("tcx/placemark+togeojson/sample.tcx", vec![(17, 3)]),
            ("tcx/placemark+togeojson/tcx-courses.tcx", vec![(30, 1)]),
            ("tcx/vkurup+python-tcxparser/sup_activity_1.tcx", vec![(111, 1)]),
            ("kml/OpenTracksApp+OpenTracks/kml22_order_location_and_when.kml", vec![(3, 1)]),
            ("kml/OpenTracksApp+OpenTracks/legacy_kml22_statistics_marker.kml", vec![(6, 2)]),
            ("kml/google+libkml/screenoverlay-continents.kmz", vec![(20, 4)]),
            ("bad/DERIVED/kmz-zip-slip.kmz", vec![(2, 1)]),
        ] {
            assert_eq!(shape(&read(&fixture(path)).unwrap()), expected, "{path}");
        }
    }

    #[test]
    fn what_is_sound_is_kept_and_the_rest_reported_with_its_line() {
        for (path, points, rule, line) in [
            ("bad/DERIVED/truncated-99pct.gpx", 293, Rule::Truncated, 1276),
            ("bad/DERIVED/trailing-garbage.gpx", 296, Rule::Malformed, 1291),
            ("gpx/jenetics+jpx/GPX_invalid_extensions.gpx", 2, Rule::Malformed, 39),
        ] {
            let reading = read(&fixture(path)).unwrap();
            assert_eq!(shape(&reading)[0].0, points, "{path}");
            assert_eq!(reading.flaws, [Flaw { rule, count: 1, first: Some(Place::Line(line)) }]);
        }
    }

    #[test]
    fn a_file_that_is_no_track_is_told_what_it_is() {
        assert_eq!(refusal(b""), "is empty");
        assert_eq!(refusal(b"The quick brown fox"), UNKNOWN);
        assert_eq!(refusal(b"<html><body/></html>"), "is a web page, not a track");
        assert_eq!(refusal(b"<svg/>"), "is XML, but neither GPX, TCX nor KML");
        assert_eq!(refusal(b"< no XML"), "is not XML: it has no root element");
        assert_eq!(refusal(b"\xFF\xD8\xFF\xE0"), "is a picture or a film, not a track");
        assert_eq!(refusal(b"BZh91AY"), "is compressed with bzip2; unpack it first");
        assert_eq!(refusal(&vec![b' '; FILE_BYTES_MAX + 1]), TOO_LARGE);
    }

    #[test]
    fn attacks_are_refused() {
        let deep = fixture("bad/DERIVED/deep-nesting-50k.gpx");
        assert_eq!(refusal(&deep), "has elements nested more than 32 deep");
        let attributes = format!("<gpx><trk{}/></gpx>", " a=\"1\"".repeat(800_000));
        assert_eq!(refusal(attributes.as_bytes()), "has an element with more than 64 attributes");
        let doctype = b"<?xml version=\"1.0\"?><!DOCTYPE gpx [<!ENTITY a \"b\">]><gpx/>";
        assert!(refusal(doctype).contains("DOCTYPE"));
        let broken = fixture("bad/google+libkml/overflow_corrupted_stack.kmz");
        assert_eq!(refusal(&broken), "is a broken ZIP archive");
    }

    #[test]
    fn encodings_make_no_difference() {
        let utf_16 = fixture("gpx/DERIVED/unicode-utf16le-bom.gpx");
        assert_eq!(refusal(&utf_16), "has waypoints, but no track and no route");
    }

    proptest! {
        #[test]
        fn whatever_is_damaged_what_is_read_is_sound_and_says_the_same_when_packed(
            path in prop::sample::select(vec![
                "gpx/placemark+togeojson/strava.gpx",
                "tcx/placemark+togeojson/sample.tcx",
                "kml/OpenTracksApp+OpenTracks/legacy_kml22_statistics_marker.kml",
                "kml/google+libkml/screenoverlay-continents.kmz",
                "gpx/tkrajina+gpxgo/graphhopper.gpx.gz",
            ]),
            at in any::<prop::sample::Index>(),
            damage in prop::collection::vec(any::<u8>(), 0..8),
            removed in 0_usize..40,
        ) {
            let mut bytes = fixture(path);
            let start = at.index(bytes.len());
            let end = bytes.len().min(start + removed);
            bytes.splice(start..end, damage);
            let reading = sound::check_read(&bytes);
            if bytes.starts_with(b"<") {
                let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
                packed.write_all(&bytes).unwrap();
                let packed = sound::check_read(&packed.finish().unwrap());
                sound::assert_same(reading.as_ref(), packed.as_ref());
            }
        }
    }
}
