//! What a chart shows of a track: series over a thousand points at most.

use serde::Serialize;

use crate::track::Columns;
use crate::track::columns::{MISSING, NO_TIME};
use crate::track::simplify::chart;

use super::motion::SPEED_MEDIAN_STEPS;
use super::ruler::along_m;
use super::steps::{Step, seconds, steps};

/// A value of a series; `None` where the point has none.
type Values = Vec<Option<f64>>;

/// Series that share their points: at most [`crate::track::simplify::CHART_POINTS_MAX`], those with
/// the extremes of every series among them. Each is as long as `point`; one that would have no
/// value at all is left out.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Profile)]
pub struct Series {
    /// Which points of the track are shown, counted from 0.
    pub point: Vec<usize>,
    /// Which of the shown points begin a part, counted from 0: nothing was recorded before them.
    pub part_starts: Vec<usize>,
    /// The way along the line up to the point, in metres.
    pub distance_m: Vec<f64>,
    /// The time since the first one, in seconds, pauses included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elapsed_s: Option<Values>,
    /// Elevation in metres above sea level.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elevation_m: Option<Values>,
    /// Speed in metres a second: the median of five successive steps around the point, so that the
    /// greatest one is `speed_max_mps`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speed_mps: Option<Values>,
    /// Heart rate in beats a minute. Its owner's alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heart_rate_bpm: Option<Values>,
    /// Cadence in revolutions, or pairs of steps, a minute. Its owner's alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cadence_rpm: Option<Values>,
    /// Power in watts. Its owner's alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub power_w: Option<Values>,
    /// Air temperature in degrees Celsius. Its owner's alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature_c: Option<Values>,
}

/// The series of a track. A public track has no sensors, and so has no series of them.
pub fn series(columns: &Columns) -> Series {
    let along_m = along_m(columns);
    let speed_mmps = speeds_mmps(columns.len(), &steps(columns, &along_m).collect::<Vec<_>>());
    let Columns { elevation_dm, heart_rate_bpm, cadence_d, power_w, temperature_dc, .. } = columns;
    let all = [elevation_dm, &speed_mmps, heart_rate_bpm, cadence_d, power_w, temperature_dc];
    let point = chart(columns.len(), &all.map(Vec::as_slice));
    let pick = |column: &[i32], per_unit: f64| {
        let value = |&point: &usize| column.get(point).filter(|value| **value != MISSING);
        let values: Values =
            point.iter().map(|point| Some(f64::from(*value(point)?) / per_unit)).collect();
        values.iter().any(Option::is_some).then_some(values)
    };
    Series {
        part_starts: part_starts(columns, &point),
        distance_m: point.iter().map(|&point| along_m[point]).collect(),
        elapsed_s: elapsed_s(columns, &point),
        elevation_m: pick(elevation_dm, 10.0),
        speed_mps: pick(&speed_mmps, 1_000.0),
        heart_rate_bpm: pick(heart_rate_bpm, 1.0),
        cadence_rpm: pick(cadence_d, 10.0),
        power_w: pick(power_w, 1.0),
        temperature_c: pick(temperature_dc, 10.0),
        point,
    }
}

fn part_starts(columns: &Columns, shown: &[usize]) -> Vec<usize> {
    let mut starts: Vec<usize> = columns
        .parts()
        .map(|part| shown.partition_point(|point| *point < part.start))
        .filter(|start| *start < shown.len())
        .collect();
    starts.dedup();
    starts
}

fn elapsed_s(columns: &Columns, shown: &[usize]) -> Option<Values> {
    let known = |time_ms: &&i64| **time_ms != NO_TIME;
    let first_ms = columns.time_ms.iter().find(known)?;
    let elapsed_s = |&point: &usize| {
        let time_ms = columns.time_ms.get(point).filter(known)?;
        Some(seconds(time_ms.saturating_sub(*first_ms)))
    };
    Some(shown.iter().map(elapsed_s).collect())
}

/// For each point the speed there in millimetres a second, [`MISSING`] where no step leads to or
/// from it. The windows are those whose greatest median is the greatest speed.
fn speeds_mmps(len: usize, steps: &[Step]) -> Vec<i32> {
    let window = SPEED_MEDIAN_STEPS.min(steps.len());
    if window == 0 {
        return Vec::new();
    }
    let mut speeds_mmps = vec![MISSING; len];
    for (index, step) in steps.iter().enumerate() {
        let start = index.saturating_sub(window / 2).min(steps.len() - window);
        let speed_mmps = median_mmps(&steps[start..start + window]);
        if speeds_mmps[step.from] == MISSING {
            speeds_mmps[step.from] = speed_mmps;
        }
        speeds_mmps[step.to] = speed_mmps;
    }
    speeds_mmps
}

fn median_mmps(steps: &[Step]) -> i32 {
    let mut speeds: Vec<f64> = steps.iter().map(Step::speed_mps).collect();
    speeds.sort_unstable_by(f64::total_cmp);
    let last = speeds.len() - 1;
    let median = f64::midpoint(speeds[last / 2], speeds[last.div_ceil(2)]);
    #[expect(clippy::cast_possible_truncation, reason = "a cast saturates")]
    let median_mmps = (median * 1_000.0).round() as i32;
    median_mmps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::track::measure::measure;

    #[test]
    fn a_chart_has_the_extremes_that_statistics_tell() {
        let columns = walk(5_000);
        let (series, statistics) = (series(&columns), measure(&columns));
        assert!(series.point.len() <= 1_000 && series.point.len() == series.distance_m.len());
        assert_eq!(series.part_starts[0], 0);
        assert_eq!(series.point[series.part_starts[1]..][..1], [2_500]);
        assert_eq!(greatest(series.elevation_m.as_ref()), statistics.elevation_max_m);
        let fastest = greatest(series.speed_mps.as_ref()).zip(statistics.speed_max_mps);
        assert!(fastest.is_some_and(|(one, other)| (one - other).abs() < 1e-3), "{fastest:?}");
        assert_eq!(series.elapsed_s.unwrap().last(), Some(&statistics.elapsed_s));
        assert_eq!(series.distance_m.last(), Some(&statistics.distance_m));
        assert_eq!(greatest(series.heart_rate_bpm.as_ref()), Some(150.0));
        assert!(series.power_w.is_none() && series.cadence_rpm.is_none());
    }

    #[test]
    fn a_line_without_times_or_points_has_no_series_but_its_way() {
        for columns in [Columns { time_ms: Vec::new(), ..walk(3) }, Columns::default()] {
            let series = series(&columns);
            assert!(series.speed_mps.is_none() && series.elapsed_s.is_none());
            assert_eq!(series.point.len(), columns.len());
        }
    }

    fn greatest(values: Option<&Values>) -> Option<f64> {
        values?.iter().flatten().copied().reduce(f64::max)
    }

    /// Two parts, each second a bit further, faster in the middle of the first.
    fn walk(len: i32) -> Columns {
        let fast = 1_000..1_010;
        let point = |index: i32| if fast.contains(&index) { 400 * index } else { 200 * index };
        let count = usize::try_from(len).unwrap();
        Columns {
            lat_e7: (0..len).map(point).collect(),
            lon_e7: vec![0; count],
            elevation_dm: (0..len).map(|index| index % 317).collect(),
            time_ms: (0..i64::from(len)).map(|index| 1_000 * index).collect(),
            heart_rate_bpm: (0..len).map(|index| if index == 1_234 { 150 } else { 120 }).collect(),
            part_ends: if count > 3 { vec![count / 2, count] } else { vec![count] },
            ..Columns::default()
        }
    }
}
