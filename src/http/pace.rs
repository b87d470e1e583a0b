//! How long a client is waited for that sends or takes bytes.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep};

/// How fast a client must send, and take its answer.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How long the head of the first request of a connection may take to come. Those after it come like a body.
    pub head_max: Duration,
    /// How long any pace will do for a body or an answer.
    pub grace: Duration,
    /// After it, at least so many bytes a second.
    pub bytes_per_s_min: u32,
}

impl Default for Pace {
    /// Five seconds for a head. Ten for a body, then 2 KiB a second: less than an EDGE line of 2003 gives.
    fn default() -> Self {
        Self {
            head_max: Duration::from_secs(5),
            grace: Duration::from_secs(10),
            bytes_per_s_min: 2_048,
        }
    }
}

/// For how many times the grace bytes that came fast are a credit: a minute by default. Without an end to that, who
/// sends much at once could take hours for the rest, and hold it all meanwhile.
const CREDIT_GRACES: u32 = 6;

/// What is left of the time that a client has. Each byte that moves earns some.
pub struct Patience {
    pace: Pace,
    /// How long nothing may move.
    silence: Duration,
    /// Until when they have earned.
    earned: Instant,
    deadline: Instant,
    /// Only once somebody waits: most bodies and answers are there before.
    alarm: Option<Pin<Box<Sleep>>>,
}

impl Patience {
    /// With somebody who sends.
    pub fn with_sender(pace: Pace) -> Self {
        Self::begin(pace, pace.grace)
    }

    /// With somebody who takes. What lies between them and us takes their bytes in portions, and slow ones in
    /// few, so they may be silent for longer.
    pub fn with_taker(pace: Pace) -> Self {
        Self::begin(pace, pace.grace * CREDIT_GRACES)
    }

    fn begin(pace: Pace, silence: Duration) -> Self {
        let earned = Instant::now() + silence;
        Self { pace, silence, earned, deadline: earned, alarm: None }
    }

    /// That these many bytes moved.
    pub fn moved(&mut self, bytes: usize) {
        let now = Instant::now();
        self.earned = earned(self.pace, self.earned, now, bytes);
        // What moved fast is no licence to fall silent.
        self.deadline = self.earned.min(now + self.silence);
    }

    /// That nobody waited for them for so long.
    pub fn paused(&mut self, pause: Duration) {
        self.earned += pause;
        self.deadline = self.earned.min(Instant::now() + self.silence);
    }

    /// Ready when it has come to its end.
    pub fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let deadline = self.deadline;
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        if alarm.deadline() != deadline {
            alarm.as_mut().reset(deadline);
        }
        alarm.as_mut().poll(context)
    }
}

/// Until when somebody has time who had it until `before`, when so many bytes moved.
fn earned(pace: Pace, before: Instant, now: Instant, bytes: usize) -> Instant {
    let nanoseconds = (bytes as u64).saturating_mul(1_000_000_000);
    let more = Duration::from_nanos(nanoseconds / u64::from(pace.bytes_per_s_min));
    (before + more).min(now + pace.grace * CREDIT_GRACES)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: Pace = Pace {
        head_max: Duration::from_secs(5),
        grace: Duration::from_secs(10),
        bytes_per_s_min: 2_048,
    };

    #[test]
    fn a_steady_client_never_runs_out_of_time() {
        let start = Instant::now();
        let mut until = start + PACE.grace;
        for seconds in 1..100_000 {
            let now = start + Duration::from_secs(seconds);
            assert!(now < until, "{seconds}");
            until = earned(PACE, until, now, 2_048);
        }
    }

    #[test]
    fn what_came_fast_is_a_credit_of_a_minute() {
        let start = Instant::now();
        let until = earned(PACE, start + PACE.grace, start, 63 * 1024 * 1024);
        assert_eq!(until, start + Duration::from_mins(1));
        // A byte now and then earns next to nothing.
        let mut late = until;
        for seconds in 1..6 {
            late = earned(PACE, late, start + Duration::from_secs(10 * seconds), 1);
        }
        assert!(late < until + Duration::from_secs(1));
    }
}
