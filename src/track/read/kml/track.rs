//! A `gx:Track`: its times, positions and sensor values stand in lists of their own.

use super::super::super::columns::{MISSING, NO_TIME};
use super::super::super::reading::Rule;
use super::super::flaws::Flaws;
use super::super::points::Point;
use super::super::xml::Refusal;
use super::super::{POINTS_MAX, TOO_MANY_POINTS, number, time};
use super::point;

/// The lists under way, to be paired in their order.
#[derive(Default)]
pub(super) struct Track {
    times_ms: Vec<i64>,
    /// `None` where the list has an empty place or an invalid position.
    positions: Vec<Option<Point>>,
    sensor: Option<Sensor>,
    heart_rates_bpm: Vec<i32>,
    cadences_d: Vec<i32>,
    powers_w: Vec<i32>,
    temperatures_dc: Vec<i32>,
}

#[derive(Clone, Copy)]
enum Sensor {
    HeartRate,
    Cadence,
    Power,
    Temperature,
}

impl Track {
    pub(super) fn is_empty(&self) -> bool {
        self.positions.is_empty()
    }

    /// Whether each position has a time.
    pub(super) fn is_paired(&self) -> bool {
        self.times_ms.len() == self.positions.len()
    }

    /// A list of sensor values begins.
    pub(super) fn begin_values(&mut self, name: &str) {
        self.sensor = sensor(name);
    }

    /// The points that have a position.
    pub(super) fn points(&self) -> impl Iterator<Item = Point> + '_ {
        let value = |list: &[i32], index: usize| list.get(index).copied().unwrap_or(MISSING);
        let positions = self.positions.iter().enumerate();
        positions.filter_map(move |(index, position)| {
            position.map(|position| Point {
                time_ms: self.times_ms.get(index).copied().unwrap_or(NO_TIME),
                heart_rate_bpm: value(&self.heart_rates_bpm, index),
                cadence_d: value(&self.cadences_d, index),
                power_w: value(&self.powers_w, index),
                temperature_dc: value(&self.temperatures_dc, index),
                ..position
            })
        })
    }

    pub(super) fn read_time(&mut self, text: &str, offset: usize, flaws: &mut Flaws) {
        let time_ms = time::time_ms(text);
        // An empty one keeps the place of a position without a time.
        if time_ms.is_none() && !text.trim().is_empty() {
            flaws.note(Rule::InvalidTime, offset);
        }
        self.times_ms.push(time_ms.unwrap_or(NO_TIME));
    }

    pub(super) fn read_position(
        &mut self,
        text: &str,
        offset: usize,
        flaws: &mut Flaws,
    ) -> Result<(), Refusal> {
        if POINTS_MAX <= self.positions.len() {
            return Err(TOO_MANY_POINTS);
        }
        let position = point(text.split_ascii_whitespace());
        // An empty one keeps the place of a time without a position.
        if position.is_none() && !text.trim().is_empty() {
            flaws.note(Rule::InvalidPosition, offset);
        }
        self.positions.push(position);
        Ok(())
    }

    pub(super) fn read_value(&mut self, text: &str, offset: usize, flaws: &mut Flaws) {
        let Some(sensor) = self.sensor else { return };
        let (list, value) = match sensor {
            Sensor::HeartRate => (&mut self.heart_rates_bpm, number::heart_rate_bpm(text)),
            Sensor::Cadence => (&mut self.cadences_d, number::cadence_d(text)),
            Sensor::Power => (&mut self.powers_w, number::power_w(text)),
            Sensor::Temperature => (&mut self.temperatures_dc, number::temperature_dc(text)),
        };
        // As with positions, an empty one keeps its place.
        if value.is_none() && !text.trim().is_empty() {
            flaws.note(Rule::InvalidValue, offset);
        }
        list.push(value.unwrap_or(MISSING));
    }
}

/// What a list of sensor values holds, by the names that are in use.
fn sensor(name: &str) -> Option<Sensor> {
    match name {
        "heartrate" | "heart_rate" | "hr" => Some(Sensor::HeartRate),
        "cadence" | "cad" => Some(Sensor::Cadence),
        "power" => Some(Sensor::Power),
        "temperature" | "temp" | "atemp" => Some(Sensor::Temperature),
        _ => None,
    }
}
