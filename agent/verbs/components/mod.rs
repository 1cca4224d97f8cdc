//! `tidegate components`: the kinds of components, and the keys of one kind.

#[cfg(test)]
mod pasted;
mod reference;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;
use std::io::{self, Write as _};

use clap_complete::engine::ArgValueCandidates;
use tidegate_runtime::config::paragraphs;

use super::common::catalog::{Entry, kinds, service_tables};
use super::completions;
use crate::config::{Registry, did_you_mean};
use crate::error::Error;
use reference::table;

/// List the kinds of receivers, processors and exporters, or the keys of one kind
///
/// The keys of a kind are printed as a table that can be pasted into a configuration file: required
/// keys have an example, and all others are commented out and show their defaults.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  tidegate components
  tidegate components otlp
  tidegate components service >> pipeline.toml")]
pub(crate) struct Args {
    /// A kind, or `service`: prints its table with the documentation of every key
    #[arg(add = ArgValueCandidates::new(completions::kinds))]
    kind: Option<String>,
}

/// Runs the verb.
pub(crate) fn run(args: &Args) -> Result<(), Error> {
    let kinds = kinds(&Registry::BUILT_IN);
    let text = match &args.kind {
        None => list(&kinds),
        Some(name) => describe(&kinds, name)?,
    };
    io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

/// All kinds by section.
fn list(kinds: &[Entry]) -> String {
    let width = kinds.iter().map(|kind| kind.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    let mut section = "";
    for kind in kinds {
        if kind.section != section {
            let gap = if section.is_empty() { "" } else { "\n" };
            let _ = writeln!(text, "{gap}{}", kind.section);
            section = kind.section;
        }
        let summary = paragraphs(kind.about)
            .into_iter()
            .next()
            .unwrap_or_default();
        let summary = summary.trim_end_matches('.');
        let _ = writeln!(text, "  {:width$}  {summary}", kind.name);
    }
    text
}

/// The keys of the kinds of that name.
fn describe(kinds: &[Entry], name: &str) -> Result<String, Error> {
    let found: Vec<_> = match name {
        "service" => service_tables(),
        _ => {
            let named = kinds.iter().filter(|kind| kind.name == name);
            named.cloned().collect()
        }
    };
    if found.is_empty() {
        let names = kinds.iter().map(|kind| kind.name).chain(["service"]);
        let hint = did_you_mean(name, names)
            .unwrap_or_else(|| "`tidegate components` lists them".to_owned());
        return Err(Error::Usage(format!("there is no kind `{name}`; {hint}")));
    }
    let texts: Vec<_> = found.iter().map(table).collect();
    Ok(texts.join("\n"))
}
