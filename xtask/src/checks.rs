//! What has to hold for a change, tests aside.

use std::process::{Command, Stdio};

/// Runs a command line, of which no word contains a space.
fn run(line: &str, environment: &[(&str, &str)]) -> Result<(), String> {
    let mut words = line.split(' ');
    let mut command = Command::new(words.next().unwrap_or_default());
    command.args(words).envs(environment.iter().copied());
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{line}` failed: {status}")),
        Err(error) => Err(format!("cannot run `{line}`: {error}")),
    }
}

pub(crate) fn fmt() -> Result<(), String> {
    run("cargo fmt --all -- --check", &[])
}

pub(crate) fn lint() -> Result<(), String> {
    run(
        "cargo clippy --workspace --all-targets --locked -- -D warnings",
        &[],
    )
}

/// The documentation is for readers of the source, so links to private modules are wanted.
pub(crate) fn docs() -> Result<(), String> {
    let flags = "-D warnings -A rustdoc::private-intra-doc-links";
    run(
        "cargo doc --workspace --no-deps --document-private-items --locked --quiet",
        &[("RUSTDOCFLAGS", flags)],
    )
}

/// Advisories are left out: they need the network and change from day to day.
pub(crate) fn deny() -> Result<(), String> {
    let mut installed = Command::new("cargo-deny");
    let installed = installed
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if !installed.status().is_ok_and(|status| status.success()) {
        run("cargo install cargo-deny --locked --quiet", &[])?;
    }
    run(
        "cargo deny --locked --log-level error check bans licenses sources",
        &[],
    )
}

pub(crate) fn all() -> Result<(), String> {
    [fmt, lint, docs, deny]
        .into_iter()
        .try_for_each(|check| check())
}
