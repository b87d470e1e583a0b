//! The cutter: nothing hidden is shown, and tracks that differ only in what is hidden look the same
//! to the last byte.

#![no_main]

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use opentracks_fuzz::made::{Origin, Spot, columns};
use opentracks_fuzz::sound;
use opentracks_fuzz::track::columns::{Columns, NO_TIME};
use opentracks_fuzz::track::encode::encode_public;
use opentracks_fuzz::track::cut::grid::Grid;
use opentracks_fuzz::track::{Ends, ExactTrack, SensorsShown, Shade, Zone, cut};

#[derive(Arbitrary, Debug)]
struct Input {
    origin: Origin,
    zones: Vec<(i16, i16, u8)>,
    ends_m: u8,
    shift: [u32; 2],
    /// What somebody did.
    spots: Vec<Spot>,
    /// What they might have done instead where nobody sees it.
    secrets: Vec<Spot>,
    /// How long it might have taken.
    pauses_s: Vec<i16>,
}

/// A noon in 2023: neither what was done nor what might have been lasts until midnight.
const START_MS: i64 = 1_700_049_600_000;
const PAUSE_S_MAX: i64 = 600;
const PAUSES_MAX: usize = 12;
const SPOTS_MAX: usize = 600;

fuzz_target!(|input: Input| {
    let mut input = input;
    input.spots.truncate(SPOTS_MAX);
    let zones: Vec<Zone> = input
        .zones
        .iter()
        .take(4)
        .map(|(north_m, east_m, radius)| {
            let (lat_e7, lon_e7) = input.origin.go(*north_m, *east_m);
            Zone { lat_e7, lon_e7, radius_m: f64::from(*radius) * 8.0 }
        })
        .collect();
    let grid = Grid::moved(input.shift);
    let ends = Ends { radius_m: f64::from(input.ends_m) * 4.0, grid };
    let track = ExactTrack::new(columns(input.origin, START_MS, &input.spots));
    let other = ExactTrack::new(elsewhere(&input, &track, &zones, ends));
    sound::check_columns(other.columns());

    let shown = cut(&track, &zones, ends, SensorsShown::None);
    let other_shown = cut(&other, &zones, ends, SensorsShown::None);
    assert_eq!(shown.as_ref().map(|cut| cut.day), other_shown.as_ref().map(|cut| cut.day));
    let bytes = shown.as_ref().map(|cut| encode_public(&cut.track));
    assert_eq!(bytes, other_shown.map(|cut| encode_public(&cut.track)));

    if let Some(shown) = shown {
        check_shown(shown.track.columns(), &Shade::new(&track, &zones, ends));
    }
});

fn check_shown(columns: &Columns, shade: &Shade) {
    sound::check_columns(columns);
    assert!(columns.parts().all(|part| part.len() >= 2));
    for (lat_e7, lon_e7) in columns.lat_e7.iter().zip(&columns.lon_e7) {
        assert!(!shade.hides(*lat_e7, *lon_e7));
    }
    let sensors =
        [&columns.heart_rate_bpm, &columns.cadence_d, &columns.power_w, &columns.temperature_dc];
    assert!(sensors.iter().all(|column| column.is_empty()));
    let known: Vec<i64> =
        columns.time_ms.iter().copied().filter(|time_ms| *time_ms != NO_TIME).collect();
    assert!(known.first().is_none_or(|first_ms| *first_ms == 0) && known.is_sorted());
}

/// Another track with the same visible runs: where points are hidden it has others, hidden too, and
/// what comes after a hidden place comes at another time. Both ends stay in the same circles.
fn elsewhere(input: &Input, track: &ExactTrack, zones: &[Zone], ends: Ends) -> Columns {
    let columns = track.columns();
    let shade = Shade::new(track, zones, ends);
    let in_zones = Shade::new(track, zones, Ends::SHOWN);
    let hidden = |shade: &Shade, spot: &Spot| {
        let (lat_e7, lon_e7) = spot.position(input.origin);
        shade.hides(lat_e7, lon_e7)
    };
    let last = columns.len().saturating_sub(1);
    let mut secrets = input.secrets.iter().filter(|spot| hidden(&shade, spot));
    let pauses_s = input.pauses_s.iter().take(PAUSES_MAX).map(|pause_s| i64::from(*pause_s));
    let mut pauses_ms = pauses_s.map(|pause_s| pause_s % PAUSE_S_MAX * 1_000);
    let mut other = Columns::default();
    let mut shift_ms = 0;
    let mut was_hidden = false;
    for (point, spot) in input.spots.iter().enumerate() {
        let is_hidden = shade.hides(columns.lat_e7[point], columns.lon_e7[point]);
        let ends_part = columns.part_ends.contains(&(point + 1));
        let is_end = ends.radius_m > 0.0 && (point == 0 || point == last);
        if !is_hidden {
            if was_hidden {
                shift_ms += pauses_ms.next().unwrap_or(0);
            }
            let time_ms = columns.time_ms[point];
            let time_ms = if time_ms == NO_TIME { NO_TIME } else { time_ms + shift_ms };
            push(&mut other, input.origin, spot, time_ms, columns.elevation_dm[point]);
            if ends_part {
                end_part(&mut other);
            }
        } else if is_end {
            // An end may lie elsewhere only in the zones, and then anywhere in them.
            let in_zone = hidden(&in_zones, spot);
            let instead = secrets.clone().find(|spot| in_zone && hidden(&in_zones, spot));
            push(&mut other, input.origin, instead.unwrap_or(spot), START_MS, 1);
        } else if !was_hidden {
            // However many points there were, there is at least one in their place.
            let count = 1 + usize::from(spot.count());
            let instead: Vec<&Spot> = secrets.by_ref().take(count).collect();
            for instead in if instead.is_empty() { vec![spot] } else { instead } {
                push(&mut other, input.origin, instead, START_MS + i64::from(instead.count()), 2);
                if instead.ends_part() {
                    end_part(&mut other);
                }
            }
        }
        was_hidden = is_hidden;
    }
    end_part(&mut other);
    other
}

fn push(columns: &mut Columns, origin: Origin, spot: &Spot, time_ms: i64, elevation_dm: i32) {
    let (lat_e7, lon_e7) = spot.position(origin);
    columns.lat_e7.push(lat_e7);
    columns.lon_e7.push(lon_e7);
    columns.time_ms.push(time_ms);
    columns.elevation_dm.push(elevation_dm);
}

fn end_part(columns: &mut Columns) {
    if columns.part_ends.last().copied().unwrap_or(0) < columns.len() {
        columns.part_ends.push(columns.len());
    }
}
