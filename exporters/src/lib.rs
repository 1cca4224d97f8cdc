//! Where flows and metrics go.
//!
//! Each kind of exporter is one module; [`KINDS`] lists them. [`exposition`] writes metrics as
//! Prometheus reads them, [`hubble`] flows as Hubble writes them, and [`http`] serves what is asked
//! for.

pub mod exposition;
pub mod http;
pub mod hubble;
pub mod nop;
pub mod otlp;
pub mod prometheus;
pub mod stdout;

use tidegate_core::component::ExporterKind;

/// Every kind of exporter.
pub const KINDS: &[ExporterKind] = &[nop::KIND, otlp::KIND, prometheus::KIND, stdout::KIND];
