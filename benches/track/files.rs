//! The ride as files, as devices and services write them.

use std::fmt::Write;

use chrono::DateTime;
use opentracks::track::Columns;
use opentracks::track::columns::PER_DEGREE;
use opentracks::track::measure::along_m;

use crate::ride::whole;

const GPX_HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<gpx creator="StravaGPX" version="1.1" xmlns="http://www.topografix.com/GPX/1/1" xmlns:gpxtpx="http://www.garmin.com/xmlschemas/TrackPointExtension/v1">
"#;
const GPX_END: &str = "</gpx>\n";

/// From 1970-01-01 to 1989-12-31, from which FIT counts.
const FIT_EPOCH_MS: i64 = 631_065_600_000;
/// The number of a message, then of each field its number, its bytes and its base type.
type FitMessage = (u16, &'static [[u8; 3]]);
const FIT_FILE_ID: FitMessage = (0, &[[0, 1, 0x00], [4, 4, 0x86]]);
/// Time, latitude, longitude, altitude, heart rate, distance, speed, temperature.
const FIT_RECORD: FitMessage = (
    20,
    &[
        [253, 4, 0x86],
        [0, 4, 0x85],
        [1, 4, 0x85],
        [2, 2, 0x84],
        [3, 1, 0x02],
        [5, 4, 0x86],
        [6, 2, 0x84],
        [13, 1, 0x01],
    ],
);
const FIT_ACTIVITY: u8 = 4;

/// A GPX file without a point.
pub fn empty_gpx() -> Vec<u8> {
    [GPX_HEAD, GPX_END].concat().into_bytes()
}

/// GPX 1.1 with elevation, time and Garmin's heart-rate extension: about 250 bytes a point.
pub fn gpx(columns: &Columns) -> Vec<u8> {
    let mut text = format!("{GPX_HEAD} <trk>\n  <name>Morning Ride</name>\n  <trkseg>\n");
    for point in 0..columns.len() {
        let (lat, lon) = position(columns, point);
        let (elevation_m, time) = (elevation_m(columns, point), time(columns, point));
        let heart_rate = columns.heart_rate_bpm[point];
        write!(
            text,
            r#"   <trkpt lat="{lat:.7}" lon="{lon:.7}">
    <ele>{elevation_m:.1}</ele>
    <time>{time}</time>
    <extensions>
     <gpxtpx:TrackPointExtension>
      <gpxtpx:hr>{heart_rate}</gpxtpx:hr>
     </gpxtpx:TrackPointExtension>
    </extensions>
   </trkpt>
"#
        )
        .expect("a text takes all");
    }
    text.push_str("  </trkseg>\n </trk>\n");
    text.push_str(GPX_END);
    text.into_bytes()
}

/// The same with positions and elevations alone: as long as a file of 64 MiB can be.
pub fn slim_gpx(columns: &Columns) -> Vec<u8> {
    let mut text = format!("{GPX_HEAD}<trk><trkseg>");
    for point in 0..columns.len() {
        let (lat, lon) = position(columns, point);
        write!(
            text,
            r#"<trkpt lat="{lat:.6}" lon="{lon:.6}"><ele>{:.0}</ele></trkpt>"#,
            elevation_m(columns, point)
        )
        .expect("a text takes all");
    }
    text.push_str("</trkseg></trk>");
    text.push_str(GPX_END);
    text.into_bytes()
}

/// A feature with a line, and with times and heart rates among its properties.
pub fn geojson(columns: &Columns) -> Vec<u8> {
    let list =
        |item: &dyn Fn(usize) -> String| (0..columns.len()).map(item).collect::<Vec<_>>().join(",");
    let coordinates = list(&|point| {
        let (lat, lon) = position(columns, point);
        format!("[{lon:.7},{lat:.7},{:.1}]", elevation_m(columns, point))
    });
    let times = list(&|point| format!("\"{}\"", time(columns, point)));
    let heart = list(&|point| columns.heart_rate_bpm[point].to_string());
    format!(
        r#"{{"type":"Feature","properties":{{"coordinateProperties":{{"times":[{times}],"heart":[{heart}]}}}},"geometry":{{"type":"LineString","coordinates":[{coordinates}]}}}}"#
    )
    .into_bytes()
}

/// An activity of 23 bytes a point.
pub fn fit(columns: &Columns) -> Vec<u8> {
    let along_m = along_m(columns);
    let mut data = Vec::new();
    push_definition(&mut data, 0, FIT_FILE_ID);
    data.extend([0, FIT_ACTIVITY]);
    data.extend(fit_time_s(columns, 0).to_le_bytes());
    push_definition(&mut data, 1, FIT_RECORD);
    for point in 0..columns.len() {
        let step_m = along_m[point] - along_m[point.saturating_sub(1)];
        data.push(1);
        data.extend(fit_time_s(columns, point).to_le_bytes());
        data.extend(semicircles(columns.lat_e7[point]).to_le_bytes());
        data.extend(semicircles(columns.lon_e7[point]).to_le_bytes());
        data.extend(small(columns.elevation_dm[point] / 2 + 2_500).to_le_bytes());
        data.push(u8::try_from(columns.heart_rate_bpm[point]).expect("a heart rate"));
        data.extend(whole(along_m[point] * 100.0).to_le_bytes());
        data.extend(small(whole(step_m * 1_000.0)).to_le_bytes());
        data.push(18);
    }
    let mut file = vec![14, 0x20, 0x54, 0x08];
    file.extend(u32::try_from(data.len()).expect("a short file").to_le_bytes());
    file.extend(b".FIT");
    file.extend(fit_checksum(&file).to_le_bytes());
    file.append(&mut data);
    file.extend(fit_checksum(&file).to_le_bytes());
    file
}

fn position(columns: &Columns, point: usize) -> (f64, f64) {
    let degrees = |e7: i32| f64::from(e7) / PER_DEGREE;
    (degrees(columns.lat_e7[point]), degrees(columns.lon_e7[point]))
}

fn elevation_m(columns: &Columns, point: usize) -> f64 {
    f64::from(columns.elevation_dm[point]) / 10.0
}

fn time(columns: &Columns, point: usize) -> String {
    let time = DateTime::from_timestamp_millis(columns.time_ms[point]).expect("a time of our days");
    time.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn fit_time_s(columns: &Columns, point: usize) -> u32 {
    u32::try_from((columns.time_ms[point] - FIT_EPOCH_MS) / 1_000).expect("a time of our days")
}

/// Of 180°, 2 to the power of 31 parts.
fn semicircles(e7: i32) -> i32 {
    whole(f64::from(e7) * 2_f64.powi(31) / (180.0 * PER_DEGREE))
}

fn small(value: i32) -> u16 {
    u16::try_from(value).expect("an altitude or a speed")
}

/// Says what the messages of a kind hold from here on, in little-endian order.
fn push_definition(data: &mut Vec<u8>, kind: u8, (number, fields): FitMessage) {
    data.extend([0x40 | kind, 0, 0]);
    data.extend(number.to_le_bytes());
    data.push(u8::try_from(fields.len()).expect("few fields"));
    data.extend(fields.as_flattened());
}

/// CRC-16/ARC, bit by bit.
fn fit_checksum(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte), |crc, _| {
            if crc & 1 == 1 { (crc >> 1) ^ 0xA001 } else { crc >> 1 }
        })
    })
}
