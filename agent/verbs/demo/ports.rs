//! Addresses for the demo: the usual ones where they are free, others where they are not, and that
//! of a collector if there is one.

use std::io;
use std::net::{TcpListener, TcpStream};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::Path;

use crate::config::process_environment;

/// Where collectors usually listen for OTLP over gRPC, on this machine.
pub(super) const USUAL_COLLECTOR: &str = "127.0.0.1:4317";

/// Where the demo's pipeline listens and sends.
pub(super) struct Addresses {
    /// Keep the ports from others until the pipeline takes them.
    held: Vec<TcpListener>,
    /// Held as long as the demo runs by the one that may have the usual ports: another one that
    /// starts while this one gives them up would find them free.
    _first: Option<UnixListener>,
    pub(super) telemetry: String,
    pub(super) prometheus: String,
    /// The collector's endpoint: what the environment says, else the usual one if something listens
    /// there.
    pub(super) collector: Option<String>,
}

impl Addresses {
    pub(super) fn choose() -> io::Result<Self> {
        let collector = process_environment("OTEL_EXPORTER_OTLP_ENDPOINT").or_else(local_collector);
        let first = first();
        let port = |usual| {
            if first.is_some() {
                free(usual)
            } else {
                free(0)
            }
        };
        let held = [port(9464)?, port(10965)?];
        let [telemetry, prometheus] =
            [held[0].local_addr()?, held[1].local_addr()?].map(|address| address.to_string());
        Ok(Self {
            held: held.into(),
            _first: first,
            telemetry,
            prometheus,
            collector,
        })
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
            "OTEL_EXPORTER_OTLP_ENDPOINT" => self.collector.clone(),
            _ => process_environment(name),
        }
    }
}

/// A name that one demo on the machine has at a time; nobody connects to it.
fn first() -> Option<UnixListener> {
    let name = SocketAddr::from_abstract_name("tidegate-demo").ok()?;
    UnixListener::bind_addr(&name).ok()
}

fn local_collector() -> Option<String> {
    TcpStream::connect(USUAL_COLLECTOR)
        .ok()
        .map(|_| format!("http://{USUAL_COLLECTOR}"))
}

/// The usual port if nobody has it, else one that the system chooses.
fn free(usual: u16) -> io::Result<TcpListener> {
    TcpListener::bind(("127.0.0.1", usual)).or_else(|_| TcpListener::bind("127.0.0.1:0"))
}
