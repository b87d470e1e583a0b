//! The most memory that reading takes, in a process of its own.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

use opentracks::track::{self, Columns};

use crate::table::{self, Goal};

/// The argument that makes this program read a file and report.
pub const COMMAND: &str = "read-and-report-memory";
/// Written to `clear_refs`, this makes the peak start anew.
const RESET_PEAK: &str = "5";

/// Reads `file` in a child and prints how many times the columns its peak was, the file apart.
pub fn reading(format: &str, file: &Path, points: usize) {
    let what = format!("Peak memory of reading over the columns, {format}, {points} points");
    let program = env::current_exe().expect("it runs");
    let child = Command::new(program).arg(COMMAND).arg(file).output().expect("it runs again");
    let report = String::from_utf8_lossy(&child.stdout);
    let Some((peak, columns)) = report.trim().split_once(' ') else {
        return table::not_installed(what, "/proc");
    };
    let figure = |text: &str| text.parse::<f64>().expect("the child writes numbers");
    let (peak, columns) = (figure(peak), figure(columns));
    let mebibytes = format!("{:.1} MiB over {:.1} MiB", peak / 1_048_576.0, columns / 1_048_576.0);
    table::figure(what, peak / columns, "times", mebibytes, Goal::AtMost(3.0));
}

/// Reads `file` and prints the bytes that took at most, and the bytes of the columns. Prints
/// nothing where the system does not tell.
pub fn report(file: &Path) {
    let file = fs::read(file).expect("the file was written before");
    if fs::write("/proc/self/clear_refs", RESET_PEAK).is_err() {
        return;
    }
    let Some(before) = status("VmRSS:") else { return };
    let reading = track::read(&file).expect("the file is sound");
    let Some(peak) = status("VmHWM:") else { return };
    let all = reading.recordings.iter();
    let columns: usize = all.map(|recording| bytes(recording.track.columns())).sum();
    println!("{} {columns}", peak.saturating_sub(before));
}

fn status(name: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let kibibytes = status.lines().find_map(|line| line.strip_prefix(name))?;
    Some(kibibytes.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1_024)
}

fn bytes(columns: &Columns) -> usize {
    let fours = [
        &columns.lat_e7,
        &columns.lon_e7,
        &columns.elevation_dm,
        &columns.heart_rate_bpm,
        &columns.cadence_d,
        &columns.power_w,
        &columns.temperature_dc,
    ];
    fours.map(|column| size_of_val(column.as_slice())).iter().sum::<usize>()
        + size_of_val(columns.time_ms.as_slice())
}
