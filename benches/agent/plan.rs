//! Configuration files for the measured agent.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A component's id and its settings as TOML.
pub(crate) type Component<'a> = (&'a str, &'a str);

/// The processors that produce flows.
pub(crate) const FLOWS: &[Component<'_>] = &[
    ("cilium_decode", ""),
    ("l34_flow", ""),
    ("dns_flow", ""),
    ("http_flow", ""),
    ("l7_flow", ""),
];
/// The metrics and contexts that Retina's Helm chart enables.
pub(crate) const METRICS: Component<'_> = (
    "hubble_metrics",
    r#"metrics = [
  "flow:sourceEgressContext=pod;destinationIngressContext=pod",
  "tcp:sourceEgressContext=pod;destinationIngressContext=pod",
  "dns:query;sourceEgressContext=pod;destinationIngressContext=pod",
  "drop:sourceEgressContext=pod;destinationIngressContext=pod",
  "httpV2",
]"#,
);

/// A receiver and a number of identical pipelines.
pub(crate) struct Plan<'a> {
    /// The receiver's kind and its settings as TOML.
    pub(crate) receiver: (&'static str, String),
    pub(crate) processors: Vec<Component<'a>>,
    /// Exporters of every pipeline.
    pub(crate) exporters: Vec<Component<'a>>,
    pub(crate) pipelines: usize,
}

impl<'a> Plan<'a> {
    /// One pipeline at full speed into one exporter.
    pub(crate) fn simple(
        receiver: (&'static str, String),
        processors: &[Component<'a>],
        exporter: Component<'a>,
    ) -> Self {
        Self {
            receiver,
            processors: processors.to_vec(),
            exporters: vec![exporter],
            pipelines: 1,
        }
    }

    /// Writes the configuration to `<name>.toml` in a folder.
    pub(crate) fn write(&self, folder: &Path, name: &str) -> io::Result<PathBuf> {
        let path = folder.join(format!("{name}.toml"));
        fs::write(&path, self.toml())?;
        Ok(path)
    }

    fn toml(&self) -> String {
        let tables = |stage: &str, components: &[Component<'_>]| -> String {
            components
                .iter()
                .map(|(id, settings)| format!("[{stage}.\"{id}\"]\n{settings}\n"))
                .collect()
        };
        let ids = |components: &[Component<'a>]| -> Vec<&'a str> {
            components.iter().map(|(id, _)| *id).collect()
        };
        let (receiver, settings) = &self.receiver;
        let processors = ids(&self.processors);
        let exporters = ids(&self.exporters);
        let pipeline = |number| {
            format!(
                "[service.pipelines.p{number}]\nreceivers = [{receiver:?}]\nprocessors = {processors:?}\n\
                 exporters = {exporters:?}\n"
            )
        };
        format!(
            "[receivers.{receiver}]\n{settings}{}{}[service]\nlog = \"warn\"\n\
             telemetry.listen = \"127.0.0.1:0\"\n{}",
            tables("processors", &self.processors),
            tables("exporters", &self.exporters),
            (0..self.pipelines).map(pipeline).collect::<String>(),
        )
    }
}

/// The receiver that replays a recording at `rate` events per second; 0 is without a limit.
pub(crate) fn replay(recording: &Path, rate: usize) -> (&'static str, String) {
    (
        "replay",
        format!("file = \"{}\"\nrate = {rate}\n", recording.display()),
    )
}
