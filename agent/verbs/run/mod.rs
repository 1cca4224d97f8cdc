//! `tidegate run`: starts what a configuration describes, waits until it ends, and closes the
//! books.

mod data_threads;
mod ledger_file;
mod reload;
mod watch;

use std::path::PathBuf;

use clap::ValueHint;
use tidegate_runtime::ledger::{Ledger, Report, StageReport};
use tidegate_runtime::pipeline::{Failure, Running, Runtimes};
use tidegate_runtime::shutdown::Shutdown;
use tidegate_runtime::telemetry::Telemetry;
use tokio::runtime::{Handle, Runtime};

use super::common::config_file::{self, ConfigFile};
use super::common::runtime;
use crate::config::{Assembly, Service, process_environment};
use crate::declared::undeclared;
use crate::error::{Error, chain};
use crate::log;
use crate::losses::{self, Ending, ShutdownLosses};
use crate::os::{signals, systemd};
use crate::telemetry::{Agent, Page, serve_pages};
use data_threads::DataThreads;
use ledger_file::LedgerFile;
use reload::Settings;
pub(crate) use reload::Wishes;
use watch::Watch;

/// Run the pipelines of a configuration
///
/// Ends by itself, after everything has drained, when every receiver or every exporter has ended.
/// SIGINT and SIGTERM stop the receivers and drain within the grace period; a second one ends at
/// once. What is left then is counted as lost, or as unconfirmed where a peer may have it, and the
/// exit code is 1. At the end, the ledger is printed to standard error.
///
/// SIGHUP reloads the configuration: unchanged components keep running, with their state and
/// connections.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    config: ConfigFile,
    /// Reload the configuration whenever the file has another content, as SIGHUP does
    #[arg(long)]
    watch: bool,
    #[command(flatten)]
    options: Options,
}

/// How to run, whatever the configuration.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Options {
    /// Write the final ledger to FILE, as JSON
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) ledger: Option<PathBuf>,
    /// Exit with 1 if a record was lost on its way, or the ledger has a remainder
    ///
    /// Lost on its way is what was dropped for want of room or time, or because a peer refused it
    /// or could not be reached, and what is unconfirmed; at any time of the run. A remainder are
    /// records that are unaccounted or still in flight, and books that do not balance. Not counted
    /// are records whose bytes cannot be read, what Cilium lost before the socket, and what is left
    /// when the reader of standard output has closed it.
    #[arg(long)]
    pub(crate) strict: bool,
    /// What is lost at the end does not decide the exit code: nothing is run for its records.
    #[arg(skip)]
    pub(crate) is_demo: bool,
}

/// Runs the verb.
pub(crate) fn run(args: &Args) -> Result<(), Error> {
    log::init_format_from_environment();
    let shutdown = Shutdown::new();
    let runtime = runtime::multi_thread()?;
    // Signals are heard from here on: one that comes while the configuration is read ends the run
    // when it has begun, with its ledger, and a hang-up does not end the process.
    let hang_ups = runtime.block_on(async {
        signals::stop_on_signals(&shutdown)?;
        signals::hang_ups()
    })?;
    let source = config_file::read(&args.config.path)?;
    // Components are built after the log has started, so that it has what they warn of.
    let mut log = None;
    let start_log = |service: &Service| log = Some(log::init(&service.log, service.log_format));
    let (_, assembly) = config_file::assemble(
        &source,
        &process_environment,
        Telemetry::default(),
        start_log,
    )?;
    let (path, hash) = (args.config.path.clone(), source.hash());
    let watch = runtime.block_on(async { args.watch.then(|| Watch::new(path.clone())) });
    let wishes = Wishes {
        path,
        hash,
        hang_ups,
        watch,
        log,
    };
    start(runtime, assembly, &args.options, shutdown, Some(wishes))
}

/// Runs what was built until it ends, and closes the books. With `wishes`, it changes meanwhile.
pub(crate) fn start(
    runtime: Runtime,
    assembly: Assembly,
    options: &Options,
    shutdown: Shutdown,
    wishes: Option<Wishes>,
) -> Result<(), Error> {
    let ended = runtime.block_on(run_and_report(assembly, options, shutdown, wishes));
    // A thread that is stuck in a read or a write is not waited for.
    runtime.shutdown_background();
    ended
}

async fn run_and_report(
    assembly: Assembly,
    options: &Options,
    shutdown: Shutdown,
    wishes: Option<Wishes>,
) -> Result<(), Error> {
    signals::survive_file_size_limits()?;
    let ledger_file = match &options.ledger {
        Some(path) => Some(LedgerFile::create_unless(path, &shutdown).await?),
        None => None,
    };
    let ledger = Ledger::default();
    let telemetry = assembly.telemetry.clone();
    let ended = execute(assembly, &ledger, shutdown.clone(), wishes).await?;
    let report = ledger.report();
    if let Some(lost) = losses::lost_in_run(&report) {
        tracing::warn!("records were lost in this run: {lost}");
    }
    debug_assert_eq!(
        undeclared(&report),
        [""; 0],
        "every counter exists from the start"
    );
    let page = Page::new(report.clone(), &telemetry);
    log::print_value(&report.to_string(), "the final ledger", "ledger", &page);
    if let Some(file) = ledger_file {
        file.write_unless(page.to_json(), &shutdown).await?;
    }
    match options.is_demo {
        true => ended.or_else(|failure| {
            if failure.is_undelivered() {
                Ok(())
            } else {
                Err(failure)
            }
        })?,
        false => delivered(ended, &report, &ledger.at_end())?,
    }
    if options.strict {
        settled(&report)
    } else {
        Ok(())
    }
}

/// The outer error is one before anything ran.
async fn execute(
    assembly: Assembly,
    ledger: &Ledger,
    shutdown: Shutdown,
    wishes: Option<Wishes>,
) -> Result<Result<(), Failure>, Error> {
    let settings = Settings::of(&assembly);
    let Assembly {
        topology,
        telemetry,
        pages,
        node_name,
        ..
    } = assembly;
    let agent = Agent {
        ledger: ledger.clone(),
        telemetry: telemetry.clone(),
        shutdown: shutdown.clone(),
        node_name,
    };
    let server = serve_pages(&pages, agent).await?;
    let data = DataThreads::start(topology.pipelines.len())?;
    let running = Running::start(
        topology,
        Runtimes::new(Handle::current(), data.handles()),
        ledger,
        shutdown,
    );
    let (control, books, ledger) = (running.control(), ledger.clone(), ledger.clone());
    if let Some(wishes) = &wishes {
        ledger.runs(&wishes.hash);
    }
    reload::log_admin(&server);
    tracing::info!(telemetry = %format_args!("http://{}", server.address()), "running");
    systemd::ready();
    let service = reload::Running {
        control,
        ledger,
        telemetry,
        server,
        settings,
    };
    let beside = tokio::spawn(async move {
        tokio::join!(
            reload::serve(wishes, service),
            systemd::watchdog(),
            losses::watch(books)
        )
    });
    let ended = running.ended().await;
    beside.abort();
    // It was aborted, which is no error; what it holds, such as the file of a socket, is gone then.
    let _ = beside.await;
    Ok(ended)
}

/// Whether the run ended well, and lost nothing at its end by its own limits.
fn delivered(
    ended: Result<(), Failure>,
    report: &Report,
    before: &[StageReport],
) -> Result<(), Error> {
    let manner = match &ended {
        Ok(()) => Ending::Drained,
        Err(failure) if failure.is_undelivered() => Ending::Drained,
        Err(Failure::Overdue { .. }) => Ending::TimedOut,
        Err(Failure::Interrupted { .. }) => Ending::Forced,
        Err(_) => return Ok(ended?),
    };
    match (ended, ShutdownLosses::new(report, before, manner)) {
        (ended, None) => Ok(ended?),
        (Ok(()), Some(lost)) => Err(Error::failed(lost.to_string())),
        (Err(failure), Some(lost)) => Err(Error::failed(format!("{}; {lost}", chain(&failure)))),
    }
}

/// What `--strict` checks.
fn settled(report: &Report) -> Result<(), Error> {
    if !report.balanced || report.unaccounted > 0 || report.in_flight() > 0 {
        return Err(Error::failed("the ledger has a remainder"));
    }
    match losses::lost_in_pipelines(report) {
        None => Ok(()),
        Some(lost) => Err(Error::failed(format!(
            "records were lost on their way: {lost}"
        ))),
    }
}
