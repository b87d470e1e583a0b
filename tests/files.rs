//! The files we write are good to others: valid by their schemas, and opened by GPSBabel.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test stops where it fails")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use opentracks::domain::Sport;
use opentracks::track::Waypoint;
use opentracks::track::columns::{Columns, MISSING, NO_TIME};
use opentracks::track::write::{Document, Times, gpx, kml, tcx};

type Writer = fn(&Document) -> Vec<u8>;

#[test]
fn gpx_is_valid_by_its_schema_and_those_of_the_extensions() {
    assert_valid(gpx, &columns(), &schemas().join("gpx.xsd"));
}

#[test]
fn tcx_is_valid_by_its_schema_and_that_of_the_extension() {
    assert_valid(tcx, &columns(), &schemas().join("tcx.xsd"));
}

#[test]
fn kml_is_valid_by_the_schema_of_the_ogc_and_that_of_googles_extensions() {
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/venv/lib");
    let python = fs::read_dir(&tools).expect("`scripts/install test` brings the schemas of KML");
    let schema = python
        .map(|version| version.unwrap().path().join("site-packages/fastkml/schema/ogckml22.xsd"))
        .find(|schema| schema.exists());
    // It has no word for a point without a time among others.
    let mut columns = columns();
    columns.time_ms[2] = columns.time_ms[1];
    assert_valid(kml, &columns, &schema.expect("`scripts/install test` brings the schemas of KML"));
}

#[test]
fn a_schema_turns_down_what_is_wrong() {
    let columns = columns();
    let file = String::from_utf8(gpx(&document(&columns))).unwrap();
    for (right, wrong) in [
        ("lon=\"8.5\"", "lon=\"180\""),
        ("<gpxtpx:hr>120</gpxtpx:hr>", "<gpxtpx:hr>0</gpxtpx:hr>"),
        ("<ele>412.3</ele>", "<ele>4e2</ele>"),
        ("<type>", "<kind/><type>"),
        ("T22:13:20Z", "T25:13:20Z"),
    ] {
        assert!(file.contains(right), "{right}");
        let file = file.replace(right, wrong);
        assert!(!validate(file.as_bytes(), &schemas().join("gpx.xsd")).status.success(), "{wrong}");
    }
}

#[test]
fn gpsbabel_finds_every_point_in_gpx_tcx_and_kml() {
    let columns = columns();
    for (format, write) in [("gpx", gpx as Writer), ("gtrnctr", tcx), ("kml", kml)] {
        for planned in [false, true] {
            let document = Document { planned, ..document(&columns) };
            let found = positions(format, &write(&document));
            let expected: Vec<_> = columns.lat_e7.iter().zip(&columns.lon_e7).collect();
            assert_eq!(found.len(), expected.len(), "{format}, planned: {planned}");
            for ((lat, lon), (lat_e7, lon_e7)) in found.iter().zip(expected) {
                // GPSBabel tells seven digits in this format, at best.
                assert!((lat - f64::from(*lat_e7) / 1e7).abs() < 2e-6, "{format}: {lat}");
                let turn = (lon - f64::from(*lon_e7) / 1e7).abs() % 360.0;
                assert!(turn.min(360.0 - turn) < 2e-6, "{format}: {lon}");
            }
        }
    }
}

#[test]
fn gpsbabel_finds_the_same_times_heights_and_heart_rates() {
    let columns = columns();
    for (format, write) in [("gpx", gpx as Writer), ("gtrnctr", tcx), ("kml", kml)] {
        let table = babel(format, &write(&document(&columns)), "unicsv,utc=0");
        let text = String::from_utf8(table).unwrap();
        let mut rows = text.lines().map(|row| row.split(',').collect::<Vec<_>>());
        let heading = rows.next().unwrap();
        let first = rows.next().unwrap();
        let cell = |name: &str| {
            let place = heading.iter().position(|it| *it == name);
            first[place.unwrap_or_else(|| panic!("{format} has no {name}: {heading:?}"))]
        };
        assert_eq!(cell("Altitude"), "412.3", "{format}");
        assert_eq!(cell("Date"), "2023/11/14", "{format}");
        assert!(cell("Time").starts_with("22:13:20"), "{format}");
        // Of KML it does not read what sensors tell.
        assert!(format == "kml" || cell("Heartrate") == "120", "{format}");
    }
}

/// Everything that a document may or may not have.
fn assert_valid(write: Writer, columns: &Columns, schema: &Path) {
    let nothing = Columns::default();
    let bare = Columns {
        lat_e7: columns.lat_e7.clone(),
        lon_e7: columns.lon_e7.clone(),
        part_ends: columns.part_ends.clone(),
        ..Columns::default()
    };
    let waypoints = waypoints();
    let whole = Document { waypoints: &waypoints, ..document(columns) };
    for document in [
        whole,
        Document { times: Times::FromStart, ..whole },
        Document { planned: true, ..whole },
        Document { columns: &bare, ..whole },
        Document { columns: &nothing, ..whole },
        Document { description: None, author: None, waypoints: &[], ..whole },
        Document { title: "\u{1}<b>]]>&amp; \"'\r\n\t\u{FFFE}\u{1F6B4} and more", ..whole },
    ] {
        let output = validate(&write(&document), schema);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    for sport in Sport::ALL {
        let output = validate(&write(&Document { sport: *sport, ..whole }), schema);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

fn validate(file: &[u8], schema: &Path) -> Output {
    let arguments = ["--nonet", "--noout", "--schema", schema.to_str().unwrap(), "-"];
    pipe(Command::new("xmllint").args(arguments), file)
}

/// Latitudes and longitudes of the points of the tracks in a file.
fn positions(format: &str, file: &[u8]) -> Vec<(f64, f64)> {
    let table = String::from_utf8(babel(format, file, "csv")).unwrap();
    let numbers = |row: &str| -> Vec<f64> {
        row.split(',').filter_map(|cell| cell.trim().parse().ok()).collect()
    };
    table.lines().map(numbers).map(|row| (row[0], row[1])).collect()
}

/// What GPSBabel makes of the tracks in a file. Places apart from them are left out.
fn babel(format: &str, file: &[u8], into: &str) -> Vec<u8> {
    let arguments = ["-t", "-i", format, "-f", "-", "-x", "nuketypes,waypoints,routes", "-o", into];
    let output = pipe(Command::new("gpsbabel").args(arguments).args(["-F", "-"]), file);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn pipe(command: &mut Command, input: &[u8]) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("`scripts/install test` installs it");
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

fn schemas() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schemas")
}

/// Two parts, with every quantity, some of them missing, and the ends of the earth.
fn columns() -> Columns {
    Columns {
        lat_e7: vec![471_000_000, 471_000_100, 471_000_200, -900_000_000, 900_000_000],
        lon_e7: vec![85_000_000, 85_000_007, 85_000_100, -1_800_000_000, 1_800_000_000],
        elevation_dm: vec![4_123, MISSING, 4_130, -5, 1_000_000],
        time_ms: vec![
            1_700_000_000_000,
            1_700_000_001_250,
            NO_TIME,
            1_700_000_600_000,
            1_700_000_601_000,
        ],
        heart_rate_bpm: vec![120, 1, MISSING, 130, 255],
        cadence_d: vec![855, 860, MISSING, 0, 3_000],
        power_w: vec![250, MISSING, 0, 300, 5_000],
        temperature_dc: vec![-15, 0, MISSING, 210, 1_000],
        part_ends: vec![2, 5],
        ..Columns::default()
    }
}

fn waypoints() -> Vec<Waypoint> {
    let hut = Waypoint {
        elevation_dm: Some(15_004),
        name: Some("Hut \"A\" & <B>".into()),
        description: Some("Soup\nand bread".into()),
        symbol: Some("Lodge".into()),
        ..Waypoint::at(470_000_001, 1_800_000_000)
    };
    vec![hut, Waypoint::at(0, 0)]
}

fn document(columns: &Columns) -> Document<'_> {
    Document {
        title: "Round the lake and over the hill",
        description: Some("With a \"view\""),
        author: Some("Ada & <co>"),
        sport: Sport::GravelCycling,
        planned: false,
        columns,
        times: Times::Absolute,
        waypoints: &[],
    }
}
