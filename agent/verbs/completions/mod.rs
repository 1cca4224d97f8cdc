//! `tidegate completions`: scripts that complete the command line in a shell.
//!
//! A script calls the binary at each TAB, with the words so far, and the binary answers with what may
//! follow. So verbs and options come from their declarations, and names of stages from the agent
//! that is running ([`mod@stages`]).

mod stages;

pub(crate) use stages::{pipelines, stages};

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Command;
use clap::builder::PossibleValuesParser;
use clap_complete::CompleteEnv;
use clap_complete::engine::CompletionCandidate;
use clap_complete::env::Shells;

use super::common::catalog::kinds as all_kinds;
use crate::config::Registry;
use crate::error::Error;

/// The variable with the name of the shell, when a script calls the binary.
const VARIABLE: &str = "TIDEGATE_COMPLETE";
const BINARY: &str = "tidegate";

/// Print a script that completes the command line in a shell
///
/// The script calls `tidegate` for the words that may follow: verbs, options, kinds, files, and the
/// stages of a running agent or, if there is none, of the configuration.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  tidegate completions bash > /etc/bash_completion.d/tidegate
  tidegate completions zsh > /usr/local/share/zsh/site-functions/_tidegate
  tidegate completions fish > ~/.config/fish/completions/tidegate.fish
  source <(tidegate completions bash)")]
pub(crate) struct Args {
    /// The shell
    #[arg(value_parser = PossibleValuesParser::new(Shells::builtins().names()))]
    shell: String,
}

/// Prints the script.
pub(crate) fn run(args: &Args) -> Result<(), Error> {
    let mut script = Vec::new();
    if let Some(shell) = Shells::builtins().completer(&args.shell) {
        shell.write_registration(VARIABLE, BINARY, BINARY, BINARY, &mut script)?;
    }
    io::stdout().write_all(&script)?;
    Ok(())
}

/// Answers a script that asks for completions; `None` if the binary was called by something else.
/// Prints no errors, since they would appear between the words that are typed.
pub(crate) fn answer(command: impl Fn() -> Command) -> Option<ExitCode> {
    std::env::var_os(VARIABLE).filter(|shell| !shell.is_empty())?;
    std::panic::set_hook(Box::new(|_| {}));
    let folder = std::env::current_dir().ok();
    let answered = CompleteEnv::with_factory(command)
        .var(VARIABLE)
        .bin(BINARY)
        .completer(BINARY)
        .try_complete(std::env::args_os(), folder.as_deref());
    match answered {
        Ok(true) => Some(ExitCode::SUCCESS),
        Ok(false) => None,
        Err(_) => Some(ExitCode::FAILURE),
    }
}

/// The kinds of components, and `service`.
pub(crate) fn kinds() -> Vec<CompletionCandidate> {
    let kinds = all_kinds(&Registry::BUILT_IN);
    let mut candidates: Vec<_> = kinds
        .iter()
        .map(|kind| {
            let about = kind.about.trim().lines().next().unwrap_or_default();
            CompletionCandidate::new(kind.name).help(Some(about.trim().to_owned().into()))
        })
        .collect();
    candidates.push(CompletionCandidate::new("service"));
    candidates
}
