//! Writes attributes. Nearly every attribute is shorter than 128 bytes, so that its lengths take
//! one byte each; [`AttributeKey`] holds everything before the value.

use std::fmt::{Display, Write as _};

use super::{LogRecordWriter, any_value};
use crate::otlp::logs::format::Labels;
use crate::otlp::mapping::{ATTRIBUTES, AttributeKey, KEY, VALUE};
use crate::otlp::protobuf::{
    LEN, VARINT, field, field_header, field_len, integer, varint, varint_len, varint32,
};

impl LogRecordWriter<'_> {
    /// Appends attributes that were encoded before.
    pub(in super::super) fn encoded(&mut self, append: impl FnOnce(&mut Vec<u8>)) {
        append(self.out);
    }

    /// Writes a string.
    pub(in super::super) fn string(&mut self, key: &AttributeKey, value: &str) {
        match u8::try_from(value.len()) {
            Ok(len) if value.len() + 2 <= key.max_short_value() => {
                self.short_header(key, len + 2);
                self.out
                    .extend_from_slice(&[len + 2, any_value::STRING << 3 | LEN, len]);
                self.out.extend_from_slice(value.as_bytes());
            }
            _ => {
                self.header(key, field_len(value.len()));
                field(self.out, any_value::STRING, value.as_bytes());
            }
        }
    }

    /// Writes a string unless it is empty.
    pub(in super::super) fn non_empty_string(&mut self, key: &AttributeKey, value: &str) {
        if !value.is_empty() {
            self.string(key, value);
        }
    }

    /// Writes a string of a fixed number of ASCII characters, a few dozen at most.
    pub(in super::super) fn ascii<const N: usize>(&mut self, key: &AttributeKey, value: &[u8; N]) {
        debug_assert!(value.is_ascii(), "strings in protobuf are UTF-8");
        let len = const { N as u8 };
        self.short_header(key, len + 2);
        self.out
            .extend_from_slice(&[len + 2, any_value::STRING << 3 | LEN, len]);
        self.out.extend_from_slice(value);
    }

    /// Writes the string that `push` appends.
    pub(in super::super) fn string_with(
        &mut self,
        key: &AttributeKey,
        push: impl FnOnce(&mut String),
    ) {
        let mut text = std::mem::take(self.scratch);
        text.clear();
        push(&mut text);
        self.string(key, &text);
        *self.scratch = text;
    }

    /// Writes a value as a string, formatted with [`Display`].
    pub(in super::super) fn display(&mut self, key: &AttributeKey, value: impl Display) {
        self.string_with(key, |text| {
            // Writing to a `String` cannot fail.
            let _ = write!(text, "{value}");
        });
    }

    /// Writes a string under the name that `push_name` appends.
    pub(in super::super) fn named_string(
        &mut self,
        push_name: impl FnOnce(&mut String),
        value: &str,
    ) {
        self.named_header(push_name, field_len(value.len()));
        field(self.out, any_value::STRING, value.as_bytes());
    }

    /// Writes an integer.
    pub(in super::super) fn int(&mut self, key: &AttributeKey, value: impl Into<i64>) {
        let value = value.into().cast_unsigned();
        match u32::try_from(value) {
            Ok(small) => {
                let (bytes, len) = varint32(small);
                let [a, b, c, d, e] = bytes;
                self.short_header(key, 1 + len);
                let end = self.out.len() + 2 + usize::from(len);
                self.out
                    .extend_from_slice(&[1 + len, any_value::INT << 3 | VARINT, a, b, c, d, e]);
                self.out.truncate(end);
            }
            Err(_) => {
                self.header(key, 1 + varint_len(value));
                integer(self.out, any_value::INT, value);
            }
        }
    }

    /// Writes an integer unless it is zero, which means that there is none.
    pub(in super::super) fn non_zero_int(&mut self, key: &AttributeKey, value: impl Into<i64>) {
        let value = value.into();
        if value != 0 {
            self.int(key, value);
        }
    }

    /// Writes an unsigned integer. OTLP's integers are signed; a larger value is written as a
    /// string of its decimal digits.
    pub(in super::super) fn unsigned(&mut self, key: &AttributeKey, value: u64) {
        match i64::try_from(value) {
            Ok(value) => self.int(key, value),
            Err(_) => self.display(key, value),
        }
    }

    /// Writes an unsigned integer unless it is zero, which means that there is none.
    pub(in super::super) fn non_zero_unsigned(&mut self, key: &AttributeKey, value: u64) {
        if value != 0 {
            self.unsigned(key, value);
        }
    }

    /// Writes a boolean.
    pub(in super::super) fn bool(&mut self, key: &AttributeKey, value: bool) {
        self.short_header(key, 2);
        self.out
            .extend_from_slice(&[2, any_value::BOOL << 3 | VARINT, value.into()]);
    }

    /// Writes an array of strings unless it is empty.
    pub(in super::super) fn strings<I>(&mut self, key: &AttributeKey, values: I)
    where
        I: IntoIterator<Item: AsRef<str>, IntoIter: Clone>,
    {
        let values = values.into_iter();
        let len = elements_len(values.clone());
        if len > 0 {
            self.header(key, field_len(len));
            self.elements(len, values);
        }
    }

    /// Writes security labels, unless there are none.
    pub(in super::super) fn labels(
        &mut self,
        key: &AttributeKey,
        labels: &[String],
        format: Labels,
    ) {
        match format {
            Labels::List => self.strings(key, labels),
            Labels::Map if labels.is_empty() => {}
            Labels::Map => self.map(key, labels),
        }
    }

    /// Writes a map of labels. Keys in a map are unique, so the first label of a key counts.
    fn map(&mut self, key: &AttributeKey, labels: &[String]) {
        let split = |label: &'_ String| label.split_once('=').map(|(key, _)| key.len());
        let key_of = |label: &String| split(label).unwrap_or(label.len());
        let mut entries = Vec::new();
        for (n, label) in labels.iter().enumerate() {
            let name = &label[..key_of(label)];
            let is_known = |earlier: &String| earlier[..key_of(earlier)] == *name;
            if labels[..n].iter().any(is_known) {
                continue;
            }
            let value = label.get(name.len() + 1..).unwrap_or_default();
            let value_len = field_len(value.len());
            let len = field_len(name.len()) + field_len(value_len);
            field_header(&mut entries, any_value::MAP_ENTRIES, len);
            field(&mut entries, KEY, name.as_bytes());
            field_header(&mut entries, VALUE, value_len);
            field(&mut entries, any_value::STRING, value.as_bytes());
        }
        self.header(key, field_len(entries.len()));
        field(self.out, any_value::MAP, &entries);
    }

    /// Writes an array of strings under the name that `push_name` appends.
    pub(in super::super) fn named_strings<I>(
        &mut self,
        push_name: impl FnOnce(&mut String),
        values: I,
    ) where
        I: IntoIterator<Item: AsRef<str>, IntoIter: Clone>,
    {
        let values = values.into_iter();
        let len = elements_len(values.clone());
        self.named_header(push_name, field_len(len));
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

    /// Writes an attribute up to the length of its value, an `AnyValue` of `len` bytes, which is at
    /// most [`AttributeKey::max_short_value`].
    fn short_header(&mut self, key: &AttributeKey, len: u8) {
        let start = self.out.len();
        self.out.extend_from_slice(&key.bytes);
        self.out[start + 1] = key.len - AttributeKey::NAME_START + 1 + len;
        self.out.truncate(start + usize::from(key.len));
    }

    /// Writes an attribute up to its value, an `AnyValue` of `len` bytes.
    fn header(&mut self, key: &AttributeKey, len: usize) {
        let name = key.name();
        field_header(
            self.out,
            ATTRIBUTES,
            name.len() + varint_len(len as u64) + len,
        );
        self.out.extend_from_slice(name);
        varint(self.out, len as u64);
    }

    /// Writes an attribute whose name `push_name` appends, up to its value, an `AnyValue` of `len`
    /// bytes.
    fn named_header(&mut self, push_name: impl FnOnce(&mut String), len: usize) {
        self.scratch.clear();
        push_name(self.scratch);
        field_header(
            self.out,
            ATTRIBUTES,
            field_len(self.scratch.len()) + field_len(len),
        );
        field(self.out, KEY, self.scratch.as_bytes());
        field_header(self.out, VALUE, len);
    }
}

/// Returns the length of an `ArrayValue` of these strings.
fn elements_len(values: impl Iterator<Item: AsRef<str>>) -> usize {
    values
        .map(|value| field_len(field_len(value.as_ref().len())))
        .sum()
}
