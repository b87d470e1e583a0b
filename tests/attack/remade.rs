//! Attacks on circles of one home that were seen one after the other: zones made anew, in other
//! sizes or a little aside, and ends that lie some metres apart.

use std::collections::BTreeMap;
use std::f64::consts::TAU;

use opentracks::track::Zone;
use opentracks::track::cut::grid::Grid;

use crate::chance::{Random, Tally};
use crate::guess::{FOUND_M, Odds, Suspects, cell};
use crate::runners::{ENDS_M, NOISE_M, resident};
use crate::table::Table;
use crate::town::{Spot, Town, degrees, distance_m};
use crate::{RADII_M, SMALL_TOWN};

/// Where the middle of a circle is.
type Middle = [i32; 2];
/// What is told of a place by an account with this grid: the middles of the circles.
type Told<'a> = &'a dyn Fn(Spot, Grid) -> Vec<Middle>;

/// How likely a place is found so many deviations to each side of where it is (Gauss and Hermite).
const NOISE: [(f64, f64); 3] = [(-1.732, 1.0 / 6.0), (0.0, 2.0 / 3.0), (1.732, 1.0 / 6.0)];
/// What a circle that a house cannot explain counts for.
const UNLIKELY: f64 = 2e-3;
/// How far aside a place is tapped on a map, as a standard deviation in metres.
const TAP_M: f64 = 10.0;
/// How many grids stand for those that an account may have.
const GRIDS: usize = 24;
const VICTIMS: usize = 120;

/// What our circles tell of a place, in several sizes.
fn ours(radii_m: &[f64]) -> impl Fn(Spot, Grid) -> Vec<Middle> {
    move |at, grid| {
        let [lat, lon] = degrees(at);
        let zones = radii_m.iter().map(|radius_m| Zone::around(lat, lon, *radius_m, grid));
        zones.map(|zone| [zone.lat_e7, zone.lon_e7]).collect()
    }
}

/// What a circle round the very cell tells: that cell.
fn cell_itself(at: Spot, radius_m: f64, grid: Grid) -> Middle {
    let cell = cell(at, radius_m, grid);
    #[expect(clippy::cast_possible_truncation, reason = "degrees are in range")]
    [cell.lat, cell.lon].map(|degrees| (degrees * 1e7).round() as i32)
}

/// Those from whom the same is told by an account with one of these grids, each as likely as there
/// are grids.
fn same_told(town: &Town, near: &[usize], home: &[Middle], grids: &[Grid], told: Told) -> Suspects {
    let likely = |house: usize| {
        let same = grids.iter().filter(|grid| told(town.houses[house].spot, **grid) == home);
        f64::from(u32::try_from(same.count()).unwrap())
    };
    Suspects(near.iter().map(|house| (*house, likely(*house))).collect())
}

/// The circles of a place that is found a little aside each time.
fn seen_often(
    home: Spot,
    noise_m: f64,
    times: usize,
    random: &mut Random,
    told: impl Fn(Spot) -> Middle,
) -> BTreeMap<Middle, f64> {
    let mut seen = BTreeMap::new();
    for _ in 0..times {
        let aside_m = random.normal(noise_m);
        *seen.entry(told([home[0] + aside_m[0], home[1] + aside_m[1]])).or_default() += 1.0;
    }
    seen
}

/// How likely each house is to be the one of which these circles were seen so often.
fn weigh(
    town: &Town,
    near: &[usize],
    seen: &BTreeMap<Middle, f64>,
    noise_m: f64,
    grids: &[Grid],
    told: impl Fn(Spot, Grid) -> Middle,
) -> Suspects {
    let likely = |house: usize, grid: Grid| {
        let spot = town.houses[house].spot;
        let mut expected: BTreeMap<Middle, f64> = BTreeMap::new();
        for (east, share_east) in NOISE {
            for (north, share_north) in NOISE {
                let aside = [spot[0] + east * noise_m, spot[1] + north * noise_m];
                *expected.entry(told(aside, grid)).or_default() += share_east * share_north;
            }
        }
        let faults = seen.iter().map(|(middle, count)| {
            count * expected.get(middle).copied().unwrap_or(0.0).max(UNLIKELY).ln()
        });
        faults.sum::<f64>()
    };
    let logs: Vec<(usize, Vec<f64>)> = near
        .iter()
        .map(|house| (*house, grids.iter().map(|grid| likely(*house, *grid)).collect()))
        .collect();
    let most = logs.iter().flat_map(|(_, logs)| logs).copied().fold(f64::NEG_INFINITY, f64::max);
    Suspects(
        logs.into_iter()
            .map(|(house, logs)| (house, logs.iter().map(|log| (log - most).exp()).sum()))
            .collect(),
    )
}

/// Everything of every version was kept by somebody.
#[test]
fn zones_made_anew_tell_no_more_than_the_smallest_cell() {
    let mut random = Random::new(4);
    let town = Town::new(&SMALL_TOWN, &mut random);
    let mut table = Table::new("Zones made anew, and ends beside them");
    let sizes = ours(&RADII_M);
    let beside = |at: Spot, grid: Grid| {
        vec![cell_itself(at, ENDS_M, grid), cell_itself(at, ENDS_M, Grid::FIXED)]
    };
    let mut tallies = [Tally::default(); 6];
    for _ in 0..VICTIMS {
        let (house, home, grid) = resident(&town, &mut random);
        let near = suspects(&town, home, grid);
        let odds = Suspects::of_cell(&town, home, ENDS_M, grid).odds(&town);
        // One of the grids is that of the account: it is not known which.
        let grids: Vec<Grid> =
            (1..GRIDS).map(|_| Grid::moved(random.pair())).chain([grid]).collect();
        let found = same_told(&town, &near, &sizes(home, grid), &grids, &sizes);
        judge(&mut tallies[..2], &town, &found, house, odds);
        let found = same_told(&town, &near, &beside(home, grid), &[grid], &beside);
        judge(&mut tallies[2..4], &town, &found, house, odds);
        let found = thrown(&town, home, &mut random);
        judge(&mut tallies[4..], &town, &found, house, odds);
    }
    let names = [
        "zone of 5 sizes, and none",
        "control: ends by a grid of their own",
        "control: circles thrown 10 times",
    ];
    for (name, pair) in names.iter().zip(tallies.chunks(2)) {
        table.row(&format!("{name}, within 50 m"), &pair[0]);
        table.row(&format!("{name}, the house"), &pair[1]);
    }
    table.print();
    assert!(tallies[..2].iter().all(Tally::is_guessing));
    assert!(!tallies[3].is_guessing() && !tallies[5].is_guessing());
}

/// Ends lie some metres apart, and so does a zone that its owner makes again.
#[test]
fn homes_by_a_line_of_the_grid_are_found_no_more_often() {
    let mut random = Random::new(5);
    let town = Town::new(&SMALL_TOWN, &mut random);
    let mut table = Table::new("One home, circles of several cells");
    for (what, noise_m, times) in [("60 ends", NOISE_M, 60), ("zone made 5 times", TAP_M, 5)] {
        let mut tallies = [Tally::default(); 4];
        for _ in 0..VICTIMS {
            let (house, home, grid) = resident(&town, &mut random);
            let near = suspects(&town, home, grid);
            let told = |at: Spot, grid: Grid| ours(&[ENDS_M])(at, grid)[0];
            let odds = Suspects::of_cell(&town, home, ENDS_M, grid).odds(&town);
            let seen = seen_often(home, noise_m, times, &mut random, |at| told(at, grid));
            let grids: Vec<Grid> = (0..GRIDS / 2).map(|_| Grid::moved(random.pair())).collect();
            let found = weigh(&town, &near, &seen, noise_m, &grids, told);
            judge(&mut tallies[..2], &town, &found, house, odds);

            let told = |at: Spot, grid: Grid| cell_itself(at, ENDS_M, grid);
            let seen = seen_often(home, noise_m, times, &mut random, |at| told(at, grid));
            let found = weigh(&town, &near, &seen, noise_m, &[grid], told);
            judge(&mut tallies[2..], &town, &found, house, odds);
        }
        let names = [what.to_owned(), format!("control: {what}, lines are known")];
        for (name, pair) in names.iter().zip(tallies.chunks(2)) {
            table.row(&format!("{name}, within 50 m"), &pair[0]);
            table.row(&format!("{name}, the house"), &pair[1]);
        }
        assert!(tallies[..2].iter().all(Tally::is_guessing), "{what}");
        assert!(!tallies[3].is_guessing(), "{what}");
    }
    table.print();
}

/// Whom the circle of the ends leaves.
fn suspects(town: &Town, home: Spot, grid: Grid) -> Vec<usize> {
    let [lat, lon] = degrees(home);
    let zone = Zone::around(lat, lon, ENDS_M, grid);
    let near = Suspects::of_circle(town, &zone, ENDS_M).0.into_iter();
    near.map(|(house, _)| house).collect()
}

/// Adds what suspicions are worth.
fn judge(tallies: &mut [Tally], town: &Town, suspects: &Suspects, house: usize, odds: Odds) {
    let home = town.houses[house].spot;
    tallies[0].add(distance_m(suspects.middle(town), home) <= FOUND_M, odds.near);
    tallies[1].add(suspects.likeliest() == Some(house), odds.exact);
}

/// Those who live in ten circles of the size of a zone, thrown at random over a home.
fn thrown(town: &Town, home: Spot, random: &mut Random) -> Suspects {
    let mut near = town.houses_near(home, 2.0 * ENDS_M);
    for _ in 0..10 {
        let (turn, away_m) = (random.between(0.0, TAU), ENDS_M * random.share().sqrt());
        let middle = [home[0] + away_m * turn.cos(), home[1] + away_m * turn.sin()];
        near.retain(|house| distance_m(town.houses[*house].spot, middle) <= ENDS_M);
    }
    Suspects(near.into_iter().map(|house| (house, 1.0)).collect())
}
