//! Points of interest that others may see.

use serde::{Deserialize, Serialize};

use super::cut::Shade;
use super::reading::Waypoint;

/// A point of interest outside everything hidden. Only [`cut_waypoints`] makes one from a
/// [`Waypoint`]; what was stored in the commons comes back through `Deserialize`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PublicWaypoint(Waypoint);

impl PublicWaypoint {
    /// The waypoint.
    pub fn waypoint(&self) -> &Waypoint {
        &self.0
    }
}

/// The waypoints that `shade` does not cover.
pub fn cut_waypoints(waypoints: &[Waypoint], shade: &Shade) -> Vec<PublicWaypoint> {
    let visible = |waypoint: &&Waypoint| !shade.hides(waypoint.lat_e7, waypoint.lon_e7);
    waypoints.iter().filter(visible).cloned().map(PublicWaypoint).collect()
}
