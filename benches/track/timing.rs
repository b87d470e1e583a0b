//! Two sides timed in turns, so that what else the machine does falls on both.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// A pair is timed again until this time has passed.
const PATIENCE: Duration = Duration::from_millis(2_500);
const ROUNDS_MIN: usize = 5;
const ROUNDS_MAX: usize = 51;

/// What came out of timing two sides.
pub struct Pair {
    /// The median of ours, in seconds.
    pub ours_s: f64,
    /// The median of theirs, in seconds.
    pub theirs_s: f64,
    /// How many times as long theirs takes: the median over the rounds.
    pub ratio: f64,
}

/// Times two sides in turns, after one round that does not count.
pub fn pair<A, B>(mut ours: impl FnMut() -> A, mut theirs: impl FnMut() -> B) -> Pair {
    rounds(ROUNDS_MIN, || (seconds(&mut ours), seconds(&mut theirs)))
}

/// Collects rounds, each the seconds of our side and of theirs, after one that does not count.
pub fn rounds(rounds_min: usize, mut round: impl FnMut() -> (f64, f64)) -> Pair {
    round();
    let begin = Instant::now();
    let mut rounds = Vec::new();
    while rounds.len() < rounds_min || begin.elapsed() < PATIENCE && rounds.len() < ROUNDS_MAX {
        rounds.push(round());
    }
    Pair {
        ours_s: median(rounds.iter().map(|round| round.0)),
        theirs_s: median(rounds.iter().map(|round| round.1)),
        ratio: median(rounds.iter().map(|round| round.1 / round.0)),
    }
}

/// The median time of one side, in seconds.
pub fn alone<A>(mut ours: impl FnMut() -> A) -> f64 {
    rounds(ROUNDS_MIN, || (seconds(&mut ours), 1.0)).ours_s
}

/// How long `work` takes, without taking down what it made.
pub fn seconds<A>(mut work: impl FnMut() -> A) -> f64 {
    let begin = Instant::now();
    let made = black_box(work());
    let seconds = begin.elapsed().as_secs_f64();
    drop(made);
    seconds
}

/// The middle of some figures, or not a number if there are none.
pub fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    let upper = figures.get(figures.len() / 2);
    let lower = figures.get(figures.len().saturating_sub(1) / 2);
    lower.zip(upper).map_or(f64::NAN, |(lower, upper)| f64::midpoint(*lower, *upper))
}
