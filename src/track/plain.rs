//! Tracks as plain JSON and back, without loss: a list for each quantity, in the units of [`Columns`], null
//! where a point lacks it. What an account is handed over with, because no format of others' holds it all.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::columns::{Columns, MISSING, NO_TIME};
use super::encode::POINTS_MAX;
use super::reading::Unreadable;
use crate::domain::at_most;

/// 90° in 1e-7 degrees.
const LATITUDE_MAX_E7: i32 = 900_000_000;
/// 180° in 1e-7 degrees.
const LONGITUDE_MAX_E7: i32 = 1_800_000_000;

/// The lists, none longer than a track may be. Empty ones are left out.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Plain {
    #[serde(deserialize_with = "list")]
    lat_e7: Vec<i32>,
    #[serde(deserialize_with = "list")]
    lon_e7: Vec<i32>,
    #[serde(default, deserialize_with = "list", skip_serializing_if = "Vec::is_empty")]
    elevation_dm: Vec<Option<i32>>,
    #[serde(default, deserialize_with = "list", skip_serializing_if = "Vec::is_empty")]
    elevation_from_model: Vec<[usize; 2]>,
    #[serde(default, deserialize_with = "list", skip_serializing_if = "Vec::is_empty")]
    time_ms: Vec<Option<i64>>,
    #[serde(default, deserialize_with = "list", skip_serializing_if = "Vec::is_empty")]
    heart_rate_bpm: Vec<Option<i32>>,
    #[serde(default, deserialize_with = "list", skip_serializing_if = "Vec::is_empty")]
    cadence_d: Vec<Option<i32>>,
    #[serde(default, deserialize_with = "list", skip_serializing_if = "Vec::is_empty")]
    power_w: Vec<Option<i32>>,
    #[serde(default, deserialize_with = "list", skip_serializing_if = "Vec::is_empty")]
    temperature_dc: Vec<Option<i32>>,
    #[serde(deserialize_with = "list")]
    part_ends: Vec<usize>,
}

fn list<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Vec<T>, D::Error> {
    at_most::<POINTS_MAX, _, _>(from)
}

/// The columns as the text of a JSON value.
pub fn write(columns: &Columns) -> String {
    // Numbers and lists have no way to fail.
    serde_json::to_string(&plain(columns)).unwrap_or_default()
}

/// The columns as a JSON value.
pub fn to_value(columns: &Columns) -> Value {
    serde_json::to_value(plain(columns)).unwrap_or_default()
}

fn plain(columns: &Columns) -> Plain {
    Plain {
        lat_e7: columns.lat_e7.clone(),
        lon_e7: columns.lon_e7.clone(),
        elevation_dm: known(&columns.elevation_dm, MISSING),
        elevation_from_model: columns
            .elevation_from_model
            .iter()
            .map(|range| [range.start, range.end])
            .collect(),
        time_ms: known(&columns.time_ms, NO_TIME),
        heart_rate_bpm: known(&columns.heart_rate_bpm, MISSING),
        cadence_d: known(&columns.cadence_d, MISSING),
        power_w: known(&columns.power_w, MISSING),
        temperature_dc: known(&columns.temperature_dc, MISSING),
        part_ends: columns.part_ends.clone(),
    }
}

/// The columns that the field `track` of a JSON object says, if they are those of a track.
pub fn read_field(json: &[u8]) -> Result<Columns, Unreadable> {
    #[derive(Deserialize)]
    struct Object {
        track: Plain,
    }
    let unfit = |reason| Unreadable { reason, place: None };
    let object: Object =
        serde_json::from_slice(json).map_err(|_| unfit("is not a track as JSON"))?;
    let plain = object.track;
    let columns = Columns {
        elevation_dm: column(plain.elevation_dm, MISSING),
        elevation_from_model: plain
            .elevation_from_model
            .iter()
            .map(|[start, end]| *start..*end)
            .collect(),
        time_ms: column(plain.time_ms, NO_TIME),
        heart_rate_bpm: column(plain.heart_rate_bpm, MISSING),
        cadence_d: column(plain.cadence_d, MISSING),
        power_w: column(plain.power_w, MISSING),
        temperature_dc: column(plain.temperature_dc, MISSING),
        lat_e7: plain.lat_e7,
        lon_e7: plain.lon_e7,
        part_ends: plain.part_ends,
    };
    is_sound(&columns).then_some(columns).ok_or(unfit("is a track of lists that do not agree"))
}

fn known<T: Copy + PartialEq>(column: &[T], missing: T) -> Vec<Option<T>> {
    column.iter().map(|value| Some(*value).filter(|value| *value != missing)).collect()
}

fn column<T>(known: Vec<Option<T>>, missing: T) -> Vec<T>
where
    T: Copy,
{
    known.into_iter().map(|value| value.unwrap_or(missing)).collect()
}

/// Whether the columns are as [`Columns`] says, and in range.
fn is_sound(columns: &Columns) -> bool {
    let len = columns.len();
    let within =
        |numbers: &[i32], max: i32| numbers.iter().all(|number| (-max..=max).contains(number));
    let agrees = |column_len: usize| column_len == 0 || column_len == len;
    let numbers = [
        &columns.elevation_dm,
        &columns.heart_rate_bpm,
        &columns.cadence_d,
        &columns.power_w,
        &columns.temperature_dc,
    ];
    let ends = &columns.part_ends;
    let ranges = &columns.elevation_from_model;
    (1..=POINTS_MAX).contains(&len)
        && columns.lon_e7.len() == len
        && within(&columns.lat_e7, LATITUDE_MAX_E7)
        && within(&columns.lon_e7, LONGITUDE_MAX_E7)
        && agrees(columns.time_ms.len())
        && numbers.iter().all(|column| agrees(column.len()))
        && ends.last() == Some(&len)
        && ends.first().is_some_and(|first| 0 < *first)
        && ends.windows(2).all(|pair| pair[0] < pair[1])
        && ranges.iter().all(|range| range.start < range.end && range.end <= len)
        && ranges.windows(2).all(|pair| pair[0].end < pair[1].start)
        && (ranges.is_empty() || columns.elevation_dm.len() == len)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns() -> Columns {
        Columns {
            lat_e7: vec![471_000_000, 471_000_100, -900_000_000, -120],
            lon_e7: vec![85_000_000, 85_000_007, 1_800_000_000, -1_800_000_000],
            elevation_dm: vec![4123, MISSING, 4130, -5],
            elevation_from_model: vec![0..1, 2..4],
            time_ms: vec![1_700_000_000_000, 1_700_000_001_250, NO_TIME, 1_700_000_600_000],
            heart_rate_bpm: vec![120, 121, MISSING, 130],
            cadence_d: vec![855, 860, MISSING, 0],
            power_w: Vec::new(),
            temperature_dc: vec![-15, 0, MISSING, 210],
            part_ends: vec![2, 4],
        }
    }

    fn read(track: &str) -> Result<Columns, Unreadable> {
        read_field(format!("{{\"more\":[1],\"track\":{track}}}").as_bytes())
    }

    #[test]
    fn what_was_written_is_read_to_the_last_number() {
        assert!(read(&write(&columns())).unwrap() == columns());
    }

    #[test]
    fn lists_that_are_no_track_are_refused() {
        let wrong: [fn(&mut Columns); 10] = [
            |columns| columns.lat_e7[0] = 900_000_001,
            |columns| columns.lon_e7[0] = -1_800_000_001,
            |columns| columns.lon_e7.truncate(3),
            |columns| columns.time_ms.truncate(3),
            |columns| columns.part_ends = vec![2],
            |columns| columns.part_ends = vec![2, 2, 4],
            |columns| columns.part_ends = vec![0, 4],
            |columns| columns.part_ends.clear(),
            |columns| columns.elevation_from_model = vec![0..1, 1..4],
            |columns| columns.elevation_from_model = vec![0..1, 2..5],
        ];
        for change in wrong {
            let mut columns = columns();
            change(&mut columns);
            assert!(read(&write(&columns)).is_err(), "{}", write(&columns));
        }
        assert!(read(&write(&Columns::default())).is_err());
        assert!(read("{}").is_err() && read("[]").is_err() && read("").is_err());
        assert!(read_field(b"{}").is_err());
    }

    #[test]
    fn a_list_that_is_too_long_is_not_kept_until_its_end() {
        // No JSON behind the first number too many: nobody gets there.
        let long = format!("{{\"lat_e7\":[{}no JSON", "0,".repeat(POINTS_MAX + 1));
        let ended = serde_json::from_str::<Plain>(&long).err().unwrap();
        assert!(ended.is_data(), "{ended}");
    }
}
