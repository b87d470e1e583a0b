//! The same pixels in files of other kinds, some of which take more to decode.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use image_webp::WebPEncoder;
use jpeg_encoder::SamplingFactor::{F_1_1, F_2_2};

use crate::scene;

/// Where each pass of Adam7 begins, and how far its pixels lie apart.
const PASSES: [[usize; 4]; 7] = [
    [0, 0, 8, 8],
    [4, 0, 8, 8],
    [0, 4, 4, 8],
    [2, 0, 4, 4],
    [0, 2, 2, 4],
    [1, 0, 2, 2],
    [0, 1, 1, 2],
];

/// Each kind with its file.
pub fn all(rgb: &[u8], sides: (u16, u16)) -> Vec<(&'static str, Vec<u8>)> {
    let (pixels, _) = rgb.as_chunks::<3>();
    let seen_through: Vec<u8> = pixels.iter().flat_map(|[r, g, b]| [*r, *g, *b, *r]).collect();
    let lossless = webp(rgb, sides, image_webp::ColorType::Rgb8);
    vec![
        ("JPEG, colours halved", scene::jpeg(rgb, sides, F_2_2, false)),
        ("progressive JPEG, colours halved", scene::jpeg(rgb, sides, F_2_2, true)),
        ("progressive JPEG", scene::jpeg(rgb, sides, F_1_1, true)),
        ("PNG", png(rgb, sides, png::ColorType::Rgb, png::BitDepth::Eight, 1)),
        (
            "PNG with alpha",
            png(&seen_through, sides, png::ColorType::Rgba, png::BitDepth::Eight, 1),
        ),
        ("PNG of 16 bits", png(&deep(rgb), sides, png::ColorType::Rgb, png::BitDepth::Sixteen, 1)),
        ("interlaced PNG", interlaced(rgb, sides)),
        ("APNG of two frames", png(rgb, sides, png::ColorType::Rgb, png::BitDepth::Eight, 2)),
        ("animated WebP, lossless", animated(&lossless, sides)),
        ("WebP, lossless", lossless),
        ("WebP with alpha, lossless", webp(&seen_through, sides, image_webp::ColorType::Rgba8)),
    ]
}

fn deep(samples: &[u8]) -> Vec<u8> {
    samples.iter().flat_map(|sample| [*sample, *sample]).collect()
}

fn png(
    samples: &[u8],
    (width, height): (u16, u16),
    color: png::ColorType,
    depth: png::BitDepth,
    frames: u32,
) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width.into(), height.into());
    encoder.set_color(color);
    encoder.set_depth(depth);
    encoder.set_compression(png::Compression::Fast);
    if frames > 1 {
        encoder.set_animated(frames, 0).expect("there are some");
    }
    let mut writer = encoder.write_header().expect("the sides are fit");
    for _ in 0..frames {
        writer.write_image_data(samples).expect("there are as many as there should be");
    }
    writer.finish().expect("a vector takes everything");
    file
}

/// As no encoder at hand writes it.
fn interlaced(rgb: &[u8], (width, height): (u16, u16)) -> Vec<u8> {
    let (columns, rows) = (usize::from(width), usize::from(height));
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::fast());
    for [left, top, across, down] in PASSES {
        for y in (top..rows).step_by(down) {
            let mut line = vec![0];
            for x in (left..columns).step_by(across) {
                let at = 3 * (y * columns + x);
                line.extend_from_slice(&rgb[at..at + 3]);
            }
            packed.write_all(&line).expect("a vector takes everything");
        }
    }
    let sides = [u32::from(width).to_be_bytes(), u32::from(height).to_be_bytes()].concat();
    let head = [sides.as_slice(), &[8, 2, 0, 0, 1]].concat();
    let packed = packed.finish().expect("a vector takes everything");
    let chunks = [chunk(*b"IHDR", &head), chunk(*b"IDAT", &packed), chunk(*b"IEND", &[])];
    [b"\x89PNG\r\n\x1a\n".as_slice(), &chunks.concat()].concat()
}

fn chunk(kind: [u8; 4], content: &[u8]) -> Vec<u8> {
    let mut sum = flate2::Crc::new();
    sum.update(&kind);
    sum.update(content);
    let length = u32::try_from(content.len()).expect("it is no longer").to_be_bytes();
    [length.as_slice(), &kind, content, &sum.sum().to_be_bytes()].concat()
}

fn webp(samples: &[u8], (width, height): (u16, u16), color: image_webp::ColorType) -> Vec<u8> {
    let mut file = Vec::new();
    let encoder = WebPEncoder::new(&mut file);
    encoder.encode(samples, width.into(), height.into(), color).expect("the sides are fit");
    file
}

/// Twice the picture of a file that has no more than one.
fn animated(still: &[u8], (width, height): (u16, u16)) -> Vec<u8> {
    let side = |side: u16| (u32::from(side) - 1).to_le_bytes();
    let sides = [&side(width)[..3], &side(height)[..3]].concat();
    // Where it lies, its sides, how long it is shown; laid on what was before.
    let frame = [[0; 6].as_slice(), &sides, &[100, 0, 0, 0], &still[12..]].concat();
    let chunks = [
        riff(*b"VP8X", &[[0b0000_0010, 0, 0, 0].as_slice(), &sides].concat()),
        riff(*b"ANIM", &[0; 6]),
        riff(*b"ANMF", &frame),
        riff(*b"ANMF", &frame),
    ];
    riff(*b"RIFF", &[b"WEBP".as_slice(), &chunks.concat()].concat())
}

fn riff(kind: [u8; 4], content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).expect("it is no longer").to_le_bytes();
    let mut chunk = [kind.as_slice(), &length, content].concat();
    chunk.resize(chunk.len().next_multiple_of(2), 0);
    chunk
}
