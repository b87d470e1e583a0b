//! Points of interest that others may see.

use serde::{Deserialize, Serialize};

use super::columns::{Columns, PublicTrack};
use super::cut::Shade;
use super::cut::place::Place;
use super::reading::Waypoint;
use super::simplify::simplify;

/// A point of interest outside everything hidden. Only [`cut_waypoints`] makes one from a
/// [`Waypoint`]; what was stored in the commons comes back through `Deserialize`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PublicWaypoint(Waypoint);

/// What becomes of the names and texts of waypoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Texts {
    /// They are for others too.
    Kept,
    /// They are left out.
    Dropped,
}

/// How far from the visible line a waypoint may lie, in metres. Devices put all the places they
/// know into each file; those elsewhere are no part of the activity.
pub const NEAR_M: f64 = 100.0;
/// A point of interest stays with a line that comes so much less near to it, in metres, than the
/// line before did: less than what is hidden round the ends.
const STRAY_MAX_M: f64 = 50.0;
/// How often waypoints and lines are compared at most.
const COMPARISONS_MAX: usize = 100_000_000;
/// By how much the line may be simplified before distances to it are measured, in metres.
const TOLERANCE_M: f64 = 5.0;

impl PublicWaypoint {
    /// Its name and its description, as far as it has them.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        [&self.0.name, &self.0.description].into_iter().flatten().map(String::as_str)
    }

    /// The waypoint.
    pub fn waypoint(&self) -> &Waypoint {
        &self.0
    }
}

/// The waypoints beside the visible line that `shade` does not cover.
pub fn cut_waypoints(
    waypoints: &[Waypoint],
    shade: &Shade,
    track: &PublicTrack,
    texts: Texts,
) -> Vec<PublicWaypoint> {
    if waypoints.is_empty() {
        return Vec::new();
    }
    let line = Line::of(track.columns(), waypoints);
    let visible = |waypoint: &&Waypoint| {
        let place = Place::new(waypoint.lat_e7, waypoint.lon_e7);
        !shade.covers(&place) && line.distance_m(&place) <= NEAR_M
    };
    waypoints
        .iter()
        .filter(visible)
        .map(|waypoint| PublicWaypoint(shown(waypoint, texts)))
        .collect()
}

/// The waypoints that stay when a line is changed: those beside what was taken off it go, for they
/// may tell the very place that its owner removed.
pub fn keep_waypoints(waypoints: &[Waypoint], before: &Columns, after: &Columns) -> Vec<Waypoint> {
    if waypoints.is_empty() {
        return Vec::new();
    }
    let (before, after) = (Line::of(before, waypoints), Line::of(after, waypoints));
    let stays = |waypoint: &&Waypoint| {
        let place = Place::new(waypoint.lat_e7, waypoint.lon_e7);
        after.distance_m(&place) <= before.distance_m(&place) + STRAY_MAX_M
    };
    waypoints.iter().filter(stays).cloned().collect()
}

/// The straight lines of a track, to measure distances to.
pub(super) struct Line(Vec<[Place; 2]>);

impl Line {
    /// Simplified; of a long line beside many waypoints, not every point.
    fn of(columns: &Columns, waypoints: &[Waypoint]) -> Self {
        Self::near(columns, waypoints.len())
    }

    /// The same, to be compared with so many places.
    pub(super) fn near(columns: &Columns, places: usize) -> Self {
        let columns = simplify(columns, TOLERANCE_M);
        let stride = (columns.len() * places).div_ceil(COMPARISONS_MAX).max(1);
        let place = |point: usize| Place::new(columns.lat_e7[point], columns.lon_e7[point]);
        let lines = columns.parts().flat_map(|part| {
            let last = part.end - 1;
            part.step_by(stride).map(move |point| [point, (point + stride).min(last)])
        });
        Self(lines.map(|ends| ends.map(place)).collect())
    }

    pub(super) fn distance_m(&self, place: &Place) -> f64 {
        let distances_m = self.0.iter().map(|[from, to]| place.distance_to_line_m(from, to));
        distances_m.fold(f64::INFINITY, f64::min)
    }
}

fn shown(waypoint: &Waypoint, texts: Texts) -> Waypoint {
    match texts {
        Texts::Kept => waypoint.clone(),
        Texts::Dropped => Waypoint { name: None, description: None, symbol: None, ..*waypoint },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::track::cut::grid::Grid;
    use crate::track::edit::crop;
    use crate::track::{Ends, ExactTrack, SensorsShown, cut};

    /// About 11 m northwards.
    const STEP_E7: i32 = 1_000;

    fn waypoint(lat_e7: i32, lon_e7: i32) -> Waypoint {
        let text = |text: &str| Some(text.to_owned());
        let (name, description, symbol) = (text("Home"), text("30-MAY 6:58"), text("House"));
        Waypoint { lat_e7, lon_e7, elevation_dm: None, name, description, symbol }
    }

    /// What others see of a line without zones, and of these waypoints.
    fn cut_both(waypoints: &[Waypoint], texts: Texts) -> (PublicTrack, Vec<PublicWaypoint>) {
        let track = ExactTrack::new(Columns {
            lat_e7: (0..100).map(|step| 471_000_000 + step * STEP_E7).collect(),
            lon_e7: vec![85_000_000; 100],
            part_ends: vec![100],
            ..Columns::default()
        });
        let ends = Ends { radius_m: 200.0, grid: Grid::FIXED };
        let shown = cut(&track, &[], ends, SensorsShown::None).unwrap().track;
        let waypoints = cut_waypoints(waypoints, &Shade::new(&track, &[], ends), &shown, texts);
        (shown, waypoints)
    }

    fn visible(waypoints: &[Waypoint], texts: Texts) -> Vec<PublicWaypoint> {
        cut_both(waypoints, texts).1
    }

    /// However near to the first point that is seen.
    #[test]
    fn a_waypoint_on_the_hidden_part_is_not_shown() {
        let all: Vec<_> =
            (0..100).map(|step| waypoint(471_000_000 + step * STEP_E7, 85_000_000)).collect();
        let (track, shown) = cut_both(&all, Texts::Kept);
        let latitudes: Vec<_> = shown.iter().map(|shown| shown.waypoint().lat_e7).collect();
        assert_eq!(latitudes, track.columns().lat_e7);
    }

    #[test]
    fn a_waypoint_beside_the_visible_line_is_shown_and_any_other_is_not() {
        let (beside, at_the_start) =
            (waypoint(471_050_000, 85_001_000), waypoint(471_001_000, 85_000_000));
        let (elsewhere, aside) =
            (waypoint(469_000_000, 74_000_000), waypoint(471_050_000, 85_020_000));
        let shown = visible(&[at_the_start, beside.clone(), elsewhere, aside], Texts::Kept);
        assert_eq!(shown, [PublicWaypoint(beside)]);
    }

    #[test]
    fn texts_of_a_device_are_not_for_others() {
        let shown = visible(&[waypoint(471_050_000, 85_001_000)], Texts::Dropped);
        let Waypoint { name, description, symbol, .. } = shown[0].waypoint();
        assert_eq!((name, description, symbol), (&None, &None, &None));
    }

    #[test]
    fn waypoints_beside_what_was_cropped_go_and_others_stay() {
        let line = Columns {
            lat_e7: (0..100).map(|point| point * 1_000).collect(),
            lon_e7: vec![0; 100],
            part_ends: vec![50, 100],
            ..Columns::default()
        };
        // Ten metres a point; a waypoint near each end and in the middle.
        let waypoints = [500, 50_000, 98_000].map(|lat_e7| waypoint(lat_e7, 1_000));
        let kept = keep_waypoints(&waypoints, &line, &crop(&line, 30..70));
        assert_eq!(kept, waypoints[1..2]);
        assert_eq!(keep_waypoints(&waypoints, &line, &line), waypoints);
        assert!(keep_waypoints(&waypoints, &line, &Columns::default()).is_empty());
    }
}
