//! Settings of the exporter `otlp`.

use std::net::SocketAddr;

/// An endpoint, and its protocol.
#[derive(Clone, Copy)]
pub(crate) struct Target {
    address: SocketAddr,
    protocol: &'static str,
}

impl Target {
    pub(crate) fn grpc(address: SocketAddr) -> Self {
        Self {
            address,
            protocol: "grpc",
        }
    }

    pub(crate) fn http(address: SocketAddr, protocol: &'static str) -> Self {
        Self { address, protocol }
    }

    /// A table that sends `signals`. A full queue blocks, so that every row has the same records;
    /// `queue` are further keys of it.
    fn table(self, compression: &str, signals: &str, queue: &str) -> String {
        let Self { address, protocol } = self;
        let separator = if queue.is_empty() { "" } else { ", " };
        format!(
            "endpoint = \"http://{address}\"\nprotocol = \"{protocol}\"\n\
             compression = \"{compression}\"\nsignals = [{signals}]\n\
             queue = {{ when_full = \"block\"{separator}{queue} }}\n"
        )
    }
}

/// Sends flows as log records; `queue` are further keys of the queue.
pub(crate) fn flows(target: Target, compression: &str, queue: &str) -> String {
    target.table(compression, "\"flows\", \"lost\"", queue)
}

/// Sends spans.
pub(crate) fn spans(target: Target) -> String {
    target.table("zstd", "\"traces\"", "")
}

/// Sends metrics.
pub(crate) fn metrics(target: Target) -> String {
    target.table("zstd", "\"metrics\"", "")
}

/// Sends flows and spans.
pub(crate) fn flows_and_spans(target: Target) -> String {
    target.table("none", "\"flows\", \"lost\", \"traces\"", "")
}
