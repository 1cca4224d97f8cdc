//! `tidegate demo`: runs the shipped `pipeline.toml` against a simulated Cilium agent, on any
//! machine. The file reads its addresses from the environment, which the demo supplies; without a
//! collector, the `otlp` exporter is removed.

mod ports;

use std::path::Path;

use tidegate_runtime::shutdown::Shutdown;
use tidegate_runtime::telemetry::Telemetry;
use tidegate_simulate::Options;
use toml::{Table, Value};
use tracing::Level;

use super::common::config_file::assemble;
use super::common::runtime;
use super::common::shipped::PIPELINE;
use super::run;
use super::simulate::Simulated;
use crate::config::Source;
use crate::error::Error;
use crate::log;
use crate::monitor_server::{self, MonitorSocket, Pace};
use crate::os::signals;
use ports::{Addresses, DEFAULT_COLLECTOR};

/// Events that are sent at once at the start. Most of them announce endpoints; at the default rate,
/// the first flow would come after some seconds.
const INITIAL_EVENTS: u64 = 150;

/// Try tidegate without a cluster
///
/// Simulates a Cilium agent on a unix socket in a temporary directory, runs the shipped
/// pipeline.toml against it and prints flows. Ctrl-C drains the pipeline and prints the ledger.
/// Flows and metrics also go to the OpenTelemetry collector at OTEL_EXPORTER_OTLP_ENDPOINT or, if
/// there is one, at 127.0.0.1:4317.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Events per second
    #[arg(long, default_value_t = 20.0, value_name = "N")]
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
    let directory = tempfile::Builder::new()
        .prefix("tidegate-demo-")
        .tempdir()?;
    let socket = directory.path().join("monitor1_2.sock");
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
    let monitor = {
        let _guard = runtime.enter();
        MonitorSocket::bind(&socket)?
    };
    print_welcome(&socket, &addresses);
    runtime.spawn(simulate(args, monitor, shutdown.clone()));
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

/// The shipped configuration; without a collector, `otlp` is removed, since it would log warnings
/// during the whole demo and delay its end.
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

/// Serves the simulated events. After the last one it requests the shutdown, since the receiver
/// would wait for the agent to come back.
fn simulate(
    args: &Args,
    socket: MonitorSocket,
    shutdown: Shutdown,
) -> impl Future<Output = ()> + use<> {
    let options = Options {
        seed: args.seed,
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
        let frames = || Ok(Simulated::new(options.clone(), events));
        if let Err(error) =
            monitor_server::serve(socket, frames, pace, events.is_some(), shutdown.clone()).await
        {
            tracing::error!(%error, "the simulated agent failed");
        }
        shutdown.request();
    }
}

fn print_welcome(socket: &Path, addresses: &Addresses) {
    let Addresses {
        telemetry,
        prometheus,
        collector,
        ..
    } = addresses;
    let otlp = match collector {
        Some(endpoint) => format!("flows and metrics             {endpoint}"),
        None => format!(
            "off                           cannot reach http://{DEFAULT_COLLECTOR}; start a \
             collector first"
        ),
    };
    let text = format!(
        "A simulated Cilium agent listens on {socket}; the pipeline is the shipped pipeline.toml.

  flows        printed here, as `hubble observe` prints them
  metrics      Hubble's, for Prometheus      http://{prometheus}/metrics
  telemetry    the agent's own metrics       http://{telemetry}/metrics
  ledger       every record, accounted for   http://{telemetry}/debug/ledger
  live view    its stages and queues         tidegate top --address {telemetry}
  OTLP         {otlp}

Ctrl-C drains the pipeline and prints the ledger.
",
        socket = socket.display(),
    );
    log::print(Level::INFO, &text);
}
