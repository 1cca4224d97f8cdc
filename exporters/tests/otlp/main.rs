//! The `otlp` exporter against real gRPC backends: what arrives, and what the ledger says about it.

#![expect(clippy::unwrap_used, reason = "tests panic where they cannot go on")]

mod answers;
mod backend;
mod delivery;
mod limits;
mod metric_exports;
mod metrics;
mod rig;
mod tls;
