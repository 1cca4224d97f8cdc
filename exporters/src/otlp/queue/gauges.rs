//! What the agent's metrics show of the queue.

use tidegate_runtime::component::BuildContext;
use tidegate_runtime::telemetry::{Counter, Gauge};

/// The instruments of the queue.
#[derive(Debug)]
pub(crate) struct QueueGauges {
    pub(super) in_flight: Gauge,
    pub(super) records: Gauge,
    pub(super) memory: Gauge,
    pub(super) disk: Gauge,
    pub(super) damaged: Counter,
}

impl QueueGauges {
    pub(crate) fn new(context: &BuildContext) -> Self {
        let telemetry = &context.telemetry;
        let stage = context.stage.as_str();
        let bytes = |place| {
            telemetry.gauge(
                "tidegate_otlp_queue_bytes",
                "Bytes of sealed log requests that wait for their outcome, by place.",
                &[("stage", stage), ("place", place)],
            )
        };
        Self {
            in_flight: telemetry.gauge(
                "tidegate_otlp_in_flight_requests",
                "Log requests in flight, including those waiting for their next attempt.",
                &[("stage", stage)],
            ),
            records: telemetry.gauge(
                "tidegate_otlp_queue_records",
                "Log records in sealed requests that wait for their outcome, in memory or on disk.",
                &[("stage", stage)],
            ),
            memory: bytes("memory"),
            disk: bytes("disk"),
            damaged: telemetry.counter(
                "tidegate_otlp_queue_damaged_total",
                "Files of the queue on disk that ended within a request or were damaged.",
                &[("stage", stage)],
            ),
        }
    }
}

/// Sets a gauge to a number that may not fit.
pub(super) fn set(gauge: &Gauge, value: impl TryInto<i64>) {
    gauge.set(value.try_into().unwrap_or(i64::MAX));
}
