//! How the messages that follow are laid out.

use super::field::Field;
use super::profile::{self, field_description as description};

/// The layout of the messages of one local number.
pub(super) struct Definition {
    /// The number of such messages in the profile.
    pub(super) message: u16,
    /// The bytes of such a message, its header apart.
    pub(super) size: usize,
    /// The field that tells the time.
    pub(super) time: Option<Field>,
    /// The fields that are wanted, developer fields last.
    pub(super) fields: Vec<Field>,
    big_endian: bool,
}

impl Definition {
    /// A message without any field yet.
    pub(super) fn new(message: u16, big_endian: bool) -> Self {
        Self { message, size: 0, time: None, fields: Vec::new(), big_endian }
    }

    /// Adds a field of the profile.
    pub(super) fn add(&mut self, number: u8, size: u8, base_type: u8) {
        let field = Field::new(number, base_type, self.size, size, self.big_endian);
        self.size += usize::from(size);
        if number == profile::TIMESTAMP {
            self.time = field;
        } else if profile::is_wanted(self.message, number) {
            self.fields.extend(field);
        }
    }

    /// Adds a developer field, described as `described` where it is known.
    pub(super) fn add_developer(&mut self, size: u8, described: Option<&DeveloperField>) {
        let replacing = described.filter(|field| {
            field.message.is_none_or(|message| message == i64::from(self.message))
                && profile::is_replaceable(self.message, field.native)
        });
        self.fields.extend(replacing.and_then(|field| {
            Field::new(field.native, field.base_type, self.size, size, self.big_endian)
        }));
        self.size += usize::from(size);
    }
}

/// A developer field that says it stands for one of the profile.
pub(super) struct DeveloperField {
    developer: u8,
    number: u8,
    base_type: u8,
    message: Option<i64>,
    native: u8,
}

impl DeveloperField {
    /// Reads a description, given what its fields hold. `None` for a field that stands for no
    /// other.
    pub(super) fn new(value: impl Fn(u8) -> Option<i64>) -> Option<Self> {
        let byte = |field| u8::try_from(value(field)?).ok();
        Some(Self {
            developer: byte(description::DEVELOPER)?,
            number: byte(description::NUMBER)?,
            base_type: byte(description::BASE_TYPE)?,
            message: value(description::NATIVE_MESSAGE),
            native: byte(description::NATIVE_FIELD)?,
        })
    }

    /// Whether a definition means this field.
    pub(super) fn is(&self, developer: u8, number: u8) -> bool {
        self.developer == developer && self.number == number
    }
}
