//! One field of a message: where its bytes are, and which number they stand for.

/// A field of a message as its definition describes it.
#[derive(Clone, Copy)]
pub(super) struct Field {
    /// Its number in the profile.
    pub(super) number: u8,
    kind: Kind,
    big_endian: bool,
    /// Where it begins in the message.
    offset: usize,
    /// The bytes of one value. A field may hold several, of which the first counts.
    width: usize,
    /// The bytes of the whole field.
    size: usize,
    /// The bits that stand for "no value".
    invalid: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Unsigned,
    Signed,
    Float,
    Text,
}

impl Field {
    /// A field of a base type. `None` where the type is unknown or the size not a multiple of the
    /// type's: some devices write such fields, and their values mean nothing.
    pub(super) fn new(
        number: u8,
        base_type: u8,
        offset: usize,
        size: u8,
        big_endian: bool,
    ) -> Option<Self> {
        let (kind, width, invalid) = base(base_type)?;
        let size = usize::from(size);
        let sound = size != 0 && size.is_multiple_of(width);
        sound.then_some(Self { number, kind, big_endian, offset, width, size, invalid })
    }

    /// The number in `message`, floating ones rounded. `None` where it is missing.
    pub(super) fn value(&self, message: &[u8]) -> Option<i64> {
        let bits = self.bits(message.get(self.offset..)?)?;
        if bits == self.invalid {
            return None;
        }
        match self.kind {
            Kind::Unsigned => i64::try_from(bits).ok(),
            Kind::Signed => {
                let unused = 64 - 8 * u32::try_from(self.width).ok()?;
                Some((bits << unused).cast_signed() >> unused)
            }
            Kind::Float if self.width == 4 => {
                rounded(f32::from_bits(u32::try_from(bits).ok()?).into())
            }
            Kind::Float => rounded(f64::from_bits(bits)),
            Kind::Text => None,
        }
    }

    /// The text in `message` up to its first zero. `None` where it is empty.
    pub(super) fn text(&self, message: &[u8]) -> Option<String> {
        let bytes = message.get(self.offset..)?.get(..self.size)?;
        let bytes = bytes.split(|byte| *byte == 0).next().filter(|bytes| !bytes.is_empty())?;
        (self.kind == Kind::Text).then(|| String::from_utf8_lossy(bytes).into_owned())
    }

    fn bits(&self, bytes: &[u8]) -> Option<u64> {
        Some(match (self.width, self.big_endian) {
            (1, _) => u64::from(*bytes.first()?),
            (2, false) => u16::from_le_bytes(*bytes.first_chunk()?).into(),
            (2, true) => u16::from_be_bytes(*bytes.first_chunk()?).into(),
            (4, false) => u32::from_le_bytes(*bytes.first_chunk()?).into(),
            (4, true) => u32::from_be_bytes(*bytes.first_chunk()?).into(),
            (_, false) => u64::from_le_bytes(*bytes.first_chunk()?),
            (_, true) => u64::from_be_bytes(*bytes.first_chunk()?),
        })
    }
}

/// Kind, bytes and invalid mark of a base type. Source: the FIT protocol, "Base Type".
fn base(base_type: u8) -> Option<(Kind, usize, u64)> {
    Some(match base_type & 0x1F {
        0x00 | 0x02 | 0x0D => (Kind::Unsigned, 1, 0xFF),
        0x01 => (Kind::Signed, 1, 0x7F),
        0x03 => (Kind::Signed, 2, 0x7FFF),
        0x04 => (Kind::Unsigned, 2, 0xFFFF),
        0x05 => (Kind::Signed, 4, 0x7FFF_FFFF),
        0x06 => (Kind::Unsigned, 4, 0xFFFF_FFFF),
        0x07 => (Kind::Text, 1, 0),
        0x08 => (Kind::Float, 4, 0xFFFF_FFFF),
        0x09 => (Kind::Float, 8, u64::MAX),
        0x0A => (Kind::Unsigned, 1, 0),
        0x0B => (Kind::Unsigned, 2, 0),
        0x0C => (Kind::Unsigned, 4, 0),
        0x0E => (Kind::Signed, 8, 0x7FFF_FFFF_FFFF_FFFF),
        0x0F => (Kind::Unsigned, 8, u64::MAX),
        0x10 => (Kind::Unsigned, 8, 0),
        _ => return None,
    })
}

/// Any number beyond this is nonsense, and this fits an `i64`.
const FLOAT_MAX: f64 = 1e15;

fn rounded(value: f64) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "the limit is far below what an i64 holds")]
    (value.abs() <= FLOAT_MAX).then_some(value.round() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(base_type: u8, big_endian: bool, bytes: &[u8]) -> Option<i64> {
        let size = u8::try_from(bytes.len()).unwrap();
        Field::new(0, base_type, 0, size, big_endian)?.value(bytes)
    }

    #[test]
    fn numbers_are_read_in_either_byte_order() {
        assert_eq!(value(0x84, false, &[0x34, 0x12]), Some(0x1234));
        assert_eq!(value(0x84, true, &[0x12, 0x34]), Some(0x1234));
        assert_eq!(value(0x85, true, &[0xFF, 0xFF, 0xFF, 0xFE]), Some(-2));
        assert_eq!(value(0x01, false, &[0xFB]), Some(-5));
        assert_eq!(value(0x88, false, &265.6_f32.to_le_bytes()), Some(266));
    }

    #[test]
    fn invalid_marks_are_missing_values() {
        let marks: [(u8, &[u8]); 8] = [
            (0x00, &[0xFF]),
            (0x01, &[0x7F]),
            (0x0A, &[0]),
            (0x83, &[0xFF, 0x7F]),
            (0x84, &[0xFF, 0xFF]),
            (0x85, &[0xFF, 0xFF, 0xFF, 0x7F]),
            (0x86, &[0xFF; 4]),
            (0x89, &[0xFF; 8]),
        ];
        for (base_type, bytes) in marks {
            assert_eq!(value(base_type, false, bytes), None, "{base_type:#x}");
        }
        assert_eq!(value(0x88, false, &f32::INFINITY.to_le_bytes()), None);
    }

    #[test]
    fn of_several_values_the_first_counts() {
        assert_eq!(value(0x84, false, &[1, 0, 2, 0]), Some(1));
    }

    #[test]
    fn a_size_that_does_not_fit_the_type_means_nothing() {
        assert_eq!(value(0x86, false, &[7]), None);
        assert_eq!(value(0x86, false, &[7; 6]), None);
        assert!(Field::new(0, 0x02, 0, 0, false).is_none());
    }

    #[test]
    fn texts_end_at_their_first_zero_or_with_the_field() {
        let text = |bytes: &[u8; 4]| Field::new(0, 0x07, 0, 4, false).unwrap().text(bytes);
        assert_eq!(text(b"Ru\0n").as_deref(), Some("Ru"));
        assert_eq!(text(b"Bike").as_deref(), Some("Bike"));
        assert_eq!(text(b"\0\0\0\0"), None);
    }
}
