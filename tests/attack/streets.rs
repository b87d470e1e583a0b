//! An attack that needs no distances: the house from which the ways that were taken are the shortest.

use std::collections::HashMap;

use crate::SMALL_TOWN;
use crate::chance::{Random, Tally};
use crate::guess::{FOUND_M, Suspects};
use crate::runners::{Runner, Seen, Taste, reach_m};
use crate::table::Table;
use crate::town::{Spot, Town, Ways, distance_m};

/// How near to a crossing a point is that passes it, in metres.
const PASSING_M: f64 = 14.0;
/// So much of a detour makes a way less likely by a factor of e, in metres.
const DETOUR_M: f64 = 15.0;
/// A longer one has other reasons.
const DETOUR_M_MAX: f64 = 200.0;
/// How much longer than the way straight out of the circle a way may be, in metres.
const WAY_M_MAX: f64 = 1_200.0;
/// How much more often than by guessing streets may find somebody who likes some more than others.
const LIKINGS_TELL_MAX: f64 = 0.3;
const VICTIMS: usize = 25;
const RUNS: [usize; 3] = [3, 10, 30];
/// How much of what is visible at each end is taken to be on the shortest way: a third, and not
/// more points than this.
const POINTS_MAX: usize = 50;

/// How somebody came out of what is hidden: by the street from `from`, and over crossings.
struct Way {
    from: usize,
    to: usize,
    length_m: f64,
}

/// How far everything is from the streets of all suspects.
pub fn from_streets(town: &Town, suspects: &Suspects, reach_m: f64) -> HashMap<usize, Ways> {
    let ends = suspects.0.iter().flat_map(|(house, _)| town.houses[*house].ways);
    let mut from = HashMap::new();
    for (end, _) in ends {
        from.entry(end).or_insert_with(|| town.ways(&[(end, 0.0)], reach_m, |_| 1.0));
    }
    from
}

/// The suspects, each as likely as it is by the circle and by the ways that were taken.
pub fn weigh(
    town: &Town,
    suspects: &Suspects,
    seen: &[Seen],
    from: &HashMap<usize, Ways>,
) -> Suspects {
    let ways: Vec<Way> = seen.iter().flat_map(|seen| taken(town, seen)).collect();
    let away_m = |house: usize, crossing: usize| {
        let ends = town.houses[house].ways;
        let [one, other] = ends.map(|(end, away_m)| from[&end].away_m[crossing] + away_m);
        one.min(other)
    };
    let detours = |house: usize| {
        let detours_m = ways.iter().map(|way| {
            let detour_m = away_m(house, way.from) + way.length_m - away_m(house, way.to);
            detour_m.clamp(0.0, DETOUR_M_MAX)
        });
        detours_m.sum::<f64>() / DETOUR_M
    };
    let weighed: Vec<(usize, f64, f64)> =
        suspects.0.iter().map(|(house, likely)| (*house, *likely, detours(*house))).collect();
    let least = weighed.iter().map(|(_, _, detours)| *detours).fold(f64::INFINITY, f64::min);
    let weighed = weighed.into_iter();
    Suspects(
        weighed.map(|(house, likely, detours)| (house, likely * (least - detours).exp())).collect(),
    )
}

fn taken(town: &Town, seen: &Seen) -> Vec<Way> {
    let mut ways = Vec::new();
    for part in &seen.parts {
        let third = (part.len() / 3).min(POINTS_MAX);
        let (out, back) = (&part[..third], part[part.len() - third..].iter().rev());
        ways.extend(way(town, out.iter().copied()));
        ways.extend(way(town, back.copied()));
    }
    ways
}

fn way(town: &Town, spots: impl Iterator<Item = Spot>) -> Option<Way> {
    let mut gate = None;
    let mut crossings: Vec<usize> = Vec::new();
    for spot in spots {
        gate.get_or_insert(spot);
        let Some(crossing) = town.crossing_at(spot) else { continue };
        let is_passed = distance_m(town.crossings[crossing], spot) <= PASSING_M;
        if is_passed && crossings.last() != Some(&crossing) {
            crossings.push(crossing);
        }
    }
    let (first, last) = (*crossings.first()?, *crossings.last()?);
    let from = town.street_end(gate?, first)?;
    let street_m = distance_m(town.crossings[from], town.crossings[first]);
    let between = crossings
        .windows(2)
        .map(|pair| distance_m(town.crossings[pair[0]], town.crossings[pair[1]]));
    Some(Way { from, to: last, length_m: street_m + between.sum::<f64>() })
}

/// No distance is told, but the streets are that somebody took: whatever is hidden, what is visible
/// says by which of them they came. So this is measured, and kept from getting worse; who always runs
/// the shortest way is found more often than by guessing.
#[test]
fn what_streets_tell_is_measured_and_has_a_bound() {
    let mut random = Random::new(3);
    let town = Town::new(&SMALL_TOWN, &mut random);
    let mut table = Table::new("Streets taken");
    for radius_m in [200.0, 400.0] {
        for taste in [Taste::Own, Taste::Shortest] {
            let mut tallies = [[Tally::default(); 2]; RUNS.len()];
            for _ in 0..VICTIMS {
                let runs = RUNS[RUNS.len() - 1];
                let reach_m = reach_m(Some(radius_m));
                let runner = Runner::new(&town, taste, runs, reach_m, &mut random);
                attack(&town, &runner, radius_m, &mut tallies);
            }
            for (runs, [near, exact]) in RUNS.iter().zip(&tallies) {
                let what = format!("zone {radius_m} m, {taste:?}, {runs} runs");
                table.row(&format!("{what}, within 50 m"), near);
                table.row(&format!("{what}, the house"), exact);
                match taste {
                    Taste::Own => {
                        assert!(near.rate() < near.guessing() + LIKINGS_TELL_MAX, "{what}");
                    }
                    Taste::Shortest if radius_m > 300.0 && *runs == 30 => {
                        assert!(!near.is_guessing(), "{what}");
                    }
                    Taste::Shortest => {}
                }
            }
        }
    }
    table.print();
}

fn attack(town: &Town, runner: &Runner, radius_m: f64, tallies: &mut [[Tally; 2]]) {
    let zone = runner.zone(radius_m);
    let suspects = Suspects::of_circle(town, &zone, radius_m);
    let odds = suspects.odds(town);
    let from = from_streets(town, &suspects, reach_m(Some(radius_m)) + WAY_M_MAX);
    let seen = runner.seen(&[zone]);
    for (runs, [near, exact]) in RUNS.into_iter().zip(tallies) {
        let weighed = weigh(town, &suspects, &seen[..runs.min(seen.len())], &from);
        near.add(distance_m(weighed.middle(town), runner.home) <= FOUND_M, odds.near);
        exact.add(weighed.likeliest() == Some(runner.house), odds.exact);
    }
}
