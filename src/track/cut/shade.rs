//! What of a track is hidden: circles round places that their owner keeps to themself.

use std::cmp::Ordering;
use std::f64::consts::TAU;
use std::ops::Range;

use super::place::{Place, SMALLEST_RADIUS_M};
use super::{Ends, Zone};
use crate::track::columns::{ExactTrack, PER_DEGREE};

/// Circles reach this much further than asked, in metres: a receiver is a few metres off, and a
/// line is drawn with a width.
pub const MARGIN_M: f64 = 30.0;

/// How far round the ends is hidden at least in what has no author any more, in metres, whatever they
/// showed while it had one.
pub const AGAIN_ENDS_M: f64 = 200.0;
/// How much further circles reach in it, in metres. So the ends of two tracks of one author do not meet
/// any more where a zone of theirs was.
pub const AGAIN_M: Range<f64> = 100.0..500.0;

/// The hidden places of one track, and with them which of its points, waypoints and photos others
/// may see.
///
/// Each zone is a circle. Where the ends are to be cut too, a circle is added for each end, or the
/// circles grow, so that **no visible point lies within the radius of the ends from the first or the
/// last recorded one**, wherever on the track it is: who circles round the house, or comes home in
/// between, is hidden there as well.
///
/// What decides is not where exactly an end lies. A circle round the end itself, or a fixed length
/// along the track, would be an instrument to find it: three tracks from one door meet in it.
/// * An end inside a zone makes all zones larger by that radius, wherever in whichever zone it lies.
/// * Any other end is hidden as by a zone round it, which is the same for all ends in a cell: see
///   [`Zone::around`]. It tells the cell and nothing more, however many tracks begin there, and
///   nothing that a zone of that radius or a smaller one at the same place would not tell.
///
/// A length that is not a number hides everything, as does an infinite one.
pub struct Shade {
    circles: Vec<Circle>,
}

struct Circle {
    center: Place,
    reach_m: f64,
}

impl Shade {
    /// What `zones` hide, and the circles that hide both ends of the track.
    pub fn new(track: &ExactTrack, zones: &[Zone], ends: Ends) -> Self {
        let mut shade = Self { circles: zones.iter().map(Circle::new).collect() };
        if ends.radius_m <= 0.0 {
            return shade;
        }
        let columns = track.columns();
        let positions = || columns.lat_e7.iter().copied().zip(columns.lon_e7.iter().copied());
        let (in_zones, in_the_open): (Vec<_>, Vec<_>) = positions()
            .next()
            .into_iter()
            .chain(positions().next_back())
            .partition(|&(lat_e7, lon_e7)| shade.hides(lat_e7, lon_e7));
        if !in_zones.is_empty() {
            shade.circles.iter_mut().for_each(|circle| circle.reach_m += ends.radius_m);
        }
        shade
            .circles
            .extend(in_the_open.iter().map(|&(lat_e7, lon_e7)| hide_end(lat_e7, lon_e7, ends)));
        shade
    }

    /// What hides all that [`Shade::new`] hides, at least [`AGAIN_ENDS_M`] round both ends, and round each
    /// place [`AGAIN_M`] more: `chance` says for each circle how much of that, from 0 to 1.
    pub fn again(
        track: &ExactTrack,
        zones: &[Zone],
        ends: Ends,
        chance: &mut impl FnMut() -> f64,
    ) -> Self {
        let mut shade = Self::new(track, zones, ends);
        let least = Ends { radius_m: AGAIN_ENDS_M, ..ends };
        shade.circles.extend(Self::new(track, zones, least).circles);
        for circle in &mut shade.circles {
            circle.reach_m += AGAIN_M.start + chance() * (AGAIN_M.end - AGAIN_M.start);
        }
        shade
    }

    /// Whether a place in 1e-7 degrees is hidden.
    pub fn hides(&self, lat_e7: i32, lon_e7: i32) -> bool {
        self.covers(&Place::new(lat_e7, lon_e7))
    }

    /// Whether a place is hidden.
    pub fn covers(&self, place: &Place) -> bool {
        self.circles.iter().any(|circle| circle.touches(circle.center.distance_m(place)))
    }

    /// Whether a line from one place to another passes through a hidden one, whichever way it is
    /// drawn: as the shortest way, straight on a map, or straight in degrees.
    pub fn crosses(&self, from: &Place, to: &Place) -> bool {
        let spread_m = spread_m(from, to);
        self.circles
            .iter()
            .any(|circle| circle.touches(circle.center.distance_to_line_m(from, to) - spread_m))
    }
}

impl Circle {
    fn new(zone: &Zone) -> Self {
        Self { center: Place::new(zone.lat_e7, zone.lon_e7), reach_m: zone.radius_m + MARGIN_M }
    }

    /// Written so that what is not a number is hidden.
    fn touches(&self, distance_m: f64) -> bool {
        distance_m.partial_cmp(&self.reach_m) != Some(Ordering::Greater)
    }
}

/// How far the ways in which a line may be drawn lie from the straight one through the ground, in
/// metres. The shortest way rises above it by R - √(R² - L²/4), as an arc does above its chord. Lines that are straight on a map or in
/// degrees bulge aside from that, each its own way: by the turn of the meridians between the two
/// ends, so by less than half the length for each radian of longitude, and never by more than the
/// length. R is where the ground curves most: along a meridian at the equator.
fn spread_m(from: &Place, to: &Place) -> f64 {
    let length_m = from.distance_m(to);
    let apart = (from.lon() - to.lon()).abs();
    let turn = apart.min(TAU - apart);
    let radius_m = SMALLEST_RADIUS_M;
    let rises_m = radius_m - (radius_m.powi(2) - length_m.powi(2) / 4.0).max(0.0).sqrt();
    rises_m + length_m * (turn / 2.0).min(1.0)
}

fn hide_end(lat_e7: i32, lon_e7: i32, ends: Ends) -> Circle {
    let [lat, lon] = [lat_e7, lon_e7].map(|e7| f64::from(e7) / PER_DEGREE);
    Circle::new(&Zone::around(lat, lon, ends.radius_m, ends.grid))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::grid::Grid;
    use super::*;

    const ENDS: Ends = Ends { radius_m: 200.0, grid: Grid::FIXED };

    proptest! {
        /// Samples the shortest way, the straight line in degrees and the one on a Mercator map.
        #[test]
        fn no_drawing_of_a_line_strays_further_than_the_spread(
            lat_deg in -84.0..84.0_f64,
            lon_deg in -180.0..180.0_f64,
            north_deg in -0.9..0.9_f64,
            east_deg in -2.0..2.0_f64,
            share in 0.0..1.0_f64,
        ) {
            let (from, to) = (Place::from_degrees(lat_deg, lon_deg), Place::from_degrees(lat_deg + north_deg, lon_deg + east_deg));
            let in_degrees = Place::from_degrees(lat_deg + share * north_deg, lon_deg + share * east_deg);
            let stretch = |lat_deg: f64| lat_deg.to_radians().tan().asinh();
            let stretched = stretch(lat_deg) + share * (stretch(lat_deg + north_deg) - stretch(lat_deg));
            let on_a_map = Place::from_degrees(stretched.sinh().atan().to_degrees(), lon_deg + share * east_deg);
            for drawn in [in_degrees, on_a_map] {
                prop_assert!(drawn.distance_to_line_m(&from, &to) <= spread_m(&from, &to));
            }
        }

        #[test]
        fn the_circle_of_a_cell_covers_all_that_lies_near_an_end(lat_e7 in -900_000_000..=900_000_000_i32, lon_e7 in -1_800_000_000..=1_800_000_000_i32, ends_m in 1.0..2000.0_f64, shift in any::<[u32; 2]>()) {
            let ends = Ends { radius_m: ends_m, grid: Grid::moved(shift) };
            let circle = hide_end(lat_e7, lon_e7, ends);
            let end = Place::new(lat_e7, lon_e7);
            prop_assert!(circle.center.distance_m(&end) + ends_m <= circle.reach_m);
            prop_assert!(circle.reach_m <= ends_m + (0.75 * ends_m).max(150.0) + MARGIN_M);
        }
    }

    #[test]
    fn no_line_bulges_more_than_along_a_meridian_at_the_equator() {
        let (from, to) = (Place::from_degrees(0.0, 0.0), Place::from_degrees(0.5, 0.0));
        let middle = Place::from_degrees(0.25, 0.0);
        assert!(middle.distance_to_line_m(&from, &to) <= spread_m(&from, &to));
    }

    #[test]
    fn neighbouring_ends_share_a_circle() {
        let circles = [(471_000_000, 85_000_000), (471_000_100, 85_000_100)]
            .map(|(lat_e7, lon_e7)| hide_end(lat_e7, lon_e7, ENDS));
        assert!(circles[0].center == circles[1].center);
        let sides = [1_800_000_000, -1_800_000_000].map(|lon_e7| hide_end(0, lon_e7, ENDS));
        assert!(sides[0].center.distance_m(&sides[1].center) < 1.0);
    }
}
