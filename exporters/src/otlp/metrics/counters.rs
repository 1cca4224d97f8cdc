//! Counters of metric requests.

use tidegate_runtime::component::BuildContext;
use tidegate_runtime::telemetry::Counter;

use crate::otlp::delivery::RequestOutcome;
use crate::otlp::failure::drop_reason;

/// Counters of metric requests, by outcome.
#[derive(Clone, Debug)]
pub(super) struct RequestCounters {
    delivered: Counter,
    partial: Counter,
    refused: Counter,
    pub(super) failed: Counter,
    pub(super) skipped: Counter,
    rejected_points: Counter,
}

impl RequestCounters {
    pub(super) fn new(context: &BuildContext) -> Self {
        let stage = context.stage.as_str();
        let counter = |outcome| {
            context.telemetry.counter(
                "tidegate_otlp_metric_exports_total",
                "Metric requests, by outcome. An export makes one or more until one fails; \
                 `skipped` counts exports that were due while another one was in progress.",
                &[("stage", stage), ("outcome", outcome)],
            )
        };
        Self {
            delivered: counter("delivered"),
            partial: counter("partial"),
            refused: counter("refused"),
            failed: counter("failed"),
            skipped: counter("skipped"),
            rejected_points: context.telemetry.counter(
                "tidegate_otlp_rejected_data_points_total",
                "Data points that the OTLP backend rejected.",
                &[("stage", stage)],
            ),
        }
    }

    /// Counts a request that was refused and whose points are sent again.
    pub(super) fn divided(&self) {
        self.refused.add(1);
    }

    /// Counts a request with this number of points.
    pub(super) fn count(&self, outcome: RequestOutcome, points: u64) {
        match outcome {
            RequestOutcome::Delivered { rejected: 0 } => self.delivered.add(1),
            RequestOutcome::Delivered { rejected } => {
                self.partial.add(1);
                self.rejected_points.add(rejected.min(points));
            }
            RequestOutcome::Dropped(reason) => {
                self.refused.add(1);
                if drop_reason::OF_ONE_RECORD.contains(&reason) {
                    self.rejected_points.add(points);
                }
            }
            RequestOutcome::Unconfirmed => self.failed.add(1),
        }
    }
}
