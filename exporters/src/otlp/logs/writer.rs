//! Writes one `LogRecord` (opentelemetry-proto 1.9) straight into the request that it is part of,
//! its fields in the order of their numbers, as generated encoders write them: an order of
//! magnitude less work than building a tree of messages for some twenty attributes.
//!
//! Lengths are written when they are known: that of the record over a gap of the usual width.
//! Nearly every attribute is shorter than 128 bytes, so that each of its lengths is one byte;
//! [`Key`] holds all that is before the value.

use std::fmt::{Display, Write as _};

use tidegate_model::Timestamp;

use super::key::{ATTRIBUTES, KEY, Key, VALUE};
use super::piece::Piece;
use crate::otlp::protobuf::{
    LEN, VARINT, field, field_header, field_len, fixed64, integer, varint, varint_len, varint32,
};

/// `ScopeLogs.log_records`
const LOG_RECORDS: u8 = 2;

/// The gap for a record's length.
const GAP: usize = 2;

/// Fields of `LogRecord`.
mod log_record {
    pub(super) const TIME: u8 = 1;
    pub(super) const SEVERITY_NUMBER: u8 = 2;
    pub(super) const SEVERITY_TEXT: u8 = 3;
    pub(super) const BODY: u8 = 5;
    pub(super) const TRACE_ID: u8 = 9;
    pub(super) const OBSERVED_TIME: u8 = 11;
    pub(super) const EVENT_NAME: u8 = 12;
}

/// Fields of `AnyValue`, and the one of `ArrayValue`.
mod any_value {
    pub(super) const STRING: u8 = 1;
    pub(super) const BOOL: u8 = 2;
    pub(super) const INT: u8 = 3;
    pub(super) const ARRAY: u8 = 5;
    pub(super) const ARRAY_VALUES: u8 = 1;
}

/// The severities that records have: number and text.
#[derive(Clone, Copy, Debug)]
pub(super) enum Severity {
    Debug = 5,
    Info = 9,
    Warn = 13,
}

impl Severity {
    /// Writes both.
    fn write(self, out: &mut Vec<u8>) {
        const NUMBER: u8 = log_record::SEVERITY_NUMBER << 3 | VARINT;
        const TEXT: u8 = log_record::SEVERITY_TEXT << 3 | LEN;
        match self {
            Self::Debug => {
                out.extend_from_slice(&[NUMBER, self as u8, TEXT, 5, b'D', b'E', b'B', b'U', b'G'])
            }
            Self::Info => {
                out.extend_from_slice(&[NUMBER, self as u8, TEXT, 4, b'I', b'N', b'F', b'O'])
            }
            Self::Warn => {
                out.extend_from_slice(&[NUMBER, self as u8, TEXT, 4, b'W', b'A', b'R', b'N'])
            }
        }
    }
}

/// What stands before the attributes.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) time: Timestamp,
    pub(super) severity: Severity,
}

/// What stands behind them.
#[derive(Debug)]
pub(super) struct Tail {
    pub(super) trace_id: Option<[u8; 16]>,
    pub(super) observed: Timestamp,
    pub(super) event_name: &'static str,
}

/// A log record being written. Attributes come between [`Self::begin`] and [`Self::end`].
#[derive(Debug)]
pub(super) struct Writer<'a> {
    out: &'a mut Vec<u8>,
    /// Where the record's fields begin, behind the gap for their length.
    start: usize,
    /// Room to make texts in.
    text: &'a mut String,
}

impl<'a> Writer<'a> {
    /// Starts a record at the end of `out`, whose body is next; `text` is room to make texts in.
    pub(super) fn begin(out: &'a mut Vec<u8>, head: &Head, text: &'a mut String) -> Self {
        out.extend_from_slice(&[LOG_RECORDS << 3 | LEN, 0, 0]);
        let start = out.len();
        if head.time.is_known() {
            fixed64(out, log_record::TIME, head.time.0);
        }
        head.severity.write(out);
        Self { out, start, text }
    }

    /// Starts a record with a body, which is in the room for texts.
    pub(super) fn begin_with_text(out: &'a mut Vec<u8>, head: &Head, text: &'a mut String) -> Self {
        let mut this = Self::begin(out, head, text);
        this.body(this.text.len());
        this.out.extend_from_slice(this.text.as_bytes());
        this
    }

    /// Writes what stands before a body of `len` bytes, and yields where they belong.
    pub(super) fn body(&mut self, len: usize) -> &mut Vec<u8> {
        field_header(self.out, log_record::BODY, field_len(len));
        field_header(self.out, any_value::STRING, len);
        self.out
    }

    /// Writes attributes alone to the end of `out`.
    pub(super) fn piece(out: &'a mut Vec<u8>, text: &'a mut String) -> Self {
        let start = out.len();
        Self { out, start, text }
    }

    /// Ends the record.
    pub(super) fn end(self, tail: &Tail) {
        if let Some(trace_id) = tail.trace_id {
            field(self.out, log_record::TRACE_ID, &trace_id);
        }
        fixed64(self.out, log_record::OBSERVED_TIME, tail.observed.0);
        field(self.out, log_record::EVENT_NAME, tail.event_name.as_bytes());
        close(self.out, self.start);
    }

    /// Adds a string.
    pub(super) fn text(&mut self, key: &Key, value: &str) {
        self.string(key, value.as_bytes());
    }

    /// Adds a string if there is one.
    pub(super) fn text_if_any(&mut self, key: &Key, value: &str) {
        if !value.is_empty() {
            self.text(key, value);
        }
    }

    /// Adds a string of a fixed number of ASCII characters, a few dozen at most.
    pub(super) fn ascii<const N: usize>(&mut self, key: &Key, value: &[u8; N]) {
        debug_assert!(value.is_ascii(), "protobuf wants strings to be UTF-8");
        let len = const { N as u8 };
        self.head(key, len + 2);
        self.out
            .extend_from_slice(&[len + 2, any_value::STRING << 3 | LEN, len]);
        self.out.extend_from_slice(value);
    }

    /// Adds attributes that [`Self::piece`] wrote.
    pub(super) fn copy<const N: usize>(&mut self, piece: &Piece<N>, part: usize) {
        piece.copy(part, self.out);
    }

    /// Adds a string that `push` makes.
    pub(super) fn made(&mut self, key: &Key, push: impl FnOnce(&mut String)) {
        let mut text = std::mem::take(self.text);
        text.clear();
        push(&mut text);
        self.text(key, &text);
        *self.text = text;
    }

    /// Adds a value as it is displayed.
    pub(super) fn shown(&mut self, key: &Key, value: impl Display) {
        self.made(key, |text| {
            // Writing to a `String` cannot fail.
            let _ = write!(text, "{value}");
        });
    }

    /// Adds a string under a name that `push` makes.
    pub(super) fn named_text(&mut self, push: impl FnOnce(&mut String), value: &str) {
        self.name(push, field_len(value.len()));
        field(self.out, any_value::STRING, value.as_bytes());
    }

    /// Adds an integer.
    pub(super) fn int(&mut self, key: &Key, value: impl Into<i64>) {
        let value = value.into().cast_unsigned();
        match u32::try_from(value) {
            Ok(small) => {
                let (bytes, len) = varint32(small);
                let [a, b, c, d, e] = bytes;
                self.head(key, 1 + len);
                let end = self.out.len() + 2 + usize::from(len);
                self.out
                    .extend_from_slice(&[1 + len, any_value::INT << 3 | VARINT, a, b, c, d, e]);
                self.out.truncate(end);
            }
            Err(_) => {
                self.long_head(key, 1 + varint_len(value));
                integer(self.out, any_value::INT, value);
            }
        }
    }

    /// Adds a number: an integer where OTLP has one for it, which are 64 bits with a sign, and its
    /// decimal digits where it has none. A consumer gets the number, or a text, but never another
    /// number.
    pub(super) fn unsigned(&mut self, key: &Key, value: u64) {
        match i64::try_from(value) {
            Ok(value) => self.int(key, value),
            Err(_) => self.shown(key, value),
        }
    }

    /// Adds a number, unless it is zero, which stands for none.
    pub(super) fn unsigned_if_any(&mut self, key: &Key, value: u64) {
        if value != 0 {
            self.unsigned(key, value);
        }
    }

    /// Adds an integer that stands for nothing when it is zero.
    pub(super) fn int_if_any(&mut self, key: &Key, value: impl Into<i64>) {
        let value = value.into();
        if value != 0 {
            self.int(key, value);
        }
    }

    /// Adds a boolean.
    pub(super) fn bool(&mut self, key: &Key, value: bool) {
        self.head(key, 2);
        self.out
            .extend_from_slice(&[2, any_value::BOOL << 3 | VARINT, value.into()]);
    }

    /// Adds an array of strings if it has any.
    pub(super) fn list<I>(&mut self, key: &Key, values: I)
    where
        I: IntoIterator<Item: AsRef<str>, IntoIter: Clone>,
    {
        let values = values.into_iter();
        let len = elements_len(values.clone());
        if len > 0 {
            self.long_head(key, field_len(len));
            self.elements(len, values);
        }
    }

    /// Adds an array of strings under a name that `push` makes.
    pub(super) fn named_list<I>(&mut self, push: impl FnOnce(&mut String), values: I)
    where
        I: IntoIterator<Item: AsRef<str>, IntoIter: Clone>,
    {
        let values = values.into_iter();
        let len = elements_len(values.clone());
        self.name(push, field_len(len));
        self.elements(len, values);
    }

    fn elements(&mut self, len: usize, values: impl Iterator<Item: AsRef<str>>) {
        field_header(self.out, any_value::ARRAY, len);
        for value in values {
            let value = value.as_ref();
            field_header(self.out, any_value::ARRAY_VALUES, field_len(value.len()));
            field(self.out, any_value::STRING, value.as_bytes());
        }
    }

    fn string(&mut self, key: &Key, value: &[u8]) {
        match u8::try_from(value.len()) {
            Ok(len) if value.len() + 2 <= key.short() => {
                self.head(key, len + 2);
                self.out
                    .extend_from_slice(&[len + 2, any_value::STRING << 3 | LEN, len]);
                self.out.extend_from_slice(value);
            }
            _ => {
                self.long_head(key, field_len(value.len()));
                field(self.out, any_value::STRING, value);
            }
        }
    }

    /// Writes an attribute up to the length of its value, an `AnyValue` of `len` bytes,
    /// [`Key::short`] at most.
    fn head(&mut self, key: &Key, len: u8) {
        let start = self.out.len();
        self.out.extend_from_slice(&key.bytes);
        self.out[start + 1] = key.len - Key::HEAD + 1 + len;
        self.out.truncate(start + usize::from(key.len));
    }

    /// Writes an attribute up to its value, an `AnyValue` of `len` bytes.
    fn long_head(&mut self, key: &Key, len: usize) {
        let name = key.name();
        field_header(
            self.out,
            ATTRIBUTES,
            name.len() + varint_len(len as u64) + len,
        );
        self.out.extend_from_slice(name);
        varint(self.out, len as u64);
    }

    /// Writes an attribute whose name `push` makes up to its value, an `AnyValue` of `len` bytes.
    fn name(&mut self, push: impl FnOnce(&mut String), len: usize) {
        self.text.clear();
        push(self.text);
        field_header(
            self.out,
            ATTRIBUTES,
            field_len(self.text.len()) + field_len(len),
        );
        field(self.out, KEY, self.text.as_bytes());
        field_header(self.out, VALUE, len);
    }
}

fn elements_len(values: impl Iterator<Item: AsRef<str>>) -> usize {
    values
        .map(|value| field_len(field_len(value.as_ref().len())))
        .sum()
}

/// Writes the length of all that is behind `start` into the gap before it, which is made wider or
/// narrower if need be.
fn close(out: &mut Vec<u8>, start: usize) {
    let len = out.len() - start;
    if (0x80..0x4000).contains(&len) {
        out[start - 2] = (len & 0x7f | 0x80) as u8;
        out[start - 1] = (len >> 7) as u8;
    } else {
        let mut encoded = Vec::new();
        varint(&mut encoded, len as u64);
        out.splice(start - GAP..start, encoded);
    }
}

#[cfg(test)]
mod tests;
