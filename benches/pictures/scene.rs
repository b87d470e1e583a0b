//! A made-up photo: hills under a sky, with as much detail as a camera's picture has.

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

/// As phones write them.
const QUALITY: u8 = 92;

/// The scene as pixels.
pub fn rgb((width, height): (u16, u16)) -> Vec<u8> {
    let (columns, rows) = (u32::from(width), u32::from(height));
    let mut rgb = Vec::with_capacity(3 * columns as usize * rows as usize);
    for y in 0..rows {
        for x in 0..columns {
            let rough = octaves(x, y);
            let ridge = f64::from(rows) * (0.45 + 0.1 * (f64::from(x) / 700.0).sin());
            let colour = if f64::from(y) < ridge {
                [120.0 + 30.0 * rough, 160.0 + 25.0 * rough, 225.0 + 15.0 * rough]
            } else {
                [70.0 + 90.0 * rough, 95.0 + 90.0 * rough, 45.0 + 60.0 * rough]
            };
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
            rgb.extend(colour.map(|part| part.clamp(0.0, 255.0) as u8));
        }
    }
    rgb
}

/// Pixels as a JPEG file, perhaps one that comes in several scans.
pub fn jpeg(
    rgb: &[u8],
    (width, height): (u16, u16),
    sampling: SamplingFactor,
    is_progressive: bool,
) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, QUALITY);
    encoder.set_sampling_factor(sampling);
    encoder.set_progressive(is_progressive);
    encoder.encode(rgb, width, height, ColorType::Rgb).expect("the sides are fit");
    file
}

/// Noise at several scales, each half as strong as the one before.
fn octaves(x: u32, y: u32) -> f64 {
    (0..6).map(|octave| smooth(x, y, 64 >> octave) / f64::from(1 << octave)).sum::<f64>() - 0.5
}

/// Values at the corners of squares, with straight lines between.
fn smooth(x: u32, y: u32, side: u32) -> f64 {
    let (column, row) = (x / side, y / side);
    let share = |at: u32| f64::from(at % side) / f64::from(side);
    let (along, down) = (share(x), share(y));
    let top = mix(thrown(column, row), thrown(column + 1, row), along);
    let bottom = mix(thrown(column, row + 1), thrown(column + 1, row + 1), along);
    mix(top, bottom, down)
}

fn mix(from: f64, to: f64, share: f64) -> f64 {
    from + (to - from) * share
}

/// Looks thrown, from 0 to 1, and is the same each time.
fn thrown(column: u32, row: u32) -> f64 {
    let mut mixed = column.wrapping_mul(0x9E37_79B1) ^ row.wrapping_mul(0x85EB_CA77);
    mixed = (mixed ^ (mixed >> 15)).wrapping_mul(0x2C1B_3C6D);
    mixed = (mixed ^ (mixed >> 12)).wrapping_mul(0x297A_2D39);
    f64::from(mixed ^ (mixed >> 15)) / f64::from(u32::MAX)
}
