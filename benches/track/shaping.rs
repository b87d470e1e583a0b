//! Length, cut and simplification.

use geo::{Geodesic, Haversine, Length, LineString, Simplify};
use opentracks::track::columns::PER_DEGREE;
use opentracks::track::cut::grid::Grid;
use opentracks::track::measure::{along_m, detail, measure};
use opentracks::track::simplify::{chart, preview, simplify, simplify_for_zoom};
use opentracks::track::{Columns, Ends, ExactTrack, SensorsShown, Zone, cut};

use crate::table::{self, Goal};
use crate::timing::{alone, pair};

/// A tenth of a millimetre for each kilometre is rounding.
const LENGTH_ERROR_MAX: f64 = 1e-4;
const TOLERANCE_M: f64 = 5.0;
const METRES_PER_DEGREE: f64 = 111_195.0;

/// Length, beside the same by Karney and on a sphere.
pub fn length(columns: &Columns) {
    let (line, points) = (line(columns), columns.len());
    let ours_m = || along_m(columns).last().copied().unwrap_or_default();
    let exact = pair(ours_m, || Geodesic.length(&line));
    let error = (ours_m() / Geodesic.length(&line) - 1.0).abs();
    assert!(error < LENGTH_ERROR_MAX, "{error}");
    let what = format!("Length, {points} points");
    table::compared(&what, "geo Geodesic", points, &exact, Goal::AtLeast(10.0));
    let round = pair(ours_m, || Haversine.length(&line));
    table::compared(&what, "geo Haversine", points, &round, Goal::None);
    table::speed(
        format!("Measure, {points} points"),
        points,
        alone(|| measure(columns)),
        Goal::None,
    );
    let detail_s = alone(|| detail(columns));
    table::speed(format!("Splits and best efforts, {points} points"), points, detail_s, Goal::None);
}

/// What is done to show a track to others.
pub fn shape(columns: &Columns) {
    let points = columns.len();
    let track = ExactTrack::new(columns.clone());
    let zone = |point: usize| Zone {
        lat_e7: columns.lat_e7[point],
        lon_e7: columns.lon_e7[point],
        radius_m: 500.0,
    };
    let zones = [zone(0), zone(points / 3), zone(points - 1)];
    let ends = Ends { radius_m: 200.0, grid: Grid::FIXED };
    let cut_s = alone(|| cut(&track, &zones, ends, SensorsShown::None).expect("most is visible"));
    table::speed(format!("Cut by 3 zones and ends, {points} points"), points, cut_s, Goal::None);

    let line = line(columns);
    let simple =
        pair(|| simplify(columns, TOLERANCE_M), || line.simplify(TOLERANCE_M / METRES_PER_DEGREE));
    let what = format!("Simplify to {TOLERANCE_M} m, {points} points");
    table::compared(what, "geo Simplify, degrees", points, &simple, Goal::None);
    let map_s = alone(|| simplify_for_zoom(columns, 12));
    table::speed(format!("Simplify for zoom 12, {points} points"), points, map_s, Goal::None);
    let preview_s = alone(|| preview(columns));
    table::speed(format!("Preview, {points} points"), points, preview_s, Goal::None);
    let chart_s = alone(|| chart(points, &[&columns.elevation_dm, &columns.heart_rate_bpm]));
    table::speed(format!("Chart of 2 series, {points} points"), points, chart_s, Goal::None);
}

fn line(columns: &Columns) -> LineString {
    let degrees = |e7: &i32| f64::from(*e7) / PER_DEGREE;
    columns.lon_e7.iter().map(degrees).zip(columns.lat_e7.iter().map(degrees)).collect()
}
