//! The writers: what they write is read again, with all that the format holds.

#![no_main]

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use opentracks_fuzz::domain::Sport;
use opentracks_fuzz::made::{Origin, Spot, columns};
use opentracks_fuzz::returns;
use opentracks_fuzz::track::reading::Waypoint;
use opentracks_fuzz::track::write::{Document, Times, csv};

/// In the year 11476: some years can be said, and others cannot.
const START_MS_MAX: i64 = 300_000_000_000_000;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    title: &'a str,
    description: Option<&'a str>,
    author: Option<&'a str>,
    sport: usize,
    planned: bool,
    from_start: bool,
    origin: Origin,
    start_ms: i64,
    waypoints: Vec<(i16, i16, Option<i16>, [Option<&'a str>; 3])>,
    spots: Vec<Spot>,
}

fuzz_target!(|input: Input| {
    if input.spots.is_empty() {
        return;
    }
    let columns = columns(input.origin, input.start_ms % START_MS_MAX, &input.spots);
    let owned = |text: Option<&str>| text.map(str::to_owned);
    let waypoints: Vec<Waypoint> = input
        .waypoints
        .iter()
        .map(|(north_m, east_m, elevation_dm, [name, description, symbol])| {
            let (lat_e7, lon_e7) = input.origin.go(*north_m, *east_m);
            Waypoint {
                lat_e7,
                lon_e7,
                elevation_dm: elevation_dm.map(i32::from),
                name: owned(*name),
                description: owned(*description),
                symbol: owned(*symbol),
            }
        })
        .collect();
    let document = Document {
        title: input.title,
        description: input.description,
        author: input.author,
        sport: Sport::ALL[input.sport % Sport::ALL.len()],
        planned: input.planned,
        columns: &columns,
        times: if input.from_start { Times::FromStart } else { Times::Absolute },
        waypoints: &waypoints,
    };
    returns::check(&document);
    let rows = String::from_utf8(csv(&document)).expect("a table is a text");
    if document.author.is_none() {
        assert_eq!(rows.matches("\r\n").count(), columns.len() + 1);
    }
});
