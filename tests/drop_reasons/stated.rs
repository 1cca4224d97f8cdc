//! The reasons in the sources: string constants of the stage crates, and the labels of decoders'
//! errors.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::declared;

/// String constants that are not reasons, besides those that a kind declares for other outcomes.
const OTHER_CONSTANTS: [(&str, &str); 14] = [
    ("absent", "a cause of a failed request"),
    ("authorization", "a header"),
    ("default", "a cluster's name"),
    ("hubble_ring_buffer", "a source of lost events"),
    ("observer_events_queue", "a source of lost events"),
    ("perf_event_ring_buffer", "a source of lost events"),
    ("otherwise", "a rule of a filter"),
    ("perf_ring", "a source of lost events"),
    ("tidegate", "a name"),
    ("tidegate_exporter_bytes_total", "a metric"),
    ("tidegate_receiver_bytes_total", "a metric"),
    ("tidegate_requests_total", "a metric"),
    ("traffic_direction", "a label"),
    ("unknown", "the value of a label"),
];
const CRATES: [&str; 6] = [
    "core/model",
    "core/runtime",
    "wire",
    "receivers",
    "processors",
    "exporters",
];

pub(super) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Each reason with the name of its constant, if it has one.
pub(super) fn reasons() -> BTreeMap<String, Option<String>> {
    let mut reasons = BTreeMap::new();
    let others = declared::others();
    let is_other = |word: &str| {
        others.contains(word) || OTHER_CONSTANTS.iter().any(|(other, _)| *other == word)
    };
    for text in texts() {
        let constants = text.lines().filter_map(constant);
        let constants = constants.filter(|(word, _)| !is_other(word));
        reasons.extend(constants.map(|(word, name)| (word.to_owned(), Some(name.to_owned()))));
        reasons.extend(labels(&text).map(|word| (word.to_owned(), None)));
    }
    reasons
}

/// Lines that use a reason as a literal instead of a constant.
pub(super) fn literals() -> Vec<String> {
    let is_literal = |line: &&str| {
        let calls = ["Dropped(\"", "dropped(\"", "drop_all(\"", "Err(\""].into_iter();
        let mut arguments = calls.filter_map(|call| line.split_once(call)?.1.split_once('"'));
        arguments.any(|(literal, _)| is_word(literal))
    };
    texts()
        .iter()
        .flat_map(|text| text.lines())
        .filter(is_literal)
        .map(str::to_owned)
        .collect()
}

/// Parses `const NAME: &str = "word";` with any visibility, as word and name.
fn constant(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once("const ")?.1.split_once(": &str = \"")?;
    let word = value.strip_suffix("\";")?;
    is_word(word).then_some((word, name))
}

/// The labels of decoders' errors.
fn labels(text: &str) -> impl Iterator<Item = &str> {
    let lists = text.split("\nlabels! {").skip(1);
    let bodies = lists.map(|rest| &rest[..rest.find("\n}\n").unwrap()]);
    bodies
        .flat_map(|body| body.split('"').skip(1).step_by(2))
        .filter(|word| is_word(word))
}

fn is_word(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// The production sources.
fn texts() -> Vec<String> {
    let files = CRATES
        .iter()
        .flat_map(|name| files(&root().join(name).join("src")));
    let read = |path: PathBuf| {
        let text = fs::read_to_string(path).unwrap();
        let end = text.find("#[cfg(test)]\nmod ").unwrap_or(text.len());
        text[..end].to_owned()
    };
    files.map(read).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let below = |path: PathBuf| {
        if path.is_dir() {
            files(&path)
        } else {
            vec![path]
        }
    };
    let is_rust = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "rs");
    entries
        .flat_map(below)
        .filter(|path| is_rust(path) && !path.ends_with("tests.rs"))
        .collect()
}
