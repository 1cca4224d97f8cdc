//! The documentation of keys as comments of a TOML file.

use tidegate_runtime::config::{Key, Shape, paragraphs};

use crate::config::old_name_ends;
use crate::verbs::common::catalog::Flat;

/// The widest line of a comment.
const WIDTH: usize = 98;

/// A key with its documentation above it, as it could be in a file.
pub(super) fn key_with_comment(flat: &Flat) -> String {
    let comment = documentation(&flat.key, &paragraphs(flat.key.text));
    let value = match &flat.default {
        Some(value) => value.to_string(),
        None => "...  # no default".to_owned(),
    };
    format!("{comment}\n{} = {value}\n", flat.path)
}

/// The documentation of a key as comment lines: `text`, its choices, and its history.
pub(super) fn documentation(key: &Key, text: &[String]) -> String {
    let mut lines: Vec<_> = text.iter().map(|paragraph| comment(paragraph)).collect();
    if let Shape::Choice(choices) = (key.shape)() {
        lines.extend(choices.iter().map(|choice| {
            let text = paragraphs(choice.text).join(" ");
            item(&format!("\"{}\": {text}", choice.name))
        }));
    }
    if let Some(old) = key.renamed_from {
        let end = old_name_ends(key.since);
        lines.push(comment(&format!(
            "Formerly `{old}`, which is accepted until {end}."
        )));
    }
    lines.join("\n")
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
