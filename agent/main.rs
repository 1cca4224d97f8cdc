//! The tidegate agent: the command line, from a configuration file to a running pipeline, signals
//! and exit codes. What the agent does with records is the business of the stage crates; nothing
//! here names a kind of component.

mod cli;
mod client;
mod config;
mod declared;
mod error;
mod log;
mod losses;
mod monitor_server;
mod os;
mod telemetry;
mod verbs;

use std::process::ExitCode;

use clap::Parser;

use cli::Cli;

/// Takes some hundredths less CPU time than glibc's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    use_small_pages();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let code = match cli.verb.run() {
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
