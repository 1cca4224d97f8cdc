//! The exporter at work: takes batches from the inbox, fills log requests and the table of metrics,
//! sends both, and ends when the inbox is closed and all is delivered or given up.
//!
//! Memory is bounded: the inbox, `in_flight` requests, one that is being filled, and the batch at
//! hand. While all requests with log records are under way only points of metrics are taken from
//! the inbox, so that it fills and its edge does what its `when_full` says, and that exports of
//! metrics have the values of their time all the same.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tidegate_core::component::BuildContext;
use tidegate_core::edge::{Delivery, Inbox};
use tidegate_core::ledger::{SIGNALS_RULE, Ticket};
use tidegate_core::record::Record;
use tidegate_core::stage::{Exporter, StageError, Undelivered};
use tidegate_core::telemetry::Gauge;
use tidegate_core::{Kind, Kinds, Timestamp};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use super::call;
use super::config::{Compression, Config, Retry};
use super::delivery::Courier;
use super::endpoint::Target;
use super::frame::{Framed, Framer};
use super::in_flight::InFlight;
use super::link::Link;
use super::logs::{Encoder, Envelope};
use super::metrics::{Metrics, Schedule};
use super::peer::{Peer, Service};
use super::pending::{Fit, LogRequest, Pending, UnderWay};
use super::remedy::{Clues, FirstBytes};
use super::resource::Origin;
use super::sent::Sent;
use super::verdict::reason;

/// A built exporter, before it runs.
pub(super) struct Otlp {
    context: BuildContext,
    target: Target,
    compression: Compression,
    timeout: Duration,
    drain_timeout: Duration,
    retry: Retry,
    in_flight: usize,
    pending: Pending,
    encoder: Encoder,
    metrics: Metrics,
}

impl Otlp {
    pub(super) fn new(config: &Config, target: Target, context: &BuildContext) -> Self {
        let origin = Origin::new(context, &config.resource);
        let schedule = Schedule {
            every: config.metrics_interval.0,
            max_bytes: config.batch.max_bytes.get(),
        };
        Self {
            context: context.clone(),
            target,
            compression: config.compression,
            timeout: config.timeout.0,
            drain_timeout: config.drain_timeout.0,
            retry: config.retry_on_failure.clone(),
            in_flight: config.in_flight.get(),
            pending: Pending::new(config.batch.clone(), Envelope::new(&origin)),
            encoder: Encoder::new(context, &config.http_headers),
            metrics: Metrics::new(origin, schedule, context),
        }
    }
}

#[async_trait]
impl Exporter for Otlp {
    async fn run(self: Box<Self>, inbox: Inbox) -> Result<(), StageError> {
        let endpoint = self.target.endpoint().await?;
        let first = FirstBytes::default();
        let clues = Clues {
            is_tls: self.target.address.is_tls,
            first: first.clone(),
        };
        let link = Link::new(
            &self.context,
            self.target.address.to_string(),
            clues,
            self.target.secrets,
        );
        let headers = call::headers(self.target.headers, self.compression.encoding());
        let peer = Peer::new(endpoint, headers, self.timeout, first);
        let framer = Framer::new(self.compression)?;
        let context = &self.context;
        let courier = Arc::new(Courier {
            framer,
            peer,
            link,
            retry: self.retry,
        });
        let help = "Requests with log records that are under way, waiting for their next attempt included.";
        let in_flight_gauge = context.telemetry.gauge(
            "tidegate_otlp_in_flight_requests",
            help,
            &[("stage", &context.stage)],
        );
        let run = Run {
            drain_timeout: self.drain_timeout,
            pending: self.pending,
            encoder: self.encoder,
            metrics: self.metrics,
            in_flight: InFlight::new(self.in_flight),
            in_flight_gauge,
            courier,
            hurry: watch::Sender::new(false),
        };
        let key = format!("{}.drain_timeout", self.context.stage);
        match run.run(inbox).await {
            0 => Ok(()),
            series => {
                let what = format!("the last values of {series} metric series");
                Err(Undelivered { what, key }.into())
            }
        }
    }

    /// Records that have to reach another core first take a third more time. But gzip takes ten
    /// times as long as all else that is done with a record.
    fn runs_apart(&self) -> bool {
        self.compression == Compression::Gzip
    }
}

/// What a running exporter holds.
struct Run {
    drain_timeout: Duration,
    pending: Pending,
    encoder: Encoder,
    metrics: Metrics,
    in_flight: InFlight,
    in_flight_gauge: Gauge,
    courier: Arc<Courier>,
    /// Tells requests under way that the time to deliver them is over.
    hurry: watch::Sender<bool>,
}

impl Run {
    /// Works until everything is delivered or given up. The time to give up begins when nobody can
    /// fill the inbox any more. Yields of how many metric series the last values were given up.
    async fn run(mut self, mut inbox: Inbox) -> u64 {
        let (closed, drain_timeout, hurry) =
            (inbox.closed(), self.drain_timeout, self.hurry.clone());
        let watch = async {
            closed.await;
            sleep(drain_timeout).await;
            hurry.send_replace(true);
            pending().await
        };
        tokio::select! {
            biased;
            left = self.work(&mut inbox) => left,
            left = watch => left,
        }
    }

    async fn work(&mut self, inbox: &mut Inbox) -> u64 {
        while let Some(delivery) = self.next(inbox).await {
            self.take(delivery, inbox).await;
        }
        self.send_pending(inbox).await;
        let rest = async {
            while self.in_flight.len() > 0 {
                self.in_flight.next().await;
            }
        };
        let ((), left) = tokio::join!(
            rest,
            self.metrics.finish(&self.courier, self.hurry.subscribe())
        );
        self.gauge();
        left
    }

    fn is_late(&self) -> bool {
        *self.hurry.borrow()
    }

    /// The next points, or the next batch as soon as there is room for what it may become; `None`
    /// when there is none left.
    async fn next(&mut self, inbox: &mut Inbox) -> Option<Delivery> {
        loop {
            let has_room = self.in_flight.has_room();
            let due = self.pending.due();
            let link_due = self.courier.link.due();
            tokio::select! {
                biased;
                frame = self.in_flight.next() => self.done(frame),
                () = self.metrics.turn(&self.courier) => {}
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() && has_room => {
                    self.send_pending(inbox).await;
                }
                delivery = arrival(inbox, has_room) => return delivery,
                () = sleep_until(link_due.unwrap_or_else(Instant::now)), if link_due.is_some() => self.courier.link.catch_up(),
            }
        }
    }

    /// Turns a batch into log records, or into points of metrics.
    async fn take(&mut self, delivery: Delivery, inbox: &mut Inbox) {
        let kinds = delivery.kinds();
        if kinds == Kinds::of(&[Kind::Metric]) {
            return self.take_points(delivery);
        }
        if self.is_late() {
            return delivery.dropped(reason::DRAIN_TIMEOUT);
        }
        let (batch, mut ticket) = delivery.into_parts();
        let now = Timestamp::now();
        for record in batch
            .records()
            .iter()
            .filter(|record| kinds.contains(record.kind()))
        {
            match record {
                Record::Flow(_)
                | Record::AgentEvent(_)
                | Record::DebugEvent(_)
                | Record::Lost(_) => {
                    self.add_log(record, now, &mut ticket, inbox).await;
                }
                _ => {}
            }
        }
        self.pending.cover(&mut ticket);
        ticket.filtered(SIGNALS_RULE, ticket.left());
    }

    /// Takes over the values of series.
    fn take_points(&mut self, delivery: Delivery) {
        if self.is_late() {
            return delivery.dropped(reason::DRAIN_TIMEOUT);
        }
        for record in delivery.records() {
            if let Record::Metric(point) = record {
                self.metrics.update(point);
            }
        }
        delivery.absorbed();
    }

    async fn add_log(
        &mut self,
        record: &Record,
        now: Timestamp,
        ticket: &mut Ticket,
        inbox: &mut Inbox,
    ) {
        let encoder = &mut self.encoder;
        match self.pending.write(|out| encoder.encode(record, now, out)) {
            Fit::Here => {}
            Fit::Next => {
                self.pending.cover(ticket);
                self.send_pending(inbox).await;
            }
            Fit::Never => return ticket.dropped(reason::RECORD_TOO_LARGE, 1),
        }
        self.pending.keep();
    }

    /// Sends the log records that were collected, as soon as there is room for one more request.
    async fn send_pending(&mut self, inbox: &mut Inbox) {
        while !self.in_flight.has_room() {
            self.one_done(inbox).await;
        }
        if let Some(LogRequest { message, tickets }) = self.pending.seal() {
            let Framed { frame, idle } = self.courier.framer.frame(message);
            self.pending.reuse(idle);
            tracing::debug!(
                records = tickets.records(),
                bytes = frame.len(),
                "a request with log records is on its way"
            );
            let (courier, mut hurry) = (Arc::clone(&self.courier), self.hurry.subscribe());
            self.in_flight.push(Box::pin(async move {
                let under_way = UnderWay { tickets, sent: Sent::default() };
                let terminal = tokio::select! {
                    biased;
                    _ = hurry.wait_for(|late| *late) => under_way.sent.give_up(reason::DRAIN_TIMEOUT),
                    terminal = courier.deliver(Service::Logs, &frame, &under_way.sent) => terminal,
                };
                under_way.settle(terminal);
                frame
            }));
            self.gauge();
        }
    }

    /// Waits until one more request has come to its end.
    async fn one_done(&mut self, inbox: &mut Inbox) {
        tokio::select! {
            frame = self.in_flight.next() => self.done(frame),
            () = self.metrics.turn(&self.courier) => {}
            Some(points) = inbox.recv_points() => self.take_points(points),
        }
    }

    /// One request has come to its end.
    fn done(&mut self, frame: Bytes) {
        self.pending.reuse(self.courier.framer.reclaim(frame));
        self.gauge();
    }

    fn gauge(&self) {
        self.in_flight_gauge
            .set(i64::try_from(self.in_flight.len()).unwrap_or(i64::MAX));
    }
}

/// The next of all that comes, or of points alone where there is no room for more. Ends only where
/// there is room.
async fn arrival(inbox: &mut Inbox, has_room: bool) -> Option<Delivery> {
    if has_room {
        return inbox.recv().await;
    }
    match inbox.recv_points().await {
        Some(points) => Some(points),
        None => pending().await,
    }
}
