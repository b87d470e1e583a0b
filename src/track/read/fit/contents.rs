//! Gathers from the messages of a FIT file what makes up its recordings.

use crate::domain::Sport;
use crate::track::columns::NO_TIME;
use crate::track::read::WAYPOINTS_MAX;
use crate::track::read::flaws::Flaws;
use crate::track::read::points::Points;
use crate::track::reading::{Rule, Waypoint};

use super::clock::Clock;
use super::messages::Message;
use super::place;
use super::profile::{course, course_point, event, file_id, record, session, sport as sports};
use super::sample::{Sample, position};
use super::sport::sport;

/// What a FIT file holds.
#[derive(Default)]
pub(super) struct Contents {
    /// What kind of file it says it is.
    pub(super) kind: Option<i64>,
    /// Whether it holds a course, so that its times are a virtual partner's.
    pub(super) is_course: bool,
    /// The name of the course.
    pub(super) title: Option<String>,
    /// The sport, where no session tells it.
    pub(super) sport: Option<Sport>,
    /// The points, in the order of the file.
    pub(super) points: Points,
    /// The legs of the activity, in the order of the file.
    pub(super) sessions: Vec<Session>,
    /// The places along the course.
    pub(super) waypoints: Vec<Waypoint>,
    /// Whether the timer was stopped and not started since.
    pub(super) is_stopped: bool,
    /// What the times of the file mean.
    pub(super) clock: Clock,
}

/// A leg of an activity.
pub(super) struct Session {
    /// When it began, in milliseconds since 1970.
    pub(super) start_ms: i64,
    /// Its sport.
    pub(super) sport: Option<Sport>,
}

impl Contents {
    /// Takes in a message.
    pub(super) fn add(&mut self, message: &Message<'_>, flaws: &mut Flaws) {
        match message.number {
            record::MESSAGE => self.add_record(message, flaws),
            event::MESSAGE => self.add_event(message),
            session::MESSAGE => self.add_session(message),
            file_id::MESSAGE => self.identify(message),
            sports::MESSAGE => {
                let told = sport(message.value(sports::SPORT), message.value(sports::SUB_SPORT));
                self.sport = self.sport.or(told);
            }
            course::MESSAGE => self.add_course(message),
            course_point::MESSAGE => self.add_course_point(message, flaws),
            _ => {}
        }
    }

    fn identify(&mut self, message: &Message<'_>) {
        self.kind = message.value(file_id::KIND);
        self.is_course |= self.kind == Some(file_id::COURSE);
        let created = message.value(file_id::TIME_CREATED);
        self.clock.set_created(created.and_then(|created| u32::try_from(created).ok()));
    }

    fn add_record(&mut self, message: &Message<'_>, flaws: &mut Flaws) {
        let sample = Sample::new(message.values());
        let Some(position) = sample.position() else { return };
        let Ok((lat_e7, lon_e7)) = position else {
            return flaws.note(Rule::InvalidPosition, message.offset);
        };
        let time_ms = match message.time_s {
            None => NO_TIME,
            Some(time_s) => self.clock.time_ms(time_s).unwrap_or_else(|| {
                flaws.note(Rule::InvalidTime, message.offset);
                NO_TIME
            }),
        };
        let (point, unsound) = sample.point(lat_e7, lon_e7, time_ms);
        for _ in 0..unsound {
            flaws.note(Rule::InvalidValue, message.offset);
        }
        self.points.push(&point);
    }

    /// A new part begins where the timer is started after it was stopped, not where it stops:
    /// devices record one more point in the second of the stop.
    fn add_event(&mut self, message: &Message<'_>) {
        if message.value(event::EVENT) != Some(event::TIMER) {
            return;
        }
        match message.value(event::KIND) {
            Some(event::START) if self.is_stopped => {
                self.points.end_part();
                self.is_stopped = false;
            }
            Some(kind) if event::STOPS.contains(&kind) => self.is_stopped = true,
            _ => {}
        }
    }

    fn add_session(&mut self, message: &Message<'_>) {
        let sport = sport(message.value(session::SPORT), message.value(session::SUB_SPORT));
        let start = message.value(session::START_TIME).and_then(|start| u32::try_from(start).ok());
        let start_ms = start.and_then(|start| self.clock.time_ms(start)).unwrap_or(NO_TIME);
        self.sessions.push(Session { start_ms, sport });
    }

    fn add_course(&mut self, message: &Message<'_>) {
        self.is_course = true;
        self.title = message.text(course::NAME);
        let told = sport(message.value(course::SPORT), message.value(course::SUB_SPORT));
        self.sport = told.or(self.sport);
    }

    fn add_course_point(&mut self, message: &Message<'_>, flaws: &mut Flaws) {
        let latitude = message.value(course_point::LATITUDE);
        match position(latitude, message.value(course_point::LONGITUDE)) {
            Some(Ok(_)) if WAYPOINTS_MAX <= self.waypoints.len() => {
                flaws.note(Rule::TooManyWaypoints, message.offset);
            }
            Some(Ok((lat_e7, lon_e7))) => self.waypoints.push(Waypoint {
                lat_e7,
                lon_e7,
                elevation_dm: None,
                name: message.text(course_point::NAME),
                description: None,
                symbol: message.value(course_point::KIND).and_then(place::kind).map(str::to_owned),
            }),
            Some(Err(_)) => flaws.note(Rule::InvalidPosition, message.offset),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::messages::Messages;
    use super::*;

    #[test]
    fn a_course_has_a_name_a_sport_and_places() {
        let eighth_of_a_turn = (1_i32 << 29).to_le_bytes();
        let bytes = [
            &[0x40, 0, 0, 31, 0, 2, course::NAME, 4, 0x07, course::SPORT, 1, 0][..],
            &[0, b'L', b'o', b'o', b'p', 2],
            &[
                0x41,
                0,
                0,
                32,
                0,
                4,
                course_point::LATITUDE,
                4,
                0x85,
                course_point::LONGITUDE,
                4,
                0x85,
            ],
            &[course_point::KIND, 1, 0, course_point::NAME, 3, 0x07, 1],
            &eighth_of_a_turn,
            &eighth_of_a_turn,
            &[1, b'T', b'o', b'p'],
        ]
        .concat();
        let mut contents = Contents::default();
        let mut messages = Messages::new(&bytes, 0);
        while let Ok(Some(message)) = messages.next() {
            contents.add(&message, &mut Flaws::default());
        }
        assert!(contents.is_course);
        assert_eq!(contents.title.as_deref(), Some("Loop"));
        assert_eq!(contents.sport, Some(Sport::Cycling));
        let place = Waypoint {
            lat_e7: 450_000_000,
            lon_e7: 450_000_000,
            elevation_dm: None,
            name: Some("Top".to_owned()),
            description: None,
            symbol: Some("summit".to_owned()),
        };
        assert_eq!(contents.waypoints, [place]);
    }
}
