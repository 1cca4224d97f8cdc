//! Rules for manifests: the minimum Rust version, and what is published.

use std::process::Command;

use serde_json::Value;

/// Cargo's metadata of the workspace and all dependencies that are built on Linux.
fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        .args(["--filter-platform", "x86_64-unknown-linux-gnu"])
        .current_dir(super::root())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

fn packages(metadata: &Value) -> impl Iterator<Item = &Value> {
    metadata["packages"].as_array().unwrap().iter()
}

/// A version as numbers; missing ones are 0.
fn version(text: &str) -> [u32; 3] {
    let mut numbers = text.split('.').map(|number| number.parse().unwrap());
    std::array::from_fn(|_| numbers.next().unwrap_or(0))
}

#[test]
fn no_dependency_needs_a_newer_rust_than_the_manifest_states() {
    let metadata = metadata();
    let ours = packages(&metadata)
        .find(|package| package["name"] == "tidegate")
        .unwrap();
    let minimum = version(ours["rust_version"].as_str().unwrap());
    let newer: Vec<_> = packages(&metadata)
        .filter(|package| {
            package["rust_version"]
                .as_str()
                .is_some_and(|v| version(v) > minimum)
        })
        .map(|package| format!("{} needs {}", package["name"], package["rust_version"]))
        .collect();
    assert_eq!(newer, [""; 0]);
}

#[test]
fn no_crate_is_published_by_mistake() {
    let metadata = metadata();
    let published: Vec<_> = packages(&metadata)
        .filter(|package| package["source"].is_null() && package["publish"] != Value::Array(vec![]))
        .map(|package| package["name"].to_string())
        .collect();
    assert_eq!(published, [""; 0]);
}
