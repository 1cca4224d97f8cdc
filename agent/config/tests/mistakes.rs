//! Mistakes that operators make, and all that is said about each, to the letter.
//!
//! The files in `mistakes/` have a title, a configuration and what is said about it. One mistake is one
//! error; a title that ends in `(3 errors)` has three mistakes. `MISTAKES=write cargo test mistakes`
//! writes what is said; review the change. A character that cannot be seen is written as `<U+00A0>`.

use std::fs;
use std::path::{Path, PathBuf};

use super::try_load;
use crate::config::suggest::invisible;

const TITLE: &str = "## ";
const SAID: &str = "--------\n";

/// A mistake.
struct Case<'t> {
    title: &'t str,
    text: &'t str,
    said: &'t str,
}

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("agent/config/tests/mistakes");
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

fn cases(text: &str) -> Vec<Case<'_>> {
    let cases = text.split("\n## ").map(|case| {
        let (title, rest) = case.trim_start_matches(TITLE).split_once('\n').unwrap();
        let (text, said) = rest.split_once(SAID).unwrap();
        Case { title, text, said }
    });
    cases.collect()
}

/// The text with the characters that are written as their numbers.
fn decoded(text: &str) -> String {
    let mut parts = text.split("<U+");
    let mut decoded = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (number, rest) = part.split_once('>').unwrap();
        let number = u32::from_str_radix(number, 16).unwrap();
        decoded.push(char::from_u32(number).unwrap());
        decoded.push_str(rest);
    }
    decoded
}

/// The text with characters that cannot be seen as their numbers, and no spaces at the ends of lines.
fn encoded(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let chars = line.trim_end_matches(' ').chars();
        let written = chars.map(|c| match invisible(c) {
            None if c != '\r' => c.to_string(),
            _ => format!("<U+{:04X}>", u32::from(c)),
        });
        written.collect::<String>() + "\n"
    });
    lines.collect()
}

#[test]
fn one_mistake_is_one_error_that_says_what_to_do() {
    let is_write = std::env::var_os("MISTAKES").is_some_and(|value| value == "write");
    let mut count = 0;
    let mut wrong: Vec<String> = Vec::new();
    for file in files() {
        let text = fs::read_to_string(&file).unwrap();
        let mut written = Vec::new();
        for Case { title, text, said } in cases(&text) {
            let problems = encoded(&try_load(&decoded(text)).err().unwrap_or_default());
            let errors = title
                .rsplit_once('(')
                .map_or("1 error", |(_, errors)| errors);
            let errors = errors.trim_end_matches(')');
            let summary = format!("pipeline.toml: {errors}");
            if problems.lines().last() != Some(&*summary) {
                wrong.push(format!("{title}: not {errors}\n{text}\n{problems}"));
            } else if !is_write && problems.trim() != said.trim() {
                wrong.push(format!("{title}: was\n{problems}"));
            }
            written.push(format!("{TITLE}{title}\n{text}{SAID}{problems}"));
            count += 1;
        }
        if is_write {
            fs::write(&file, written.join("\n")).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count >= 100, "{count} mistakes");
}
