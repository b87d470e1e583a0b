//! The positions of a feature with the values that belong to them.

use crate::track::columns::{Columns, MISSING, NO_TIME};
use crate::track::read::flaws::Flaws;
use crate::track::reading::Rule;

use super::series::Series;

/// The positions of lines, or of one of them, in the order of the file.
#[derive(Default)]
pub(super) struct Shape {
    /// In 1e-7 degrees; [`MISSING`] where a position is unsound.
    lat_e7: Vec<i32>,
    lon_e7: Vec<i32>,
    elevation_dm: Vec<i32>,
    part_ends: Vec<usize>,
    first_unsound: Option<usize>,
}

impl Shape {
    /// How many positions there are, the unsound ones among them.
    pub(super) fn len(&self) -> usize {
        self.lat_e7.len()
    }

    /// The first position: latitude and longitude in 1e-7 degrees, elevation in decimetres or
    /// [`MISSING`].
    pub(super) fn first(&self) -> Option<(i32, i32, i32)> {
        let lat_e7 = self.lat_e7.first().filter(|lat_e7| **lat_e7 != MISSING)?;
        Some((*lat_e7, *self.lon_e7.first()?, *self.elevation_dm.first()?))
    }

    /// Adds a position.
    pub(super) fn push(&mut self, lat_e7: i32, lon_e7: i32, elevation_dm: i32) {
        self.lat_e7.push(lat_e7);
        self.lon_e7.push(lon_e7);
        self.elevation_dm.push(elevation_dm);
    }

    /// Adds a position that is none: it keeps its place, since values are matched by it.
    pub(super) fn push_unsound(&mut self, offset: usize) {
        self.first_unsound.get_or_insert(offset);
        self.push(MISSING, MISSING, MISSING);
    }

    /// Ends the part that is under way, if it has a position.
    pub(super) fn end_part(&mut self) {
        if self.part_ends.last().copied().unwrap_or(0) < self.len() {
            self.part_ends.push(self.len());
        }
    }

    /// Puts the positions of `more` behind these, as parts of their own.
    pub(super) fn append(&mut self, mut more: Self) {
        self.end_part();
        more.end_part();
        if self.len() == 0 {
            *self = more;
            return;
        }
        let before = self.len();
        self.lat_e7.extend(more.lat_e7);
        self.lon_e7.extend(more.lon_e7);
        self.elevation_dm.extend(more.elevation_dm);
        self.part_ends.extend(more.part_ends.into_iter().map(|end| before + end));
        self.first_unsound = self.first_unsound.or(more.first_unsound);
    }

    /// The columns of the sound positions. A series that has not one value for each position is
    /// left out: nobody knows which belongs where.
    pub(super) fn into_columns(
        mut self,
        series: Series,
        offset: usize,
        flaws: &mut Flaws,
    ) -> Columns {
        self.end_part();
        let keep: Option<Vec<bool>> = self.first_unsound.map(|first| {
            let keep: Vec<bool> = self.lat_e7.iter().map(|lat_e7| *lat_e7 != MISSING).collect();
            for _ in keep.iter().filter(|keep| !**keep) {
                flaws.note(Rule::InvalidPosition, first);
            }
            keep
        });
        let len = self.len();
        let mut matching = Matching { len, keep: keep.as_deref(), offset, flaws };
        Columns {
            elevation_dm: matching.column(self.elevation_dm, MISSING),
            elevation_from_model: Vec::new(),
            time_ms: matching.column(series.time_ms, NO_TIME),
            heart_rate_bpm: matching.column(series.heart_rate_bpm, MISSING),
            cadence_d: matching.column(series.cadence_d, MISSING),
            power_w: matching.column(series.power_w, MISSING),
            temperature_dc: matching.column(series.temperature_dc, MISSING),
            lat_e7: matching.column(self.lat_e7, MISSING),
            lon_e7: matching.column(self.lon_e7, MISSING),
            part_ends: match &keep {
                Some(keep) => part_ends(&self.part_ends, keep),
                None => self.part_ends,
            },
        }
    }
}

/// Makes columns of series.
struct Matching<'m> {
    len: usize,
    /// Which positions are sound, where some are not.
    keep: Option<&'m [bool]>,
    /// Where the feature ends.
    offset: usize,
    flaws: &'m mut Flaws,
}

impl Matching<'_> {
    fn column<T: Copy + PartialEq>(&mut self, mut values: Vec<T>, missing: T) -> Vec<T> {
        if values.len() != self.len {
            if !values.is_empty() {
                self.flaws.note(Rule::Malformed, self.offset);
            }
            return Vec::new();
        }
        if let Some(keep) = self.keep {
            let mut kept = keep.iter();
            values.retain(|_| kept.next().copied().unwrap_or(false));
        }
        if values.iter().all(|value| *value == missing) { Vec::new() } else { values }
    }
}

/// Where the parts end once the unsound positions are gone.
fn part_ends(ends: &[usize], keep: &[bool]) -> Vec<usize> {
    let mut kept = 0;
    let mut start = 0;
    let mut kept_ends = Vec::new();
    for end in ends {
        let part = keep.get(start..*end).unwrap_or_default();
        let sound = part.iter().filter(|keep| **keep).count();
        start = *end;
        kept += sound;
        if sound != 0 {
            kept_ends.push(kept);
        }
    }
    kept_ends
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two parts of three positions each; those of `unsound` are unsound.
    fn shape(unsound: &[i32]) -> Shape {
        let mut shape = Shape::default();
        for index in 0..6 {
            if unsound.contains(&index) {
                shape.push_unsound(0);
            } else {
                shape.push(index, index, MISSING);
            }
            if index == 2 {
                shape.end_part();
            }
        }
        shape
    }

    #[test]
    fn values_stay_with_their_positions_when_one_is_left_out() {
        let mut flaws = Flaws::default();
        let series = Series { time_ms: vec![0, 10, 20, 30, 40, 50], ..Series::default() };
        let columns = shape(&[1, 3]).into_columns(series, 0, &mut flaws);
        assert_eq!(columns.lat_e7, [0, 2, 4, 5]);
        assert_eq!(columns.time_ms, [0, 20, 40, 50]);
        assert_eq!(columns.part_ends, [2, 4]);
        assert!(columns.elevation_dm.is_empty());
        assert_eq!(flaws.into_offsets()[0].count, 2);
    }

    #[test]
    fn no_part_is_left_empty() {
        let columns = shape(&[0, 1, 2]).into_columns(Series::default(), 0, &mut Flaws::default());
        assert_eq!(columns.part_ends, [3]);
    }

    #[test]
    fn a_series_of_another_length_is_left_out() {
        let mut flaws = Flaws::default();
        let series = Series { power_w: vec![200; 5], ..Series::default() };
        assert!(shape(&[]).into_columns(series, 7, &mut flaws).power_w.is_empty());
        assert_eq!(flaws.into_offsets()[0].rule, Rule::Malformed);
    }

    #[test]
    fn lines_of_a_feature_are_parts_of_one_track() {
        let mut all = shape(&[]);
        all.append(shape(&[]));
        let columns = all.into_columns(Series::default(), 0, &mut Flaws::default());
        assert_eq!(columns.part_ends, [3, 6, 9, 12]);
    }
}
