//! The messages and fields of the FIT profile that matter to a track, by their numbers.

/// The time of any message, in seconds since 1989-12-31 UTC.
pub(super) const TIMESTAMP: u8 = 253;

/// What kind of file it is.
pub(super) mod file_id {
    pub const MESSAGE: u16 = 0;
    pub const KIND: u8 = 0;
    pub const TIME_CREATED: u8 = 4;

    pub const ACTIVITY: i64 = 4;
    pub const COURSE: i64 = 6;
}

/// The sport of what follows.
pub(super) mod sport {
    pub const MESSAGE: u16 = 12;
    pub const SPORT: u8 = 0;
    pub const SUB_SPORT: u8 = 1;
}

/// A leg of an activity, written when it is over.
pub(super) mod session {
    pub const MESSAGE: u16 = 18;
    pub const START_TIME: u8 = 2;
    pub const SPORT: u8 = 5;
    pub const SUB_SPORT: u8 = 6;
}

/// A moment with what was measured in it.
pub(super) mod record {
    pub const MESSAGE: u16 = 20;
    /// In semicircles, as is the longitude.
    pub const LATITUDE: u8 = 0;
    pub const LONGITUDE: u8 = 1;
    /// In fifths of a metre above −500 m, as is the enhanced one.
    pub const ALTITUDE: u8 = 2;
    pub const HEART_RATE: u8 = 3;
    /// In revolutions a minute; for runners in pairs of steps.
    pub const CADENCE: u8 = 4;
    pub const POWER: u8 = 7;
    pub const TEMPERATURE: u8 = 13;
    /// In 128ths of a revolution a minute, on top of the cadence.
    pub const FRACTIONAL_CADENCE: u8 = 53;
    pub const ENHANCED_ALTITUDE: u8 = 78;
}

/// Something that happened.
pub(super) mod event {
    pub const MESSAGE: u16 = 21;
    pub const EVENT: u8 = 0;
    pub const KIND: u8 = 1;

    pub const TIMER: i64 = 0;
    pub const START: i64 = 0;
    /// Stop, stop all, stop and disable, stop and disable all.
    pub const STOPS: [i64; 4] = [1, 4, 8, 9];
}

/// A route to follow.
pub(super) mod course {
    pub const MESSAGE: u16 = 31;
    pub const SPORT: u8 = 4;
    pub const NAME: u8 = 5;
    pub const SUB_SPORT: u8 = 7;
}

/// A place along a course.
pub(super) mod course_point {
    pub const MESSAGE: u16 = 32;
    pub const LATITUDE: u8 = 2;
    pub const LONGITUDE: u8 = 3;
    pub const KIND: u8 = 5;
    pub const NAME: u8 = 6;
}

/// What a developer field holds.
pub(super) mod field_description {
    pub const MESSAGE: u16 = 206;
    pub const DEVELOPER: u8 = 0;
    pub const NUMBER: u8 = 1;
    pub const BASE_TYPE: u8 = 2;
    pub const NATIVE_MESSAGE: u8 = 14;
    pub const NATIVE_FIELD: u8 = 15;
}

/// Whether the pipeline makes anything of a field. All others are skipped without being read.
pub(super) fn is_wanted(message: u16, field: u8) -> bool {
    let wanted: &[u8] = match message {
        file_id::MESSAGE => &[file_id::KIND, file_id::TIME_CREATED],
        sport::MESSAGE => &[sport::SPORT, sport::SUB_SPORT],
        session::MESSAGE => &[session::START_TIME, session::SPORT, session::SUB_SPORT],
        record::MESSAGE => &[
            record::LATITUDE,
            record::LONGITUDE,
            record::ALTITUDE,
            record::HEART_RATE,
            record::CADENCE,
            record::POWER,
            record::TEMPERATURE,
            record::FRACTIONAL_CADENCE,
            record::ENHANCED_ALTITUDE,
        ],
        event::MESSAGE => &[event::EVENT, event::KIND],
        course::MESSAGE => &[course::SPORT, course::NAME, course::SUB_SPORT],
        course_point::MESSAGE => &[
            course_point::LATITUDE,
            course_point::LONGITUDE,
            course_point::KIND,
            course_point::NAME,
        ],
        field_description::MESSAGE => &[
            field_description::DEVELOPER,
            field_description::NUMBER,
            field_description::BASE_TYPE,
            field_description::NATIVE_MESSAGE,
            field_description::NATIVE_FIELD,
        ],
        _ => &[],
    };
    wanted.contains(&field)
}

/// Whether a developer field may stand in for a field of the profile that is missing, as a power
/// meter's that the device does not know. Only where both count in the same unit.
pub(super) fn is_replaceable(message: u16, field: u8) -> bool {
    let sensors = [record::HEART_RATE, record::CADENCE, record::POWER, record::TEMPERATURE];
    message == record::MESSAGE && sensors.contains(&field)
}
