//! The pipelines that are measured.

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

/// What runs, and on what.
pub(crate) enum Input {
    /// The agent with this configuration, which names the recording.
    Recording(PathBuf),
    /// A reader of the monitor socket.
    Socket(Reader),
}

/// Name of the row, processors, and the exporter with its settings.
type Row<'a> = (&'static str, &'a [Component<'static>], &'static str, String);

pub(crate) fn all(recording: &Path, monitor: &Path, folder: &Path, sink: SocketAddr) -> io::Result<Vec<Variant>> {
    let otlp = |compression: &str, signals: &str| {
        format!(
            "endpoint = \"http://{sink}\"\ncompression = \"{compression}\"\nsignals = [{signals}]\nqueue = {{ when_full = \"block\" }}\n"
        )
    };
    let nothing = String::new;
    let metrics: Vec<_> = FLOWS.iter().copied().chain([METRICS]).collect();
    let rows: Vec<Row<'_>> = vec![
        ("frames, read and discarded", &[], "nop", nothing()),
        ("events: gob and headers decoded", &FLOWS[..1], "nop", nothing()),
        ("flows: L3/L4, DNS and HTTP", FLOWS, "nop", nothing()),
        ("Hubble metrics, Retina's contexts", &metrics, "nop", nothing()),
        ("... exposed to Prometheus", &metrics, "prometheus", "listen = \"127.0.0.1:0\"\n".to_owned()),
        ("flows to stdout, compact", FLOWS, "stdout", "format = \"compact\"\n".to_owned()),
        ("flows to stdout, JSON", FLOWS, "stdout", "format = \"json\"\n".to_owned()),
        ("flows to OTLP, uncompressed", FLOWS, "otlp", otlp("none", "\"flows\", \"lost\"")),
        ("flows to OTLP, zstd", FLOWS, "otlp", otlp("zstd", "\"flows\", \"lost\"")),
        ("metrics to OTLP", &metrics, "otlp", otlp("none", "\"metrics\"")),
    ];
    let write = |(number, (name, processors, exporter, settings)): (usize, Row<'_>)| {
        let plan = Plan::simple(replay(recording, 0), processors, (exporter, &settings));
        Ok(Variant { name, input: Input::Recording(plan.write(folder, &number.to_string())?) })
    };
    let from_recording = rows.into_iter().enumerate().map(write).collect::<io::Result<Vec<_>>>()?;
    Ok(from_recording.into_iter().chain(from_socket(monitor, folder)?).collect())
}

fn from_socket(monitor: &Path, folder: &Path) -> io::Result<[Variant; 3]> {
    let receiver = format!("socket = \"{}\"\non_eof = \"stop\"\n", monitor.display());
    let agent = |name: &str, processors| {
        Plan::simple(("monitor1_2", receiver.clone()), processors, ("nop", "")).write(folder, name).map(Reader::Agent)
    };
    let row = |name, reader| Variant { name, input: Input::Socket(reader) };
    Ok([
        row("over the socket: only read", Reader::Drain),
        row("over the socket: frames, discarded", agent("socket-frames", &[])?),
        row("over the socket: flows, discarded", agent("socket-flows", FLOWS)?),
    ])
}
