//! Exports flows and other events as OTLP log records, requests with their responses as spans, and
//! metrics as OTLP metrics, over gRPC or HTTP (specification 1.9).
//!
//! Each folder uses only those listed before it, and can be read on its own:
//!
//! 1. [`signal`], [`protobuf`], [`messages`], [`mapping`] and [`resource`]: what all requests have
//!    in common; `mapping` declares the attributes.
//! 2. [`failure`]: failed attempts, and whether to try again.
//! 3. [`sealing`]: requests are compressed once; [`json`]: their form in `http/json`;
//!    [`transport`]: one attempt, from the sealed frame to the response.
//! 4. [`status`]: the backend's status in telemetry, health and log.
//! 5. [`delivery`]: attempts until a request has its outcome.
//! 6. [`queue`]: requests with log records or spans, in memory and on disk until their outcome.
//! 7. [`spans`]: which flows end a span. [`logs`] and [`metrics`]: encoding of records, spans and
//!    points, and the requests made of them.
//! 8. [`export_loop`] connects all of that to the inbox, [`exporter`] starts it, and [`refresh`]
//!    reads its files again.
//! 9. [`config`] has the keys, with [`signal_config`]; [`variables`] are defaults of them,
//!    [`backends`] is what they come to, and [`configured`] builds the exporter.
//!    [`client_settings`] gives the agent the same for its own telemetry.
//!
//! A request is encoded once and kept until its outcome. Then its records are settled: delivered,
//! or dropped with a reason in [`failure::drop_reason`]. Metrics are never queued: each export has
//! the values of its time.

mod backends;
mod client_settings;
mod config;
mod configured;
mod delivery;
mod export_loop;
mod exporter;
mod failure;
mod inspection;
mod json;
mod logs;
mod mapping;
mod messages;
mod metrics;
mod protobuf;
mod queue;
mod refresh;
mod resource;
mod sealing;
mod signal;
mod signal_config;
mod spans;
mod status;
mod transport;
mod variables;

pub use client_settings::{ClientCompression, ClientKeys, ClientSettings, Clients};
pub use logs::{Body as LogBody, Encoder as LogEncoder, Labels as LogLabels, LogFormat};
pub use transport::{EndpointUrl, Headers, TlsConfig};

use tidegate_runtime::component::{ComponentKind, ExporterKind, Outcomes};
use tidegate_runtime::config::Table as _;
use tidegate_runtime::ledger::{RECOVERED, STORED};

use config::Config;
use configured::Configured;

/// The kind `otlp`.
pub const KIND: ExporterKind = ComponentKind {
    name: "otlp",
    about: Config::ABOUT,
    keys: Config::KEYS,
    outcomes: Outcomes {
        dropped: failure::drop_reason::ALL,
        noted: &[STORED, RECOVERED],
        ..Outcomes::NONE
    },
    parse: |table| Ok(Box::new(Configured::parse(table)?)),
};

#[cfg(test)]
mod tests;
