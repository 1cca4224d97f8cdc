//! Writes one JSON object member by member, in protobuf's JSON mapping as Hubble's exporter uses
//! it: default values are omitted, 64-bit integers are strings, enumerations are names, and Go's
//! `encoding/json` has escaped `<`, `>`, `&`, U+2028 and U+2029.

use std::fmt::Write;

use tidegate_model::Timestamp;

use crate::hubble::escape::{Escapes, escaped, push_escaped};
use crate::text::{push_decimal, push_rfc3339, push_signed};

/// The escapes of protobuf-go's JSON encoder and of `encoding/json` around it.
struct GoJsonEscapes;

impl Escapes for GoJsonEscapes {
    fn may_begin(byte: u8) -> bool {
        matches!(byte, 0..0x20 | b'"' | b'\\' | b'<' | b'>' | b'&' | 0xe2)
    }

    fn replace(out: &mut String, c: char) -> bool {
        let short = match c {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\u{08}' => "\\b",
            '\u{0c}' => "\\f",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            '\0'..' ' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                return write!(out, "\\u{:04x}", u32::from(c)).is_ok();
            }
            _ => return false,
        };
        out.push_str(short);
        true
    }
}

/// An object that is being written. Names of members are not escaped.
///
/// Methods are named for the protobuf type of the member. Unless they say otherwise, they omit a
/// member with the default value of its type.
pub(super) struct Object<'a> {
    out: &'a mut String,
    is_empty: bool,
}

/// Appends an object with the members that `fill` writes.
pub(super) fn push_object(out: &mut String, fill: impl FnOnce(&mut Object<'_>)) {
    out.push('{');
    fill(&mut Object {
        out,
        is_empty: true,
    });
    out.push('}');
}

impl Object<'_> {
    /// Writes a message, even if it is empty.
    pub(super) fn message(&mut self, name: &str, fill: impl FnOnce(&mut Object<'_>)) {
        push_object(self.begin_member(name), fill);
    }

    pub(super) fn uint32(&mut self, name: &str, n: impl Into<u32>) {
        let n = n.into();
        if n != 0 {
            push_decimal(self.begin_member(name), n);
        }
    }

    pub(super) fn int32(&mut self, name: &str, n: i32) {
        if n != 0 {
            push_signed(self.begin_member(name), n);
        }
    }

    pub(super) fn uint64(&mut self, name: &str, n: u64) {
        if n != 0 {
            self.raw_string(name, |out| push_decimal(out, n));
        }
    }

    pub(super) fn int64(&mut self, name: &str, n: i64) {
        if n != 0 {
            self.raw_string(name, |out| push_signed(out, n));
        }
    }

    pub(super) fn boolean(&mut self, name: &str, value: bool) {
        self.bool_value(name, value.then_some(true));
    }

    /// Writes a `google.protobuf.UInt32Value`, which is omitted only if it is absent.
    pub(super) fn uint32_value(&mut self, name: &str, n: Option<u32>) {
        if let Some(n) = n {
            push_decimal(self.begin_member(name), n);
        }
    }

    /// Writes a `google.protobuf.Int32Value`, which is omitted only if it is absent.
    pub(super) fn int32_value(&mut self, name: &str, n: Option<i32>) {
        if let Some(n) = n {
            push_signed(self.begin_member(name), n);
        }
    }

    /// Writes a `google.protobuf.BoolValue`, which is omitted only if it is absent.
    pub(super) fn bool_value(&mut self, name: &str, value: Option<bool>) {
        if let Some(value) = value {
            self.begin_member(name)
                .push_str(if value { "true" } else { "false" });
        }
    }

    /// Writes a number of a `google.protobuf.Struct`, which is never omitted.
    pub(super) fn struct_number(&mut self, name: &str, n: u64) {
        push_decimal(self.begin_member(name), n);
    }

    /// Writes a value of an enumeration: its name, or its number if it has no name.
    pub(super) fn enumeration(
        &mut self,
        name: &str,
        number: impl Into<u32>,
        value_name: Option<&str>,
    ) {
        let number = number.into();
        match value_name {
            Some(value_name) if number != 0 => {
                self.raw_string(name, |out| out.push_str(value_name));
            }
            _ => self.uint32(name, number),
        }
    }

    /// Writes a `google.protobuf.Timestamp`; omitted if the time is unknown.
    pub(super) fn timestamp(&mut self, name: &str, time: Timestamp) {
        if time.is_known() {
            self.raw_string(name, |out| push_rfc3339(out, time));
        }
    }

    pub(super) fn string(&mut self, name: &str, text: &str) {
        if !text.is_empty() {
            self.raw_string(name, |out| push_escaped::<GoJsonEscapes>(out, text));
        }
    }

    /// Writes a string that `write` appends.
    pub(super) fn string_with(&mut self, name: &str, write: impl FnOnce(&mut String)) {
        let start = self.out.len();
        let was_empty = self.is_empty;
        let out = self.begin_member(name);
        out.push('"');
        let text_start = out.len();
        escaped::<GoJsonEscapes>(out, write);
        if out.len() == text_start {
            out.truncate(start);
            self.is_empty = was_empty;
        } else {
            out.push('"');
        }
    }

    /// Writes a string that `write` appends. It must not be empty or need escapes.
    pub(super) fn raw_string(&mut self, name: &str, write: impl FnOnce(&mut String)) {
        let out = self.begin_member(name);
        out.push('"');
        write(out);
        out.push('"');
    }

    pub(super) fn strings<T: AsRef<str>>(
        &mut self,
        name: &str,
        texts: impl IntoIterator<Item = T>,
    ) {
        self.array(name, texts, |out, text| {
            out.push('"');
            push_escaped::<GoJsonEscapes>(out, text.as_ref());
            out.push('"');
        });
    }

    /// Writes strings, each of which `push` appends.
    pub(super) fn strings_with<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        push: impl Fn(&mut String, T),
    ) {
        self.array(name, items, |out, item| {
            out.push('"');
            escaped::<GoJsonEscapes>(out, |out| push(out, item));
            out.push('"');
        });
    }

    pub(super) fn messages<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        fill: impl Fn(&mut Object<'_>, T),
    ) {
        self.array(name, items, |out, item| {
            push_object(out, |object| fill(object, item));
        });
    }

    fn array<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        push: impl Fn(&mut String, T),
    ) {
        let mut items = items.into_iter();
        let Some(first) = items.next() else { return };
        let out = self.begin_member(name);
        out.push('[');
        push(out, first);
        for item in items {
            out.push(',');
            push(out, item);
        }
        out.push(']');
    }

    /// Writes the name of a member. The caller must append its value.
    fn begin_member(&mut self, name: &str) -> &mut String {
        self.out.push_str(if self.is_empty { "\"" } else { ",\"" });
        self.is_empty = false;
        self.out.push_str(name);
        self.out.push_str("\":");
        self.out
    }
}

#[cfg(test)]
mod tests {
    use super::push_object;

    #[test]
    fn texts_are_escaped_as_go_escapes_them() {
        let cases = [
            ("a\"b\\c", r#"a\"b\\c"#),
            ("\u{08}\u{0c}\n\r\t", r"\b\f\n\r\t"),
            ("\0\u{1b}\u{1f}\u{7f}", "\\u0000\\u001b\\u001f\u{7f}"),
            ("<a href=x>&", r"\u003ca href=x\u003e\u0026"),
            ("\u{2028}\u{2029}\u{2026}", "\\u2028\\u2029\u{2026}"),
            ("bücher 😀", "bücher 😀"),
        ];
        for (text, expected) in cases {
            let mut out = String::new();
            push_object(&mut out, |object| object.string("t", text));
            assert_eq!(out, format!("{{\"t\":\"{expected}\"}}"));
            out.clear();
            push_object(&mut out, |object| {
                object.string_with("t", |out| out.push_str(text))
            });
            assert_eq!(out, format!("{{\"t\":\"{expected}\"}}"));
        }
    }

    #[test]
    fn default_values_are_omitted_but_present_wrappers_are_written() {
        let mut out = String::new();
        push_object(&mut out, |object| {
            object.uint32("uint32", 0_u32);
            object.int32("int32", 0);
            object.uint64("uint64", 0);
            object.int64("int64", 0);
            object.boolean("boolean", false);
            object.enumeration("enumeration", 0_u8, Some("UNKNOWN"));
            object.string("string", "");
            object.string_with("string_with", |_| {});
            object.strings("strings", [""; 0]);
            object.bool_value("is_reply", Some(false));
            object.uint32_value("hash", Some(0));
            object.uint32_value("absent", None);
            object.int32_value("cpu", Some(0));
            object.int32_value("absent", None);
            object.message("empty", |_| {});
            object.enumeration("named", 1_u8, Some("ONE"));
            object.enumeration("unnamed", 250_u8, None);
            object.uint64("uint64", u64::MAX);
            object.int64("int64", -1);
            object.strings("strings", ["", "<"]);
        });
        let expected = concat!(
            r#"{"is_reply":false,"hash":0,"cpu":0,"empty":{},"named":"ONE","unnamed":250,"#,
            r#""uint64":"18446744073709551615","int64":"-1","strings":["","\u003c"]}"#,
        );
        assert_eq!(out, expected);
    }
}
