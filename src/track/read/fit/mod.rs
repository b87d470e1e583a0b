//! FIT: activities and courses of Garmin and most other devices.
//!
//! Only the record layer of the protocol and the few messages that make up a track are read, by a
//! decoder of our own: it goes straight into columns, and keeps what is sound of files that stop in
//! the middle, have a wrong checksum or fields of impossible sizes. Sources: "Flexible and
//! Interoperable Data Transfer (FIT) Protocol" and the FIT profile, both by Garmin.

mod clock;
mod contents;
mod crc;
mod definition;
mod envelope;
mod field;
mod messages;
mod place;
mod profile;
mod sample;
mod sessions;
mod sport;

use crate::track::reading::{Reading, Rule, Unreadable};

use super::flaws::Flaws;
use super::{LINES_MAX, POINTS_MAX, TOO_MANY_POINTS, WAYPOINTS_MAX, unreadable};
use contents::Contents;
use envelope::Envelope;
use messages::Messages;
use profile::file_id;

const NOT_FIT: &str = "is not a FIT file";
const NO_POSITION: &str = "has no positions, as of a pool or a trainer: there is no track in it";
const OTHER_KIND: &str = "is a FIT file of another kind, neither an activity nor a course";
const TOO_MANY_RECORDINGS: &str = "has more than 1,000 activities";

/// Reads a FIT file, or several chained in one.
///
/// Each session with positions becomes a recording; a new part begins where the timer was started
/// again. Speed, distance and the device's totals are not taken over: ours come from the points, by
/// one definition for every format. The cadence of runners is in pairs of steps a minute, as it is
/// with us. A developer field counts where it says that it stands for a sensor the profile knows,
/// and that sensor is missing.
///
/// # Errors
/// [`Unreadable`] for what is no FIT file, has no position at all, or exceeds a limit.
pub(super) fn read(bytes: &[u8]) -> Result<Reading, Unreadable> {
    let mut flaws = Flaws::default();
    let mut recordings = Vec::new();
    let (mut points, mut waypoints) = (0, 0);
    let mut reason = NOT_FIT;
    let mut start = 0;
    while let Some(envelope) = envelope::open(bytes, start) {
        let mut contents = read_one(bytes, &envelope, &mut flaws)?;
        if start == 0 {
            reason = what_is_missing(&contents);
        }
        points += contents.points.len();
        contents.waypoints.truncate(WAYPOINTS_MAX.saturating_sub(waypoints));
        waypoints += contents.waypoints.len();
        recordings.extend(sessions::recordings(contents));
        check(points, recordings.len())?;
        start = envelope.end;
    }
    if recordings.is_empty() {
        return Err(unreadable(reason));
    }
    if start < bytes.len() {
        flaws.note(Rule::Malformed, start);
    }
    Ok(Reading { recordings, flaws: flaws.into_offsets() })
}

fn read_one(bytes: &[u8], envelope: &Envelope, flaws: &mut Flaws) -> Result<Contents, Unreadable> {
    let mut contents = Contents::default();
    let within = bytes.get(..envelope.messages.end).unwrap_or_default();
    let mut messages = Messages::new(within, envelope.messages.start);
    let broken = loop {
        match messages.next() {
            Ok(Some(message)) => contents.add(&message, flaws),
            Ok(None) => break None,
            Err(rule) => break Some(rule),
        }
        check(contents.points.len(), contents.sessions.len())?;
    };
    if let Some(rule) = broken {
        flaws.note(rule, messages.offset());
    }
    if let Some(rule) = envelope.flaw.filter(|rule| Some(*rule) != broken) {
        flaws.note(rule, envelope.messages.end);
    }
    Ok(contents)
}

fn check(points: usize, recordings: usize) -> Result<(), Unreadable> {
    if POINTS_MAX < points {
        return Err(unreadable(TOO_MANY_POINTS));
    }
    if LINES_MAX < recordings {
        return Err(unreadable(TOO_MANY_RECORDINGS));
    }
    Ok(())
}

fn what_is_missing(contents: &Contents) -> &'static str {
    match contents.kind {
        None | Some(file_id::ACTIVITY | file_id::COURSE) => NO_POSITION,
        Some(_) => OTHER_KIND,
    }
}

#[cfg(test)]
mod tests {
    use fitparser::profile::MesgNum;
    use fitparser::{FitDataRecord, Value};
    use proptest::prelude::*;

    use crate::domain::Sport;
    use crate::track::columns::{Columns, MISSING};
    use crate::track::read::sound;
    use crate::track::reading::{Flaw, Place, Recording};

    use super::*;

    macro_rules! fixture {
        ($name:literal) => {
            include_bytes!(concat!("../../../../fixtures/tracks/fit/", $name)).as_slice()
        };
    }

    const BOLT: &[u8] = fixture!(
        "dtcooper+python-fitparse/elemnt-bolt-no-application-id-inside-developer-data-id.fit"
    );
    const PAUSES: &[u8] = fixture!("fgebhart+workoutizer/with_nones.fit");
    const RIDE: &[u8] = fixture!("tormoder+fit/2015-10-13-08-43-15.fit");
    const TRIATHLON: &[u8] = fixture!("dtcooper+python-fitparse/sample_mulitple_header.fit");
    const WALK: &[u8] = fixture!("dtcooper+python-fitparse/garmin-fenix-5-walk.fit");

    fn columns(recording: &Recording) -> &Columns {
        recording.track.columns()
    }

    fn points(bytes: &[u8]) -> usize {
        read(bytes).map_or(0, |found| found.recordings.iter().map(|it| columns(it).len()).sum())
    }

    fn rules(bytes: &[u8]) -> Vec<Rule> {
        read(bytes).unwrap().flaws.iter().map(|flaw| flaw.rule).collect()
    }

    /// The number in a field of a record, times `scale`, rounded, as fitparser has it.
    fn oracle(record: &FitDataRecord, field: &str, scale: f64) -> Option<i64> {
        let field = record.fields().iter().find(|it| it.name() == field)?;
        let number: f64 = match field.value() {
            Value::Timestamp(time) => return Some(time.timestamp_millis()),
            value => value.clone().try_into().ok()?,
        };
        #[expect(clippy::cast_possible_truncation, reason = "a sensor's value is small")]
        Some((number * scale).round() as i64)
    }

    #[test]
    fn every_value_is_what_fitparser_reads() {
        for bytes in [BOLT, PAUSES, RIDE, TRIATHLON, WALK] {
            let expected: Vec<_> = fitparser::from_bytes(bytes)
                .unwrap()
                .into_iter()
                .filter(|it| it.kind() == MesgNum::Record)
                .filter(|it| oracle(it, "position_lat", 1.0).is_some())
                .map(|it| {
                    [
                        oracle(&it, "position_lat", 180e7 / 2_f64.powi(31)),
                        oracle(&it, "position_long", 180e7 / 2_f64.powi(31)),
                        oracle(&it, "timestamp", 1.0),
                        oracle(&it, "enhanced_altitude", 10.0),
                        oracle(&it, "heart_rate", 1.0),
                        oracle(&it, "power", 1.0),
                        oracle(&it, "temperature", 10.0),
                    ]
                })
                .collect();
            let mut found = Vec::new();
            for recording in read(bytes).unwrap().recordings {
                let columns = columns(&recording);
                let value = |column: &[i32], index: usize| {
                    column.get(index).filter(|it| **it != MISSING).map(|it| i64::from(*it))
                };
                found.extend((0..columns.len()).map(|index| {
                    [
                        value(&columns.lat_e7, index),
                        value(&columns.lon_e7, index),
                        columns.time_ms.get(index).copied(),
                        value(&columns.elevation_dm, index),
                        value(&columns.heart_rate_bpm, index),
                        value(&columns.power_w, index),
                        value(&columns.temperature_dc, index),
                    ]
                }));
            }
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn each_leg_of_a_triathlon_is_a_recording() {
        let legs: Vec<_> = read(TRIATHLON)
            .unwrap()
            .recordings
            .iter()
            .map(|leg| (leg.sport.unwrap(), columns(leg).len()))
            .collect();
        let transition = Sport::Transition;
        let expected = [(Sport::Swimming, 38), (transition, 38), (Sport::Cycling, 854)];
        assert_eq!(legs, [&expected[..], &[(transition, 14), (Sport::Running, 518)]].concat());
    }

    #[test]
    fn a_part_begins_where_the_timer_is_started_again() {
        let reading = read(RIDE).unwrap();
        let parts: Vec<_> =
            columns(&reading.recordings[0]).parts().map(|part| part.len()).collect();
        assert_eq!(parts, [3, 41, 86, 81, 6, 4]);
    }

    #[test]
    fn what_has_no_positions_is_no_track() {
        let swim = fixture!("fgebhart+workoutizer/swim_no_coordinates.fit");
        assert_eq!(read(swim).unwrap_err().reason, NO_POSITION);
        assert_eq!(read(fixture!("tormoder+fit/Settings.fit")).unwrap_err().reason, OTHER_KIND);
        assert_eq!(read(b"\x0e\x20\0\0\0\0\0\0.FAT\0\0").unwrap_err().reason, NOT_FIT);
    }

    #[test]
    fn chained_files_are_recordings_each() {
        let reading = read(&[WALK, RIDE].concat()).unwrap();
        let lengths: Vec<_> = reading.recordings.iter().map(|it| columns(it).len()).collect();
        assert_eq!(lengths, [17, 221]);
        assert_eq!(reading.flaws, []);
    }

    #[test]
    fn a_wrong_checksum_and_what_follows_the_end_are_flaws_and_no_more() {
        let mut damaged = WALK.to_vec();
        *damaged.last_mut().unwrap() ^= 1;
        assert_eq!((points(&damaged), rules(&damaged)), (17, vec![Rule::WrongChecksum]));
        let followed = [WALK, b"\0\0\0"].concat();
        assert_eq!((points(&followed), rules(&followed)), (17, vec![Rule::Malformed]));
    }

    #[test]
    fn a_file_that_was_never_closed_is_read_to_its_end() {
        let mut unclosed = WALK.to_vec();
        unclosed[4..8].fill(0);
        assert_eq!(points(&unclosed), 17);
        assert!(rules(&unclosed).contains(&Rule::Truncated));
    }

    #[test]
    fn however_much_is_cut_off_what_came_before_is_kept() {
        let mut before = 0;
        for len in 0..RIDE.len() {
            let kept = points(&RIDE[..len]);
            assert!(before <= kept, "{len}");
            before = kept;
        }
        assert_eq!(before, 221);
        let cut = read(&RIDE[..RIDE.len() / 2]).unwrap().flaws;
        assert!(matches!(
            cut[..],
            [Flaw { rule: Rule::Truncated, first: Some(Place::Offset(_)), .. }]
        ));
    }

    proptest! {
        #[test]
        fn what_is_read_of_any_bytes_is_sound(bytes: Vec<u8>) {
            let header = b"\x0c\x20\0\0\0\0\0\0.FIT";
            sound::check_read(&[header, bytes.as_slice()].concat());
        }

        #[test]
        fn what_is_read_of_a_damaged_file_is_sound(changes: Vec<(prop::sample::Index, u8)>) {
            for bytes in [BOLT, WALK] {
                let mut damaged = bytes.to_vec();
                for (index, byte) in &changes {
                    *index.get_mut(&mut damaged) = *byte;
                }
                sound::check_read(&damaged);
            }
        }
    }
}
