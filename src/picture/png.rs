//! The structure of a PNG file (ISO/IEC 15948): walked before anything is decoded.

use super::Unfit;

const SIGNATURE_BYTES: usize = 8;
/// The name of a chunk before, the checksum behind what it holds.
const AROUND_CONTENT_BYTES: usize = 8;

const CUT_OFF: Unfit = Unfit::Broken("ends in the middle");

/// Walks a file to the chunk that ends it. What follows is no part of the picture.
pub(super) fn walk(file: &[u8]) -> Result<(), Unfit> {
    let mut rest = file.get(SIGNATURE_BYTES..).ok_or(CUT_OFF)?;
    loop {
        let (length, after) = rest.split_first_chunk::<4>().ok_or(CUT_OFF)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| CUT_OFF)?;
        let length = length.checked_add(AROUND_CONTENT_BYTES).ok_or(CUT_OFF)?;
        let (chunk, after) = after.split_at_checked(length).ok_or(CUT_OFF)?;
        if chunk.starts_with(b"IEND") {
            return Ok(());
        }
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_cut_anywhere_is_noticed() {
        let mut file = b"\x89PNG\r\n\x1A\n\0\0\0\x01tEXtxcrc!\0\0\0\0IENDcrc!".to_vec();
        assert_eq!(walk(&file), Ok(()));
        for length in 0..file.len() {
            assert_eq!(walk(&file[..length]), Err(CUT_OFF), "{length} bytes");
        }
        file.extend(b"and more");
        assert_eq!(walk(&file), Ok(()));
    }
}
