//! What `--help` and the man pages say apart from arguments: exit codes, environment variables and
//! files. Each is stated here only.

use std::fmt::Write as _;

use crate::error::{BAD_CONFIGURATION, FAILED, USAGE};

/// The exit codes of all verbs.
pub(crate) const EXIT_CODES: [(u8, &str); 4] = [
    (0, "success"),
    (FAILED, "a failure, or records lost at the end of a run"),
    (USAGE, "wrong usage"),
    (BAD_CONFIGURATION, "an invalid configuration"),
];

/// The environment variables that the binary itself reads.
pub(crate) const ENVIRONMENT: [(&str, &str); 8] = [
    (
        "TIDEGATE_CONFIG",
        "the configuration of `run`, `validate` and `graph`, if --config is not given",
    ),
    (
        "TIDEGATE_TELEMETRY_LISTEN",
        "the agent that `observe`, `top`, `tap` and `ledger` show, if --address is not given; the shipped \
         configuration also listens there",
    ),
    (
        "TIDEGATE_TOKEN",
        "the bearer token of the agent's admin listener, if --token-file is not given",
    ),
    (
        "CILIUM_MONITOR_SOCK",
        "the monitor socket that `record` and `observe` read, if --socket names none; the shipped \
         configuration reads it, too",
    ),
    (
        "CILIUM_SOCK",
        "the socket of the agent's API that `observe` reads, if --api-socket names none; the shipped \
         configuration reads it, too",
    ),
    (
        "RUST_LOG",
        "the levels of the log; overrides `[service] log` of the configuration",
    ),
    (
        "TIDEGATE_LOG_FORMAT",
        "the format of the log, text or json; overrides `[service] log_format`",
    ),
    ("NO_COLOR", "if set, output has no colours"),
];

/// The files that are used unless arguments name others.
pub(crate) const FILES: [(&str, &str); 4] = [
    (
        "pipeline.toml",
        "the configuration, in the current folder; the first of the two that exists is read",
    ),
    ("/etc/tidegate/pipeline.toml", "the configuration"),
    (
        "/var/run/cilium/monitor1_2.sock",
        "the monitor socket of the Cilium agent",
    ),
    (
        "/var/run/cilium/cilium.sock",
        "the API of the Cilium agent, from which names are read",
    ),
];

const EXAMPLES: &str = "\
Examples:
  tidegate demo
  tidegate observe --verdict DROPPED
  tidegate run -c pipeline.toml";

/// The headings of the tables in [`details`].
pub(crate) const TABLES: [&str; 3] = ["Exit codes", "Environment", "Files"];

/// The end of `tidegate -h`.
pub(crate) fn summary() -> String {
    let codes = EXIT_CODES.map(|(code, meaning)| format!("{code} {meaning}"));
    format!(
        "Exit codes: {}.\n\n\
         The log goes to standard error. `tidegate --help` also lists environment variables and files.",
        codes.join("; ")
    )
}

/// The end of `tidegate --help`.
pub(crate) fn details() -> String {
    let codes = EXIT_CODES.map(|(code, meaning)| (code.to_string(), meaning));
    let mut text = format!("{EXAMPLES}\n\nThe log goes to standard error.\n\n");
    let [exit_codes, environment, files] = TABLES;
    table(&mut text, exit_codes, &codes);
    text.push('\n');
    table(&mut text, environment, &ENVIRONMENT);
    text.push('\n');
    table(&mut text, files, &FILES);
    text
}

/// Adds a section with a term and its meaning in each entry.
fn table<T: AsRef<str>>(text: &mut String, title: &str, entries: &[(T, &str)]) {
    let _ = writeln!(text, "{title}:");
    for (term, meaning) in entries {
        let term = term.as_ref();
        match term.len() < 4 {
            true => drop(writeln!(text, "  {term:4}{meaning}")),
            false => drop(writeln!(text, "  {term}\n      {meaning}")),
        }
    }
}
