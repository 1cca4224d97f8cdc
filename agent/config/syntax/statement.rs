//! Errors in how a line is built.

use std::ops::Range;

use super::super::Problem;
use super::super::suggest::invisible;
use super::scan::{line_end, line_start};

/// The error of the line at `span`, if it is not about a value.
pub(super) fn explain(message: &str, span: &Range<usize>, text: &str) -> Option<Problem> {
    let start = line_start(text, span.start);
    let line = &text[start..line_end(text, span.start)];
    let behind = text.get(span.start..start + line.len()).unwrap_or_default();
    character(line, start, span.start)
        .or_else(|| comment(line, start))
        .or_else(|| unquoted_id(line, span))
        .or_else(|| colon(line, start))
        .or_else(|| shape(message, span, line, behind))
}

/// A character that cannot be seen, or looks like another one, at the place of an error or before.
fn character(line: &str, start: usize, at: usize) -> Option<Problem> {
    let before = outside_strings(line);
    let (place, c) = before.into_iter().find(|(_, c)| invisible(*c).is_some())?;
    let name = invisible(c)?;
    let place = start + place..start + place + c.len_utf8();
    if place.start > at {
        return None;
    }
    let article = if name.starts_with('i') { "an" } else { "a" };
    let title = format!("there is {article} {name} (U+{:04X}) here", u32::from(c));
    let instead = if name.contains("space") { " " } else { "" };
    let help = match instead {
        "" => "remove it",
        _ => "write a space in its place",
    };
    Some(Problem::new(title, place).help(help))
}

/// The characters of a line that are not in a string or a comment.
fn outside_strings(line: &str) -> Vec<(usize, char)> {
    let mut quote = None;
    let mut outside = Vec::new();
    for (at, c) in line.char_indices() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c == '#' => break,
            None if c == '"' || c == '\'' => quote = Some(c),
            None => outside.push((at, c)),
        }
    }
    outside
}

/// A comment in the form of another language.
fn comment(line: &str, start: usize) -> Option<Problem> {
    let trimmed = line.trim_start();
    let mark = ["//", "/*", ";", "--"]
        .into_iter()
        .find(|mark| trimmed.starts_with(mark))?;
    if trimmed.trim_end().chars().all(|c| c == '-') {
        return None;
    }
    let at = start + line.len() - trimmed.len();
    let problem = Problem::new("a comment begins with `#`", at..at + mark.len());
    Some(problem.replacement("#"))
}

/// An id with a slash and without quotes.
fn unquoted_id(line: &str, span: &Range<usize>) -> Option<Problem> {
    let written = line.trim();
    let is_header = written.starts_with('[');
    let key = if is_header {
        written
    } else {
        written.split('=').next()?.trim_end()
    };
    let is_part =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '/' | '.' | '[' | ']');
    if !key.contains('/') || !key.chars().all(is_part) || key.starts_with('/') {
        return None;
    }
    let bare = key.trim_matches(['[', ']']);
    let quoted = match bare.split_once('.') {
        Some((section, id)) => format!("{section}.\"{id}\""),
        None => format!("\"{bare}\""),
    };
    let quoted = if is_header {
        format!("[{quoted}]")
    } else {
        quoted
    };
    let title = "an id with a name needs quotes";
    Some(Problem::new(title, span.clone()).help(format!("write {quoted}")))
}

/// `key: value`.
fn colon(line: &str, start: usize) -> Option<Problem> {
    let (key, rest) = line.split_once(':')?;
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '"');
    let is_key = !key.trim().is_empty() && key.trim().chars().all(is_part);
    if !is_key || !(rest.is_empty() || rest.starts_with([' ', '\t'])) {
        return None;
    }
    let at = start + key.len();
    Some(Problem::new("a key and its value are joined by `=`", at..at + 1).replacement(" ="))
}

/// An error that the parser names well enough.
fn shape(message: &str, span: &Range<usize>, line: &str, behind: &str) -> Option<Problem> {
    let here = |title: &str| Problem::new(title, span.clone());
    let first = behind.chars().next();
    let length = first.map_or(0, char::len_utf8);
    let one = || span.start..span.start + length;
    let problem = match message.split(", expected").next()? {
        "key with no value" if line.contains('=') || behind.is_empty() => {
            here("this key has no value").help("write KEY = VALUE")
        }
        "key with no value" => here("there is no `=` between this key and its value"),
        "missing value" | "missing value for key" => here("this key has no value"),
        "extra `=`" => here("one `=` is enough"),
        "invalid key-value pair" => here("this is neither a header nor a key"),
        "unexpected key or value" => match first? {
            c @ (',' | ';') => {
                Problem::new(format!("a line does not end with `{c}`"), one()).help("remove it")
            }
            c @ (']' | '}' | ')') => {
                Problem::new(format!("this `{c}` closes nothing"), one()).help("remove it")
            }
            _ if line.trim_start().starts_with('[') => {
                here("the keys of a table follow on lines of their own")
            }
            _ => here("there is more on the line than one value")
                .help("put each key on a line of its own, and a text with spaces into quotes"),
        },
        "missing comma between array elements" => {
            here("there is no comma before this item of the list").label("add `,` before it")
        }
        "missing comma between key-value pairs" => {
            here("there is no comma before this key").label("add `,` before it")
        }
        "extra comma in array" | "extra comma in inline table" => here("one comma is enough"),
        "unexpected `=` in array" => {
            here("a list has no keys").help("a table is in braces: { key = value }")
        }
        _ => return None,
    };
    Some(problem)
}
