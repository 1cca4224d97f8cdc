//! The writer of an exporter's lines: collects the lines of all deliveries that are waiting, writes
//! them together, and gives each record its outcome.

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

use tidegate_runtime::edge::{Delivery, Inbox};
use tidegate_runtime::health::Health;
use tidegate_runtime::ledger::Ticket;
use tidegate_runtime::telemetry::Counter;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use super::formatter::LineFormatter;
use super::line_buffer::LineBuffer;
use super::retry::{Retries, StallDetector, WriteTimeouts};
use super::sink::LineSink;
use super::writer_thread::{LineCounts, WriterThread, Written};

/// The number of bytes from which lines are written without collecting more.
const WRITE_BYTES: usize = 64 << 10;

/// The maximum capacity of the buffer that is kept after a write, in bytes.
const KEPT_CAPACITY: usize = 256 << 10;

/// The number of checks within the time after which an output counts as blocked.
const STALL_CHECKS: u32 = 5;

/// The time for ending a partial line after writing has failed for good.
const LINE_END_TIMEOUT: Duration = Duration::from_secs(1);

/// Where lines are written.
pub(crate) struct Output {
    pub(crate) sink: Box<dyn LineSink>,
    /// What messages call it.
    pub(crate) name: String,
    /// What messages say of it after a time in which it accepted nothing.
    pub(crate) stalled: &'static str,
    /// The name of the thread that writes to it.
    pub(crate) thread: &'static str,
    /// Ends the delay before the next attempt.
    pub(crate) wake: Arc<Notify>,
    /// Counts bytes that were written.
    pub(crate) bytes: Counter,
}

/// Writes lines, and settles their tickets.
pub(crate) struct LineWriter {
    formatter: LineFormatter,
    name: String,
    stalled: &'static str,
    wake: Arc<Notify>,
    bytes: Counter,
    /// Lines to be written. Empty while the thread has them.
    buffer: LineBuffer,
    /// The tickets of the records in the buffer. Each record is one line.
    tickets: Vec<Ticket>,
    retries: Retries,
    stall: Duration,
    health: Health,
    is_degraded: bool,
    /// A problem of the output that does not prevent writing.
    problem: Option<String>,
    thread: WriterThread,
}

impl LineWriter {
    /// Starts the thread that writes to an output.
    ///
    /// # Errors
    ///
    /// If the thread cannot be started.
    pub(crate) fn start(
        output: Output,
        formatter: LineFormatter,
        health: Health,
        timeouts: WriteTimeouts,
    ) -> io::Result<Self> {
        Ok(Self {
            formatter,
            thread: WriterThread::start(output.thread, output.sink)?,
            name: output.name,
            stalled: output.stalled,
            wake: output.wake,
            bytes: output.bytes,
            buffer: LineBuffer::default(),
            tickets: Vec::new(),
            retries: Retries::new(timeouts),
            stall: timeouts.stall,
            health,
            is_degraded: false,
            problem: None,
        })
    }

    /// Adds the lines of a delivery, and of those that are waiting behind it, to the buffer.
    pub(crate) async fn collect(&mut self, first: Delivery, inbox: &mut Inbox) {
        let mut next = Some(first);
        while let Some(delivery) = next.take() {
            self.add(delivery);
            if self.buffer.text.len() < WRITE_BYTES {
                next = recv_now(inbox).await;
            }
        }
    }

    fn add(&mut self, delivery: Delivery) {
        for record in delivery.records() {
            self.formatter.push(&mut self.buffer.text, record);
        }
        let (_, ticket) = delivery.into_parts();
        self.tickets.push(ticket);
    }

    /// Writes the buffer, with retries. The exporter is degraded between them.
    ///
    /// # Errors
    ///
    /// If the last attempt has failed; then the buffer has to be [settled](Self::settle). A broken
    /// pipe is not retried.
    pub(crate) async fn write(&mut self) -> io::Result<()> {
        loop {
            let written_before = self.buffer.written;
            let result = self.try_write().await;
            if result.is_ok() || self.buffer.written > written_before {
                self.retries.reset();
            }
            let Err(source) = result else {
                self.finish_buffer();
                return Ok(());
            };
            if source.kind() == ErrorKind::BrokenPipe {
                return Err(source);
            }
            let Some(delay) = self.retries.next_delay(Instant::now()) else {
                return Err(source);
            };
            let name = &self.name;
            self.set_degraded(format!("cannot write to {name}: {source}; trying again"));
            // The end of the wait is the timeout or not; the next attempt follows either.
            let _ = timeout(delay, self.wake.notified()).await;
        }
    }

    /// Lets the output prepare for lines, while there are none.
    ///
    /// # Errors
    ///
    /// If it failed.
    pub(crate) async fn prepare(&mut self) -> io::Result<()> {
        let result = self.try_write().await;
        self.thread.finish_buffer();
        result
    }

    /// Writes the rest of the buffer. Health is degraded while the output is blocked.
    async fn try_write(&mut self) -> io::Result<()> {
        let buffer = std::mem::take(&mut self.buffer);
        self.thread.submit(buffer).await?;
        let mut detector = StallDetector::new(self.thread.bytes_written(), Instant::now());
        loop {
            let check_interval = self.stall / STALL_CHECKS;
            if let Ok(written) = timeout(check_interval, self.thread.result()).await {
                let Written {
                    buffer,
                    result,
                    problem,
                } = written;
                self.buffer = buffer;
                self.problem = problem;
                return result;
            }
            if detector.is_stalled(self.thread.bytes_written(), self.stall, Instant::now()) {
                let problem = format!(
                    "{} is blocked: {} for {:?}",
                    self.name, self.stalled, self.stall
                );
                self.set_degraded(problem);
            } else {
                self.set_healthy();
            }
        }
    }

    fn finish_buffer(&mut self) {
        self.tickets.drain(..).for_each(Ticket::absorb_all);
        self.clear_buffer();
        self.report_health();
    }

    fn clear_buffer(&mut self) {
        self.bytes.add(self.buffer.written as u64);
        self.thread.finish_buffer();
        self.buffer.text.clear();
        self.buffer.text.shrink_to(KEPT_CAPACITY);
        self.buffer.written = 0;
    }

    /// Settles the tickets after a failure, and clears the buffer: the records of written lines are
    /// delivered, the others are dropped. Returns whether a line is written in part.
    pub(crate) fn settle(&mut self, reason: &'static str) -> bool {
        let mut written = self.buffer.written_lines();
        for mut ticket in self.tickets.drain(..) {
            take_delivered(&mut ticket, &mut written);
            ticket.drop_all(reason);
        }
        let is_partial = self.buffer.partial_line() > 0;
        self.clear_buffer();
        is_partial
    }

    /// Ends a line that was written in part, so that the next output begins a new one. Gives up
    /// after a while, because the output may be blocked.
    pub(crate) async fn end_line(&mut self) {
        let line_end = LineBuffer {
            text: "\n".to_owned(),
            written: 0,
        };
        let write = async {
            self.thread.submit(line_end).await?;
            self.thread.result().await.result
        };
        let _ = timeout(LINE_END_TIMEOUT, write).await;
    }

    /// Ends the thread, and waits until it has closed the output.
    pub(crate) async fn end(mut self) {
        self.thread.end().await;
    }

    /// What messages call the output.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Reports that nothing can be written.
    pub(crate) fn set_degraded(&mut self, problem: String) {
        self.is_degraded = true;
        self.health.degraded(problem);
    }

    /// Reports the problem of the output that does not prevent writing, or that there is none.
    pub(crate) fn report_health(&mut self) {
        match self.problem.clone() {
            Some(problem) => self.set_degraded(problem),
            None => self.set_healthy(),
        }
    }

    fn set_healthy(&mut self) {
        if std::mem::take(&mut self.is_degraded) {
            self.health.healthy();
        }
    }
}

/// Returns the next delivery if there is one already.
async fn recv_now(inbox: &mut Inbox) -> Option<Delivery> {
    tokio::select! {
        biased;
        delivery = inbox.recv() => delivery,
        () = std::future::ready(()) => None,
    }
}

/// Settles the tickets if the stage is aborted while the thread has the buffer. Written lines are
/// delivered, those of the current write may be, and the thread writes no others.
impl Drop for LineWriter {
    fn drop(&mut self) {
        let LineCounts {
            mut written,
            mut uncertain,
        } = self.thread.abandon();
        for mut ticket in self.tickets.drain(..) {
            take_delivered(&mut ticket, &mut written);
            let may_be_delivered = uncertain.min(ticket.left());
            uncertain -= may_be_delivered;
            ticket.split(may_be_delivered).set_at_peer(true);
            ticket.set_at_peer(false);
        }
    }
}

/// Enters up to `written` records of a ticket as delivered, and subtracts them.
fn take_delivered(ticket: &mut Ticket, written: &mut u64) {
    let delivered = (*written).min(ticket.left());
    *written -= delivered;
    ticket.absorbed(delivered);
}
