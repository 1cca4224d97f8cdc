//! `tidegate demo`: the shipped pipeline against the built-in stand-in for the Cilium agent, on a
//! machine that has nothing of it. The wiring is `pipeline.toml` as it ships, without `otlp` where
//! there is no collector; its addresses come from the environment, and the demo gives it one of its
//! own.

mod ports;

use std::path::Path;

use tidegate_runtime::shutdown::Shutdown;
use tidegate_runtime::telemetry::Telemetry;
use tidegate_simulate::Options;
use toml::{Table, Value};
use tracing::Level;

use super::common::config_file::assemble;
use super::common::runtime;
use super::run;
use super::simulate::Simulated;
use crate::config::Source;
use crate::error::Error;
use crate::log;
use crate::monitor_server::{self, MonitorSocket, Pace};
use crate::os::signals;
use ports::{Addresses, USUAL_COLLECTOR};

const PIPELINE: &str = include_str!("../../../pipeline.toml");
/// Events at the beginning, most of them announcements of endpoints: at the usual rate there would
/// be no flow to see for some seconds.
const ANNOUNCEMENTS: u64 = 150;

/// See the whole pipeline work, with a stand-in for the Cilium agent
///
/// Simulates a Cilium agent on a unix socket in a temporary directory, runs the shipped
/// pipeline.toml against it and prints flows. Ctrl-C drains, and prints the ledger. Flows and
/// metrics also go to an OpenTelemetry collector at OTEL_EXPORTER_OTLP_ENDPOINT or, if one listens
/// there, 127.0.0.1:4317.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Events per second
    #[arg(long, default_value_t = 20.0, value_name = "N")]
    rate: f64,
    /// Seed of the simulated cluster
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// End after so many events; without it, at Ctrl-C
    #[arg(long, value_name = "N")]
    events: Option<u64>,
    #[command(flatten)]
    options: run::Options,
}

/// Runs the verb.
pub(crate) fn run(args: &Args) -> Result<(), Error> {
    let folder = tempfile::Builder::new()
        .prefix("tidegate-demo-")
        .tempdir()?;
    let socket = folder.path().join("monitor1_2.sock");
    let mut addresses = Addresses::choose()?;
    let text = pipeline(addresses.collector.is_some())
        .map_err(|error| Error::failed(error.to_string()))?;
    let source = Source {
        name: "pipeline.toml".to_owned(),
        text,
    };
    log::init_default();
    let environment = |name: &str| addresses.value(name, &socket);
    let (_, assembly) = assemble(&source, &environment, Telemetry::default(), |_| {})?;
    let shutdown = Shutdown::new();
    let runtime = runtime::multi_thread()?;
    runtime.block_on(async { signals::shutdown_on_signals(&shutdown) })?;
    let stand_in = {
        let _entered = runtime.enter();
        MonitorSocket::bind(&socket)?
    };
    welcome(&socket, &addresses);
    runtime.spawn(play(args, stand_in, shutdown.clone()));
    addresses.release();
    run::start(
        runtime,
        assembly,
        &run::Options {
            is_demo: true,
            ..args.options.clone()
        },
        shutdown,
        None,
    )
}

/// The shipped configuration, without `otlp` if there is no collector: it would retry and warn for
/// as long as the demo runs, and hold up its end.
fn pipeline(has_collector: bool) -> Result<String, toml::de::Error> {
    if has_collector {
        return Ok(PIPELINE.to_owned());
    }
    let mut table: Table = PIPELINE.parse()?;
    if let Some(exporters) = table.get_mut("exporters").and_then(Value::as_table_mut) {
        exporters.remove("otlp");
    }
    let pipelines = table
        .get_mut("service")
        .and_then(|service| service.get_mut("pipelines"));
    for (_, pipeline) in pipelines
        .and_then(Value::as_table_mut)
        .into_iter()
        .flatten()
    {
        if let Some(exporters) = pipeline.get_mut("exporters").and_then(Value::as_array_mut) {
            exporters.retain(|exporter| exporter.as_str() != Some("otlp"));
        }
    }
    Ok(table.to_string())
}

/// Plays the simulated cluster. When it has an end, so has the demo: the receiver would wait for
/// the agent to come back.
fn play(
    args: &Args,
    socket: MonitorSocket,
    shutdown: Shutdown,
) -> impl Future<Output = ()> + use<> {
    let options = Options {
        seed: args.seed,
        lost_every: 0,
        ..Options::default()
    };
    let (events, pace) = (
        args.events,
        Pace {
            rate: args.rate,
            at_once: ANNOUNCEMENTS,
            coalesce: 0,
        },
    );
    async move {
        let frames = || Ok(Simulated::new(options.clone(), events));
        if let Err(error) =
            monitor_server::serve(socket, frames, pace, events.is_some(), shutdown.clone()).await
        {
            tracing::error!(%error, "the stand-in failed");
        }
        shutdown.request();
    }
}

fn welcome(socket: &Path, addresses: &Addresses) {
    let Addresses {
        telemetry,
        prometheus,
        collector,
        ..
    } = addresses;
    let otlp = match collector {
        Some(endpoint) => format!("flows and metrics             {endpoint}"),
        None => format!(
            "left out                      cannot reach http://{USUAL_COLLECTOR}; start a collector first"
        ),
    };
    let text = format!(
        "A simulated Cilium agent listens on {socket}; the pipeline is the shipped pipeline.toml.

  flows        printed here, as `hubble observe` prints them
  metrics      Hubble's, for Prometheus      http://{prometheus}/metrics
  the agent    about itself                  http://{telemetry}/metrics
  the ledger   where every record went       http://{telemetry}/debug/ledger
  live         its stages and queues         tidegate top --address {telemetry}
  OTLP         {otlp}

Ctrl-C drains, and prints the ledger.
",
        socket = socket.display(),
    );
    log::print(Level::INFO, &text);
}
