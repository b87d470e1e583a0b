//! Pauses.

use serde::{Deserialize, Serialize};

use crate::track::Columns;
use crate::track::columns::NO_TIME;

use super::steps::{Step, seconds};

/// A rest inside a part counts as a pause from this time on; a shorter one is a wait.
pub(super) const PAUSE_MIN_S: f64 = 60.0;

/// A pause.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Pause {
    /// The last point before it, counted from 0.
    pub from_point: usize,
    /// The first point after it.
    pub to_point: usize,
    /// How long it took, in seconds.
    pub duration_s: f64,
    /// How it is known.
    pub kind: PauseKind,
}

/// How a pause is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PauseKind {
    /// Nothing was recorded: the track falls into parts here.
    Break,
    /// The track rests, or has a gap over which it hardly moves on.
    Rest,
}

/// The pauses of a track, in their order.
pub(super) fn pauses(columns: &Columns, steps: &[Step]) -> Vec<Pause> {
    let mut pauses = rests(steps);
    pauses.extend(breaks(columns));
    pauses.sort_by_key(|pause| pause.from_point);
    pauses
}

fn rests(steps: &[Step]) -> Vec<Pause> {
    let follow =
        |one: &Step, next: &Step| one.to == next.from && one.is_moving() == next.is_moving();
    let rest = |steps: &[Step]| {
        let (first, last) = (steps.first()?, steps.last()?);
        let duration_s = steps.iter().map(|step| step.seconds).sum();
        let counts = !first.is_moving() && PAUSE_MIN_S <= duration_s;
        let (from_point, to_point) = (first.from, last.to);
        counts.then_some(Pause { from_point, to_point, duration_s, kind: PauseKind::Rest })
    };
    steps.chunk_by(follow).filter_map(rest).collect()
}

fn breaks(columns: &Columns) -> impl Iterator<Item = Pause> {
    let time_ms = |point: usize| columns.time_ms.get(point).filter(|time_ms| **time_ms != NO_TIME);
    columns.part_ends.iter().filter_map(move |to_point| {
        let from_point = to_point.checked_sub(1)?;
        let pause_ms = time_ms(*to_point)?.saturating_sub(*time_ms(from_point)?);
        let (to_point, duration_s) = (*to_point, seconds(pause_ms));
        let kind = PauseKind::Break;
        (0 < pause_ms).then_some(Pause { from_point, to_point, duration_s, kind })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::track::measure::{along_m, steps::steps};

    #[test]
    fn breaks_and_long_rests_are_pauses_and_short_waits_are_not() {
        let columns = Columns {
            lat_e7: vec![0, 1000, 1001, 1002, 2000, 2001, 3000, 4000],
            lon_e7: vec![0; 8],
            time_ms: [0, 10, 50, 80, 90, 110, 120, 125].map(|s| s * 1000).to_vec(),
            part_ends: vec![6, 8],
            ..Columns::default()
        };
        let along_m = along_m(&columns);
        let steps: Vec<Step> = steps(&columns, &along_m).collect();
        let rest = Pause { from_point: 1, to_point: 3, duration_s: 70.0, kind: PauseKind::Rest };
        let breach = Pause { from_point: 5, to_point: 6, duration_s: 10.0, kind: PauseKind::Break };
        assert_eq!(pauses(&columns, &steps), [rest, breach]);
    }
}
