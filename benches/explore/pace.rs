//! How fast questions are answered.

use std::fmt;
use std::future::Future;
use std::time::{Duration, Instant};

/// No question is asked for longer than this, however slow its answers are.
const IN_TURN_MAX: Duration = Duration::from_secs(10);

/// Sorted, in milliseconds.
pub struct Latencies(Vec<f64>);

impl Latencies {
    pub fn of(mut each_ms: Vec<f64>) -> Self {
        each_ms.sort_by(f64::total_cmp);
        Self(each_ms)
    }

    fn at(&self, percent: usize) -> f64 {
        self.0[(self.0.len() * percent / 100).min(self.0.len() - 1)]
    }
}

impl fmt::Display for Latencies {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:.2} | {:.2}", self.at(50), self.at(99))
    }
}

/// One after the other; the first tenth does not count.
pub async fn in_turn<F: Future<Output = ()>>(times: usize, ask: impl Fn(usize) -> F) -> Latencies {
    let (mut each_ms, began) = (Vec::new(), Instant::now());
    for turn in 0..times + times / 10 {
        let started = Instant::now();
        ask(turn).await;
        if times / 10 <= turn {
            each_ms.push(started.elapsed().as_secs_f64() * 1_000.0);
            if IN_TURN_MAX < began.elapsed() {
                break;
            }
        }
    }
    Latencies::of(each_ms)
}

/// Of those that were measured in turns, those of the turn whose 99th percentile is the middle one.
pub fn middle(mut turns: Vec<Latencies>) -> Latencies {
    turns.sort_by(|one, other| one.at(99).total_cmp(&other.at(99)));
    turns.swap_remove(turns.len() / 2)
}
