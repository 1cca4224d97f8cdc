//! `pipeline.toml`, which ships: it can be used as it is, and it is the reference of every key.
//!
//! Its values are written by hand; its comments and the keys that are commented out come from the
//! declarations of the keys. `PIPELINE_TOML=write cargo test pipeline_toml` rewrites it.

use std::fs;
use std::path::PathBuf;

use tidegate_runtime::config::{Shape, paragraphs};
use tidegate_runtime::telemetry::Telemetry;

use super::reference::{comment, documentation, example};
use crate::config::{Environment, Problems, QUEUE, Registry, Source, load};
use crate::verbs::common::catalog::{Entry, Flat, flatten, kinds, service_tables};

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("pipeline.toml")
}

fn shipped() -> String {
    fs::read_to_string(path()).unwrap()
}

/// A table of the file.
struct Table<'t> {
    /// The comment above the header.
    about: Vec<&'t str>,
    header: &'t str,
    /// The lines below it, up to the comment above the next header.
    body: Vec<&'t str>,
}

fn is_header(line: &str) -> bool {
    let line = line.strip_prefix('#').unwrap_or(line);
    line.starts_with('[') && line.ends_with(']')
}

/// What is above the first table, and the tables.
fn tables(text: &str) -> (Vec<&str>, Vec<Table<'_>>) {
    let mut before: Vec<&str> = Vec::new();
    let mut tables: Vec<Table<'_>> = Vec::new();
    for line in text.lines() {
        let lines = tables
            .last_mut()
            .map_or(&mut before, |table| &mut table.body);
        if !is_header(line) {
            lines.push(line);
            continue;
        }
        let is_comment = |line: &&&str| line.starts_with("# ");
        let above = lines.iter().rev().take_while(is_comment).count();
        let about = lines.split_off(lines.len() - above);
        tables.push(Table {
            about,
            header: line,
            body: Vec::new(),
        });
    }
    (before, tables)
}

impl Table<'_> {
    fn name(&self) -> &str {
        self.header.trim_start_matches('#').trim_matches(['[', ']'])
    }

    /// The lines that give a key a value.
    fn given(&self, key: &str) -> Option<String> {
        let is_key = |line: &&str| line.starts_with(&format!("{key} = "));
        self.body.iter().copied().find(is_key).map(str::to_owned)
    }

    fn render(&self, entry: Option<&Entry>) -> String {
        let Some(entry) = entry else {
            let lines = self.about.iter().chain([&self.header]).chain(&self.body);
            return lines.map(|line| format!("{line}\n")).collect();
        };
        let about = comment(&paragraphs(entry.about).join(" "));
        let mut lines = vec![about, self.header.to_owned()];
        for flat in flatten(self.name(), entry.keys, |key| key.name == QUEUE) {
            lines.extend(lines_of(&flat, self.given(&flat.path)));
        }
        if let Some(inbox) = &entry.inbox {
            lines.push(match self.given(QUEUE) {
                Some(given) => given,
                None => format!("#{QUEUE} = {}", inbox.default),
            });
        }
        lines.join("\n") + "\n\n"
    }
}

/// The documentation of a key, and the key itself.
fn lines_of(flat: &Flat, given: Option<String>) -> [String; 2] {
    let mut text = paragraphs(flat.key.text);
    text.truncate(1);
    let has_example = flat.key.sample.is_some() || flat.default.is_some();
    assert!(has_example, "{} has no default and no sample", flat.path);
    let line = given.unwrap_or_else(|| format!("#{}", example(flat)));
    [documentation(flat, text, &line), line]
}

/// The file with everything that comes from the declarations.
fn rewritten(text: &str) -> String {
    let entries: Vec<_> = kinds(&Registry::BUILT_IN)
        .into_iter()
        .chain(service_tables())
        .collect();
    let (before, tables) = tables(text);
    let name = |entry: &Entry| entry.path();
    for entry in &entries {
        let is_there = tables.iter().any(|table| table.name() == name(entry));
        assert!(is_there, "add a line [{0}] or #[{0}]", name(entry));
    }
    let mut rewritten: String = before.iter().map(|line| format!("{line}\n")).collect();
    for table in &tables {
        let entry = entries.iter().find(|entry| name(entry) == table.name());
        rewritten.push_str(&table.render(entry));
    }
    rewritten.trim_end().to_owned() + "\n"
}

#[test]
fn pipeline_toml_documents_every_key_as_it_is_declared() {
    let text = shipped();
    let expected = rewritten(&text);
    if std::env::var_os("PIPELINE_TOML").is_some_and(|value| value == "write") {
        fs::write(path(), &expected).unwrap();
        return;
    }
    assert_eq!(
        text, expected,
        "run `PIPELINE_TOML=write cargo test pipeline_toml` and review the change"
    );
}

/// The file with every key that is commented out, but for one that excludes another.
fn uncommented() -> String {
    let is_key = |rest: &str| {
        rest.starts_with(|c: char| c.is_ascii_lowercase() || c == '[')
            && !rest.starts_with("basic_auth")
    };
    let text = shipped();
    let lines = text.lines().map(|line| {
        line.strip_prefix('#')
            .filter(|rest| is_key(rest))
            .unwrap_or(line)
    });
    lines.map(|line| format!("{line}\n")).collect()
}

#[test]
fn pipeline_toml_is_valid_as_it_is_and_with_every_key() {
    let with_all = |name: &str| match name {
        "TIDEGATE_TOKEN" => Some("0123456789abcdef".to_owned()),
        _ => None,
    };
    let cases: [(String, Environment<'_>); 2] =
        [(shipped(), &|_| None), (uncommented(), &with_all)];
    for (text, environment) in cases {
        let name = "pipeline.toml".to_owned();
        let source = Source { name, text };
        let registry = &Registry::BUILT_IN;
        let mut problems = Problems::default();
        let telemetry = Telemetry::default();
        let loaded = load(
            &source,
            registry,
            environment,
            telemetry,
            &mut problems,
            |_| {},
        );
        assert!(loaded.is_some(), "{}", problems.render(&source, false));
    }
}

/// The text without the places of values, which only written ones have.
fn without_places(debug: &str) -> String {
    let mut parts = debug.split("span: ");
    let first = parts.next().unwrap_or_default();
    let rest = parts.filter_map(|part| part.split_once(", "));
    rest.fold(first.to_owned(), |text, (_, rest)| text + rest)
}

#[test]
fn a_default_that_is_written_means_the_same_as_no_key() {
    fn check<C: ?Sized + std::fmt::Debug>(kinds: &[tidegate_runtime::component::ComponentKind<C>]) {
        for kind in kinds {
            let parse =
                |text: &str| (kind.parse)(toml::de::ValueDeserializer::parse(text).unwrap());
            let of = |key: &tidegate_runtime::config::Key| Some((key.name, (key.default)()?));
            let is_required = |key: &&tidegate_runtime::config::Key| key.is_required;
            let required = kind.keys.iter().filter(is_required);
            let required: Vec<_> = required
                .map(|key| format!("{} = {}", key.name, key.sample.unwrap()))
                .collect();
            let defaults = kind.keys.iter().filter_map(of);
            let defaults = defaults.map(|(name, value)| format!("{name} = {value}"));
            let all: Vec<_> = required.iter().cloned().chain(defaults).collect();
            let written = parse(&format!("{{ {} }}", all.join(", "))).unwrap();
            let left_out = parse(&format!("{{ {} }}", required.join(", "))).unwrap();
            assert_eq!(
                without_places(&format!("{written:?}")),
                without_places(&format!("{left_out:?}")),
                "{}",
                kind.name
            );
        }
    }
    check(Registry::BUILT_IN.receivers);
    check(Registry::BUILT_IN.processors);
    check(Registry::BUILT_IN.exporters);
}

/// Every key, those of inner tables included.
fn all_keys() -> Vec<(String, Flat)> {
    let entries = kinds(&Registry::BUILT_IN)
        .into_iter()
        .chain(service_tables());
    entries
        .flat_map(|entry| {
            let path = entry.path();
            let flat = flatten(&path, entry.keys, |_| false);
            flat.into_iter().map(move |flat| (path.clone(), flat))
        })
        .collect()
}

#[test]
fn old_names_are_removed_two_minor_releases_after_they_were_replaced() {
    let version = |text: &str| -> Vec<u64> {
        text.split('.')
            .map(|number| number.parse().unwrap())
            .collect()
    };
    let current = version(env!("CARGO_PKG_VERSION"));
    for (path, flat) in all_keys() {
        let since = flat.key.since;
        assert!(
            version(since) <= current,
            "[{path}] {}: since {since}",
            flat.path
        );
        if flat.key.renamed_from.is_some() {
            let end = crate::config::old_name_ends(since);
            assert!(
                current < version(&end),
                "[{path}] {}: remove the old name",
                flat.path
            );
        }
    }
}

#[test]
fn every_text_is_a_sentence() {
    let is_sentence = |text: &str| text.ends_with(['.', ')']);
    for (path, flat) in all_keys() {
        let texts = paragraphs(flat.key.text);
        assert!(
            texts.iter().all(|text| is_sentence(text)),
            "[{path}] {}",
            flat.path
        );
        if let Shape::Choice(choices) = (flat.key.shape)() {
            for choice in choices {
                let texts = paragraphs(choice.text);
                assert!(
                    texts.iter().all(|text| is_sentence(text)),
                    "{}",
                    choice.name
                );
            }
        }
    }
}
