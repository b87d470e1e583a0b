//! The attack of Hassan et al. (USENIX Security 2018): the circle through the points where lines come
//! out of it.

use opentracks::track::cut::MARGIN_M;
use opentracks::track::{Ends, Zone};

use crate::chance::{Random, Tally};
use crate::guess::{FOUND_M, Suspects};
use crate::runners::{ENDS_M, Runner, STEP_M, Seen, Taste, circle, reach_m};
use crate::table::Table;
use crate::town::{Spot, Town, degrees, distance_m, number};
use crate::{PUBLISHED, RADII_M, TOWN};

/// How many victims each zone has.
const VICTIMS: usize = 25;
/// After how many runs somebody is attacked.
const RUNS: [usize; 3] = [3, 10, 30];
/// What is tried with each victim.
const CASES: [&str; 7] = [
    "3 runs, within 50 m",
    "3 runs, the house",
    "10 runs, within 50 m",
    "10 runs, the house",
    "30 runs, within 50 m",
    "30 runs, the house",
    "30 runs, radius unknown, within 50 m",
];
/// How far a line comes out of a circle before its next point, on average, in metres.
const LATE_M: f64 = STEP_M / 2.0;
const ROUNDS: usize = 15;
/// From how many sides the middle is looked for.
const SIDES: i32 = 6;

/// A circle, and how badly it fits.
#[derive(Clone, Copy)]
struct Fit {
    middle: Spot,
    radius_m: f64,
    fault: f64,
}

/// The middle of the circle of known radius that fits best.
fn with_radius(gates: &[Spot], visible: &[Spot], radius_m: f64) -> Spot {
    best(gates, visible, radius_m, false).middle
}

/// The middle of the circle that fits best when its radius is not known; looked for from several.
pub fn without_radius(gates: &[Spot], visible: &[Spot], radii_m: &[f64]) -> Spot {
    let tried = radii_m.iter().map(|radius_m| best(gates, visible, *radius_m, true));
    tried.min_by(|one, other| one.fault.total_cmp(&other.fault)).unwrap().middle
}

fn best(gates: &[Spot], visible: &[Spot], radius_m: f64, is_free: bool) -> Fit {
    let count = number(gates.len());
    let middle = [0, 1].map(|axis| gates.iter().map(|gate| gate[axis]).sum::<f64>() / count);
    let fits = (0..=SIDES).map(|side| {
        let turn = f64::from(side) / f64::from(SIDES) * std::f64::consts::TAU;
        let away_m = if side == SIDES { 0.1 } else { radius_m * 0.7 };
        let start = [middle[0] + away_m * turn.cos(), middle[1] + away_m * turn.sin()];
        fit(gates, visible, Fit { middle: start, radius_m, fault: 0.0 }, is_free)
    });
    fits.min_by(|one, other| one.fault.total_cmp(&other.fault)).unwrap()
}

/// Gauss and Newton's way downhill. What is visible inside speaks against a circle.
fn fit(gates: &[Spot], visible: &[Spot], start: Fit, is_free: bool) -> Fit {
    let mut fit = start;
    for _ in 0..ROUNDS {
        // Normal equations of east, north and radius.
        let (mut matrix, mut right) = ([[0.0; 3]; 3], [0.0; 3]);
        for gate in gates {
            let away_m = distance_m(*gate, fit.middle).max(1e-3);
            let slope = [
                (fit.middle[0] - gate[0]) / away_m,
                (fit.middle[1] - gate[1]) / away_m,
                if is_free { -1.0 } else { 0.0 },
            ];
            for row in 0..3 {
                right[row] -= slope[row] * (away_m - fit.radius_m);
                for column in 0..3 {
                    matrix[row][column] += slope[row] * slope[column];
                }
            }
        }
        for (axis, row) in matrix.iter_mut().enumerate() {
            row[axis] += 1e-3;
        }
        let step = solve(matrix, right);
        fit.middle = [fit.middle[0] + step[0], fit.middle[1] + step[1]];
        fit.radius_m = (fit.radius_m + step[2]).clamp(50.0, 10_000.0);
    }
    let square = |gate: &Spot| (distance_m(*gate, fit.middle) - fit.radius_m).powi(2);
    let inside = |spot: &&Spot| distance_m(**spot, fit.middle) < fit.radius_m - 30.0;
    let faults = number(visible.iter().filter(inside).count()) * 1_000.0;
    Fit { fault: gates.iter().map(square).sum::<f64>() + faults, ..fit }
}

/// By Cramer's rule.
fn solve(matrix: [[f64; 3]; 3], right: [f64; 3]) -> [f64; 3] {
    let determinant = |m: [[f64; 3]; 3]| {
        m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1])
            - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
            + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0])
    };
    let whole = determinant(matrix);
    [0, 1, 2].map(|column| {
        let mut replaced = matrix;
        for row in 0..3 {
            replaced[row][column] = right[row];
        }
        determinant(replaced) / whole
    })
}

#[test]
fn circles_through_the_gates_find_no_more_homes_than_guessing() {
    let mut random = Random::new(1);
    let town = Town::new(&TOWN, &mut random);
    let mut table = Table::new("Circle fitting (Hassan et al. 2018)");
    let mut naive = Tally::default();
    for radius_m in RADII_M.into_iter().map(Some).chain([None]) {
        let mut tallies = [Tally::default(); CASES.len()];
        for _ in 0..VICTIMS {
            let runs = RUNS[RUNS.len() - 1];
            let runner = Runner::new(&town, Taste::Own, runs, reach_m(radius_m), &mut random);
            attack(&town, &runner, radius_m, &mut tallies);
            if let Some(radius_m) = radius_m.filter(|radius_m| *radius_m <= 800.0) {
                let (gates, visible) = outline(&seen_naively(&runner, radius_m));
                let middle = with_radius(&gates, &visible, radius_m + MARGIN_M + LATE_M);
                naive.add(distance_m(middle, runner.home) <= FOUND_M, 0.0);
            }
        }
        let zone = radius_m.map_or("no zone".to_owned(), |radius_m| format!("zone {radius_m} m"));
        for (case, tally) in CASES.iter().zip(&tallies) {
            table.row(&format!("{zone}, {case}"), tally);
            assert!(tally.is_guessing(), "{zone}, {case}: {}", tally.rate());
        }
    }
    table.row("control: circles round the home, 30 runs, within 50 m", &naive);
    table.print();
    assert!(naive.rate() > PUBLISHED, "{}", naive.rate());
}

fn attack(town: &Town, runner: &Runner, radius_m: Option<f64>, tallies: &mut [Tally]) {
    let zones: Vec<Zone> = radius_m.map(|radius_m| runner.zone(radius_m)).into_iter().collect();
    let told_m = radius_m.unwrap_or(ENDS_M);
    let odds = Suspects::of_circle(town, &runner.zone(told_m), told_m).odds(town);
    let seen = runner.seen(&zones);
    let is_near = |middle: Spot| distance_m(middle, runner.home) <= FOUND_M;
    for (runs, tallies) in RUNS.into_iter().zip(tallies.chunks_mut(2)) {
        let (gates, visible) = outline(&seen[..runs.min(seen.len())]);
        let middle = with_radius(&gates, &visible, reach_m(radius_m) + LATE_M);
        tallies[0].add(is_near(middle), odds.near);
        tallies[1].add(town.house_at(middle) == Some(runner.house), odds.exact);
    }
    let (gates, visible) = outline(&seen);
    let radii_m = RADII_M.map(|radius_m| reach_m(Some(radius_m)));
    tallies[6].add(is_near(without_radius(&gates, &visible, &radii_m)), odds.near);
}

pub fn outline(seen: &[Seen]) -> (Vec<Spot>, Vec<Spot>) {
    let gates = seen.iter().flat_map(Seen::gates).collect();
    let visible = seen.iter().flat_map(|seen| seen.parts.iter().flatten()).step_by(7).copied();
    (gates, visible.collect())
}

/// By zones whose middle is the home.
fn seen_naively(runner: &Runner, radius_m: f64) -> Vec<Seen> {
    let [lat, lon] = degrees(runner.home);
    let zone = circle([lat, lon], radius_m);
    runner.runs.iter().filter_map(|run| Seen::new(&run.track, &[zone], Ends::SHOWN)).collect()
}
