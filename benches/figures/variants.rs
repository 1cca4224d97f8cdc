//! The measured pipelines.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::agent::plan::{Component, FLOWS, METRICS, Plan, replay};
use crate::socket::Reader;

/// One row of the table.
pub(crate) struct Variant {
    pub(crate) name: &'static str,
    pub(crate) input: Input,
}

/// The measured program and its input.
pub(crate) enum Input {
    /// The agent with this configuration, which replays the recording.
    Recording(PathBuf),
    /// A reader of the monitor socket, and the frames written per second; 0 is without a limit.
    Socket(Reader, usize),
}

/// The addresses of the OTLP sinks.
#[derive(Clone, Copy)]
pub(crate) struct Sinks {
    pub(crate) discarding: SocketAddr,
    pub(crate) decoding: SocketAddr,
}

/// The frames per second of a busy node.
const BUSY_NODE_RATE: usize = 50_000;

/// The signals of the `otlp` exporter for flows.
const FLOW_SIGNALS: &str = r#""flows", "lost""#;

/// Name, processors, exporter and its settings.
type Row<'a> = (&'static str, &'a [Component<'static>], &'static str, String);

#[expect(clippy::too_many_lines, reason = "a table")]
pub(crate) fn all(
    recording: &Path,
    monitor: &Path,
    folder: &Path,
    sinks: Sinks,
) -> io::Result<Vec<Variant>> {
    let otlp = |sink: SocketAddr, compression: &str, signals: &str| {
        format!(
            "endpoint = \"http://{sink}\"\ncompression = \"{compression}\"\nsignals = [{signals}]\n\
             queue = {{ when_full = \"block\" }}\n"
        )
    };
    let nothing = String::new;
    let metrics: Vec<_> = FLOWS.iter().copied().chain([METRICS]).collect();
    let rows: Vec<Row<'_>> = vec![
        ("frames, read and discarded", &[], "nop", nothing()),
        (
            "events: gob and headers decoded",
            &FLOWS[..1],
            "nop",
            nothing(),
        ),
        ("flows: L3/L4, DNS and HTTP", FLOWS, "nop", nothing()),
        (
            "Hubble metrics, Retina's contexts",
            &metrics,
            "nop",
            nothing(),
        ),
        (
            "... exposed to Prometheus",
            &metrics,
            "prometheus",
            "listen = \"127.0.0.1:0\"\n".to_owned(),
        ),
        (
            "flows to stdout, compact",
            FLOWS,
            "stdout",
            "format = \"compact\"\n".to_owned(),
        ),
        (
            "flows to stdout, JSON",
            FLOWS,
            "stdout",
            "format = \"json\"\n".to_owned(),
        ),
        (
            "flows to OTLP, uncompressed",
            FLOWS,
            "otlp",
            otlp(sinks.discarding, "none", FLOW_SIGNALS),
        ),
        (
            "flows to OTLP, zstd",
            FLOWS,
            "otlp",
            otlp(sinks.discarding, "zstd", FLOW_SIGNALS),
        ),
        (
            "... uncompressed, decoded on this machine",
            FLOWS,
            "otlp",
            otlp(sinks.decoding, "none", FLOW_SIGNALS),
        ),
        (
            "... zstd, decoded on this machine",
            FLOWS,
            "otlp",
            otlp(sinks.decoding, "zstd", FLOW_SIGNALS),
        ),
        (
            "metrics to OTLP",
            &metrics,
            "otlp",
            otlp(sinks.decoding, "none", "\"metrics\""),
        ),
    ];
    let write = |(number, (name, processors, exporter, settings)): (usize, Row<'_>)| {
        let plan = Plan::simple(replay(recording, 0), processors, (exporter, &settings));
        Ok(Variant {
            name,
            input: Input::Recording(plan.write(folder, &number.to_string())?),
        })
    };
    let from_recording = rows
        .into_iter()
        .enumerate()
        .map(write)
        .collect::<io::Result<Vec<_>>>()?;
    Ok(from_recording
        .into_iter()
        .chain(socket_variants(
            monitor,
            folder,
            &otlp(sinks.discarding, "none", FLOW_SIGNALS),
        )?)
        .collect())
}

fn socket_variants(monitor: &Path, folder: &Path, otlp: &str) -> io::Result<[Variant; 5]> {
    // Blocking queues, so that every row processes the same records.
    let queue = "queue = { when_full = \"block\" }";
    let receiver = format!(
        "socket = \"{}\"\non_eof = \"stop\"\n{queue}\n",
        monitor.display()
    );
    let agent = |name: &str, processors, exporter| {
        Plan::simple(("monitor1_2", receiver.clone()), processors, exporter)
            .write(folder, name)
            .map(Reader::Agent)
    };
    let nothing = ("nop", "");
    let row = |name, reader, rate| Variant {
        name,
        input: Input::Socket(reader, rate),
    };
    Ok([
        row("over the socket: only read", Reader::Drain, BUSY_NODE_RATE),
        row(
            "over the socket: frames, discarded",
            agent("socket-frames", &[], nothing)?,
            BUSY_NODE_RATE,
        ),
        row(
            "over the socket: flows, discarded",
            agent("socket-flows", FLOWS, nothing)?,
            BUSY_NODE_RATE,
        ),
        row(
            "over the socket: flows to OTLP, uncompressed",
            agent("socket-otlp", FLOWS, ("otlp", otlp))?,
            BUSY_NODE_RATE,
        ),
        row(
            "over the socket, as fast as it is read: flows",
            agent("socket-flat-out", FLOWS, nothing)?,
            0,
        ),
    ])
}
