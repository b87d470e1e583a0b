//! The structure of a JPEG file (ITU-T T.81, annex B): walked before anything is decoded.

use memchr::memchr;

use super::Unfit;

/// What a JPEG file says of itself.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) components: u8,
    /// Its coefficients come in several scans, by their bits or by its components, and are all kept until
    /// the last.
    pub(super) is_kept_whole: bool,
}

/// The most scans of a picture: each goes over all of it again. Usual ones have ten.
const SCANS_MAX: usize = 64;

const CUT_OFF: Unfit = Unfit::Broken("ends in the middle");
const UNSOUND: Unfit = Unfit::Broken("is no sound JPEG");
const RARE: Unfit = Unfit::Kind("is a JPEG of a rare kind, which is not read here");

const START: u8 = 0xD8;
const END: u8 = 0xD9;
const SCAN: u8 = 0xDA;

/// Walks a file from its first marker to the one that ends it. What follows is no part of the
/// picture.
pub(super) fn walk(file: &[u8]) -> Result<Head, Unfit> {
    let (mut head, mut scans) = (None, 0);
    let mut rest = file.strip_prefix(&[0xFF, START]).ok_or(UNSOUND)?;
    loop {
        let (marker, after) = next_marker(rest)?;
        rest = after;
        match marker {
            END => break,
            // Restarts and the like stand alone.
            0x01 | 0xD0..=0xD7 => continue,
            _ => {}
        }
        let (segment, after) = take_segment(rest)?;
        rest = after;
        match marker {
            0xC0..=0xC2 if head.is_none() => head = Some(read_frame(marker, segment)?),
            0xC0..=0xC2 => return Err(UNSOUND),
            0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => return Err(RARE),
            SCAN => {
                scans += 1;
                let head = head.as_mut().filter(|_| scans <= SCANS_MAX).ok_or(UNSOUND)?;
                head.is_kept_whole |= segment.first() != Some(&head.components);
                rest = skip_scan(rest)?;
            }
            _ => {}
        }
    }
    head.filter(|_| 0 < scans).ok_or(UNSOUND)
}

/// A marker, and what follows it. Any number of 0xFF may stand before it.
fn next_marker(data: &[u8]) -> Result<(u8, &[u8]), Unfit> {
    let fill = data.iter().take_while(|byte| **byte == 0xFF).count();
    match (fill, data.get(fill)) {
        (_, None) => Err(CUT_OFF),
        (0, Some(_)) => Err(UNSOUND),
        (_, Some(marker)) => Ok((*marker, &data[fill + 1..])),
    }
}

/// What a marker brings with it, and what follows that.
fn take_segment(data: &[u8]) -> Result<(&[u8], &[u8]), Unfit> {
    let (length, _) = data.split_first_chunk::<2>().ok_or(CUT_OFF)?;
    let length = usize::from(u16::from_be_bytes(*length));
    if length < 2 {
        return Err(UNSOUND);
    }
    let (segment, rest) = data.split_at_checked(length).ok_or(CUT_OFF)?;
    Ok((&segment[2..], rest))
}

fn read_frame(marker: u8, frame: &[u8]) -> Result<Head, Unfit> {
    let [precision, height_high, height_low, width_high, width_low, components, ..] = *frame else {
        return Err(UNSOUND);
    };
    if precision != 8 {
        return Err(RARE);
    }
    let width = u32::from(u16::from_be_bytes([width_high, width_low]));
    let height = u32::from(u16::from_be_bytes([height_high, height_low]));
    if width == 0 || height == 0 {
        return Err(UNSOUND);
    }
    Ok(Head { width, height, components, is_kept_whole: marker == 0xC2 })
}

/// What follows the entropy-coded data of a scan: the next marker that is no restart.
fn skip_scan(data: &[u8]) -> Result<&[u8], Unfit> {
    let mut at = 0;
    loop {
        at += memchr(0xFF, &data[at..]).ok_or(CUT_OFF)?;
        match data.get(at + 1) {
            None => return Err(CUT_OFF),
            Some(0x00 | 0xD0..=0xD7) => at += 2,
            Some(0xFF) => at += 1,
            Some(_) => return Ok(&data[at..]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame of 3 × 2 pixels with one scan.
    fn small() -> Vec<u8> {
        let mut file = vec![0xFF, START, 0xFF, 0xC0, 0, 8, 8, 0, 2, 0, 3, 1];
        file.extend([0xFF, SCAN, 0, 3, 1, 7, 0xFF, 0x00, 8, 0xFF, 0xD0, 9, 0xFF, END]);
        file
    }

    #[test]
    fn a_whole_file_is_walked_to_its_end() {
        let head = Head { width: 3, height: 2, components: 1, is_kept_whole: false };
        assert_eq!(walk(&small()), Ok(head));
    }

    #[test]
    fn what_comes_in_several_scans_is_kept_whole() {
        for (at, value) in [(3, 0xC2), (11, 3)] {
            let mut file = small();
            file[at] = value;
            assert!(walk(&file).unwrap().is_kept_whole, "{value} at {at}");
        }
    }

    #[test]
    fn a_file_that_is_cut_anywhere_is_noticed() {
        let file = small();
        for length in 2..file.len() {
            assert_eq!(walk(&file[..length]), Err(CUT_OFF), "{length} bytes");
        }
    }

    #[test]
    fn what_follows_the_end_is_no_part_of_it() {
        let mut file = small();
        file.extend(b"PK\x03\x04 and an archive");
        assert!(walk(&file).is_ok());
    }

    #[test]
    fn scans_without_end_are_refused() {
        let mut file = small();
        file.truncate(file.len() - 2);
        let scan = [0xFF, SCAN, 0, 3, 1, 7];
        file.extend(scan.repeat(65_535));
        file.extend([0xFF, END]);
        assert_eq!(walk(&file), Err(UNSOUND));
    }

    #[test]
    fn a_picture_without_a_side_is_refused() {
        let mut file = small();
        file[8] = 0;
        assert_eq!(walk(&file), Err(UNSOUND));
    }
}
