//! Metrics: the last value of every series is kept, and all of them are sent at an interval and
//! once at the end, as cumulative sums, gauges and explicit histograms since their series' start.
//!
//! A point is absorbed when it enters the table. An export walks the table, and encodes a request
//! when the one before it was answered: there is never more than one, and each has the values of
//! the time when it was made.
//!
//! An export ends with the first request that fails, which is not repeated, since the next export
//! has newer values of the same series; `tidegate_otlp_metric_exports_total{outcome}` counts. Only
//! the requests of the last one are repeated, until the exporter has to end.

mod alike;
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

use self::encode::{MetricRequest, next_request};
use self::table::{Table, Walk};
use super::delivery::{Courier, Terminal};
use super::in_flight::BoxFuture;
use super::peer::Service;
use super::resource::Origin;
use super::sent::Sent;

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
    export: Option<Export>,
}

/// An export that is under way.
struct Export {
    /// What is still to be sent after `request`.
    walk: Walk,
    /// Yields, if it fails, how long the backend wants to be left alone.
    request: BoxFuture<Result<(), Duration>>,
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
            let help = "Requests with metrics, of which an export makes one or more until one fails, by what came of \
                        them; `skipped` are exports that were due while another one was under way.";
            let labels = [("stage", stage), ("outcome", outcome)];
            context
                .telemetry
                .counter("tidegate_otlp_metric_exports_total", help, &labels)
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
            Terminal::Unconfirmed => self.failed.add(1),
        }
    }
}

impl Metrics {
    pub(super) fn new(origin: Origin, schedule: Schedule, context: &BuildContext) -> Self {
        let outcomes = Outcomes::new(context);
        Self {
            table: Table::default(),
            origin,
            schedule,
            outcomes,
            due: None,
            export: None,
        }
    }

    /// Takes over the value of a series, or forgets the series if it has ended.
    pub(super) fn update(&mut self, point: &Point) {
        self.table.update(point);
    }

    /// Does what is to be done next: waits for the request under way and makes the next one, or
    /// starts an export when it is time. Safe to cancel.
    pub(super) async fn turn(&mut self, courier: &Arc<Courier>) {
        let due = *self
            .due
            .get_or_insert_with(|| Instant::now() + self.schedule.every);
        tokio::select! {
            answer = answered(&mut self.export) => {
                let hint = self.go_on(answer, courier);
                if self.export.is_none() {
                    self.due = Some(due.max(Instant::now() + hint));
                }
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
        } else {
            self.send_next(self.table.walk(), courier);
        }
    }

    /// Goes on with the export after an answer. Yields the time for which the backend wants to be
    /// left alone.
    fn go_on(&mut self, answer: Result<(), Duration>, courier: &Arc<Courier>) -> Duration {
        let export = self.export.take();
        match (answer, export) {
            (Err(hint), _) => return hint,
            (Ok(()), Some(export)) => self.send_next(export.walk, courier),
            (Ok(()), None) => {}
        }
        Duration::ZERO
    }

    /// Has the next request of an export under way, if there is one.
    fn send_next(&mut self, mut walk: Walk, courier: &Arc<Courier>) {
        self.export = self.encode(&mut walk).map(|request| {
            let request = Box::pin(send_once(
                Arc::clone(courier),
                request,
                self.outcomes.clone(),
            ));
            Export { walk, request }
        });
    }

    fn encode(&self, walk: &mut Walk) -> Option<MetricRequest> {
        next_request(
            walk,
            &self.table,
            &self.origin,
            Timestamp::now(),
            self.schedule.max_bytes,
        )
    }

    /// Sends the last values, repeating what fails until `late` is true. They supersede what an
    /// export under way has still to send, so that only its request at hand is waited for. Yields
    /// of how many series the last values were neither delivered nor refused when that was so.
    pub(super) async fn finish(
        &mut self,
        courier: &Courier,
        mut late: watch::Receiver<bool>,
    ) -> u64 {
        let mut left = self.table.len() as u64;
        let send = async {
            if let Some(export) = self.export.take() {
                export.request.await.ok();
            }
            let mut walk = self.table.walk();
            while let Some(request) = self.encode(&mut walk) {
                let frame = courier.framer.frame(request.message).frame;
                let terminal = courier
                    .deliver(Service::Metrics, &frame, &Sent::default())
                    .await;
                self.outcomes.count(terminal, request.points);
                left = left.saturating_sub(request.points);
            }
            left = 0;
        };
        tokio::select! {
            biased;
            _ = late.wait_for(|late| *late) => {}
            () = send => {}
        }
        left
    }
}

/// Waits for the answer to the request under way; for ever if there is none.
async fn answered(export: &mut Option<Export>) -> Result<(), Duration> {
    match export {
        Some(export) => export.request.as_mut().await,
        None => pending().await,
    }
}

/// Sends a request once. An error is the time for which the backend wants to be left alone.
async fn send_once(
    courier: Arc<Courier>,
    request: MetricRequest,
    outcomes: Outcomes,
) -> Result<(), Duration> {
    let frame = courier.framer.frame(request.message).frame;
    tracing::debug!(
        points = request.points,
        bytes = frame.len(),
        "a request with points is on its way"
    );
    match courier
        .attempt(Service::Metrics, frame, &Sent::default())
        .await
    {
        Ok(terminal) => outcomes.count(terminal, request.points),
        Err(hint) => {
            outcomes.failed.add(1);
            return Err(hint);
        }
    }
    Ok(())
}
