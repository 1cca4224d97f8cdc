//! Metrics: the last value of every series is kept, and all of them are sent at an interval and once at
//! the end, as cumulative sums, gauges and explicit histograms since their series' start.
//!
//! A point is absorbed when it enters the table. Exports that fail are not repeated, since the next one
//! has newer values of the same series; `tidegate_otlp_metric_exports_total{outcome}` counts them. Only
//! the last one is repeated, until the exporter has to end.

mod encode;
mod name;
mod table;

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use tidegate_core::Timestamp;
use tidegate_core::component::BuildContext;
use tidegate_core::metric::Point;
use tidegate_core::telemetry::Counter;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use self::encode::{MetricRequest, requests};
use self::table::Table;
use super::delivery::{Courier, Terminal};
use super::in_flight::BoxFuture;
use super::peer::Service;
use super::resource::Origin;

/// When metrics are sent, and in what portions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schedule {
    /// The interval.
    pub(super) every: Duration,
    /// Bytes of one request at most.
    pub(super) max_bytes: usize,
}

/// All series, and the export that is under way.
pub(super) struct Metrics {
    table: Table,
    origin: Origin,
    schedule: Schedule,
    outcomes: Outcomes,
    due: Option<Instant>,
    /// Yields how long the backend wants to be left alone.
    export: Option<BoxFuture<Duration>>,
}

/// What becomes of requests with metrics.
#[derive(Clone, Debug)]
struct Outcomes {
    delivered: Counter,
    partial: Counter,
    refused: Counter,
    failed: Counter,
    skipped: Counter,
    rejected_points: Counter,
}

impl Outcomes {
    fn new(context: &BuildContext) -> Self {
        let stage = context.stage.as_str();
        let outcome = |outcome| {
            let help = "Exports of all metrics, in one or more requests each, by what came of the requests.";
            let labels = [("stage", stage), ("outcome", outcome)];
            context.telemetry.counter("tidegate_otlp_metric_exports_total", help, &labels)
        };
        let help = "Data points that the OTLP backend rejected.";
        Self {
            delivered: outcome("delivered"),
            partial: outcome("partial"),
            refused: outcome("refused"),
            failed: outcome("failed"),
            skipped: outcome("skipped"),
            rejected_points: context.telemetry.counter(
                "tidegate_otlp_rejected_data_points_total",
                help,
                &[("stage", stage)],
            ),
        }
    }

    fn count(&self, terminal: Terminal, points: u64) {
        match terminal {
            Terminal::Delivered { rejected: 0 } => self.delivered.add(1),
            Terminal::Delivered { rejected } => {
                self.partial.add(1);
                self.rejected_points.add(rejected.min(points));
            }
            Terminal::Dropped(_) => self.refused.add(1),
        }
    }
}

impl Metrics {
    pub(super) fn new(origin: Origin, schedule: Schedule, context: &BuildContext) -> Self {
        let outcomes = Outcomes::new(context);
        Self { table: Table::default(), origin, schedule, outcomes, due: None, export: None }
    }

    /// Takes over the value of a series, or forgets the series if it has ended.
    pub(super) fn update(&mut self, point: &Point) {
        self.table.update(point);
    }

    /// Does what is to be done next: waits for the export under way, or starts the next one when it is
    /// time. Safe to cancel.
    pub(super) async fn turn(&mut self, courier: &Arc<Courier>) {
        let due = *self.due.get_or_insert_with(|| Instant::now() + self.schedule.every);
        tokio::select! {
            hint = finished(&mut self.export) => {
                self.due = Some(due.max(Instant::now() + hint));
            }
            () = sleep_until(due) => {
                self.due = Some(Instant::now() + self.schedule.every);
                self.start(courier);
            }
        }
    }

    fn start(&mut self, courier: &Arc<Courier>) {
        if self.export.is_some() {
            self.outcomes.skipped.add(1);
            return;
        }
        let requests = self.requests();
        if !requests.is_empty() {
            self.export = Some(Box::pin(send_once(Arc::clone(courier), requests, self.outcomes.clone())));
        }
    }

    fn requests(&self) -> Vec<MetricRequest> {
        requests(&self.table, &self.origin, Timestamp::now(), self.schedule.max_bytes)
    }

    /// Sends the last values, repeating what fails until `late` is true.
    pub(super) async fn finish(&mut self, courier: &Courier, mut late: watch::Receiver<bool>) {
        let send = async {
            if self.export.is_some() {
                finished(&mut self.export).await;
            }
            for request in self.requests() {
                let frame = courier.framer.frame(request.message).frame;
                let terminal = courier.deliver(Service::Metrics, &frame).await;
                self.outcomes.count(terminal, request.points);
            }
        };
        tokio::select! {
            biased;
            _ = late.wait_for(|late| *late) => {}
            () = send => {}
        }
    }
}

/// Waits for the export under way; for ever if there is none.
async fn finished(export: &mut Option<BoxFuture<Duration>>) -> Duration {
    let hint = match export {
        Some(export) => export.await,
        None => pending().await,
    };
    *export = None;
    hint
}

/// Sends each request once, until one fails. Yields the time for which the backend wants to be left
/// alone.
async fn send_once(courier: Arc<Courier>, requests: Vec<MetricRequest>, outcomes: Outcomes) -> Duration {
    let mut left = requests.len() as u64;
    for request in requests {
        let frame = courier.framer.frame(request.message).frame;
        match courier.attempt(Service::Metrics, frame).await {
            Ok(terminal) => outcomes.count(terminal, request.points),
            Err(hint) => {
                outcomes.failed.add(left);
                return hint;
            }
        }
        left -= 1;
    }
    Duration::ZERO
}
