//! The home of somebody who has left, looked for in works that are nobody's, by who knows that they are one person's:
//! how far each is hidden is chance, but round the same places.

use opentracks::track::Zone;
use opentracks::track::cut::AGAIN_M;
use opentracks::track::cut::grid::Grid;

use crate::chance::{Random, Tally};
use crate::fitting::{outline, without_radius};
use crate::guess::{FOUND_M, Suspects, side_m};
use crate::runners::{ENDS_M, Runner, Seen, Taste, reach_m};
use crate::streets::{from_streets, weigh};
use crate::table::Table;
use crate::town::{Spot, Town, degrees, distance_m};
use crate::{SMALL_TOWN, TOWN};

const VICTIMS: usize = 25;
/// How many works somebody leaves.
const WORKS: [usize; 3] = [3, 10, 30];
/// By how much more often than by guessing within the circle streets may find somebody.
const STREETS_TELL_MAX: f64 = 0.3;
/// How much further than out of the circle one looks along the streets, in metres.
const WAY_M_MAX: f64 = 1_700.0;

/// The circle that fits the gates best, of those that there can be: their middles are those of a grid that
/// everybody knows.
fn circle(seen: &[Seen]) -> Zone {
    let (gates, visible) = outline(seen);
    let grown_m =
        [0.25, 0.5, 0.75].map(|share| AGAIN_M.start + share * (AGAIN_M.end - AGAIN_M.start));
    let middle = without_radius(&gates, &visible, &grown_m.map(|grown_m| reach_m(None) + grown_m));
    let [lat, lon] = degrees(middle);
    let cell = Grid::FIXED.cell(lat, lon, side_m(ENDS_M));
    crate::runners::circle([cell.lat, cell.lon], ENDS_M)
}

#[test]
fn works_of_one_author_tell_the_circle_of_their_home_and_no_more() {
    let mut random = Random::new(11);
    let town = Town::new(&TOWN, &mut random);
    let mut table = Table::new("The home behind works without an author, known to be one person's");
    let mut tallies = [[Tally::default(); 3]; WORKS.len()];
    for _ in 0..VICTIMS {
        let reach_m = reach_m(None) + AGAIN_M.end;
        let runner = Runner::new(&town, Taste::Own, WORKS[2], reach_m, &mut random);
        let seen = runner.left(&mut random);
        let told = runner.zone(ENDS_M);
        let odds = Suspects::of_circle(&town, &told, ENDS_M).odds(&town);
        for (works, [circles, near, exact]) in WORKS.into_iter().zip(&mut tallies) {
            let fitted = circle(&seen[..works.min(seen.len())]);
            circles.add((fitted.lat_e7, fitted.lon_e7) == (told.lat_e7, told.lon_e7), 1.0);
            let suspects = Suspects::of_circle(&town, &fitted, ENDS_M);
            near.add(distance_m(suspects.middle(&town), runner.home) <= FOUND_M, odds.near);
            exact.add(suspects.likeliest() == Some(runner.house), odds.exact);
        }
    }
    for (works, [circles, near, exact]) in WORKS.iter().zip(&tallies) {
        table.row(&format!("{works} works, the circle itself"), circles);
        for (what, tally) in [("within 50 m", near), ("the house", exact)] {
            table.row(&format!("{works} works, {what}"), tally);
            assert!(tally.is_guessing(), "{works}, {what}: {}", tally.rate());
        }
    }
    table.print();
}

#[test]
fn what_streets_tell_of_who_has_left_is_measured_and_has_a_bound() {
    let mut random = Random::new(12);
    let town = Town::new(&SMALL_TOWN, &mut random);
    let mut table =
        Table::new("Streets taken in works without an author, known to be one person's");
    for taste in [Taste::Own, Taste::Shortest] {
        let mut tallies = [[Tally::default(); 2]; 2];
        for _ in 0..VICTIMS {
            let reach_m = reach_m(None) + AGAIN_M.end;
            let runner = Runner::new(&town, taste, WORKS[2], reach_m, &mut random);
            let suspects = Suspects::of_circle(&town, &runner.zone(ENDS_M), ENDS_M);
            let odds = suspects.odds(&town);
            let from = from_streets(&town, &suspects, reach_m + WAY_M_MAX);
            for (seen, [near, exact]) in
                [runner.seen(&[]), runner.left(&mut random)].iter().zip(&mut tallies)
            {
                let weighed = weigh(&town, &suspects, seen, &from);
                let middle: Spot = weighed.middle(&town);
                near.add(distance_m(middle, runner.home) <= FOUND_M, odds.near);
                exact.add(weighed.likeliest() == Some(runner.house), odds.exact);
            }
        }
        for (when, [near, exact]) in ["before", "after"].iter().zip(&tallies) {
            table.row(&format!("{taste:?}, 30 runs, {when}, within 50 m"), near);
            table.row(&format!("{taste:?}, 30 runs, {when}, the house"), exact);
        }
        let [near, _] = tallies[1];
        assert!(near.rate() < near.guessing() + STREETS_TELL_MAX, "{taste:?}");
    }
    table.print();
}
