//! Spans of what the agent itself does, for its own telemetry. Without it, they cost as much as a
//! disabled log line.

use std::fmt::Display;

use tracing::field::Empty;
use tracing::{Instrument as _, Span};

/// The target of all of them. They are no part of the log.
pub const TARGET: &str = "tidegate::spans";

/// The span of an attempt to connect to a peer, by a stage where that is known.
#[must_use]
pub fn connect(stage: Option<&str>, peer: &dyn Display) -> Span {
    tracing::info_span!(
        target: TARGET,
        "connect",
        stage,
        server.address = %peer,
        otel.kind = "client",
        otel.status_code = Empty,
        error.message = Empty,
    )
}

/// The span of the start of a run, until it is ready.
#[must_use]
pub fn start() -> Span {
    tracing::info_span!(
        target: TARGET,
        "start",
        otel.status_code = Empty,
        error.message = Empty,
    )
}

/// The span of a reload.
#[must_use]
pub fn reload() -> Span {
    tracing::info_span!(
        target: TARGET,
        "reload",
        outcome = Empty,
        hash = Empty,
        otel.status_code = Empty,
        error.message = Empty,
    )
}

/// The span of a shutdown, from the request until every stage has ended.
#[must_use]
pub fn drain() -> Span {
    tracing::info_span!(
        target: TARGET,
        "drain",
        otel.status_code = Empty,
        error.message = Empty,
    )
}

/// Does work within a span, which has the error if it fails.
pub async fn within<T, E: Display>(
    span: Span,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let result = work.instrument(span.clone()).await;
    if let Err(error) = &result {
        fail(&span, error);
    }
    result
}

/// Marks the work of a span as failed, with the reason.
pub fn fail(span: &Span, error: &dyn Display) {
    span.record("otel.status_code", "error");
    span.record("error.message", tracing::field::display(error));
}
