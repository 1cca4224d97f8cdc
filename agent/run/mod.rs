//! `tidegate run`: starts what a configuration describes, waits until it ends, and closes the books.

mod ledger_file;

use std::io::{self, Write as _};
use std::path::PathBuf;

use clap::ValueHint;
use tidegate_core::ledger::{Ledger, Report};
use tidegate_core::pipeline::Failure;
use tidegate_core::stage::Stop;
use tokio::runtime::{Builder, Runtime};

use crate::cli::ConfigFile;
use crate::config::Assembly;
use crate::error::Error;
use crate::{log, signals, telemetry, validate};
use ledger_file::LedgerFile;

/// Threads for the stages: a pipeline's processors share one, the others do input and output.
const WORKERS: usize = 2;

/// Run the pipelines of a configuration
///
/// Ends by itself, after everything has drained, when every receiver has ended. SIGINT and SIGTERM stop
/// the receivers and drain within the grace period; a second one ends at once. What is left then is
/// counted as lost. At the end, the ledger is printed to standard error.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    config: ConfigFile,
    #[command(flatten)]
    options: Options,
}

/// How to run, whatever the configuration.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Options {
    /// Write the final ledger to FILE, as JSON
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) ledger: Option<PathBuf>,
    /// Exit with 1 if the books do not balance, or if a record is unaccounted or still in flight
    #[arg(long)]
    pub(crate) strict: bool,
}

/// Runs the verb.
pub(crate) fn run(args: &Args) -> Result<(), Error> {
    let (_, assembly) = validate::load(&args.config.path)?;
    log::start(&assembly.log);
    let stop = Stop::new();
    let runtime = runtime()?;
    runtime.block_on(async { signals::stop_on_signals(&stop) })?;
    start(runtime, assembly, &args.options, stop)
}

/// The runtime that everything runs on.
pub(crate) fn runtime() -> io::Result<Runtime> {
    Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build()
}

/// Runs what was built until it ends, and closes the books.
pub(crate) fn start(runtime: Runtime, assembly: Assembly, options: &Options, stop: Stop) -> Result<(), Error> {
    let ledger_file = options.ledger.as_deref().map(LedgerFile::create).transpose()?;
    let ledger = Ledger::default();
    let ended = runtime.block_on(execute(assembly, &ledger, stop));
    // A thread that is stuck in a read or a write is not waited for.
    runtime.shutdown_background();
    let ended = ended?;
    let report = ledger.report();
    // The ledger is worth more than the terminal that it cannot be printed to.
    let _ = writeln!(io::stderr(), "{report}");
    ledger_file.map(|file| file.write(&report.to_json())).transpose()?;
    ended?;
    if options.strict { settled(&report) } else { Ok(()) }
}

/// The outer error is one before anything ran.
async fn execute(assembly: Assembly, ledger: &Ledger, stop: Stop) -> Result<Result<(), Failure>, Error> {
    let server = telemetry::Server::bind(assembly.telemetry_listen).await?;
    let address = server.address();
    let server = tokio::spawn(server.serve(ledger.clone(), assembly.telemetry, stop.clone()));
    let running = assembly.topology.start(&tokio::runtime::Handle::current(), ledger, stop);
    tracing::info!(telemetry = %format_args!("http://{address}"), "running");
    let ended = running.ended().await;
    server.abort();
    Ok(ended)
}

fn settled(report: &Report) -> Result<(), Error> {
    if report.balanced && report.unaccounted == 0 && report.in_flight() == 0 {
        return Ok(());
    }
    Err(Error::failed("the ledger has a remainder"))
}
