//! Valid and invalid configurations.

use tidegate_model::{Kind, Kinds};
use tidegate_runtime::component::{BuildContext, ExporterConfig};
use tidegate_runtime::exclusive::ExclusiveResource;
use tidegate_runtime::stage_id::StageId;
use tidegate_runtime::telemetry::Telemetry;
use toml::de::ValueDeserializer;

use super::KIND;

fn parse(table: &str) -> Result<Box<dyn ExporterConfig>, toml::de::Error> {
    (KIND.parse)(ValueDeserializer::parse(table).unwrap())
}

fn build_error(table: &str) -> Option<(&'static str, String)> {
    let context = BuildContext {
        stage: StageId::exporter("file"),
        node_name: "default/node-a".to_owned(),
        telemetry: Telemetry::default(),
        health: Default::default(),
        requests: Default::default(),
    };
    let built = parse(table).unwrap().build(&context);
    built.err().map(|error| (error.key, error.message))
}

#[test]
fn every_key_can_be_given() {
    let table = "{ path = '/var/log/flows.log', format = 'compact', signals = ['lost'], \
        mode = '0600', create_directory = true, sync_interval = '1s', give_up_after = '0s', \
        rotation = { enabled = true, max_size = '1GiB', interval = '1h', max_files = 1, \
        max_age = '7d', compression = 'zstd' } }";
    assert_eq!(build_error(table), None);
    assert_eq!(parse(table).unwrap().consumes(), Kinds::of(&[Kind::Lost]));
}

#[test]
fn wrong_values_are_refused() {
    let long = format!("{{ path = '/a/{}' }}", "x".repeat(200));
    let cases = [
        (
            "{ path = '/a/' }",
            "path",
            "`/a/` does not end with the name of a file",
        ),
        (
            "{ path = '' }",
            "path",
            "`` does not end with the name of a file",
        ),
        (
            &long,
            "path",
            "the name of the file has 200 bytes; it can have 180",
        ),
        // Another exporter with the path `/a` would take its rotated files for its own.
        (
            "{ path = '/a.gz' }",
            "path",
            "names of files that end with .gz are for rotated files",
        ),
        (
            "{ path = '/a', signals = ['metrics'] }",
            "signals",
            "metrics cannot be written as lines",
        ),
    ];
    for (table, key, message) in cases {
        let error = build_error(table).unwrap();
        assert_eq!(error.0, key, "{table}");
        assert!(error.1.starts_with(message), "{}", error.1);
    }
}

#[test]
fn values_that_are_not_of_their_type_are_refused() {
    for table in [
        "{}",
        "{ path = '/a', mode = '0440' }",
        "{ path = '/a', mode = 640 }",
        "{ path = '/a', format = 'dict' }",
        "{ path = '/a', rotation = { max_files = 0 } }",
        "{ path = '/a', rotation = { max_size = '0B' } }",
        "{ path = '/a', rotation = { interval = '0s' } }",
        "{ path = '/a', rotation = { compression = 'bzip2' } }",
        "{ path = '/a', rotate = true }",
    ] {
        assert!(parse(table).is_err(), "{table}");
    }
}

#[test]
fn two_spellings_of_a_path_are_one_file() {
    let file = |table: &str| parse(table).unwrap().exclusive_resources();
    let expected = [ExclusiveResource::File("/var/log/flows.json".into())];
    assert_eq!(file("{ path = '/var/log/flows.json' }"), expected);
    assert_eq!(file("{ path = '/var//log/./flows.json' }"), expected);
}
