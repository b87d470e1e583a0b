//! The elements of TCX that mean something to a track.

#[derive(Clone, Copy, Default, PartialEq)]
pub(super) enum Name {
    #[default]
    Other,
    Activity,
    Transition,
    Course,
    Lap,
    Track,
    Trackpoint,
    CoursePoint,
    Position,
    Latitude,
    Longitude,
    Elevation,
    Time,
    HeartRate,
    Value,
    Cadence,
    Power,
    Title,
    Notes,
    PointType,
}

impl Name {
    /// The element that has this local name.
    pub(super) fn of(local_name: &str) -> Self {
        match local_name {
            "Trackpoint" => Self::Trackpoint,
            "Time" => Self::Time,
            "Position" => Self::Position,
            "LatitudeDegrees" => Self::Latitude,
            "LongitudeDegrees" => Self::Longitude,
            "AltitudeMeters" => Self::Elevation,
            "HeartRateBpm" => Self::HeartRate,
            "Value" => Self::Value,
            "Cadence" | "RunCadence" => Self::Cadence,
            "Watts" => Self::Power,
            "Track" => Self::Track,
            "Lap" => Self::Lap,
            "Activity" => Self::Activity,
            "Transition" => Self::Transition,
            "Course" => Self::Course,
            "CoursePoint" => Self::CoursePoint,
            "Name" => Self::Title,
            "Notes" => Self::Notes,
            "PointType" => Self::PointType,
            _ => Self::Other,
        }
    }
}
