//! How the receiver reports its connection: log lines for changes, and metrics.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tidegate_runtime::stage_id::StageId;
use tidegate_runtime::telemetry::{Counter, Gauge, Telemetry};

use super::connection::Disconnect;

/// Reports changes of the connection.
#[derive(Debug)]
pub(super) struct ConnectionStatus {
    socket: PathBuf,
    stage: StageId,
    telemetry: Telemetry,
    connected: Gauge,
    connects: Counter,
    reads: Counter,
    bytes: Counter,
    /// The error of the last attempt to connect, which is logged only when it changes.
    last_error: Option<ErrorKind>,
}

impl ConnectionStatus {
    pub(super) fn new(socket: &Path, stage: &StageId, telemetry: &Telemetry) -> Self {
        let labels = [("stage", stage.as_str())];
        let counter = |name, help| telemetry.counter(name, help, &labels);
        for reason in Disconnect::reasons() {
            disconnects(telemetry, stage, reason);
        }
        Self {
            connected: telemetry.gauge(
                "tidegate_receiver_connected",
                "Whether the receiver is connected to its source: 1 or 0.",
                &labels,
            ),
            connects: counter(
                "tidegate_receiver_connects_total",
                "Connections established.",
            ),
            reads: counter("tidegate_receiver_reads_total", "Reads that returned data."),
            bytes: telemetry.receiver_bytes(stage),
            socket: socket.to_owned(),
            stage: stage.clone(),
            telemetry: telemetry.clone(),
            last_error: None,
        }
    }

    /// The stage that connects.
    pub(super) fn stage(&self) -> &str {
        self.stage.as_str()
    }

    pub(super) fn connected(&mut self) {
        self.last_error = None;
        self.connected.set(1);
        self.connects.add(1);
        let socket = self.socket.display();
        tracing::info!(stage = self.stage.as_str(), %socket, "connected to the monitor socket");
    }

    pub(super) fn connecting(&self) {
        let socket = self.socket.display();
        tracing::debug!(stage = self.stage.as_str(), %socket, "connecting to the monitor socket");
    }

    pub(super) fn pausing(&self, pause: Duration) {
        tracing::debug!(
            stage = self.stage.as_str(),
            ?pause,
            "reconnecting after a pause"
        );
    }

    pub(super) fn cannot_connect(&mut self, error: &io::Error) {
        tracing::debug!(stage = self.stage.as_str(), %error, "failed to connect to the monitor socket");
        if self.last_error.replace(error.kind()) == Some(error.kind()) {
            return;
        }
        tracing::warn!(
            stage = self.stage.as_str(),
            socket = %self.socket.display(),
            %error,
            check = what_to_check(error.kind()),
            "cannot connect to the monitor socket; retrying"
        );
    }

    pub(super) fn read(&self, bytes: usize) {
        self.reads.add(1);
        self.bytes.add(bytes as u64);
    }

    pub(super) fn disconnected(&self, end: &Disconnect) {
        self.connected.set(0);
        disconnects(&self.telemetry, &self.stage, end.reason()).add(1);
        let stage = self.stage.as_str();
        let socket = self.socket.display();
        match end {
            Disconnect::Stopped => {
                tracing::info!(stage, %socket, "disconnected from the monitor socket")
            }
            Disconnect::Eof => {
                tracing::info!(stage, %socket, "the Cilium agent closed the connection")
            }
            _ => {
                tracing::warn!(
                    stage,
                    %socket,
                    reason = %end,
                    "lost the connection to the monitor socket"
                );
            }
        }
    }
}

fn disconnects(telemetry: &Telemetry, stage: &StageId, reason: &str) -> Counter {
    let help = "Connections closed, by reason.";
    telemetry.counter(
        "tidegate_receiver_disconnects_total",
        help,
        &[("stage", stage.as_str()), ("reason", reason)],
    )
}

/// The most likely cause of an error, for the operator to check.
fn what_to_check(error: ErrorKind) -> &'static str {
    match error {
        ErrorKind::NotFound => {
            "whether the Cilium agent runs on this node with enable-monitor, \
             and its run directory is mounted here"
        }
        ErrorKind::PermissionDenied => {
            "permissions: the socket belongs to root and, if it exists, to the group cilium, \
             with mode 0660"
        }
        ErrorKind::ConnectionRefused => {
            "whether the Cilium agent runs: its socket exists, but no process is listening"
        }
        ErrorKind::WouldBlock => "whether the Cilium agent hangs: it does not accept connections",
        _ => "whether the path is that of the Cilium agent's monitor socket",
    }
}
