//! The elements of GPX that mean something to a track.

#[derive(Clone, Copy, Default, PartialEq)]
pub(super) enum Name {
    #[default]
    Other,
    Root,
    Metadata,
    Track,
    Segment,
    Route,
    TrackPoint,
    RoutePoint,
    ShapePoint,
    Waypoint,
    Title,
    Description,
    Comment,
    Type,
    Sport,
    Symbol,
    Elevation,
    Time,
    HeartRate,
    Cadence,
    Power,
    Temperature,
}

impl Name {
    /// The element that has this local name.
    pub(super) fn of(local_name: &str) -> Self {
        match local_name {
            "trkpt" => Self::TrackPoint,
            "ele" => Self::Elevation,
            "time" => Self::Time,
            "hr" | "heartrate" | "heartRate" | "HeartRate" => Self::HeartRate,
            "cad" | "cadence" | "Cadence" => Self::Cadence,
            "power" | "Power" | "PowerInWatts" | "watts" | "Watts" => Self::Power,
            "atemp" | "temp" | "temperature" | "Temperature" => Self::Temperature,
            "trkseg" => Self::Segment,
            "trk" => Self::Track,
            "rtept" => Self::RoutePoint,
            "rpt" => Self::ShapePoint,
            "rte" => Self::Route,
            "wpt" => Self::Waypoint,
            "name" => Self::Title,
            "desc" => Self::Description,
            "cmt" => Self::Comment,
            "sym" => Self::Symbol,
            "type" => Self::Type,
            "sport" | "activity" | "activityType" => Self::Sport,
            "metadata" => Self::Metadata,
            "gpx" => Self::Root,
            _ => Self::Other,
        }
    }
}
