//! Our figures beside those that the projects a file comes from state in their tests.

use std::path::Path;

use chrono::DateTime;
use opentracks::track::measure::{Summary, sensors};

use crate::manifest::{Stated, stated};
use crate::table::float;
use crate::tried::{Outcome, Tried};

/// Figures this close are the same.
const SAME_PERCENT: f64 = 1.0;

/// Why figures of some kinds are others, or none.
const DIFFERENCES: [(&str, &str); 8] = [
    ("ascent_m", "the device's own, with what it climbed without a position"),
    ("calories", "not read: a device's guess"),
    ("distance_km", "the device's own, with its way without a position"),
    ("duration_s", "with the time without a position"),
    ("max_speed_mps", "told at a point or of one step; ours is a running median of steps"),
    ("points", "theirs counts what has no position: a device's messages, marks of a pause"),
    ("raw_ascent_m", "a plain sum, noise and all; ours is ascent_m"),
    ("raw_descent_m", "a plain sum, noise and all; ours is descent_m"),
];

/// Prints, for each kind of figure, how many of ours are as stated, and the others.
pub fn table(corpus: &Path, tried: &[&Tried]) {
    let stated = stated(corpus);
    let mut metrics: Vec<&str> = stated.iter().map(|one| one.metric.as_str()).collect();
    metrics.sort_unstable();
    metrics.dedup();
    println!(
        "\n| stated by the files' projects | files | within {SAME_PERCENT} % | others | why |"
    );
    println!("| --- | --- | --- | --- | --- |");
    for metric in metrics {
        let of_kind: Vec<_> = stated.iter().filter(|one| one.metric == metric).collect();
        let others: Vec<_> = of_kind.iter().filter_map(|one| other(one, tried)).collect();
        let why = DIFFERENCES.iter().find(|(kind, _)| *kind == metric && !others.is_empty());
        let (same, why) = (of_kind.len() - others.len(), why.map_or("", |(_, why)| why));
        println!("| {metric} | {} | {same} | {} | {why} |", of_kind.len(), others.join("; "));
    }
}

/// Our figure and the stated one, where they are not the same.
fn other(stated: &Stated, tried: &[&Tried]) -> Option<String> {
    let tried = tried.iter().find(|tried| tried.entry.path == stated.path);
    let ours = tried.and_then(|tried| figure(&stated.metric, tried.outcome.as_ref()?));
    if ours.zip(number(&stated.value)).is_some_and(|(ours, theirs)| is_same(ours, theirs)) {
        return None;
    }
    let ours = ours.map_or("none".to_owned(), |ours| format!("{ours:.2}"));
    Some(format!("{ours}, {} in `{}`", stated.value, stated.path))
}

fn is_same(ours: f64, theirs: f64) -> bool {
    (ours - theirs).abs() <= theirs.abs() * SAME_PERCENT / 100.0
}

/// A number, or an instant in seconds since 1970.
fn number(value: &str) -> Option<f64> {
    let instant =
        || DateTime::parse_from_rfc3339(value).ok().map(|time| seconds(time.timestamp_millis()));
    value.parse().ok().or_else(instant)
}

/// Our figure of the kind; `None` for kinds that we do not measure.
fn figure(metric: &str, outcome: &Outcome) -> Option<f64> {
    let times = || outcome.recordings.iter().flat_map(|one| &one.track.columns().time_ms);
    match metric {
        "points" | "route_points" => Some(float(outcome.points)),
        "tracks" => Some(float(outcome.recordings.len())),
        "segments" => Some(float(outcome.parts())),
        "distance_m" => outcome.sum(|one| Some(one.distance_m)),
        "distance_km" => outcome.sum(|one| Some(one.distance_m / 1_000.0)),
        "duration_s" => outcome.sum(|one| one.elapsed_s),
        "moving_s" => outcome.sum(|one| one.moving_s),
        "ascent_m" | "uphill_m" => outcome.sum(|one| one.ascent_m).or(Some(0.0)),
        "descent_m" | "downhill_m" => outcome.sum(|one| one.descent_m).or(Some(0.0)),
        "ele_min" => outcome.sum(|one| one.elevation_min_m),
        "ele_max" => outcome.sum(|one| one.elevation_max_m),
        "max_speed_mps" => outcome.sum(|one| one.speed_max_mps),
        "hr_min" => heart_rate(outcome).map(|rate| rate.min),
        "hr_avg" | "avg_hr" => heart_rate(outcome).map(|rate| rate.avg),
        "hr_max" => heart_rate(outcome).map(|rate| rate.max),
        "start" => times().min().map(|time_ms| seconds(*time_ms)),
        "end" => times().max().map(|time_ms| seconds(*time_ms)),
        _ => None,
    }
}

fn heart_rate(outcome: &Outcome) -> Option<Summary> {
    sensors(outcome.recordings.first()?.track.columns()).heart_rate_bpm
}

#[expect(clippy::cast_precision_loss, reason = "an instant of these years fits")]
fn seconds(time_ms: i64) -> f64 {
    time_ms as f64 / 1e3
}
