//! What to expect of a difference, given the one before.

/// A number is expected to differ from the one before by this many eighths of the last difference:
/// from none of it (a noisy value that stays put) to all of it (a steady speed).
const MOMENTUM_EIGHTHS: [i64; 5] = [0, 2, 4, 6, 8];
/// The same where steps of time differ: speeds carry on by this many eighths.
const SPEED_EIGHTHS: [i64; 3] = [5, 7, 8];

/// The same by the last two differences: the mean of both where they are noisy, and a curve that
/// goes on where they are smooth.
const TREND_EIGHTHS: [[i64; 2]; 3] = [[4, 4], [14, -6], [3, 2]];

/// A step of time longer than this many of the one before it is a pause, after which the speed
/// tells nothing.
const PAUSE_STEPS: i64 = 64;

/// A way to foretell a difference.
#[derive(Clone, Copy)]
pub enum Forecast {
    /// A share of the last one.
    Momentum(i64),
    /// A share of the last one, by as much longer as the step of time is.
    Speed(i64),
    /// A share of the last one and one of that before it.
    Trend([i64; 2]),
}

impl Forecast {
    /// Every way; the number of each is its place in this list.
    pub const ALL: [Self; 11] = [
        Self::Momentum(MOMENTUM_EIGHTHS[0]),
        Self::Momentum(MOMENTUM_EIGHTHS[1]),
        Self::Momentum(MOMENTUM_EIGHTHS[2]),
        Self::Momentum(MOMENTUM_EIGHTHS[3]),
        Self::Momentum(MOMENTUM_EIGHTHS[4]),
        Self::Speed(SPEED_EIGHTHS[0]),
        Self::Speed(SPEED_EIGHTHS[1]),
        Self::Speed(SPEED_EIGHTHS[2]),
        Self::Trend(TREND_EIGHTHS[0]),
        Self::Trend(TREND_EIGHTHS[1]),
        Self::Trend(TREND_EIGHTHS[2]),
    ];
}

/// The difference to expect after `before`, of which `eighths` go on.
#[inline]
pub fn by_momentum(before: i64, eighths: i64) -> i64 {
    if eighths == 8 { before } else { before.wrapping_mul(eighths) >> 3 }
}

/// The difference to expect after `before`, which took `steps[0]` of time, within `steps[1]`, if
/// `eighths` of the speed go on.
#[inline]
pub fn by_speed(before: i64, steps: [i64; 2], eighths: i64) -> i64 {
    let [last, next] = steps;
    if last == next {
        return by_momentum(before, eighths);
    }
    if last <= 0 || next <= 0 || next / last > PAUSE_STEPS {
        return 0;
    }
    by_momentum(before.wrapping_mul(next) / last, eighths)
}

/// The difference to expect after the last one and the one before it.
#[inline]
pub fn by_trend([last, before]: [i64; 2], eighths: [i64; 2]) -> i64 {
    last.wrapping_mul(eighths[0]).wrapping_add(before.wrapping_mul(eighths[1])) >> 3
}
