//! The attack of Dhondt et al. (ACM CCS 2022): the house whose ways over the streets to where lines
//! come out explain best what is told of the hidden distances.

use std::collections::HashMap;
use std::f64::consts::TAU;

use opentracks::track::cut::MARGIN_M;
use opentracks::track::{Ends, measure};

use crate::chance::{Random, Tally};
use crate::guess::{FOUND_M, Suspects};
use crate::runners::{ENDS_M, Runner, STEP_M, Seen, Taste, circle, reach_m};
use crate::table::Table;
use crate::town::{Spot, Town, Ways, degrees, distance_m, number};
use crate::{PUBLISHED, SMALL_TOWN};

const VICTIMS: usize = 30;
const RUNS: usize = 10;
/// What is tried against our zones.
const CASES: [&str; 4] = [
    "first time and speed, within 50 m",
    "first time and speed, the house",
    "totals less what is visible, within 50 m",
    "totals less what is visible, the house",
];
/// What is told where the attack has to succeed.
const CONTROLS: [&str; 3] =
    ["a stream that counts from the true start", "true totals", "200 m cut along the track"];

/// Sums of hidden distances in metres, each with the gates that it leads to: one for the distance at
/// the first point of a stream, two for a total less what is visible.
type Told = Vec<(Vec<Spot>, f64)>;

/// The house that explains best, by least absolute deviations as published.
fn locate(town: &Town, houses: &[usize], told: &Told, reach_m: f64) -> usize {
    let mut ways: HashMap<usize, Ways> = HashMap::new();
    let gates: Vec<(Vec<usize>, f64)> = told
        .iter()
        .map(|(gates, sum_m)| {
            let at = gates.iter().map(|gate| town.house_at(*gate).unwrap()).collect::<Vec<_>>();
            for gate in &at {
                let starts = town.houses[*gate].ways;
                ways.entry(*gate).or_insert_with(|| town.ways(&starts, 3.0 * reach_m, |_| 1.0));
            }
            (at, *sum_m)
        })
        .collect();
    let deviation_m = |house: usize| {
        let deviations = gates.iter().map(|(gates, sum_m)| {
            let ways_m = gates.iter().map(|gate| ways[gate].to_house_m(&town.houses[house]));
            (ways_m.sum::<f64>() - sum_m).abs()
        });
        deviations.sum::<f64>()
    };
    let deviations = houses.iter().map(|house| (*house, deviation_m(*house)));
    deviations.min_by(|one, other| one.1.total_cmp(&other.1)).unwrap().0
}

#[test]
fn distances_over_the_streets_find_no_more_homes_than_guessing() {
    let mut random = Random::new(2);
    let town = Town::new(&SMALL_TOWN, &mut random);
    let mut table = Table::new("Regression over the streets (Dhondt et al. 2022), 10 runs");
    let mut tallies = [Tally::default(); CASES.len()];
    let mut controls = [Tally::default(); CONTROLS.len()];
    for radius_m in [200.0, 400.0] {
        for _ in 0..VICTIMS {
            let reach_m = reach_m(Some(radius_m));
            let runner = Runner::new(&town, Taste::Shortest, RUNS, reach_m, &mut random);
            attack(&town, &runner, radius_m, &mut tallies);
            for (tally, (middle, told)) in
                controls.iter_mut().zip(leaks(&runner, radius_m, &mut random))
            {
                let reach_m = radius_m + MARGIN_M;
                let house = locate(&town, &town.houses_near(middle, reach_m), &told, reach_m);
                tally.add(distance_m(town.houses[house].spot, runner.home) <= FOUND_M, 0.0);
            }
        }
    }
    for (case, tally) in CASES.iter().zip(&tallies) {
        table.row(case, tally);
        assert!(tally.is_guessing(), "{case}: {}", tally.rate());
    }
    for (control, tally) in CONTROLS.iter().zip(&controls) {
        table.row(&format!("control: {control}, within 50 m"), tally);
        assert!(tally.rate() > PUBLISHED, "{control}: {}", tally.rate());
    }
    table.print();
}

fn attack(town: &Town, runner: &Runner, radius_m: f64, tallies: &mut [Tally]) {
    let zone = runner.zone(radius_m);
    let suspects = Suspects::of_circle(town, &zone, radius_m);
    let odds = suspects.odds(town);
    let houses: Vec<usize> = suspects.0.iter().map(|(house, _)| *house).collect();
    let seen = runner.seen(&[zone]);
    let starts: Told = seen.iter().map(told_at_the_start).collect();
    let totals: Told = seen.iter().flat_map(told_by_totals).collect();
    for (told, tallies) in [starts, totals].iter().zip(tallies.chunks_mut(2)) {
        assert!(told.iter().all(|(_, hidden_m)| *hidden_m < 1e-6), "a hidden distance is told");
        let house = locate(town, &houses, told, reach_m(Some(radius_m)));
        let is_near = distance_m(town.houses[house].spot, runner.home) <= FOUND_M;
        tallies[0].add(is_near, odds.near);
        tallies[1].add(house == runner.house, odds.exact);
    }
}

/// The hidden distance before the first point, by its time and the speed, and its gate.
fn told_at_the_start(seen: &Seen) -> (Vec<Spot>, f64) {
    let columns = seen.cut.track.columns();
    let speed_mps = measure(columns).speed_avg_mps.unwrap();
    (vec![seen.parts[0][0]], seconds(columns.time_ms[0]) * speed_mps)
}

/// What totals of distance and of time say beyond what is visible, and all gates.
fn told_by_totals(seen: &Seen) -> [(Vec<Spot>, f64); 2] {
    let columns = seen.cut.track.columns();
    let statistics = measure(columns);
    let visible_s: f64 = columns
        .parts()
        .map(|part| seconds(columns.time_ms[part.end - 1] - columns.time_ms[part.start]))
        .sum();
    let hidden_s = statistics.elapsed_s.unwrap() - visible_s;
    let ways = seen.parts.iter().flat_map(|part| part.windows(2));
    let visible_m: f64 = ways.map(|way| distance_m(way[0], way[1])).sum();
    let hidden_m = statistics.distance_m - visible_m;
    // By so much the lengths on the plane of the town and on the Earth may differ.
    let hidden_m = if hidden_m.abs() < 0.002 * visible_m { 0.0 } else { hidden_m };
    let gates = seen.gates();
    [(gates.clone(), hidden_s * statistics.speed_avg_mps.unwrap()), (gates, hidden_m)]
}

#[expect(clippy::cast_precision_loss, reason = "a run does not last that long")]
fn seconds(time_ms: i64) -> f64 {
    time_ms as f64 / 1_000.0
}

/// What services tell that were attacked: of a zone whose middle is moved, by the stream and by
/// totals; and of ends cut along the track.
fn leaks(runner: &Runner, radius_m: f64, random: &mut Random) -> [(Spot, Told); 3] {
    let (turn, away_m) = (random.between(0.0, TAU), 0.7 * radius_m * random.share().sqrt());
    let middle = [runner.home[0] + away_m * turn.cos(), runner.home[1] + away_m * turn.sin()];
    let zone = circle(degrees(middle), radius_m);
    let (mut streams, mut totals, mut trimmed) = (Vec::new(), Vec::new(), Vec::new());
    for run in &runner.runs {
        let seen = Seen::new(&run.track, &[zone], Ends::SHOWN).unwrap();
        let gates = seen.gates();
        let (first, last) = (gates[0], gates[gates.len() - 1]);
        let [before_m, after_m] = run.hidden_m(&zone);
        streams.push((vec![first], before_m));
        totals.push((vec![first, last], before_m + after_m));
        let shown = run.trimmed(ENDS_M);
        let hidden_m = number(17) * STEP_M;
        trimmed.push((vec![shown[0]], hidden_m));
        trimmed.push((vec![shown[shown.len() - 1]], hidden_m));
    }
    [(middle, streams), (middle, totals), (runner.home, trimmed)]
}
