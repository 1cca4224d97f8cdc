//! `tidegate completions`: completion scripts for shells.

use std::io::{self, Write as _};

use clap::Command;
use clap_complete::Shell;

use crate::error::Error;

/// Print a completion script for a shell
///
/// For bash: tidegate completions bash > /etc/bash_completion.d/tidegate
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The shell
    shell: Shell,
}

/// Prints the script for `command`, the whole command line.
pub(crate) fn run(args: &Args, command: &mut Command) -> Result<(), Error> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, command, "tidegate", &mut script);
    io::stdout().write_all(&script)?;
    Ok(())
}
