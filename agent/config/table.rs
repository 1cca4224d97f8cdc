//! Deserializes values of the spanned tree and collects all errors: unknown keys first, then those
//! of the type, one by one.

use std::borrow::Cow;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue, ValueDeserializer};

use super::component::header;
use super::explain::{explain, meant_key, missing_key, unknown_key};
use super::suggest::nearest;
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
            let problem = Problem::new(format!("`{what}` must be a table"), span);
            let label = format!("this is {}", described(&other));
            problems.push(
                problem
                    .label(label)
                    .help(format!("write [{}]", example(what))),
            );
            None
        }
    }
}

/// The header of a table at a path or, where tables are named by their keys, below it.
fn example(path: &str) -> String {
    match path.split_once('.') {
        None if path != "service" => format!("{path}.KIND"),
        Some(("service", "pipelines")) => format!("{path}.NAME"),
        Some((section, id)) if section != "service" => header(&[section, id]),
        _ => path.to_owned(),
    }
}

/// What a value is, with its article.
fn described(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "`true` or `false`",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// Removes unknown keys from `table` and reports them. The value of a misspelt key is taken for that
/// of the key that is meant.
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
        problems.push(unknown_key(&name, span, what, known));
        respell(table, &name, nearest(&name, known.iter().copied()));
    }
}

/// Removes a key. Its value becomes that of the key that is `meant`, unless that is given.
fn respell(table: &mut DeTable<'_>, name: &str, meant: Option<&str>) {
    let Some((key, value)) = table.remove_entry(name) else {
        return;
    };
    if let Some(meant) = meant.filter(|meant| !table.contains_key(*meant)) {
        let meant = Cow::Owned(meant.to_owned());
        table.insert(Spanned::new(key.span(), meant), value);
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
    let mut removed: Vec<Removed> = Vec::new();
    loop {
        let error = match parse(ValueDeserializer::from(value.clone())) {
            Ok(read) => return Some((read, removed.is_empty())),
            Err(error) => error,
        };
        let span = error.span().unwrap_or_else(|| value.span());
        let now = remove(&mut value, &span, meant_key(error.message()));
        let missing = missing_key(error.message());
        if missing.is_some_and(|key| removed.iter().any(|one| one.is_key_of(key, &span))) {
            // Its error is known, and so the table cannot be read. The others beside it can.
            removed.push(now?);
            continue;
        }
        let is_substituted = problems.is_substituted(&span);
        let path = now.as_ref().map_or(&[][..], |now| &now.path);
        let dotted = dotted(what, path);
        let problem = explain(error.message(), span, &dotted);
        let is_string = error.message().starts_with("invalid type: string");
        problems.push(if is_substituted && is_string {
            problem.help("a variable is always a string, which this key does not take")
        } else {
            problem
        });
        removed.push(now?);
        if removed.len() == MAX_ERRORS {
            return None;
        }
    }
}

/// A value that was removed because of an error.
struct Removed {
    /// Its keys, from the outside in.
    path: Vec<String>,
    /// The place of the table or the list that it was in.
    parent: Range<usize>,
}

impl Removed {
    /// Whether it was the value of this key, in the table at this place.
    fn is_key_of(&self, key: &str, table: &Range<usize>) -> bool {
        self.parent == *table && self.path.last().is_some_and(|last| last == key)
    }
}

fn dotted(what: &str, path: &[String]) -> String {
    path.iter().fold(what.to_owned(), |all, key| {
        if all.is_empty() {
            key.clone()
        } else {
            format!("{all}.{key}")
        }
    })
}

/// Removes the value at `span`. If its key is a misspelt one, the value becomes that of the key that is
/// `meant`.
fn remove(value: &mut Value<'_>, span: &Range<usize>, meant: Option<&str>) -> Option<Removed> {
    let parent = value.span();
    match value.get_mut() {
        DeValue::Table(table) => remove_key(table, parent, span, meant),
        DeValue::Array(items) => remove_item(items, parent, span, meant),
        _ => None,
    }
}

fn remove_key(
    table: &mut DeTable<'_>,
    parent: Range<usize>,
    span: &Range<usize>,
    meant: Option<&str>,
) -> Option<Removed> {
    for (key, value) in table.iter_mut() {
        if let Some(mut removed) = remove(value, span, meant) {
            removed.path.insert(0, key.get_ref().to_string());
            return Some(removed);
        }
    }
    let here = table
        .iter()
        .find(|(key, value)| key.span() == *span || value.span() == *span);
    let key = here.map(|(key, _)| key.get_ref().to_string())?;
    respell(table, &key, meant);
    let path = vec![key];
    Some(Removed { path, parent })
}

fn remove_item(
    items: &mut DeArray<'_>,
    parent: Range<usize>,
    span: &Range<usize>,
    meant: Option<&str>,
) -> Option<Removed> {
    if let Some(removed) = items.iter_mut().find_map(|item| remove(item, span, meant)) {
        return Some(removed);
    }
    let at = items.iter().position(|item| item.span() == *span)?;
    let mut kept = DeArray::new();
    items
        .iter()
        .enumerate()
        .filter(|(i, _)| *i != at)
        .for_each(|(_, item)| kept.push(item.clone()));
    *items = kept;
    let path = Vec::new();
    Some(Removed { path, parent })
}
