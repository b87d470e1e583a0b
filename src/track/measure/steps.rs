//! The steps of a track: from one point with a time to the next, inside parts.

use std::ops::Range;

use crate::track::Columns;
use crate::track::columns::NO_TIME;

/// From one point to the next one with a later time, in the same part.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Step {
    /// The point it starts from.
    pub from: usize,
    /// The point it leads to.
    pub to: usize,
    /// The time it took: above zero.
    pub seconds: f64,
    /// Its length along the line.
    pub metres: f64,
}

impl Step {
    pub fn speed_mps(&self) -> f64 {
        self.metres / self.seconds
    }
}

/// Every step of a track. Points without a time, or with one that is not later than its
/// predecessor's, lie within a step.
pub(super) fn steps<'a>(
    columns: &'a Columns,
    along_m: &'a [f64],
) -> impl Iterator<Item = Step> + 'a {
    columns.parts().flat_map(move |part| steps_of(part, &columns.time_ms, along_m))
}

fn steps_of<'a>(
    part: Range<usize>,
    time_ms: &'a [i64],
    along_m: &'a [f64],
) -> impl Iterator<Item = Step> + 'a {
    let mut before: Option<(usize, i64)> = None;
    part.filter_map(move |to| {
        let now_ms = *time_ms.get(to).filter(|now_ms| **now_ms != NO_TIME)?;
        let Some((from, before_ms)) = before else {
            before = Some((to, now_ms));
            return None;
        };
        if now_ms <= before_ms {
            return None;
        }
        before = Some((to, now_ms));
        let seconds = seconds(now_ms.saturating_sub(before_ms));
        Some(Step { from, to, seconds, metres: along_m[to] - along_m[from] })
    })
}

/// Milliseconds as seconds.
#[expect(clippy::cast_precision_loss, reason = "exact for 285,000 years")]
pub(super) fn seconds(time_ms: i64) -> f64 {
    time_ms as f64 / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps_with(time_ms: Vec<i64>) -> Vec<(usize, usize, f64)> {
        let count = time_ms.len();
        let columns = Columns {
            lat_e7: vec![0; count],
            lon_e7: vec![0; count],
            time_ms,
            part_ends: vec![2, count],
            ..Columns::default()
        };
        let along_m = vec![0.0; count];
        steps(&columns, &along_m).map(|step| (step.from, step.to, step.seconds)).collect()
    }

    #[test]
    fn no_step_leads_from_part_to_part() {
        assert_eq!(steps_with(vec![0, 1000, 5000, 7000]), [(0, 1, 1.0), (2, 3, 2.0)]);
    }

    #[test]
    fn points_without_a_later_time_lie_within_a_step() {
        let times = vec![0, 1000, 5000, NO_TIME, 5000, 4000, 9000];
        assert_eq!(steps_with(times), [(0, 1, 1.0), (2, 6, 4.0)]);
    }

    #[test]
    fn the_furthest_times_do_not_overflow() {
        assert_eq!(steps_with(vec![i64::MIN + 1, i64::MAX, 0]).len(), 1);
    }
}
