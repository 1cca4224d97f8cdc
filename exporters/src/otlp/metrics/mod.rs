//! Metrics: the last value of every series is kept, and all of them are exported at an interval and
//! once at the end, as sums, gauges and explicit histograms since their series' start or, with delta
//! temporality, since what was delivered last.
//!
//! A point is absorbed when it enters the table. An export goes through the table and encodes each
//! request when the previous one was answered: there is never more than one request in memory, and
//! each has the values of the time when it was encoded.
//!
//! An export ends with the first request that fails. The request is not retried, since the next
//! export has newer values of the same series; `tidegate_otlp_metric_exports_total{outcome}` counts
//! it. Only the requests of the last export are retried, until the exporter has to end.

mod counters;
mod duplicates;
mod name;
mod request;
mod table;
mod temporality;

pub(super) use temporality::Temporality;

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tidegate_model::Timestamp;
use tidegate_model::metric::Point;
use tidegate_runtime::component::BuildContext;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use self::counters::RequestCounters;
use self::request::{MetricRequest, next_request};
use self::table::{SentSeries, SeriesCursor, SeriesTable};
use super::delivery::{RequestOutcome, RequestSender};
use super::resource::ResourceAttributes;
use super::signal::Signal;
use super::transport::SentFlag;

/// When metrics are sent, and in what portions.
#[derive(Clone, Copy, Debug)]
pub(super) struct MetricsConfig {
    /// Interval between exports.
    pub(super) interval: Duration,
    /// Bytes of one request at most.
    pub(super) max_request_bytes: usize,
    /// What values cover.
    pub(super) temporality: Temporality,
}

/// All series, and the export in progress.
pub(super) struct MetricsExport {
    table: SeriesTable,
    resource: ResourceAttributes,
    config: MetricsConfig,
    counters: RequestCounters,
    /// When the next export is due; `None` before the first call of [`Self::drive`].
    due: Option<Instant>,
    in_progress: Option<InProgress>,
}

/// An export in progress.
struct InProgress {
    /// The series to send after `request`.
    rest: SeriesCursor,
    /// The series in the request, with delta temporality.
    sent: Vec<SentSeries>,
    /// The request in flight. Its error is how long the backend asks to wait.
    request: BoxFuture<'static, Result<RequestOutcome, Duration>>,
}

impl MetricsExport {
    pub(super) fn new(
        resource: ResourceAttributes,
        config: MetricsConfig,
        context: &BuildContext,
    ) -> Self {
        Self {
            table: SeriesTable::new(config.temporality),
            resource,
            config,
            counters: RequestCounters::new(context),
            due: None,
            in_progress: None,
        }
    }

    /// Stores the value of a series, or removes the series if it has ended.
    pub(super) fn update(&mut self, point: &Point) {
        self.table.update(point);
    }

    /// Makes one step: when the request in flight is answered it sends the next one, and when an
    /// export is due it starts one. Cancel safe.
    pub(super) async fn drive(&mut self, sender: &Arc<RequestSender>) {
        let due = *self
            .due
            .get_or_insert_with(|| Instant::now() + self.config.interval);
        tokio::select! {
            result = wait_for_response(&mut self.in_progress) => {
                let min_delay = self.proceed(result, sender);
                if self.in_progress.is_none() {
                    self.due = Some(due.max(Instant::now() + min_delay));
                }
            }
            () = sleep_until(due) => {
                self.due = Some(Instant::now() + self.config.interval);
                self.start(sender);
            }
        }
    }

    fn start(&mut self, sender: &Arc<RequestSender>) {
        if self.in_progress.is_some() {
            self.counters.skipped.add(1);
        } else {
            self.send_next(self.table.cursor(), sender);
        }
    }

    /// Proceeds with the export after a response. Returns how long the backend asks to wait.
    fn proceed(
        &mut self,
        result: Result<RequestOutcome, Duration>,
        sender: &Arc<RequestSender>,
    ) -> Duration {
        let in_progress = self.in_progress.take();
        match (result, in_progress) {
            (Err(min_delay), _) => return min_delay,
            (Ok(outcome), Some(export)) => {
                self.settle(outcome, export.sent);
                self.send_next(export.rest, sender);
            }
            (Ok(_), None) => {}
        }
        Duration::ZERO
    }

    /// Takes note of what was delivered. What was not is part of the next values.
    fn settle(&mut self, outcome: RequestOutcome, sent: Vec<SentSeries>) {
        if matches!(outcome, RequestOutcome::Delivered { .. }) {
            self.table.delivered(sent);
        }
    }

    /// Starts the next request of an export, if there is one.
    fn send_next(&mut self, mut rest: SeriesCursor, sender: &Arc<RequestSender>) {
        self.in_progress = self.encode(&mut rest).map(|mut request| {
            let sent = std::mem::take(&mut request.sent);
            let request = Box::pin(send_once(
                Arc::clone(sender),
                request,
                self.counters.clone(),
            ));
            InProgress {
                rest,
                sent,
                request,
            }
        });
    }

    fn encode(&self, cursor: &mut SeriesCursor) -> Option<MetricRequest> {
        next_request(
            cursor,
            &self.table,
            &self.resource,
            Timestamp::now(),
            self.config.max_request_bytes,
        )
    }

    /// Sends the last values, with retries until `deadline_passed` is true. They supersede the rest
    /// of an export in progress, of which only the request in flight is awaited. Returns the number
    /// of series whose last values were neither delivered nor refused by then.
    pub(super) async fn finish(
        &mut self,
        sender: &RequestSender,
        mut deadline_passed: watch::Receiver<bool>,
    ) -> u64 {
        let mut undelivered = self.table.len() as u64;
        let send = async {
            if let Some(export) = self.in_progress.take()
                && let Ok(outcome) = export.request.await
            {
                self.settle(outcome, export.sent);
            }
            let mut cursor = self.table.cursor();
            while let Some(request) = self.encode(&mut cursor) {
                let frame = sender
                    .sealer
                    .seal_apart(Signal::Metrics, request.message)
                    .await;
                let outcome = sender
                    .send(Signal::Metrics, &frame, &SentFlag::default())
                    .await;
                self.counters.count(outcome, request.points);
                undelivered = undelivered.saturating_sub(request.points);
            }
            undelivered = 0;
        };
        tokio::select! {
            biased;
            _ = deadline_passed.wait_for(|passed| *passed) => {}
            () = send => {}
        }
        undelivered
    }
}

/// Waits for the response to the request in flight; for ever if there is none.
async fn wait_for_response(
    in_progress: &mut Option<InProgress>,
) -> Result<RequestOutcome, Duration> {
    match in_progress {
        Some(export) => export.request.as_mut().await,
        None => pending().await,
    }
}

/// Sends a request without retries. The error is how long the backend asks to wait.
async fn send_once(
    sender: Arc<RequestSender>,
    request: MetricRequest,
    counters: RequestCounters,
) -> Result<RequestOutcome, Duration> {
    let frame = sender
        .sealer
        .seal_apart(Signal::Metrics, request.message)
        .await;
    tracing::debug!(
        points = request.points,
        bytes = frame.len(),
        "sending a request with metric points"
    );
    match sender
        .send_once(Signal::Metrics, &frame, &SentFlag::default())
        .await
    {
        Ok(outcome) => {
            counters.count(outcome, request.points);
            Ok(outcome)
        }
        Err(min_delay) => {
            counters.failed.add(1);
            Err(min_delay)
        }
    }
}
