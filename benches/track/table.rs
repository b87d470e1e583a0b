//! The table that is printed, row by row.

use std::fmt::Display;

use crate::timing::Pair;

/// What a figure is to be.
#[derive(Clone, Copy)]
pub enum Goal {
    /// This or more.
    AtLeast(f64),
    /// This or less.
    AtMost(f64),
    /// Nobody set one.
    None,
}

impl Goal {
    fn beside(self, figure: f64) -> String {
        let (sign, goal, met) = match self {
            Self::AtLeast(goal) => ("≥", goal, goal <= figure),
            Self::AtMost(goal) => ("≤", goal, figure <= goal),
            Self::None => return "–".to_owned(),
        };
        format!("{sign} {goal} {}", if met { "✓" } else { "✗" })
    }
}

/// Prints the head.
pub fn head() {
    println!("| what | ours | alternative | ratio | goal |");
    println!("| --- | --- | --- | --- | --- |");
}

/// Prints how the two sides of `pair` did on `points` points; the goal is for the ratio.
pub fn compared(what: impl Display, alternative: &str, points: usize, pair: &Pair, goal: Goal) {
    let theirs = format!("{alternative}: {}", rate(points, pair.theirs_s));
    row(
        what,
        rate(points, pair.ours_s),
        theirs,
        format!("{:.2}", pair.ratio),
        goal.beside(pair.ratio),
    );
}

/// Prints how fast we are with `points` points; the goal is for millions of points a second.
pub fn speed(what: impl Display, points: usize, ours_s: f64, goal: Goal) {
    row(what, rate(points, ours_s), "–", "–", goal.beside(millions(points) / ours_s));
}

/// Prints a figure of ours that is not a speed, beside an alternative if there is one.
pub fn figure(what: impl Display, ours: f64, unit: &str, alternative: impl Display, goal: Goal) {
    row(what, format!("{ours:.2} {unit}"), alternative, "–", goal.beside(ours));
}

/// Prints that an alternative is not there.
pub fn not_installed(what: impl Display, alternative: &str) {
    row(what, "–", format!("{alternative}: not installed"), "–", "–");
}

/// Points a second.
pub fn rate(points: usize, seconds: f64) -> String {
    let rate = millions(points) / seconds;
    if rate < 1.0 { format!("{rate:.3} Mpt/s") } else { format!("{rate:.2} Mpt/s") }
}

#[expect(clippy::cast_precision_loss, reason = "counts of points and bytes are small")]
pub fn float(count: usize) -> f64 {
    count as f64
}

fn millions(points: usize) -> f64 {
    float(points) / 1e6
}

fn row(
    what: impl Display,
    ours: impl Display,
    alternative: impl Display,
    ratio: impl Display,
    goal: impl Display,
) {
    println!("| {what} | {ours} | {alternative} | {ratio} | {goal} |");
}
