//! Running a program as a child, and what that took.

use std::env;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;

use crate::MEASURE;

/// A program that draws the file.
pub struct Side {
    /// What it is called.
    pub name: &'static str,
    /// With its arguments.
    pub command: Vec<String>,
    /// Where it writes.
    pub folder: PathBuf,
}

/// What a run took.
#[derive(Clone, Copy)]
pub struct Cost {
    /// Of the program and those that it started, in milliseconds.
    pub processor_ms: f64,
    /// From its start to its end, in milliseconds.
    pub wall_ms: f64,
    /// The most memory that one of them held, in MiB.
    pub peak_mib: f64,
}

/// Runs all sides in turns, once without counting, and tells the median of each; `None` for one that is
/// not installed.
pub fn in_turns(sides: &[Side], rounds: usize) -> Vec<Option<Cost>> {
    let mut costs: Vec<Vec<Cost>> = sides.iter().map(|_| Vec::new()).collect();
    for round in 0..=rounds {
        for (side, costs) in sides.iter().zip(&mut costs) {
            if let Some(cost) = measure(side).filter(|_| 0 < round) {
                costs.push(cost);
            }
        }
    }
    let median = |costs: &[Cost], part: fn(&Cost) -> f64| {
        let mut parts: Vec<f64> = costs.iter().map(part).collect();
        parts.sort_by(f64::total_cmp);
        parts[parts.len() / 2]
    };
    costs
        .iter()
        .map(|costs| {
            (!costs.is_empty()).then(|| Cost {
                processor_ms: median(costs, |cost| cost.processor_ms),
                wall_ms: median(costs, |cost| cost.wall_ms),
                peak_mib: median(costs, |cost| cost.peak_mib),
            })
        })
        .collect()
}

/// In a child that has no other children: what those took is added up.
fn measure(side: &Side) -> Option<Cost> {
    let this = env::current_exe().expect("it runs");
    let report =
        Command::new(this).arg(MEASURE).args(&side.command).output().expect("it runs again");
    let report = String::from_utf8_lossy(&report.stdout);
    let mut figures = report.split_whitespace().filter_map(|figure| figure.parse().ok());
    let (processor_ms, wall_ms, peak_mib) = (figures.next()?, figures.next()?, figures.next()?);
    Some(Cost { processor_ms, wall_ms, peak_mib })
}

/// Runs a program and prints what it took; prints nothing when it fails.
pub fn report(command: &[&str]) {
    let [program, arguments @ ..] = command else { return };
    let begin = Instant::now();
    let status = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let wall_ms = begin.elapsed().as_secs_f64() * 1e3;
    if !status.is_ok_and(|status| status.success()) {
        return;
    }
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("the system tells");
    let processor_ms = milliseconds(usage.user_time()) + milliseconds(usage.system_time());
    #[allow(clippy::cast_precision_loss, reason = "kibibytes of memory")]
    let peak_mib = usage.max_rss() as f64 / 1_024.0;
    println!("{processor_ms} {wall_ms} {peak_mib}");
}

#[allow(clippy::cast_precision_loss, reason = "seconds of a benchmark")]
fn milliseconds(time: TimeVal) -> f64 {
    time.tv_sec() as f64 * 1e3 + time.tv_usec() as f64 / 1e3
}

/// What `ImageMagick` is called here: by its own name since version 7.
pub fn image_magick() -> &'static str {
    let runs = |name: &&&str| {
        Command::new(name).arg("-version").output().is_ok_and(|output| output.status.success())
    };
    ["magick", "convert-im6.q16", "convert"].iter().find(runs).copied().unwrap_or("magick")
}
