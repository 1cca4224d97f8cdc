//! The figures of the README: CPU-seconds per million events, peak memory and throughput of the
//! binary, from a recording of the simulator's default mix to each exporter; the bytes that a
//! record takes in requests; and the same records from other programs.
//!
//! `cargo bench --bench figures`, or with options: `-- --events 1000000 --rounds 3 --only OTLP
//! --otelcol BINARY`. The variants are interleaved, and each row shows the median of its rounds. The
//! column "on top" is the median of what each round costs on top of the same round of flows, of
//! metrics, or of flows from the socket. `-- --sink` only serves the OTLP sinks, for use with a
//! profiler. Not a test: it asserts no time.
//!
//! [`variants`] has the rows, [`sink`] the servers, [`collector`] the real one, [`peers`] the other
//! programs, and [`table`] prints.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

#[path = "../agent/mod.rs"]
mod agent;
mod collector;
mod otlp;
mod peers;
mod sink;
mod socket;
mod table;
mod variant;
mod variants;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Instant;

use mimalloc::MiMalloc;

use agent::Cost;
use agent::plan::{FLOWS, Plan, replay};
use collector::Collector;
use peers::PeerInput;
use sink::{Sink, SinkMode};
use table::{Row, Totals};
use variant::{Input, Variant};
use variants::Environment;

/// Peers have the allocator of the agent.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

struct Options {
    events: usize,
    rounds: usize,
    /// Measures only the rows whose name contains this text, and those that they come on top of.
    only: String,
    otelcol: Option<PathBuf>,
}

/// One run of a variant.
struct Round {
    cost: Cost,
    /// Wall time, including start-up and shutdown.
    seconds: f64,
    /// Bytes that its server has received.
    bytes: u64,
}

/// What runs need.
struct Bench<'a> {
    recording: &'a Path,
    monitor: &'a Path,
    peers: PeerInput,
}

fn main() -> Result<(), Box<dyn Error>> {
    let Some(args) = agent::arguments()? else {
        return Ok(());
    };
    if peers::run_if_peer(&args)? {
        return Ok(());
    }
    if args.iter().any(|arg| arg == "--sink") {
        for mode in [SinkMode::Read, SinkMode::Decode] {
            println!("{mode:?}: http://{}", sink::start(mode)?.address);
        }
        loop {
            std::thread::park();
        }
    }
    if let [flag, path] = args.as_slice()
        && flag == socket::DRAIN_FLAG
    {
        return socket::drain(path);
    }
    let option = |name: &str| {
        args.iter()
            .position(|arg| arg == name)
            .and_then(|at| args.get(at + 1))
            .map(String::as_str)
    };
    figures(&Options {
        events: agent::number(&args, "--events", 1_000_000)?,
        rounds: agent::number(&args, "--rounds", 3)?,
        only: option("--only").unwrap_or_default().to_owned(),
        otelcol: collector::binary(option("--otelcol")),
    })
}

fn figures(options: &Options) -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let folder = folder.path();
    let recording = folder.join("recording");
    agent::record(&recording, options.events)?;
    let monitor = folder.join("monitor.sock");
    let reading = sink::start(SinkMode::Read)?;
    let decoding = sink::start(SinkMode::Decode)?;
    let otelcol = options.otelcol.as_deref();
    let collector = otelcol.map(|binary| Collector::start(binary, folder));
    let collector = collector.transpose()?;
    let variants = variants::all(&Environment {
        recording: &recording,
        monitor: &monitor,
        folder,
        reading: &reading,
        decoding: &decoding,
        collector: collector.as_ref().map(|collector| collector.addresses),
    })?;
    let exported = export_once(&recording, folder)?.received;
    let bench = Bench {
        recording: &recording,
        monitor: &monitor,
        peers: PeerInput::write(folder, &exported)?,
    };
    let mut rows = chosen(variants, &options.only);
    for _ in 0..options.rounds {
        for row in &mut rows {
            row.rounds.extend(bench.run(&row.variant)?);
        }
    }
    let totals = Totals {
        events: options.events,
        exported: &exported,
    };
    table::print(&totals, &rows);
    Ok(())
}

/// Exports everything once, not measured, to a server that counts it.
fn export_once(recording: &Path, folder: &Path) -> Result<Sink, Box<dyn Error>> {
    let sink = sink::start(SinkMode::Decode)?;
    let settings = otlp::flows_and_spans(otlp::Target::grpc(sink.address));
    let plan = Plan::simple(replay(recording, 0), FLOWS, ("otlp", &settings));
    agent::run(&plan.write(folder, "once")?)?;
    Ok(sink)
}

fn chosen(variants: Vec<Variant>, only: &str) -> Vec<Row> {
    let bases: Vec<_> = variants
        .iter()
        .filter(|variant| variant.name.contains(only))
        .filter_map(|variant| variant.base)
        .collect();
    variants
        .into_iter()
        .filter(|variant| variant.name.contains(only) || bases.contains(&&*variant.name))
        .map(|variant| Row {
            variant,
            rounds: Vec::new(),
        })
        .collect()
}

impl Bench<'_> {
    /// Runs a variant once; `None` if it is skipped.
    fn run(&self, variant: &Variant) -> Result<Option<Round>, Box<dyn Error>> {
        let received = || {
            let traffic = variant.traffic.as_ref();
            traffic.map_or(0, |traffic| traffic.received.bytes.get())
        };
        let bytes_before = received();
        let start = Instant::now();
        let cost = match &variant.input {
            Input::Agent(config) => agent::run(config)?,
            Input::Socket(reader, rate) => {
                socket::run(reader, *rate, self.recording, self.monitor)?
            }
            Input::Peer(task) => self.peers.run(task)?,
            Input::Skipped(_) => return Ok(None),
        };
        Ok(Some(Round {
            cost,
            seconds: start.elapsed().as_secs_f64(),
            bytes: received() - bytes_before,
        }))
    }
}
