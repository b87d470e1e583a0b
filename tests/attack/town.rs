//! A town that nobody lives in: streets, houses, and the shortest ways between them.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use crate::chance::Random;

/// East and north of the middle of the town, in metres.
pub type Spot = [f64; 2];

/// Where the middle of the town is, in degrees.
const MIDDLE_DEG: [f64; 2] = [47.2, 8.5];
/// Metres in a degree of latitude and of longitude there, on WGS 84.
const DEGREE_M: [f64; 2] = [111_176.0, 75_772.0];
/// The side of the squares by which houses are found, in metres.
const SQUARE_M: f64 = 100.0;

/// Crossings, the streets between them, and houses along the streets.
pub struct Town {
    pub crossings: Vec<Spot>,
    /// For each crossing the ones next to it, how far they are, and which street leads there.
    next: Vec<Vec<(usize, f64, usize)>>,
    pub houses: Vec<House>,
    /// Houses and crossings by squares.
    squares: HashMap<[i64; 2], Vec<usize>>,
    corners: HashMap<[i64; 2], Vec<usize>>,
}

#[derive(Clone, Copy)]
pub struct House {
    pub spot: Spot,
    /// The crossings at both ends of its street, and how far they are.
    pub ways: [(usize, f64); 2],
}

/// What a town is made of.
pub struct Plan {
    /// Blocks along each side.
    pub blocks: usize,
    /// The side of a block, in metres.
    pub block_m: f64,
    /// From house to house, in metres.
    pub house_m: f64,
}

/// How far everything is from somewhere, and by which crossing one comes there.
pub struct Ways {
    pub away_m: Vec<f64>,
    from: Vec<usize>,
}

impl Town {
    /// A grid of streets that are not quite straight, with some missing and some diagonals.
    pub fn new(plan: &Plan, random: &mut Random) -> Self {
        let side = plan.blocks + 1;
        let place = |index: usize| (number(index) - number(plan.blocks) / 2.0) * plan.block_m;
        let mut jitter = |at_m: f64| at_m + random.between(-0.25, 0.25) * plan.block_m;
        let crossings: Vec<Spot> = (0..side * side)
            .map(|index| [jitter(place(index % side)), jitter(place(index / side))])
            .collect();
        let mut corners: HashMap<[i64; 2], Vec<usize>> = HashMap::new();
        for (crossing, spot) in crossings.iter().enumerate() {
            corners.entry(square(*spot)).or_default().push(crossing);
        }
        let next = vec![Vec::new(); side * side];
        let (houses, squares) = (Vec::new(), HashMap::new());
        let mut town = Self { crossings, next, houses, squares, corners };
        let mut street = 0;
        for index in 0..side * side {
            let (east, north) = (index % side + 1 < side, index / side + 1 < side);
            let streets = [
                (east, index + 1, 0.92),
                (north, index + side, 0.92),
                (east && north, index + side + 1, 0.1),
            ];
            for (exists, other, share) in streets {
                if exists && random.share() < share {
                    town.build(street, [index, other], plan.house_m);
                    street += 1;
                }
            }
        }
        town
    }

    fn build(&mut self, street: usize, ends: [usize; 2], house_m: f64) {
        let [from, to] = ends.map(|end| self.crossings[end]);
        let length_m = distance_m(from, to);
        self.next[ends[0]].push((ends[1], length_m, street));
        self.next[ends[1]].push((ends[0], length_m, street));
        let mut along_m = house_m / 2.0;
        while along_m < length_m {
            let share = along_m / length_m;
            let spot = [0, 1].map(|axis| from[axis] + share * (to[axis] - from[axis]));
            let ways = [(ends[0], along_m), (ends[1], length_m - along_m)];
            self.squares.entry(square(spot)).or_default().push(self.houses.len());
            self.houses.push(House { spot, ways });
            along_m += house_m;
        }
    }

    /// The houses within `radius_m` of somewhere.
    pub fn houses_near(&self, middle: Spot, radius_m: f64) -> Vec<usize> {
        let [[west, south], [east, north]] =
            [-radius_m, radius_m].map(|aside_m| square([middle[0] + aside_m, middle[1] + aside_m]));
        let squares = (west..=east).flat_map(|x| (south..=north).map(move |y| [x, y]));
        squares
            .filter_map(|square| self.squares.get(&square))
            .flatten()
            .copied()
            .filter(|house| distance_m(self.houses[*house].spot, middle) <= radius_m)
            .collect()
    }

    /// The house nearest to somewhere, if there is one around.
    pub fn house_at(&self, spot: Spot) -> Option<usize> {
        let away_m = |house: &usize| distance_m(self.houses[*house].spot, spot);
        let near = self.houses_near(spot, 200.0);
        near.into_iter().min_by(|one, other| away_m(one).total_cmp(&away_m(other)))
    }

    /// The crossing nearest to somewhere, if there is one around.
    pub fn crossing_at(&self, spot: Spot) -> Option<usize> {
        let [x, y] = square(spot);
        let squares = (x - 1..=x + 1).flat_map(|x| (y - 1..=y + 1).map(move |y| [x, y]));
        let near = squares.filter_map(|square| self.corners.get(&square)).flatten().copied();
        let away_m = |crossing: &usize| distance_m(self.crossings[*crossing], spot);
        near.min_by(|one, other| away_m(one).total_cmp(&away_m(other)))
    }

    /// The shortest ways from somewhere, up to `reach_m`, for somebody to whom a street seems as much
    /// longer as `taste` says.
    pub fn ways(
        &self,
        starts: &[(usize, f64)],
        reach_m: f64,
        taste: impl Fn(usize) -> f64,
    ) -> Ways {
        let mut ways = Ways {
            away_m: vec![f64::INFINITY; self.crossings.len()],
            from: vec![usize::MAX; self.crossings.len()],
        };
        let mut open = BinaryHeap::new();
        for &(start, away_m) in starts {
            ways.away_m[start] = away_m;
            // Distances are positive, and their bits are ordered as they are.
            open.push((Reverse(away_m.to_bits()), start));
        }
        while let Some((Reverse(bits), here)) = open.pop() {
            let away_m = f64::from_bits(bits);
            if away_m > ways.away_m[here] || away_m > reach_m {
                continue;
            }
            for &(there, length_m, street) in &self.next[here] {
                let there_m = away_m + length_m * taste(street);
                if there_m < ways.away_m[there] {
                    ways.away_m[there] = there_m;
                    ways.from[there] = here;
                    open.push((Reverse(there_m.to_bits()), there));
                }
            }
        }
        ways
    }

    /// The other end of the street that leads past `spot` to a crossing.
    pub fn street_end(&self, spot: Spot, crossing: usize) -> Option<usize> {
        let detour_m = |(end, length_m, _): &&(usize, f64, usize)| {
            let [one, other] = [*end, crossing].map(|end| distance_m(self.crossings[end], spot));
            one + other - length_m
        };
        let streets = self.next[crossing].iter();
        let passed = streets.min_by(|one, other| detour_m(one).total_cmp(&detour_m(other)));
        passed.map(|(end, _, _)| *end)
    }

    /// A crossing next to another.
    pub fn stroll(&self, crossing: usize, random: &mut Random) -> usize {
        let next = &self.next[crossing];
        if next.is_empty() { crossing } else { next[random.below(next.len())].0 }
    }
}

impl Ways {
    /// The crossings on the way to one, from the start on.
    pub fn to(&self, crossing: usize) -> Vec<usize> {
        let before = |here: &usize| Some(self.from[*here]).filter(|from| *from != usize::MAX);
        let mut way: Vec<usize> = std::iter::successors(Some(crossing), before).collect();
        way.reverse();
        way
    }

    /// How far a house is.
    pub fn to_house_m(&self, house: &House) -> f64 {
        let [one, other] = house.ways.map(|(end, away_m)| self.away_m[end] + away_m);
        one.min(other)
    }
}

pub fn distance_m(one: Spot, other: Spot) -> f64 {
    (one[0] - other[0]).hypot(one[1] - other[1])
}

/// Latitude and longitude in degrees.
pub fn degrees([east_m, north_m]: Spot) -> [f64; 2] {
    [MIDDLE_DEG[0] + north_m / DEGREE_M[0], MIDDLE_DEG[1] + east_m / DEGREE_M[1]]
}

pub fn spot(lat_deg: f64, lon_deg: f64) -> Spot {
    [(lon_deg - MIDDLE_DEG[1]) * DEGREE_M[1], (lat_deg - MIDDLE_DEG[0]) * DEGREE_M[0]]
}

pub fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap())
}

#[expect(clippy::cast_possible_truncation, reason = "a town is not that large")]
fn square(spot: Spot) -> [i64; 2] {
    spot.map(|at_m| (at_m / SQUARE_M).floor() as i64)
}
