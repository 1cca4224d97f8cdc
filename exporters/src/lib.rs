//! Where flows and metrics go.
//!
//! Each kind of exporter is one module; [`KINDS`] lists them. [`http`] is the server of everything
//! that the agent serves itself.

pub mod http;
pub mod nop;
pub mod otlp;
pub mod prometheus;
pub mod stdout;

use tidegate_runtime::component::ExporterKind;

/// Every kind of exporter.
pub const KINDS: &[ExporterKind] = &[nop::KIND, otlp::KIND, prometheus::KIND, stdout::KIND];
