//! `tidegate run`: runs the pipelines of a configuration.
//!
//! [`start`] is also what `demo` runs; [`reload`] changes the pipelines while they run.

mod data_threads;
mod file_watcher;
mod ledger_file;
mod outcome;
mod reading;
mod refresh;
mod reload;
mod started;

use std::path::PathBuf;

use clap::ValueHint;
use tidegate_runtime::ledger::Ledger;
use tidegate_runtime::shutdown::Shutdown;
use tidegate_runtime::telemetry::Telemetry;
use tokio::runtime::Runtime;
use tracing::Level;

use super::common::config_file::{self, ConfigFile, FileCheck, WarningPolicy};
use super::common::runtime;
use crate::config::{Assembly, ConfigInput, Service, process_environment};
use crate::declared::undeclared;
use crate::error::Error;
use crate::os::signals;
use crate::telemetry::{LedgerPage, OwnTelemetrySender};
use crate::{log, losses};
use file_watcher::FileWatcher;
use ledger_file::LedgerFile;
pub(crate) use reload::ReloadTriggers;
use started::Started;

/// Run the pipelines of a configuration
///
/// Ends when every receiver or every exporter has ended and everything has drained. SIGINT and
/// SIGTERM stop the receivers and drain within the grace period; a second signal exits immediately.
/// Records that are left then count as lost, or as unconfirmed where a peer may have them, and the
/// exit code is 1. At the end, the ledger is printed to standard error.
///
/// SIGHUP makes every component read its certificates and tokens and open its files again. Then it
/// reloads the configuration: unchanged components keep running, with their state and connections.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  tidegate run
  tidegate run -c /etc/tidegate/pipeline.toml --watch
  tidegate run -c capture.toml --strict --ledger ledger.json")]
pub(crate) struct Args {
    #[command(flatten)]
    config: ConfigFile,
    /// Reload the configuration when the content of the file changes, as SIGHUP does
    #[arg(long)]
    watch: bool,
    #[command(flatten)]
    options: Options,
}

/// Options that do not depend on the configuration.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Options {
    /// Write the final ledger to FILE, as JSON
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) ledger: Option<PathBuf>,
    /// Exit with 1 if the pipelines lost records, or the ledger does not balance
    ///
    /// Lost are records that were dropped for lack of room or time, or because a peer refused them
    /// or could not be reached, and unconfirmed records, at any time of the run. The ledger does
    /// not balance if records are unaccounted for or still in flight. Records that cannot be read,
    /// events that Cilium lost before the socket, and what is left when the reader of standard
    /// output has closed it do not count.
    #[arg(long)]
    pub(crate) strict: bool,
    /// Whether losses during the shutdown leave the exit code at 0.
    #[arg(skip)]
    pub(crate) is_demo: bool,
}

/// Runs the verb.
pub(crate) fn run(args: &Args) -> Result<(), Error> {
    log::init_format_from_environment();
    let shutdown = Shutdown::new();
    let runtime = runtime::multi_thread()?;
    // Signals are handled before the configuration is read: a shutdown requested meanwhile ends the
    // run without a failure, and SIGHUP does not end the process.
    let hang_ups = runtime.block_on(async {
        signals::shutdown_on_signals(&shutdown)?;
        signals::hang_ups()
    })?;
    let input = args.config.locate()?;
    let watched = args.watched(&input)?;
    let Some(source) = runtime.block_on(reading::read(&input, &shutdown))? else {
        log::print(
            Level::INFO,
            "ended by a signal before the configuration was complete",
        );
        return Ok(());
    };
    // The log starts before components are built, so that it has their warnings.
    let mut log = None;
    let init_log = |service: &Service| log = Some(log::init(&service.log, service.log_format));
    let (_, assembly) = config_file::assemble(
        &source,
        &process_environment,
        Telemetry::default(),
        FileCheck::Read,
        &WarningPolicy::default(),
        init_log,
    )?;
    if !args.config.is_named() {
        tracing::info!(configuration = source.name, "read the configuration");
    }
    let watcher = runtime.block_on(async { watched.map(FileWatcher::new) });
    let triggers = ReloadTriggers {
        input,
        hash: source.hash(),
        source,
        hang_ups,
        watcher,
        log,
    };
    start(runtime, assembly, &args.options, shutdown, Some(triggers))
}

impl Args {
    /// The file to watch, if one is to be watched.
    fn watched(&self, input: &ConfigInput) -> Result<Option<PathBuf>, Error> {
        match (self.watch, input.file()) {
            (false, _) => Ok(None),
            (true, Some(file)) => Ok(Some(file.to_owned())),
            (true, None) => Err(Error::Usage(
                "--watch needs a configuration in a file: standard input and pipes can be read only \
                 once"
                    .to_owned(),
            )),
        }
    }
}

/// Runs pipelines until they end, and reports the final ledger. Without `triggers` they are never
/// reloaded.
pub(crate) fn start(
    runtime: Runtime,
    assembly: Assembly,
    options: &Options,
    shutdown: Shutdown,
    triggers: Option<ReloadTriggers>,
) -> Result<(), Error> {
    let result = runtime.block_on(run_and_report(assembly, options, shutdown, triggers));
    // Does not wait for a thread that is blocked in a read or a write.
    runtime.shutdown_background();
    result
}

/// Sends the last of the agent's own telemetry when the run is over, however it ends.
struct FinishOwnTelemetry(Option<OwnTelemetrySender>);

impl Drop for FinishOwnTelemetry {
    fn drop(&mut self) {
        if let Some(sender) = &self.0 {
            sender.finish();
        }
    }
}

async fn run_and_report(
    assembly: Assembly,
    options: &Options,
    shutdown: Shutdown,
    triggers: Option<ReloadTriggers>,
) -> Result<(), Error> {
    signals::survive_file_size_limits()?;
    let ledger_file = match &options.ledger {
        Some(path) => Some(LedgerFile::create_unless(path, &shutdown).await?),
        None => None,
    };
    let ledger = Ledger::default();
    let telemetry = assembly.telemetry.clone();
    let node_name = assembly.node_name.clone();
    let log = triggers.as_ref().and_then(|triggers| triggers.log.as_ref());
    let own_telemetry = started::start_own_telemetry(&assembly, &ledger, log)?;
    let _finish = FinishOwnTelemetry(own_telemetry.clone());
    let started = Started::start(assembly, &ledger, shutdown.clone(), triggers, own_telemetry);
    let ended = started.await?.ended().await;
    let report = ledger.report();
    if let Some(lost) = losses::lost_in_run(&report) {
        tracing::warn!("records were lost in this run: {lost}");
    }
    debug_assert_eq!(
        undeclared(&report),
        [""; 0],
        "every outcome of a stage is declared by its kind"
    );
    let page = LedgerPage::new(report.clone(), &telemetry, &node_name, true);
    log::print_value(&report.to_string(), "the final ledger", "ledger", &page);
    if let Some(file) = ledger_file {
        file.write_unless(page.to_json(), &shutdown).await?;
    }
    if options.is_demo {
        outcome::check_demo(ended)?;
    } else {
        outcome::check(ended, &report, &ledger.at_shutdown())?;
    }
    if options.strict {
        outcome::check_strict(&report)?;
    }
    Ok(())
}
