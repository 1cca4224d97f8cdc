//! Metrics: the last value of every series is kept, and all of them are exported at an interval and
//! once at the end, as sums, gauges and explicit histograms since their series' start or, with delta
//! temporality, since what was delivered last.
//!
//! A point is absorbed when it enters the table. An export goes through the table and encodes each
//! request when the previous one was answered: there is never more than one request in memory, and
//! each has the values of the time when it was encoded.
//!
//! A request that is refused for its size, or because of one of its points, is made again in two
//! parts, as far as [`portions`] allows; a point that is refused alone is left out of the export.
//!
//! An export ends with the first request that fails. The request is not retried, since the next
//! export has newer values of the same series; `tidegate_otlp_metric_exports_total{outcome}` counts
//! it. Only the requests of the last export are retried, until the exporter has to end.

mod counters;
mod duplicates;
mod name;
mod portions;
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
use self::portions::Portions;
use self::request::{MetricRequest, next_request};
use self::table::{SentSeries, SeriesCursor, SeriesTable};
use super::delivery::{Attempts, RequestOutcome, RequestSender, SendResult};
use super::failure::Division;
use super::resource::ResourceAttributes;
use super::sealing::EncodedMessage;
use super::signal::Signal;
use super::transport::{FailedAttempt, SentFlag};

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
    portions: Portions,
    /// The series in the request.
    series: SeriesCursor,
    /// Their values, with delta temporality.
    sent: Vec<SentSeries>,
    /// The request in flight. Its error is how long the backend asks to wait.
    request: BoxFuture<'static, Result<SendResult, Duration>>,
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
            self.send_next(Portions::new(self.table.cursor()), sender);
        }
    }

    /// Proceeds with the export after a response. Returns how long the backend asks to wait.
    fn proceed(
        &mut self,
        result: Result<SendResult, Duration>,
        sender: &Arc<RequestSender>,
    ) -> Duration {
        let Some(export) = self.in_progress.take() else {
            return Duration::ZERO;
        };
        let mut portions = export.portions;
        match result {
            Err(min_delay) => {
                self.counters.failed.add(1);
                return min_delay;
            }
            Ok(SendResult::Settled(outcome)) => {
                self.counters.count(outcome, export.series.len() as u64);
                self.settle(outcome, export.sent);
                portions.observe(outcome);
            }
            Ok(SendResult::Refused(division, failure)) => {
                self.refused(&mut portions, export.series, division, &failure, sender);
            }
        }
        self.send_next(portions, sender);
        Duration::ZERO
    }

    /// Takes note of what was delivered. What was not is part of the next values.
    fn settle(&mut self, outcome: RequestOutcome, sent: Vec<SentSeries>) {
        if matches!(outcome, RequestOutcome::Delivered { .. }) {
            self.table.delivered(sent);
        }
    }

    /// Puts the series of a refused request back to be sent in two parts. Otherwise they are left
    /// out of this export; returns how many.
    fn refused(
        &self,
        portions: &mut Portions,
        series: SeriesCursor,
        division: Division,
        failure: &FailedAttempt,
        sender: &RequestSender,
    ) -> u64 {
        let points = series.len() as u64;
        let are_parts = portions.are_divided();
        portions.refused(&series);
        if sender.may_divide(Signal::Metrics, division) && portions.divide(series) {
            self.counters.divided();
            sender.status.divided(Signal::Metrics, failure);
            return 0;
        }
        let is_alone = points == 1;
        let reason = match is_alone {
            true => division.reason_alone(),
            false => division.reason_together(),
        };
        self.counters.count(RequestOutcome::Dropped(reason), points);
        sender.refused(Signal::Metrics, failure, is_alone && are_parts);
        points
    }

    /// Starts the next request of an export, if there is one.
    fn send_next(&mut self, mut portions: Portions, sender: &Arc<RequestSender>) {
        let request = portions.next(|cursor| self.encode(cursor, sender));
        if request.is_none() && portions.are_in_vain() {
            sender.refuses_everything(Signal::Metrics);
        }
        self.in_progress = request.map(|request| {
            let MetricRequest {
                message,
                series,
                sent,
            } = request;
            let points = series.len();
            let sender = Arc::clone(sender);
            InProgress {
                portions,
                series,
                sent,
                request: Box::pin(send_once(sender, message, points)),
            }
        });
    }

    fn encode(&self, cursor: &mut SeriesCursor, sender: &RequestSender) -> Option<MetricRequest> {
        let accepted = sender.client.max_request_bytes(Signal::Metrics);
        let max_bytes = self.config.max_request_bytes;
        next_request(
            cursor,
            &self.table,
            &self.resource,
            Timestamp::now(),
            accepted.unwrap_or(max_bytes).min(max_bytes),
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
            self.await_request_in_flight().await;
            let mut portions = Portions::new(self.table.cursor());
            let attempts = Attempts::new(&sender.retry);
            while let Some(request) = portions.next(|cursor| self.encode(cursor, sender)) {
                let signal = Signal::Metrics;
                let frame = sender.sealer.seal_apart(signal, request.message).await;
                let sent = SentFlag::default();
                let points = request.series.len() as u64;
                undelivered -= match sender.send(signal, &frame, &sent, &attempts).await {
                    SendResult::Settled(outcome) => {
                        self.counters.count(outcome, points);
                        portions.observe(outcome);
                        points
                    }
                    SendResult::Refused(division, failure) => {
                        let series = request.series;
                        self.refused(&mut portions, series, division, &failure, sender)
                    }
                }
                .min(undelivered);
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

    /// Waits for the request in flight. The rest of its export is not sent.
    async fn await_request_in_flight(&mut self) {
        let Some(export) = self.in_progress.take() else {
            return;
        };
        match export.request.await {
            Ok(SendResult::Settled(outcome)) => {
                self.counters.count(outcome, export.series.len() as u64);
                self.settle(outcome, export.sent);
            }
            Ok(SendResult::Refused(..)) => self.counters.divided(),
            Err(_) => self.counters.failed.add(1),
        }
    }
}

/// Waits for the response to the request in flight; for ever if there is none.
async fn wait_for_response(in_progress: &mut Option<InProgress>) -> Result<SendResult, Duration> {
    match in_progress {
        Some(export) => export.request.as_mut().await,
        None => pending().await,
    }
}

/// Sends a request without retries. The error is how long the backend asks to wait.
async fn send_once(
    sender: Arc<RequestSender>,
    message: EncodedMessage,
    points: usize,
) -> Result<SendResult, Duration> {
    let signal = Signal::Metrics;
    let frame = sender.sealer.seal_apart(signal, message).await;
    let bytes = frame.len();
    tracing::debug!(points, bytes, "sending a request with metric points");
    sender.send_once(signal, &frame, &SentFlag::default()).await
}
