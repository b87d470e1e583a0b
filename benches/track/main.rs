//! How fast the pipeline is beside named alternatives, and how it does on real files.
//!
//! `cargo bench --bench track` prints a table in Markdown. Ratios tell how many times as fast we
//! are in processor time, both sides timed in turns on the same input. With
//! `OPENTRACKS_CORPUS=/path`, a folder with a `manifest.csv`, it adds tables over its files;
//! `cargo bench --bench track -- corpus` prints those alone.

#![allow(clippy::print_stdout, reason = "the tables are for whoever runs it")]
#![allow(clippy::expect_used, reason = "a benchmark that cannot go on has to stop")]

mod corpus;
mod expected;
mod files;
mod ingesting;
mod lengths;
mod manifest;
mod memory;
mod programs;
mod reading;
mod ride;
mod shaping;
mod storing;
mod table;
mod timing;
mod tried;

use std::path::{Path, PathBuf};
use std::{env, fs, thread};

use opentracks::track::FILE_BYTES_MAX;

/// Names a folder with real files.
const CORPUS: &str = "OPENTRACKS_CORPUS";
/// Leaves out what is no table over those files.
const ONLY_CORPUS: &str = "corpus";
/// As many points as GPX of 250 bytes a point holds below 64 MiB.
const GPX_POINTS_MAX: usize = 260_000;

fn main() {
    let arguments: Vec<String> = env::args().collect();
    if let [_, command, path] = arguments.as_slice()
        && command == memory::COMMAND
    {
        return memory::report(Path::new(path));
    }
    if !arguments.iter().any(|argument| argument == ONLY_CORPUS) {
        println!("{}; processor time, medians, all on one core.\n", machine());
        table::head();
        measure();
    }
    if let Some(corpus) = env::var_os(CORPUS) {
        println!();
        corpus::tables(Path::new(&corpus));
    }
}

fn measure() {
    let long = ride::ride(1_000_000);
    for points in [5_000, 100_000, GPX_POINTS_MAX] {
        let columns = ride::ride(points);
        let gpx = write(&format!("{points}.gpx"), &files::gpx(&columns));
        reading::gpx(&gpx, points);
        programs::gpsbabel(&gpx, points);
        if points < GPX_POINTS_MAX {
            programs::gpxpy(&gpx, points);
        }
    }
    let slim = write("1000000.gpx", &files::slim_gpx(&long));
    reading::gpx(&slim, long.len());
    for points in [5_000, 100_000, 1_000_000] {
        let columns = ride::ride(points);
        reading::fit(&files::fit(&columns), points);
        reading::geojson(&files::geojson(&columns), points);
    }
    shaping::length(&long);
    storing::encoding(&long);
    for points in [5_000, 100_000] {
        ingesting::ingest("GPX", &files::gpx(&ride::ride(points)), points);
    }
    ingesting::ingest("FIT", &files::fit(&long), long.len());
    shaping::shape(&ride::ride(100_000));
    memory::reading("GPX", &path("100000.gpx"), 100_000);
    memory::reading("GPX", &path(&format!("{GPX_POINTS_MAX}.gpx")), GPX_POINTS_MAX);
    memory::reading("GPX", &slim, long.len());
    let fit = write("1000000.fit", &files::fit(&long));
    memory::reading("FIT", &fit, long.len());
    let geojson = write("1000000.geojson", &files::geojson(&long));
    memory::reading("GeoJSON", &geojson, long.len());
}

/// What it runs on.
fn machine() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cores = thread::available_parallelism().map_or(0, usize::from);
    format!("{}, {cores} cores", model.map_or("An unknown processor", |(_, name)| name))
}

/// Keeps a file for other programs to read.
fn write(name: &str, bytes: &[u8]) -> PathBuf {
    assert!(bytes.len() <= FILE_BYTES_MAX, "{name} has {} bytes", bytes.len());
    let path = path(name);
    fs::write(&path, bytes).expect("the target folder takes files");
    path
}

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}
