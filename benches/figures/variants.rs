//! The pipelines that are measured.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::agent::plan::{Component, FLOWS, METRICS, Plan};

/// One row of the table.
pub(crate) struct Variant {
    pub(crate) name: &'static str,
    pub(crate) config: PathBuf,
}

/// Name of the row, processors, and the exporter with its settings.
type Row<'a> = (&'static str, &'a [Component<'static>], &'static str, String);

pub(crate) fn all(recording: &Path, folder: &Path, sink: SocketAddr) -> io::Result<Vec<Variant>> {
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
        let plan = Plan::simple(recording, processors, (exporter, &settings));
        Ok(Variant { name, config: plan.write(folder, &number.to_string())? })
    };
    rows.into_iter().enumerate().map(write).collect()
}
