//! What a file is, told by its content: its name and what is said of it are not looked at.

use super::Unfit;

/// A kind of picture that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// ITU-T T.81.
    Jpeg,
    /// ISO/IEC 15948.
    Png,
    /// RFC 9649.
    WebP,
}

const NOT_A_PICTURE: &str = "is no picture that is read here: send JPEG, PNG or WebP";
const HEIC: &str = "is HEIC, which is not read here: send it as JPEG (on an iPhone: Settings, Camera, \
                    Formats, Most Compatible)";
const AVIF: &str = "is AVIF, which is not read here: send it as JPEG, PNG or WebP";

/// The brands of files with pictures in HEVC (ISO/IEC 23008-12), and of those that may have any.
const HEIC_BRANDS: [&[u8]; 10] =
    [b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"hevs", b"mif1", b"msf1"];

impl Format {
    /// What `file` is.
    pub fn of(file: &[u8]) -> Result<Self, Unfit> {
        match file {
            [0xFF, 0xD8, 0xFF, ..] => Ok(Self::Jpeg),
            [0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => Ok(Self::Png),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Ok(Self::WebP),
            [_, _, _, _, b'f', b't', b'y', b'p', rest @ ..] => Err(Unfit::Kind(of_brands(rest))),
            _ => Err(Unfit::Kind(NOT_A_PICTURE)),
        }
    }
}

/// Which of the pictures in boxes of ISO/IEC 14496-12 it is.
fn of_brands(brands: &[u8]) -> &'static str {
    let brand = brands.get(..4).unwrap_or_default();
    if brand == b"avif" || brand == b"avis" {
        AVIF
    } else if HEIC_BRANDS.contains(&brand) {
        HEIC
    } else {
        NOT_A_PICTURE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(file: &[u8]) -> &'static str {
        match Format::of(file) {
            Err(Unfit::Kind(reason)) => reason,
            _ => panic!("taken"),
        }
    }

    #[test]
    fn the_content_decides() {
        assert_eq!(Format::of(b"\xFF\xD8\xFF\xE0 and so on"), Ok(Format::Jpeg));
        assert_eq!(Format::of(b"\x89PNG\r\n\x1A\n and so on"), Ok(Format::Png));
        assert_eq!(Format::of(b"RIFF\0\0\0\0WEBPVP8 "), Ok(Format::WebP));
        assert_eq!(refused(b"\0\0\0\x18ftypheic\0\0\0\0"), HEIC);
        assert_eq!(refused(b"\0\0\0\x18ftypavif\0\0\0\0"), AVIF);
        for other in [
            &b"GIF89a"[..],
            b"<svg onload='x'/>",
            b"<!doctype html>",
            b"%PDF-1.7",
            b"",
            b"\xFF\xD8",
        ] {
            assert_eq!(refused(other), NOT_A_PICTURE);
        }
    }
}
