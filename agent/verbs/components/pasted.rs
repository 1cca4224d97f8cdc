//! What `tidegate components KIND` prints, pasted into a file.

use tidegate_runtime::telemetry::Telemetry;

use super::reference::table;
use crate::config::{Problems, Registry, Source, load};
use crate::verbs::common::catalog::{Entry, kinds, service_tables};

/// The components of a pipeline that has the kind. Every processor is in it, in the order of the
/// registry, and the first receiver, so that each gets input; of exporters, the kind itself or one.
fn components<'e>(all: &'e [Entry], section: &str, kind: &Entry) -> Vec<&'e Entry> {
    let of_section = all.iter().filter(|entry| entry.section == section);
    match section {
        "processors" => of_section.collect(),
        "receivers" => {
            let with_kind = |(at, one): (usize, &'e Entry)| {
                (at == 0 || (kind.section == section && one.name == kind.name)).then_some(one)
            };
            of_section.enumerate().filter_map(with_kind).collect()
        }
        _ if kind.section == section => of_section.filter(|one| one.name == kind.name).collect(),
        _ => of_section.take(1).collect(),
    }
}

/// A file of the tables of a pipeline, as they are printed.
fn pasted(all: &[Entry], kind: &Entry) -> String {
    let mut text = String::new();
    let mut lists = String::from("[service.pipelines.flows]\n");
    for section in ["receivers", "processors", "exporters"] {
        let entries = components(all, section, kind);
        let ids: Vec<_> = entries.iter().map(|entry| entry.name).collect();
        lists.push_str(&format!("{section} = {ids:?}\n"));
        entries.into_iter().for_each(|one| text += &table(one));
    }
    service_tables().iter().for_each(|one| text += &table(one));
    text + &lists
}

/// The text with every key that is commented out, but for one that excludes another. Certificates
/// need an endpoint of https.
fn uncommented(text: &str) -> String {
    let is_key = |rest: &&str| {
        rest.starts_with(|c: char| c.is_ascii_lowercase() || c == '[')
            && !rest.starts_with("basic_auth")
    };
    text.lines()
        .map(|line| line.strip_prefix('#').filter(is_key).unwrap_or(line))
        .map(|line| format!("{line}\n"))
        .collect()
}

#[test]
fn the_table_of_every_kind_is_valid_as_printed_and_with_every_key() {
    let environment =
        |name: &str| (name == "TIDEGATE_TOKEN").then(|| "0123456789abcdef".to_owned());
    let all = kinds(&Registry::BUILT_IN);
    for kind in &all {
        let printed = pasted(&all, kind);
        let with_every_key = uncommented(&printed).replace("\"http://", "\"https://");
        for text in [with_every_key, printed] {
            let name = kind.path();
            let source = Source { name, text };
            let registry = &Registry::BUILT_IN;
            let mut problems = Problems::default();
            let loaded = load(
                &source,
                registry,
                &environment,
                Telemetry::default(),
                &mut problems,
                |_| {},
            );
            let said = problems.render(&source, false);
            assert!(loaded.is_some(), "{}\n{said}", source.text);
        }
    }
}

#[test]
fn every_line_is_a_comment_a_header_or_a_key_with_a_value() {
    let all = kinds(&Registry::BUILT_IN);
    for entry in all.iter().chain(&service_tables()) {
        let text = uncommented(&table(entry));
        let parsed: toml::Table = text
            .parse()
            .unwrap_or_else(|error| panic!("{text}\n{error}"));
        assert_eq!(
            parsed.keys().collect::<Vec<_>>(),
            [entry.path().split('.').next().unwrap()]
        );
        assert!(
            text.lines()
                .all(|line| line.len() <= 110 || !line.starts_with('#')),
            "{text}"
        );
    }
}
