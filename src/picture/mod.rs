//! The picture pipeline: from the bytes of a file to clean pixels, and to what its owner alone
//! learns of when and where it was taken.
//!
//! Pure functions: no I/O, no clock, no randomness. What a file says besides its pixels is read by
//! [`Taken::read`] and by nothing else; [`render`] writes pixels and nothing else, [`render_again`] fewer of them
//! for a photo that is to be nobody's.

mod again;
mod colour;
mod decode;
mod encode;
mod jpeg;
mod png;
mod recognise;
mod resize;
mod taken;
mod vp8l;
mod webp;

pub use again::{is_large_enough, render_again};
pub use encode::{Jpeg, Portrait, Renditions, portray, render};
pub use recognise::Format;
pub use taken::Taken;

/// The longest file of a picture, in bytes.
pub const FILE_BYTES_MAX: usize = 40 * 1024 * 1024;
/// The most pixels a picture has: more than a phone's sensor gives in one picture as it is sold.
pub const PIXELS_MAX: u64 = 100_000_000;
/// How much memory a picture may take while it is decoded, in bytes.
pub const MEMORY_BYTES_MAX: u64 = 512 * 1024 * 1024;

/// Why a file is not taken as a picture. None of it quotes the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// It is of a kind that is not read; says what is.
    #[error("{0}")]
    Kind(&'static str),
    /// Decoding it would take too much.
    #[error("has more pixels than are taken")]
    Large,
    /// It begins like a picture and is not a whole one.
    #[error("{0}")]
    Broken(&'static str),
}

/// Pixels, 8 bits each of red, green and blue.
struct Pixels {
    width: u32,
    height: u32,
    rgb: Vec<u8>,
}

/// Reads a whole picture and keeps nothing of it, so that whoever hands it in is told at once whether
/// it can be shown: work for a core.
pub fn check(file: &[u8]) -> Result<Format, Unfit> {
    let format = Format::of(file)?;
    decode::check(format, file)?;
    Ok(format)
}
