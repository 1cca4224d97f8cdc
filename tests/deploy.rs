//! The chart and the plain manifests, as far as they can be checked without helm: `tests/deploy/run` checks the rest.

mod values;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{TestDir, tidegate_with_env};

/// A file of `deploy/`.
fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("deploy")
        .join(name)
}

fn read(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap()
}

/// The names and texts of the plain manifests.
fn manifests() -> Vec<(String, String)> {
    let entries = fs::read_dir(path("kubernetes")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let names = names.filter(|name| name.ends_with(".yaml"));
    names
        .map(|name| (name.clone(), read(&format!("kubernetes/{name}"))))
        .collect()
}

/// The text of a block such as `pipeline.toml: |`, without its indentation.
fn block(manifest: &str, header: &str) -> String {
    let lines = manifest.lines().skip_while(|line| line.trim() != header);
    let lines = lines
        .skip(1)
        .take_while(|line| line.is_empty() || line.starts_with("    "));
    lines
        .map(|line| format!("{}\n", line.get(4..).unwrap_or_default()))
        .collect()
}

#[test]
fn the_pipelines_of_the_plain_manifests_are_valid() {
    let manifests = manifests();
    assert_ne!(manifests.len(), 0);
    for (name, manifest) in manifests {
        let dir = TestDir::new();
        let pipeline = dir.write("pipeline.toml", block(&manifest, "pipeline.toml: |"));
        let pipeline = pipeline.to_str().unwrap();
        let args = ["validate", "--deny-warnings", "-c", pipeline];
        let output = tidegate_with_env(&args, &[("NODE_NAME", "node-a".as_ref())]);
        assert_eq!(output.code, Some(0), "{name}: {}", output.stderr);
    }
}

#[test]
fn the_chart_and_the_plain_manifests_are_for_this_version_of_the_agent() {
    let version = env!("CARGO_PKG_VERSION");
    let chart = read("chart/Chart.yaml");
    assert!(chart.contains(&format!("\nappVersion: \"{version}\"\n")));
    for (name, manifest) in manifests() {
        let image = format!("image: ghcr.io/tidegate/tidegate:{version}\n");
        assert!(manifest.contains(&image), "{name}");
    }
}

#[test]
fn the_readme_of_the_chart_has_the_values_with_their_defaults() {
    let readme = read("chart/README.md");
    let table = values::table(&read("chart/values.yaml"), &schema());
    let (begin, rest) = readme.split_once("<!-- values -->\n").unwrap();
    let (_, end) = rest.split_once("<!-- /values -->\n").unwrap();
    let expected = format!("{begin}<!-- values -->\n{table}<!-- /values -->\n{end}");
    if std::env::var_os("VALUES_README").is_some_and(|value| value == "write") {
        fs::write(path("chart/README.md"), &expected).unwrap();
        return;
    }
    assert!(
        readme == expected,
        "run `VALUES_README=write cargo test the_readme_of_the_chart` and review the change"
    );
}

fn schema() -> Value {
    serde_json::from_str(&read("chart/values.schema.json")).unwrap()
}

#[test]
fn the_schema_of_the_chart_knows_exactly_the_values_that_exist() {
    let schema = schema();
    let values = values::read(&read("chart/values.yaml"));
    let described: BTreeSet<_> = values.iter().map(|value| value.key.clone()).collect();
    let mut known = BTreeSet::new();
    values::keys(&schema, "", &described, &mut known);
    // Helm itself gives this one to charts in charts.
    known.remove("global");
    assert_eq!(known, described);
}
