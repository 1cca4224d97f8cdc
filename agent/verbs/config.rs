//! `tidegate config`: prints the shipped configuration.

use std::io::{self, Write as _};

use super::common::shipped;
use crate::error::Error;

/// Print the shipped configuration: every key, with its default
///
/// It reads Cilium's monitor socket and exports to OTLP, Prometheus and standard output.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  tidegate config > pipeline.toml
  tidegate config | tidegate validate -c -")]
pub(crate) struct Args {}

/// Runs the verb.
pub(crate) fn run(_: &Args) -> Result<(), Error> {
    io::stdout().write_all(shipped::PIPELINE.as_bytes())?;
    Ok(())
}
