//! The documentation of tables and keys, as a part of a configuration file.

use tidegate_runtime::config::{Shape, paragraphs};

use crate::config::{QUEUE, old_name_ends};
use crate::verbs::common::catalog::{Entry, Flat, Inbox, flatten};

/// The widest line of a comment.
const WIDTH: usize = 98;

/// A table that can be appended to a configuration file: required keys have an example, and all
/// other keys are commented out and show their default or, without one, an example. A table that is
/// optional is commented out as a whole.
pub(super) fn table(entry: &Entry) -> String {
    let path = entry.path();
    let about: Vec<_> = paragraphs(entry.about)
        .iter()
        .map(|paragraph| comment(paragraph))
        .collect();
    let mark = if entry.is_optional { "#" } else { "" };
    let mut text = format!("{}\n{mark}[{path}]\n", about.join("\n#\n"));
    for flat in flatten(&path, entry.keys, |_| false) {
        let is_given = flat.is_required && !entry.is_optional;
        text.push_str(&key(&flat, is_given));
    }
    for flat in entry.inbox.iter().flat_map(inbox) {
        text.push_str(&key(&flat, false));
    }
    text
}

/// The keys of the inbox.
fn inbox(inbox: &Inbox) -> Vec<Flat> {
    let mut keys = flatten(QUEUE, inbox.keys, |_| false);
    for flat in &mut keys {
        if !flat.path.contains('.') {
            flat.default = inbox.default.get(flat.key.name).cloned();
        }
        flat.path = format!("{QUEUE}.{}", flat.path);
    }
    if let Some(first) = keys.first_mut() {
        first.tables.push("The inbox.");
    }
    keys
}

/// A key and all of its documentation, with that of the inner table that begins with it.
fn key(flat: &Flat, is_given: bool) -> String {
    let example = example(flat);
    let line = if is_given {
        example
    } else {
        format!("#{example}")
    };
    let tables = flat.tables.iter().flat_map(|text| paragraphs(text));
    let tables: String = tables
        .map(|paragraph| comment(&paragraph) + "\n#\n")
        .collect();
    let documentation = documentation(flat, paragraphs(flat.key.text), &line);
    format!("{tables}{documentation}\n{line}\n")
}

/// The key with an example or, if it has none, with its default.
pub(super) fn example(flat: &Flat) -> String {
    let sample = flat.key.sample.map(str::to_owned);
    let value = sample.or_else(|| flat.default.as_ref().map(ToString::to_string));
    format!("{} = {}", flat.path, value.unwrap_or_default())
}

/// The documentation of a key as comment lines, above the line that gives it a value: `text`, with
/// the default if the line does not show it, the choices, and the history.
pub(super) fn documentation(flat: &Flat, mut text: Vec<String>, line: &str) -> String {
    if let Some(first) = text.first_mut() {
        let default = default(flat, first, line);
        first.push_str(&default);
    }
    let mut lines: Vec<_> = text.iter().map(|paragraph| comment(paragraph)).collect();
    lines.extend(items(&(flat.key.shape)()));
    if let Some(old) = flat.key.renamed_from {
        let end = old_name_ends(flat.key.since);
        lines.push(comment(&format!(
            "Formerly `{old}`, which is accepted until {end}."
        )));
    }
    lines.join("\n")
}

/// The choices of a value, or the keys of the tables in a list, as items.
fn items(shape: &Shape) -> Vec<String> {
    let of = |name: &str, text: &str| item(&format!("{name}: {}", paragraphs(text).join(" ")));
    match shape {
        Shape::Choice(choices) => {
            let choices = choices.iter();
            choices
                .map(|choice| of(&format!("\"{}\"", choice.name), choice.text))
                .collect()
        }
        Shape::List(inner) => match &**inner {
            Shape::Table(keys) => keys.iter().map(|key| of(key.name, key.text)).collect(),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// The sentence about the default of a key, unless `text` or the line has it.
fn default(flat: &Flat, text: &str, line: &str) -> String {
    match &flat.default {
        Some(default) if line.ends_with(&format!("{} = {default}", flat.path)) => String::new(),
        Some(default) => format!(" Default: {default}."),
        None if flat.key.is_required => match flat.path.rsplit_once('.') {
            Some((table, _)) => format!(" Required with `{table}`."),
            None => " Required.".to_owned(),
        },
        None if text.contains("Default:") => String::new(),
        None => " No default.".to_owned(),
    }
}

/// Wraps a paragraph into comment lines.
pub(super) fn comment(paragraph: &str) -> String {
    wrapped("#", "#", paragraph)
}

/// Wraps an item of a list into comment lines.
fn item(text: &str) -> String {
    wrapped("# -", "#  ", text)
}

fn wrapped(first: &str, others: &str, text: &str) -> String {
    let mut lines = vec![first.to_owned()];
    for word in text.split_whitespace() {
        if lines[lines.len() - 1].len() + 1 + word.len() > WIDTH {
            lines.push(others.to_owned());
        }
        let last = lines.len() - 1;
        lines[last] = format!("{} {word}", lines[last]);
    }
    lines.join("\n")
}
