//! Tracks as compact bytes and back: versioned, lossless, a column after another.
//!
//! The version, the kind (`E` exact, `P` public), then in bits the number of points, the lengths of
//! the parts if there are several, and each column: times, latitudes, longitudes, elevations, the
//! sensors, and which elevations are a model's.
//!
//! * A column says whether it is empty, full or has gaps, and where those are (`column`); then come
//!   its values, or the few levels that they keep to and the level of each (`levels`).
//! * A series of numbers has the divisor of their differences, the first number, and how each
//!   difference is foretold (`series`, `forecast`). What is left of it is zeros and small numbers.
//! * These residuals come in a prefix code whose table precedes them (`residuals`, `classes`,
//!   `prefix`), or, where it takes less, in ready-made codes that follow their size (`scaled`).
//!
//! A decoder allocates nothing before it has checked the number of points against
//! [`POINTS_MAX`], and never more than that many points take.

mod bits;
mod classes;
mod column;
mod forecast;
mod levels;
mod prefix;
mod residuals;
mod scaled;
mod series;

use bits::{BitReader, BitWriter};

use super::columns::{Columns, ExactTrack, PublicTrack, model_ranges};

/// A track of more points is not decoded.
pub const POINTS_MAX: usize = 1_000_000;

/// Series of so many numbers are stored in ways that read more slowly and take less: in longer ones
/// a table costs next to nothing, and reading them takes long enough to count.
const SHORT_LEN_MAX: usize = 4_096;

const VERSION: u8 = 1;
const HEADER_LEN: usize = 2;

/// 90° in 1e-7 degrees.
const LATITUDE_MAX_E7: i32 = 900_000_000;
/// 180° in 1e-7 degrees.
const LONGITUDE_MAX_E7: i32 = 1_800_000_000;

/// The bytes are not what [`encode_exact`] or [`encode_public`] made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the stored track is damaged")]
pub struct Corrupt;

/// Whose eyes a stored track is for; part of the bytes, so that one is never taken for the other.
#[derive(Clone, Copy)]
enum Kind {
    Exact,
    Public,
}

/// The exact track as bytes, to be sealed and stored in the vault.
pub fn encode_exact(track: &ExactTrack) -> Vec<u8> {
    encode(track.columns(), Kind::Exact)
}

/// The exact track that [`encode_exact`] made `bytes` from.
pub fn decode_exact(bytes: &[u8]) -> Result<ExactTrack, Corrupt> {
    decode(bytes, Kind::Exact).map(ExactTrack::new)
}

/// The public track as bytes, to be stored in the commons.
pub fn encode_public(track: &PublicTrack) -> Vec<u8> {
    encode(track.columns(), Kind::Public)
}

/// The public track that [`encode_public`] made `bytes` from.
pub fn decode_public(bytes: &[u8]) -> Result<PublicTrack, Corrupt> {
    decode(bytes, Kind::Public).map(PublicTrack::new)
}

impl Kind {
    const fn header(self) -> [u8; HEADER_LEN] {
        let kind = match self {
            Self::Exact => b'E',
            Self::Public => b'P',
        };
        [VERSION, kind]
    }
}

fn encode(columns: &Columns, kind: Kind) -> Vec<u8> {
    let mut bits = BitWriter::new(kind.header().to_vec());
    bits.write_number(columns.len() as u64);
    column::write_parts(&columns.part_ends, &mut bits);
    column::write(&columns.time_ms, &[], &mut bits);
    let times_ms = &columns.time_ms;
    series::write(&widen(&columns.lat_e7), times_ms, &mut bits);
    series::write(&widen(&columns.lon_e7), times_ms, &mut bits);
    column::write(&columns.elevation_dm, times_ms, &mut bits);
    column::write(&columns.heart_rate_bpm, &[], &mut bits);
    column::write(&columns.cadence_d, &[], &mut bits);
    column::write(&columns.power_w, &[], &mut bits);
    column::write(&columns.temperature_dc, &[], &mut bits);
    column::write(&columns.model_marks(), &[], &mut bits);
    bits.finish()
}

fn decode(bytes: &[u8], kind: Kind) -> Result<Columns, Corrupt> {
    let body = bytes.strip_prefix(&kind.header()).ok_or(Corrupt)?;
    let mut bits = BitReader::new(body);
    let len = usize::try_from(bits.read_number()).map_err(|_| Corrupt)?;
    if len > POINTS_MAX {
        return Err(Corrupt);
    }
    let part_ends = column::read_parts(len, &mut bits)?;
    let time_ms = column::read(len, &[], &mut bits)?;
    // Fields are read in the order in which they stand here.
    let columns = Columns {
        lat_e7: series::read(len, &time_ms, &mut bits, |number| within(number, LATITUDE_MAX_E7))?,
        lon_e7: series::read(len, &time_ms, &mut bits, |number| within(number, LONGITUDE_MAX_E7))?,
        elevation_dm: column::read(len, &time_ms, &mut bits)?,
        heart_rate_bpm: column::read(len, &[], &mut bits)?,
        cadence_d: column::read(len, &[], &mut bits)?,
        power_w: column::read(len, &[], &mut bits)?,
        temperature_dc: column::read(len, &[], &mut bits)?,
        elevation_from_model: model_ranges(&column::read::<i32>(len, &[], &mut bits)?),
        time_ms,
        part_ends,
    };
    bits.finish()?;
    Ok(columns)
}

fn widen(positions: &[i32]) -> Vec<i64> {
    positions.iter().map(|&position| position.into()).collect()
}

#[inline]
fn within(number: i64, max: i32) -> Option<i32> {
    i32::try_from(number).ok().filter(|position| (-max..=max).contains(position))
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::track::columns::{MISSING, NO_TIME};

    proptest! {
        #[test]
        fn every_track_comes_back(columns in any_columns()) {
            let exact = ExactTrack::new(columns.clone());
            prop_assert!(decode_exact(&encode_exact(&exact)) == Ok(exact));
            let public = PublicTrack::new(columns);
            prop_assert!(decode_public(&encode_public(&public)) == Ok(public));
        }

        #[test]
        fn one_kind_is_never_taken_for_the_other(columns in any_columns()) {
            prop_assert!(decode_public(&encode_exact(&ExactTrack::new(columns.clone()))) == Err(Corrupt));
            prop_assert!(decode_exact(&encode_public(&PublicTrack::new(columns))) == Err(Corrupt));
        }

        #[test]
        fn arbitrary_bytes_are_refused_or_a_sound_track(bytes in vec(any::<u8>(), 0..300)) {
            check_decoded(&[&Kind::Exact.header()[..], &bytes].concat());
        }

        #[test]
        fn changed_bytes_are_refused_or_a_sound_track(columns in any_columns(), changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..8), cut in any::<prop::sample::Index>()) {
            let mut bytes = encode_exact(&ExactTrack::new(columns));
            for (index, byte) in changes {
                let at = HEADER_LEN + index.index(bytes.len() - HEADER_LEN);
                bytes[at] = byte;
            }
            check_decoded(&bytes);
            check_decoded(&bytes[..cut.index(bytes.len())]);
        }
    }

    #[test]
    fn too_many_points_are_refused_before_memory_is_asked_for() {
        let mut bits = BitWriter::new(Kind::Exact.header().to_vec());
        bits.write_number(u64::MAX);
        assert_eq!(decode_exact(&bits.finish()), Err(Corrupt));
    }

    #[test]
    fn a_track_without_points_comes_back() {
        let empty = ExactTrack::new(Columns::default());
        assert_eq!(decode_exact(&encode_exact(&empty)), Ok(empty));
    }

    #[test]
    fn which_elevations_are_a_models_comes_back() {
        let columns = |elevation_from_model| Columns {
            lat_e7: vec![0; 9],
            lon_e7: vec![0; 9],
            elevation_dm: vec![70; 9],
            elevation_from_model,
            part_ends: vec![9],
            ..Columns::default()
        };
        for from_model in [vec![0..1, 4..9], vec![2..3, 5..7]] {
            let track = ExactTrack::new(columns(from_model));
            assert!(decode_exact(&encode_exact(&track)) == Ok(track));
        }
    }

    #[test]
    fn the_format_stays_what_it_is() {
        let columns = Columns {
            lat_e7: vec![471_234_567, 471_234_667, 471_234_867],
            lon_e7: vec![85_000_000, 85_000_100, 85_000_100],
            time_ms: vec![1_700_000_000_000, 1_700_000_001_000, NO_TIME],
            part_ends: vec![2, 3],
            ..Columns::default()
        };
        let bytes = encode_exact(&ExactTrack::new(columns));
        assert_eq!(
            bytes,
            [
                1, 69, 130, 4, 38, 0, 131, 82, 96, 2, 48, 40, 18, 244, 125, 0, 226, 167, 74, 56,
                20, 6, 73, 231, 0, 207, 130, 233, 80, 194, 32, 163, 64, 225, 19, 6, 13, 0, 0
            ]
        );
    }

    /// Whatever is decoded is sound, and comes back.
    fn check_decoded(bytes: &[u8]) {
        let Ok(track) = decode_exact(bytes) else { return };
        assert_sound(track.columns());
        assert!(decode_exact(&encode_exact(&track)) == Ok(track));
    }

    fn assert_sound(columns: &Columns) {
        let len = columns.len();
        assert_eq!(columns.lon_e7.len(), len);
        assert!(columns.lat_e7.iter().all(|lat| lat.abs() <= LATITUDE_MAX_E7));
        assert!(columns.lon_e7.iter().all(|lon| lon.abs() <= LONGITUDE_MAX_E7));
        assert!(columns.part_ends.is_sorted_by(|end, next| end < next));
        assert_eq!(columns.part_ends.last().copied().unwrap_or(0), len);
        for column in [&columns.elevation_dm, &columns.heart_rate_bpm, &columns.cadence_d] {
            assert!(column.is_empty() || column.len() == len);
        }
    }

    /// Steady, jumping, constant and missing values, of any size.
    fn any_columns() -> impl Strategy<Value = Columns> {
        (0..150_usize).prop_flat_map(|len| {
            let sensor = || {
                let value = prop_oneof![8 => -50..50_i32, 2 => Just(MISSING), 1 => any::<i32>(), 8 => Just(7)];
                prop_oneof![Just(Vec::new()), vec(value, len)]
            };
            let time = prop_oneof![8 => (0..9000_i64).prop_map(|s| s * 1000), 2 => Just(NO_TIME), 1 => any::<i64>()];
            let position = |max: i32| prop_oneof![9 => -500..500_i32, 1 => -max..=max];
            (
                (vec(position(LATITUDE_MAX_E7), len), vec(position(LONGITUDE_MAX_E7), len)),
                prop_oneof![Just(Vec::new()), vec(time, len)],
                (sensor(), sensor(), sensor(), sensor(), sensor()),
                vec(any::<bool>(), len),
            )
                .prop_map(|((lat_e7, lon_e7), time_ms, sensors, ends)| {
                    let len = lat_e7.len();
                    let part_ends = (1..=len).filter(|&end| end == len || ends[end] && end % 3 == 0).collect();
                    let (elevation_dm, heart_rate_bpm, cadence_d, power_w, temperature_dc) = sensors;
                    Columns { lat_e7, lon_e7, elevation_dm, time_ms, heart_rate_bpm, cadence_d, power_w, temperature_dc, part_ends, ..Columns::default() }
                })
        })
    }
}
