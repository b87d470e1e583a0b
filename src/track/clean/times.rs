//! Rules about times: a clock may be wrong, run back, or be set on the way.

use std::ops::Range;

use super::super::columns::{Columns, NO_TIME};
use super::Context;

/// 1990-01-01: no device wrote tracks before.
const TIME_MS_MIN: i64 = 631_152_000_000;
/// A device's clock may be ahead, or its zone misunderstood, by this much.
const AHEAD_MS_MAX: i64 = 24 * 60 * 60 * 1000;
/// A longer gap inside a part is a clock that was set: nobody rests so long without a new part.
const GAP_MS_MAX: i64 = 7 * 24 * 60 * 60 * 1000;

/// Points whose times lie before 1990, or more than a day ahead of now.
pub(super) fn out_of_range(columns: &Columns, context: &Context) -> Vec<usize> {
    let range = TIME_MS_MIN..=context.now_ms.saturating_add(AHEAD_MS_MAX);
    timed(columns).filter(|(_, time_ms)| !range.contains(time_ms)).map(|(index, _)| index).collect()
}

/// All points, if more than half of them stand in the way of times that never run back.
pub(super) fn of_unsound_clock(columns: &Columns, _: &Context) -> Vec<usize> {
    if columns.time_ms.len() < 2 * out_of_order(columns).len() {
        return timed(columns).map(|(index, _)| index).collect();
    }
    Vec::new()
}

/// The fewest points without which times never run back.
pub(super) fn running_back(columns: &Columns, _: &Context) -> Vec<usize> {
    out_of_order(columns)
}

/// The points of every part that has gaps of more than a week, but for the longest stretch between
/// such gaps.
pub(super) fn beyond_jump(columns: &Columns, _: &Context) -> Vec<usize> {
    let mut found = Vec::new();
    for part in columns.parts().filter(|_| !columns.time_ms.is_empty()) {
        let stretches = stretches(&columns.time_ms, part);
        let Some(longest) = stretches.iter().max_by_key(|stretch| stretch.len()).cloned() else {
            continue;
        };
        let others = stretches.into_iter().filter(|stretch| *stretch != longest).flatten();
        found.extend(others.filter(|index| columns.time_ms[*index] != NO_TIME));
    }
    found
}

/// Cuts a part of times that never run back where more than a week lies between two of them.
fn stretches(time_ms: &[i64], part: Range<usize>) -> Vec<Range<usize>> {
    let mut stretches = Vec::new();
    let mut start = part.start;
    let mut before_ms = None;
    for index in part.clone().filter(|index| time_ms[*index] != NO_TIME) {
        if before_ms.is_some_and(|before_ms| GAP_MS_MAX < time_ms[index].saturating_sub(before_ms))
        {
            stretches.push(start..index);
            start = index;
        }
        before_ms = Some(time_ms[index]);
    }
    stretches.push(start..part.end);
    stretches
}

/// The points outside the longest series of times that never run back, found by patience sorting
/// (Fredman, "On computing the length of longest increasing subsequences", 1975).
fn out_of_order(columns: &Columns) -> Vec<usize> {
    if timed(columns).map(|(_, time_ms)| time_ms).is_sorted() {
        return Vec::new();
    }
    let time_ms = &columns.time_ms;
    // The index that ends the best series of each length, and the index before each index in its
    // series.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = vec![None; time_ms.len()];
    for (index, time) in timed(columns) {
        let length = ends.partition_point(|end| time_ms[*end] <= time);
        before[index] = length.checked_sub(1).map(|shorter| ends[shorter]);
        ends.truncate(ends.len().max(length));
        match ends.get_mut(length) {
            Some(end) => *end = index,
            None => ends.push(index),
        }
    }
    let mut in_series = vec![false; time_ms.len()];
    let mut next = ends.last().copied();
    while let Some(index) = next {
        in_series[index] = true;
        next = before[index];
    }
    timed(columns).map(|(index, _)| index).filter(|index| !in_series[*index]).collect()
}

/// The points that have a time, with it.
fn timed(columns: &Columns) -> impl Iterator<Item = (usize, i64)> + '_ {
    columns.time_ms.iter().copied().enumerate().filter(|(_, time_ms)| *time_ms != NO_TIME)
}
