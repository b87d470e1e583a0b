//! The rule about jumps: nobody moves faster than the sport allows.

use std::ops::Range;

use super::super::columns::{Columns, NO_TIME};
use super::Context;
use crate::domain::Sport;

/// A longer stretch elsewhere is taken for a real change of place.
const STRETCH_POINTS_MAX: usize = 30;
/// Times are often whole seconds: so much may have passed beyond what they tell.
const TIME_RESOLUTION_S: f64 = 1.0;
/// No fewer metres lie in 1e-7 degrees of either coordinate.
const METRES_PER_E7_MAX: f64 = 0.011_2;
/// The mean radius of the earth (IUGG).
const EARTH_RADIUS_M: f64 = 6_371_008.8;

/// Points of short stretches that lie out of reach of the longer one they follow or precede.
///
/// Each part is cut where the speed from one point to the next is impossible. From the longest
/// stretch outwards, a stretch that can be reached from the last one kept is kept, and so is one
/// too long for an error; any other is found.
pub(super) fn impossible(columns: &Columns, context: &Context) -> Vec<usize> {
    if columns.time_ms.is_empty() {
        return Vec::new();
    }
    let reach = Reach { columns, speed_mps_max: speed_mps_max(context.sport) };
    columns.parts().flat_map(|part| reach.out_of_reach(part)).flatten().collect()
}

struct Reach<'a> {
    columns: &'a Columns,
    speed_mps_max: f64,
}

impl Reach<'_> {
    fn out_of_reach(&self, part: Range<usize>) -> Vec<Range<usize>> {
        let stretches = self.stretches(part);
        let longest = (0..stretches.len()).rev().max_by_key(|stretch| stretches[*stretch].len());
        let Some(longest) = longest.filter(|_| 1 < stretches.len()) else { return Vec::new() };
        let length_max = STRETCH_POINTS_MAX.min(stretches[longest].len() - 1);

        let (before, from_longest) = stretches.split_at(longest);
        let mut found = Vec::new();
        let mut first_kept = stretches[longest].start;
        for stretch in before.iter().rev() {
            if self.reaches(stretch.end - 1, first_kept) || length_max < stretch.len() {
                first_kept = stretch.start;
            } else {
                found.push(stretch.clone());
            }
        }
        found.reverse();
        let mut last_kept = stretches[longest].end - 1;
        for stretch in &from_longest[1..] {
            if self.reaches(last_kept, stretch.start) || length_max < stretch.len() {
                last_kept = stretch.end - 1;
            } else {
                found.push(stretch.clone());
            }
        }
        found
    }

    /// Cuts a part into stretches inside which every step is possible. None is empty.
    fn stretches(&self, part: Range<usize>) -> Vec<Range<usize>> {
        let mut stretches = Vec::new();
        let mut start = part.start;
        for index in part.start + 1..part.end {
            if !self.reaches(index - 1, index) {
                stretches.push(start..index);
                start = index;
            }
        }
        stretches.push(start..part.end);
        stretches
    }

    /// Whether one can get from a point to a later one; where a time is missing, one can.
    fn reaches(&self, from: usize, to: usize) -> bool {
        let columns = self.columns;
        let (from_ms, to_ms) = (columns.time_ms[from], columns.time_ms[to]);
        if from_ms == NO_TIME || to_ms == NO_TIME {
            return true;
        }
        #[expect(clippy::cast_precision_loss, reason = "seconds of a few years fit an f64")]
        let seconds = to_ms.saturating_sub(from_ms) as f64 / 1e3 + TIME_RESOLUTION_S;
        let distance_m_max = seconds * self.speed_mps_max;
        let from = (columns.lat_e7[from], columns.lon_e7[from]);
        let to = (columns.lat_e7[to], columns.lon_e7[to]);
        let steps_e7 = f64::from(from.0.abs_diff(to.0)) + f64::from(from.1.abs_diff(to.1));
        steps_e7 * METRES_PER_E7_MAX <= distance_m_max || haversine_m(from, to) <= distance_m_max
    }
}

/// The great-circle distance between two positions in 1e-7 degrees, good to 0.6 %.
fn haversine_m(from: (i32, i32), to: (i32, i32)) -> f64 {
    let radians = |e7: i32| (f64::from(e7) / 1e7).to_radians();
    let (lat_1, lat_2) = (radians(from.0), radians(to.0));
    let half_north = ((lat_2 - lat_1) / 2.0).sin();
    let half_east = ((radians(to.1) - radians(from.1)) / 2.0).sin();
    let square = half_north * half_north + lat_1.cos() * lat_2.cos() * half_east * half_east;
    2.0 * EARTH_RADIUS_M * square.sqrt().min(1.0).asin()
}

/// A speed that nobody has reached in the sport, in metres a second, with some room for the errors
/// of positions.
fn speed_mps_max(sport: Option<Sport>) -> f64 {
    match sport.unwrap_or_default() {
        Sport::Running
        | Sport::TrailRunning
        | Sport::Walking
        | Sport::Hiking
        | Sport::Mountaineering
        | Sport::Swimming
        | Sport::Rowing
        | Sport::Paddling
        | Sport::Snowshoeing
        | Sport::HorseRiding
        | Sport::Wheelchair => 40.0,
        Sport::Cycling
        | Sport::MountainBiking
        | Sport::GravelCycling
        | Sport::EBiking
        | Sport::Sailing
        | Sport::AlpineSkiing
        | Sport::SkiTouring
        | Sport::NordicSkiing
        | Sport::Snowboarding
        | Sport::Skating => 100.0,
        Sport::Driving | Sport::Transition => 200.0,
        Sport::Flying | Sport::Other => 500.0,
    }
}
