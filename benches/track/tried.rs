//! The files of a corpus, tried: read, cleaned, measured and stored.

use std::fs;
use std::path::Path;

use opentracks::track::encode::encode_exact;
use opentracks::track::measure::Ruler;
use opentracks::track::{self, Columns, Reading, Recording, Statistics};

use crate::manifest::Entry;

/// 2026-01-01T00:00:00Z.
const NOW_MS: i64 = 1_767_225_600_000;
/// Shorter tracks are mostly overhead.
pub const ENCODED_POINTS_MIN: usize = 200;

/// What became of a file, and what is known about it.
pub struct Tried {
    pub entry: Entry,
    /// `None` where it was refused.
    pub outcome: Option<Outcome>,
}

/// What was read of a file.
pub struct Outcome {
    pub flawed: bool,
    /// Length of what was read, before anything was cleaned.
    pub read_m: f64,
    /// The same with the ways from part to part.
    pub joined_m: f64,
    /// The ways from recording to recording.
    pub legs_m: f64,
    /// Points of what was read.
    pub points: usize,
    /// What was read, cleaned.
    pub recordings: Vec<Recording>,
    /// Its figures.
    pub cleaned: Vec<Statistics>,
    /// Bytes and points of each track that is long enough.
    pub encoded: Vec<(usize, usize)>,
}

impl Tried {
    pub fn new(corpus: &Path, entry: Entry) -> Self {
        let file = fs::read(corpus.join(&entry.path)).expect("the manifest names files");
        let outcome = track::read(&file).ok().map(Outcome::new);
        Self { entry, outcome }
    }
}

impl Outcome {
    fn new(reading: Reading) -> Self {
        let all = || reading.recordings.iter().map(|one| one.track.columns());
        let read_m = all().map(|columns| track::measure(columns).distance_m).sum();
        let joined_m = read_m + all().map(gaps_m).sum::<f64>();
        let legs_m = legs_m(&all().collect::<Vec<_>>());
        let points = all().map(Columns::len).sum();
        let mut flawed = !reading.flaws.is_empty();
        let clean = |recording| track::clean(recording, NOW_MS);
        let recordings: Vec<_> = reading.recordings.into_iter().filter_map(clean).collect();
        flawed |= recordings.iter().any(|recording| !recording.flaws.is_empty());
        let encoded = recordings.iter().filter_map(bytes_and_points).collect();
        let cleaned = recordings.iter().map(|one| track::measure(one.track.columns())).collect();
        Self { flawed, read_m, joined_m, legs_m, points, recordings, cleaned, encoded }
    }

    /// A figure over all recordings that have it.
    pub fn sum(&self, figure: fn(&Statistics) -> Option<f64>) -> Option<f64> {
        self.cleaned.iter().filter_map(figure).reduce(|sum, next| sum + next)
    }

    /// The parts of all recordings.
    pub fn parts(&self) -> usize {
        self.recordings.iter().map(|one| one.track.columns().part_ends.len()).sum()
    }
}

/// The ways from the end of each part to the start of the next.
fn gaps_m(columns: &Columns) -> f64 {
    let starts = columns.parts().skip(1).map(|part| part.start);
    starts.map(|start| way_m(place(columns, start - 1), place(columns, start))).sum()
}

/// The ways from the end of each recording to the start of the next.
fn legs_m(legs: &[&Columns]) -> f64 {
    let ways_m = legs.windows(2).map(|pair| {
        let end = pair[0].len().saturating_sub(1);
        way_m(place(pair[0], end), place(pair[1], 0))
    });
    ways_m.sum()
}

fn place(columns: &Columns, index: usize) -> (i32, i32) {
    (columns.lat_e7[index], columns.lon_e7[index])
}

fn way_m(from_e7: (i32, i32), to_e7: (i32, i32)) -> f64 {
    Ruler::new().distance_m(from_e7, to_e7)
}

fn bytes_and_points(recording: &Recording) -> Option<(usize, usize)> {
    let points = recording.track.columns().len();
    let encoded = || (encode_exact(&recording.track).len(), points);
    (ENCODED_POINTS_MIN <= points).then(encoded)
}
