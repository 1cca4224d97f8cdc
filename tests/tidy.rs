//! Rules that no linter checks: dependencies between crates, small files with a module comment, no
//! `unsafe`, and no component kind named outside its own crate.

mod import_cycles;
mod manifests;
mod pages;

use std::fs;
use std::path::{Path, PathBuf};

/// The workspace crates on which each crate may depend.
const ALLOWED_DEPENDENCIES: [(&str, &[&str]); 11] = [
    ("bpf", &[]),
    ("wire", &[]),
    ("core/model", &["wire"]),
    ("core/runtime", &["core/model"]),
    ("receivers", &["bpf", "core/model", "core/runtime", "wire"]),
    ("filter", &["core/model"]),
    ("names", &["core/model"]),
    (
        "processors",
        &["core/model", "core/runtime", "filter", "names", "wire"],
    ),
    ("format", &["core/model"]),
    ("exporters", &["core/model", "core/runtime", "format"]),
    ("simulate", &["wire"]),
];
const CRATES: [&str; 12] = [
    "bpf",
    "wire",
    "core/model",
    "core/runtime",
    "filter",
    "format",
    "names",
    "receivers",
    "processors",
    "exporters",
    "simulate",
    "agent",
];
const MAX_LINES: usize = 400;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Files below a folder whose names end in one of the extensions.
fn files(folder: &Path, extensions: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder exists") {
        let path = entry.expect("the entry is readable").path();
        let is_one_of = |extension: &std::ffi::OsStr| extensions.iter().any(|it| extension == *it);
        if path.is_dir() {
            found.extend(files(&path, extensions));
        } else if path.extension().is_some_and(is_one_of) {
            found.push(path);
        }
    }
    found
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    files(folder, &["rs"])
}

/// Production sources: path from the root, and the text before the first inline test module.
fn production() -> Vec<(String, String)> {
    let folders = CRATES.map(|name| {
        if name == "agent" {
            root().join(name)
        } else {
            root().join(name).join("src")
        }
    });
    let files = folders
        .iter()
        .flat_map(|folder| sources(folder))
        .filter(|path| !path.ends_with("tests.rs"));
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("sources are UTF-8");
        let cut = text.find("#[cfg(test)]\nmod ").unwrap_or(text.len());
        let name = path
            .strip_prefix(root())
            .expect("it is below the root")
            .display()
            .to_string();
        (name, text[..cut].to_owned())
    };
    files
        .filter(|path| !path.components().any(|part| part.as_os_str() == "tests"))
        .map(read)
        .collect()
}

fn violations(rule: impl Fn(&str, &str) -> bool) -> Vec<String> {
    production()
        .into_iter()
        .filter(|(name, text)| rule(name, text))
        .map(|(name, _)| name)
        .collect()
}

#[test]
fn crates_depend_only_on_allowed_crates() {
    for (name, allowed) in ALLOWED_DEPENDENCIES {
        let manifest = fs::read_to_string(root().join(name).join("Cargo.toml"))
            .expect("every crate has a manifest");
        let dependencies = manifest
            .split("[dev-dependencies]")
            .next()
            .unwrap_or_default();
        for other in CRATES
            .into_iter()
            .filter(|other| *other != name && !allowed.contains(other))
        {
            let package = other.strip_prefix("core/").unwrap_or(other);
            assert!(
                !dependencies.contains(&format!("tidegate-{package}")),
                "{name} depends on {other}"
            );
        }
    }
}

#[test]
fn every_file_has_a_module_comment() {
    assert_eq!(violations(|_, text| !text.starts_with("//!")), [""; 0]);
}

#[test]
fn no_file_exceeds_the_line_limit() {
    assert_eq!(
        violations(|_, text| text.lines().count() > MAX_LINES),
        [""; 0]
    );
}

#[test]
fn c_sources_are_short_and_begin_with_their_licence_and_purpose() {
    let sources = files(&root().join("bpf"), &["c", "h"]);
    assert!(sources.len() > 1, "{sources:?}");
    for path in sources {
        let text = fs::read_to_string(&path).expect("sources are UTF-8");
        let lines: Vec<_> = text.lines().collect();
        let place = path.display();
        let [licence, purpose, ..] = lines[..] else {
            panic!("{place} is empty");
        };
        assert_eq!(
            licence, "/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */",
            "{place}"
        );
        assert!(purpose.starts_with("/* "), "{place}");
        assert!(lines.len() <= MAX_LINES, "{place}");
        let is_long = |line: &&str| line.chars().count() > 100;
        assert_eq!(lines.iter().find(|line| is_long(line)), None, "{place}");
    }
}

#[test]
fn no_code_is_unsafe() {
    let unsafe_code = |text: &str| {
        text.lines()
            .any(|line| line.contains("unsafe ") && !line.trim_start().starts_with("//"))
    };
    assert_eq!(violations(|_, text| unsafe_code(text)), [""; 0]);
}

#[test]
fn agent_and_core_name_no_component_kind() {
    let kinds = [
        "monitor1_2",
        "cilium_decode",
        "l34_flow",
        "sock_flow",
        "dns_flow",
        "http_flow",
        "l7_flow",
        "cilium_enrich",
        "hubble_metrics",
        // In quotes, because the words have other uses.
        "\"sample\"",
    ];
    let code = |text: &str| {
        let lines = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        lines.collect::<Vec<_>>().join("\n")
    };
    let named = violations(|name, text| {
        // The demo replaces addresses in the shipped configuration.
        let exempt = name.starts_with("agent/demo");
        (name.starts_with("core/") || name.starts_with("agent/")) && !exempt && {
            // The socket has the name of the kind that reads it.
            let code = code(text).replace("monitor1_2.sock", "");
            kinds.iter().any(|kind| code.contains(kind))
        }
    });
    assert_eq!(named, [""; 0]);
}

#[test]
fn no_source_has_todo_markers() {
    assert_eq!(
        violations(|_, text| ["todo!(", "unimplemented!(", "TODO", "FIXME"]
            .iter()
            .any(|word| text.contains(word))),
        [""; 0]
    );
}
