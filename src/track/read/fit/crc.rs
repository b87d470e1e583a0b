//! The checksum of FIT files.

/// The polynomial of CRC-16/ARC, bits reversed.
const POLYNOMIAL: u16 = 0xA001;
/// How many bytes are taken at once.
const STRIDE: usize = 8;

/// `TABLES[n][byte]` is what `byte` does to the checksum when `n` bytes follow it.
static TABLES: [[u16; 256]; STRIDE] = tables();

/// The checksum of `bytes`: CRC-16/ARC, eight bytes at a time. Over bytes that end with their own
/// checksum, low byte first, it is 0.
///
/// Sources: the FIT protocol's `FitCRC_Get16`, which gives the same figures half a byte at a time;
/// Kounavis and Berry, "Novel Table Lookup-Based Algorithms for High-Performance CRC Generation"
/// (2008), for the tables.
pub(super) fn checksum(bytes: &[u8]) -> u16 {
    let (strides, rest) = bytes.as_chunks::<STRIDE>();
    let crc = strides.iter().fold(0_u16, |crc, stride| {
        let [low, high] = crc.to_le_bytes();
        let [first, second, others @ ..] = stride;
        let mut next = TABLES[7][usize::from(first ^ low)] ^ TABLES[6][usize::from(second ^ high)];
        for (table, byte) in TABLES[..6].iter().rev().zip(others) {
            next ^= table[usize::from(*byte)];
        }
        next
    });
    rest.iter().fold(crc, |crc, byte| {
        let [low, high] = crc.to_le_bytes();
        u16::from(high) ^ TABLES[0][usize::from(low ^ byte)]
    })
}

const fn tables() -> [[u16; 256]; STRIDE] {
    let mut tables = [[0; 256]; STRIDE];
    let mut byte = 0;
    while byte < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "it counts to 255")]
        let mut crc = byte as u16;
        let mut step = 0;
        while step < 8 * STRIDE {
            crc = if crc & 1 == 1 { (crc >> 1) ^ POLYNOMIAL } else { crc >> 1 };
            step += 1;
            if step % 8 == 0 {
                tables[step / 8 - 1][byte] = crc;
            }
        }
        byte += 1;
    }
    tables
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Bit by bit, as the polynomial says.
    fn checksum_slowly(bytes: &[u8]) -> u16 {
        bytes.iter().fold(0, |crc, byte| {
            (0..8).fold(crc ^ u16::from(*byte), |crc, _| {
                if crc & 1 == 1 { (crc >> 1) ^ POLYNOMIAL } else { crc >> 1 }
            })
        })
    }

    #[test]
    fn the_check_value_of_the_catalogue_is_met() {
        assert_eq!(checksum(b"123456789"), 0xBB3D);
    }

    proptest! {
        #[test]
        fn eight_bytes_at_once_give_what_single_bits_give(bytes: Vec<u8>) {
            prop_assert_eq!(checksum(&bytes), checksum_slowly(&bytes));
        }

        #[test]
        fn bytes_with_their_own_checksum_give_zero(bytes: Vec<u8>) {
            let sealed = [bytes.as_slice(), &checksum(&bytes).to_le_bytes()].concat();
            prop_assert_eq!(checksum(&sealed), 0);
        }
    }
}
