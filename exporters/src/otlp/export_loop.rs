//! The running exporter: takes batches from the inbox, fills requests with log records and spans and
//! the table of metrics, sends all, and ends when the inbox is closed and everything is delivered or given up.
//!
//! Memory is bounded by the inbox, the queue, the request that is being filled, the one that is being
//! sealed, and the current batch. While the queue is full, only metric points are taken from the
//! inbox: log records accumulate there until its `when_full` policy applies, and metrics stay
//! current.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use tidegate_model::flow::Flow;
use tidegate_model::record::Record;
use tidegate_model::{Kind, Kinds, Timestamp};
use tidegate_runtime::edge::{Delivery, Inbox};
use tidegate_runtime::ledger::Ticket;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use super::delivery::RequestSender;
use super::failure::drop_reason;
use super::logs::{Encoder, LogRequest, LogRequestBuilder, NodeResource, Placement};
use super::metrics::MetricsExport;
use super::queue::RequestQueue;
use super::signal::Signal;
use super::spans::SpanFinder;

/// The state of a running exporter.
pub(super) struct ExportLoop {
    pub(super) drain_timeout: Duration,
    pub(super) log_requests: LogRequestBuilder,
    pub(super) log_resource: NodeResource,
    pub(super) encoder: Encoder,
    /// The kinds of records that become log records.
    pub(super) log_kinds: Kinds,
    /// Finds spans, if they are sent.
    pub(super) span_finder: Option<SpanFinder>,
    pub(super) span_requests: LogRequestBuilder,
    pub(super) metrics: MetricsExport,
    pub(super) queue: RequestQueue,
    pub(super) sender: Arc<RequestSender>,
    /// Becomes true when `drain_timeout` has passed since the end of the input
    /// began.
    pub(super) deadline_passed: watch::Sender<bool>,
}

impl ExportLoop {
    /// Runs until everything is delivered or given up. Returns the number of metric series whose
    /// last values were given up.
    pub(super) async fn run(mut self, mut inbox: Inbox) -> u64 {
        let ending = inbox.ending();
        let drain_timeout = self.drain_timeout;
        let deadline_passed = self.deadline_passed.clone();
        let deadline = async {
            ending.await;
            sleep(drain_timeout).await;
            deadline_passed.send_replace(true);
            pending().await
        };
        tokio::select! {
            biased;
            undelivered = self.export(&mut inbox) => undelivered,
            undelivered = deadline => undelivered,
        }
    }

    async fn export(&mut self, inbox: &mut Inbox) -> u64 {
        while let Some(delivery) = self.next_delivery(inbox).await {
            self.process(delivery, inbox).await;
        }
        self.send_request(Signal::Logs, inbox).await;
        self.send_request(Signal::Traces, inbox).await;
        let Self { queue, metrics, .. } = self;
        let last_values = metrics.finish(&self.sender, self.deadline_passed.subscribe());
        let ((), undelivered) = tokio::join!(queue.drain(), last_values);
        undelivered
    }

    /// Waits for the next points, or for the next batch as soon as there is room for a request.
    /// Meanwhile drives the requests. Returns `None` when the inbox is closed and empty.
    async fn next_delivery(&mut self, inbox: &mut Inbox) -> Option<Delivery> {
        loop {
            self.queue.set_sources_wait(inbox.blocks());
            let has_room = self.queue.has_room();
            let can_send = has_room && self.queue.can_seal();
            let request_due = self.request_due();
            let log_due = self.sender.status.next_log();
            tokio::select! {
                biased;
                () = self.queue.progress() => self.log_requests.recycle(self.queue.spare()),
                () = self.metrics.drive(&self.sender) => {}
                () = sleep_until(request_due.unwrap_or_else(Instant::now)),
                    if request_due.is_some() && can_send =>
                {
                    self.send_due_requests(inbox).await;
                }
                delivery = receive(inbox, has_room) => return delivery,
                () = sleep_until(log_due.unwrap_or_else(Instant::now)), if log_due.is_some() => {
                    self.sender.status.log_suppressed();
                }
            }
        }
    }

    /// Turns a batch into log records or metric points.
    async fn process(&mut self, delivery: Delivery, inbox: &mut Inbox) {
        let kinds = delivery.kinds();
        if kinds == Kinds::of(&[Kind::Metric]) {
            return self.update_metrics(delivery);
        }
        if self.is_deadline_passed() && !self.queue.keeps_all() {
            return delivery.dropped(drop_reason::DRAIN_TIMEOUT);
        }
        let (batch, mut ticket) = delivery.into_parts();
        if let Some(envelope) = self.log_resource.update(batch.records()) {
            self.send_request(Signal::Logs, inbox).await;
            self.send_request(Signal::Traces, inbox).await;
            self.span_requests.set_envelope(envelope.clone());
            self.log_requests.set_envelope(envelope);
        }
        let now = Timestamp::now();
        for record in batch
            .records()
            .iter()
            .filter(|record| kinds.contains(record.kind()))
        {
            if let Record::Flow(flow) = record {
                self.add_span(flow, inbox).await;
            }
            match record {
                _ if !self.log_kinds.contains(record.kind()) => ticket.absorbed(1),
                Record::Flow(_)
                | Record::AgentEvent(_)
                | Record::DebugEvent(_)
                | Record::Lost(_) => {
                    self.add_log(record, now, &mut ticket, inbox).await;
                }
                _ => {}
            }
        }
        self.log_requests.attach_ticket(&mut ticket);
    }

    fn update_metrics(&mut self, delivery: Delivery) {
        if self.is_deadline_passed() {
            return delivery.dropped(drop_reason::DRAIN_TIMEOUT);
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
        match self
            .log_requests
            .write(|out| encoder.encode(record, now, out))
        {
            Placement::Current => {}
            Placement::Next => {
                self.log_requests.attach_ticket(ticket);
                self.send_request(Signal::Logs, inbox).await;
            }
            Placement::TooLarge => return ticket.dropped(drop_reason::RECORD_TOO_LARGE, 1),
        }
        self.log_requests.commit();
    }

    /// Adds the span that ends with a flow, if there is one.
    async fn add_span(&mut self, flow: &Flow, inbox: &mut Inbox) {
        let finder = self.span_finder.as_mut();
        let Some(span) = finder.and_then(|finder| finder.find(flow)) else {
            return;
        };
        let Some(mut ticket) = inbox.create(1) else {
            return;
        };
        let encoder = &mut self.encoder;
        match self
            .span_requests
            .write(|out| encoder.encode_span(flow, &span, out))
        {
            Placement::Current => {}
            Placement::Next => self.send_request(Signal::Traces, inbox).await,
            Placement::TooLarge => return ticket.dropped(drop_reason::RECORD_TOO_LARGE, 1),
        }
        self.span_requests.commit();
        self.span_requests.attach_ticket(&mut ticket);
    }

    /// Returns when the next request is to be sent; `None` if no record waits.
    fn request_due(&self) -> Option<Instant> {
        let due = [self.log_requests.due(), self.span_requests.due()];
        due.into_iter().flatten().min()
    }

    /// Sends the requests that are full or due.
    async fn send_due_requests(&mut self, inbox: &mut Inbox) {
        for signal in [Signal::Logs, Signal::Traces] {
            let due = self.requests(signal).due();
            if due.is_some_and(|due| due <= Instant::now()) {
                self.send_request(signal, inbox).await;
            }
        }
    }

    /// Returns what collects the records of a signal that has requests of records.
    fn requests(&mut self, signal: Signal) -> &mut LogRequestBuilder {
        match signal {
            Signal::Traces => &mut self.span_requests,
            Signal::Logs | Signal::Metrics => &mut self.log_requests,
        }
    }

    /// Adds the collected records to the queue, as soon as it has room.
    async fn send_request(&mut self, signal: Signal, inbox: &mut Inbox) {
        while !(self.queue.has_room() && self.queue.can_seal()) {
            self.wait_for_queue(inbox).await;
        }
        let accepted = self.sender.client.max_request_bytes(signal);
        let requests = self.requests(signal);
        requests.limit_bytes(accepted);
        if let Some(LogRequest { message, tickets }) = requests.take() {
            self.queue.seal(signal, message, tickets);
        }
    }

    /// Waits until something has changed in the queue, and keeps metrics current meanwhile.
    async fn wait_for_queue(&mut self, inbox: &mut Inbox) {
        tokio::select! {
            () = self.queue.progress() => self.log_requests.recycle(self.queue.spare()),
            () = self.metrics.drive(&self.sender) => {}
            Some(points) = inbox.recv_points() => self.update_metrics(points),
        }
        self.queue.set_sources_wait(inbox.blocks());
    }

    fn is_deadline_passed(&self) -> bool {
        *self.deadline_passed.borrow()
    }
}

/// Receives any delivery, or only points if there is no room for another request. Returns `None`
/// only if there is room and the inbox is closed and empty.
async fn receive(inbox: &mut Inbox, has_room: bool) -> Option<Delivery> {
    if has_room {
        return inbox.recv().await;
    }
    match inbox.recv_points().await {
        Some(points) => Some(points),
        None => pending().await,
    }
}
