//! The committed object is that of the committed sources.

#![expect(
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test, which says why it is skipped"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest as _, Sha256};

fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(name: &str) -> Vec<u8> {
    fs::read(folder().join(name)).expect("the file exists")
}

/// The pairs of sum and file name in `tidegate.sums`.
fn sums() -> Vec<(String, String)> {
    let text = String::from_utf8(read("tidegate.sums")).expect("sums are text");
    let pair = |line: &str| {
        let (sum, name) = line.split_once("  ").expect("a sum and a name");
        (sum.to_owned(), name.to_owned())
    };
    text.lines().map(pair).collect()
}

/// What the object is made of: the build command, and all C sources.
fn sources() -> BTreeSet<String> {
    let list = |folder_name: &str| -> Vec<PathBuf> {
        let entries = fs::read_dir(folder().join(folder_name)).expect("the folder exists");
        entries
            .map(|entry| entry.expect("the entry is readable").path())
            .filter(|path| path.extension().is_some_and(|it| it == "c" || it == "h"))
            .collect()
    };
    let mut paths = [list("."), list("include")].concat();
    paths.push(folder().join("build"));
    let name = |path: PathBuf| {
        let relative = path.strip_prefix(folder()).expect("below the folder");
        let text = relative.to_str().expect("names are UTF-8");
        text.trim_start_matches("./").to_owned()
    };
    paths.into_iter().map(name).collect()
}

#[test]
fn sums_are_those_of_every_source_and_of_the_object() {
    let sums = sums();
    let mut expected = sources();
    expected.insert("tidegate.bpfel.o".to_owned());
    let listed: BTreeSet<_> = sums.iter().map(|(_, name)| name.clone()).collect();
    assert_eq!(listed, expected, "run bpf/build --sums");
    for (sum, name) in sums {
        let found: String = Sha256::digest(read(&name))
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(found, sum, "{name} changed: run bpf/build --sums");
    }
}

#[test]
fn the_sources_build_to_the_same_object() {
    if let Err(error) = Command::new("clang-19").arg("--version").output() {
        eprintln!("skipped: clang-19: {error}");
        return;
    }
    let scratch = tempfile::tempdir().expect("a temporary folder");
    let object = scratch.path().join("built.o");
    let built = Command::new(folder().join("build"))
        .arg(&object)
        .output()
        .expect("the build command runs");
    let message = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "{message}");
    let is_same = fs::read(&object).expect("it was built") == tidegate_bpf::OBJECT;
    assert!(is_same, "tidegate.bpfel.o is not what bpf/build makes");
}
