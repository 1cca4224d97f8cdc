//! Why the agent's own telemetry cannot be sent.

use std::io;
use std::path::PathBuf;

/// Why telemetry cannot be sent as configured.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OwnTelemetryError {
    /// The endpoint or the certificates cannot be used.
    #[error("cannot use `service.telemetry.otlp`")]
    Endpoint(#[source] tonic::transport::Error),
    /// A file cannot be read.
    #[error("cannot read `{}` for `service.telemetry.otlp`", .path.display())]
    Read {
        /// Its path.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// The SDK refuses the settings.
    #[error("cannot use `service.telemetry.otlp`")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
    /// There is no thread to be had.
    #[error("cannot start the thread of the agent's own telemetry")]
    Thread(#[from] io::Error),
}
