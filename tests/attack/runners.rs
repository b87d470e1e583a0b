//! People who run from their door and back, and what others get of it.

use opentracks::track::columns::{Columns, PER_DEGREE};
use opentracks::track::cut::grid::Grid;
use opentracks::track::{Cut, Ends, ExactTrack, SensorsShown, Zone, cut, cut_again};

use crate::chance::Random;
use crate::town::{Spot, Town, Ways, degrees, distance_m, number};

/// As in `domain/choices.rs`.
pub const ENDS_M: f64 = 200.0;
/// By how much a receiver is off, as a standard deviation in metres.
pub const NOISE_M: f64 = 4.0;
/// From point to point in metres and in milliseconds.
pub const STEP_M: f64 = 12.0;
const STEP_MS: i64 = 4_000;
/// How far from what is hidden a run turns back, in metres.
const BEYOND_M: [f64; 2] = [150.0, 600.0];
const START_MS: i64 = 1_700_000_000_000;

/// How somebody chooses their way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Taste {
    /// Always the shortest.
    Shortest,
    /// Streets seem up to a fifth longer or shorter than they are.
    Own,
}

/// Somebody who runs from home and back.
pub struct Runner {
    pub house: usize,
    pub home: Spot,
    /// The grid of the account.
    pub grid: Grid,
    pub runs: Vec<Run>,
}

/// A run, as its owner has it.
pub struct Run {
    pub track: ExactTrack,
    spots: Vec<Spot>,
}

/// A run, as others get it.
pub struct Seen {
    pub cut: Cut,
    pub parts: Vec<Vec<Spot>>,
}

impl Runner {
    /// Somebody who runs further than `reach_m` from their door each time.
    pub fn new(town: &Town, taste: Taste, runs: usize, reach_m: f64, random: &mut Random) -> Self {
        let (house, ways) = loop {
            let middle = town.houses_near([0.0, 0.0], 400.0);
            let house = middle[random.below(middle.len())];
            let likes = random.bits();
            let seems = |street: usize| match taste {
                Taste::Shortest => 1.0,
                Taste::Own => Random::new(likes ^ street as u64).between(0.8, 1.2),
            };
            let starts = town.houses[house].ways;
            let ways = town.ways(&starts, 2.0 * (reach_m + BEYOND_M[1]), seems);
            if ways.away_m.iter().filter(|away_m| away_m.is_finite()).count() > 300 {
                break (house, ways);
            }
        };
        let home = town.houses[house].spot;
        let away = |crossing: &usize| {
            let away_m = distance_m(town.crossings[*crossing], home) - reach_m;
            ways.away_m[*crossing].is_finite() && (BEYOND_M[0]..BEYOND_M[1]).contains(&away_m)
        };
        let turns: Vec<usize> = (0..town.crossings.len()).filter(away).collect();
        let grid = Grid::moved(random.pair());
        let runs = (0..runs)
            .map(|_| {
                let turn = turns[random.below(turns.len())];
                Run::new(&line(town, &ways, home, turn, random), random)
            })
            .collect();
        Self { house, home, grid, runs }
    }

    /// The zone of this radius round the home, as the server makes it.
    pub fn zone(&self, radius_m: f64) -> Zone {
        let [lat, lon] = degrees(self.home);
        Zone::around(lat, lon, radius_m, self.grid)
    }

    /// What others get of all runs.
    pub fn seen(&self, zones: &[Zone]) -> Vec<Seen> {
        let ends = Ends { radius_m: ENDS_M, grid: self.grid };
        self.runs.iter().filter_map(|run| Seen::new(&run.track, zones, ends)).collect()
    }

    /// What others get of all runs once their owner has left.
    pub fn left(&self, random: &mut Random) -> Vec<Seen> {
        let ends = Ends { radius_m: ENDS_M, grid: self.grid };
        let left = self.runs.iter().filter_map(|run| {
            let cut = cut_again(&run.track, &[], ends, || random.share(), |_, _| None)?;
            Some(Seen::of(cut))
        });
        left.collect()
    }
}

/// There by the shortest way, a stroll, and back by the shortest way.
fn line(town: &Town, ways: &Ways, home: Spot, turn: usize, random: &mut Random) -> Vec<Spot> {
    let mut crossings = ways.to(turn);
    let mut here = turn;
    for _ in 0..random.below(6) {
        let there = town.stroll(here, random);
        if ways.away_m[there].is_infinite() {
            break;
        }
        crossings.push(there);
        here = there;
    }
    crossings.extend(ways.to(here).into_iter().rev().skip(1));
    let between = crossings.into_iter().map(|crossing| town.crossings[crossing]);
    [home].into_iter().chain(between).chain([home]).collect()
}

impl Run {
    fn new(line: &[Spot], random: &mut Random) -> Self {
        let mut spots = vec![line[0]];
        let mut left_m = STEP_M;
        for way in line.windows(2) {
            let length_m = distance_m(way[0], way[1]);
            while left_m < length_m {
                let share = left_m / length_m;
                spots.push([0, 1].map(|axis| way[0][axis] + share * (way[1][axis] - way[0][axis])));
                left_m += STEP_M;
            }
            left_m -= length_m;
        }
        spots.extend(line.last());
        for spot in &mut spots {
            let noise_m = random.normal(NOISE_M);
            *spot = [spot[0] + noise_m[0], spot[1] + noise_m[1]];
        }
        Self { track: track(&spots), spots }
    }

    /// Its points without the first and last `trim_m` metres of the way, as some services cut, and
    /// how far the way was before the first that is left.
    pub fn trimmed(&self, trim_m: f64) -> Vec<Spot> {
        let (mut first, mut along_m) = (0, 0.0);
        while along_m < trim_m {
            along_m += STEP_M;
            first += 1;
        }
        self.spots[first..self.spots.len() - first].to_vec()
    }

    /// How far the way was until it came out of a circle, and from where it came into it again: what
    /// a service tells that counts from the true start.
    pub fn hidden_m(&self, zone: &Zone) -> [f64; 2] {
        let middle = crate::town::spot(zone.degrees()[0], zone.degrees()[1]);
        let inside = |spot: &&Spot| distance_m(**spot, middle) <= zone.radius_m + 30.0;
        let before = self.spots.iter().take_while(inside).count();
        let after = self.spots.iter().rev().take_while(inside).count();
        [before, after].map(|points| number(points) * STEP_M)
    }
}

impl Seen {
    /// What is left of a track, if anything.
    pub fn new(track: &ExactTrack, zones: &[Zone], ends: Ends) -> Option<Self> {
        Some(Self::of(cut(track, zones, ends, SensorsShown::None)?))
    }

    fn of(cut: Cut) -> Self {
        let columns = cut.track.columns();
        let spot = |point: usize| {
            let [lat, lon] =
                [columns.lat_e7[point], columns.lon_e7[point]].map(|e7| f64::from(e7) / PER_DEGREE);
            crate::town::spot(lat, lon)
        };
        let parts = columns.parts().map(|part| part.map(spot).collect()).collect();
        Self { cut, parts }
    }

    /// Where the line comes out of what is hidden, or goes in.
    pub fn gates(&self) -> Vec<Spot> {
        self.parts.iter().flat_map(|part| [part[0], part[part.len() - 1]]).collect()
    }
}

fn track(spots: &[Spot]) -> ExactTrack {
    #[expect(clippy::cast_possible_truncation, reason = "degrees are in range")]
    let e7 = |axis: usize| {
        spots.iter().map(move |spot| (degrees(*spot)[axis] * PER_DEGREE).round() as i32).collect()
    };
    ExactTrack::new(Columns {
        lat_e7: e7(0),
        lon_e7: e7(1),
        time_ms: (0_i64..).take(spots.len()).map(|step| START_MS + step * STEP_MS).collect(),
        part_ends: vec![spots.len()],
        ..Columns::default()
    })
}

/// Somebody who lives in the middle, and the grid of their account.
pub fn resident(town: &Town, random: &mut Random) -> (usize, Spot, Grid) {
    let middle = town.houses_near([0.0, 0.0], 1_000.0);
    let house = middle[random.below(middle.len())];
    (house, town.houses[house].spot, Grid::moved(random.pair()))
}

/// How far from the middle of its circle a home hides what is round it.
pub fn reach_m(radius_m: Option<f64>) -> f64 {
    let [lat, lon] = degrees([0.0, 0.0]);
    let around_m = |radius_m| Zone::around(lat, lon, radius_m, Grid::FIXED).radius_m + 30.0;
    radius_m.map_or(around_m(ENDS_M), |radius_m| around_m(radius_m) + ENDS_M)
}

/// A zone round the very place.
#[expect(clippy::cast_possible_truncation, reason = "degrees are in range")]
pub fn circle(degrees: [f64; 2], radius_m: f64) -> Zone {
    let [lat_e7, lon_e7] = degrees.map(|degrees| (degrees * 1e7).round() as i32);
    Zone { lat_e7, lon_e7, radius_m }
}
