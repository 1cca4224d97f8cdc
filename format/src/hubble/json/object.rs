//! Writes one JSON object member by member, by the rules of protobuf's JSON mapping as Hubble's
//! exporter shows them: zero values are omitted, 64-bit integers are strings, enums are names where
//! there is one, and Go's encoder has escaped `<`, `>`, `&`, U+2028 and U+2029.

use std::fmt::Write;

use tidegate_model::Timestamp;

use crate::hubble::escape::{Escapes, escaped, push_escaped};
use crate::text::{push_decimal, push_rfc3339, push_signed};

/// The escapes of protobuf-go's JSON encoder and of `encoding/json` around it.
struct GoJson;

impl Escapes for GoJson {
    fn suspects(byte: u8) -> bool {
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

/// An object that is being written. Names of members are written as they are.
pub(super) struct Object<'a> {
    out: &'a mut String,
    empty: bool,
}

/// Appends an object with the members that `fill` writes.
pub(super) fn push_object(out: &mut String, fill: impl FnOnce(&mut Object<'_>)) {
    out.push('{');
    fill(&mut Object { out, empty: true });
    out.push('}');
}

impl Object<'_> {
    /// A member that is an object; a message that is set appears even if it is empty.
    pub(super) fn object(&mut self, name: &str, fill: impl FnOnce(&mut Object<'_>)) {
        push_object(self.name(name), fill);
    }

    /// A number; omitted if it is zero.
    pub(super) fn number(&mut self, name: &str, n: impl Into<u32>) {
        let n = n.into();
        if n != 0 {
            push_decimal(self.name(name), n);
        }
    }

    /// A signed number; omitted if it is zero.
    pub(super) fn signed(&mut self, name: &str, n: i32) {
        if n != 0 {
            push_signed(self.name(name), n);
        }
    }

    /// A number that is shown whenever it is set: a wrapper message.
    pub(super) fn wrapped(&mut self, name: &str, n: Option<u32>) {
        if let Some(n) = n {
            push_decimal(self.name(name), n);
        }
    }

    /// A signed number that is shown whenever it is set: a wrapper message.
    pub(super) fn wrapped_signed(&mut self, name: &str, n: Option<i32>) {
        if let Some(n) = n {
            push_signed(self.name(name), n);
        }
    }

    /// A number of 64 bits; omitted if it is zero.
    pub(super) fn wide(&mut self, name: &str, n: u64) {
        if n != 0 {
            self.quoted(name, |out| push_decimal(out, n));
        }
    }

    /// A number of a `google.protobuf.Struct`, which is always shown.
    pub(super) fn plain(&mut self, name: &str, n: u64) {
        push_decimal(self.name(name), n);
    }

    /// A signed number of 64 bits; omitted if it is zero.
    pub(super) fn wide_signed(&mut self, name: &str, n: i64) {
        if n != 0 {
            self.quoted(name, |out| push_signed(out, n));
        }
    }

    /// A boolean; omitted if it is false.
    pub(super) fn flag(&mut self, name: &str, set: bool) {
        self.wrapped_flag(name, set.then_some(true));
    }

    /// A boolean that is shown whenever it is set: a wrapper message.
    pub(super) fn wrapped_flag(&mut self, name: &str, value: Option<bool>) {
        if let Some(value) = value {
            self.name(name)
                .push_str(if value { "true" } else { "false" });
        }
    }

    /// A value of an enumeration; omitted if it is zero, a number if it has no name.
    pub(super) fn symbol(&mut self, name: &str, number: impl Into<u32>, symbol: Option<&str>) {
        let number = number.into();
        match symbol {
            Some(symbol) if number != 0 => self.quoted(name, |out| out.push_str(symbol)),
            _ => self.number(name, number),
        }
    }

    /// A time; omitted if it is not known.
    pub(super) fn time(&mut self, name: &str, time: Timestamp) {
        if time.is_known() {
            self.quoted(name, |out| push_rfc3339(out, time));
        }
    }

    /// A text that needs no escapes.
    pub(super) fn quoted(&mut self, name: &str, write: impl FnOnce(&mut String)) {
        let out = self.name(name);
        out.push('"');
        write(out);
        out.push('"');
    }

    /// A text; omitted if it is empty.
    pub(super) fn text(&mut self, name: &str, text: &str) {
        if !text.is_empty() {
            self.quoted(name, |out| push_escaped::<GoJson>(out, text));
        }
    }

    /// A text that `write` composes; omitted if it is empty.
    pub(super) fn composed(&mut self, name: &str, write: impl FnOnce(&mut String)) {
        let (start, was_empty) = (self.out.len(), self.empty);
        let out = self.name(name);
        out.push('"');
        let text = out.len();
        escaped::<GoJson>(out, write);
        if out.len() == text {
            out.truncate(start);
            self.empty = was_empty;
        } else {
            out.push('"');
        }
    }

    /// A list of texts; omitted if it is empty.
    pub(super) fn texts<T: AsRef<str>>(&mut self, name: &str, texts: impl IntoIterator<Item = T>) {
        self.list(name, texts, |out, text| {
            out.push('"');
            push_escaped::<GoJson>(out, text.as_ref());
            out.push('"');
        });
    }

    /// A list of texts that `push` composes; omitted if it is empty.
    pub(super) fn composed_texts<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        push: impl Fn(&mut String, T),
    ) {
        self.list(name, items, |out, item| {
            out.push('"');
            escaped::<GoJson>(out, |out| push(out, item));
            out.push('"');
        });
    }

    /// A list of objects; omitted if it is empty.
    pub(super) fn objects<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        fill: impl Fn(&mut Object<'_>, T),
    ) {
        self.list(name, items, |out, item| {
            push_object(out, |object| fill(object, item))
        });
    }

    /// A list; omitted if it is empty.
    pub(super) fn list<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        push: impl Fn(&mut String, T),
    ) {
        let mut items = items.into_iter();
        let Some(first) = items.next() else { return };
        let out = self.name(name);
        out.push('[');
        push(out, first);
        for item in items {
            out.push(',');
            push(out, item);
        }
        out.push(']');
    }

    /// Begins a member; its value is to follow.
    fn name(&mut self, name: &str) -> &mut String {
        self.out.push_str(if self.empty { "\"" } else { ",\"" });
        self.empty = false;
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
            push_object(&mut out, |object| object.text("t", text));
            assert_eq!(out, format!("{{\"t\":\"{expected}\"}}"));
            out.clear();
            push_object(&mut out, |object| {
                object.composed("t", |out| out.push_str(text))
            });
            assert_eq!(out, format!("{{\"t\":\"{expected}\"}}"));
        }
    }

    #[test]
    fn zero_values_are_omitted_and_set_wrappers_are_not() {
        let mut out = String::new();
        push_object(&mut out, |object| {
            object.number("number", 0_u32);
            object.signed("signed", 0);
            object.wide("wide", 0);
            object.wide_signed("wide_signed", 0);
            object.flag("flag", false);
            object.symbol("symbol", 0_u8, Some("UNKNOWN"));
            object.text("text", "");
            object.composed("composed", |_| {});
            object.texts("texts", [""; 0]);
            object.wrapped_flag("is_reply", Some(false));
            object.wrapped("hash", Some(0));
            object.wrapped("absent", None);
            object.wrapped_signed("cpu", Some(0));
            object.wrapped_signed("absent", None);
            object.object("empty", |_| {});
            object.symbol("named", 1_u8, Some("ONE"));
            object.symbol("unnamed", 250_u8, None);
            object.wide("wide", u64::MAX);
            object.wide_signed("wide_signed", -1);
            object.texts("texts", ["", "<"]);
        });
        let expected = r#"{"is_reply":false,"hash":0,"cpu":0,"empty":{},"named":"ONE","unnamed":250,"wide":"18446744073709551615","wide_signed":"-1","texts":["","\u003c"]}"#;
        assert_eq!(out, expected);
    }
}
