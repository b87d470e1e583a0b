//! How fast and how exact the pipeline is, beside named alternatives on this machine.

use pco as _;

fn main() {}
