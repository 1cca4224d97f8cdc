//! Deserializes values of the spanned tree and collects all errors: unknown keys first, then those
//! of the type, one by one.

use std::ops::Range;

use tidegate_runtime::config::HELP;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue, ValueDeserializer};

use super::suggest::did_you_mean;
use super::{Problem, Problems};

/// The number of errors in one value after which it is given up: to find another one, all of the
/// value is read again.
const MAX_ERRORS: usize = 100;

/// A value and its place in the file.
pub(crate) type Value<'i> = Spanned<DeValue<'i>>;

/// The table that `value` is; otherwise reports an error.
pub(crate) fn table<'i>(
    value: Value<'i>,
    what: &str,
    problems: &mut Problems,
) -> Option<DeTable<'i>> {
    let span = value.span();
    match value.into_inner() {
        DeValue::Table(table) => Some(table),
        other => {
            let found = other.type_str();
            let label = format!("this is of type {found}");
            problems.push(Problem::new(format!("`{what}` must be a table"), span).label(label));
            None
        }
    }
}

/// Removes unknown keys from `table` and reports them.
pub(crate) fn refuse_unknown(
    table: &mut DeTable<'_>,
    known: &[&str],
    what: &str,
    problems: &mut Problems,
) {
    let unknown = table
        .keys()
        .filter(|key| !known.contains(&key.get_ref().as_ref()));
    let unknown: Vec<_> = unknown
        .map(|key| (key.get_ref().to_string(), key.span()))
        .collect();
    for (name, span) in unknown {
        table.remove(name.as_str());
        problems.push(unknown_key(&name, span, what, known));
    }
}

/// `what` is the table; empty for the file.
fn unknown_key(name: &str, span: Range<usize>, what: &str, known: &[&str]) -> Problem {
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

/// Reads a value as a type. After an error, its key is removed and the rest is read again, so that all
/// errors are reported, up to [`MAX_ERRORS`]. The result is `None` if there was an error.
pub(crate) fn read<'i, T>(
    value: Value<'i>,
    what: &str,
    parse: impl Fn(ValueDeserializer<'i>) -> Result<T, toml::de::Error>,
    problems: &mut Problems,
) -> Option<T> {
    let (read, is_whole) = read_good_parts(value, what, parse, problems)?;
    is_whole.then_some(read)
}

/// As [`read`], but returns the value of the keys without errors, and whether there was none.
pub(crate) fn read_good_parts<'i, T>(
    mut value: Value<'i>,
    what: &str,
    parse: impl Fn(ValueDeserializer<'i>) -> Result<T, toml::de::Error>,
    problems: &mut Problems,
) -> Option<(T, bool)> {
    let mut removed: Vec<Path> = Vec::new();
    loop {
        let error = match parse(ValueDeserializer::from(value.clone())) {
            Ok(read) => return Some((read, removed.is_empty())),
            Err(error) => error,
        };
        let missing = between_ticks(error.message(), "missing field `");
        if missing.is_some_and(|key| {
            removed
                .iter()
                .any(|path| path.last().is_some_and(|last| last == key))
        }) {
            return None;
        }
        let span = error.span().unwrap_or_else(|| value.span());
        let path = remove(&mut value, &span);
        problems.push(explain(
            error.message(),
            span,
            &dotted(what, path.as_deref().unwrap_or_default()),
        ));
        removed.push(path?);
        if removed.len() == MAX_ERRORS {
            return None;
        }
    }
}

/// Keys from the outside in.
type Path = Vec<String>;

fn dotted(what: &str, path: &[String]) -> String {
    path.iter().fold(what.to_owned(), |all, key| {
        if all.is_empty() {
            key.clone()
        } else {
            format!("{all}.{key}")
        }
    })
}

/// Removes the value at `span` and returns its path.
fn remove(value: &mut Value<'_>, span: &Range<usize>) -> Option<Path> {
    match value.get_mut() {
        DeValue::Table(table) => remove_key(table, span),
        DeValue::Array(items) => remove_item(items, span),
        _ => None,
    }
}

fn remove_key(table: &mut DeTable<'_>, span: &Range<usize>) -> Option<Path> {
    for (key, value) in table.iter_mut() {
        if let Some(mut path) = remove(value, span) {
            path.insert(0, key.get_ref().to_string());
            return Some(path);
        }
    }
    let here = table
        .iter()
        .find(|(key, value)| key.span() == *span || value.span() == *span);
    let key = here.map(|(key, _)| key.get_ref().to_string())?;
    table.remove(key.as_str());
    Some(vec![key])
}

fn remove_item(items: &mut DeArray<'_>, span: &Range<usize>) -> Option<Path> {
    if let Some(path) = items.iter_mut().find_map(|item| remove(item, span)) {
        return Some(path);
    }
    let at = items.iter().position(|item| item.span() == *span)?;
    let mut kept = DeArray::new();
    items
        .iter()
        .enumerate()
        .filter(|(i, _)| *i != at)
        .for_each(|(_, item)| kept.push(item.clone()));
    *items = kept;
    Some(Vec::new())
}

/// Turns an error of serde into a problem. `path` is the path of the value.
fn explain(message: &str, span: Range<usize>, path: &str) -> Problem {
    let (message, help) = match message.split_once(HELP) {
        Some((message, help)) => (message, Some(help.to_owned())),
        None => (message, None),
    };
    let (statement, expected) = message.split_once(", expected ").unwrap_or((message, ""));
    let candidates: Vec<_> = expected.split('`').skip(1).step_by(2).collect();
    if let Some(key) = between_ticks(message, "unknown field `") {
        let table = path
            .strip_suffix(key)
            .map_or(path, |table| table.trim_end_matches('.'));
        return unknown_key(key, span, table, &candidates);
    }
    if let Some(key) = between_ticks(message, "missing field `") {
        return Problem::new(format!("`{path}` requires the key `{key}`"), span);
    }
    if let Some(value) = between_ticks(message, "unknown variant `") {
        let problem = Problem::new(format!("unknown value `{value}` in `{path}`"), span);
        let values = format!("it can be {}", quoted(&candidates, "or"));
        return problem
            .note(values)
            .maybe_help(did_you_mean(value, candidates.iter().copied()));
    }
    if expected.starts_with("struct ") {
        return Problem::new(format!("`{path}` must be a table"), span);
    }
    let problem = Problem::new(format!("wrong value in `{path}`: {statement}"), span);
    let problem = problem.maybe_help(help);
    if expected.is_empty() {
        problem
    } else {
        problem.label(format!("expected {}", without_type_names(expected)))
    }
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
        _ => expected,
    }
}

fn between_ticks<'m>(message: &'m str, prefix: &str) -> Option<&'m str> {
    message.strip_prefix(prefix)?.split('`').next()
}

/// Joins names as in "`a`, `b` and `c`".
pub(crate) fn quoted(names: &[&str], conjunction: &str) -> String {
    let ticked: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    match ticked.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} {conjunction} {last}", rest.join(", ")),
        None => String::new(),
    }
}
