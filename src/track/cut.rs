//! From where a member was to what others may see: the only way from an exact track to a public one.

mod again;
mod even;
pub mod grid;
pub mod place;
mod shade;

use std::f64::consts::FRAC_1_SQRT_2;
use std::ops::Range;

use chrono::{DateTime, DurationRound, NaiveDate, TimeDelta, Utc};

use super::columns::{
    Columns, ExactTrack, MISSING, NO_TIME, PER_DEGREE, PublicTrack, model_ranges,
};
pub use again::cut_again;
use grid::Grid;
use place::Place;
pub use shade::{AGAIN_ENDS_M, AGAIN_M, MARGIN_M, Shade};

/// A line needs two points; a lone one would only mark where something hidden begins.
const PART_POINTS_MIN: usize = 2;
/// The side of the cell that stands for a place, as a share of what is hidden round it.
pub const CELL_SHARE: f64 = 0.5;
/// And in metres at least: who finds a home within 50 m has found it.
pub const CELL_M_MIN: f64 = 100.0;

/// A circle that hides a place which its owner keeps to themself. Its centre is not that place: see
/// [`Zone::around`].
#[derive(Clone, Copy, PartialEq)]
pub struct Zone {
    /// Latitude of the centre in 1e-7 degrees.
    pub lat_e7: i32,
    /// Longitude of the centre in 1e-7 degrees.
    pub lon_e7: i32,
    /// Radius in metres.
    pub radius_m: f64,
}

impl Zone {
    /// The zone that hides everything within `radius_m` metres of a place in degrees.
    ///
    /// The place stands for its cell of `grid`, and the middle of that cell for the cell that it lies
    /// in of the grid which is always the same; there the centre is. The zone is so much larger that
    /// it covers `radius_m` round every place that gives this centre.
    ///
    /// Both grids are needed. Which places share a circle is decided by `grid`, whose lines nobody
    /// knows: who sees that a place was now hidden by one circle, now by the next (tracks begin some
    /// metres apart, a zone is made anew), learns that it lies by a line, and not where. And
    /// where circles lie is decided by the same grid for all, so that they tell nothing of `grid`,
    /// and not whose they are.
    pub fn around(lat: f64, lon: f64, radius_m: f64, grid: Grid) -> Self {
        let side_m = (radius_m * CELL_SHARE).max(CELL_M_MIN);
        let cell = grid.cell(lat, lon, side_m);
        let told = Grid::FIXED.cell(cell.lat, cell.lon, side_m);
        #[expect(clippy::cast_possible_truncation, reason = "degrees of a cell are in range")]
        let [lat_e7, lon_e7] =
            [told.lat, told.lon].map(|degrees| (degrees * PER_DEGREE).round() as i32);
        let away_m_max = (cell.side_m + told.side_m) * FRAC_1_SQRT_2;
        Self { lat_e7, lon_e7, radius_m: radius_m + away_m_max }
    }

    /// Latitude and longitude of the centre in degrees.
    pub fn degrees(&self) -> [f64; 2] {
        [self.lat_e7, self.lon_e7].map(|degrees_e7| f64::from(degrees_e7) / PER_DEGREE)
    }
}

/// What is hidden round both ends of a track, wherever they are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ends {
    /// How far round them, in metres.
    pub radius_m: f64,
    /// The grid of the account, as for its zones; see [`Zone::around`].
    pub grid: Grid,
}

impl Ends {
    /// Ends are as visible as the rest.
    pub const SHOWN: Self = Self { radius_m: 0.0, grid: Grid::FIXED };
}

/// What is left of a track for others.
#[derive(Clone, PartialEq, Eq)]
pub struct Cut {
    /// The visible parts of the line.
    pub track: PublicTrack,
    /// The day of the first visible point, in UTC: not that of the start, which may be hidden.
    pub day: Option<NaiveDate>,
    /// The hour in which the first visible point was recorded.
    pub hour: Option<DateTime<Utc>>,
}

/// Which sensors others get: those that its owner chose to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SensorsShown {
    /// None.
    None,
    /// The heart rate.
    HeartRate,
}

/// What others may see of a track: nothing inside `zones`, nothing within the radius of `ends` of
/// where it begins and ends. `None` if that leaves no line.
///
/// Points are dropped, never moved and never made up: a point put where the line meets a circle
/// would draw the circle. [`Shade`] says which are hidden. The line falls into parts wherever a
/// point was dropped, wherever it passes through a hidden place between two points, and wherever
/// the recording had a break.
///
/// **The result is a function of the visible runs alone.** A run is a longest series of points that
/// follow each other in one part of the recording, all visible, no line between two of them passing
/// through a hidden place. Of each run of two or more points the result holds the positions,
/// elevations and the time from point to point; of the rest it holds nothing:
/// * The day is that of the first visible time.
/// * Times count from 0 at the first visible point, and each part goes on at the time at which the
///   one before ended. A pause in sight and a day in a zone look the same.
/// * Sensor values are left out, but for those of `sensors`; a column without a visible value is
///   absent.
/// * Nothing is kept of the number, length, duration or order of what lies between two parts.
///
/// So two tracks with the same visible runs, under the same circles, give equal results and equal
/// encoded bytes, whatever else differs: the ways inside, their points, pauses, elevations, sensor
/// values and sampling. Circles differ between tracks only as far as [`Shade`] says: by whether an
/// end lies in a zone, and else by the cell of the account's grid that it lies in.
pub fn cut(track: &ExactTrack, zones: &[Zone], ends: Ends, sensors: SensorsShown) -> Option<Cut> {
    let columns = track.columns();
    let shade = Shade::new(track, zones, ends);
    let runs = find_visible_runs(columns, &shade);
    if runs.is_empty() {
        return None;
    }
    let heart_rate_bpm = match sensors {
        SensorsShown::None => Vec::new(),
        SensorsShown::HeartRate => drop_if_all(&MISSING, gather(&columns.heart_rate_bpm, &runs)),
    };
    let track = PublicTrack::new(Columns {
        lat_e7: gather(&columns.lat_e7, &runs),
        lon_e7: gather(&columns.lon_e7, &runs),
        elevation_dm: drop_if_all(&MISSING, gather(&columns.elevation_dm, &runs)),
        elevation_from_model: model_ranges(&gather(&columns.model_marks(), &runs)),
        time_ms: drop_if_all(&NO_TIME, rebase_times(&columns.time_ms, &runs)),
        heart_rate_bpm,
        part_ends: runs
            .iter()
            .scan(0, |end, run| {
                *end += run.len();
                Some(*end)
            })
            .collect(),
        ..Columns::default()
    });
    let first = first_time(&columns.time_ms, &runs);
    Some(Cut { track, day: first.map(|time| time.date_naive()), hour: first.and_then(hour) })
}

/// The hour that a time lies in.
pub fn hour(time: DateTime<Utc>) -> Option<DateTime<Utc>> {
    time.duration_trunc(TimeDelta::hours(1)).ok()
}

/// When the first visible point was recorded that has a time.
fn first_time(time_ms: &[i64], runs: &[Range<usize>]) -> Option<DateTime<Utc>> {
    let mut times = runs.iter().filter_map(|run| time_ms.get(run.clone())).flatten();
    let first_ms = times.find(|time_ms| **time_ms != NO_TIME)?;
    DateTime::from_timestamp_millis(*first_ms)
}

fn find_visible_runs(columns: &Columns, shade: &Shade) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for part in columns.parts() {
        let mut before: Option<Place> = None;
        for index in part {
            let place = Place::new(columns.lat_e7[index], columns.lon_e7[index]);
            if shade.covers(&place) {
                before = None;
                continue;
            }
            match (&before, runs.last_mut()) {
                (Some(before), Some(run)) if !shade.crosses(before, &place) => run.end = index + 1,
                _ => runs.push(index..index + 1),
            }
            before = Some(place);
        }
    }
    runs.retain(|run| run.len() >= PART_POINTS_MIN);
    runs
}

/// The values of the visible points; nothing if the column is empty.
fn gather<T: Copy>(column: &[T], runs: &[Range<usize>]) -> Vec<T> {
    runs.iter().filter_map(|run| column.get(run.clone())).flatten().copied().collect()
}

fn drop_if_all<T: PartialEq>(missing: &T, column: Vec<T>) -> Vec<T> {
    if column.iter().all(|value| value == missing) { Vec::new() } else { column }
}

/// Lets a clock run from 0 that stands still between parts. Time that runs back counts as none.
fn rebase_times(time_ms: &[i64], runs: &[Range<usize>]) -> Vec<i64> {
    let mut clock_ms = 0_i64;
    let mut rebased = Vec::new();
    for run in runs.iter().filter_map(|run| time_ms.get(run.clone())) {
        let mut latest_ms = None;
        for &time_ms in run {
            if time_ms == NO_TIME {
                rebased.push(NO_TIME);
                continue;
            }
            let before_ms = latest_ms.unwrap_or(time_ms);
            clock_ms = clock_ms.saturating_add(time_ms.saturating_sub(before_ms).max(0));
            latest_ms = Some(time_ms.max(before_ms));
            rebased.push(clock_ms);
        }
    }
    rebased
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// What others see by default.
    fn cut(track: &ExactTrack, zones: &[Zone], ends: Ends) -> Option<Cut> {
        super::cut(track, zones, ends, SensorsShown::None)
    }
    use crate::track::encode::encode_public;

    const HOME: Zone = Zone { lat_e7: 471_000_000, lon_e7: 85_000_000, radius_m: 400.0 };
    const ENDS: Ends = Ends { radius_m: 200.0, grid: Grid::FIXED };

    /// About a metre northwards, and eastwards at HOME.
    const NORTH_E7: i32 = 90;
    const EAST_E7: i32 = 132;

    #[test]
    fn points_in_a_zone_and_its_margin_are_dropped() {
        let track = northwards(&[-2000, -1000, -425, -375, 0, 375, 425, 1000, 2000]);
        let visible = cut(&track, &[HOME], Ends::SHOWN).unwrap().track;
        assert_eq!(
            visible.columns().lat_e7,
            northwards(&[-2000, -1000, 1000, 2000]).columns().lat_e7
        );
        assert_eq!(visible.columns().part_ends, [2, 4]);
    }

    #[test]
    fn a_line_that_passes_through_a_zone_between_two_points_is_cut() {
        let visible =
            cut(&northwards(&[-2000, -1000, 1000, 2000]), &[HOME], Ends::SHOWN).unwrap().track;
        assert_eq!(visible.columns().part_ends, [2, 4]);
        let aside = Zone { lon_e7: HOME.lon_e7 + 2 * 400 * EAST_E7, ..HOME };
        let visible =
            cut(&northwards(&[-2000, -1000, 1000, 2000]), &[aside], Ends::SHOWN).unwrap().track;
        assert_eq!(visible.columns().part_ends, [4]);
    }

    #[test]
    fn a_lone_point_between_hidden_ones_is_dropped() {
        assert!(cut(&northwards(&[0, 1000, 0]), &[HOME], Ends::SHOWN).is_none());
    }

    #[test]
    fn a_track_inside_a_zone_leaves_nothing() {
        assert!(cut(&northwards(&[-100, 0, 100]), &[HOME], Ends::SHOWN).is_none());
    }

    #[test]
    fn a_radius_or_length_that_is_no_number_hides_everything() {
        let track = northwards(&[-2000, -1000, 1000, 2000]);
        assert!(cut(&track, &[Zone { radius_m: f64::NAN, ..HOME }], Ends::SHOWN).is_none());
        for radius_m in [f64::NAN, f64::INFINITY] {
            assert!(cut(&track, &[], Ends { radius_m, ..ENDS }).is_none());
        }
    }

    #[test]
    fn zones_reach_over_the_antimeridian_and_the_pole() {
        let columns = Columns {
            lat_e7: vec![0, 0, 0, 0, 0],
            lon_e7: vec![
                1_799_000_000,
                1_799_900_000,
                1_799_999_000,
                -1_799_900_000,
                -1_799_000_000,
            ],
            part_ends: vec![5],
            ..Columns::default()
        };
        let zone = Zone { lat_e7: 0, lon_e7: -1_799_999_000, radius_m: 400.0 };
        let visible = cut(&ExactTrack::new(columns), &[zone], Ends::SHOWN).unwrap().track;
        assert_eq!(visible.columns().part_ends, [2, 4]);

        let over_the_pole = Columns {
            lat_e7: vec![899_000_000, 899_900_000, 899_900_000, 899_000_000],
            lon_e7: vec![0, 0, 1_800_000_000, 1_800_000_000],
            part_ends: vec![4],
            ..Columns::default()
        };
        let zone = Zone { lat_e7: 900_000_000, lon_e7: 450_000_000, radius_m: 400.0 };
        let visible = cut(&ExactTrack::new(over_the_pole), &[zone], Ends::SHOWN).unwrap().track;
        assert_eq!(visible.columns().part_ends, [2, 4]);
    }

    #[test]
    fn times_count_from_zero_and_stand_still_between_parts() {
        let mut columns = northwards(&[-2000, -1000, 0, 1000, 2000, 3000]).columns().clone();
        columns.time_ms = vec![1_000_000, 1_060_000, 5_000_000, 9_000_000, NO_TIME, 9_120_000];
        let visible = cut(&ExactTrack::new(columns), &[HOME], Ends::SHOWN).unwrap().track;
        assert_eq!(visible.columns().time_ms, [0, 60_000, 60_000, NO_TIME, 180_000]);
    }

    #[test]
    fn a_pause_in_sight_looks_like_a_hidden_one() {
        let mut columns = northwards(&[1000, 1100, 1200, 1300]).columns().clone();
        columns.time_ms = vec![0, 10_000, 5_000_000, 5_010_000];
        columns.part_ends = vec![2, 4];
        let visible = cut(&ExactTrack::new(columns), &[], Ends::SHOWN).unwrap().track;
        assert_eq!(visible.columns().time_ms, [0, 10_000, 10_000, 20_000]);
    }

    #[test]
    fn sensors_and_values_of_hidden_points_leave_no_trace() {
        let mut columns = northwards(&[-2000, -1000, 0, 1000, 2000]).columns().clone();
        columns.heart_rate_bpm = vec![140; 5];
        columns.elevation_dm = vec![MISSING, MISSING, 4000, MISSING, MISSING];
        columns.time_ms = vec![NO_TIME, NO_TIME, 1000, NO_TIME, NO_TIME];
        let visible = cut(&ExactTrack::new(columns), &[HOME], Ends::SHOWN).unwrap().track;
        let bare =
            cut(&northwards(&[-2000, -1000, 0, 1000, 2000]), &[HOME], Ends::SHOWN).unwrap().track;
        assert_eq!(visible, bare);
    }

    #[test]
    fn ends_are_cut_wherever_the_track_comes_by_again() {
        let loops: Vec<i32> = [0, 50, 5000, 50, 5000, 10_000]
            .into_iter()
            .flat_map(|north_m| [north_m, north_m + 10])
            .collect();
        let visible = cut(&northwards(&loops), &[], ENDS).unwrap().track;
        let seen = northwards(&[5000, 5010, 5000, 5010]);
        assert_eq!(visible.columns().lat_e7, seen.columns().lat_e7);
    }

    proptest! {
        #[test]
        fn nothing_hidden_is_shown(lat_e7 in -899_000_000..899_000_000_i32, ways in vec((-900..900_i32, -900..900_i32), 2..60), ends_m in 1.0..500.0_f64) {
            let lon_e7 = |east_m: i32| { let lon = 1_800_000_000 - EAST_E7 * 300 + east_m * EAST_E7; if lon > 1_800_000_000 { -1_800_000_000 + (lon - 1_800_000_000) } else { lon } };
            let columns = Columns {
                lat_e7: ways.iter().map(|(north_m, _)| lat_e7 + north_m * NORTH_E7).collect(),
                lon_e7: ways.iter().map(|(_, east_m)| lon_e7(*east_m)).collect(),
                part_ends: vec![ways.len()],
                ..Columns::default()
            };
            let ends = [0, ways.len() - 1].map(|end| Zone { lat_e7: columns.lat_e7[end], lon_e7: columns.lon_e7[end], radius_m: ends_m });
            let zone = Zone { lat_e7, lon_e7: lon_e7(0), radius_m: 150.0 };
            if let Some(Cut { track: visible, .. }) = cut(&ExactTrack::new(columns), &[zone], Ends { radius_m: ends_m, ..ENDS }) {
                let visible = visible.columns();
                for hidden in [zone, ends[0], ends[1]] {
                    for (lat_e7, lon_e7) in visible.lat_e7.iter().zip(&visible.lon_e7) {
                        // On a sphere, where distances are up to 0.5 % shorter.
                        prop_assert!(distance_m(&hidden, *lat_e7, *lon_e7) > hidden.radius_m * 0.995);
                    }
                }
            }
        }

        #[test]
        fn a_zone_covers_its_radius_and_tells_neither_grid_nor_account(lat in -89.0..89.0_f64, lon in -180.0..180.0_f64, radius_m in 100.0..5_000.0_f64, shift in any::<[u32; 2]>()) {
            let zone = Zone::around(lat, lon, radius_m, Grid::moved(shift));
            let [middle_lat, middle_lon] = zone.degrees();
            let away_m = Place::from_degrees(lat, lon).distance_m(&Place::from_degrees(middle_lat, middle_lon));
            prop_assert!(away_m + radius_m <= zone.radius_m + 0.1, "{away_m}");
            prop_assert!(zone == Zone::around(middle_lat, middle_lon, radius_m, Grid::FIXED));
        }

        #[test]
        fn tracks_that_differ_only_inside_a_zone_look_the_same((outside, inside, other_inside) in twins(), ends in prop_oneof![Just(Ends::SHOWN), Just(ENDS)]) {
            // Coming home in between is part of the way for both.
            let track = weave(&outside, &inside);
            let other = weave(&outside, &other_inside);
            let shown = cut(&track, &[HOME], ends).map(|cut| encode_public(&cut.track));
            let other_shown = cut(&other, &[HOME], ends).map(|cut| encode_public(&cut.track));
            prop_assert_eq!(shown, other_shown);
        }

        #[test]
        fn tracks_that_differ_only_inside_cut_ends_look_the_same((outside, inside, other_inside) in twins()) {
            let mut outside = outside;
            outside.truncate(inside.len() - 1);
            let same_cells = |mut hidden: Vec<Hidden>| {
                // Both ends in the cell of HOME's centre, and all near enough to it.
                let shrink = |way: &mut Way| { way.north_m /= 4; way.east_m /= 4; };
                hidden.iter_mut().flat_map(|hidden| &mut hidden.ways).for_each(shrink);
                hidden
            };
            let at_home = |mut hidden: Vec<Hidden>| {
                let still = Way { north_m: 0, east_m: 0, elevation_dm: 4000, gap_ms: 1000, heart_rate_bpm: 60 };
                if let Some(first) = hidden.first_mut() { first.ways.insert(0, still); }
                if let Some(last) = hidden.last_mut() { last.ways.push(still); }
                hidden
            };
            let [track, other] = [inside, other_inside].map(|inside| weave(&outside, &at_home(same_cells(inside))));
            let shown = cut(&track, &[], ENDS).map(|cut| encode_public(&cut.track));
            let other_shown = cut(&other, &[], ENDS).map(|cut| encode_public(&cut.track));
            prop_assert_eq!(shown, other_shown);
        }
    }

    /// A point, by its way from HOME, and how long after the one before it comes.
    #[derive(Clone, Copy, Debug)]
    struct Way {
        north_m: i32,
        east_m: i32,
        elevation_dm: i32,
        gap_ms: i64,
        heart_rate_bpm: i32,
    }

    /// Points at home, and whether the recording has breaks before, within and after them.
    #[derive(Clone, Debug)]
    struct Hidden {
        ways: Vec<Way>,
        breaks: [bool; 3],
    }

    /// Runs outside, and two versions of what lies before, between and after them.
    fn twins() -> impl Strategy<Value = (Vec<Vec<Way>>, Vec<Hidden>, Vec<Hidden>)> {
        (1..4_usize).prop_flat_map(|runs| {
            (
                vec(vec(way(500..3000), 1..12), runs),
                vec(hidden(), runs + 1),
                vec(hidden(), runs + 1),
            )
        })
    }

    fn hidden() -> impl Strategy<Value = Hidden> {
        (vec(way(-280..280), 1..8), any::<[bool; 3]>())
            .prop_map(|(ways, breaks)| Hidden { ways, breaks })
    }

    fn way(reach_m: Range<i32>) -> impl Strategy<Value = Way> {
        let gap_ms = prop_oneof![5 => Just(1000_i64), 1 => 0..100_000_000_i64];
        let elevation_dm = prop_oneof![5 => 4000..5000_i32, 1 => Just(MISSING)];
        (reach_m.clone(), reach_m, elevation_dm, gap_ms, 50..200_i32).prop_map(
            |(north_m, east_m, elevation_dm, gap_ms, heart_rate_bpm)| Way {
                north_m,
                east_m,
                elevation_dm,
                gap_ms,
                heart_rate_bpm,
            },
        )
    }

    fn weave(outside: &[Vec<Way>], inside: &[Hidden]) -> ExactTrack {
        let mut columns = Columns::default();
        let mut time_ms = 1_700_000_000_000;
        let mut push = |columns: &mut Columns, ways: &[Way]| {
            for way in ways {
                time_ms += way.gap_ms;
                columns.lat_e7.push(HOME.lat_e7 + way.north_m * NORTH_E7);
                columns.lon_e7.push(HOME.lon_e7 + way.east_m * EAST_E7);
                columns.elevation_dm.push(way.elevation_dm);
                columns.time_ms.push(time_ms);
                columns.heart_rate_bpm.push(way.heart_rate_bpm);
            }
        };
        for (index, hidden) in inside.iter().enumerate() {
            let [before, within, after] = hidden.breaks;
            let (first, rest) = hidden.ways.split_at(1);
            for (ways, ends) in [(&[][..], before), (first, within), (rest, after)] {
                push(&mut columns, ways);
                let end = columns.len();
                if ends && end > columns.part_ends.last().copied().unwrap_or(0) {
                    columns.part_ends.push(end);
                }
            }
            if let Some(run) = outside.get(index) {
                push(&mut columns, run);
            }
        }
        let end = columns.len();
        if columns.part_ends.last() != Some(&end) {
            columns.part_ends.push(end);
        }
        ExactTrack::new(columns)
    }

    /// A track along a meridian that passes HOME's centre, at these distances from it in metres.
    fn northwards(north_m: &[i32]) -> ExactTrack {
        let lat_e7: Vec<i32> =
            north_m.iter().map(|north_m| HOME.lat_e7 + NORTH_E7 * north_m).collect();
        let lon_e7 = vec![HOME.lon_e7; lat_e7.len()];
        let part_ends = vec![lat_e7.len()];
        ExactTrack::new(Columns { lat_e7, lon_e7, part_ends, ..Columns::default() })
    }

    /// By the haversine formula, which is up to 0.6 % off, so that it tells on a mistake in ours.
    fn distance_m(zone: &Zone, lat_e7: i32, lon_e7: i32) -> f64 {
        let [lat, lon, other_lat, other_lon] =
            [zone.lat_e7, zone.lon_e7, lat_e7, lon_e7].map(|e7| (f64::from(e7) / 1e7).to_radians());
        let half = ((other_lat - lat) / 2.0).sin().powi(2)
            + lat.cos() * other_lat.cos() * ((other_lon - lon) / 2.0).sin().powi(2);
        2.0 * 6_371_009.0 * half.sqrt().asin()
    }

    #[test]
    fn the_day_is_that_of_the_first_visible_point() {
        let mut columns = northwards(&[0, 300, 1000, 2000]).columns().clone();
        let midnight_ms = 86_400_000 * 20_000;
        columns.time_ms = [-900_000, -1_000, 1_000, 600_000].map(|ms| midnight_ms + ms).to_vec();
        let day = cut(&ExactTrack::new(columns), &[HOME], Ends::SHOWN).unwrap().day;
        assert_eq!(day, DateTime::from_timestamp_millis(midnight_ms).map(|time| time.date_naive()));
    }
}
