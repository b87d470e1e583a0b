//! TCX, version 2 of Garmin's Training Center Database: activities, courses, multisport.

mod name;

use super::super::columns::{MISSING, NO_TIME};
use super::super::reading::{Reading, Recording, Rule, Unreadable, Waypoint};
use super::activities::{Line, recording};
use super::flaws::Flaws;
use super::points::{Point, Points};
use super::sports::sport;
use super::xml::{Attributes, Element, Handler, Refusal, text_of, walk};
use super::{LINES_MAX, NO_POINT, POINTS_MAX, TOO_MANY_LINES, TOO_MANY_POINTS, WAYPOINTS_MAX};
use super::{number, time, unreadable};
use crate::domain::Sport;
use name::Name;

/// A lap that begins later than this after the one before it was preceded by a pause.
const LAP_GAP_MS_MAX: i64 = 60 * 1000;

/// Reads a TCX document.
///
/// Each activity is a recording, and so is each transition between the sports of a multisport
/// session. A new `Track` in a lap means that the timer was stopped in between, so it is a part of
/// its own; a new lap does not stop the timer, so its first `Track` continues the part. A course is
/// planned: its times are those of a virtual partner and are not read.
pub(super) fn read(document: &str, mut flaws: Flaws) -> Result<Reading, Unreadable> {
    let mut tcx = Tcx::default();
    walk(document, &mut tcx, &mut flaws)?;
    tcx.end_line().map_err(unreadable)?;
    if tcx.recordings.is_empty() {
        return Err(flaws.into_unreadable(NO_POINT, document.as_bytes()));
    }
    Ok(Reading { recordings: tcx.recordings, flaws: flaws.into_lines(document.as_bytes()) })
}

#[derive(Default)]
struct Tcx {
    recordings: Vec<Recording>,
    /// The activity or course under way.
    line: Line,
    is_course: bool,
    points: Points,
    waypoints: Vec<Waypoint>,
    points_before: usize,
    /// Whether the lap under way has had a track.
    lap_has_track: bool,
    /// Whether the next point is the first of a lap.
    begins_lap: bool,
    last_time_ms: i64,
    /// The point under way, of a track or of a course.
    point: Option<Spot>,
}

/// A point whose position comes in pieces.
#[derive(Default)]
struct Spot {
    point: Point,
    lat_e7: Option<i32>,
    lon_e7: Option<i32>,
    name: Option<String>,
    description: Option<String>,
    symbol: Option<String>,
}

impl Handler for Tcx {
    type Name = Name;

    fn name(local_name: &str) -> Name {
        Name::of(local_name)
    }

    fn open(
        &mut self,
        element: Element<Name>,
        mut attributes: Attributes<'_>,
        _: &mut Flaws,
    ) -> Result<(), Refusal> {
        match element.name {
            Name::Activity => {
                self.end_line()?;
                let named = attributes.find(|(name, _)| *name == "Sport");
                self.line.sport = named.and_then(|(_, value)| sport(value));
            }
            Name::Transition => {
                self.end_line()?;
                self.line.sport = Some(Sport::Transition);
            }
            Name::Course => {
                self.end_line()?;
                self.is_course = true;
            }
            Name::Lap => self.lap_has_track = false,
            Name::Track if self.lap_has_track => self.points.end_part(),
            Name::Track => self.begins_lap = true,
            Name::Trackpoint | Name::CoursePoint => self.point = Some(Spot::default()),
            _ => {}
        }
        Ok(())
    }

    fn close(
        &mut self,
        element: Element<Name>,
        text: &str,
        flaws: &mut Flaws,
    ) -> Result<(), Refusal> {
        match (element.name, element.parent) {
            (Name::Activity | Name::Transition | Name::Course, _) => self.end_line()?,
            (Name::Track, _) => self.lap_has_track = true,
            (Name::Trackpoint, _) => self.end_point(element.offset, flaws)?,
            (Name::CoursePoint, _) => self.end_waypoint(element.offset, flaws),
            (Name::Title, Name::Course) => self.line.title = text_of(text),
            (Name::Notes, Name::Activity | Name::Course) => self.line.description = text_of(text),
            _ => self.read_point_value(element, text, flaws),
        }
        Ok(())
    }
}

impl Tcx {
    fn read_point_value(&mut self, element: Element<Name>, text: &str, flaws: &mut Flaws) {
        let Some(spot) = &mut self.point else { return };
        let point = &mut spot.point;
        let (target, value) = match (element.name, element.parent) {
            (Name::Latitude, Name::Position) => return spot.lat_e7 = number::latitude_e7(text),
            (Name::Longitude, Name::Position) => return spot.lon_e7 = number::longitude_e7(text),
            (Name::Time, Name::Trackpoint) => {
                return match time::time_ms(text) {
                    Some(time_ms) => point.time_ms = time_ms,
                    None => flaws.note(Rule::InvalidTime, element.offset),
                };
            }
            (Name::Title, Name::CoursePoint) => return spot.name = text_of(text),
            (Name::Notes, Name::CoursePoint) => return spot.description = text_of(text),
            (Name::PointType, _) => return spot.symbol = text_of(text),
            (Name::Elevation, _) => (&mut point.elevation_dm, number::elevation_dm(text)),
            (Name::Value, Name::HeartRate) => {
                (&mut point.heart_rate_bpm, number::heart_rate_bpm(text))
            }
            (Name::Cadence, _) => (&mut point.cadence_d, number::cadence_d(text)),
            (Name::Power, _) => (&mut point.power_w, number::power_w(text)),
            _ => return,
        };
        match value {
            Some(value) => *target = value,
            None => flaws.note(Rule::InvalidValue, element.offset),
        }
    }

    fn end_point(&mut self, offset: usize, flaws: &mut Flaws) -> Result<(), Refusal> {
        let Some(Spot { point, lat_e7: Some(lat_e7), lon_e7: Some(lon_e7), .. }) =
            self.point.take()
        else {
            flaws.note(Rule::InvalidPosition, offset);
            return Ok(());
        };
        if POINTS_MAX <= self.points_before + self.points.len() {
            return Err(TOO_MANY_POINTS);
        }
        let mut point = Point { lat_e7, lon_e7, ..point };
        if self.is_course {
            point.time_ms = NO_TIME;
        }
        let paused = LAP_GAP_MS_MAX < point.time_ms.saturating_sub(self.last_time_ms);
        if std::mem::take(&mut self.begins_lap) && paused {
            self.points.end_part();
        }
        self.last_time_ms = point.time_ms;
        self.points.push(&point);
        Ok(())
    }

    fn end_waypoint(&mut self, offset: usize, flaws: &mut Flaws) {
        let Some(Spot {
            lat_e7: Some(lat_e7),
            lon_e7: Some(lon_e7),
            point,
            name,
            description,
            symbol,
        }) = self.point.take()
        else {
            return flaws.note(Rule::InvalidPosition, offset);
        };
        if WAYPOINTS_MAX <= self.waypoints.len() {
            return flaws.note(Rule::TooManyWaypoints, offset);
        }
        let elevation_dm = Some(point.elevation_dm).filter(|elevation_dm| *elevation_dm != MISSING);
        self.waypoints.push(Waypoint { lat_e7, lon_e7, elevation_dm, name, description, symbol });
    }

    /// Keeps the activity or course under way, if it has a point.
    fn end_line(&mut self) -> Result<(), Refusal> {
        let columns = std::mem::take(&mut self.points).finish();
        let line = Line { columns, ..std::mem::take(&mut self.line) };
        let waypoints = std::mem::take(&mut self.waypoints);
        let is_course = std::mem::take(&mut self.is_course);
        if line.columns.is_empty() {
            return Ok(());
        }
        if LINES_MAX <= self.recordings.len() {
            return Err(TOO_MANY_LINES);
        }
        self.points_before += line.columns.len();
        let recording = recording(line);
        let planned = recording.planned || is_course;
        self.recordings.push(Recording { planned, waypoints, ..recording });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(body: &str) -> Reading {
        let document = format!("<TrainingCenterDatabase>{body}</TrainingCenterDatabase>");
        read(&document, Flaws::default()).unwrap()
    }

    fn trackpoint(minute: u32) -> String {
        format!(
            "<Trackpoint><Time>2024-05-01T06:{minute:02}:00Z</Time><Position>\
             <LatitudeDegrees>47.{minute}</LatitudeDegrees><LongitudeDegrees>8</LongitudeDegrees>\
             </Position></Trackpoint>"
        )
    }

    fn lap(tracks: &[&[u32]]) -> String {
        let track = |minutes: &&[u32]| -> String {
            let points: String = minutes.iter().map(|minute| trackpoint(*minute)).collect();
            format!("<Track>{points}</Track>")
        };
        format!("<Lap>{}</Lap>", tracks.iter().map(track).collect::<String>())
    }

    #[test]
    fn a_point_is_read_with_all_that_is_known_of_it() {
        let reading = read_all(
            "<Activity Sport=\"Biking\"><Notes>windy</Notes><Lap><Track><Trackpoint>\
             <Time>2024-05-01T06:00:00Z</Time><Position><LatitudeDegrees>47.25</LatitudeDegrees>\
             <LongitudeDegrees>8.5</LongitudeDegrees></Position><AltitudeMeters>412.3</AltitudeMeters>\
             <HeartRateBpm><Value>142</Value></HeartRateBpm><Cadence>88</Cadence><Extensions>\
             <x:TPX><x:Watts>210</x:Watts></x:TPX></Extensions></Trackpoint></Track></Lap>\
             <Creator><Name>a device</Name></Creator></Activity>",
        );
        let recording = &reading.recordings[0];
        let columns = recording.track.columns();
        assert_eq!((columns.lat_e7[0], columns.lon_e7[0]), (472_500_000, 85_000_000));
        assert_eq!(columns.elevation_dm, [4_123]);
        assert_eq!(columns.time_ms, [1_714_543_200_000]);
        assert_eq!(columns.heart_rate_bpm, [142]);
        assert_eq!(columns.cadence_d, [880]);
        assert_eq!(columns.power_w, [210]);
        assert_eq!(recording.sport, Some(Sport::Cycling));
        assert_eq!(recording.title, None);
        assert_eq!(recording.description.as_deref(), Some("windy"));
        assert!(reading.flaws.is_empty());
    }

    #[test]
    fn a_new_track_is_a_pause_and_a_new_lap_is_none() {
        let laps = [lap(&[&[0, 1], &[5, 6]]), lap(&[&[7, 8]])].concat();
        let reading = read_all(&format!("<Activity>{laps}</Activity>"));
        assert_eq!(reading.recordings[0].track.columns().part_ends, [2, 6]);
    }

    #[test]
    fn a_lap_that_begins_late_follows_a_pause() {
        let laps = [lap(&[&[0, 1]]), lap(&[&[30, 35]])].concat();
        let reading = read_all(&format!("<Activity>{laps}</Activity>"));
        assert_eq!(reading.recordings[0].track.columns().part_ends, [2, 4]);
    }

    #[test]
    fn each_leg_of_a_multisport_session_is_a_recording() {
        let reading = read_all(&format!(
            "<MultiSportSession><FirstSport><Activity Sport=\"Running\">{}</Activity></FirstSport>\
             <NextSport><Transition>{}</Transition><Activity Sport=\"Biking\">{}</Activity>\
             </NextSport></MultiSportSession>",
            lap(&[&[0, 1]]),
            lap(&[&[2, 3]]),
            lap(&[&[4, 5]]),
        ));
        let sports: Vec<_> = reading.recordings.iter().map(|recording| recording.sport).collect();
        assert_eq!(sports, [Sport::Running, Sport::Transition, Sport::Cycling].map(Some));
    }

    #[test]
    fn a_course_is_planned_and_has_its_points_of_interest() {
        let reading = read_all(&format!(
            "<Course><Name>Loop</Name><Track>{}</Track><CoursePoint><Name>Spring</Name><Position>\
             <LatitudeDegrees>47</LatitudeDegrees><LongitudeDegrees>8</LongitudeDegrees></Position>\
             <PointType>Water</PointType></CoursePoint></Course>",
            trackpoint(3),
        ));
        let recording = &reading.recordings[0];
        assert!(recording.planned);
        assert!(recording.track.columns().time_ms.is_empty());
        assert_eq!(recording.title.as_deref(), Some("Loop"));
        assert_eq!(recording.waypoints[0].name.as_deref(), Some("Spring"));
        assert_eq!(recording.waypoints[0].symbol.as_deref(), Some("Water"));
    }

    #[test]
    fn a_point_without_a_position_is_left_out_and_counted() {
        let reading = read_all(&format!(
            "<Activity><Lap><Track><Trackpoint><Time>2024-05-01T06:00:00Z</Time></Trackpoint>{}\
             </Track></Lap></Activity>",
            trackpoint(1),
        ));
        assert_eq!(reading.recordings[0].track.columns().len(), 1);
        assert_eq!(reading.flaws[0].rule, Rule::InvalidPosition);
    }
}
