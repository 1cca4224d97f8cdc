//! Exporters of flows and metrics.
//!
//! Each kind of exporter is a module; [`KINDS`] lists them. [`http`] is the HTTP server of all
//! endpoints of the agent, and `lines` has what the exporters that write lines have in common.

pub mod file;
pub mod http;
mod lines;
pub mod nop;
pub mod otlp;
pub mod prometheus;
pub mod stdout;

use tidegate_runtime::component::ExporterKind;

/// Every kind of exporter.
pub const KINDS: &[ExporterKind] = &[
    file::KIND,
    nop::KIND,
    otlp::KIND,
    prometheus::KIND,
    stdout::KIND,
];
