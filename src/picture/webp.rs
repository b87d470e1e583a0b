//! WebP (RFC 9649): the first picture of it, decoded by itself.
//!
//! It is handed to the decoder as a still that one sees through where that saves memory: then pixels are
//! unpacked right where they are wanted, and no canvas is kept for pictures to come.

use std::io::{BufRead, Cursor, Read, Seek, SeekFrom};

use image_webp::WebPDecoder;

use super::decode::{BROKEN, CUT_OFF, Decoded, PIXEL_BYTES, allow, on_white};
use super::{Pixels, Unfit, vp8l};

/// The bytes that a pixel takes at most while a picture is decoded: of three planes and what is made of
/// them; of colours with alpha; and of all that where one sees through planes.
const LOSSY_BYTES: u64 = 5;
const LOSSLESS_BYTES: u64 = 4;
const ALPHA_BYTES: u64 = 12;

/// A chunk: its name, all of it, and what is in it.
#[derive(Clone, Copy)]
struct Chunk<'a> {
    name: [u8; 4],
    whole: &'a [u8],
    content: &'a [u8],
}

/// Where a picture is drawn, and its chunks.
struct Frame<'a> {
    left: u32,
    top: u32,
    width: u32,
    height: u32,
    chunks: &'a [u8],
}

/// Decodes a file.
pub(super) fn decode(file: &[u8]) -> Result<Decoded, Unfit> {
    check_length(file)?;
    let whole = WebPDecoder::new(Cursor::new(file)).map_err(|_| BROKEN)?;
    let (width, height) = whole.dimensions();
    let chunks = file.get(12..).unwrap_or_default();
    let frame = if whole.is_animated() {
        Frame::read(first(chunks, *b"ANMF").ok_or(BROKEN)?.content)?
    } else {
        Frame { left: 0, top: 0, width, height, chunks }
    };
    let fits = frame.left + frame.width <= width && frame.top + frame.height <= height;
    if frame.width == 0 || frame.height == 0 || !fits {
        return Err(BROKEN);
    }
    let canvas = if (frame.width, frame.height) == (width, height) {
        None
    } else {
        allow(width, height, PIXEL_BYTES, 0)?;
        Some(u64::from(width) * u64::from(height) * PIXEL_BYTES)
    };
    let rgb = frame.decode(whole.has_alpha(), canvas.unwrap_or(0))?;
    let rgb = if canvas.is_some() { frame.laid_on(width, height, &rgb) } else { rgb };
    let profile = first(chunks, *b"ICCP").map(|profile| profile.content.to_vec());
    Ok(Decoded { pixels: Pixels { width, height, rgb }, profile })
}

impl<'a> Frame<'a> {
    /// A frame of several, with its head.
    fn read(content: &'a [u8]) -> Result<Self, Unfit> {
        let (head, chunks) = content.split_first_chunk::<16>().ok_or(BROKEN)?;
        let number = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], 0]);
        let (left, top) = (2 * number(0), 2 * number(3));
        Ok(Self { left, top, width: number(6) + 1, height: number(9) + 1, chunks })
    }

    /// Its pixels, on white where one sees through them. So many bytes will be taken besides.
    fn decode(&self, has_alpha: bool, more: u64) -> Result<Vec<u8>, Unfit> {
        let Self { width, height, .. } = *self;
        let find = |name| first(self.chunks, name);
        let (bytes, parts) = match (find(*b"VP8L"), find(*b"ALPH").filter(|_| has_alpha)) {
            (Some(lossless), _) => (LOSSLESS_BYTES, [lossless.whole, &[]]),
            (None, Some(alpha)) => {
                (ALPHA_BYTES, [alpha.whole, find(*b"VP8 ").ok_or(BROKEN)?.whole])
            }
            (None, None) => (LOSSY_BYTES, [find(*b"VP8 ").ok_or(BROKEN)?.whole, &[]]),
        };
        allow(width, height, bytes, more)?;
        self.check_codes(parts[0])?;
        let is_seen_through = bytes != LOSSY_BYTES;
        let head = self.head(is_seen_through);
        let still = Spliced { parts: [&head, parts[0], parts[1]], at: 0 };
        let mut decoder = WebPDecoder::new(still).map_err(|_| BROKEN)?;
        let mut pixels = vec![0; decoder.output_buffer_size().ok_or(Unfit::Large)?];
        decoder.read_image(&mut pixels).map_err(|_| BROKEN)?;
        if is_seen_through {
            lay_on_white(&mut pixels, has_alpha);
        }
        Ok(pixels)
    }

    /// What a file begins with that has this picture alone.
    fn head(&self, is_seen_through: bool) -> [u8; 30] {
        let mut head = *b"RIFF\0\0\0\x7FWEBPVP8X\x0A\0\0\0\0\0\0\0\0\0\0\0\0\0";
        head[20] = if is_seen_through { 0b1_0000 } else { 0 };
        head[24..27].copy_from_slice(&(self.width - 1).to_le_bytes()[..3]);
        head[27..].copy_from_slice(&(self.height - 1).to_le_bytes()[..3]);
        head
    }

    /// Whether what is compressed without loss is no more to a decoder than its pixels.
    fn check_codes(&self, chunk: &[u8]) -> Result<(), Unfit> {
        let Some(Chunk { name, content, .. }) = chunks(chunk).next() else { return Err(BROKEN) };
        match (&name, content) {
            (b"VP8L", _) => vp8l::check_picture(content, self.width, self.height),
            // Compressed, by the lowest bits of what stands before.
            (b"ALPH", [how, plane @ ..]) if how & 0b11 == 1 => {
                vp8l::check_plane(plane, self.width, self.height)
            }
            _ => Ok(()),
        }
    }

    /// Its pixels on a white canvas of these sides.
    fn laid_on(&self, width: u32, height: u32, rgb: &[u8]) -> Vec<u8> {
        let stride = 3 * width as usize;
        let mut canvas = vec![255; stride * height as usize];
        let rows = canvas.chunks_exact_mut(stride).skip(self.top as usize);
        for (row, pixels) in rows.zip(rgb.chunks_exact(3 * self.width as usize)) {
            row[3 * self.left as usize..][..pixels.len()].copy_from_slice(pixels);
        }
        canvas
    }
}

/// The first chunk says how long a file is.
fn check_length(file: &[u8]) -> Result<(), Unfit> {
    let length = file.get(4..8).and_then(|length| length.try_into().ok()).ok_or(CUT_OFF)?;
    let length = u64::from(u32::from_le_bytes(length)) + 8;
    if (file.len() as u64) < length { Err(CUT_OFF) } else { Ok(()) }
}

/// Of several of a kind the first counts.
fn first(all: &[u8], name: [u8; 4]) -> Option<Chunk<'_>> {
    chunks(all).find(|chunk| chunk.name == name)
}

/// The chunks of a file or a frame, each of even length.
fn chunks(mut rest: &[u8]) -> impl Iterator<Item = Chunk<'_>> {
    std::iter::from_fn(move || {
        let (name, after) = rest.split_first_chunk::<4>()?;
        let (length, after) = after.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let content = &after[..length.min(after.len())];
        let padded = length.checked_next_multiple_of(2)?;
        let whole = &rest[..padded.min(after.len()) + 8];
        rest = after.get(padded..).unwrap_or_default();
        Some(Chunk { name: *name, whole, content })
    })
}

/// Makes three bytes a pixel of four, where they are.
fn lay_on_white(pixels: &mut Vec<u8>, has_alpha: bool) {
    let count = pixels.len() / 4;
    for index in 0..count {
        let alpha = if has_alpha { pixels[4 * index + 3] } else { u8::MAX };
        for part in 0..3 {
            pixels[3 * index + part] = on_white(pixels[4 * index + part], alpha);
        }
    }
    pixels.truncate(3 * count);
    pixels.shrink_to_fit();
}

/// Slices, read as if they were one.
struct Spliced<'a> {
    parts: [&'a [u8]; 3],
    at: u64,
}

impl BufRead for Spliced<'_> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        let mut at = usize::try_from(self.at).unwrap_or(usize::MAX);
        for part in self.parts {
            if let Some(rest) = part.get(at..).filter(|rest| !rest.is_empty()) {
                return Ok(rest);
            }
            at = at.saturating_sub(part.len());
        }
        Ok(&[])
    }

    fn consume(&mut self, count: usize) {
        self.at += count as u64;
    }
}

impl Read for Spliced<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let read = self.fill_buf()?.read(into)?;
        self.consume(read);
        Ok(read)
    }
}

impl Seek for Spliced<'_> {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        let length = self.parts.iter().map(|part| part.len() as u64).sum::<u64>();
        let (from, by) = match to {
            SeekFrom::Start(at) => (at, 0),
            SeekFrom::End(by) => (length, by),
            SeekFrom::Current(by) => (self.at, by),
        };
        self.at = from.checked_add_signed(by).ok_or(std::io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use image_webp::{ColorType, WebPEncoder};

    use super::*;

    fn lossless(samples: &[u8], width: u32, height: u32, color: ColorType) -> Vec<u8> {
        let mut file = Vec::new();
        WebPEncoder::new(&mut file).encode(samples, width, height, color).unwrap();
        file
    }

    fn chunk(name: [u8; 4], content: &[u8]) -> Vec<u8> {
        let length = u32::try_from(content.len()).unwrap().to_le_bytes();
        let mut chunk = [name.as_slice(), &length, content].concat();
        chunk.resize(chunk.len().next_multiple_of(2), 0);
        chunk
    }

    /// A file with a canvas of 4 × 4 pixels and a frame of 2 × 1 whose place has these halves.
    fn animated(frame: &[u8], left: u8, top: u8) -> Vec<u8> {
        let place = [left, 0, 0, top, 0, 0, 1, 0, 0, 0, 0, 0, 9, 0, 0, 0];
        let chunks = [
            chunk(*b"VP8X", &[0b0001_0010, 0, 0, 0, 3, 0, 0, 3, 0, 0]),
            chunk(*b"ANIM", &[0; 6]),
            chunk(*b"ANMF", &[place.as_slice(), &frame[12..]].concat()),
            chunk(*b"ANMF", b"another one, which nobody looks at at all"),
        ];
        chunk(*b"RIFF", &[b"WEBP".as_slice(), &chunks.concat()].concat())
    }

    #[test]
    fn what_one_sees_through_is_laid_on_white() {
        let rgba = [1, 2, 3, 255, 4, 5, 6, 0, 100, 200, 0, 128];
        let file = lossless(&rgba, 3, 1, ColorType::Rgba8);
        let Decoded { pixels, .. } = decode(&file).unwrap();
        assert_eq!((pixels.width, pixels.height), (3, 1));
        assert_eq!(pixels.rgb, [1, 2, 3, 255, 255, 255, 177, 227, 127]);
        for length in 12..file.len() {
            assert!(decode(&file[..length]).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn what_one_does_not_see_through_keeps_its_colours() {
        let rgb = [1, 2, 3, 200, 100, 50];
        assert_eq!(decode(&lossless(&rgb, 2, 1, ColorType::Rgb8)).unwrap().pixels.rgb, rgb);
    }

    #[test]
    fn of_several_frames_the_first_is_drawn_where_it_lies() {
        let frame = lossless(&[1, 2, 3, 255, 4, 5, 6, 0], 2, 1, ColorType::Rgba8);
        let Decoded { pixels, .. } = decode(&animated(&frame, 1, 1)).unwrap();
        assert_eq!((pixels.width, pixels.height), (4, 4));
        let mut expected = [255; 3 * 16];
        expected[3 * (2 * 4 + 2)..][..3].copy_from_slice(&[1, 2, 3]);
        assert_eq!(pixels.rgb, expected);
        assert!(decode(&animated(&frame, 2, 1)).is_err(), "beyond the right edge");
        assert!(decode(&animated(&frame, 1, 2)).is_err(), "below the lower edge");
    }
}
