//! What a circle tells by itself, and the best guess of somebody who is told nothing else.

use opentracks::track::Zone;
use opentracks::track::cut::grid::{Cell, Grid};
use opentracks::track::cut::{CELL_M_MIN, CELL_SHARE};

use crate::chance::Random;
use crate::runners::resident;
use crate::table::Table;
use crate::town::{Spot, Town, degrees, distance_m, spot};
use crate::{COUNTRY, RADII_M, SMALL_TOWN};

/// A guess that is no further off has found the home, in metres.
pub const FOUND_M: f64 = 50.0;
/// How many houses a circle leaves in town, at least.
const HOUSES_MIN: usize = 30;

/// Houses that a home can be, each with how likely it is.
pub struct Suspects(pub Vec<(usize, f64)>);

/// How likely the best guess is right.
#[derive(Clone, Copy)]
pub struct Odds {
    /// Within [`FOUND_M`] metres.
    pub near: f64,
    /// The very house.
    pub exact: f64,
}

impl Suspects {
    /// Those whom a circle leaves to somebody who does not know the account's grid: a place is up to
    /// half a cell from the middle of its own, and that up to half a cell from the circle's.
    pub fn of_circle(town: &Town, zone: &Zone, radius_m: f64) -> Self {
        let middle = middle(zone);
        let side_m = side_m(radius_m);
        let houses = town.houses_near(middle, 1.5 * side_m).into_iter();
        let likely = |house: usize| {
            let at = town.houses[house].spot;
            let [east, north] = [0, 1].map(|axis| 1.0 - (at[axis] - middle[axis]).abs() / side_m);
            east.max(0.0) * north.max(0.0)
        };
        Self(
            houses
                .map(|house| (house, likely(house)))
                .filter(|(_, likely)| *likely > 0.0)
                .collect(),
        )
    }

    /// Those in the same cell of a grid as a home: whom the circle would leave to somebody who knew
    /// the account's grid.
    pub fn of_cell(town: &Town, home: Spot, radius_m: f64, grid: Grid) -> Self {
        let cell = cell(home, radius_m, grid);
        let near = town.houses_near(home, 1.5 * side_m(radius_m)).into_iter();
        let same = |house: &usize| cell_of(town, *house, radius_m, grid) == cell;
        Self(near.filter(same).map(|house| (house, 1.0)).collect())
    }

    /// How likely the best guess is right, for somebody who knows this much.
    pub fn odds(&self, town: &Town) -> Odds {
        let sum: f64 = self.0.iter().map(|(_, likely)| likely).sum();
        let most = self.0.iter().map(|(_, likely)| *likely).fold(0.0, f64::max);
        Odds { near: self.near(town).1 / sum, exact: most / sum }
    }

    /// The best guess for coming near.
    pub fn middle(&self, town: &Town) -> Spot {
        self.near(town).0
    }

    /// The likeliest house.
    pub fn likeliest(&self) -> Option<usize> {
        let likeliest = self.0.iter().max_by(|one, other| one.1.total_cmp(&other.1));
        likeliest.map(|(house, _)| *house)
    }

    /// Where most of what is likely lies within [`FOUND_M`], of a lattice round the weighted middle.
    fn near(&self, town: &Town) -> (Spot, f64) {
        let sum: f64 = self.0.iter().map(|(_, likely)| likely).sum();
        let middle = [0, 1].map(|axis| {
            let parts =
                self.0.iter().map(|(house, likely)| likely * town.houses[*house].spot[axis]);
            parts.sum::<f64>() / sum
        });
        let tried = (0..25).map(|index| {
            let aside_m = |step: i32| f64::from(step - 2) * FOUND_M / 3.0;
            [middle[0] + aside_m(index % 5), middle[1] + aside_m(index / 5)]
        });
        let within = |spot: Spot| {
            let found = self
                .0
                .iter()
                .filter(|(house, _)| distance_m(town.houses[*house].spot, spot) <= FOUND_M);
            (spot, found.map(|(_, likely)| likely).sum::<f64>())
        };
        tried.map(within).max_by(|one, other| one.1.total_cmp(&other.1)).unwrap()
    }
}

pub fn middle(zone: &Zone) -> Spot {
    let [lat, lon] = zone.degrees();
    spot(lat, lon)
}

/// The cell that a place lies in when so much round it is hidden.
pub fn cell(at: Spot, radius_m: f64, grid: Grid) -> Cell {
    let [lat, lon] = degrees(at);
    grid.cell(lat, lon, (radius_m * CELL_SHARE).max(CELL_M_MIN))
}

pub fn cell_of(town: &Town, house: usize, radius_m: f64, grid: Grid) -> Cell {
    cell(town.houses[house].spot, radius_m, grid)
}

pub fn side_m(radius_m: f64) -> f64 {
    cell([0.0, 0.0], radius_m, Grid::FIXED).side_m
}

#[test]
fn a_circle_leaves_many_homes_in_town() {
    let mut random = Random::new(6);
    let mut table = Table::titled("Houses left, in the middle and at least");
    for (what, plan) in [("town", SMALL_TOWN), ("country", COUNTRY)] {
        let town = Town::new(&plan, &mut random);
        for radius_m in RADII_M {
            let (mut circles, mut cells) = (Vec::new(), Vec::new());
            for _ in 0..100 {
                let (_, home, grid) = resident(&town, &mut random);
                let [lat, lon] = degrees(home);
                let zone = Zone::around(lat, lon, radius_m, grid);
                circles.push(Suspects::of_circle(&town, &zone, radius_m).0.len());
                cells.push(Suspects::of_cell(&town, home, radius_m, grid).0.len());
            }
            let [circles, cells] = [circles, cells].map(|mut counts| {
                counts.sort_unstable();
                (counts[counts.len() / 2], counts[0])
            });
            table.line(&format!("{what}, zone {radius_m} m: circle {circles:?}, cell {cells:?}"));
            assert!(plan.block_m > 500.0 || circles.1 >= HOUSES_MIN, "{what}, {radius_m} m");
        }
    }
    table.print();
}
