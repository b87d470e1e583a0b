//! Points as columns: one array a quantity, cut into parts.

use std::fmt;
use std::ops::Range;

/// Degrees times this are the stored integers: about 11 mm at the equator.
pub const PER_DEGREE: f64 = 1e7;

/// Marks an elevation, sensor value or time that a point lacks.
pub const MISSING: i32 = i32::MIN;
/// Marks a point whose elevation is a model's; see [`Columns::model_marks`].
pub const FROM_MODEL: i32 = 0;
/// Marks a time that a point lacks.
pub const NO_TIME: i64 = i64::MIN;

/// Every point of a track, one array a quantity.
///
/// Positions and `part_ends` always agree in length with the points. Any other column is either
/// empty (no point has the quantity) or as long as the positions, with [`MISSING`] or [`NO_TIME`]
/// where a point lacks it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Columns {
    /// Latitude in 1e-7 degrees, −90° to 90°.
    pub lat_e7: Vec<i32>,
    /// Longitude in 1e-7 degrees, −180° to 180°.
    pub lon_e7: Vec<i32>,
    /// Elevation in decimetres.
    pub elevation_dm: Vec<i32>,
    /// The points whose elevation is that of a model and not the device's: ascending ranges of
    /// indices that do not touch.
    pub elevation_from_model: Vec<Range<usize>>,
    /// Milliseconds since 1970-01-01 UTC in an exact track; since the start in a public one.
    pub time_ms: Vec<i64>,
    /// Heart rate in beats a minute.
    pub heart_rate_bpm: Vec<i32>,
    /// Cadence in tenths of a revolution (or of a pair of steps) a minute.
    pub cadence_d: Vec<i32>,
    /// Power in watts.
    pub power_w: Vec<i32>,
    /// Air temperature in tenths of a degree Celsius.
    pub temperature_dc: Vec<i32>,
    /// For each part, the index one past its last point: ascending, the last one equal to
    /// [`Columns::len`]. Between parts nothing was recorded.
    pub part_ends: Vec<usize>,
}

impl Columns {
    /// How many points there are.
    pub fn len(&self) -> usize {
        self.lat_e7.len()
    }

    /// Whether there is no point at all.
    pub fn is_empty(&self) -> bool {
        self.lat_e7.is_empty()
    }

    /// Longitude and latitude of the first point, in degrees.
    pub fn start(&self) -> Option<(f64, f64)> {
        let degrees = |e7: &i32| f64::from(*e7) / PER_DEGREE;
        self.lon_e7.first().map(degrees).zip(self.lat_e7.first().map(degrees))
    }

    /// For each point [`FROM_MODEL`] or [`MISSING`]; empty if no elevation is a model's. As a column,
    /// it is picked, cut and joined like the others.
    pub fn model_marks(&self) -> Vec<i32> {
        if self.elevation_from_model.is_empty() {
            return Vec::new();
        }
        let mut marks = vec![MISSING; self.len()];
        for range in &self.elevation_from_model {
            if let Some(marks) = marks.get_mut(range.clone()) {
                marks.fill(FROM_MODEL);
            }
        }
        marks
    }

    /// The parts, as ranges of point indices. None is empty.
    pub fn parts(&self) -> impl ExactSizeIterator<Item = Range<usize>> + '_ {
        (0..self.part_ends.len()).map(|part| {
            let start = if part == 0 { 0 } else { self.part_ends[part - 1] };
            start..self.part_ends[part]
        })
    }
}

/// The ranges of points that [`Columns::model_marks`] marks.
pub fn model_ranges(marks: &[i32]) -> Vec<Range<usize>> {
    let mut start = 0;
    let runs = marks.chunk_by(|mark, next| mark == next).filter_map(|run| {
        let range = start..start + run.len();
        start = range.end;
        (run.first() == Some(&FROM_MODEL)).then_some(range)
    });
    runs.collect()
}

/// Where a member really was. Only its owner's requests and jobs hold one: it has no `Serialize`,
/// and its `Debug` shows no position.
#[derive(Clone, PartialEq, Eq)]
pub struct ExactTrack(Columns);

/// What others may see of a track. Only [`super::cut()`] makes one from an [`ExactTrack`], and only
/// [`super::encode`] brings back a stored one.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicTrack(Columns);

impl ExactTrack {
    /// Takes in what a reader or the decoder found.
    pub fn new(columns: Columns) -> Self {
        Self(columns)
    }

    /// The points.
    pub fn columns(&self) -> &Columns {
        &self.0
    }

    /// The points, to be changed.
    pub fn into_columns(self) -> Columns {
        self.0
    }
}

impl PublicTrack {
    /// For `cut` and for `encode::decode_public` alone; `tests/architecture.rs` sees to it.
    pub(in crate::track) fn new(columns: Columns) -> Self {
        Self(columns)
    }

    /// The points. Times, where there are any, count from the start of the track.
    pub fn columns(&self) -> &Columns {
        &self.0
    }
}

impl fmt::Debug for Columns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Columns({} points, {} parts)", self.len(), self.part_ends.len())
    }
}

impl fmt::Debug for ExactTrack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ExactTrack({} points)", self.0.len())
    }
}

impl fmt::Debug for PublicTrack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicTrack({} points)", self.0.len())
    }
}
