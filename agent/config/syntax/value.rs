//! Errors in a value.

use std::net::SocketAddr;
use std::ops::Range;

use super::super::Problem;
use super::super::secrets::is_secret;
use super::scan::{line_end, line_start};

/// The straight quote in place of a typographic one.
pub(super) fn straight(c: char) -> Option<char> {
    match c {
        '\u{201c}'..='\u{201f}' | '\u{ab}' | '\u{bb}' | '\u{2033}' | '\u{ff02}' => Some('"'),
        '\u{2018}'..='\u{201b}' | '\u{2032}' | '\u{2039}' | '\u{203a}' | '`' | '\u{b4}' => {
            Some('\'')
        }
        _ => None,
    }
}

/// The error of the value at `span`, and the part of the text of which it says all.
pub(super) fn explain(
    message: &str,
    span: &Range<usize>,
    text: &str,
) -> Option<(Problem, Range<usize>)> {
    let kind = message.split(", expected").next().unwrap_or(message);
    if is_string(kind) {
        return Some(in_string(kind, span, text));
    }
    if !is_scalar(kind) {
        return None;
    }
    let value = extent(span.start, text);
    let written = &text[value.clone()];
    if written.is_empty() || written.starts_with('#') {
        return Some(without_value(span, text));
    }
    let problem = unquoted(written, value.clone());
    Some((problem, value))
}

/// The error of a key without a value, after which a list as in YAML may follow.
fn without_value(span: &Range<usize>, text: &str) -> (Problem, Range<usize>) {
    let start = line_start(text, span.start);
    let key = text[start..span.start]
        .split('=')
        .next()
        .unwrap_or_default();
    let key = key.trim();
    let mut end = line_end(text, span.start);
    let mut items = Vec::new();
    for line in text.get(end + 1..).unwrap_or_default().split('\n') {
        let Some(item) = line.trim().strip_prefix("- ") else {
            break;
        };
        items.push(item.trim_matches(['"', '\'']));
        end += 1 + line.len();
    }
    let problem = Problem::new(format!("the key `{key}` has no value"), span.clone());
    let problem = match items.as_slice() {
        [] => problem,
        _ if is_secret(key) => problem.help("a list is in brackets"),
        items => problem.help(format!("a list is in brackets: {key} = {items:?}")),
    };
    (problem, start..end)
}

fn is_string(kind: &str) -> bool {
    ["basic string", "literal string", "unicode", "escape"]
        .into_iter()
        .any(|part| kind.contains(part))
}

/// Whether it is about a word without quotes, which the parser takes for a number, a date or a word.
fn is_scalar(kind: &str) -> bool {
    let words = [
        "string values must be quoted",
        "missing opening quote",
        "invalid boolean",
        "leading zero",
        "unexpected sign",
        "redundant",
        "radix",
        "`_` may only go between digits",
        "invalid float",
        "invalid integer",
        "invalid decimal",
        "invalid hexadecimal",
        "invalid octal",
        "invalid binary",
        "datetime",
        "date",
        "time",
    ];
    words.into_iter().any(|word| kind.contains(word))
}

/// The place of the value without quotes around `at`: up to what ends it in a list or a table, or the
/// end of the line.
fn extent(at: usize, text: &str) -> Range<usize> {
    let first = line_start(text, at);
    let line = &text[first..line_end(text, at)];
    let before = &line[..at - first];
    let is_nested = before
        .split_once('=')
        .is_some_and(|(_, value)| value.contains(['[', '{']))
        || !line.contains('=');
    let assigned = line.split_once('=').map(|(_, value)| value.trim());
    if let Some(address) = assigned.filter(|value| value.parse::<SocketAddr>().is_ok()) {
        let end = first + line.trim_end().len();
        return end - address.len()..end;
    }
    let begin = before.rfind(['=', '[', '{', ',']).map_or(0, |at| at + 1);
    let begin = begin + line[begin..].len() - line[begin..].trim_start().len();
    let rest = &line[begin..];
    let rest = if rest.starts_with("${") {
        &rest[..rest.find('}').map_or(rest.len(), |at| at + 1)]
    } else if is_nested {
        rest.split([',', ']', '}', '#']).next().unwrap_or(rest)
    } else {
        rest.split(" #").next().unwrap_or(rest)
    };
    first + begin..first + begin + rest.trim_end().len()
}

/// The error of a word without quotes.
fn unquoted(written: &str, value: Range<usize>) -> Problem {
    if let Some(quote) = written.chars().find(|c| straight(*c).is_some()) {
        let title =
            format!("`{quote}` is a typographic quote, which does not begin or end a string");
        let plain: String = written.chars().map(|c| straight(c).unwrap_or(c)).collect();
        return Problem::new(title, value).replacement(balanced(&plain));
    }
    if written.starts_with("${") {
        return Problem::new("variables are replaced in strings only", value)
            .replacement(format!("{written:?}"));
    }
    if let Some(inner) = written.strip_prefix('(') {
        let list = format!("[{}]", inner.trim_end_matches(')'));
        return Problem::new("a list is in brackets", value).replacement(list);
    }
    let boolean = match written.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" => Some("true"),
        "false" | "no" | "off" => Some("false"),
        "null" | "nil" | "none" | "~" => {
            return Problem::new("TOML has no empty value", value).help("leave out the key");
        }
        _ => None,
    };
    if let Some(boolean) = boolean {
        return Problem::new(format!("`{written}` is not a value of TOML"), value)
            .replacement(boolean);
    }
    let digits = written.trim_start_matches('0');
    if digits.len() < written.len()
        && !digits.is_empty()
        && digits.bytes().all(|b| b.is_ascii_digit())
    {
        return Problem::new("a number does not begin with 0", value).replacement(digits);
    }
    let digits = written.trim_end_matches(['k', 'K', 'm', 'M', 'g', 'G']);
    if digits.len() + 1 == written.len() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let help = format!("write a number with its zeros, or a size as in \"{digits}MiB\"");
        return Problem::new(format!("`{written}` is not a number"), value).help(help);
    }
    Problem::new("a text needs quotes", value).replacement(format!("{written:?}"))
}

/// A text in quotes that are the same at both ends.
fn balanced(text: &str) -> String {
    let inner = text.trim_matches(['"', '\'']);
    if inner.contains(['"', '\'']) {
        return text.to_owned();
    }
    format!("\"{inner}\"")
}

/// An error within a string.
fn in_string(kind: &str, span: &Range<usize>, text: &str) -> (Problem, Range<usize>) {
    let start = line_start(text, span.start);
    let end = line_end(text, span.start);
    let before = &text[start..span.start.min(end)];
    let escape = before.rfind('\\').map(|at| start + at);
    let is_escape = kind.contains("escape") || kind.contains("unicode");
    let problem = match escape.filter(|_| is_escape) {
        Some(at) => {
            let after = text[at + 1..].chars().next().map_or(0, char::len_utf8);
            let place = at..(at + 1 + after).min(end);
            let title = format!("`{}` is no escape sequence", &text[place.clone()]);
            Problem::new(title, place)
                .help("write two backslashes for one, or the text between single quotes")
        }
        None => Problem::new(format!("a string cannot hold this: {kind}"), span.clone()),
    };
    (problem, start..end)
}
