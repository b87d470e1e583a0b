//! Two sides timed in turns, in seconds of processor time: what else the machine does counts little.

use std::hint::black_box;
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;

/// A pair is timed again until this time has passed.
const PATIENCE: Duration = Duration::from_millis(1_500);
const ROUNDS_MIN: usize = 3;
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

/// How long `work` takes this program, without taking down what it made.
pub fn seconds<A>(mut work: impl FnMut() -> A) -> f64 {
    let begin_s = processor_s(UsageWho::RUSAGE_SELF);
    let made = black_box(work());
    let end_s = processor_s(UsageWho::RUSAGE_SELF);
    drop(made);
    // The system counts in microseconds.
    (end_s - begin_s).max(1e-6)
}

/// How long the children take that `work` starts and waits for.
pub fn seconds_of_children(work: impl FnOnce()) -> f64 {
    let begin_s = processor_s(UsageWho::RUSAGE_CHILDREN);
    work();
    processor_s(UsageWho::RUSAGE_CHILDREN) - begin_s
}

/// The processor time used so far.
fn processor_s(who: UsageWho) -> f64 {
    let usage = getrusage(who).expect("the system knows what was used");
    let seconds = |time: TimeVal| {
        Duration::new(whole(time.tv_sec()), 0) + Duration::from_micros(whole(time.tv_usec()))
    };
    (seconds(usage.user_time()) + seconds(usage.system_time())).as_secs_f64()
}

fn whole(count: i64) -> u64 {
    u64::try_from(count).expect("time used is not negative")
}

/// The middle of some figures, or not a number if there are none.
pub fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    let upper = figures.get(figures.len() / 2);
    let lower = figures.get(figures.len().saturating_sub(1) / 2);
    lower.zip(upper).map_or(f64::NAN, |(lower, upper)| f64::midpoint(*lower, *upper))
}
