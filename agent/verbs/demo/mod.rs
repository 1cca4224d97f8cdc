//! `tidegate demo`: runs the shipped `pipeline.toml` against a simulated Cilium agent, on any
//! machine.
//!
//! [`addresses`] chooses where it listens, [`wiring`] adapts the shipped configuration, and
//! [`welcome`] is what it prints.

mod addresses;
mod socket;
mod welcome;
mod wiring;

use std::time::Duration;

use tidegate_runtime::health::HealthState;
use tidegate_runtime::shutdown::Shutdown;
use tidegate_runtime::telemetry::Telemetry;
use tidegate_simulate::{Api, Mix, Options, Scenario};
use tokio::sync::watch;
use tokio::time::timeout;

use super::common::config_file::{FileCheck, WarningPolicy, assemble};
use super::common::runtime;
use super::run;
use super::simulate::{self, Simulated};
use crate::config::Source;
use crate::error::Error;
use crate::log;
use crate::monitor_server::{self, Pace, api};
use crate::os::signals;
use addresses::Addresses;
use socket::{Sockets, TemporarySockets};

/// Events that are sent at once at the start, to have some flows on the screen.
const INITIAL_EVENTS: u64 = 20;
/// The longest wait for a client that reads the API.
const LISTS_TIMEOUT: Duration = Duration::from_secs(2);
/// Time between two looks at whether an exporter has ended.
const WATCH_INTERVAL: Duration = Duration::from_millis(20);

/// Try tidegate without a cluster
///
/// Simulates a Cilium agent on unix sockets in a temporary directory, runs the shipped
/// pipeline.toml against it and prints flows. Ctrl-C ends it and prints the ledger.
///
/// If OTEL_EXPORTER_OTLP_ENDPOINT is set, flows and metrics are also sent there, over OTLP.
/// TIDEGATE_TELEMETRY_LISTEN and TIDEGATE_PROMETHEUS_LISTEN set the addresses; by default they are
/// 127.0.0.1:9464 and 127.0.0.1:10965, or other ports if those are in use.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  tidegate demo
  tidegate demo --rate 0 --events 100000 --ledger ledger.json")]
pub(crate) struct Args {
    /// Events per second; 0 is as fast as they are read, and what standard output does not take in
    /// time is dropped and counted
    #[arg(long, default_value_t = 20.0, value_name = "N", value_parser = simulate::rate)]
    rate: f64,
    /// Seed of the simulated cluster
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Number of events; without it, the demo runs until Ctrl-C
    #[arg(long, value_name = "N")]
    events: Option<u64>,
    #[command(flatten)]
    options: run::Options,
}

/// Runs the verb.
pub(crate) fn run(args: &Args) -> Result<(), Error> {
    log::init_warnings();
    let shutdown = Shutdown::new();
    let runtime = runtime::multi_thread()?;
    // First, so that a signal at any time ends the demo in order.
    runtime.block_on(async { signals::shutdown_on_signals(&shutdown) })?;
    let mut temporary = runtime.block_on(async { TemporarySockets::bind() })?;
    let mut addresses = Addresses::choose()?;
    let source = Source {
        name: "pipeline.toml".to_owned(),
        text: wiring::pipeline(addresses.collector.is_some()),
    };
    let environment = |name: &str| addresses.value(name, &temporary.paths);
    let telemetry = Telemetry::default();
    let (_, assembly) = assemble(
        &source,
        &environment,
        telemetry.clone(),
        FileCheck::Skip,
        &WarningPolicy::default(),
        |_| {},
    )?;
    welcome::print(args.rate, &addresses);
    if let Some(sockets) = temporary.sockets.take() {
        runtime.spawn(serve_agent(args, sockets, shutdown.clone()));
    }
    runtime.spawn(end_with_an_exporter(telemetry, shutdown.clone()));
    addresses.release();
    let options = run::Options {
        is_demo: true,
        ..args.options.clone()
    };
    run::start(runtime, assembly, &options, shutdown, None)?;
    welcome::print_legend();
    Ok(())
}

/// The usual traffic without what Hubble does not show as flows, such as debug messages.
fn mix() -> Mix {
    let mut mix = Mix::default();
    mix.0[Scenario::Internal as usize] = 0;
    mix
}

/// Serves the simulated events and the agent's API. After the last event it requests the shutdown,
/// since the receiver would wait for the agent to come back.
///
/// The pods of the demo run before it starts, and no event announces them: their names are in the
/// API alone. So traffic begins when the lists have been read.
fn serve_agent(
    args: &Args,
    sockets: Sockets,
    shutdown: Shutdown,
) -> impl Future<Output = ()> + use<> {
    let options = Options {
        seed: args.seed,
        mix: mix(),
        lost_every: 0,
        ..Options::default()
    };
    let events = args.events;
    let pace = Pace {
        rate: args.rate,
        burst: INITIAL_EVENTS,
        coalesce: 0,
    };
    async move {
        let server = api::Server::new(Api::new(&options));
        let is_read = server.is_read();
        let frames = || Ok(Simulated::new(options.clone(), events));
        let served = tokio::select! {
            served = monitor_server::serve_after(
                sockets.monitor,
                frames,
                pace,
                events.is_some(),
                shutdown.clone(),
                || lists_read(is_read.clone()),
            ) => served,
            served = api::serve(sockets.api, server, shutdown.clone()) => served,
        };
        if let Err(error) = served {
            tracing::error!(%error, "the simulated agent failed");
        }
        shutdown.request();
    }
}

/// Waits until the lists of the API have been read, or for a time.
async fn lists_read(mut is_read: watch::Receiver<bool>) {
    // Without the lists, or with a server that has ended, flows come without names.
    let _ = timeout(LISTS_TIMEOUT, is_read.wait_for(|is_read| *is_read)).await;
}

/// Requests the shutdown when an exporter has ended, for example because the reader of standard
/// output has closed it (`| head`): nobody would see the rest of the demo.
async fn end_with_an_exporter(telemetry: Telemetry, shutdown: Shutdown) {
    let mut ticks = tokio::time::interval(WATCH_INTERVAL);
    loop {
        ticks.tick().await;
        let states = telemetry.health().states();
        if states
            .values()
            .any(|state| matches!(state, HealthState::Ended { .. }))
        {
            return shutdown.request();
        }
    }
}
