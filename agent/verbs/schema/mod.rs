//! `tidegate schema`: the JSON Schema of configuration files.

mod document;
mod shape;
#[cfg(test)]
mod tests;

use std::io::{self, Write as _};

use crate::config::Registry;
use crate::error::Error;
use document::document;

/// Print the JSON Schema of configuration files, for editors and validators
///
/// The schema (draft 2020-12) describes every table and key of this version with its type, default
/// and documentation. `validate` checks more: values that depend on each other, and the wiring.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  tidegate schema > tidegate.schema.json")]
pub(crate) struct Args {}

/// Runs the verb.
pub(crate) fn run(_: &Args) -> Result<(), Error> {
    let schema = document(&Registry::BUILT_IN);
    let mut text = serde_json::to_string_pretty(&schema)?;
    text.push('\n');
    io::stdout().write_all(text.as_bytes())?;
    Ok(())
}
