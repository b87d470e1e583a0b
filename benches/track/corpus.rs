//! How the pipeline does on real files, beside what is known about them.

use std::fs;
use std::path::Path;

use opentracks::track::encode::encode_exact;
use opentracks::track::{self, Reading, Recording, Statistics};

use crate::manifest::{Entry, entries};
use crate::table::float;
use crate::timing::median;

/// 2026-01-01T00:00:00Z.
const NOW_MS: i64 = 1_767_225_600_000;
const FORMATS: [&str; 6] = ["gpx", "fit", "tcx", "kml", "geojson", "bad"];
/// Shorter tracks are mostly overhead.
const ENCODED_POINTS_MIN: usize = 200;
/// Devices round shorter distances too coarsely to compare.
const DEVICE_METRES_MIN: f64 = 1_000.0;

/// What became of a file, and what is known about it.
struct Tried {
    entry: Entry,
    outcome: Option<Outcome>,
}

/// What was read of a file.
struct Outcome {
    flawed: bool,
    /// Length of what was read, before anything was cleaned.
    read_m: f64,
    /// Points of what was read.
    points: usize,
    cleaned: Vec<Statistics>,
    /// Bytes a point of each track that is long enough.
    encoded: Vec<f64>,
}

/// Prints what was read, and how exact the numbers are.
pub fn tables(corpus: &Path) {
    let known = FORMATS.map(|format| {
        let of_format = entries(corpus).into_iter().filter(|entry| entry.format == format);
        of_format.map(|entry| Tried::new(corpus, entry)).collect::<Vec<_>>()
    });
    println!(
        "| format | files | read | read with flaws | refused | refused, though points are known |"
    );
    println!("| --- | --- | --- | --- | --- | --- |");
    for (format, tried) in FORMATS.iter().zip(&known) {
        print_outcomes(format, tried);
    }
    let sound: Vec<&Tried> = known[..FORMATS.len() - 1].iter().flatten().collect();
    println!(
        "\n| figure of ours | beside | files | median ratio | within | within | furthest off |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    print_accuracy(&sound);
    let encoded: Vec<f64> = sound
        .iter()
        .filter_map(|tried| tried.outcome.as_ref())
        .flat_map(|o| o.encoded.clone())
        .collect();
    let mean = encoded.iter().sum::<f64>() / float(encoded.len());
    println!(
        "\nStored: {mean:.2} bytes a point on average over {} tracks of {ENCODED_POINTS_MIN} points or more.",
        encoded.len()
    );
}

fn print_outcomes(format: &str, tried: &[Tried]) {
    let count = |is: fn(&Tried) -> bool| tried.iter().filter(|tried| is(tried)).count();
    let read = count(|tried| tried.outcome.as_ref().is_some_and(|outcome| !outcome.flawed));
    let flawed = count(|tried| tried.outcome.as_ref().is_some_and(|outcome| outcome.flawed));
    let refused = count(|tried| tried.outcome.is_none());
    let wrongly: Vec<_> = tried
        .iter()
        .filter(|tried| tried.outcome.is_none() && tried.entry.value("points").is_some())
        .map(|tried| format!("`{}`", tried.entry.path))
        .collect();
    let wrongly = if wrongly.is_empty() { "–".to_owned() } else { wrongly.join(", ") };
    println!("| {format} | {} | {read} | {flawed} | {refused} | {wrongly} |", tried.len());
}

fn print_accuracy(tried: &[&Tried]) {
    let compare = |what, beside, within, pick: fn(&Entry, &Outcome) -> Option<(f64, f64)>| {
        let ratios = tried.iter().filter_map(|tried| {
            let (ours, theirs) = pick(&tried.entry, tried.outcome.as_ref()?)?;
            Some((ours / theirs, tried.entry.path.as_str()))
        });
        print_ratios(what, beside, within, &ratios.collect::<Vec<_>>());
    };
    compare("length, as read", "geodesic (GeographicLib)", [0.01, 1.0], |entry, outcome| {
        let theirs_m = entry.value("len_geod_m")?;
        let joined_m = theirs_m + entry.value("len_gaps_geod_m").unwrap_or(0.0);
        let counted = entry.value("points") == Some(float(outcome.points));
        let off_m = |metres: f64| (metres - outcome.read_m).abs();
        let theirs_m = if off_m(joined_m) < off_m(theirs_m) { joined_m } else { theirs_m };
        counted.then_some((outcome.read_m, theirs_m))
    });
    compare("length, cleaned", "the device's own", [1.0, 2.0], |entry, outcome| {
        let theirs_m =
            entry.value("file_distance_m").filter(|theirs_m| DEVICE_METRES_MIN < *theirs_m)?;
        let ours_m = outcome.sum(|statistics| Some(statistics.distance_m))?;
        (0.0 < ours_m).then_some((ours_m, theirs_m))
    });
    compare("moving time", "steps from 0.5 m/s", [1.0, 5.0], |entry, outcome| {
        Some((outcome.sum(|statistics| statistics.moving_s)?, entry.value("moving_0p5ms_s")?))
    });
    compare("moving time", "the device's own, or its timer", [1.0, 5.0], |entry, outcome| {
        let theirs_s = entry.value("file_moving_s").or(entry.value("file_timer_s"))?;
        Some((outcome.sum(|statistics| statistics.moving_s)?, theirs_s))
    });
    compare("ascent", "the device's own", [10.0, 20.0], |entry, outcome| {
        Some((outcome.sum(|statistics| statistics.ascent_m)?, entry.value("file_ascent_m")?))
    });
}

/// A row: how many ratios, their median, how many are within so many percent of 1, the worst.
fn print_ratios(what: &str, beside: &str, within_percent: [f64; 2], ratios: &[(f64, &str)]) {
    let middle = median(ratios.iter().map(|(ratio, _)| *ratio));
    let off_percent = |ratio: f64| (ratio - 1.0).abs() * 100.0;
    let within = within_percent.map(|percent| {
        let near = ratios.iter().filter(|(ratio, _)| off_percent(*ratio) <= percent).count();
        format!("{near} within {percent} %")
    });
    let worst = ratios.iter().max_by(|a, b| off_percent(a.0).total_cmp(&off_percent(b.0)));
    let worst = worst.map_or("–".to_owned(), |(ratio, path)| format!("{ratio:.4} in `{path}`"));
    println!(
        "| {what} | {beside} | {} | {middle:.4} | {} | {} | {worst} |",
        ratios.len(),
        within[0],
        within[1]
    );
}

impl Tried {
    fn new(corpus: &Path, entry: Entry) -> Self {
        let file = fs::read(corpus.join(&entry.path)).expect("the manifest names files");
        let outcome = track::read(&file).ok().map(Outcome::new);
        Self { entry, outcome }
    }
}

impl Outcome {
    fn new(reading: Reading) -> Self {
        let all = &reading.recordings;
        let read_m = all.iter().map(|one| track::measure(one.track.columns()).distance_m).sum();
        let points = all.iter().map(|one| one.track.columns().len()).sum();
        let mut flawed = !reading.flaws.is_empty();
        let clean = |recording| track::clean(recording, NOW_MS);
        let cleaned: Vec<Recording> = reading.recordings.into_iter().filter_map(clean).collect();
        flawed |= cleaned.iter().any(|recording| !recording.flaws.is_empty());
        let encoded = cleaned.iter().filter_map(bytes_each).collect();
        let cleaned = cleaned.iter().map(|one| track::measure(one.track.columns())).collect();
        Self { flawed, read_m, points, cleaned, encoded }
    }

    /// A figure over all recordings that have it.
    fn sum(&self, figure: fn(&Statistics) -> Option<f64>) -> Option<f64> {
        self.cleaned.iter().filter_map(figure).reduce(|sum, next| sum + next)
    }
}

fn bytes_each(recording: &Recording) -> Option<f64> {
    let points = recording.track.columns().len();
    let encoded = || float(encode_exact(&recording.track).len()) / float(points);
    (ENCODED_POINTS_MIN <= points).then(encoded)
}
