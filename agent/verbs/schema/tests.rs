//! The schema accepts the configurations that `validate` accepts, and refuses wrong ones.

use std::fs;
use std::path::{Path, PathBuf};

use jsonschema::Validator;
use serde_json::{Value, json};
use tidegate_runtime::telemetry::Telemetry;

use super::document::document;
use crate::config::{Problems, Registry, Source, load};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn validator(schema: &Value) -> Validator {
    jsonschema::draft202012::new(schema).unwrap()
}

/// A file as the schema sees it.
fn instance(text: &str) -> Value {
    json!(toml::from_str::<toml::Table>(text).unwrap())
}

/// What the schema says against a file; empty if nothing.
fn objections(validator: &Validator, text: &str) -> String {
    let instance = instance(text);
    let errors = validator.iter_errors(&instance);
    let texts = errors.map(|error| format!("{}: {error}\n", error.instance_path()));
    texts.collect()
}

fn is_valid(text: &str) -> bool {
    let source = Source {
        name: "pipeline.toml".to_owned(),
        text: text.to_owned(),
    };
    let environment = |name: &str| (name == "TOKEN").then(|| "0123456789abcdef".to_owned());
    let registry = &Registry::BUILT_IN;
    load(
        &source,
        registry,
        &environment,
        Telemetry::default(),
        &mut Problems::default(),
        |_| {},
    )
    .is_some()
}

fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let files = fs::read_dir(root().join(folder)).unwrap();
    let paths = files.map(|file| file.unwrap().path());
    paths
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect()
}

#[test]
fn the_schema_is_one_of_draft_2020_12() {
    let schema = document(&Registry::BUILT_IN);
    assert!(
        jsonschema::draft202012::meta::is_valid(&schema),
        "{schema:#}"
    );
}

#[test]
fn every_released_pipeline_toml_is_still_valid() {
    let released = files("tests/golden/configs", "toml");
    let version = env!("CARGO_PKG_VERSION");
    let current = root().join(format!("tests/golden/configs/{version}.toml"));
    assert!(
        released.contains(&current),
        "copy pipeline.toml to {}",
        current.display()
    );
    let validator = validator(&document(&Registry::BUILT_IN));
    for path in released {
        let text = fs::read_to_string(&path).unwrap();
        assert!(is_valid(&text), "{}", path.display());
        assert_eq!(objections(&validator, &text), "", "{}", path.display());
    }
}

/// The TOML examples of a page.
fn examples(markdown: &str) -> Vec<String> {
    let blocks = markdown.split("```toml\n").skip(1);
    blocks
        .filter_map(|block| Some(block.split_once("```")?.0.to_owned()))
        .collect()
}

#[test]
fn the_configurations_of_the_documentation_fit_the_schema() {
    let mut schema = document(&Registry::BUILT_IN);
    // Most examples show a part of a file.
    schema["required"] = json!([]);
    schema["properties"]["service"]["required"] = json!([]);
    let validator = validator(&schema);
    // The kind of that page's example is not built in; the page has a test of its own.
    let pages = files("docs", "md")
        .into_iter()
        .filter(|page| !page.ends_with("writing-a-component.md"))
        .chain([root().join("README.md")]);
    let mut count = 0;
    for page in pages {
        for example in examples(&fs::read_to_string(&page).unwrap()) {
            assert_eq!(
                objections(&validator, &example),
                "",
                "{}:\n{example}",
                page.display()
            );
            count += 1;
        }
    }
    assert!(count > 2);
}

#[test]
fn pipeline_toml_fits_the_schema_with_every_key() {
    let text = fs::read_to_string(root().join("pipeline.toml")).unwrap();
    let is_key = |rest: &str| rest.starts_with(|c: char| c.is_ascii_lowercase() || c == '[');
    let lines = text.lines().map(|line| {
        let key = line.strip_prefix('#').filter(|rest| is_key(rest));
        format!("{}\n", key.unwrap_or(line))
    });
    let all: String = lines.collect();
    let validator = validator(&document(&Registry::BUILT_IN));
    assert_eq!(objections(&validator, &text), "");
    assert_eq!(objections(&validator, &all), "");
}

/// A valid file, to which the tests add tables and keys.
const GOOD: &str = "\
[receivers.monitor1_2]
[receivers.replay]
file = 'a'
[processors.cilium_decode]
[processors.l34_flow]
[processors.dns_flow]
[processors.http_flow]
[processors.hubble_metrics]
[exporters.nop]
[exporters.otlp]
[exporters.prometheus]
[exporters.stdout]
[service]
[service.telemetry]
[service.pipelines.flows]
receivers = ['monitor1_2', 'replay']
processors = ['cilium_decode', 'l34_flow', 'dns_flow', 'http_flow', 'hubble_metrics']
exporters = ['nop', 'otlp', 'prometheus', 'stdout']
";

/// The valid file with further lines in a table.
fn with(table: &str, lines: &str) -> String {
    let header = format!("[{table}]\n");
    if GOOD.contains(&header) {
        return GOOD.replace(&header, &format!("{header}{lines}\n"));
    }
    format!("{GOOD}{header}{lines}\n")
}

#[test]
fn good_values_are_accepted_by_both() {
    let validator = validator(&document(&Registry::BUILT_IN));
    assert!(is_valid(GOOD));
    for (table, lines) in [
        ("receivers.monitor1_2", "reconnect = { initial = '1.5 s' }"),
        (
            "receivers.monitor1_2",
            "max_frame = '0.5MiB'\nqueue.bytes = '512 KiB'",
        ),
        ("receivers.monitor1_2", "on_eof = '${env:NONE:-stop}'"),
        (
            "exporters.nop",
            "queue = { records = 1, when_full = 'auto' }",
        ),
        (
            "exporters.stdout",
            "signals = ['flows']\ngive_up_after = '0s'",
        ),
        (
            "exporters.otlp",
            "retry_on_failure = { multiplier = 2, randomization_factor = 1.0 }",
        ),
        (
            "exporters.otlp",
            "endpoint = 'https://[::1]:4317/'\nheaders = { a = 'b' }",
        ),
        ("service.telemetry", "listen = '[::1]:0'"),
        ("exporters.prometheus", "listen = 'localhost:80'"),
        ("service.telemetry.admin", "listen = 'LocalHost:1'"),
        (
            "service.telemetry.admin",
            "listen = 'unix:/run/a.sock'\ntoken = '${env:TOKEN}'",
        ),
        ("service", "log_format = 'json'\ngrace_period = '1m'"),
    ] {
        let text = with(table, lines);
        assert!(is_valid(&text), "{text}");
        assert_eq!(objections(&validator, &text), "", "{text}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn wrong_values_are_refused_by_both() {
    let validator = validator(&document(&Registry::BUILT_IN));
    let in_tables = [
        ("receivers.monitor1_2", "sokcet = '/run/x'"),
        ("receivers.monitor1_2", "on_eof = 'stopp'"),
        ("receivers.monitor1_2", "socket = 7"),
        ("receivers.monitor1_2", "reconnect = { initial = '0s' }"),
        ("receivers.monitor1_2", "reconnect = { initial = '0.0 s' }"),
        ("receivers.monitor1_2", "reconnect = { first = '1s' }"),
        ("receivers.monitor1_2", "reconnect = '1s'"),
        ("receivers.monitor1_2", "max_frame = '64mb'"),
        ("receivers.monitor1_2", "max_frame = '0B'"),
        ("receivers.monitor1_2", "max_frame = 1024"),
        ("receivers.monitor1_2", "queue = { when_full = 'auto' }"),
        ("receivers.kafka", ""),
        ("receivers.\"monitor1_2/a b\"", ""),
        ("receivers.replay", "rate = -1"),
        ("receivers.replay", "rate = '5'"),
        ("processors.cilium_decode", "queue = { records = 0 }"),
        ("processors.cilium_decode", "queue = { record = 5 }"),
        ("processors.cilium_decode", "queue = { when_full = 'drop' }"),
        ("processors.dns_flow", "pending = 0"),
        ("processors.http_flow", "connections = 16777217"),
        (
            "processors.http_flow",
            "redact = { http = { headers = { allow = 'a' } } }",
        ),
        (
            "processors.http_flow",
            "redact.http = { url_query = true, urlQuery = true }",
        ),
        ("processors.hubble_metrics", "interval = '0s'"),
        ("processors.hubble_metrics", "wire = 'both'"),
        ("exporters.nop", "format = 'json'"),
        ("exporters.stdout", "signals = ['flow']"),
        ("exporters.stdout", "give_up_after = 30"),
        ("exporters.stdout", "give_up_after = '-1s'"),
        ("exporters.otlp", "endpoint = 'ftp://127.0.0.1:4317'"),
        ("exporters.otlp", "headers = { a = 1 }"),
        ("exporters.otlp", "in_flight = 0"),
        ("exporters.otlp", "timeout = '0s'"),
        ("exporters.otlp", "retry_on_failure = { multiplier = 0.5 }"),
        (
            "exporters.otlp",
            "retry_on_failure = { randomization_factor = 1.5 }",
        ),
        ("exporters.otlp", "tls = { ca_file = 1 }"),
        ("exporters.prometheus", "listen = 'node1:80'"),
        ("service", "grace_period = 10"),
        ("service", "grce_period = '10s'"),
        ("service", "log_format = 'xml'"),
        ("service.telemetry", "port = 1"),
        ("service.telemetry", "listen = '9464'"),
        ("service.telemetry.admin", "token = 'abc'"),
        ("service.telemetry.admin", "listen = 'node1:1'"),
        (
            "service.telemetry.admin",
            "listen = '127.0.0.1:1'\ntls = { cert_file = 'a' }",
        ),
        ("service.pipelines.flows", "exporter = []"),
        (
            "service.pipelines.\"a b\"",
            "receivers = ['monitor1_2']\nexporters = ['nop']",
        ),
        ("service.pipelines.b", "receivers = []\nexporters = ['nop']"),
        (
            "service.pipelines.b",
            "receivers = ['monitor1_2']\nexporters = ['nop', 'nop']",
        ),
        ("recievers.monitor1_2", ""),
    ];
    let files = in_tables.map(|(table, lines)| with(table, lines));
    let others = [
        String::new(),
        "[service]
log = 'info'"
            .to_owned(),
        GOOD.replace(
            "file = 'a'
",
            "",
        ),
        GOOD.replace("[service.pipelines.flows]", "[service.pipelines.\"a b\"]"),
        GOOD.replace("[exporters.nop]", "[exporters.\"nop/a b\"]"),
    ];
    for text in files.iter().chain(&others) {
        assert!(!is_valid(text), "{text}");
        assert_ne!(objections(&validator, text), "", "{text}");
    }
}
