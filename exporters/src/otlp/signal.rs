//! The signals of OTLP.

/// What a request has records of. Each signal has its own service, path and settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// Log records: flows and other events.
    Logs,
    /// Data points.
    Metrics,
    /// Spans.
    Traces,
}

impl Signal {
    /// Every signal, in the order of the variants.
    pub(crate) const ALL: [Self; 3] = [Self::Logs, Self::Metrics, Self::Traces];

    /// The name in messages.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Logs => "logs",
            Self::Metrics => "metrics",
            Self::Traces => "traces",
        }
    }

    /// The path of the gRPC method.
    pub(crate) const fn grpc_path(self) -> &'static str {
        match self {
            Self::Logs => "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
            Self::Metrics => "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
            Self::Traces => "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        }
    }

    /// The path below an OTLP/HTTP endpoint that is for all signals.
    pub(crate) const fn http_path(self) -> &'static str {
        match self {
            Self::Logs => "/v1/logs",
            Self::Metrics => "/v1/metrics",
            Self::Traces => "/v1/traces",
        }
    }
}
