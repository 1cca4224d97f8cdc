//! The running exporter.

use std::io::{self, ErrorKind};
use std::time::Duration;

use tidegate_runtime::edge::Delivery;
use tidegate_runtime::health::Health;
use tidegate_runtime::ledger::Ticket;
use tidegate_runtime::stage::{OutputClosed, StageError};
use tidegate_runtime::telemetry::Counter;
use tokio::time::{Instant, sleep, timeout};

use super::failure::{OUTPUT_CLOSED, WRITE_FAILED, WriteError};
use super::line_buffer::LineBuffer;
use super::lines::LineFormatter;
use super::retry::{Retries, StallDetector, WriteTimeouts};
use super::sink::LineSink;
use super::writer_thread::{LineCounts, WriterThread};

/// The maximum capacity of the buffer that is kept after a write, in bytes.
const KEPT_CAPACITY: usize = 256 << 10;

/// The number of checks within the time after which an output counts as blocked.
const STALL_CHECKS: u32 = 5;

/// The time for ending a partial line after writing has failed for good.
const LINE_END_TIMEOUT: Duration = Duration::from_secs(1);

/// Writes lines, and settles their tickets.
pub(super) struct RunningExporter {
    formatter: LineFormatter,
    /// The name of the output in messages.
    output: String,
    /// Lines to be written. Empty while the thread has them.
    buffer: LineBuffer,
    /// The tickets of the records in the buffer. Each record is one line.
    tickets: Vec<Ticket>,
    retries: Retries,
    stall: Duration,
    health: Health,
    is_degraded: bool,
    thread: WriterThread,
    /// Counts bytes that were written.
    bytes: Counter,
}

impl RunningExporter {
    /// Starts the thread that writes to `sink`, which is called `output` in messages.
    pub(super) fn start(
        sink: Box<dyn LineSink>,
        output: String,
        formatter: LineFormatter,
        health: Health,
        timeouts: WriteTimeouts,
    ) -> Result<Self, WriteError> {
        let thread = match WriterThread::start(sink) {
            Ok(thread) => thread,
            Err(source) => return Err(WriteError { output, source }),
        };
        Ok(Self {
            formatter,
            output,
            buffer: LineBuffer::default(),
            tickets: Vec::new(),
            retries: Retries::new(timeouts),
            stall: timeouts.stall,
            health,
            is_degraded: false,
            thread,
            bytes: Counter::default(),
        })
    }

    /// Sets the counter of the bytes that were written.
    pub(super) fn counting(mut self, bytes: Counter) -> Self {
        self.bytes = bytes;
        self
    }

    /// Adds the lines of a delivery to the buffer.
    pub(super) fn add(&mut self, delivery: Delivery) {
        for record in delivery.records() {
            self.formatter.push(&mut self.buffer.text, record);
        }
        let (_, ticket) = delivery.into_parts();
        self.tickets.push(ticket);
    }

    /// Returns the number of bytes in the buffer.
    pub(super) fn buffered(&self) -> usize {
        self.buffer.text.len()
    }

    /// Writes the buffer, with retries.
    pub(super) async fn write(&mut self) -> Result<(), StageError> {
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
                self.settle(OUTPUT_CLOSED);
                return Err(OutputClosed.into());
            }
            let Some(delay) = self.retries.next_delay(Instant::now()) else {
                self.settle(WRITE_FAILED);
                self.end_partial_line().await;
                let output = self.output.clone();
                return Err(WriteError { output, source }.into());
            };
            self.set_degraded(format!(
                "cannot write to {}: {source}; trying again",
                self.output
            ));
            sleep(delay).await;
        }
    }

    /// Writes the rest of the buffer. Health is degraded while the output is blocked.
    async fn try_write(&mut self) -> io::Result<()> {
        let buffer = std::mem::take(&mut self.buffer);
        self.thread.submit(buffer).await?;
        let mut detector = StallDetector::new(self.thread.bytes_written(), Instant::now());
        loop {
            let check_interval = self.stall / STALL_CHECKS;
            if let Ok((buffer, result)) = timeout(check_interval, self.thread.result()).await {
                self.buffer = buffer;
                return result;
            }
            if detector.is_stalled(self.thread.bytes_written(), self.stall, Instant::now()) {
                self.set_degraded(format!(
                    "{} is blocked: nothing was read from it for {:?}",
                    self.output, self.stall
                ));
            } else {
                self.set_healthy();
            }
        }
    }

    fn finish_buffer(&mut self) {
        self.tickets.drain(..).for_each(Ticket::absorb_all);
        self.thread.finish_buffer();
        self.bytes.add(self.buffer.text.len() as u64);
        self.buffer.text.clear();
        self.buffer.text.shrink_to(KEPT_CAPACITY);
        self.buffer.written = 0;
        self.set_healthy();
    }

    /// Settles the tickets after a failure: the records of written lines are delivered, the others
    /// are dropped.
    fn settle(&mut self, reason: &'static str) {
        let mut written = self.buffer.written_lines();
        for mut ticket in self.tickets.drain(..) {
            take_delivered(&mut ticket, &mut written);
            ticket.drop_all(reason);
        }
    }

    /// Ends a partial line, so that the next output begins a new one. Gives up after a while,
    /// because the output may be blocked.
    async fn end_partial_line(&mut self) {
        if self.buffer.partial_line() == 0 {
            return;
        }
        let line_end = LineBuffer {
            text: "\n".to_owned(),
            written: 0,
        };
        let write = async {
            self.thread.submit(line_end).await?;
            self.thread.result().await.1
        };
        let _ = timeout(LINE_END_TIMEOUT, write).await;
    }

    fn set_degraded(&mut self, problem: String) {
        self.is_degraded = true;
        self.health.degraded(problem);
    }

    fn set_healthy(&mut self) {
        if std::mem::take(&mut self.is_degraded) {
            self.health.healthy();
        }
    }
}

/// Settles the tickets if the stage is aborted while the thread has the buffer. Written lines are
/// delivered, those of the current write may be, and the thread writes no others.
impl Drop for RunningExporter {
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
