//! What the receiver says about its connection: a log line for every change, and instruments.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tidegate_runtime::telemetry::{Counter, Gauge, Telemetry};

use super::connection::End;

/// The connection's state as it was last reported.
#[derive(Debug)]
pub(super) struct Status {
    socket: PathBuf,
    stage: String,
    telemetry: Telemetry,
    connected: Gauge,
    connects: Counter,
    reads: Counter,
    bytes: Counter,
    /// What stood in the way of the last attempt, so that it is logged once.
    obstacle: Option<ErrorKind>,
}

impl Status {
    pub(super) fn new(socket: &Path, stage: &str, telemetry: &Telemetry) -> Self {
        let labels = [("stage", stage)];
        let counter = |name, help| telemetry.counter(name, help, &labels);
        for reason in End::reasons() {
            disconnects(telemetry, stage, reason);
        }
        Self {
            connected: telemetry.gauge(
                "tidegate_receiver_connected",
                "Whether the receiver is connected to its source.",
                &labels,
            ),
            connects: counter(
                "tidegate_receiver_connects_total",
                "Connections that were made.",
            ),
            reads: counter("tidegate_receiver_reads_total", "Reads that brought bytes."),
            bytes: counter("tidegate_receiver_bytes_total", "Bytes that were read."),
            socket: socket.to_owned(),
            stage: stage.to_owned(),
            telemetry: telemetry.clone(),
            obstacle: None,
        }
    }

    pub(super) fn connected(&mut self) {
        self.obstacle = None;
        self.connected.set(1);
        self.connects.add(1);
        tracing::info!(stage = self.stage, socket = %self.socket.display(), "connected to the monitor socket");
    }

    pub(super) fn connecting(&self) {
        tracing::debug!(stage = self.stage, socket = %self.socket.display(), "connecting to the monitor socket");
    }

    pub(super) fn pausing(&self, pause: Duration) {
        tracing::debug!(stage = self.stage, ?pause, "trying again after a pause");
    }

    pub(super) fn cannot_connect(&mut self, error: &io::Error) {
        tracing::debug!(stage = self.stage, %error, "an attempt to connect has failed");
        if self.obstacle.replace(error.kind()) == Some(error.kind()) {
            return;
        }
        let (socket, check) = (self.socket.display(), what_to_check(error.kind()));
        tracing::warn!(stage = self.stage, %socket, %error, check, "cannot connect to the monitor socket, trying on");
    }

    pub(super) fn read(&self, bytes: usize) {
        self.reads.add(1);
        self.bytes.add(bytes as u64);
    }

    pub(super) fn disconnected(&self, end: &End) {
        self.connected.set(0);
        disconnects(&self.telemetry, &self.stage, end.reason()).add(1);
        let (stage, socket) = (&self.stage, self.socket.display());
        match end {
            End::HungUp => tracing::info!(stage, %socket, "left the monitor socket"),
            End::Eof => tracing::info!(stage, %socket, "the Cilium agent ended the stream"),
            _ => {
                tracing::warn!(stage, %socket, reason = %end, "lost the connection to the monitor socket")
            }
        }
    }
}

fn disconnects(telemetry: &Telemetry, stage: &str, reason: &str) -> Counter {
    let help = "Connections that ended, by reason.";
    telemetry.counter(
        "tidegate_receiver_disconnects_total",
        help,
        &[("stage", stage), ("reason", reason)],
    )
}

/// What an operator would look at first.
fn what_to_check(obstacle: ErrorKind) -> &'static str {
    match obstacle {
        ErrorKind::NotFound => {
            "whether the Cilium agent runs on this node with enable-monitor, and its run directory is mounted here"
        }
        ErrorKind::PermissionDenied => {
            "permissions: the socket belongs to root and, where it exists, the group cilium, with mode 0660"
        }
        ErrorKind::ConnectionRefused => {
            "whether the Cilium agent runs: its socket is there, and nobody listens"
        }
        ErrorKind::WouldBlock => "whether the Cilium agent hangs: it does not accept connections",
        _ => "whether the path is that of the Cilium agent's monitor socket",
    }
}
