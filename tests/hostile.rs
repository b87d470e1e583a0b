//! Files made to do harm: each is turned down or read with its flaws, within little time and memory.
//!
//! They are made here, not kept. `OPENTRACKS_CORPUS` names a folder whose `bad` has more of them.

#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::env;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use opentracks::track::{FILE_BYTES_MAX, Reading, Unreadable, read};

/// What no file may take. Tests are not optimized, so it is much less for people.
const CPU_MS_MAX: i64 = 20_000;
/// Beyond the file itself.
const MEMORY_KIB_MAX: u64 = 300 * 1024;
const CORPUS: &str = "OPENTRACKS_CORPUS";

/// What is measured is the whole process: one at a time.
static TURN: Mutex<()> = Mutex::new(());

/// What reading a file took.
struct Cost {
    cpu_ms: i64,
    memory_kib: u64,
}

#[test]
fn a_document_made_to_do_harm_is_turned_down() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let deep = |tag: &str| format!("<gpx>{}", tag.repeat(100_000));
    let name = |text: &str, times| format!("<gpx><name>{}</name>", text.repeat(times));
    let attributes = format!("<gpx {}>", "a='1' ".repeat(1_000_000));
    let tracks = format!("<gpx>{}", "<trk><trkpt lat='1' lon='2'/></trk>".repeat(2_000));
    let nowhere = format!("<gpx>{}", "<trkpt lat='NaN' lon='-inf'/>".repeat(100_000));
    let rings = format!(r#"{{"type":"LineString","coordinates":{}"#, "[".repeat(500_000));
    for (what, file, word) in [
        ("elements in each other", deep("<a>"), "32 deep"),
        ("points in each other", deep("<trkpt lat='1' lon='2'>"), "32 deep"),
        ("attributes", attributes, "64 attributes"),
        ("an endless text", name("x", 20_000_000), "overlong"),
        ("entities", name("&amp;", 1_100_000), "overlong"),
        ("scraps of text", name("x<!---->", 1_100_000), "overlong"),
        ("tracks", tracks, "1,000 tracks"),
        ("points that are nowhere", nowhere, "valid position"),
        ("lists in each other", rings, "ends in the middle"),
        ("positions that are none", geojson(&"0,".repeat(1_100_000)), "1,000,000 points"),
        ("positions without numbers", geojson(&"[[]],".repeat(300_000)), "line"),
        ("infinite positions", geojson(&"[1e999,-1e999],".repeat(1_000)), "valid position"),
    ] {
        let (outcome, cost) = measured(file.as_bytes());
        assert_cheap(what, &cost);
        let Err(Unreadable { reason, .. }) = outcome else { panic!("{what} can be read") };
        assert!(reason.contains(word), "{what}: {reason}");
    }
}

#[test]
fn a_document_with_too_much_of_something_is_read_with_its_flaws() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let gpx = |rest: &str| format!("<gpx><trk><trkpt lat='1' lon='2'/></trk>{rest}</gpx>");
    let place = "<Point><coordinates>1,2</coordinates></Point>";
    let words = format!("<name>{0}</name><description>{0}</description>", "w".repeat(1_000_000));
    let line = "<LineString><coordinates>1,2 3,4</coordinates></LineString>";
    let kml = format!("<kml><Placemark>{words}{}{line}</Placemark></kml>", place.repeat(10_000));
    let times =
        format!("<kml><gx:Track>{}<gx:coord>1 2</gx:coord></gx:Track>", "<when/>".repeat(200_000));
    let huge = "9".repeat(500_000);
    for (what, file) in [
        ("places", gpx(&"<wpt lat='1' lon='2'/>".repeat(20_000))),
        ("ends of nothing", gpx(&"</a>".repeat(200_000))),
        ("signs that begin nothing", gpx(&"< ".repeat(200_000))),
        ("entities that nobody knows", gpx(&"&lol;".repeat(200_000))),
        (
            "huge numbers",
            gpx(&format!("<trk><trkpt lat='1' lon='2'><ele>{huge}</ele></trkpt></trk>")),
        ),
        ("long words for many places", kml),
        ("times without positions", times),
    ] {
        let (outcome, cost) = measured(file.as_bytes());
        assert_cheap(what, &cost);
        assert!(!outcome.unwrap().recordings.is_empty(), "{what}");
    }
}

#[test]
fn an_archive_made_to_do_harm_is_turned_down() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let zeros = vec![0; 4_000_000];
    let kml = [b"<kml>".as_slice(), &zeros[..]].concat();
    let bomb = gzip(&zeros);
    let track = b"<gpx><trk><trkpt lat='1' lon='2'/></trk></gpx>";
    for (what, file, word) in [
        ("gzip", bomb.clone(), "than"),
        ("a document in gzip", gzip(&kml), "300 times"),
        ("gzip in gzip", gzip(&bomb), "more than once"),
        ("gzip in gzip in gzip", gzip(&gzip(&gzip(track))), "more than once"),
        ("an archive", archive(&[("doc.kml", &zeros)]), "than"),
        ("a document in an archive", archive(&[("doc.kml", &kml)]), "300 times"),
        (
            "an archive in an archive",
            archive(&[("a.kml", &archive(&[("a.kml", track)]))]),
            "more than once",
        ),
        ("an archive in gzip", gzip(&archive(&[("doc.kml", &zeros)])), "than"),
        ("entries", archive(&vec![("a.txt", b"".as_slice()); 10_001]), "10,000 entries"),
        ("one entry that all of the directory leads to", endless_directory(), "without a track"),
    ] {
        let (outcome, cost) = measured(&file);
        assert_cheap(what, &cost);
        let Err(Unreadable { reason, .. }) = outcome else { panic!("{what} can be read") };
        assert!(reason.contains(word), "{what}: {reason}");
    }
}

#[test]
fn a_fit_file_made_to_do_harm_is_turned_down() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    // A record of a position, defined and then repeated.
    let record = b"\x40\0\0\x14\0\x02\0\x04\x85\x01\x04\x85";
    let position = b"\0\x01\0\0\0\x01\0\0\0";
    let session = [b"\x40\0\0\x12\0\0".as_slice(), &vec![0; 100_000]].concat();
    let wide = [
        b"\x60\0\0\x14\0\xFF".as_slice(),
        &[0xFD, 0xFF, 0x86].repeat(255),
        b"\xFF",
        &[1, 255, 0].repeat(255),
    ]
    .concat();
    for (what, file) in [
        ("points", fit(&[record.as_slice(), &position.repeat(1_000_001)].concat())),
        ("sessions", fit(&session)),
        ("definitions", fit(&wide.repeat(1_000))),
        ("nothing", fit(&[])),
        ("files", fit(b"\0").repeat(50_000)),
        ("no message that was defined", fit(&vec![7; 1_000_000])),
        (
            "an endless header",
            [b"\xFF\x20\0\0\xFF\xFF\xFF\xFF.FIT".as_slice(), &vec![0; 5_000_000]].concat(),
        ),
    ] {
        let (outcome, cost) = measured(&file);
        assert_cheap(what, &cost);
        assert!(outcome.is_err(), "{what}");
    }
}

#[test]
fn a_fit_file_that_ends_anywhere_keeps_what_came_before() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/tracks/fit/fgebhart+workoutizer/with_nones.fit");
    let whole = fs::read(fixture).unwrap();
    let points = |bytes: &[u8]| {
        read(bytes).map_or(0, |reading| {
            reading.recordings.iter().map(|one| one.track.columns().len()).sum::<usize>()
        })
    };
    let of_each: Vec<usize> =
        (0..whole.len()).step_by(7).map(|end| points(&whole[..end])).collect();
    assert!(of_each.is_sorted() && of_each[0] == 0);
    assert!(of_each.last().unwrap() + 1 >= points(&whole));
}

#[test]
fn a_large_file_that_grows_when_it_is_decoded_is_turned_down() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    // Euro signs in Windows-1252: three bytes each in UTF-8.
    let mut file = b"<kml><Placemark><name>&amp;".to_vec();
    file.resize(FILE_BYTES_MAX, 0x80);
    let (outcome, cost) = measured(&file);
    assert_cheap("euro signs", &cost);
    assert!(outcome.unwrap_err().reason.contains("64 MiB"));
}

#[test]
#[allow(clippy::print_stdout, reason = "the table is for whoever runs it with --nocapture")]
fn files_collected_to_do_harm_are_cheap() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(corpus) = env::var_os(CORPUS) else { return };
    println!("{:>8} {:>8}  file", "ms", "KiB");
    for path in files_in(&Path::new(&corpus).join("bad")) {
        let (outcome, cost) = measured(&fs::read(&path).unwrap());
        let outcome =
            outcome.map_or_else(|it| it.reason.to_owned(), |it| format!("{:?}", it.flaws));
        println!("{:>8} {:>8}  {}: {outcome}", cost.cpu_ms, cost.memory_kib, path.display());
        assert_cheap(&path.display().to_string(), &cost);
    }
}

fn assert_cheap(what: &str, cost: &Cost) {
    assert!(cost.cpu_ms <= CPU_MS_MAX, "{what} took {} ms", cost.cpu_ms);
    assert!(cost.memory_kib <= MEMORY_KIB_MAX, "{what} took {} KiB", cost.memory_kib);
}

fn measured(file: &[u8]) -> (Result<Reading, Unreadable>, Cost) {
    let cpu_ms = || {
        let usage = getrusage(UsageWho::RUSAGE_THREAD).unwrap();
        (usage.user_time() + usage.system_time()).num_milliseconds()
    };
    // What the process holds now is the most it has held from here on.
    fs::write("/proc/self/clear_refs", "5").unwrap();
    let (before_ms, before_kib) = (cpu_ms(), memory_kib("VmRSS:"));
    let outcome = read(file);
    let cpu_ms = cpu_ms() - before_ms;
    (outcome, Cost { cpu_ms, memory_kib: memory_kib("VmHWM:").saturating_sub(before_kib) })
}

fn memory_kib(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

fn geojson(positions: &str) -> String {
    format!(r#"{{"type":"LineString","coordinates":[[],{positions}[]]}}"#)
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// A FIT file of these messages, its checksum wrong.
fn fit(messages: &[u8]) -> Vec<u8> {
    let size = u32::try_from(messages.len()).unwrap().to_le_bytes();
    [b"\x0c\x20\0\0".as_slice(), &size, b".FIT", messages, b"\0\0"].concat()
}

/// An archive of deflated entries.
fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in entries {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(content).unwrap();
        let packed = encoder.finish().unwrap();
        let offset = archive.len();
        archive.extend(b"PK\x03\x04\x14\0\0\0\x08\0\0\0\0\0\0\0\0\0");
        archive.extend(
            [&u32_of(packed.len())[..], &u32_of(content.len()), &u32_of(name.len())].concat(),
        );
        archive.extend([name.as_bytes(), &packed].concat());
        directory.extend(entry(name, packed.len(), content.len(), offset));
    }
    let start = archive.len();
    archive.extend(&directory);
    archive.extend(end(entries.len(), directory.len(), start));
    archive
}

/// A directory whose entries are said to be many more than there is room for.
fn endless_directory() -> Vec<u8> {
    let directory = entry("a.txt", 0xFFFF_FFF0, 0xFFFF_FFF0, 0).repeat(9_999);
    [b"PK\x03\x04".as_slice(), &directory, &end(9_999, directory.len(), 4)].concat()
}

fn entry(name: &str, packed: usize, unpacked: usize, offset: usize) -> Vec<u8> {
    let mut entry = b"PK\x01\x02\x14\0\x14\0\0\0\x08\0\0\0\0\0\0\0\0\0".to_vec();
    entry.extend([&u32_of(packed)[..], &u32_of(unpacked), &u32_of(name.len())].concat());
    entry.extend([&[0; 10][..], &u32_of(offset), name.as_bytes()].concat());
    entry
}

fn end(entries: usize, size: usize, start: usize) -> Vec<u8> {
    let count = u16::try_from(entries).unwrap().to_le_bytes();
    [&b"PK\x05\x06\0\0\0\0"[..], &count, &count, &u32_of(size), &u32_of(start), &[0, 0]].concat()
}

fn u32_of(number: usize) -> [u8; 4] {
    u32::try_from(number).unwrap().to_le_bytes()
}

/// All files below a folder, in the order of their paths.
fn files_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        entries.flat_map(|path| if path.is_dir() { files_in(&path) } else { vec![path] }).collect();
    files.sort();
    files
}
