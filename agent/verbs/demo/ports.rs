//! The addresses of the demo: the default ports if they are free, and the collector, if there is
//! one.

use std::io;
use std::net::{TcpListener, TcpStream};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::Path;

use crate::config::process_environment;

/// The default address of a local collector for OTLP over gRPC.
pub(super) const DEFAULT_COLLECTOR: &str = "127.0.0.1:4317";

/// The addresses that the demo's pipeline uses.
pub(super) struct Addresses {
    /// Reserve the ports until the pipeline binds them.
    reserved: Vec<TcpListener>,
    /// Held by the demo that may use the default ports: another one that starts between
    /// [`Self::release`] and the bind of the pipeline would find them free.
    _default_ports: Option<UnixListener>,
    pub(super) telemetry: String,
    pub(super) prometheus: String,
    /// The endpoint of the collector, from the environment or the default one if something listens
    /// there.
    pub(super) collector: Option<String>,
}

impl Addresses {
    pub(super) fn choose() -> io::Result<Self> {
        let collector = process_environment("OTEL_EXPORTER_OTLP_ENDPOINT").or_else(local_collector);
        let default_ports = lock_default_ports();
        let reserve = |port| reserve_port(if default_ports.is_some() { port } else { 0 });
        let reserved = [reserve(9464)?, reserve(10965)?];
        let [telemetry, prometheus] = [reserved[0].local_addr()?, reserved[1].local_addr()?]
            .map(|address| address.to_string());
        Ok(Self {
            reserved: reserved.into(),
            _default_ports: default_ports,
            telemetry,
            prometheus,
            collector,
        })
    }

    /// Releases the ports for the pipeline.
    pub(super) fn release(&mut self) {
        self.reserved.clear();
    }

    /// The value of a variable in the environment of the shipped configuration.
    pub(super) fn value(&self, name: &str, socket: &Path) -> Option<String> {
        match name {
            "CILIUM_MONITOR_SOCK" => Some(socket.display().to_string()),
            "TIDEGATE_TELEMETRY_LISTEN" => Some(self.telemetry.clone()),
            "TIDEGATE_PROMETHEUS_LISTEN" => Some(self.prometheus.clone()),
            "OTEL_EXPORTER_OTLP_ENDPOINT" => self.collector.clone(),
            _ => process_environment(name),
        }
    }
}

/// Takes an abstract socket name that only one demo on the machine can have at a time.
fn lock_default_ports() -> Option<UnixListener> {
    let name = SocketAddr::from_abstract_name("tidegate-demo").ok()?;
    UnixListener::bind_addr(&name).ok()
}

fn local_collector() -> Option<String> {
    TcpStream::connect(DEFAULT_COLLECTOR)
        .ok()
        .map(|_| format!("http://{DEFAULT_COLLECTOR}"))
}

/// Binds `port`, or a port that the system chooses if it is in use.
fn reserve_port(port: u16) -> io::Result<TcpListener> {
    TcpListener::bind(("127.0.0.1", port)).or_else(|_| TcpListener::bind("127.0.0.1:0"))
}
