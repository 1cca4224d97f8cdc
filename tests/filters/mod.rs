//! Filters, compared with the answers of the real `hubble observe --input-file` to the same words.
//!
//! `tests/conformance/filters/lists` has the words, a list a line; `tests/golden/filters/answers` has
//! Hubble's answer to each, as `tests/conformance/filters/run` writes them; and
//! `tests/conformance/filters/expected-differences` the lists that tidegate answers otherwise, with the
//! reasons. The flows are those of [`flows`]; with `FILTER_FLOWS=FILE` they are written as JSON.

mod flows;

use std::fmt::Write as _;
use std::fs;
use std::sync::LazyLock;

use sha2::{Digest, Sha256};
use tidegate_filter::{Context, Filters, FlowFilter, Matcher};
use tidegate_model::Record;

use crate::recordings::chain::NODE;

const LISTS: &str = include_str!("../conformance/filters/lists");
const DIFFERENCES: &str = include_str!("../conformance/filters/expected-differences");
const ANSWERS: &str = include_str!("../golden/filters/answers");

static FLOWS: LazyLock<Vec<Record>> = LazyLock::new(flows::all);

/// The lines that are no comments.
fn content(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// The matcher of a list of words, or what is wrong with it.
fn matcher(list: &str) -> Result<Matcher, String> {
    let filters = Filters::from_line(list).map_err(|error| error.to_string())?;
    filters.compile().map_err(|error| error.to_string())
}

/// The number of flows that pass, and a hash of their positions, from 1.
fn answer(matcher: &Matcher) -> String {
    let context = Context::new(NODE);
    let mut count = 0;
    let mut positions = String::new();
    for (at, record) in FLOWS.iter().enumerate() {
        if matcher.matches(record, &[], &context) {
            count += 1;
            writeln!(positions, "{}", at + 1).unwrap();
        }
    }
    let hash = Sha256::digest(positions);
    let mut text = format!("{count} ");
    for byte in &hash[..8] {
        write!(text, "{byte:02x}").unwrap();
    }
    text
}

/// How two answers to a list differ.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Difference {
    /// Both refuse the list; our message does not begin with Hubble's.
    Words,
    /// Only one refuses it, or other flows are selected.
    Flows,
}

/// Compares our answer to a list with Hubble's. Returns both if they differ.
fn difference(list: &str, theirs: &str) -> Option<(Difference, String)> {
    let message: Option<String> = theirs
        .strip_prefix("error ")
        .map(|quoted| serde_json::from_str(quoted).unwrap());
    let (kind, ours) = match (matcher(list), message) {
        (Err(ours), Some(theirs)) => {
            if reason(&ours).starts_with(reason(&theirs)) {
                return None;
            }
            (Difference::Words, ours)
        }
        (Err(ours), None) => (Difference::Flows, ours),
        (Ok(matcher), _) => (Difference::Flows, answer(&matcher)),
    };
    let text = format!("{list}\n  tidegate: {ours}\n  Hubble:   {theirs}");
    (ours != theirs).then_some((kind, text))
}

/// A message without the flag and the value that it is about.
fn reason(message: &str) -> &str {
    let behind = message
        .strip_prefix("invalid argument ")
        .and_then(|rest| rest.split_once("\" flag: "));
    behind.map_or(message, |(_, reason)| reason)
}

/// The lists with expected differences, and how they differ. A line that begins with `words:` or
/// `flows:` is the reason for the lists below it.
fn expected_differences() -> Vec<(&'static str, Difference)> {
    let mut kind = None;
    let mut lists = Vec::new();
    for line in content(DIFFERENCES) {
        match line.split_once(": ") {
            Some(("words", _)) => kind = Some(Difference::Words),
            Some(("flows", _)) => kind = Some(Difference::Flows),
            _ => lists.push((line, kind.expect("a reason is above"))),
        }
    }
    lists
}

#[test]
fn the_flows_are_written_for_the_real_hubble() {
    let Some(path) = std::env::var_os("FILTER_FLOWS") else {
        return;
    };
    fs::write(path, flows::json(&FLOWS)).unwrap();
}

#[test]
fn every_list_of_words_selects_the_flows_that_hubble_selects() {
    let lists = Vec::from_iter(content(LISTS));
    let answers = Vec::from_iter(content(ANSWERS));
    assert_eq!(
        lists.len(),
        answers.len(),
        "tests/conformance/filters/run writes the answers"
    );
    let expected = expected_differences();
    let mut unexpected = Vec::new();
    let mut gone = Vec::new();
    for (list, theirs) in lists.iter().zip(&answers) {
        let known = expected.iter().find(|(known, _)| known == list);
        match (difference(list, theirs), known) {
            (Some((kind, _)), Some((_, known))) if kind == *known => {}
            (Some((_, text)), _) => unexpected.push(text),
            (None, Some(_)) => gone.push(*list),
            (None, None) => {}
        }
    }
    assert!(
        unexpected.is_empty(),
        "{} of {} lists differ:\n{}",
        unexpected.len(),
        lists.len(),
        unexpected.join("\n")
    );
    assert_eq!(gone, [""; 0], "no longer different");
}

#[test]
fn every_expected_difference_is_of_a_list_that_is_asked() {
    let lists = Vec::from_iter(content(LISTS));
    for (list, _) in expected_differences() {
        assert!(lists.contains(&list), "{list}");
    }
}

#[test]
fn every_flag_and_every_field_is_in_a_list() {
    let lists: Vec<&str> = content(LISTS).collect();
    for flag in tidegate_filter::Flag::all() {
        let long = format!("--{}", flag.name);
        let is_used = |list: &&str| list.split(' ').any(|word| word == long);
        assert!(lists.iter().any(is_used), "{long}");
    }
    let filters = lists
        .iter()
        .filter_map(|list| Filters::from_line(list).ok());
    let set: Vec<FlowFilter> = filters
        .flat_map(|filters| filters.allow.into_iter().chain(filters.deny))
        .collect();
    // Each field changes a filter from the default, which its debug text shows.
    let texts: Vec<String> = set.iter().map(|filter| format!("{filter:?}")).collect();
    for field in FlowFilter::FIELDS {
        let empty = format!(" {field}: []");
        let is_set = |text: &String| !text.contains(&empty);
        assert!(texts.iter().any(is_set), "{field}");
    }
}
