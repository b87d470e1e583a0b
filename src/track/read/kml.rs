//! KML: the tracks and lines of Google Earth and its kin.

mod track;

use std::borrow::Cow;

use super::super::columns::MISSING;
use super::super::reading::{Reading, Rule, Unreadable, Waypoint};
use super::activities::{Line, recordings};
use super::flaws::Flaws;
use super::points::{Point, Points};
use super::sports::sport;
use super::xml::{Attributes, Element, Handler, Refusal, text_of, walk};
use super::{FILE_BYTES_MAX, LINES_MAX, NO_POINT, POINTS_MAX, TOO_MANY_LINES, TOO_MANY_POINTS};
use super::{WAYPOINTS_MAX, number, unreadable};
use track::Track;

/// Longer words of a placemark go to the first of its places alone: a file of 2 MB could otherwise
/// say one megabyte of them ten thousand times.
const SHARED_WORDS_BYTES_MAX: usize = 1_000;

/// Reads a KML document.
///
/// A placemark is one track: its `gx:Track`s and `LineString`s are the parts of it. Where a file has
/// `gx:Track`s, placemarks with nothing but lines count as routes, because many programs write both
/// for the same way. The outlines of areas are not read. Points are waypoints.
pub(super) fn read(document: &str, mut flaws: Flaws) -> Result<Reading, Unreadable> {
    let mut kml = Kml::default();
    walk(document, &mut kml, &mut flaws)?;
    kml.end_placemark(document.len(), &mut flaws).map_err(unreadable)?;
    let (tracks, routes) =
        if kml.tracks.is_empty() { (kml.lines, kml.tracks) } else { (kml.tracks, kml.lines) };
    let mut recordings = recordings(tracks, routes);
    let Some(first) = recordings.first_mut() else {
        let reason = match kml.waypoints.as_slice() {
            [] => NO_POINT,
            _ => "has places, but no track and no line",
        };
        return Err(flaws.into_unreadable(reason, document.as_bytes()));
    };
    first.waypoints = kml.waypoints;
    Ok(Reading { recordings, flaws: flaws.into_lines(document.as_bytes()) })
}

#[derive(Clone, Copy, Default, PartialEq)]
enum Name {
    #[default]
    Other,
    Placemark,
    Title,
    Description,
    Point,
    LineString,
    Coordinates,
    Track,
    Time,
    Position,
    Data,
    SensorList,
    Value,
}

#[derive(Default)]
struct Kml {
    tracks: Vec<Line>,
    lines: Vec<Line>,
    waypoints: Vec<Waypoint>,
    /// How many points the placemarks before have.
    points_before: usize,
    /// The placemark under way: what it says, its points, its places.
    line: Line,
    points: Points,
    places: Vec<Waypoint>,
    has_track: bool,
    track: Track,
    /// Whether the `Data` under way tells the sport.
    data_tells_sport: bool,
}

impl Handler for Kml {
    type Name = Name;
    /// All positions of a line are one text.
    const TEXT_BYTES_MAX: usize = FILE_BYTES_MAX;

    fn name(local_name: &str) -> Name {
        match local_name {
            "when" => Name::Time,
            "coord" => Name::Position,
            "value" => Name::Value,
            "coordinates" => Name::Coordinates,
            "LineString" => Name::LineString,
            "Track" => Name::Track,
            "SimpleArrayData" => Name::SensorList,
            "Data" => Name::Data,
            "Point" => Name::Point,
            "Placemark" => Name::Placemark,
            "name" => Name::Title,
            "description" => Name::Description,
            _ => Name::Other,
        }
    }

    fn open(
        &mut self,
        element: Element<Name>,
        attributes: Attributes<'_>,
        flaws: &mut Flaws,
    ) -> Result<(), Refusal> {
        match element.name {
            Name::Placemark => self.end_placemark(element.offset, flaws)?,
            Name::Track => self.track = Track::default(),
            Name::SensorList => self.track.begin_values(named(attributes).unwrap_or_default()),
            Name::Data => {
                let tells_sport = |name: &str| matches!(name, "type" | "sport" | "activity");
                self.data_tells_sport = named(attributes).is_some_and(tells_sport);
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
        let offset = element.offset;
        match (element.name, element.parent) {
            (Name::Placemark, _) => self.end_placemark(offset, flaws)?,
            (Name::Title, Name::Placemark) => self.line.title = text_of(text),
            (Name::Description, Name::Placemark) => self.line.description = text_of(text),
            (Name::Value, Name::Data) if self.data_tells_sport => {
                self.line.sport = sport(text);
            }
            (Name::Coordinates, Name::LineString) => self.read_line(text, offset, flaws)?,
            (Name::Coordinates, Name::Point) => self.read_place(text, offset, flaws),
            (Name::Time, Name::Track) => self.track.read_time(text, offset, flaws),
            (Name::Position, Name::Track) => self.track.read_position(text, offset, flaws)?,
            (Name::Value, Name::SensorList) => self.track.read_value(text, offset, flaws),
            (Name::Track, _) => self.end_track(offset, flaws)?,
            _ => {}
        }
        Ok(())
    }
}

impl Kml {
    /// Reads the positions of a line: `longitude,latitude,elevation`, with blanks between, or with
    /// nothing but commas, as Google Earth understands too.
    fn read_line(&mut self, text: &str, offset: usize, flaws: &mut Flaws) -> Result<(), Refusal> {
        self.points.end_part();
        for position in without_blanks_at_commas(text).split_ascii_whitespace() {
            let mut numbers = position.split(',').peekable();
            while numbers.peek().is_some() {
                match point(&mut numbers) {
                    Some(point) => self.push(&point)?,
                    None => flaws.note(Rule::InvalidPosition, offset),
                }
            }
        }
        self.points.end_part();
        Ok(())
    }

    fn read_place(&mut self, text: &str, offset: usize, flaws: &mut Flaws) {
        let text = without_blanks_at_commas(text);
        let Some(position) = text.split_ascii_whitespace().next() else { return };
        let Some(point) = point(position.split(',')) else {
            return flaws.note(Rule::InvalidPosition, offset);
        };
        if WAYPOINTS_MAX <= self.waypoints.len() + self.places.len() {
            return flaws.note(Rule::TooManyWaypoints, offset);
        }
        let elevation_dm = Some(point.elevation_dm).filter(|elevation_dm| *elevation_dm != MISSING);
        self.places.push(Waypoint { elevation_dm, ..Waypoint::at(point.lat_e7, point.lon_e7) });
    }

    fn end_track(&mut self, offset: usize, flaws: &mut Flaws) -> Result<(), Refusal> {
        let track = std::mem::take(&mut self.track);
        if !track.is_paired() {
            flaws.note(Rule::Malformed, offset);
        }
        self.points.end_part();
        for point in track.points() {
            self.push(&point)?;
        }
        self.points.end_part();
        self.has_track = true;
        Ok(())
    }

    fn push(&mut self, point: &Point) -> Result<(), Refusal> {
        if POINTS_MAX <= self.points_before + self.points.len() {
            return Err(TOO_MANY_POINTS);
        }
        self.points.push(point);
        Ok(())
    }

    /// Keeps what the placemark under way has.
    fn end_placemark(&mut self, offset: usize, flaws: &mut Flaws) -> Result<(), Refusal> {
        // In a file that breaks off, the last track does not end.
        if !self.track.is_empty() {
            self.end_track(offset, flaws)?;
        }
        let has_track = std::mem::take(&mut self.has_track);
        let columns = std::mem::take(&mut self.points).finish();
        let mut line = Line { columns, ..std::mem::take(&mut self.line) };
        let places = std::mem::take(&mut self.places).into_iter().enumerate();
        self.waypoints.extend(places.map(|(index, place)| Waypoint {
            name: words(line.title.as_deref(), index),
            description: words(line.description.as_deref(), index),
            ..place
        }));
        if line.columns.is_empty() {
            return Ok(());
        }
        if LINES_MAX <= self.tracks.len() + self.lines.len() {
            return Err(TOO_MANY_LINES);
        }
        // Lines drawn on the ground are written with an elevation of 0 throughout.
        if !has_track && line.columns.elevation_dm.iter().all(|elevation_dm| *elevation_dm == 0) {
            line.columns.elevation_dm.clear();
        }
        self.points_before += line.columns.len();
        let lines = if has_track { &mut self.tracks } else { &mut self.lines };
        lines.push(line);
        Ok(())
    }
}

/// What is said of one of several places.
fn words(text: Option<&str>, index: usize) -> Option<String> {
    text.filter(|text| index == 0 || text.len() <= SHARED_WORDS_BYTES_MAX).map(str::to_owned)
}

/// The `name` among an element's attributes.
fn named(mut attributes: Attributes<'_>) -> Option<&str> {
    attributes.find(|(name, _)| *name == "name").map(|(_, value)| value)
}

/// A point of longitude, latitude and, if it is there and sound, elevation.
fn point<'t>(mut numbers: impl Iterator<Item = &'t str>) -> Option<Point> {
    let lon_e7 = number::longitude_e7(numbers.next()?)?;
    let lat_e7 = number::latitude_e7(numbers.next()?)?;
    let elevation_dm = numbers.next().and_then(number::elevation_dm).unwrap_or(MISSING);
    Some(Point { elevation_dm, ..Point::at(lat_e7, lon_e7) })
}

/// Blanks part positions, yet some people put one behind each comma.
fn without_blanks_at_commas(text: &str) -> Cow<'_, str> {
    if text.contains(", ") { Cow::Owned(text.replace(", ", ",")) } else { Cow::Borrowed(text) }
}

#[cfg(test)]
mod tests {
    use super::super::super::columns::NO_TIME;
    use super::*;
    use crate::domain::Sport;

    fn read_all(body: &str) -> Reading {
        read(&format!("<kml>{body}</kml>"), Flaws::default()).unwrap()
    }

    #[test]
    fn a_line_is_planned_and_its_placemark_names_it() {
        let reading = read_all(
            "<Placemark><name>Ridge</name><description>steep</description><MultiGeometry>\
             <LineString><coordinates>\n8.5,47.25,400 8.6,47.25,410\n</coordinates></LineString>\
             <LineString><coordinates>8.7, 47.25, 420</coordinates></LineString></MultiGeometry>\
             </Placemark>",
        );
        let recording = &reading.recordings[0];
        let columns = recording.track.columns();
        assert_eq!(columns.lon_e7, [85_000_000, 86_000_000, 87_000_000]);
        assert_eq!(columns.elevation_dm, [4_000, 4_100, 4_200]);
        assert_eq!(columns.part_ends, [2, 3]);
        assert_eq!(recording.title.as_deref(), Some("Ridge"));
        assert_eq!(recording.description.as_deref(), Some("steep"));
        assert!(recording.planned);
        assert!(reading.flaws.is_empty());
    }

    #[test]
    fn a_line_on_the_ground_has_no_elevation() {
        let line = "<Placemark><LineString><coordinates>8,47,0 9,47,0</coordinates></LineString></Placemark>";
        assert!(read_all(line).recordings[0].track.columns().elevation_dm.is_empty());
    }

    #[test]
    fn nothing_but_commas_parts_positions_too() {
        let line = "<Placemark><LineString><coordinates>8,47,5,9,47,6</coordinates></LineString></Placemark>";
        assert_eq!(read_all(line).recordings[0].track.columns().elevation_dm, [50, 60]);
    }

    #[test]
    fn a_track_pairs_its_lists() {
        let reading = read_all(
            "<Placemark><ExtendedData><Data name='type'><value>hiking</value></Data></ExtendedData>\
             <gx:MultiTrack><gx:Track><when>2024-05-01T06:00:00Z</when><when>2024-05-01T06:00:01Z</when>\
             <when>2024-05-01T06:00:02Z</when><gx:coord>8 47 400</gx:coord><gx:coord/>\
             <gx:coord>9 47</gx:coord><ExtendedData><SchemaData><gx:SimpleArrayData name='heartrate'>\
             <gx:value>100</gx:value><gx:value>101</gx:value><gx:value>102</gx:value>\
             </gx:SimpleArrayData><gx:SimpleArrayData name='speed'><gx:value>9</gx:value>\
             </gx:SimpleArrayData></SchemaData></ExtendedData></gx:Track></gx:MultiTrack></Placemark>",
        );
        let recording = &reading.recordings[0];
        let columns = recording.track.columns();
        assert_eq!(columns.lon_e7, [80_000_000, 90_000_000]);
        assert_eq!(columns.elevation_dm, [4_000, MISSING]);
        assert_eq!(columns.time_ms, [1_714_543_200_000, 1_714_543_202_000]);
        assert_eq!(columns.heart_rate_bpm, [100, 102]);
        assert_eq!(recording.sport, Some(Sport::Hiking));
        assert!(!recording.planned);
        assert!(reading.flaws.is_empty());
    }

    #[test]
    fn an_empty_place_in_a_list_is_no_flaw() {
        let reading = read_all(
            "<Placemark><gx:Track><when>2024-05-01T06:00:00Z</when><when/><gx:coord>8 47</gx:coord>\
             <gx:coord>9 47</gx:coord></gx:Track></Placemark>",
        );
        let columns = reading.recordings[0].track.columns();
        assert_eq!(columns.time_ms, [1_714_543_200_000, NO_TIME]);
        assert!(reading.flaws.is_empty());
    }

    #[test]
    fn long_words_are_not_said_of_every_place() {
        let places = "<Point><coordinates>6,5</coordinates></Point>".repeat(3);
        let line = "<LineString><coordinates>8,47 9,47</coordinates></LineString>";
        let words = "w".repeat(SHARED_WORDS_BYTES_MAX + 1);
        let read = |name: &str| {
            read_all(&format!("<Placemark><name>{name}</name>{places}{line}</Placemark>"))
        };
        let names = |reading: &Reading| -> Vec<_> {
            reading.recordings[0].waypoints.iter().map(|place| place.name.clone()).collect()
        };
        assert_eq!(names(&read("Springs")), vec![Some("Springs".to_owned()); 3]);
        assert_eq!(names(&read(&words)), [Some(words), None, None]);
    }

    #[test]
    fn lists_of_different_lengths_are_reported() {
        let reading = read_all(
            "<Placemark><gx:Track><when>2024-05-01T06:00:00Z</when><gx:coord>8 47</gx:coord><gx:coord>9 47</gx:coord></gx:Track></Placemark>",
        );
        assert_eq!(reading.recordings[0].track.columns().len(), 2);
        assert_eq!(reading.flaws[0].rule, Rule::Malformed);
    }

    #[test]
    fn places_are_waypoints_and_areas_are_not_read() {
        let reading = read_all(
            "<Folder><Placemark><Point><coordinates>6,5,7</coordinates></Point><name>Hut</name>\
             </Placemark><Placemark><LineString><coordinates>8,47 9,47</coordinates></LineString>\
             </Placemark><Placemark><Polygon><outerBoundaryIs><LinearRing><coordinates>1,1 2,2 3,3\
             </coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark></Folder>",
        );
        let [recording] = reading.recordings.as_slice() else { panic!("one recording") };
        assert_eq!(recording.track.columns().len(), 2);
        assert_eq!(recording.waypoints[0].name.as_deref(), Some("Hut"));
        assert_eq!(recording.waypoints[0].elevation_dm, Some(70));
    }
}
