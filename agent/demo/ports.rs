//! Addresses for the demo: the usual ones where they are free, others where they are not.

use std::io;
use std::net::TcpListener;
use std::path::Path;

use crate::config::process_environment;

/// Where the demo's pipeline listens and sends.
pub(super) struct Addresses {
    /// Keep the ports from another demo that starts at the same time.
    held: Vec<TcpListener>,
    pub(super) telemetry: String,
    pub(super) prometheus: String,
    pub(super) otlp: String,
}

impl Addresses {
    pub(super) fn choose() -> io::Result<Self> {
        let otlp = process_environment("OTEL_EXPORTER_OTLP_ENDPOINT").unwrap_or("http://127.0.0.1:4317".to_owned());
        let held = [free(9464)?, free(9965)?];
        let [telemetry, prometheus] = [held[0].local_addr()?, held[1].local_addr()?].map(|address| address.to_string());
        Ok(Self { held: held.into(), telemetry, prometheus, otlp })
    }

    /// Gives the ports up, for the pipeline to take.
    pub(super) fn release(&mut self) {
        self.held.clear();
    }

    /// What the shipped pipeline finds in its environment.
    pub(super) fn value(&self, name: &str, socket: &Path) -> Option<String> {
        match name {
            "CILIUM_MONITOR_SOCK" => Some(socket.display().to_string()),
            "TIDEGATE_TELEMETRY_LISTEN" => Some(self.telemetry.clone()),
            "TIDEGATE_PROMETHEUS_LISTEN" => Some(self.prometheus.clone()),
            "OTEL_EXPORTER_OTLP_ENDPOINT" => Some(self.otlp.clone()),
            _ => process_environment(name),
        }
    }
}

/// The usual port if nobody has it, else one that the system chooses.
fn free(usual: u16) -> io::Result<TcpListener> {
    TcpListener::bind(("127.0.0.1", usual)).or_else(|_| TcpListener::bind("127.0.0.1:0"))
}
