//! Go's quoted strings (`strconv.Quote`), which Hubble's DNS summaries contain.

use std::fmt::Write;

/// Calls `write`, and puts what it appended into quotes, with Go's escapes. Rust's tables decide
/// which characters are printable; they differ from Go's in combining marks and the newest letters.
pub(super) fn push_quoted(out: &mut String, write: impl FnOnce(&mut String)) {
    out.push('"');
    let start = out.len();
    write(out);
    if !out[start..]
        .bytes()
        .all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\'))
    {
        let raw = out.split_off(start);
        raw.chars().for_each(|c| push_char(out, c));
    }
    out.push('"');
}

fn push_char(out: &mut String, c: char) {
    let short = match c {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\u{07}' => "\\a",
        '\u{08}' => "\\b",
        '\u{0c}' => "\\f",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        '\u{0b}' => "\\v",
        _ => return push_rune(out, c),
    };
    out.push_str(short);
}

fn push_rune(out: &mut String, c: char) {
    let is_printable = c == '\'' || c.escape_debug().len() == 1;
    let code = u32::from(c);
    match code {
        _ if is_printable => out.write_char(c),
        0..0x80 => write!(out, "\\x{code:02x}"),
        0x80..0x1_0000 => write!(out, "\\u{code:04x}"),
        _ => write!(out, "\\U{code:08x}"),
    }
    .expect("writing to a String cannot fail");
}

#[cfg(test)]
mod tests {
    use super::push_quoted;

    #[test]
    fn texts_are_quoted_as_go_quotes_them() {
        let cases = [
            ("", r#""""#),
            ("203.0.113.5,fd00::1", r#""203.0.113.5,fd00::1""#),
            ("it's", r#""it's""#),
            ("a\"b\\c", r#""a\"b\\c""#),
            ("\u{07}\u{08}\u{0c}\n\r\t\u{0b}", r#""\a\b\f\n\r\t\v""#),
            ("\0\u{1b}\u{7f}", r#""\x00\x1b\x7f""#),
            ("bücher.example", r#""bücher.example""#),
            (
                "\u{85}\u{a0}\u{202e}\u{feff}",
                r#""\u0085\u00a0\u202e\ufeff""#,
            ),
            ("\u{e0001}", r#""\U000e0001""#),
            ("\u{fffd}", "\"\u{fffd}\""),
        ];
        for (text, expected) in cases {
            let mut out = String::new();
            push_quoted(&mut out, |out| out.push_str(text));
            assert_eq!(out, expected);
        }
    }
}
