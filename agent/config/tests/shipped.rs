//! `pipeline.toml`, which ships: it can be used as it is, and it is the reference of every key.

use tidegate_runtime::component::{ComponentKind, Key};
use tidegate_runtime::limits::Limits;
use tidegate_runtime::telemetry::Telemetry;
use toml::de::ValueDeserializer;

use crate::config::{
    ADMIN_KEYS, Environment, Registry, SERVICE_KEYS, Source, TELEMETRY_KEYS, load,
};

const SHIPPED: &str = include_str!("../../../pipeline.toml");

/// Where every key stands that `#` comments out.
fn uncommented() -> String {
    let is_key = |rest: &str| rest.starts_with(|c: char| c.is_ascii_lowercase() || c == '[');
    let uncomment = |line: &'static str| {
        line.strip_prefix('#')
            .filter(|rest| is_key(rest))
            .unwrap_or(line)
    };
    SHIPPED
        .lines()
        .map(|line| format!("{}\n", uncomment(line)))
        .collect()
}

#[test]
fn it_is_good_as_it_is_and_with_every_key() {
    let with_all = |name: &str| match name {
        "OTEL_EXPORTER_OTLP_ENDPOINT" => Some("https://[::1]:4317".to_owned()),
        "TIDEGATE_TOKEN" => Some("0123456789abcdef".to_owned()),
        _ => None,
    };
    let cases: [(String, Environment<'_>); 2] =
        [(SHIPPED.to_owned(), &|_| None), (uncommented(), &with_all)];
    for (text, environment) in cases {
        let source = Source {
            name: "pipeline.toml".to_owned(),
            text,
        };
        let loaded = load(
            &source,
            &Registry::BUILT_IN,
            environment,
            Telemetry::default(),
            |_| {},
        );
        assert!(
            loaded.is_ok(),
            "{}",
            loaded.err().unwrap().render(&source, false)
        );
    }
}

/// The lines of a table, comments included.
fn table(header: &str) -> Vec<&'static str> {
    let mut lines = SHIPPED
        .lines()
        .skip_while(|line| line.trim_start_matches('#') != format!("[{header}]"));
    assert!(lines.next().is_some(), "there is no [{header}]");
    lines
        .take_while(|line| !line.trim_start_matches('#').starts_with('['))
        .collect()
}

/// Every key stands in its table, commented out with its default, or given with another value below
/// it.
fn documents(header: &str, keys: &[Key]) {
    let lines = table(header);
    for Key { name, default, .. } in keys {
        let commented = lines
            .iter()
            .find_map(|line| line.strip_prefix(&format!("#{name} = ")));
        let is_given = lines
            .iter()
            .any(|line| line.starts_with(&format!("{name} = ")));
        assert!(
            commented.is_some() || is_given,
            "[{header}] does not tell of `{name}`"
        );
        if let Some(commented) = commented.filter(|_| !default.is_empty() && *default != "\"\"") {
            assert_eq!(commented, *default, "the default of `{name}` in [{header}]");
        }
    }
}

/// `queue` tells the inbox that a kind has, if it has one.
fn documents_all<C: ?Sized>(
    section: &str,
    kinds: &[ComponentKind<C>],
    queue: impl Fn(&ComponentKind<C>) -> Option<(Limits, &'static str)>,
) {
    for kind in kinds {
        let header = format!("{section}.{}", kind.name);
        documents(&header, kind.keys);
        if let Some((Limits { records, bytes, .. }, when_full)) = queue(kind) {
            let size = bytes >> 20;
            let line = format!(
                "#queue = {{ records = {records}, bytes = \"{size}MiB\", when_full = \"{when_full}\" }}"
            );
            assert!(
                table(&header).contains(&&*line),
                "[{header}] does not have the line {line}"
            );
        }
    }
}

#[test]
fn it_tells_of_every_key_of_every_kind() {
    let Registry {
        receivers,
        processors,
        exporters,
    } = Registry::BUILT_IN;
    documents_all("receivers", receivers, |_| None);
    documents_all("processors", processors, |_| {
        Some((Limits::DEFAULT, "block"))
    });
    documents_all("exporters", exporters, |kind| {
        let config = (kind.parse)(ValueDeserializer::parse("{}").unwrap());
        Some((config.unwrap().default_queue(), "auto"))
    });
    documents("service", SERVICE_KEYS);
    documents("service.telemetry", TELEMETRY_KEYS);
    documents("service.telemetry.admin", ADMIN_KEYS);
}
