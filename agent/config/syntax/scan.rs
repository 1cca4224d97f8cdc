//! Reads the outline of a text that may not be valid TOML: its headers and keys, and the brackets and
//! strings that are not closed.

use std::ops::Range;

/// A header, or a key with its value.
#[derive(Debug)]
pub(super) struct Statement {
    /// All of it, without the line break behind it.
    pub(super) span: Range<usize>,
    /// The keys of the header, or those before the `=`.
    pub(super) keys: Vec<(String, Range<usize>)>,
    pub(super) is_header: bool,
    /// What is not closed, if anything is.
    pub(super) unclosed: Option<Unclosed>,
}

/// A bracket or a quote without its counterpart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unclosed {
    /// The place of the bracket or quote.
    pub(super) open: Range<usize>,
    pub(super) close: &'static str,
    /// Where the statement ends that contains it.
    pub(super) end: usize,
}

/// The statements of a text.
pub(super) fn statements(text: &str) -> Vec<Statement> {
    let mut statements = Vec::new();
    let mut at = 0;
    while let Some(start) = next_statement(text, at) {
        let statement = statement(text, start);
        at = statement.span.end.max(start + 1);
        while !text.is_char_boundary(at) {
            at += 1;
        }
        statements.push(statement);
    }
    statements
}

/// The start of the first statement from `at` on, behind spaces and comments.
fn next_statement(text: &str, mut at: usize) -> Option<usize> {
    loop {
        let rest = text.get(at..)?;
        let start = at
            + (rest.len()
                - rest
                    .trim_start_matches([' ', '\t', '\r', '\n', '\u{feff}'])
                    .len());
        let rest = &text[start..];
        if rest.is_empty() {
            return None;
        }
        if !rest.starts_with('#') {
            return Some(start);
        }
        at = line_end(text, start);
    }
}

/// The end of the line that contains `at`, without its line break.
pub(super) fn line_end(text: &str, at: usize) -> usize {
    let rest = &text[at..];
    let line = rest.split('\n').next().unwrap_or(rest);
    at + line.trim_end_matches('\r').len()
}

/// The start of the line that contains `at`.
pub(super) fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

fn statement(text: &str, start: usize) -> Statement {
    let end_of_line = line_end(text, start);
    let line = &text[start..end_of_line];
    if let Some(inner) = line.strip_prefix('[') {
        let double = inner.starts_with('[');
        let keys_start = start + if double { 2 } else { 1 };
        let (keys, end) = keys(text, keys_start, end_of_line);
        let is_closed = text[end..end_of_line].starts_with(']');
        let open = start..keys_start;
        let close = if double { "]]" } else { "]" };
        let end = end_of_line;
        return Statement {
            span: start..end,
            keys,
            is_header: true,
            unclosed: (!is_closed).then_some(Unclosed { open, close, end }),
        };
    }
    let (keys, end) = keys(text, start, end_of_line);
    if !text[end..end_of_line].starts_with('=') {
        return Statement {
            span: start..end_of_line,
            keys,
            is_header: false,
            unclosed: None,
        };
    }
    let value = Value {
        text,
        open: Vec::new(),
        unclosed: None,
    };
    let (end, unclosed) = value.scan(end + 1);
    Statement {
        span: start..end,
        keys,
        is_header: false,
        unclosed,
    }
}

/// The keys of a dotted key from `at` on, and the place behind them and the spaces that follow.
fn keys(text: &str, mut at: usize, end: usize) -> (Vec<(String, Range<usize>)>, usize) {
    let mut keys = Vec::new();
    loop {
        at += blanks(&text[at..end]);
        let rest = &text[at..end];
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''));
        let len = match quote {
            Some(quote) => rest[1..].find(quote).map_or(rest.len(), |close| close + 2),
            None => rest
                .find(['.', '=', ']', ' ', '\t', '#'])
                .unwrap_or(rest.len()),
        };
        if len > 0 {
            let name = rest[..len].trim_matches(['"', '\'']).to_owned();
            keys.push((name, at..at + len));
        }
        at += len;
        at += blanks(&text[at..end]);
        if !text[at..end].starts_with('.') {
            return (keys, at);
        }
        at += 1;
    }
}

fn blanks(text: &str) -> usize {
    text.len() - text.trim_start_matches([' ', '\t']).len()
}

/// Scans a value for its end.
struct Value<'t> {
    text: &'t str,
    /// The places of the brackets that are open.
    open: Vec<usize>,
    /// The first string that is not closed.
    unclosed: Option<Unclosed>,
}

impl Value<'_> {
    /// Scans from `at` on. Returns the end, and what is not closed.
    fn scan(mut self, mut at: usize) -> (usize, Option<Unclosed>) {
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(at) {
            match byte {
                b'"' | b'\'' => at = self.string(at),
                b'#' => at = line_end(self.text, at),
                b'[' | b'{' => {
                    self.open.push(at);
                    at += 1;
                }
                b']' | b'}' => {
                    self.close(*byte, at);
                    at += 1;
                }
                b'\n' if self.open.is_empty() => break,
                b'\n' if self.ends_before(at + 1) => return self.unclosed_bracket(at),
                _ => at += 1,
            }
        }
        if self.open.is_empty() {
            let line = self.text[..at].trim_end_matches('\r').len();
            return (line, self.unclosed);
        }
        self.unclosed_bracket(at)
    }

    /// Closes the innermost bracket; one of the other kind before it is not closed.
    fn close(&mut self, bracket: u8, at: usize) {
        let (opening, other) = if bracket == b']' {
            ('[', "}")
        } else {
            ('{', "]")
        };
        let Some(open) = self.open.pop() else {
            return;
        };
        let has_outer = self
            .open
            .last()
            .is_some_and(|at| self.text[*at..].starts_with(opening));
        if !self.text[open..].starts_with(opening) && has_outer {
            self.open.pop();
            self.not_closed(open..open + 1, other, at);
        }
    }

    /// Scans a string, which begins at `at`. Returns its end.
    fn string(&mut self, at: usize) -> usize {
        let rest = &self.text[at..];
        let quote = if rest.starts_with('"') { "\"" } else { "'" };
        let triple = quote.repeat(3);
        if rest.starts_with(&triple) {
            let close = end_of_string(&rest[3..], &triple, quote == "\"");
            return at
                + 3
                + close.unwrap_or_else(|| {
                    self.not_closed(
                        at..at + 3,
                        if quote == "\"" { "\"\"\"" } else { "'''" },
                        self.text.len(),
                    );
                    rest.len() - 3
                });
        }
        let end = line_end(self.text, at);
        let line = &self.text[at + 1..end];
        match end_of_string(line, quote, quote == "\"") {
            Some(len) => at + 1 + len,
            None => {
                self.not_closed(at..at + 1, if quote == "\"" { "\"" } else { "'" }, end);
                end
            }
        }
    }

    fn not_closed(&mut self, open: Range<usize>, close: &'static str, end: usize) {
        let unclosed = Unclosed { open, close, end };
        self.unclosed.get_or_insert(unclosed);
    }

    /// Whether the line at `at` cannot be a part of the value: a header, or in a list, a key.
    fn ends_before(&self, at: usize) -> bool {
        let line = self.text[at..line_end(self.text, at)].trim();
        let in_list = self
            .open
            .last()
            .is_some_and(|open| self.text[*open..].starts_with('['));
        is_header(line) || (in_list && is_assignment(line))
    }

    /// The innermost bracket that is open, where the value has to end at `at`. A table may have taken
    /// the keys that follow it for its own: it ends with the first line that has no comma.
    fn unclosed_bracket(self, at: usize) -> (usize, Option<Unclosed>) {
        let Some(open) = self.open.last().copied() else {
            return (at, self.unclosed);
        };
        let is_list = self.text[open..].starts_with('[');
        let mut end = line_end(self.text, open);
        while end < at && (is_list || continues(&self.text[open..end])) {
            end = line_end(self.text, (end + 1).min(at));
        }
        let close = if is_list { "]" } else { "}" };
        let unclosed = Unclosed {
            open: open..open + 1,
            close,
            end: end.min(at),
        };
        (unclosed.end, self.unclosed.or(Some(unclosed)))
    }
}

/// The length of the rest of a string, with the quotes at its end.
fn end_of_string(rest: &str, quote: &str, has_escapes: bool) -> Option<usize> {
    let mut at = 0;
    loop {
        let found = at + rest.get(at..)?.find(quote)?;
        let backslashes = rest[..found].len() - rest[..found].trim_end_matches('\\').len();
        if !has_escapes || backslashes.is_multiple_of(2) {
            return Some(found + quote.len());
        }
        at = found + 1;
    }
}

/// Whether more of a table is to come after `text`.
fn continues(text: &str) -> bool {
    text.trim_end().ends_with([',', '{', '='])
}

/// Whether a line is a header: nothing in a list begins with a word.
fn is_header(line: &str) -> bool {
    let inner = line.trim_start_matches('[');
    let is_word = inner.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let keyword = ["true", "false", "inf", "nan"].into_iter().any(|keyword| {
        inner
            .strip_prefix(keyword)
            .is_some_and(|rest| rest.starts_with([',', ']', ' ']))
    });
    inner.len() < line.len() && is_word && !keyword && !inner.contains(',')
}

/// Whether a line begins with a key and an equals sign.
fn is_assignment(line: &str) -> bool {
    let Some((key, _)) = line.split_once('=') else {
        return false;
    };
    let is_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ' ' | '\t');
    !key.trim().is_empty() && key.chars().all(is_key)
}

#[cfg(test)]
mod tests {
    use super::{Unclosed, statements};

    /// The text of what is not closed, with what follows it on its line, and its counterpart.
    fn unclosed(text: &str) -> Vec<(&str, &str)> {
        let found = statements(text).into_iter().filter_map(|one| one.unclosed);
        let shown = found.map(|Unclosed { open, close, .. }| {
            (text[open.start..].lines().next().unwrap_or_default(), close)
        });
        shown.collect()
    }

    #[test]
    fn what_is_not_closed_is_found_at_its_opening() {
        let cases: [(&str, &[(&str, &str)]); 14] = [
            ("a = [1\nb = [2]\n", &[("[1", "]")]),
            ("a = [1,\n  2,\nb = 2\nc = [3", &[("[1,", "]"), ("[3", "]")]),
            ("a = [\n  1,\n[b.c]\nd = 1", &[("[", "]")]),
            ("a = [[1, 2], [3]\n[b]\n", &[("[[1, 2], [3]", "]")]),
            ("a = { b = 1\nc = 2\n[d]\n", &[("{ b = 1", "}")]),
            ("a = { b = 1,\n  c = 2\nd = 2\n", &[("{ b = 1,", "}")]),
            ("a = { b = [1 }\nc = 1", &[("[1 }", "]")]),
            ("a = \"x\nb = 'y\n", &[("\"x", "\""), ("'y", "'")]),
            ("a = \"\"\"x\nb = 1", &[("\"\"\"x", "\"\"\"")]),
            ("[a.b\nc = 1\n[[d]\n", &[("[a.b", "]")]),
            ("a = [\"x\n]\n", &[("\"x", "\"")]),
            ("a = \"\\\"\nb = 1", &[("\"\\\"", "\"")]),
            ("", &[]),
            ("ä = [", &[("[", "]")]),
        ];
        for (text, expected) in cases {
            assert_eq!(unclosed(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_closed_is_not_found() {
        for text in [
            "a = [\n  [1, 2],\n  [\"x = 1\"], # [b\n  [true],\n]\nb = 1",
            "a = { b = 1,\n c = { d = [] } }\r\ne = \"[\"",
            "a = '''\n[b\n'''\nc = \"\\\\\"",
            "\"a.b\".c = 1 # \"\n[\"d\".'e']\n[[f]]\n",
        ] {
            assert_eq!(unclosed(text), [], "{text}");
        }
    }

    #[test]
    fn keys_have_their_places() {
        let text = "[a.\"b/c\"]\n d . e = 1\n";
        let found: Vec<_> = statements(text).into_iter().map(|one| one.keys).collect();
        let key = |name: &str, start, end| (name.to_owned(), start..end);
        assert_eq!(found[0], [key("a", 1, 2), key("b/c", 3, 8)]);
        assert_eq!(found[1], [key("d", 11, 12), key("e", 15, 16)]);
    }
}
