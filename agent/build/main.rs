//! Build script: what `tidegate version` shows about the build. It needs neither git nor a clock, so
//! that the same source gives the same binary.

mod commit;

use std::env;
use std::path::Path;
use std::process::Command;

/// The variable with the commit, for packages that are built outside of a checkout.
const COMMIT: &str = "TIDEGATE_COMMIT";

fn main() {
    emit("cargo::rerun-if-changed=agent/build");
    emit(&format!("cargo::rerun-if-env-changed={COMMIT}"));
    let root = env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    set("TIDEGATE_COMMIT", &commit(Path::new(&root)));
    set("TIDEGATE_TARGET", &variable("TARGET"));
    set("TIDEGATE_PROFILE", &variable("PROFILE"));
    set("TIDEGATE_RUSTC", &rustc());
    set("TIDEGATE_FEATURES", &features());
}

/// The commit, or nothing. Builds for development do not record it, since each commit would build
/// the agent again.
fn commit(root: &Path) -> String {
    if let Some(given) = env::var(COMMIT).ok().filter(|given| !given.is_empty()) {
        return given;
    }
    if let Some(exported) = commit::of_archive(&root.join("agent/build/archive.txt")) {
        return exported;
    }
    if variable("PROFILE") != "release" {
        return String::new();
    }
    let checkout = commit::of_checkout(root);
    for file in &checkout.files {
        emit(&format!("cargo::rerun-if-changed={}", file.display()));
    }
    checkout.commit.unwrap_or_default()
}

/// The version of the compiler, such as `1.95.0 (59807616e 2026-04-14)`.
fn rustc() -> String {
    let output = Command::new(variable("RUSTC")).arg("--version").output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let text = text.unwrap_or_default();
    let text = text.trim();
    text.strip_prefix("rustc ").unwrap_or(text).to_owned()
}

/// The features of the package, separated by commas.
fn features() -> String {
    let mut features: Vec<_> = env::vars()
        .filter_map(|(name, _)| Some(name.strip_prefix("CARGO_FEATURE_")?.to_lowercase()))
        .filter(|name| name != "default")
        .collect();
    features.sort_unstable();
    features.join(",")
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_default()
}

fn set(name: &str, value: &str) {
    emit(&format!("cargo::rustc-env={name}={value}"));
}

#[expect(clippy::print_stdout, reason = "how a build script answers")]
fn emit(instruction: &str) {
    println!("{instruction}");
}
