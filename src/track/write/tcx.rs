//! Training Center XML, version 2.

use std::fmt::Write;

use super::text::{
    instant, push_decimal, push_degrees, push_element, push_western_longitude, time_ms, value,
};
use super::{Document, Times};
use crate::domain::Sport;
use crate::track::columns::{Columns, NO_TIME};
use crate::track::cut::place::Place;

const HEAD: &str = concat!(
    r#"<?xml version="1.0" encoding="UTF-8"?>"#,
    "\n",
    r#"<TrainingCenterDatabase xmlns="http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2""#,
    r#" xmlns:ns3="http://www.garmin.com/xmlschemas/ActivityExtension/v2">"#,
    "\n",
);

/// What the schema takes for a heart rate.
const HEART_RATE_BPM: std::ops::RangeInclusive<i32> = 1..=255;
/// What the schema takes for a cadence.
const CADENCE: std::ops::RangeInclusive<i32> = 0..=254;
/// What the schema takes for a power.
const POWER_W: std::ops::RangeInclusive<i32> = 0..=65_535;
/// A course has no longer name.
const COURSE_NAME_CHARACTERS_MAX: usize = 15;

/// The document as TCX: an activity if it was recorded and has times of day, else a course, each
/// of one lap with a track for each part.
///
/// It is valid by Garmin's schema but for one thing: the schema wants a time at every point, and
/// those that have none go without.
///
/// What TCX cannot hold: waypoints apart from the times of a course; temperatures; the tenths of a
/// cadence and cadences above 254; sports but running, cycling and others, and those of a course; the
/// title of an activity and more than 15 characters of a course's, nor an author, all of which the
/// notes have instead; times that count from the start; characters that XML 1.0 has no way to say.
/// The times of a course are a virtual partner's to every reader. Longitude 180° is written as −180°.
pub fn tcx(document: &Document) -> Vec<u8> {
    let mut out = String::from(HEAD);
    let first_ms = document.columns.time_ms.iter().copied().find(|&time_ms| time_ms != NO_TIME);
    let start = first_ms
        .filter(|_| document.times == Times::Absolute && !document.planned)
        .and_then(instant);
    match start {
        Some(start) => push_activity(&mut out, document, &start),
        None => push_course(&mut out, document),
    }
    out.push_str("</TrainingCenterDatabase>\n");
    out.into_bytes()
}

fn push_activity(out: &mut String, document: &Document, start: &str) {
    out.push_str("<Activities><Activity Sport=\"");
    out.push_str(sport(document.sport));
    out.push_str("\">");
    push_element(out, "Id", start);
    out.push_str("\n<Lap StartTime=\"");
    out.push_str(start);
    out.push_str("\">");
    push_totals(out, document.columns);
    out.push_str("<Calories>0</Calories><Intensity>Active</Intensity><TriggerMethod>Manual</TriggerMethod>\n");
    push_tracks(out, document);
    out.push_str("</Lap>\n");
    push_element(out, "Notes", &notes(document));
    out.push_str("</Activity></Activities>\n");
}

fn push_course(out: &mut String, document: &Document) {
    out.push_str("<Courses><Course>");
    let name: String = document.title.chars().take(COURSE_NAME_CHARACTERS_MAX).collect();
    push_element(out, "Name", name.trim());
    out.push_str("\n<Lap>");
    push_totals(out, document.columns);
    out.push_str("<Intensity>Active</Intensity></Lap>\n");
    push_tracks(out, document);
    push_element(out, "Notes", &notes(document));
    out.push_str("</Course></Courses>\n");
}

/// The times and lengths of all parts, added up.
fn push_totals(out: &mut String, columns: &Columns) {
    let (mut elapsed_ms, mut length_m) = (0_i64, 0.0);
    for part in columns.parts() {
        let mut known = part.clone().filter_map(|point| time_ms(&columns.time_ms, point));
        if let Some(start_ms) = known.next() {
            let end_ms = known.next_back().unwrap_or(start_ms);
            elapsed_ms = elapsed_ms.saturating_add(end_ms.saturating_sub(start_ms).max(0));
        }
        let place = |point: usize| Place::new(columns.lat_e7[point], columns.lon_e7[point]);
        length_m +=
            part.skip(1).map(|point| place(point - 1).distance_m(&place(point))).sum::<f64>();
    }
    out.push_str("<TotalTimeSeconds>");
    push_decimal(out, elapsed_ms, 3);
    out.push_str("</TotalTimeSeconds><DistanceMeters>");
    // Writing to a string does not fail.
    let _ = write!(out, "{length_m:.2}");
    out.push_str("</DistanceMeters>");
}

fn push_tracks(out: &mut String, document: &Document) {
    for part in document.columns.parts() {
        out.push_str("<Track>\n");
        part.for_each(|point| push_point(out, document, point));
        out.push_str("</Track>\n");
    }
}

fn push_point(out: &mut String, document: &Document, point: usize) {
    let columns = document.columns;
    out.push_str("<Trackpoint>");
    if document.times == Times::Absolute
        && let Some(time) = time_ms(&columns.time_ms, point).and_then(instant)
    {
        push_element(out, "Time", &time);
    }
    out.push_str("<Position><LatitudeDegrees>");
    push_degrees(out, columns.lat_e7[point]);
    out.push_str("</LatitudeDegrees><LongitudeDegrees>");
    push_western_longitude(out, columns.lon_e7[point]);
    out.push_str("</LongitudeDegrees></Position>");
    push_number(
        out,
        "<AltitudeMeters>",
        value(&columns.elevation_dm, point),
        1,
        "</AltitudeMeters>",
    );
    let heart_rate_bpm =
        value(&columns.heart_rate_bpm, point).filter(|bpm| HEART_RATE_BPM.contains(bpm));
    push_number(out, "<HeartRateBpm><Value>", heart_rate_bpm, 0, "</Value></HeartRateBpm>");
    let cadence =
        value(&columns.cadence_d, point).map(|tenths| tenths.saturating_add(5).div_euclid(10));
    push_number(
        out,
        "<Cadence>",
        cadence.filter(|cadence| CADENCE.contains(cadence)),
        0,
        "</Cadence>",
    );
    let power_w = value(&columns.power_w, point).filter(|power_w| POWER_W.contains(power_w));
    push_number(
        out,
        "<Extensions><ns3:TPX><ns3:Watts>",
        power_w,
        0,
        "</ns3:Watts></ns3:TPX></Extensions>",
    );
    out.push_str("</Trackpoint>\n");
}

fn push_number(out: &mut String, open: &str, value: Option<i32>, digits: usize, close: &str) {
    if let Some(value) = value {
        out.push_str(open);
        push_decimal(out, value.into(), digits);
        out.push_str(close);
    }
}

/// Title, description and author, as far as there are any.
fn notes(document: &Document) -> String {
    let texts = [Some(document.title), document.description, document.author];
    texts.into_iter().flatten().collect::<Vec<_>>().join("\n\n")
}

/// The sports that TCX knows.
const fn sport(sport: Sport) -> &'static str {
    match sport {
        Sport::Running | Sport::TrailRunning => "Running",
        Sport::Cycling | Sport::MountainBiking | Sport::GravelCycling | Sport::EBiking => "Biking",
        Sport::Walking
        | Sport::Hiking
        | Sport::Mountaineering
        | Sport::Swimming
        | Sport::Rowing
        | Sport::Paddling
        | Sport::Sailing
        | Sport::AlpineSkiing
        | Sport::SkiTouring
        | Sport::NordicSkiing
        | Sport::Snowboarding
        | Sport::Snowshoeing
        | Sport::Skating
        | Sport::HorseRiding
        | Sport::Wheelchair
        | Sport::Driving
        | Sport::Flying
        | Sport::Transition
        | Sport::Other => "Other",
    }
}
