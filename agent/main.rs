//! The tidegate agent: the command line, from a configuration file to a running pipeline, signals
//! and exit codes. What the agent does with records is the business of the stage crates; nothing
//! here names a kind of component.

mod cli;
mod completions;
mod components;
mod config;
mod declared;
mod demo;
mod error;
mod graph;
mod log;
mod losses;
mod playback;
mod record;
mod run;
mod signals;
mod simulate;
mod stand_in;
mod systemd;
mod telemetry;
mod terminal;
mod validate;
mod views;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Verb};
use error::Error;

/// Takes some hundredths less CPU time than glibc's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    use_small_pages();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let code = match dispatch(cli.verb) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => error.report(),
    };
    log::finish();
    code
}

/// Help, or what is wrong with the command line, in the format of the log that the environment asks
/// for.
fn usage(error: &clap::Error) -> ExitCode {
    log::begin();
    if error.use_stderr() && log::is_json() {
        log::say(tracing::Level::ERROR, error.to_string().trim_end());
        return u8::try_from(error.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from);
    }
    error.exit()
}

/// Huge pages make resident memory grow by 2 MiB for each first byte, which the kernel clears
/// before. Where they cannot be turned off, all that follows is more memory.
fn use_small_pages() {
    let _ = nix::sys::prctl::set_thp_disable(true);
}

fn dispatch(verb: Verb) -> Result<(), Error> {
    match verb {
        Verb::Run(args) => run::run(&args),
        Verb::Validate(args) => validate::run(&args),
        Verb::Graph(args) => graph::run(&args),
        Verb::Components(args) => components::run(&args),
        Verb::Demo(args) => demo::run(&args),
        Verb::Record(args) => record::run(&args),
        Verb::Replay(args) => playback::run(&args),
        Verb::Simulate(args) => simulate::run(&args),
        Verb::Ledger(args) => views::ledger::run(&args),
        Verb::Tap(args) => views::tap::run(&args),
        Verb::Top(args) => views::top::run(&args),
        Verb::Completions(args) => completions::run(&args),
    }
}
