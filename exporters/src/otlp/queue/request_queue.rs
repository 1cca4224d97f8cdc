//! The queue: requests are sealed, wait in memory or on disk, and are sent.

mod end;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use tidegate_runtime::disk_log::Appended;
use tidegate_runtime::edge::Inbox;
use tokio::sync::watch;

use super::gauges::{QueueGauges, set};
use super::in_flight::InFlight;
use super::open::OpenedDisk;
use super::request::{FinishedRequest, QueuedRequest, SentRequest, StoredCopy};
use super::stored::Stored;
use super::waiting::Waiting;
use super::work::{AddedRequest, Content, Job, JobResult, NewRequest, Worker, WriteResult};
use crate::otlp::delivery::{RequestSender, RequestTickets};
use crate::otlp::failure::drop_reason;
use crate::otlp::sealing::{Compression, EncodedMessage, SealedFrame};
use crate::otlp::signal::Signal;

/// The limits of a queue.
#[derive(Clone, Copy, Debug)]
pub(in crate::otlp) struct QueueConfig {
    /// Memory of sealed requests at most, those in flight included.
    pub(in crate::otlp) max_bytes: usize,
    /// Requests in flight at most.
    pub(in crate::otlp) in_flight: usize,
}

/// The queue of log requests, with those in flight.
pub(in crate::otlp) struct RequestQueue {
    max_bytes: usize,
    sender: Arc<RequestSender>,
    /// Becomes true when the requests have to be given up.
    deadline_passed: watch::Sender<bool>,
    waiting: Waiting,
    in_flight: InFlight,
    worker: Worker,
    /// A request that waits for the worker.
    new: Option<NewRequest>,
    /// The tickets of the request that waits for the worker, or that it has.
    sealing: Option<(Signal, RequestTickets)>,
    /// Whether the sources wait while this is full.
    sources_wait: bool,
    /// Whether the new request waits for room on the disk.
    waits_for_room: bool,
    /// The requests on disk, if there is a disk.
    stored: Option<Stored>,
    /// Whether the last request that was sent was read from the disk.
    stored_was_last: bool,
    /// Memory of messages that can be used again.
    spare: Vec<Vec<u8>>,
    gauges: QueueGauges,
}

impl RequestQueue {
    pub(in crate::otlp) fn new(
        config: QueueConfig,
        sender: Arc<RequestSender>,
        disk: Option<OpenedDisk>,
        deadline_passed: watch::Sender<bool>,
        gauges: QueueGauges,
        inbox: &Inbox,
    ) -> Self {
        let log = disk.as_ref().map(|disk| Arc::clone(&disk.log));
        let mut queue = Self {
            max_bytes: config.max_bytes,
            waiting: Waiting::default(),
            in_flight: InFlight::new(config.in_flight),
            worker: Worker::new(Arc::clone(&sender.sealer), log),
            new: None,
            sealing: None,
            sources_wait: inbox.blocks(),
            waits_for_room: false,
            stored: None,
            stored_was_last: false,
            spare: Vec::new(),
            sender,
            deadline_passed,
            gauges,
        };
        if let Some(disk) = disk {
            queue.stored = Some(queue.recover(&disk, inbox));
        }
        queue
    }

    /// Counts what an earlier run left.
    fn recover(&self, disk: &OpenedDisk, inbox: &Inbox) -> Stored {
        let mut stored = Stored::new();
        for one in &disk.recovery.segments {
            let mut tickets = RequestTickets::default();
            inbox
                .recover(one.records)
                .into_iter()
                .for_each(|ticket| tickets.push(ticket));
            stored.recover(one.segment, one.entries, tickets);
        }
        self.gauges.damaged.add(disk.recovery.damaged);
        let lost = inbox.recover(disk.recovery.damaged_records);
        lost.into_iter()
            .for_each(|ticket| ticket.drop_all(drop_reason::QUEUE_DAMAGED));
        stored
    }

    /// Sets whether the sources wait while this is full. Otherwise a full disk loses its oldest
    /// requests.
    pub(in crate::otlp) fn set_sources_wait(&mut self, sources_wait: bool) {
        self.sources_wait = sources_wait;
        self.waits_for_room &= sources_wait;
    }

    /// Whether a request of any size may be added: memory is not full, or can be left to the disk.
    /// If the sources wait, requests do not wait in memory: there would be more of them at the end
    /// than can be delivered within `drain_timeout`.
    pub(in crate::otlp) fn has_room(&self) -> bool {
        if self.keeps_all() {
            return true;
        }
        if self.sources_wait {
            return self.waiting.is_empty() && self.in_flight.has_room();
        }
        let is_empty = self.waiting.is_empty() && self.in_flight.len() == 0;
        is_empty || self.bytes() < self.max_bytes
    }

    /// Whether everything that is added is written to disk.
    pub(in crate::otlp) fn keeps_all(&self) -> bool {
        let is_writable = |stored: &Stored| stored.is_writable;
        !self.waits_for_room && self.stored.as_ref().is_some_and(is_writable)
    }

    /// Whether a message can be [sealed](Self::seal) now.
    pub(in crate::otlp) fn can_seal(&self) -> bool {
        self.sealing.is_none()
    }

    /// Whether every request has its outcome.
    pub(in crate::otlp) fn is_empty(&self) -> bool {
        self.sealing.is_none()
            && self.waiting.is_empty()
            && self.in_flight.len() == 0
            && self.stored.as_ref().is_none_or(Stored::is_empty)
    }

    /// Adds a message. The caller ensures that it [can](Self::can_seal) be sealed.
    pub(in crate::otlp) fn seal(
        &mut self,
        signal: Signal,
        message: EncodedMessage,
        tickets: RequestTickets,
    ) {
        if self.stored.is_none() && self.sender.sealer.compression(signal) == Compression::None {
            let sealed = self.sender.sealer.seal(signal, message);
            return self.add(signal, sealed.frame, tickets, None);
        }
        self.new = Some(NewRequest {
            signal,
            content: Content::Message(message),
            records: tickets.records(),
        });
        self.sealing = Some((signal, tickets));
        self.start();
    }

    /// Returns memory of a message that is not used any more.
    pub(in crate::otlp) fn spare(&mut self) -> Option<Vec<u8>> {
        self.spare.pop()
    }

    /// Makes one step: starts what can be started, and waits until something has ended. Waits for
    /// ever if there is nothing to do. Cancel safe.
    pub(in crate::otlp) async fn progress(&mut self) {
        self.start();
        tokio::select! {
            biased;
            finished = self.in_flight.next() => self.request_done(finished),
            result = self.worker.next() => self.job_done(result),
        }
        self.start();
    }

    fn bytes(&self) -> usize {
        self.waiting.bytes() + self.in_flight.bytes()
    }

    /// Sends what may be sent, and starts a job if there is one.
    fn start(&mut self) {
        while self.in_flight.has_room()
            && let Some(request) = self.next_request()
        {
            self.send(request);
        }
        self.give_up_new();
        self.start_job(true);
        self.update_gauges();
    }

    /// The next request: those from the disk and new ones take turns.
    fn next_request(&mut self) -> Option<QueuedRequest> {
        let is_turn_of_new = self.stored_was_last && !self.waiting.is_empty();
        let stored = self.stored.as_mut().filter(|_| !is_turn_of_new);
        let old = stored.and_then(|stored| stored.next.take());
        self.stored_was_last = old.is_some();
        old.or_else(|| self.waiting.pop())
    }

    fn send(&mut self, mut request: QueuedRequest) {
        tracing::debug!(
            records = request.tickets.records(),
            bytes = request.frame.len(),
            "sending a request with log records"
        );
        let stored = request.is_stored();
        request.tickets.set_stored(stored);
        let weight = request.frame.weight();
        let records = request.tickets.records();
        let sent = self.send_request(request);
        self.in_flight.push(records, weight, sent);
    }

    /// Returns a future that sends a request and settles its tickets.
    fn send_request(&self, request: QueuedRequest) -> BoxFuture<'static, FinishedRequest> {
        let sender = Arc::clone(&self.sender);
        let mut deadline_passed = self.deadline_passed.subscribe();
        Box::pin(async move {
            let mut sending = SentRequest::new(request);
            let given_up = tokio::select! {
                biased;
                _ = deadline_passed.wait_for(|passed| *passed) => true,
                () = sending.send(&sender) => false,
            };
            sending.settle(given_up)
        })
    }

    /// Starts a job if none is running and there is something to do. `may_read` says whether that
    /// may be to read from the disk.
    fn start_job(&mut self, may_read: bool) {
        if !self.worker.is_idle() {
            return;
        }
        let has_room = self.in_flight.has_room();
        let mut job = Job {
            may_evict: !self.sources_wait,
            ..Job::default()
        };
        if let Some(stored) = &mut self.stored {
            job.acknowledge = std::mem::take(&mut stored.acknowledge);
            job.release = std::mem::take(&mut stored.release);
            job.read = may_read && has_room && stored.unread > 0 && stored.next.is_none();
        }
        // What waits for room is tried again when there may be some.
        if !self.waits_for_room || !job.acknowledge.is_empty() {
            job.add = self.new.take();
        }
        if job.has_work() {
            self.worker.start(job);
        }
    }

    fn request_done(&mut self, finished: FinishedRequest) {
        if let (Some(stored), Some(at)) = (&mut self.stored, finished.done_with) {
            stored.acknowledge.push(at);
        }
        let memory = finished.frame.and_then(SealedFrame::into_memory);
        self.spare.extend(memory);
    }

    fn job_done(&mut self, result: JobResult) {
        if let Some(added) = result.added {
            self.added(added);
        }
        let Some(stored) = &mut self.stored else {
            return;
        };
        if let Some(next) = result.read {
            stored.read(next);
        }
        if let Some(disk) = result.disk {
            // What was left to the disk meanwhile is released by the next job.
            stored.unread = disk.unread + stored.release.len() as u64;
            set(&self.gauges.disk, disk.bytes);
        }
        if let Some(error) = result.failure {
            tracing::debug!(%error, "cannot write an acknowledgement to the queue on disk");
        }
    }

    /// Adds a request that the worker has sealed, unless it has to wait for room on the disk.
    fn added(&mut self, added: AddedRequest) {
        let AddedRequest {
            frame,
            spare,
            write,
        } = added;
        self.spare.extend(spare);
        let Some((signal, tickets)) = self.sealing.take() else {
            return;
        };
        self.waits_for_room = matches!(write, WriteResult::NoRoom);
        match write {
            WriteResult::NoDisk => self.add(signal, frame, tickets, None),
            WriteResult::Appended(appended) => self.add(signal, frame, tickets, Some(appended)),
            WriteResult::NoRoom => {
                self.new = Some(NewRequest {
                    signal,
                    content: Content::Frame(frame),
                    records: tickets.records(),
                });
                self.sealing = Some((signal, tickets));
            }
        }
    }

    /// Adds a request that was sealed and, if there is a disk, written to it.
    fn add(
        &mut self,
        signal: Signal,
        frame: SealedFrame,
        mut tickets: RequestTickets,
        appended: Option<Appended>,
    ) {
        let mut copy = None;
        if let (Some(stored), Some(Appended { evicted, at })) = (&mut self.stored, appended) {
            stored.evict(&evicted);
            let problem = at.as_ref().err().map(ToString::to_string);
            stored.is_writable = problem.is_none();
            self.sender.status.set_queue_problem(problem.as_deref());
            copy = at.ok().map(|at| StoredCopy::new(at, &stored.evicted));
        }
        tickets.set_stored(copy.is_some());
        self.waiting.push(QueuedRequest {
            signal,
            frame,
            tickets,
            stored: copy,
        });
        self.waiting.update_stored();
        while self.bytes() > self.max_bytes
            && let Some(stored) = &mut self.stored
            && let Some(oldest) = self.waiting.pop_stored()
        {
            stored.spill(oldest);
        }
    }

    fn update_gauges(&self) {
        set(&self.gauges.in_flight, self.in_flight.len());
        set(&self.gauges.memory, self.bytes());
        let stored = self.stored.as_ref().map_or(0, Stored::records);
        let in_memory = self.waiting.records() + self.in_flight.records();
        set(&self.gauges.records, in_memory + stored);
    }
}
