//! The stored form, beside a general codec for columns of numbers.

use opentracks::track::encode::{decode_exact, encode_exact};
use opentracks::track::{Columns, ExactTrack};
use pco::ChunkConfig;
use pco::standalone::{simple_compress, simple_decompress};

use crate::table::{self, Goal, float};
use crate::timing::pair;

/// What pco makes of a track: a column after another, times apart.
struct Packed {
    columns: Vec<Vec<u8>>,
    times: Vec<u8>,
}

/// Bytes a point and points a second, both ways.
pub fn encoding(columns: &Columns) {
    let points = columns.len();
    let track = ExactTrack::new(columns.clone());
    let encoded = encode_exact(&track);
    assert!(decode_exact(&encoded).expect("it was encoded before") == track);
    let bytes_each = |bytes: usize| float(bytes) / float(points);
    for level in [4, 8] {
        let packed = pack(columns, level);
        let name = format!("pco, level {level}");
        let theirs = packed.columns.iter().map(Vec::len).sum::<usize>() + packed.times.len();
        let theirs = format!("{name}: {:.2} bytes/pt", bytes_each(theirs));
        let ours = bytes_each(encoded.len());
        table::figure(
            format!("Size, {points} points"),
            ours,
            "bytes/pt",
            theirs,
            Goal::AtMost(3.0),
        );
        let encode = pair(|| encode_exact(&track), || pack(columns, level));
        table::compared(format!("Encode, {points} points"), &name, points, &encode, Goal::None);
        let decode = pair(|| decode_exact(&encoded), || unpack(&packed));
        table::compared(format!("Decode, {points} points"), &name, points, &decode, Goal::None);
        if level == 8 {
            let what = format!("Decode, {points} points");
            table::speed(what, points, decode.ours_s, Goal::AtLeast(30.0));
        }
    }
}

fn pack(columns: &Columns, level: usize) -> Packed {
    let config = ChunkConfig::default().with_compression_level(level);
    let four = [&columns.lat_e7, &columns.lon_e7, &columns.elevation_dm, &columns.heart_rate_bpm];
    let pack = |column: &Vec<i32>| simple_compress(column, &config).expect("numbers are packed");
    Packed {
        columns: four.map(pack).into(),
        times: simple_compress(&columns.time_ms, &config).expect("numbers are packed"),
    }
}

fn unpack(packed: &Packed) -> (Vec<Vec<i32>>, Vec<i64>) {
    let unpack = |column: &Vec<u8>| simple_decompress(column).expect("it was packed before");
    let times = simple_decompress(&packed.times).expect("it was packed before");
    (packed.columns.iter().map(unpack).collect(), times)
}
