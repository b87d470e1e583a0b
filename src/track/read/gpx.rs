//! GPX 1.0 and 1.1, with the extensions in use.

mod name;

use super::super::reading::{Reading, Rule, Unreadable, Waypoint};
use super::activities::{Line, recordings};
use super::flaws::Flaws;
use super::points::{Point, Points};
use super::sports::sport;
use super::xml::{Attributes, Element, Handler, Refusal, text_of, walk};
use super::{LINES_MAX, POINTS_MAX, TOO_MANY_LINES, TOO_MANY_POINTS};
use super::{NO_POINT, WAYPOINTS_MAX, number, time, unreadable};
use name::Name;

/// Reads a GPX document.
///
/// Of extensions it takes heart rate, cadence, power and temperature wherever inside a point they
/// stand, which covers Garmin's `TrackPointExtension` 1 and 2 and `PowerExtension`, Cluetrust's
/// `gpxdata`, OpenTracks, Strava and their imitators; and Garmin's points between route points.
/// Routes are planned: the times of their points are when those were drawn, and are not read.
pub(super) fn read(document: &str, mut flaws: Flaws) -> Result<Reading, Unreadable> {
    let mut gpx = Gpx::default();
    walk(document, &mut gpx, &mut flaws)?;
    gpx.end_line().map_err(unreadable)?;
    let mut recordings = recordings(gpx.tracks, gpx.routes);
    let Some(first) = recordings.first_mut() else {
        let reason = if gpx.waypoints.is_empty() {
            NO_POINT
        } else {
            "has waypoints, but no track and no route"
        };
        return Err(flaws.into_unreadable(reason, document.as_bytes()));
    };
    first.title = first.title.take().or(gpx.title);
    first.description = first.description.take().or(gpx.description);
    first.waypoints = gpx.waypoints;
    Ok(Reading { recordings, flaws: flaws.into_lines(document.as_bytes()) })
}

#[derive(Default)]
struct Gpx {
    title: Option<String>,
    description: Option<String>,
    tracks: Vec<Line>,
    routes: Vec<Line>,
    waypoints: Vec<Waypoint>,
    /// The track or route under way, and its points.
    line: Line,
    points: Points,
    in_route: bool,
    /// How many points the lines before it have.
    points_before: usize,
    /// The point under way, if its position is valid.
    point: Option<Point>,
    waypoint: Option<Waypoint>,
}

impl Handler for Gpx {
    type Name = Name;

    fn name(local_name: &str) -> Name {
        Name::of(local_name)
    }

    fn open(
        &mut self,
        element: Element<Name>,
        attributes: Attributes<'_>,
        flaws: &mut Flaws,
    ) -> Result<(), Refusal> {
        match element.name {
            Name::TrackPoint | Name::RoutePoint | Name::ShapePoint => {
                self.end_point()?;
                match position(attributes) {
                    Position::Sound(lat_e7, lon_e7) => self.point = Some(Point::at(lat_e7, lon_e7)),
                    Position::Pause => self.points.end_part(),
                    Position::Invalid => flaws.note(Rule::InvalidPosition, element.offset),
                }
            }
            Name::Waypoint => match position(attributes) {
                Position::Sound(lat_e7, lon_e7) => {
                    self.waypoint = Some(Waypoint::at(lat_e7, lon_e7));
                }
                Position::Pause | Position::Invalid => {
                    flaws.note(Rule::InvalidPosition, element.offset);
                }
            },
            Name::Track | Name::Route => {
                self.end_line()?;
                self.in_route = element.name == Name::Route;
            }
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
        match element.name {
            Name::TrackPoint | Name::RoutePoint => self.end_point()?,
            Name::Segment => self.points.end_part(),
            Name::Track | Name::Route => self.end_line()?,
            Name::Waypoint => self.end_waypoint(element.offset, flaws),
            _ if self.point.is_some() => self.read_point_value(element, text, flaws),
            _ if self.waypoint.is_some() => self.read_waypoint_value(element, text, flaws),
            _ => self.read_line_value(element, text),
        }
        Ok(())
    }
}

impl Gpx {
    fn read_point_value(&mut self, element: Element<Name>, text: &str, flaws: &mut Flaws) {
        let Some(point) = &mut self.point else { return };
        let in_point = matches!(element.parent, Name::TrackPoint | Name::RoutePoint);
        let (target, value) = match element.name {
            Name::Time if element.parent == Name::TrackPoint => {
                match time::time_ms(text) {
                    Some(time_ms) => point.time_ms = time_ms,
                    None => flaws.note(Rule::InvalidTime, element.offset),
                }
                return;
            }
            Name::Elevation if in_point => (&mut point.elevation_dm, number::elevation_dm(text)),
            Name::HeartRate => (&mut point.heart_rate_bpm, number::heart_rate_bpm(text)),
            Name::Cadence => (&mut point.cadence_d, number::cadence_d(text)),
            Name::Power => (&mut point.power_w, number::power_w(text)),
            Name::Temperature => (&mut point.temperature_dc, number::temperature_dc(text)),
            _ => return,
        };
        match value {
            Some(value) => *target = value,
            None => flaws.note(Rule::InvalidValue, element.offset),
        }
    }

    fn read_waypoint_value(&mut self, element: Element<Name>, text: &str, flaws: &mut Flaws) {
        let Some(waypoint) = &mut self.waypoint else { return };
        match element.name {
            _ if element.parent != Name::Waypoint => {}
            Name::Elevation => {
                waypoint.elevation_dm = number::elevation_dm(text);
                if waypoint.elevation_dm.is_none() {
                    flaws.note(Rule::InvalidValue, element.offset);
                }
            }
            Name::Title => waypoint.name = text_of(text),
            Name::Description => waypoint.description = text_of(text),
            Name::Comment if waypoint.description.is_none() => waypoint.description = text_of(text),
            Name::Symbol => waypoint.symbol = text_of(text),
            Name::Type if waypoint.symbol.is_none() => waypoint.symbol = text_of(text),
            _ => {}
        }
    }

    fn read_line_value(&mut self, element: Element<Name>, text: &str) {
        match (element.parent, element.name) {
            (Name::Track | Name::Route, Name::Title) => self.line.title = text_of(text),
            (Name::Track | Name::Route, Name::Description) => self.line.description = text_of(text),
            (Name::Track | Name::Route, Name::Comment) if self.line.description.is_none() => {
                self.line.description = text_of(text);
            }
            (Name::Track | Name::Route, Name::Type) => self.line.sport = sport(text),
            (_, Name::Sport) if self.line.sport.is_none() => self.line.sport = sport(text),
            (Name::Root | Name::Metadata, Name::Title) => self.title = text_of(text),
            (Name::Root | Name::Metadata, Name::Description) => self.description = text_of(text),
            _ => {}
        }
    }

    fn end_point(&mut self) -> Result<(), Refusal> {
        let Some(point) = self.point.take() else { return Ok(()) };
        if POINTS_MAX <= self.points_before + self.points.len() {
            return Err(TOO_MANY_POINTS);
        }
        self.points.push(&point);
        Ok(())
    }

    /// Keeps the track or route under way, if it has a point.
    fn end_line(&mut self) -> Result<(), Refusal> {
        let columns = std::mem::take(&mut self.points).finish();
        let line = Line { columns, ..std::mem::take(&mut self.line) };
        if line.columns.is_empty() {
            return Ok(());
        }
        if LINES_MAX <= self.tracks.len() + self.routes.len() {
            return Err(TOO_MANY_LINES);
        }
        self.points_before += line.columns.len();
        let lines = if self.in_route { &mut self.routes } else { &mut self.tracks };
        lines.push(line);
        Ok(())
    }

    fn end_waypoint(&mut self, offset: usize, flaws: &mut Flaws) {
        let Some(waypoint) = self.waypoint.take() else { return };
        if WAYPOINTS_MAX <= self.waypoints.len() {
            return flaws.note(Rule::TooManyWaypoints, offset);
        }
        self.waypoints.push(waypoint);
    }
}

enum Position {
    Sound(i32, i32),
    /// My Tracks and OpenTracks up to 2021 wrote points at latitude 100 and 200 for a pause and its
    /// end.
    Pause,
    Invalid,
}

fn position(attributes: Attributes<'_>) -> Position {
    let (mut lat, mut lon) = (None, None);
    for (name, value) in attributes {
        match name {
            "lat" => lat = Some(value),
            "lon" => lon = Some(value),
            _ => {}
        }
    }
    let (Some(lat), Some(lon)) = (lat, lon) else { return Position::Invalid };
    match (number::latitude_e7(lat), number::longitude_e7(lon)) {
        (Some(lat_e7), Some(lon_e7)) => Position::Sound(lat_e7, lon_e7),
        (None, Some(0)) if matches!(number::fixed::<0>(lat), Some(100 | 200)) => Position::Pause,
        _ => Position::Invalid,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::columns::MISSING;
    use super::super::super::reading::{Flaw, Place, Recording};
    use super::*;
    use crate::domain::Sport;

    fn read_all(body: &str) -> Reading {
        read(&format!("<gpx>{body}</gpx>"), Flaws::default()).unwrap()
    }

    fn read_one(body: &str) -> (Recording, Vec<Flaw>) {
        let mut reading = read_all(body);
        assert_eq!(reading.recordings.len(), 1);
        (reading.recordings.remove(0), reading.flaws)
    }

    fn refusal(body: &str) -> Unreadable {
        read(&format!("<gpx>{body}</gpx>"), Flaws::default()).unwrap_err()
    }

    #[test]
    fn a_point_is_read_with_all_that_is_known_of_it() {
        let (recording, flaws) = read_one(
            "<trk><trkseg><trkpt lon='8.5' lat='47.25'><ele>412.34</ele>\
             <time>2024-05-01T06:00:00Z</time><extensions><power>210</power><g:TrackPointExtension>\
             <g:atemp>-1.5</g:atemp><g:hr>142</g:hr><g:cad>88</g:cad></g:TrackPointExtension>\
             </extensions></trkpt></trkseg></trk>",
        );
        let columns = recording.track.columns();
        assert_eq!((columns.lat_e7[0], columns.lon_e7[0]), (472_500_000, 85_000_000));
        assert_eq!(columns.elevation_dm, [4_123]);
        assert_eq!(columns.time_ms, [1_714_543_200_000]);
        assert_eq!(columns.power_w, [210]);
        assert_eq!(columns.temperature_dc, [-15]);
        assert_eq!(columns.heart_rate_bpm, [142]);
        assert_eq!(columns.cadence_d, [880]);
        assert!(!recording.planned);
        assert!(flaws.is_empty());
    }

    #[test]
    fn a_bad_value_loses_itself_and_a_bad_position_its_point() {
        let (recording, flaws) = read_one(
            "<trk><trkseg>\n<trkpt lat='47,1' lon='8,1'><ele/></trkpt>\n\
             <trkpt lat='NaN' lon='8'><ele>5</ele></trkpt>\n<trkpt lat='95' lon='8'/>\n\
             <trkpt lat='47.2' lon='8.2'><time>now</time></trkpt></trkseg></trk>",
        );
        let columns = recording.track.columns();
        assert_eq!(columns.lat_e7, [471_000_000, 472_000_000]);
        assert!(columns.elevation_dm.is_empty());
        let flaw = |rule, count, line| Flaw { rule, count, first: Some(Place::Line(line)) };
        let expected = [
            flaw(Rule::InvalidValue, 1, 2),
            flaw(Rule::InvalidPosition, 2, 3),
            flaw(Rule::InvalidTime, 1, 5),
        ];
        assert_eq!(flaws, expected);
    }

    #[test]
    fn segments_and_the_pauses_of_old_open_tracks_are_parts() {
        let (recording, flaws) = read_one(
            "<trk><trkseg><trkpt lat='1' lon='1'/></trkseg><trkseg/><trkseg><trkpt lat='2' lon='2'/>\
             <trkpt lat='100' lon='0'/><trkpt lat='200' lon='0'/><trkpt lat='3' lon='3'/></trkseg></trk>",
        );
        assert_eq!(recording.track.columns().part_ends, [1, 2, 3]);
        assert!(flaws.is_empty());
    }

    #[test]
    fn words_are_those_of_the_track_else_those_of_the_file() {
        let (recording, _) = read_one(
            "<metadata><name>file</name><desc>about &lt;it&gt;</desc><link><text>x</text></link>\
             </metadata><trk><name>track</name><link><type>text/html</type></link>\
             <type>trail_running</type><extensions><x:name>no</x:name></extensions>\
             <trkseg><trkpt lat='1' lon='1'><name>point</name></trkpt></trkseg></trk>",
        );
        assert_eq!(recording.title.as_deref(), Some("track"));
        assert_eq!(recording.description.as_deref(), Some("about <it>"));
        assert_eq!(recording.sport, Some(Sport::TrailRunning));
    }

    #[test]
    fn a_route_is_planned_and_follows_the_points_between_its_points() {
        let (recording, _) = read_one(
            "<rte><rtept lat='1' lon='1'><time>2024-05-01T06:00:00Z</time><ele>7</ele><extensions>\
             <x:RoutePointExtension><x:rpt lat='1.1' lon='1'/><x:rpt lat='1.2' lon='1'/>\
             </x:RoutePointExtension></extensions></rtept><rtept lat='2' lon='1'/></rte>",
        );
        let columns = recording.track.columns();
        assert_eq!(columns.lat_e7, [10_000_000, 11_000_000, 12_000_000, 20_000_000]);
        assert_eq!(columns.elevation_dm, [70, MISSING, MISSING, MISSING]);
        assert!(columns.time_ms.is_empty());
        assert!(recording.planned);
    }

    #[test]
    fn waypoints_go_to_the_first_recording() {
        let reading = read_all(
            "<wpt lat='5' lon='6'><ele>10</ele><name>Hut</name><cmt>soup</cmt><sym>Lodge</sym></wpt>\
             <wpt lat='500' lon='6'/><trk><trkseg><trkpt lat='1' lon='1'/></trkseg></trk>\
             <rte><rtept lat='3' lon='3'/></rte>",
        );
        let [first, second] = reading.recordings.as_slice() else { panic!("two recordings") };
        let hut = Waypoint {
            elevation_dm: Some(100),
            name: Some("Hut".into()),
            description: Some("soup".into()),
            symbol: Some("Lodge".into()),
            ..Waypoint::at(50_000_000, 60_000_000)
        };
        assert!(first.waypoints == [hut]);
        assert!(second.waypoints.is_empty());
        assert_eq!(reading.flaws[0].rule, Rule::InvalidPosition);
    }

    #[test]
    fn a_file_without_a_point_says_why() {
        assert_eq!(refusal("<trk><trkseg/></trk>").reason, NO_POINT);
        assert_eq!(
            refusal("<wpt lat='5' lon='6'/>").reason,
            "has waypoints, but no track and no route"
        );
        let nowhere = refusal("\n<trk><trkseg><trkpt lat='95' lon='6'/></trkseg></trk>");
        assert_eq!(nowhere.reason, "has no point with a valid position");
        assert_eq!(nowhere.place, Some(Place::Line(2)));
    }

    #[test]
    fn limits_end_the_reading() {
        let lines = "<rte><rtept lat='1' lon='1'/></rte>".repeat(LINES_MAX + 1);
        assert_eq!(refusal(&lines).reason, TOO_MANY_LINES);
        let points = format!("<trk>{}</trk>", "<trkpt lat='1' lon='1'/>".repeat(POINTS_MAX + 1));
        assert_eq!(refusal(&points).reason, TOO_MANY_POINTS);
    }
}
