//! What serde reports about a value, in the terms of the file.

use std::ops::Range;

use tidegate_runtime::config::HELP;

use super::Problem;
use super::suggest::{did_you_mean, nearest};

/// Turns an error of serde into a problem. `path` is the path of the value.
pub(super) fn explain(message: &str, span: Range<usize>, path: &str) -> Problem {
    let (message, help) = match message.split_once(HELP) {
        Some((message, help)) => (message, Some(help.to_owned())),
        None => (message, None),
    };
    let (statement, expected) = message.split_once(", expected ").unwrap_or((message, ""));
    let candidates: Vec<_> = expected.split('`').skip(1).step_by(2).collect();
    if let Some(key) = between_ticks(message, "unknown field `") {
        let table = path.strip_suffix(key);
        let table = table.map_or(path, |table| table.trim_end_matches('.'));
        return unknown_key(key, span, table, &candidates);
    }
    if let Some(key) = missing_key(message) {
        return Problem::new(format!("`{path}` requires the key `{key}`"), span);
    }
    if let Some(value) = between_ticks(message, "unknown variant `") {
        return unknown_value(value, span, path, &candidates);
    }
    let expected = without_type_names(expected);
    if let Some(what) = ["a table", "a list"].iter().find(|what| **what == expected) {
        return wrong_shape(statement, what, span, path);
    }
    let help = help.or_else(|| retyped(statement, expected));
    let problem = Problem::new(
        format!("wrong value in `{path}`: {}", plain(statement)),
        span,
    );
    let problem = problem.maybe_help(help.or_else(|| variable(statement)));
    if expected.starts_with("one of `") {
        let values = format!("it can be {}", quoted(&candidates, "or"));
        return problem.label("expected a string").note(values);
    }
    if expected.is_empty() {
        problem
    } else {
        problem.label(format!("expected {expected}"))
    }
}

/// `what` is the table; empty for the file.
pub(super) fn unknown_key(name: &str, span: Range<usize>, what: &str, known: &[&str]) -> Problem {
    let place = if what.is_empty() {
        String::new()
    } else {
        format!(" in `{what}`")
    };
    let problem = Problem::new(format!("unknown key `{name}`{place}"), span);
    match did_you_mean(name, known.iter().copied()) {
        Some(help) => problem.help(help),
        None if known.is_empty() => problem.note("there are no keys here"),
        None => problem.note(format!("the keys here are {}", quoted(known, "and"))),
    }
}

/// The key that is missing, if that is the error.
pub(super) fn missing_key(message: &str) -> Option<&str> {
    between_ticks(message, "missing field `")
}

/// The key that is probably meant by an unknown one, if that is the error.
pub(super) fn meant_key(message: &str) -> Option<&str> {
    let unknown = between_ticks(message, "unknown field `")?;
    nearest(unknown, message.split('`').skip(3).step_by(2))
}

/// The error of a value that is not among the `candidates`.
fn unknown_value(value: &str, span: Range<usize>, path: &str, candidates: &[&str]) -> Problem {
    let help = did_you_mean(value, candidates.iter().copied());
    Problem::new(format!("unknown value `{value}` in `{path}`"), span)
        .note(format!("it can be {}", quoted(candidates, "or")))
        .maybe_help(help.or_else(|| variable(&format!("\"{value}\""))))
}

/// The error of something else than a table or a list.
fn wrong_shape(statement: &str, what: &str, span: Range<usize>, path: &str) -> Problem {
    if what == "a list" {
        let text = statement.strip_prefix("invalid type: string \"");
        if let Some(text) = text.and_then(|text| text.strip_suffix('"')) {
            return not_a_list(path, text, span);
        }
    }
    let problem = Problem::new(format!("`{path}` must be {what}"), span);
    match found(statement) {
        Some(found) => problem.label(format!("this is {found}")),
        None => problem,
    }
}

/// The error of a string in place of a list.
pub(super) fn not_a_list(path: &str, text: &str, span: Range<usize>) -> Problem {
    Problem::new(format!("`{path}` must be a list"), span)
        .label("this is a string")
        .help(format!("write {:?}", ids(text)))
}

/// The ids in a text that should be a list of them; the text itself if it is something else.
pub(super) fn ids(text: &str) -> Vec<&str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '/' | '.');
    let parts: Vec<_> = text.split(',').map(str::trim).collect();
    if !parts.iter().all(|part| part.chars().all(is_part)) {
        return vec![text];
    }
    parts.into_iter().filter(|part| !part.is_empty()).collect()
}

/// What serde found, in an error about the type of a value.
fn found(statement: &str) -> Option<&'static str> {
    let kinds = [
        ("string", "a string"),
        ("integer", "a number"),
        ("floating point", "a number"),
        ("boolean", "`true` or `false`"),
        ("sequence", "a list"),
        ("map", "a table"),
    ];
    let found = statement.strip_prefix("invalid type: ")?;
    let kind = kinds.into_iter().find(|(name, _)| found.starts_with(name));
    kind.map(|(_, article)| article)
}

/// What a value is, in the words of serde, in the terms of TOML.
fn plain(statement: &str) -> String {
    let named = |prefix: &str| statement.strip_prefix(prefix);
    if let Some(value) = named("invalid value: string ") {
        return value.to_owned();
    }
    if let Some(value) = named("invalid type: string ") {
        return format!("the string {value}");
    }
    for prefix in ["invalid type: ", "invalid value: "] {
        for kind in ["integer `", "floating point `", "boolean `"] {
            let value = named(prefix).and_then(|rest| rest.strip_prefix(kind));
            if let Some(value) = value.and_then(|value| value.split('`').next()) {
                return value.to_owned();
            }
        }
    }
    match found(statement) {
        Some(found) => found.to_owned(),
        None => statement.to_owned(),
    }
}

/// What to write in place of a value in quotes that should have none, or the other way round.
fn retyped(statement: &str, expected: &str) -> Option<String> {
    let text = statement.strip_prefix("invalid type: string \"")?;
    let text = text.strip_suffix('"')?;
    let wants_number = expected.contains("number");
    let is_number = wants_number && text.parse::<f64>().is_ok();
    let is_boolean = expected == "`true` or `false`" && matches!(text, "true" | "false");
    (is_number || is_boolean).then(|| format!("write it without quotes: {text}"))
}

/// Replaces Rust's names of types.
fn without_type_names(expected: &str) -> &str {
    match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number from 0 up",
        "a nonzero u16" | "a nonzero u32" | "a nonzero u64" | "a nonzero usize" => {
            "a whole number from 1 up"
        }
        "i32" | "i64" => "a whole number",
        "f32" | "f64" => "a number",
        "a boolean" => "`true` or `false`",
        "a map" => "a table",
        "a sequence" => "a list",
        _ if expected.starts_with("struct ") => "a table",
        _ => expected,
    }
}

fn between_ticks<'m>(message: &'m str, prefix: &str) -> Option<&'m str> {
    message.strip_prefix(prefix)?.split('`').next()
}

/// How to write a variable that a string has in the form of a shell.
fn variable(statement: &str) -> Option<String> {
    let (_, text) = statement.split_once("\"$")?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let name: String = text.chars().take_while(|c| is_name(*c)).collect();
    (!name.is_empty()).then(|| format!("a variable is written `${{env:{name}}}`"))
}

/// Joins names as in "`a`, `b` and `c`".
pub(super) fn quoted(names: &[&str], conjunction: &str) -> String {
    let ticked: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    match ticked.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} {conjunction} {last}", rest.join(", ")),
        None => String::new(),
    }
}
