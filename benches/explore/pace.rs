//! How fast questions are answered: in turn, or at a pace that waits for no answer.

use std::fmt;
use std::future::Future;
use std::thread;
use std::time::{Duration, Instant};

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::mpsc;

/// No question is asked for longer than this, however slow its answers are.
const IN_TURN_MAX: Duration = Duration::from_secs(10);

/// Sorted, in milliseconds.
pub struct Latencies(Vec<f64>);

impl Latencies {
    fn of(mut each_ms: Vec<f64>) -> Self {
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

/// `a_second` questions, whether or not those before are answered. Waiting counts: each is timed from
/// when it was due. The first tenth does not count: connections are opened then.
pub async fn at<F: Future<Output = ()>>(
    a_second: f64,
    times: usize,
    ask: impl Fn(usize) -> F,
) -> Latencies {
    let unheeded = times / 10;
    let mut due = ticks(Duration::from_secs_f64(1.0 / a_second), times.saturating_add(unheeded));
    let (mut asked, mut each_ms, mut turn) = (FuturesUnordered::new(), Vec::new(), 0);
    loop {
        tokio::select! {
            Some(when) = due.recv() => {
                let (answer, counts) = (ask(turn), unheeded <= turn);
                asked.push(async move {
                    answer.await;
                    counts.then(|| when.elapsed().as_secs_f64() * 1_000.0)
                });
                turn += 1;
            }
            Some(ms) = asked.next() => each_ms.extend(ms),
            else => break,
        }
    }
    Latencies::of(each_ms)
}

/// When each of `times` questions is due. A thread tells it: timers of the runtime are a millisecond late,
/// as long as an answer takes.
fn ticks(every: Duration, times: usize) -> mpsc::UnboundedReceiver<Instant> {
    let (tell, told) = mpsc::unbounded_channel();
    thread::spawn(move || {
        let mut due = Instant::now();
        for _ in 0..times {
            due += every;
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if tell.send(due).is_err() {
                return;
            }
        }
    });
    told
}
