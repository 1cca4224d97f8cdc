//! The state that the exporter and its endpoint share.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::StatusCode;
use tidegate_runtime::telemetry::Counter;

use super::handler_metrics::HandlerMetrics;
use super::table::SeriesTable;

/// The series, and the metrics of the endpoint itself.
#[derive(Debug)]
pub(super) struct Shared {
    /// The path of the exposition.
    pub(super) path: String,
    table: Mutex<SeriesTable>,
    handler_metrics: Mutex<HandlerMetrics>,
    /// Counts bytes of responses.
    pub(super) bytes: Counter,
}

impl Shared {
    /// Creates the state without series.
    pub(super) fn new(path: &str, bytes: Counter) -> Self {
        Self {
            path: path.to_owned(),
            table: Mutex::default(),
            handler_metrics: Mutex::default(),
            bytes,
        }
    }

    /// Locks the table of series.
    pub(super) fn table(&self) -> MutexGuard<'_, SeriesTable> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Logs and counts a response. As in Hubble, the next scrape is the first that shows it.
    pub(super) fn record_response(&self, status: StatusCode, elapsed: Duration) {
        let status = status.as_u16();
        tracing::debug!(path = self.path, status, took = ?elapsed, "answered a scrape");
        let mut metrics = self
            .handler_metrics
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for point in metrics.record(status, elapsed) {
            // Fails only if another metric has the same name, which then takes precedence.
            let _ = self.table().update(&point);
        }
    }
}
