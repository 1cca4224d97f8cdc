//! The pipelines that are measured.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// One row of the table.
pub(crate) struct Variant {
    pub(crate) name: &'static str,
    pub(crate) config: PathBuf,
}

const FLOWS: &[&str] = &["cilium_decode", "l34_flow", "dns_flow", "http_flow", "l7_flow"];
/// The metrics and contexts that Retina's chart enables.
const METRICS: &str = r#"[processors.hubble_metrics]
metrics = [
  "flow:sourceEgressContext=pod;destinationIngressContext=pod",
  "tcp:sourceEgressContext=pod;destinationIngressContext=pod",
  "dns:query;sourceEgressContext=pod;destinationIngressContext=pod",
  "drop:sourceEgressContext=pod;destinationIngressContext=pod",
  "httpV2",
]
"#;

/// Name of the row, processors, whether metrics are aggregated, and the exporter with its settings.
type Row = (&'static str, &'static [&'static str], bool, &'static str, String);

pub(crate) fn all(recording: &Path, folder: &Path, sink: SocketAddr) -> io::Result<Vec<Variant>> {
    let otlp = |compression: &str, signals: &str| {
        format!(
            "endpoint = \"http://{sink}\"\ncompression = \"{compression}\"\nsignals = [{signals}]\nqueue = {{ when_full = \"block\" }}\n"
        )
    };
    let nothing = String::new;
    let rows: Vec<Row> = vec![
        ("frames, read and discarded", &[], false, "nop", nothing()),
        ("events: gob and headers decoded", &["cilium_decode"], false, "nop", nothing()),
        ("flows: L3/L4, DNS and HTTP", FLOWS, false, "nop", nothing()),
        ("Hubble metrics, Retina's contexts", FLOWS, true, "nop", nothing()),
        ("... exposed to Prometheus", FLOWS, true, "prometheus", "listen = \"127.0.0.1:0\"\n".to_owned()),
        ("flows to stdout, compact", FLOWS, false, "stdout", "format = \"compact\"\n".to_owned()),
        ("flows to stdout, JSON", FLOWS, false, "stdout", "format = \"json\"\n".to_owned()),
        ("flows to OTLP, uncompressed", FLOWS, false, "otlp", otlp("none", "\"flows\", \"lost\"")),
        ("flows to OTLP, zstd", FLOWS, false, "otlp", otlp("zstd", "\"flows\", \"lost\"")),
        ("metrics to OTLP", FLOWS, true, "otlp", otlp("none", "\"metrics\"")),
    ];
    let write = |(number, row): (usize, Row)| {
        let config = folder.join(format!("{number}.toml"));
        fs::write(&config, pipeline(recording, &row))?;
        Ok(Variant { name: row.0, config })
    };
    rows.into_iter().enumerate().map(write).collect()
}

fn pipeline(recording: &Path, (_, processors, metrics, exporter, settings): &Row) -> String {
    let mut tables: String = processors.iter().map(|name| format!("[processors.{name}]\n")).collect();
    let mut chain: Vec<&str> = processors.to_vec();
    if *metrics {
        tables.push_str(METRICS);
        chain.push("hubble_metrics");
    }
    let recording = recording.display();
    format!(
        "[receivers.replay]\nfile = \"{recording}\"\n{tables}[exporters.{exporter}]\n{settings}\
         [service]\nlog = \"warn\"\n[service.telemetry]\nlisten = \"127.0.0.1:0\"\n\
         [service.pipelines.main]\nreceivers = [\"replay\"]\nprocessors = {chain:?}\nexporters = [\"{exporter}\"]\n"
    )
}
