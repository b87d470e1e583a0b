//! Real pictures: each is drawn, or refused with a reason. With `OPENTRACKS_CORPUS=/path` those of its folders
//! `photos` and `bad` as well; `cargo test --test pictures -- --nocapture` prints the table.

#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]
#![allow(clippy::print_stdout, reason = "the table is for whoever runs it with --nocapture")]

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDateTime, Utc};
use opentracks::domain::PhotoSize;
use opentracks::picture::{self, Taken, Unfit};

const CORPUS: &str = "OPENTRACKS_CORPUS";
const KINDS: [&str; 11] =
    ["jpg", "jpeg", "png", "webp", "gif", "ico", "tif", "heic", "heif", "hif", "avif"];

#[test]
fn every_picture_is_drawn_or_refused_with_a_reason() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/photos");
    let mut files = pictures_in(&fixtures);
    assert_eq!(files.len(), 9);
    if let Some(corpus) = env::var_os(CORPUS) {
        let folders = ["photos", "bad"].map(|folder| Path::new(&corpus).join(folder));
        files.extend(folders.iter().flat_map(|folder| pictures_in(folder)));
    }
    let now = "2026-06-01T12:00:00Z".parse().unwrap();
    let (mut drawn, mut refused) = (0, 0);
    for path in files {
        let (name, file) = (path.file_name().unwrap().to_string_lossy(), fs::read(&path).unwrap());
        // Whatever it is, looking for what it says of itself comes to an end.
        let taken = Taken::read(&file, now);
        match picture::check(&file) {
            Ok(format) => {
                // What was taken in can be drawn: nobody is told so later.
                let renditions = picture::render(&file).unwrap();
                for (size, jpeg) in PhotoSize::ALL.into_iter().zip(&renditions.jpegs) {
                    assert!(jpeg.width.max(jpeg.height) <= size.side_max(), "{name}");
                    picture::check(&jpeg.bytes).unwrap();
                    assert!(Taken::read(&jpeg.bytes, now) == Taken::default(), "{name}");
                }
                let [.., large] = &renditions.jpegs;
                let place = if taken.position.is_some() { ", with a place" } else { "" };
                let time = if taken.clock.is_some() { ", with a time" } else { "" };
                println!("{name}: {format:?}, {} × {}{time}{place}", large.width, large.height);
                drawn += 1;
            }
            Err(unfit) => {
                println!("{name}: refused, {unfit}");
                assert!(!matches!(unfit, Unfit::Kind(reason) if reason.is_empty()));
                refused += 1;
            }
        }
    }
    println!("{drawn} drawn, {refused} refused");
    assert!(drawn >= 6 && refused >= 3);
}

/// Of the corpus it is known what other programs read; what cannot be is taken as not said.
#[test]
fn places_and_times_are_those_that_other_programs_read() {
    let Some(corpus) = env::var_os(CORPUS) else { return };
    let manifest = fs::read_to_string(Path::new(&corpus).join("manifest.csv")).unwrap();
    let mut lines = manifest.lines();
    let columns: Vec<&str> = lines.next().unwrap().split(',').collect();
    let now: DateTime<Utc> = "2026-06-01T12:00:00Z".parse().unwrap();
    let (mut places, mut clocks) = (0, 0);
    for line in lines.filter(|line| line.starts_with("photos/")) {
        let fields: Vec<&str> = line.split(',').collect();
        let field = |name: &str| fields[columns.iter().position(|it| *it == name).unwrap()];
        let name = field("path");
        let file = fs::read(Path::new(&corpus).join(name)).unwrap();
        if picture::Format::of(&file).is_err() {
            continue;
        }
        let taken = Taken::read(&file, now);
        let degrees = |name: &str| field(name).parse::<f64>().ok();
        let place = degrees("exif_GPSLatitude").zip(degrees("exif_GPSLongitude"));
        let place = place.filter(|(latitude, _)| latitude.abs() <= 90.0);
        let read = taken.position.map(|place| (place.latitude(), place.longitude()));
        assert_eq!(read.is_some(), place.is_some(), "{name}");
        if let Some(((latitude, longitude), (north, east))) = read.zip(place) {
            assert!((latitude - north).abs() < 1e-6 && (longitude - east).abs() < 1e-6, "{name}");
            places += 1;
        }
        let clock = NaiveDateTime::parse_from_str(field("exif_DateTimeOriginal"), "%Y:%m:%d %T");
        let clock = clock.ok().filter(|clock| *clock < now.naive_utc());
        assert_eq!(taken.clock, clock, "{name}");
        clocks += usize::from(clock.is_some());
    }
    println!("{places} places, {clocks} times");
    assert!(places >= 3 && clocks >= 2);
}

/// All pictures below a folder by their names, in the order of their paths.
fn pictures_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = entries
        .flat_map(|path| if path.is_dir() { pictures_in(&path) } else { vec![path] })
        .filter(|path| {
            let kind = path.extension().map(|kind| kind.to_string_lossy().to_lowercase());
            kind.is_some_and(|kind| KINDS.contains(&kind.as_str()))
        })
        .collect();
    files.sort();
    files
}
