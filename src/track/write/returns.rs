//! What each format holds of a document: what comes back when it is written and read again.
//!
//! One page for tests and for the fuzzer (`fuzz/`), each of which makes documents in its own way.

use chrono::{DateTime, Datelike};

use crate::domain::Sport;
use crate::track::columns::{Columns, MISSING, NO_TIME};
use crate::track::read;
use crate::track::reading::{Recording, Waypoint};
use crate::track::write::{Document, Times, geojson, gpx, kml, tcx};

/// The longest cadence that a byte holds, the last number being left out as Garmin has it.
const CADENCE_MAX: i32 = 254;
const ANTIMERIDIAN_E7: i32 = 1_800_000_000;

/// Writes a document in every format that can be read, reads it again, and compares.
///
/// Its values have to be ones that a reader lets through, and it has to have a point.
///
/// # Panics
/// If anything is lost or added that the doc comment of the writer does not name.
pub fn check(document: &Document) {
    check_gpx(document);
    check_tcx(document);
    check_kml(document);
    check_geojson(document);
}

fn check_gpx(document: &Document) {
    let columns = document.columns;
    let found = read_back(&gpx(document));
    let expected = Columns {
        lon_e7: columns.lon_e7.iter().map(|&lon_e7| west_of_antimeridian(lon_e7)).collect(),
        time_ms: sayable_times(document),
        cadence_d: whole_cadences(&columns.cadence_d),
        ..columns.clone()
    };
    assert_columns(found.track.columns(), &expected, "GPX");
    assert_words(&found, [Some(document.title), document.description], Some(document.sport));
    let expected = document.waypoints.iter().map(|waypoint| Waypoint {
        lon_e7: west_of_antimeridian(waypoint.lon_e7),
        symbol: sayable(waypoint.symbol.as_deref()),
        ..with_sayable_words(waypoint)
    });
    assert!(found.waypoints.iter().eq(expected.collect::<Vec<_>>().iter()), "waypoints of GPX");
}

fn check_tcx(document: &Document) {
    let columns = document.columns;
    let found = read_back(&tcx(document));
    let first_ms = columns.time_ms.iter().copied().find(|&time_ms| time_ms != NO_TIME);
    let recorded =
        !document.planned && document.times == Times::Absolute && first_ms.is_some_and(is_sayable);
    let expected = Columns {
        lon_e7: columns.lon_e7.iter().map(|&lon_e7| west_of_antimeridian(lon_e7)).collect(),
        time_ms: if recorded { sayable_times(document) } else { Vec::new() },
        cadence_d: whole_cadences(&columns.cadence_d),
        temperature_dc: Vec::new(),
        ..columns.clone()
    };
    assert_columns(found.track.columns(), &expected, "TCX");
    assert_eq!(found.planned, !recorded, "TCX");
    let texts = [Some(document.title), document.description, document.author];
    let notes = texts.into_iter().flatten().collect::<Vec<_>>().join("\n\n");
    let short: String = document.title.chars().take(15).collect();
    let title = if recorded { None } else { Some(short.trim()) };
    let sport = match document.sport {
        _ if !recorded => None,
        Sport::Running | Sport::TrailRunning => Some(Sport::Running),
        Sport::Cycling | Sport::MountainBiking | Sport::GravelCycling | Sport::EBiking => {
            Some(Sport::Cycling)
        }
        _ => Some(Sport::Other),
    };
    assert_words(&found, [title, Some(&notes)], sport);
    assert!(found.waypoints.is_empty(), "waypoints of TCX");
}

fn check_kml(document: &Document) {
    let columns = document.columns;
    let found = read_back(&kml(document));
    let timed = document.times == Times::Absolute
        && columns.time_ms.iter().any(|&time_ms| time_ms != NO_TIME);
    let expected = if timed {
        Columns { time_ms: sayable_times(document), ..columns.clone() }
    } else {
        // An elevation of 0 throughout is how others write that there is none.
        let flat = columns.elevation_dm.iter().all(|&elevation_dm| elevation_dm == 0);
        Columns {
            lat_e7: columns.lat_e7.clone(),
            lon_e7: columns.lon_e7.clone(),
            elevation_dm: if flat { Vec::new() } else { columns.elevation_dm.clone() },
            part_ends: columns.part_ends.clone(),
            ..Columns::default()
        }
    };
    assert_columns(found.track.columns(), &expected, "KML");
    assert_words(&found, [Some(document.title), document.description], Some(document.sport));
    let expected = document
        .waypoints
        .iter()
        .map(|waypoint| Waypoint { symbol: None, ..with_sayable_words(waypoint) });
    assert!(found.waypoints.iter().eq(expected.collect::<Vec<_>>().iter()), "waypoints of KML");
}

fn check_geojson(document: &Document) {
    let columns = without_lone_points(document.columns);
    if columns.is_empty() {
        return assert!(read(&geojson(document)).is_err(), "a line of one point");
    }
    let found = read_back(&geojson(document));
    if columns.parts().any(|part| crosses_antimeridian(&columns.lon_e7[part])) {
        // Positions were put in where it was cut, and perhaps where points were before.
        let known = off_antimeridian(&columns);
        assert!(off_antimeridian(found.track.columns()) == known, "positions of GeoJSON");
    } else {
        let expected = Columns { time_ms: times_from(document, &columns.time_ms), ..columns };
        assert_columns(found.track.columns(), &expected, "GeoJSON");
    }
    let worth = |text: Option<&str>| text.filter(|text| !text.trim().is_empty()).map(str::to_owned);
    assert_eq!(found.title, worth(Some(document.title)), "GeoJSON");
    assert_eq!(found.description, worth(document.description), "GeoJSON");
    assert_eq!(found.sport, Some(document.sport), "GeoJSON");
    let expected = document.waypoints.iter().map(|waypoint| Waypoint {
        name: worth(waypoint.name.as_deref()),
        description: worth(waypoint.description.as_deref()),
        symbol: worth(waypoint.symbol.as_deref()),
        ..*waypoint
    });
    assert!(found.waypoints.iter().eq(expected.collect::<Vec<_>>().iter()), "waypoints of GeoJSON");
}

/// The one recording of a file that has no flaw.
fn read_back(file: &[u8]) -> Recording {
    let mut reading = read(file).unwrap_or_else(|unreadable| panic!("it {}", unreadable.reason));
    assert!(reading.flaws.is_empty(), "{:?}", reading.flaws);
    assert_eq!(reading.recordings.len(), 1);
    reading.recordings.remove(0)
}

/// `Debug` shows no values, and these are nobody's.
fn assert_columns(found: &Columns, expected: &Columns, format: &str) {
    assert_eq!(found.lat_e7, expected.lat_e7, "latitudes of {format}");
    assert_eq!(found.lon_e7, expected.lon_e7, "longitudes of {format}");
    assert_eq!(found.part_ends, expected.part_ends, "parts of {format}");
    assert_eq!(found.time_ms, empty_if_all(NO_TIME, &expected.time_ms), "times of {format}");
    for (name, found, expected) in [
        ("elevations", &found.elevation_dm, &expected.elevation_dm),
        ("heart rates", &found.heart_rate_bpm, &expected.heart_rate_bpm),
        ("cadences", &found.cadence_d, &expected.cadence_d),
        ("powers", &found.power_w, &expected.power_w),
        ("temperatures", &found.temperature_dc, &expected.temperature_dc),
    ] {
        assert_eq!(found, &empty_if_all(MISSING, expected), "{name} of {format}");
    }
}

fn assert_words(found: &Recording, [title, description]: [Option<&str>; 2], sport: Option<Sport>) {
    assert_eq!(found.title, sayable(title));
    assert_eq!(found.description, sayable(description));
    assert_eq!(found.sport, sport);
}

/// A text without the characters that XML 1.0 cannot say, if that leaves anything.
fn sayable(text: Option<&str>) -> Option<String> {
    let is_sayable = |character: &char| !matches!(character, '\0'..='\u{8}' | '\u{B}' | '\u{C}' | '\u{E}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}');
    let text: String = text?.chars().filter(is_sayable).collect();
    (!text.trim().is_empty()).then_some(text)
}

fn with_sayable_words(waypoint: &Waypoint) -> Waypoint {
    Waypoint {
        name: sayable(waypoint.name.as_deref()),
        description: sayable(waypoint.description.as_deref()),
        symbol: None,
        ..*waypoint
    }
}

fn sayable_times(document: &Document) -> Vec<i64> {
    times_from(document, &document.columns.time_ms)
}

/// Times of day between the years 0 and 9999, which is what RFC 3339 has.
fn times_from(document: &Document, times_ms: &[i64]) -> Vec<i64> {
    if document.times == Times::FromStart {
        return Vec::new();
    }
    let sayable = |&time_ms: &i64| if is_sayable(time_ms) { time_ms } else { NO_TIME };
    times_ms.iter().map(sayable).collect()
}

fn is_sayable(time_ms: i64) -> bool {
    let instant = DateTime::from_timestamp_millis(time_ms);
    instant.is_some_and(|instant| (0..=9_999).contains(&instant.year()))
}

fn whole_cadences(cadences_d: &[i32]) -> Vec<i32> {
    let whole = |&cadence_d: &i32| match (i64::from(cadence_d) + 5) / 10 {
        _ if cadence_d == MISSING => MISSING,
        cadence => i32::try_from(cadence).map_or(MISSING, |cadence| match cadence {
            0..=CADENCE_MAX => cadence * 10,
            _ => MISSING,
        }),
    };
    cadences_d.iter().map(whole).collect()
}

fn west_of_antimeridian(lon_e7: i32) -> i32 {
    if lon_e7 == ANTIMERIDIAN_E7 { -ANTIMERIDIAN_E7 } else { lon_e7 }
}

fn crosses_antimeridian(lons_e7: &[i32]) -> bool {
    let jump = |pair: &[i32]| pair[0].abs_diff(pair[1]) > ANTIMERIDIAN_E7.unsigned_abs();
    lons_e7.windows(2).any(jump)
}

fn off_antimeridian(columns: &Columns) -> Vec<(i32, i32)> {
    let positions = columns.lat_e7.iter().copied().zip(columns.lon_e7.iter().copied());
    positions.filter(|(_, lon_e7)| lon_e7.abs() != ANTIMERIDIAN_E7).collect()
}

fn without_lone_points(columns: &Columns) -> Columns {
    let kept: Vec<usize> = columns.parts().filter(|part| part.len() > 1).flatten().collect();
    crate::track::edit::select(columns, &kept)
}

fn empty_if_all<T: Copy + PartialEq>(missing: T, column: &[T]) -> Vec<T> {
    if column.iter().all(|value| *value == missing) { Vec::new() } else { column.to_vec() }
}

#[cfg(test)]
mod tests {
    use std::ops::RangeInclusive;

    use proptest::collection::vec;
    use proptest::option;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;
    use crate::track::write::csv;
    use crate::track::write::tests::{columns, document};

    proptest! {
        #[test]
        fn nothing_is_lost_that_a_format_holds(
            columns in any_columns(),
            (title, description, author) in (word(), option::of(".*"), option::of(word())),
            sport in select(Sport::ALL),
            (planned, from_start) in any::<(bool, bool)>(),
            waypoints in vec(any_waypoint(), 0..3),
        ) {
            let times = if from_start { Times::FromStart } else { Times::Absolute };
            let (description, author) = (description.as_deref(), author.as_deref());
            let document =
                Document { title: &title, description, author, sport, planned, columns: &columns, times, waypoints: &waypoints };
            check(&document);
            check_csv(&document);
        }
    }

    #[test]
    fn every_value_of_a_whole_document_comes_back() {
        let columns = columns();
        let hut = Waypoint {
            elevation_dm: Some(15_004),
            name: Some("Hut \"A\" & <B>".into()),
            description: Some("Soup\r\nand\tbread".into()),
            symbol: Some("Lodge".into()),
            ..Waypoint::at(470_000_001, -1_800_000_000)
        };
        let waypoints = [hut, Waypoint::at(0, 0)];
        for times in [Times::Absolute, Times::FromStart] {
            for planned in [false, true] {
                check(&Document { times, planned, waypoints: &waypoints, ..document(&columns) });
                check_csv(&Document { times, planned, author: None, ..document(&columns) });
            }
        }
    }

    /// Reads the table with nothing but its own heading for help.
    fn check_csv(document: &Document) {
        let columns = document.columns;
        let table = String::from_utf8(csv(&Document { author: None, ..*document })).unwrap();
        let mut rows = table.split("\r\n").map(|row| row.split(',').collect::<Vec<_>>());
        let heading = rows.next().unwrap();
        let rows: Vec<_> = rows.filter(|row| row.len() > 1).collect();
        assert_eq!(rows.len(), columns.len());
        let values = |name: &str, digits: u32| -> Vec<Option<i64>> {
            let Some(place) = heading.iter().position(|it| *it == name) else {
                return vec![None; columns.len()];
            };
            rows.iter().map(|row| fixed(row[place], digits)).collect()
        };
        let known = |column: &[i32]| -> Vec<Option<i64>> {
            let value = |point| column.get(point).filter(|value| **value != MISSING);
            (0..columns.len()).map(|point| value(point).copied().map(i64::from)).collect()
        };
        assert_eq!(values("latitude", 7), known(&columns.lat_e7));
        assert_eq!(values("longitude", 7), known(&columns.lon_e7));
        assert_eq!(values("elevation_m", 1), known(&columns.elevation_dm));
        assert_eq!(values("heart_rate_bpm", 0), known(&columns.heart_rate_bpm));
        assert_eq!(values("cadence_rpm", 1), known(&columns.cadence_d));
        assert_eq!(values("power_w", 0), known(&columns.power_w));
        assert_eq!(values("temperature_c", 1), known(&columns.temperature_dc));
        let parts =
            columns.parts().zip(1_i64..).flat_map(|(part, number)| part.map(move |_| Some(number)));
        assert_eq!(values("part", 0), parts.collect::<Vec<_>>());
        let place = heading.iter().position(|it| matches!(*it, "time" | "elapsed_s"));
        for (point, row) in rows.iter().enumerate() {
            let cell = place.map_or("", |place| row[place]);
            let found = match document.times {
                Times::Absolute => {
                    DateTime::parse_from_rfc3339(cell).ok().map(|it| it.timestamp_millis())
                }
                Times::FromStart => fixed(cell, 3),
            };
            let said = |time_ms: &i64| {
                *time_ms != NO_TIME && (document.times == Times::FromStart || is_sayable(*time_ms))
            };
            assert_eq!(found, columns.time_ms.get(point).copied().filter(said));
        }
    }

    /// A decimal number as a count of its last digit.
    fn fixed(cell: &str, digits: u32) -> Option<i64> {
        let (whole, fraction) = cell.split_once('.').unwrap_or((cell, ""));
        let zeros = digits.checked_sub(u32::try_from(fraction.len()).unwrap()).unwrap();
        let digits: i64 = format!("{whole}{fraction}").parse().ok()?;
        Some(digits * 10_i64.pow(zeros))
    }

    fn word() -> impl Strategy<Value = String> {
        prop_oneof!["[a-z]{1,9}", ".{1,20}", "[ \\PC\u{0}-\u{20}]{1,20}"]
    }

    fn any_waypoint() -> impl Strategy<Value = Waypoint> {
        let words = [option::of(word()), option::of(word()), option::of(word())];
        (position(), option::of(-120_000..=1_000_000_i32), words).prop_map(
            |((lat_e7, lon_e7), elevation_dm, [name, description, symbol])| Waypoint {
                lat_e7,
                lon_e7,
                elevation_dm,
                name,
                description,
                symbol,
            },
        )
    }

    fn position() -> impl Strategy<Value = (i32, i32)> {
        prop_oneof![
            6 => (470_000_000..470_010_000_i32, 80_000_000..80_010_000_i32),
            1 => (-900_000_000..=900_000_000_i32, -1_800_000_000..=1_800_000_000_i32),
            1 => select(vec![(0, 1_800_000_000), (-1, -1_800_000_000), (900_000_000, 0), (-900_000_000, -1)]),
        ]
    }

    /// Values such as readers let through, some of them missing.
    fn any_columns() -> impl Strategy<Value = Columns> {
        (1..30_usize).prop_flat_map(|len| {
            let sensor = move |values: RangeInclusive<i32>| {
                let value = prop_oneof![3 => values, 1 => Just(MISSING)];
                prop_oneof![Just(Vec::new()), vec(value, len)]
            };
            let time = prop_oneof![
                6 => 1_700_000_000_000..1_700_000_900_000_i64,
                1 => -100_000_000_000_000..300_000_000_000_000_i64,
                1 => Just(NO_TIME),
            ];
            (
                vec(position(), len),
                prop_oneof![Just(Vec::new()), vec(time, len)],
                prop_oneof![3 => sensor(-120_000..=1_000_000), 1 => Just(vec![0; len])],
                (sensor(1..=255), sensor(0..=3_000), sensor(0..=5_000), sensor(-1_000..=1_000)),
                vec(any::<bool>(), len),
            )
                .prop_map(|(positions, time_ms, elevation_dm, sensors, ends)| {
                    let (lat_e7, lon_e7): (Vec<_>, Vec<_>) = positions.into_iter().unzip();
                    let len = lat_e7.len();
                    let part_ends = (1..=len).filter(|&end| end == len || ends[end]).collect();
                    let (heart_rate_bpm, cadence_d, power_w, temperature_dc) = sensors;
                    Columns {
                        lat_e7,
                        lon_e7,
                        elevation_dm,
                        time_ms,
                        heart_rate_bpm,
                        cadence_d,
                        power_w,
                        temperature_dc,
                        part_ends,
                        ..Columns::default()
                    }
                })
        })
    }
}
