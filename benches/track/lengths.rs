//! Whether the length of what is read is that of GeographicLib, and where not, why.

use crate::table::float;
use crate::tried::{Outcome, Tried};

/// Lengths this close are the same.
const SAME_PERCENT: f64 = 0.01;
/// How far positions rounded to 1e-7 degrees, and a reference rounded to a centimetre, can lie
/// apart on a few steps.
const ROUNDING_M: f64 = 0.03;

/// How a length compares, and why it is another.
#[derive(Clone, Copy, PartialEq)]
enum Verdict {
    Same,
    Rounded,
    Joined,
    Paused,
    Legs,
    Routes,
    OtherPoints,
    Refused,
    Unexplained,
}

impl Verdict {
    const ALL: [Self; 9] = [
        Self::Same,
        Self::Rounded,
        Self::Joined,
        Self::Paused,
        Self::Legs,
        Self::Routes,
        Self::OtherPoints,
        Self::Refused,
        Self::Unexplained,
    ];

    fn description(self) -> &'static str {
        match self {
            Self::Same => "within 0.01 %",
            Self::Rounded => {
                "within 3 cm of less than 300 m: positions are kept at 1e-7°, the reference at 1 cm"
            }
            Self::Joined => "laps without a pause between them are one part of ours, two of theirs",
            Self::Paused => {
                "our parts begin where the timer starts again, theirs where it stops, although \
                 devices record one more point then"
            }
            Self::Legs => "the way from leg to leg of a triathlon belongs to none",
            Self::Routes => "theirs is of the track alone; a route beside it is read too",
            Self::OtherPoints => "other points were read",
            Self::Refused => "refused",
            Self::Unexplained => "unexplained",
        }
    }
}

/// Prints how many lengths are the same, and why others are not.
pub fn table(tried: &[&Tried]) {
    let of_one = |tried: &&Tried| {
        let theirs_m = tried.entry.value("len_geod_m")?;
        Some((verdict(theirs_m, tried), name(theirs_m, tried)))
    };
    let all: Vec<_> = tried.iter().filter_map(of_one).collect();
    println!(
        "\n| length as read, beside the geodesic (GeographicLib) | of {} files | ours, theirs |",
        all.len()
    );
    println!("| --- | --- | --- |");
    for verdict in Verdict::ALL {
        let such = all.iter().filter(|(of_one, _)| *of_one == verdict);
        let names: Vec<&str> = such.map(|(_, name)| name.as_str()).collect();
        let listed = match verdict {
            Verdict::Same | Verdict::Rounded => String::new(),
            _ => names.join(", "),
        };
        println!("| {} | {} | {listed} |", verdict.description(), names.len());
    }
}

fn verdict(theirs_m: f64, tried: &Tried) -> Verdict {
    let Some(outcome) = &tried.outcome else { return Verdict::Refused };
    let theirs_joined_m = theirs_m + tried.entry.value("len_gaps_geod_m").unwrap_or(0.0);
    let points = tried.entry.value("points").unwrap_or(0.0);
    let with_routes = points + tried.entry.value("route_points").unwrap_or(0.0);
    let known: &[(Verdict, bool)] = &[
        (Verdict::Same, is_same(outcome.read_m, theirs_m)),
        (Verdict::Rounded, (outcome.read_m - theirs_m).abs() <= ROUNDING_M),
        (Verdict::Joined, is_same(outcome.read_m, theirs_joined_m)),
        (Verdict::Paused, is_same(outcome.joined_m, theirs_joined_m)),
        (Verdict::Legs, is_same(outcome.joined_m + outcome.legs_m, theirs_joined_m)),
        (Verdict::Routes, points < with_routes && has_one(outcome, theirs_m)),
        (Verdict::OtherPoints, ![points, with_routes].contains(&float(outcome.points))),
    ];
    let first = known.iter().find(|(_, applies)| *applies);
    first.map_or(Verdict::Unexplained, |(verdict, _)| *verdict)
}

fn is_same(ours_m: f64, theirs_m: f64) -> bool {
    (ours_m / theirs_m - 1.0).abs() * 100.0 <= SAME_PERCENT
}

/// Whether one of several recordings has a length.
fn has_one(outcome: &Outcome, theirs_m: f64) -> bool {
    outcome.cleaned.iter().any(|one| is_same(one.distance_m, theirs_m))
}

/// A file with both lengths.
fn name(theirs_m: f64, tried: &Tried) -> String {
    let ours_m = tried.outcome.as_ref().map_or(f64::NAN, |outcome| outcome.read_m);
    format!("{ours_m:.2} m, {theirs_m:.2} m in `{}`", tried.entry.path)
}
