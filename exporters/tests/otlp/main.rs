//! The `otlp` exporter with real gRPC backends: what arrives there, and what the ledger counts.

#![expect(clippy::unwrap_used, reason = "a test panics when a step fails")]

mod backend;
mod delivery;
mod disk_queue;
mod division;
mod effects;
mod endpoints;
mod environment;
mod http;
mod http_server;
mod limits;
mod metric_exports;
mod metric_values;
mod misconfigured;
mod pipeline;
mod proxies;
mod queue;
mod refresh;
mod responses;
mod spans;
mod temporality;
mod tls;
