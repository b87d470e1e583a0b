//! Reading, beside other programs that run as children; their start is measured and taken off.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::table::{self, Goal};
use crate::timing::{rounds, seconds, seconds_of_children};
use crate::{files, reading, write};

const ROUNDS_MIN: usize = 1;

/// GPX, beside `GPSBabel`, which reads it and writes nothing.
pub fn gpsbabel(file: &Path, points: usize) {
    let mut program = Command::new("gpsbabel");
    program.args(["-t", "-i", "gpx", "-f"]);
    let goal = Goal::AtLeast(8.0);
    compare(program, "GPSBabel", file, points, goal);
}

/// GPX, beside gpxpy.
pub fn gpxpy(file: &Path, points: usize) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let installed = root.join("target/tools/venv/bin/python");
    let python = if installed.exists() { installed } else { PathBuf::from("python3") };
    let mut program = Command::new(python);
    program.arg(root.join("benches/python/read_gpx.py"));
    compare(program, "gpxpy", file, points, Goal::AtLeast(50.0));
}

/// Both sides read the file from the disk. `program` takes the path as its last argument.
fn compare(mut program: Command, name: &str, file: &Path, points: usize, goal: Goal) {
    let what = format!("GPX → columns, {points} points");
    let empty = write("empty.gpx", &files::empty_gpx());
    program.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut with_empty = copy(&program);
    with_empty.arg(&empty);
    if !with_empty.status().is_ok_and(|status| status.success()) {
        return table::not_installed(what, name);
    }
    program.arg(file);
    let run = |program: &mut Command| {
        assert!(program.status().is_ok_and(|status| status.success()), "{name} failed");
    };
    let pair = rounds(ROUNDS_MIN, || {
        let ours_s = seconds(|| {
            reading::read(&fs::read(file).expect("the file was written before"), points)
        });
        let start_s = seconds_of_children(|| run(&mut with_empty));
        (ours_s, seconds_of_children(|| run(&mut program)) - start_s)
    });
    table::compared(what, name, points, &pair, goal);
}

fn copy(program: &Command) -> Command {
    let mut copy = Command::new(program.get_program());
    copy.args(program.get_args());
    copy.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    copy
}
