//! Ships flows and other events as OTLP log records, and metrics as OTLP metrics, over gRPC
//! (specification 1.9).
//!
//! Reading order: [`exporter`] is the loop; [`logs`] and [`metrics`] say what is sent; [`delivery`]
//! sends a request until it has an outcome, with [`peer`] and [`call`] for one attempt, [`verdict`]
//! for what a [`failure`] means and [`backoff`] for when to try again; [`link`] informs the
//! operator, with [`changes`] for how often and [`remedy`] for what to do.
//!
//! A request is encoded once and kept until its outcome. Its records are settled then: delivered,
//! or dropped with one of the reasons of [`verdict::reason`]. The exporter makes no spans, speaks
//! no OTLP over HTTP, and keeps nothing on disk: what is in memory when the process dies is lost.

mod address;
mod backoff;
mod call;
mod changes;
mod config;
mod connector;
mod delivery;
mod endpoint;
mod exporter;
mod failure;
mod frame;
mod gather;
mod in_flight;
mod keys;
mod link;
mod logs;
mod metrics;
mod peer;
mod pending;
mod proto;
mod remedy;
mod resource;
mod sent;
mod verdict;

pub use logs::Encoder as LogEncoder;

use serde::Deserialize;
use tidegate_core::component::{ComponentKind, ExporterKind, Outcomes};

/// The kind `otlp`.
pub const KIND: ExporterKind = ComponentKind {
    name: "otlp",
    about: "Sends flows and other events as OTLP logs and metrics as OTLP metrics, over gRPC",
    keys: keys::KEYS,
    outcomes: Outcomes {
        dropped: verdict::reason::ALL,
        ..Outcomes::NONE
    },
    parse: |table| Ok(Box::new(config::Config::deserialize(table)?)),
};

#[cfg(test)]
mod tests;
