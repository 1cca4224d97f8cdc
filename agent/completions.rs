//! `tidegate completions`: scripts for shells.

use std::io::{self, Write as _};

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::cli::Cli;
use crate::error::Error;

/// Print a completion script for a shell
///
/// For bash: tidegate completions bash > /etc/bash_completion.d/tidegate
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The shell
    shell: Shell,
}

/// Runs the verb.
pub(crate) fn run(args: &Args) -> Result<(), Error> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "tidegate", &mut script);
    io::stdout().write_all(&script)?;
    Ok(())
}
