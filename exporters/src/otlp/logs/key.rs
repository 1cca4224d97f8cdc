//! Names of attributes, encoded when the program is compiled.

use crate::otlp::protobuf::LEN;

/// `LogRecord.attributes`
pub(super) const ATTRIBUTES: u8 = 6;
/// `KeyValue.key`
pub(super) const KEY: u8 = 1;
/// `KeyValue.value`
pub(super) const VALUE: u8 = 2;

/// Room for the longest name with what stands around it.
const ROOM: usize = 48;

/// What stands before the length of an attribute's value. All of its room is copied and cut down to
/// its length then: a copy of known length is a few instructions.
#[derive(Debug)]
pub(super) struct Key {
    /// Tag of the attribute, a byte for its length, tag and length of the name, the name, and the
    /// tag of the value.
    pub(super) bytes: [u8; ROOM],
    /// How many bytes of them are in use.
    pub(super) len: u8,
}

impl Key {
    /// Bytes before the name's field, which the attribute's length does not count.
    pub(super) const HEAD: u8 = 2;

    /// Fails to compile if the name is too long.
    pub(super) const fn new(name: &str) -> Self {
        let name = name.as_bytes();
        assert!(name.len() + 5 <= ROOM, "a longer name needs more room");
        let mut bytes = [0; ROOM];
        bytes[0] = ATTRIBUTES << 3 | LEN;
        bytes[2] = KEY << 3 | LEN;
        bytes[3] = name.len() as u8;
        let mut at = 0;
        while at < name.len() {
            bytes[4 + at] = name[at];
            at += 1;
        }
        bytes[4 + at] = VALUE << 3 | LEN;
        Self {
            bytes,
            len: name.len() as u8 + 5,
        }
    }

    /// The name's field and the tag of the value.
    pub(super) fn name(&self) -> &[u8] {
        &self.bytes[usize::from(Self::HEAD)..usize::from(self.len)]
    }

    /// The most bytes that a value can have while the attribute's length is one byte.
    pub(super) const fn short(&self) -> usize {
        0x7f - (self.len - Self::HEAD) as usize - 1
    }
}

/// A [`Key`] that is made at compile time.
macro_rules! key {
    ($name:literal) => {
        const { &$crate::otlp::logs::key::Key::new($name) }
    };
}

pub(super) use key;
