//! The messages of a FIT file, one after the other.

use crate::track::reading::Rule;

use super::definition::{Definition, DeveloperField};
use super::field::Field;
use super::profile::field_description;

/// How many definitions can be in force at a time.
const LOCAL_MESSAGES: usize = 16;
/// How many developer fields that stand for others are remembered: devices have one or two.
const DEVELOPER_FIELDS_MAX: usize = 64;

/// Bits of the byte that every message begins with.
const COMPRESSED: u8 = 0x80;
const DEFINITION: u8 = 0x40;
const DEVELOPER: u8 = 0x20;
/// The seconds that a compressed time can tell apart.
const COMPRESSED_PERIOD_S: u32 = 32;

/// A message with the fields of it that are wanted.
pub(super) struct Message<'m> {
    /// Its number in the profile.
    pub(super) number: u16,
    /// Where in the file it begins.
    pub(super) offset: usize,
    /// Its time in seconds since 1989-12-31 UTC, or since the device was switched on.
    pub(super) time_s: Option<u32>,
    fields: &'m [Field],
    bytes: &'m [u8],
}

impl Message<'_> {
    /// The numbers that are there, each with its field's. A developer field comes after the
    /// profile's own.
    pub(super) fn values(&self) -> impl Iterator<Item = (u8, i64)> + '_ {
        self.fields.iter().filter_map(|field| Some((field.number, field.value(self.bytes)?)))
    }

    /// The number in a field.
    pub(super) fn value(&self, number: u8) -> Option<i64> {
        self.values().find(|(field, _)| *field == number).map(|(_, value)| value)
    }

    /// The text in a field.
    pub(super) fn text(&self, number: u8) -> Option<String> {
        self.fields.iter().find(|field| field.number == number)?.text(self.bytes)
    }
}

/// Goes through the messages of a file.
pub(super) struct Messages<'b> {
    cursor: Cursor<'b>,
    definitions: [Option<Definition>; LOCAL_MESSAGES],
    developer_fields: Vec<DeveloperField>,
    /// The latest time of any message, which compressed ones go on from.
    time_s: Option<u32>,
}

impl<'b> Messages<'b> {
    /// The messages from `offset` to the end of `bytes`.
    pub(super) fn new(bytes: &'b [u8], offset: usize) -> Self {
        let definitions = [const { None }; LOCAL_MESSAGES];
        let cursor = Cursor { bytes, offset };
        Self { cursor, definitions, developer_fields: Vec::new(), time_s: None }
    }

    /// Where reading goes on, or had to stop.
    pub(super) fn offset(&self) -> usize {
        self.cursor.offset
    }

    /// The next message, `None` at the end. After an error nothing further can be read: where the
    /// next one begins is known only from the layout of those before it.
    pub(super) fn next(&mut self) -> Result<Option<Message<'_>>, Rule> {
        while let Some(header) = self.cursor.peek() {
            if header & (COMPRESSED | DEFINITION) != DEFINITION {
                return self.data().map(Some);
            }
            self.define()?;
        }
        Ok(None)
    }

    fn data(&mut self) -> Result<Message<'_>, Rule> {
        let offset = self.cursor.offset;
        let [header] = *self.cursor.take_array()?;
        let (local, time_step) = match header & COMPRESSED {
            0 => (header & 0x0F, None),
            _ => ((header >> 5) & 0x03, Some(u32::from(header & 0x1F))),
        };
        let definition = self.definitions[usize::from(local)].as_ref().ok_or(Rule::Malformed)?;
        let bytes = self.cursor.take(definition.size)?;
        let own_time = definition.time.and_then(|field| field.value(bytes));
        let time_s = match own_time {
            Some(time) => u32::try_from(time).ok(),
            None => time_step.and_then(|step| stepped(self.time_s?, step)),
        };
        self.time_s = time_s.or(self.time_s);
        let number = definition.message;
        let message = Message { number, offset, time_s, fields: &definition.fields, bytes };
        if number == field_description::MESSAGE {
            self.developer_fields.extend(DeveloperField::new(|field| message.value(field)));
            self.developer_fields.truncate(DEVELOPER_FIELDS_MAX);
        }
        Ok(message)
    }

    fn define(&mut self) -> Result<(), Rule> {
        let [header, _, architecture, low, high, count] = *self.cursor.take_array()?;
        let big_endian = architecture & 1 == 1;
        let (low, high) = if big_endian { (high, low) } else { (low, high) };
        let mut definition = Definition::new(u16::from_le_bytes([low, high]), big_endian);
        for [number, size, base_type] in self.cursor.take_fields(count)? {
            definition.add(*number, *size, *base_type);
        }
        if header & DEVELOPER != 0 {
            let [count] = *self.cursor.take_array()?;
            for [number, size, developer] in self.cursor.take_fields(count)? {
                let known = self.developer_fields.iter().find(|it| it.is(*developer, *number));
                definition.add_developer(*size, known);
            }
        }
        self.definitions[usize::from(header & 0x0F)] = Some(definition);
        Ok(())
    }
}

/// The time whose last five bits are `step`, from `time_s` on.
fn stepped(time_s: u32, step: u32) -> Option<u32> {
    let ahead_s = step.wrapping_sub(time_s) % COMPRESSED_PERIOD_S;
    time_s.checked_add(ahead_s)
}

/// Takes bytes off the front, and keeps count.
struct Cursor<'b> {
    bytes: &'b [u8],
    offset: usize,
}

impl<'b> Cursor<'b> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.offset).copied()
    }

    fn take(&mut self, count: usize) -> Result<&'b [u8], Rule> {
        let end = self.offset.checked_add(count).ok_or(Rule::Truncated)?;
        let taken = self.bytes.get(self.offset..end).ok_or(Rule::Truncated)?;
        self.offset = end;
        Ok(taken)
    }

    fn take_array<const COUNT: usize>(&mut self) -> Result<&'b [u8; COUNT], Rule> {
        self.take(COUNT)?.first_chunk().ok_or(Rule::Truncated)
    }

    /// The fields of a definition: three bytes each.
    fn take_fields(&mut self, count: u8) -> Result<&'b [[u8; 3]], Rule> {
        Ok(self.take(3 * usize::from(count))?.as_chunks().0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::profile::{TIMESTAMP, event, record};
    use super::*;

    const LITTLE: u8 = 0;
    const BIG: u8 = 1;
    const BYTE: u8 = 0x02;
    const SHORT: u8 = 0x84;
    const LONG: u8 = 0x86;

    /// A definition of local message 0 with fields of number, size and type.
    fn definition(endian: u8, message: u16, fields: &[[u8; 3]]) -> Vec<u8> {
        let message = if endian == BIG { message.to_be_bytes() } else { message.to_le_bytes() };
        let count = u8::try_from(fields.len()).unwrap();
        let start = [DEFINITION, 0, endian, message[0], message[1], count];
        [&start[..], fields.as_flattened()].concat()
    }

    /// Number, time and values of each message, and how it ended.
    type Found = (Vec<(u16, Option<u32>, Vec<(u8, i64)>)>, Option<Rule>);

    fn all(bytes: &[u8]) -> Found {
        let mut messages = Messages::new(bytes, 0);
        let mut found = Vec::new();
        loop {
            match messages.next() {
                Ok(Some(it)) => found.push((it.number, it.time_s, it.values().collect())),
                Ok(None) => return (found, None),
                Err(rule) => return (found, Some(rule)),
            }
        }
    }

    #[test]
    fn each_definition_has_a_byte_order_of_its_own() {
        let fields = [[TIMESTAMP, 4, LONG], [record::POWER, 2, SHORT]];
        let (found, end) = all(&[
            definition(BIG, record::MESSAGE, &fields),
            vec![0, 0, 0, 0, 1, 0, 200],
            definition(LITTLE, record::MESSAGE, &fields),
            vec![0, 2, 0, 0, 0, 201, 0],
        ]
        .concat());
        let message = |time, power| (record::MESSAGE, Some(time), vec![(record::POWER, power)]);
        assert_eq!((found, end), (vec![message(1, 200), message(2, 201)], None));
    }

    #[test]
    fn compressed_times_go_on_from_the_latest_and_roll_over() {
        let (found, _) = all(&[
            definition(LITTLE, event::MESSAGE, &[[TIMESTAMP, 4, LONG]]),
            vec![0, 60, 0, 0, 0],
            definition(LITTLE, record::MESSAGE, &[[record::HEART_RATE, 1, BYTE]]),
            vec![COMPRESSED + 28, 100, COMPRESSED + 31, 101, COMPRESSED + 1, 102],
        ]
        .concat());
        let times: Vec<_> = found.iter().map(|(_, time, _)| time.unwrap()).collect();
        assert_eq!(times, [60, 60, 63, 65]);
    }

    #[test]
    fn a_compressed_time_without_one_before_is_none() {
        let (found, _) = all(&[
            definition(LITTLE, record::MESSAGE, &[[record::HEART_RATE, 1, BYTE]]),
            vec![COMPRESSED + 28, 100],
        ]
        .concat());
        assert_eq!(found[0].1, None);
    }

    #[test]
    fn a_developer_field_stands_for_the_sensor_it_names() {
        let described = [
            [field_description::DEVELOPER, 1, BYTE],
            [field_description::NUMBER, 1, BYTE],
            [field_description::BASE_TYPE, 1, BYTE],
            [field_description::NATIVE_MESSAGE, 2, SHORT],
            [field_description::NATIVE_FIELD, 1, BYTE],
        ];
        let mut with_developer_fields =
            definition(LITTLE, record::MESSAGE, &[[record::HEART_RATE, 1, BYTE]]);
        with_developer_fields[0] |= DEVELOPER;
        let (found, end) = all(&[
            definition(LITTLE, field_description::MESSAGE, &described),
            vec![0, 3, 9, SHORT, 20, 0, record::POWER],
            with_developer_fields,
            vec![2, 8, 1, 3, 9, 2, 3],
            vec![0, 120, 77, 0x2C, 0x01],
        ]
        .concat());
        let values = [(record::HEART_RATE, 120), (record::POWER, 300)];
        assert_eq!((found[1].2.as_slice(), end), (&values[..], None));
    }

    #[test]
    fn what_is_not_defined_and_what_breaks_off_is_told_apart() {
        assert_eq!(all(&[3]).1, Some(Rule::Malformed));
        let start = definition(LITTLE, record::MESSAGE, &[[record::POWER, 2, SHORT]]);
        assert_eq!(all(&[start.as_slice(), &[0, 200]].concat()).1, Some(Rule::Truncated));
        assert_eq!(all(&start[..7]).1, Some(Rule::Truncated));
    }
}
