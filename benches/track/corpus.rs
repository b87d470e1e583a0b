//! How the pipeline does on real files, beside what is known about them.

use std::path::Path;

use crate::manifest::{Entry, entries};
use crate::table::float;
use crate::timing::median;
use crate::tried::{ENCODED_POINTS_MIN, Outcome, Tried};
use crate::{expected, lengths};

const FORMATS: [&str; 6] = ["gpx", "fit", "tcx", "kml", "geojson", "bad"];
/// Files made of others, which would count twice.
const DERIVED: &str = "DERIVED/";
/// Devices round shorter distances too coarsely to compare.
const DEVICE_METRES_MIN: f64 = 1_000.0;
/// Devices store ascents in whole metres: below this, too coarsely to compare.
const DEVICE_ASCENT_MIN_M: f64 = 10.0;
/// A device whose way differs by more has recorded more than positions, or measured another way.
const SAME_WAY_PERCENT: f64 = 5.0;

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
    print_flat(&sound);
    lengths::table(&sound);
    expected::table(corpus, &sound);
    let real = sound.iter().filter(|tried| !tried.entry.path.contains(DERIVED));
    let outcomes = real.filter_map(|tried| tried.outcome.as_ref());
    let encoded: Vec<(usize, usize)> =
        outcomes.flat_map(|outcome| outcome.encoded.iter().copied()).collect();
    let bytes: usize = encoded.iter().map(|track| track.0).sum();
    let points: usize = encoded.iter().map(|track| track.1).sum();
    let each = encoded.iter().map(|track| float(track.0) / float(track.1)).sum::<f64>();
    println!(
        "\nStored: {:.2} bytes a point over all points, {:.2} on average over the {} real tracks of {ENCODED_POINTS_MIN} points or more.",
        float(bytes) / float(points),
        each / float(encoded.len()),
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
    compare("length, cleaned", "the device's own", [1.0, 2.0], |entry, outcome| {
        let theirs_m =
            entry.value("file_distance_m").filter(|theirs_m| DEVICE_METRES_MIN < *theirs_m)?;
        let ours_m = outcome.sum(|statistics| Some(statistics.distance_m))?;
        (0.0 < ours_m).then_some((ours_m, theirs_m))
    });
    compare("moving time", "steps from 0.5 m/s", [1.0, 5.0], |entry, outcome| {
        Some((outcome.sum(|statistics| statistics.moving_s)?, entry.value("moving_0p5ms_s")?))
    });
    compare("moving time", "the device's own", [1.0, 5.0], |entry, outcome| {
        let ours_s = outcome.sum(|statistics| statistics.moving_s)?;
        is_same_way(entry, outcome).then_some((ours_s, entry.value("file_moving_s")?))
    });
    compare("moving time", "the device's timer, rests included", [1.0, 5.0], |entry, outcome| {
        let ours_s = outcome.sum(|statistics| statistics.moving_s)?;
        is_same_way(entry, outcome).then_some((ours_s, entry.value("file_timer_s")?))
    });
    compare("ascent", "the device's own", [10.0, 20.0], ascents);
    let what = "ascent, the device's from 10 m on and its way within 5 % of ours";
    compare(what, "the device's own", [10.0, 20.0], |entry, outcome| {
        let coarse = entry.value("file_ascent_m")? < DEVICE_ASCENT_MIN_M;
        ascents(entry, outcome).filter(|_| !coarse && is_same_way(entry, outcome))
    });
}

fn ascents(entry: &Entry, outcome: &Outcome) -> Option<(f64, f64)> {
    Some((outcome.sum(|statistics| statistics.ascent_m)?, entry.value("file_ascent_m")?))
}

/// Whether the device's figures are of the way that its positions tell, where it tells a length.
fn is_same_way(entry: &Entry, outcome: &Outcome) -> bool {
    let ours_m = outcome.sum(|statistics| Some(statistics.distance_m)).unwrap_or(0.0);
    let off = |theirs_m: f64| (ours_m / theirs_m - 1.0).abs() * 100.0;
    entry.value("file_distance_m").is_none_or(|theirs_m| off(theirs_m) <= SAME_WAY_PERCENT)
}

/// What we make of what devices found flat.
fn print_flat(tried: &[&Tried]) {
    let flat = tried.iter().filter(|tried| tried.entry.is_zero("file_ascent_m"));
    let ours = flat.filter_map(|tried| tried.outcome.as_ref()?.sum(|one| one.ascent_m));
    let ours: Vec<String> = ours.map(|metres| format!("{metres:.1} m")).collect();
    println!("\nAscent where the device has none: {}.", ours.join(", "));
}

/// A row: how many ratios, their median, how many are within so many percent of 1, the worst. None
/// without a ratio.
fn print_ratios(what: &str, beside: &str, within_percent: [f64; 2], ratios: &[(f64, &str)]) {
    if ratios.is_empty() {
        return;
    }
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
