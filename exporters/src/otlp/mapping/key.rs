//! Names of attributes, encoded at compile time as fields of a log record.

use crate::otlp::protobuf::LEN;

/// `LogRecord.attributes`
pub(crate) const ATTRIBUTES: u8 = 6;
/// `KeyValue.key`
pub(crate) const KEY: u8 = 1;
/// `KeyValue.value`
pub(crate) const VALUE: u8 = 2;

/// Stands for `source` or `destination` in a name.
const SIDE: &str = "<side>";

/// Room for the longest name with the bytes around it.
const CAPACITY: usize = 48;

/// The bytes before the length of an attribute's value. A writer copies the whole array and
/// truncates it, because a copy of constant length takes only a few instructions.
#[derive(Debug)]
pub(crate) struct AttributeKey {
    /// Tag of the attribute, a byte for its length, tag and length of the name, the name, and the
    /// tag of the value.
    pub(crate) bytes: [u8; CAPACITY],
    /// Number of bytes in use.
    pub(crate) len: u8,
}

impl AttributeKey {
    /// Where the name's field starts. The attribute's length counts from there.
    pub(crate) const NAME_START: u8 = 2;

    /// # Panics
    ///
    /// Panics, at compile time, if the name is too long.
    pub(super) const fn new(name: &str) -> Self {
        Self::joined(&[name])
    }

    /// The key with `side` in place of `<side>` in the name.
    pub(super) const fn of_side(name: &str, side: &str) -> Self {
        let at = position(name, SIDE);
        let (before, rest) = name.split_at(at);
        let (_, after) = rest.split_at(SIDE.len());
        Self::joined(&[before, side, after])
    }

    const fn joined(parts: &[&str]) -> Self {
        let mut bytes = [0; CAPACITY];
        bytes[0] = ATTRIBUTES << 3 | LEN;
        bytes[2] = KEY << 3 | LEN;
        let mut len = 4;
        let mut part = 0;
        while part < parts.len() {
            let text = parts[part].as_bytes();
            let mut i = 0;
            while i < text.len() {
                assert!(len + 1 < CAPACITY, "the name is too long");
                bytes[len] = text[i];
                len += 1;
                i += 1;
            }
            part += 1;
        }
        bytes[3] = len as u8 - 4;
        bytes[len] = VALUE << 3 | LEN;
        Self {
            bytes,
            len: len as u8 + 1,
        }
    }

    /// Returns the name's field and the tag of the value.
    pub(crate) fn name(&self) -> &[u8] {
        &self.bytes[usize::from(Self::NAME_START)..usize::from(self.len)]
    }

    /// Returns the most bytes that a value can have while the attribute's length takes one byte.
    pub(crate) const fn max_short_value(&self) -> usize {
        0x7f - (self.len - Self::NAME_START) as usize - 1
    }
}

/// Returns what precedes the placeholder at the end of a name, such as `<name>`, with the side if
/// the name has one.
pub(super) const fn prefix(name: &'static str) -> &'static str {
    name.split_at(position(name, "<")).0
}

/// Returns where `part` begins in `text`.
const fn position(text: &str, part: &str) -> usize {
    let text = text.as_bytes();
    let part = part.as_bytes();
    let mut at = 0;
    loop {
        let mut i = 0;
        while i < part.len() && text[at + i] == part[i] {
            i += 1;
        }
        if i == part.len() {
            return at;
        }
        at += 1;
    }
}
