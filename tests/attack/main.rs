//! The published attacks on privacy zones, run against what we show of a town that nobody lives in.
//!
//! The attacker has what everybody gets: the public columns of all activities of a victim. They know
//! the streets and houses, which radii there are, how circles are made, and the grid that is the same
//! for all; not the grid of the account. An attack may succeed no more often than the best guess of
//! somebody who is told a circle, or the cell behind it, and nothing else. Each attack is also run
//! against what others do or we once did, where it has to succeed: an attack that cannot find
//! anything proves nothing.

#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]
#![allow(missing_docs, reason = "names of tests are claims, and say it all")]

mod chance;
mod fitting;
mod guess;
mod left;
mod regression;
mod remade;
mod runners;
mod streets;
mod table;
mod town;

use town::Plan;

const TOWN: Plan = Plan { blocks: 80, block_m: 100.0, house_m: 12.0 };
const SMALL_TOWN: Plan = Plan { blocks: 36, ..TOWN };
const COUNTRY: Plan = Plan { blocks: 10, block_m: 1_000.0, house_m: 250.0 };
const RADII_M: [f64; 5] = [100.0, 200.0, 400.0, 800.0, 1_600.0];
/// How often the published attacks find homes behind what they were published against, at least.
const PUBLISHED: f64 = 0.6;
