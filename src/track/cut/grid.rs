//! A grid over the Earth, so that a circle can tell of a place its cell and nothing more.
//!
//! Circles drawn round a place itself, however their middles are moved at random, are an instrument
//! to find it: each new one narrows down where it can be. A cell gives the same circle for every
//! place in it and each time. Cells of one size lie whole in those of the next, so that circles of
//! several sizes tell the smallest cell and nothing more.

/// The side of the largest cells, in metres; each next size has half of it.
const COARSEST_M: f64 = 1_600.0;
/// How often cells are halved at the most.
const HALVINGS_MAX: i32 = 12;
/// The longest degree there is on WGS 84, that of latitude at a pole, rounded up.
const DEGREE_M_MAX: f64 = 111_700.0;

/// A grid, moved by a share of its largest cells northwards and eastwards.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grid {
    shift: [f64; 2],
}

/// A cell, by its middle in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell {
    /// Latitude of the middle.
    pub lat: f64,
    /// Longitude of the middle, −180 to 180.
    pub lon: f64,
    /// No place of the cell is further from one side to the other than this, in metres.
    pub side_m: f64,
}

impl Grid {
    /// The grid that is always the same.
    pub const FIXED: Self = Self { shift: [0.0, 0.0] };

    /// A grid moved as `random` says.
    pub fn moved([north, east]: [u32; 2]) -> Self {
        let share = |random: u32| f64::from(random) / f64::from(u32::MAX);
        Self { shift: [share(north), share(east)] }
    }

    /// The cell that a place in degrees lies in, as large as it may be with sides no longer than
    /// `side_m`.
    pub fn cell(&self, lat: f64, lon: f64, side_m: f64) -> Cell {
        #[expect(clippy::cast_possible_truncation, reason = "clamped, and not a number is 0")]
        let halvings =
            (COARSEST_M / side_m).log2().ceil().clamp(0.0, f64::from(HALVINGS_MAX)) as i32;
        let parts = f64::from(halvings).exp2();
        let row_deg = COARSEST_M / DEGREE_M_MAX;
        let row = (lat + 90.0) / row_deg + self.shift[0];
        let south = (row.floor() - self.shift[0]) * row_deg - 90.0;
        // As many cells in a row as make none wider than the side, at its edge nearer to the equator.
        let widest = if south < 0.0 { (south + row_deg).min(0.0) } else { south };
        let cells = (360.0 * DEGREE_M_MAX * widest.to_radians().cos() / COARSEST_M).ceil().max(1.0);
        let column = (lon + 180.0) / 360.0 * cells + self.shift[1];
        // From 0 to the last: the seam lies inside a cell like any other line.
        let column = column.rem_euclid(cells);
        let middle = |place: f64| ((place * parts).floor() + 0.5) / parts;
        let east = (middle(column) - self.shift[1]) * 360.0 / cells;
        Cell {
            lat: (middle(row) - self.shift[0]) * row_deg - 90.0,
            lon: east.rem_euclid(360.0) - 180.0,
            side_m: COARSEST_M / parts,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::place::Place;
    use super::*;

    proptest! {
        #[test]
        fn every_place_is_near_the_middle_of_its_cell(
            lat in -90.0..=90.0_f64, lon in -180.0..=180.0_f64, side_m in 20.0..3_000.0_f64,
            shift in any::<[u32; 2]>(),
        ) {
            let cell = Grid::moved(shift).cell(lat, lon, side_m);
            prop_assert!(cell.side_m <= side_m && side_m.min(COARSEST_M) < 2.0 * cell.side_m);
            let away_m = Place::from_degrees(lat, lon)
                .distance_m(&Place::from_degrees(cell.lat, cell.lon));
            prop_assert!(away_m <= cell.side_m * std::f64::consts::FRAC_1_SQRT_2 + 0.01, "{away_m}");
        }

        /// What two places share in a small cell they share in every larger one.
        #[test]
        fn small_cells_lie_whole_in_large_ones(
            lat in -89.9..=89.9_f64, lon in -179.9..=179.9_f64,
            north in -1e-3..1e-3_f64, east in -1e-3..1e-3_f64, shift in any::<[u32; 2]>(),
        ) {
            let grid = Grid::moved(shift);
            let same = |side_m| grid.cell(lat, lon, side_m) == grid.cell(lat + north, lon + east, side_m);
            prop_assert!(!same(50.0) || same(100.0));
            prop_assert!(!same(100.0) || same(800.0));
        }
    }

    #[test]
    fn cells_are_as_large_as_allowed() {
        for (allowed_m, side_m) in [(50.0, 50.0), (99.0, 50.0), (100.0, 100.0), (2_500.0, 1_600.0)]
        {
            let cell = Grid::FIXED.cell(47.0, 8.0, allowed_m);
            assert!((cell.side_m - side_m).abs() < 1e-9, "{cell:?}");
        }
    }
}
