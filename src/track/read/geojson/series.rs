//! The values that properties hold for each position.

use crate::track::columns::{MISSING, NO_TIME};
use crate::track::read::flaws::Flaws;
use crate::track::read::{POINTS_MAX, TOO_MANY_POINTS, number, time};
use crate::track::reading::Rule;

use super::json::{Json, Stop};

/// Numbers of this size and more are milliseconds since 1970, smaller ones seconds.
const MILLISECONDS_MIN: i64 = 100_000_000_000;

/// Values for each position of a feature. Units as in [`crate::track::Columns`].
#[derive(Default)]
pub(super) struct Series {
    pub(super) time_ms: Vec<i64>,
    pub(super) heart_rate_bpm: Vec<i32>,
    pub(super) cadence_d: Vec<i32>,
    pub(super) power_w: Vec<i32>,
    pub(super) temperature_dc: Vec<i32>,
}

impl Series {
    /// Reads the values for each position that stand under `key`; any other value is skipped.
    pub(super) fn read(
        &mut self,
        key: &str,
        json: &mut Json<'_>,
        flaws: &mut Flaws,
    ) -> Result<(), Stop> {
        match key {
            "times" | "coordTimes" => {
                let unsound = (NO_TIME, Rule::InvalidTime);
                read_series(&mut self.time_ms, json, flaws, unsound, time_ms)
            }
            "heart" | "heartRates" | "heartRate" => {
                read_sensor(&mut self.heart_rate_bpm, json, flaws, number::heart_rate_bpm)
            }
            "cads" | "cadences" | "cadence" => {
                read_sensor(&mut self.cadence_d, json, flaws, number::cadence_d)
            }
            "powers" | "power" | "watts" => {
                read_sensor(&mut self.power_w, json, flaws, number::power_w)
            }
            "atemps" | "temperatures" | "temperature" => {
                read_sensor(&mut self.temperature_dc, json, flaws, number::temperature_dc)
            }
            _ => json.skip(),
        }
    }
}

fn read_sensor(
    values: &mut Vec<i32>,
    json: &mut Json<'_>,
    flaws: &mut Flaws,
    parse: fn(&str) -> Option<i32>,
) -> Result<(), Stop> {
    read_series(values, json, flaws, (MISSING, Rule::InvalidValue), parse)
}

/// Reads a list of values, or lists of them, one for each line, into one. What cannot be parsed is
/// `unsound`: the value that stands for it, and the rule it broke.
fn read_series<T: Copy>(
    values: &mut Vec<T>,
    json: &mut Json<'_>,
    flaws: &mut Flaws,
    (missing, rule): (T, Rule),
    parse: fn(&str) -> Option<T>,
) -> Result<(), Stop> {
    values.clear();
    let mut depth = usize::from(json.enter(b'[')?);
    while depth != 0 {
        if !json.element()? {
            depth -= 1;
        } else if json.peek() == Some(b'[') {
            json.enter(b'[')?;
            depth += 1;
        } else {
            if POINTS_MAX <= values.len() {
                return Err(Stop::Refused(TOO_MANY_POINTS));
            }
            let offset = json.offset();
            let value = json.atom()?.map(|text| parse(&text));
            if value.is_some_and(|value| value.is_none()) {
                flaws.note(rule, offset);
            }
            values.push(value.flatten().unwrap_or(missing));
        }
    }
    Ok(())
}

/// Reads a time as text, or as seconds or milliseconds since 1970.
fn time_ms(text: &str) -> Option<i64> {
    time::time_ms(text).or_else(|| {
        let thousandths = number::fixed::<3>(text)?;
        let is_ms = MILLISECONDS_MIN <= thousandths / 1_000;
        Some(if is_ms { thousandths / 1_000 } else { thousandths })
    })
}
