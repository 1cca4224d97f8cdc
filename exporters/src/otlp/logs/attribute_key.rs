//! Names of attributes, encoded at compile time.

use crate::otlp::protobuf::LEN;

/// `LogRecord.attributes`
pub(super) const ATTRIBUTES: u8 = 6;
/// `KeyValue.key`
pub(super) const KEY: u8 = 1;
/// `KeyValue.value`
pub(super) const VALUE: u8 = 2;

/// Room for the longest name with the bytes around it.
const CAPACITY: usize = 48;

/// The bytes before the length of an attribute's value. A writer copies the whole array and
/// truncates it, because a copy of constant length takes only a few instructions.
#[derive(Debug)]
pub(super) struct AttributeKey {
    /// Tag of the attribute, a byte for its length, tag and length of the name, the name, and the
    /// tag of the value.
    pub(super) bytes: [u8; CAPACITY],
    /// Number of bytes in use.
    pub(super) len: u8,
}

impl AttributeKey {
    /// Where the name's field starts. The attribute's length counts from there.
    pub(super) const NAME_START: u8 = 2;

    /// # Panics
    ///
    /// Panics, at compile time, if the name is too long.
    pub(super) const fn new(name: &str) -> Self {
        let name = name.as_bytes();
        assert!(name.len() + 5 <= CAPACITY, "the name is too long");
        let mut bytes = [0; CAPACITY];
        bytes[0] = ATTRIBUTES << 3 | LEN;
        bytes[2] = KEY << 3 | LEN;
        bytes[3] = name.len() as u8;
        let mut i = 0;
        while i < name.len() {
            bytes[4 + i] = name[i];
            i += 1;
        }
        bytes[4 + i] = VALUE << 3 | LEN;
        Self {
            bytes,
            len: name.len() as u8 + 5,
        }
    }

    /// Returns the name's field and the tag of the value.
    pub(super) fn name(&self) -> &[u8] {
        &self.bytes[usize::from(Self::NAME_START)..usize::from(self.len)]
    }

    /// Returns the most bytes that a value can have while the attribute's length takes one byte.
    pub(super) const fn max_short_value(&self) -> usize {
        0x7f - (self.len - Self::NAME_START) as usize - 1
    }
}

/// An [`AttributeKey`] made at compile time.
macro_rules! key {
    ($name:literal) => {
        const { &$crate::otlp::logs::attribute_key::AttributeKey::new($name) }
    };
}

pub(super) use key;
