//! Points of interest that others may see.

use serde::{Deserialize, Serialize};

use super::columns::PublicTrack;
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
/// By how much the line may be simplified before distances to it are measured, in metres.
const TOLERANCE_M: f64 = 5.0;

impl PublicWaypoint {
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
    let line = simplify(track.columns(), TOLERANCE_M);
    let places: Vec<Place> = line
        .lat_e7
        .iter()
        .zip(&line.lon_e7)
        .map(|(lat_e7, lon_e7)| Place::new(*lat_e7, *lon_e7))
        .collect();
    let is_near = |place: &Place| {
        line.parts().any(|part| {
            places[part]
                .windows(2)
                .any(|ends| place.distance_to_line_m(&ends[0], &ends[1]) <= NEAR_M)
        })
    };
    let visible = |waypoint: &&Waypoint| {
        let place = Place::new(waypoint.lat_e7, waypoint.lon_e7);
        !shade.covers(&place) && is_near(&place)
    };
    waypoints
        .iter()
        .filter(visible)
        .map(|waypoint| PublicWaypoint(shown(waypoint, texts)))
        .collect()
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
    use crate::track::{Columns, ExactTrack, cut};

    /// About 11 m northwards.
    const STEP_E7: i32 = 1_000;

    fn waypoint(lat_e7: i32, lon_e7: i32) -> Waypoint {
        let text = |text: &str| Some(text.to_owned());
        let (name, description, symbol) = (text("Home"), text("30-MAY 6:58"), text("House"));
        Waypoint { lat_e7, lon_e7, elevation_dm: None, name, description, symbol }
    }

    fn visible(waypoints: &[Waypoint], texts: Texts) -> Vec<PublicWaypoint> {
        let track = ExactTrack::new(Columns {
            lat_e7: (0..100).map(|step| 471_000_000 + step * STEP_E7).collect(),
            lon_e7: vec![85_000_000; 100],
            part_ends: vec![100],
            ..Columns::default()
        });
        let shown = cut(&track, &[], 200.0).unwrap().track;
        cut_waypoints(waypoints, &Shade::new(&track, &[], 200.0), &shown, texts)
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
}
