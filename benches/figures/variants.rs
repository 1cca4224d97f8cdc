//! The measured pipelines and peers.

use std::error::Error;
use std::path::Path;

use crate::agent::plan::{Component, FLOWS, METRICS, Plan, replay};
use crate::collector::CollectorAddresses;
use crate::otlp::{self, Target};
use crate::peers::{Peer, Task};
use crate::sink::Sink;
use crate::socket::Reader;
use crate::variant::{Input, Traffic, Variant};

/// Flows, which other rows come on top of.
const FLOWS_ROW: &str = "flows: L3/L4, DNS and HTTP";

/// Metrics, which other rows come on top of.
const METRICS_ROW: &str = "Hubble metrics, Retina's contexts";

/// Flows from the socket, which another row comes on top of.
const SOCKET_ROW: &str = "over the socket: flows, discarded";

/// The frames per second of a busy node.
const BUSY_NODE_RATE: usize = 50_000;

/// Where the rows send to, and the files that they use.
pub(crate) struct Environment<'a> {
    pub(crate) recording: &'a Path,
    /// The path of a monitor socket.
    pub(crate) monitor: &'a Path,
    pub(crate) folder: &'a Path,
    pub(crate) reading: &'a Sink,
    pub(crate) decoding: &'a Sink,
    pub(crate) collector: Option<CollectorAddresses>,
}

/// All rows.
pub(crate) fn all(environment: &Environment<'_>) -> Result<Vec<Variant>, Box<dyn Error>> {
    let mut rows = stages(environment)?;
    rows.extend(to_reading_server(environment)?);
    rows.extend(to_decoding_server(environment)?);
    rows.extend(to_collector(environment)?);
    rows.extend(peers(environment));
    rows.extend(from_socket(environment)?);
    Ok(rows)
}

impl Environment<'_> {
    fn metrics(&self) -> Vec<Component<'static>> {
        FLOWS.iter().copied().chain([METRICS]).collect()
    }

    /// A row that replays the recording.
    fn row(
        &self,
        name: impl Into<String>,
        processors: &[Component<'_>],
        exporter: Component<'_>,
        base: Option<&'static str>,
    ) -> Result<Variant, Box<dyn Error>> {
        let name = name.into();
        let file: String = name
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
            .collect();
        let plan = Plan::simple(replay(self.recording, 0), processors, exporter);
        Ok(Variant {
            name,
            input: Input::Agent(plan.write(self.folder, &file)?),
            base,
            traffic: None,
        })
    }
}

/// What happens before flows are exported, and other exporters.
fn stages(environment: &Environment<'_>) -> Result<Vec<Variant>, Box<dyn Error>> {
    let metrics = environment.metrics();
    let row = |name: &str, processors: &[Component<'_>], exporter, base| {
        environment.row(name, processors, exporter, base)
    };
    let nothing = ("nop", "");
    let prometheus = ("prometheus", "listen = \"127.0.0.1:0\"\n");
    let stdout = |format| ("stdout", format);
    Ok(vec![
        row("frames, read and discarded", &[], nothing, None)?,
        row(
            "events: gob and headers decoded",
            &FLOWS[..1],
            nothing,
            None,
        )?,
        row(FLOWS_ROW, FLOWS, nothing, None)?,
        row(METRICS_ROW, &metrics, nothing, Some(FLOWS_ROW))?,
        row(
            "... exposed to Prometheus",
            &metrics,
            prometheus,
            Some(METRICS_ROW),
        )?,
        row(
            "flows to stdout, compact",
            FLOWS,
            stdout("format = \"compact\"\n"),
            Some(FLOWS_ROW),
        )?,
        row(
            "flows to stdout, JSON",
            FLOWS,
            stdout("format = \"json\"\n"),
            Some(FLOWS_ROW),
        )?,
    ])
}

fn to_reading_server(environment: &Environment<'_>) -> Result<Vec<Variant>, Box<dyn Error>> {
    let Sink { address, received } = environment.reading;
    let grpc = Target::grpc(*address);
    let http = |encoding, compression| {
        let target = Target::http(*address, encoding);
        otlp::flows(target, compression, "")
    };
    let disk = |name: &str, fsync: bool| {
        let path = environment.folder.join(name);
        let keys = format!("disk = {{ path = {path:?}, bytes = \"1GiB\", fsync = {fsync} }}");
        otlp::flows(grpc, "zstd", &keys)
    };
    let flows = |compression| otlp::flows(grpc, compression, "");
    let (protobuf, json) = ("http/protobuf", "http/json");
    let rows = [
        ("flows to OTLP, uncompressed", flows("none")),
        ("flows to OTLP, zstd", flows("zstd")),
        ("flows to OTLP, gzip", flows("gzip")),
        ("... zstd, queue on disk", disk("disk", false)),
        ("... zstd, queue on disk with fsync", disk("fsync", true)),
        ("... zstd, HTTP, protobuf", http(protobuf, "zstd")),
        ("... zstd, HTTP, JSON", http(json, "zstd")),
        ("... uncompressed, HTTP, JSON", http(json, "none")),
    ];
    let row = |(name, settings): (&str, String)| {
        let row = environment.row(name, FLOWS, ("otlp", &settings), Some(FLOWS_ROW))?;
        Ok(row.with_traffic(Traffic::records(received)))
    };
    rows.into_iter()
        .map(row)
        .chain(other_signals(environment, grpc))
        .collect()
}

/// Spans and metrics to the reading server.
fn other_signals(
    environment: &Environment<'_>,
    target: Target,
) -> [Result<Variant, Box<dyn Error>>; 2] {
    let received = &environment.reading.received;
    let spans = ("otlp", &*otlp::spans(target));
    let metrics = ("otlp", &*otlp::metrics(target));
    [
        environment
            .row("spans to OTLP, zstd", FLOWS, spans, Some(FLOWS_ROW))
            .map(|row| row.with_traffic(Traffic::spans(received))),
        environment.row(
            "metrics to OTLP, zstd",
            &environment.metrics(),
            metrics,
            Some(METRICS_ROW),
        ),
    ]
}

fn to_decoding_server(environment: &Environment<'_>) -> Result<Vec<Variant>, Box<dyn Error>> {
    let grpc = Target::grpc(environment.decoding.address);
    let row = |name: &str, compression| {
        let settings = otlp::flows(grpc, compression, "");
        environment.row(name, FLOWS, ("otlp", &settings), Some(FLOWS_ROW))
    };
    Ok(vec![
        row("... uncompressed, decoded on this machine", "none")?,
        row("... zstd, decoded on this machine", "zstd")?,
    ])
}

fn to_collector(environment: &Environment<'_>) -> Result<Vec<Variant>, Box<dyn Error>> {
    let Some(CollectorAddresses { grpc, http }) = environment.collector else {
        let name = "flows, spans and metrics to a Collector";
        let reason = "neither --otelcol nor the variable OTELCOL names its binary";
        return Ok(vec![Variant::skipped(name, reason)]);
    };
    let grpc = Target::grpc(grpc);
    let protobuf = Target::http(http, "http/protobuf");
    let json = Target::http(http, "http/json");
    let metrics = environment.metrics();
    let row = |name: &str, processors: &[Component<'_>], settings: String, base| {
        let name = format!("{name} to a Collector");
        environment.row(name, processors, ("otlp", &settings), Some(base))
    };
    let flows = |name: &str, target, compression| {
        let settings = otlp::flows(target, compression, "");
        row(name, FLOWS, settings, FLOWS_ROW)
    };
    Ok(vec![
        flows("flows, uncompressed,", grpc, "none")?,
        flows("flows, zstd,", grpc, "zstd")?,
        flows("flows, gzip,", grpc, "gzip")?,
        flows("flows, HTTP, protobuf, zstd,", protobuf, "zstd")?,
        flows("flows, HTTP, JSON, zstd,", json, "zstd")?,
        row("spans, zstd,", FLOWS, otlp::spans(grpc), FLOWS_ROW)?,
        row("metrics, zstd,", &metrics, otlp::metrics(grpc), METRICS_ROW)?,
    ])
}

/// The same records from other programs, to the reading server.
fn peers(environment: &Environment<'_>) -> Vec<Variant> {
    let messages = "the same records as prost messages through tonic";
    let sdk = "the same records from the OpenTelemetry SDK's exporter";
    let compressions = [("uncompressed", "none"), ("zstd", "zstd"), ("gzip", "gzip")];
    [(messages, Peer::Messages), (sdk, Peer::Sdk)]
        .into_iter()
        .flat_map(|(name, peer)| compressions.map(|compression| (name, peer, compression)))
        .map(|(name, peer, (title, compression))| {
            let task = Task {
                peer,
                endpoint: environment.reading.address,
                compression,
            };
            Variant::peer(format!("{name}, {title}"), task)
                .with_traffic(Traffic::records(&environment.reading.received))
        })
        .collect()
}

fn from_socket(environment: &Environment<'_>) -> Result<Vec<Variant>, Box<dyn Error>> {
    let Environment {
        monitor, folder, ..
    } = environment;
    // Blocking queues, so that every row processes the same records.
    let receiver = format!(
        "socket = \"{}\"\non_eof = \"stop\"\nqueue = {{ when_full = \"block\" }}\n",
        monitor.display()
    );
    let agent = |name: &str, processors, exporter| {
        Plan::simple(("monitor1_2", receiver.clone()), processors, exporter)
            .write(folder, name)
            .map(Reader::Agent)
    };
    let nothing = ("nop", "");
    let otlp = otlp::flows(Target::grpc(environment.reading.address), "none", "");
    let busy = BUSY_NODE_RATE;
    let frames = agent("socket-frames", &[], nothing)?;
    let flows = agent("socket-flows", FLOWS, nothing)?;
    let exported = agent("socket-otlp", FLOWS, ("otlp", &otlp))?;
    let flat_out = agent("socket-flat-out", FLOWS, nothing)?;
    let row = |name: &str, reader, rate, base| Variant {
        name: format!("over the socket{name}"),
        input: Input::Socket(reader, rate),
        base,
        traffic: None,
    };
    Ok(vec![
        row(": only read", Reader::Drain, busy, None),
        row(": frames, discarded", frames, busy, None),
        row(": flows, discarded", flows, busy, None),
        row(
            ": flows to OTLP, uncompressed",
            exported,
            busy,
            Some(SOCKET_ROW),
        ),
        row(", as fast as it is read: flows", flat_out, 0, None),
    ])
}
