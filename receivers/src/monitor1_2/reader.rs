//! The reader: a thread that connects, reads, decodes batches of frames, and puts them in the
//! outbox.

use std::io;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tidegate_model::batch::FrameBatch;
use tidegate_model::{Batch, TimeSource, Timestamp};
use tidegate_runtime::outbox::Buffer;
use tidegate_runtime::requests::{Request, Requests};
use tidegate_runtime::spans;
use tidegate_wire::payload;
use tokio::runtime::Handle;

use super::backoff::Backoff;
use super::connection::{Disconnect, MonitorConnection, ReadOutcome, StreamBroken};
use super::control::ReaderControl;
use super::loss_report::{LossReport, REPORT_INTERVAL};
use super::pacer::{MAX_PAUSE, ReadPacer};
use super::status::ConnectionStatus;
use super::{Config, OnEof};
use crate::frames::{BATCH_RECORDS, DecodeStatus, FRAME_CUT_SHORT, FrameBatcher};

/// How long frames are held while more keep arriving: waking the pipeline, with a cold cache, costs
/// the same for one batch as for several.
const MAX_HOLD: Duration = Duration::from_millis(20);
/// How long frames are held while nothing arrives.
const QUIET_HOLD: Duration = Duration::from_millis(5);
/// The largest number of full batches that are held.
const MAX_FULL_BATCHES: usize = 3;

/// The state of the reader, which outlives a connection.
#[derive(Debug)]
pub(super) struct SocketReader {
    socket: PathBuf,
    on_eof: OnEof,
    batcher: FrameBatcher,
    /// The time of the first frame in the current batch; `None` if the batch has no frames.
    first_frame: Option<Timestamp>,
    /// Full batches that are held, each with the time of its first frame.
    full_batches: Vec<(FrameBatch, Timestamp)>,
    /// When the oldest held frame arrived; `None` if no frames are held.
    held_since: Option<Instant>,
    backoff: Backoff,
    losses: LossReport,
    status: ConnectionStatus,
    buffer: Buffer,
    control: Arc<ReaderControl>,
    runtime: Handle,
    /// Where the begin and the end of each stream are reported.
    requests: Requests,
    /// A connection that is open already.
    stream: Option<UnixStream>,
}

impl SocketReader {
    pub(super) fn new(
        config: &Config,
        status: ConnectionStatus,
        buffer: Buffer,
        control: Arc<ReaderControl>,
        runtime: Handle,
    ) -> Self {
        let times = TimeSource::Receipt { step: MAX_PAUSE };
        Self {
            socket: config.socket.clone(),
            on_eof: config.on_eof,
            batcher: FrameBatcher::new(config.max_frame.get(), buffer.pool())
                .with_time_source(times)
                .packed(),
            first_frame: None,
            full_batches: Vec::new(),
            held_since: None,
            backoff: Backoff::new(config.reconnect),
            losses: LossReport::default(),
            status,
            buffer,
            control,
            runtime,
            requests: Requests::default(),
            stream: None,
        }
    }

    /// Reports the begin and the end of each stream there.
    pub(super) fn with_requests(self, requests: Requests) -> Self {
        Self { requests, ..self }
    }

    /// Reads this connection first.
    pub(super) fn with_stream(self, stream: Option<UnixStream>) -> Self {
        Self { stream, ..self }
    }

    /// Connects and reads until the reader is stopped, or until the first stream ends with `on_eof
    /// = "stop"`.
    ///
    /// # Errors
    /// With `on_eof = "stop"`, the stream did not end between two frames.
    pub(super) fn run(mut self) -> Result<(), StreamBroken> {
        let mut result = Ok(());
        while !self.control.is_stopped() {
            let pause = match self.connect() {
                Some(Ok(stream)) => {
                    let end = self.read_to_end(stream);
                    self.finish_connection(&end);
                    if self.on_eof == OnEof::Stop {
                        result = self.stream_result(end);
                        break;
                    }
                    self.backoff.next(fastrand::f64())
                }
                Some(Err(error)) => {
                    self.status.cannot_connect(&error);
                    self.backoff.after_failure(&error, fastrand::f64())
                }
                None => break,
            };
            self.report_losses_if_due();
            self.pause(pause);
        }
        self.report_remaining_losses();
        result
    }

    /// The result of the receiver after its only stream.
    fn stream_result(&self, end: Disconnect) -> Result<(), StreamBroken> {
        match end {
            Disconnect::Stopped | Disconnect::Eof => Ok(()),
            _ if self.control.is_stopped() => Ok(()),
            end => Err(StreamBroken {
                socket: self.socket.clone(),
                end,
            }),
        }
    }

    /// Connects to the socket. Returns `None` if the reader is stopped.
    fn connect(&mut self) -> Option<io::Result<UnixStream>> {
        if let Some(stream) = self.stream.take() {
            return Some(self.control.set_connection(&stream).map(|()| stream));
        }
        self.status.connecting();
        let span = spans::connect(Some(self.status.stage()), &self.socket.display());
        let opening = spans::within(span, MonitorConnection::open(&self.socket));
        let opening = self.control.unless_stopped(opening);
        let stream = self.runtime.block_on(opening)?;
        Some(stream.and_then(|stream| {
            self.control.set_connection(&stream)?;
            Ok(stream)
        }))
    }

    fn pause(&self, pause: Duration) {
        self.status.pausing(pause);
        // The timer must be created inside the runtime.
        let sleep = async { tokio::time::sleep(pause).await };
        self.runtime.block_on(self.control.unless_stopped(sleep));
    }

    /// Reads a connection until it ends.
    fn read_to_end(&mut self, stream: UnixStream) -> Disconnect {
        self.status.connected();
        self.requests
            .send(Request::StreamStarted(self.batcher.stream()));
        let mut connection = MonitorConnection::new(stream);
        let mut pacer = ReadPacer::default();
        let mut last_read = Instant::now();
        loop {
            let timeout = self.read_timeout();
            let space = self.batcher.space();
            let room = space.len();
            let bytes = match connection.read(space, timeout) {
                Ok(ReadOutcome::Bytes(bytes)) => bytes,
                Ok(ReadOutcome::TimedOut) => {
                    self.flush();
                    self.report_losses_if_due();
                    continue;
                }
                Ok(ReadOutcome::Eof) => return self.end_of_stream(),
                Err(error) => return Disconnect::Failed(error),
            };
            let frames_before = self.batcher.frame_count();
            let now = Instant::now();
            if let Err(error) = self.decode(bytes, now) {
                return Disconnect::Broken(error);
            }
            let frames = self.batcher.frame_count() - frames_before;
            let pause = pacer.pause_after(frames, bytes, room, now - last_read);
            last_read = now;
            if pacer.is_idle() || self.is_hold_exceeded(now) {
                self.flush();
            } else if self.batcher.is_full() {
                self.hold_full_batch();
            }
            if !pause.is_zero() {
                thread::sleep(pause);
            }
        }
    }

    /// The timeout of the next read: until held frames or a loss report are due.
    fn read_timeout(&self) -> Option<Duration> {
        match self.held_since {
            Some(_) => Some(QUIET_HOLD),
            None => (!self.losses.is_empty()).then_some(REPORT_INTERVAL),
        }
    }

    fn is_hold_exceeded(&self, now: Instant) -> bool {
        self.held_since.is_some_and(|since| now - since >= MAX_HOLD)
    }

    fn end_of_stream(&self) -> Disconnect {
        match self.batcher.undecoded() {
            _ if self.control.is_stopped() => Disconnect::Stopped,
            0 => Disconnect::Eof,
            bytes => Disconnect::CutShort(bytes),
        }
    }

    /// Decodes the frames of a read. Holds full batches.
    fn decode(&mut self, bytes: usize, now: Instant) -> Result<(), payload::Error> {
        self.status.read(bytes);
        self.batcher.filled(bytes);
        let time = Timestamp::now();
        loop {
            let on_rejected = |error: payload::Error| self.buffer.dropped(error.as_str(), 1);
            let status = self.batcher.decode(BATCH_RECORDS, time, on_rejected);
            if !self.batcher.is_empty() {
                self.held_since.get_or_insert(now);
                self.first_frame.get_or_insert(time);
            }
            match status? {
                DecodeStatus::BatchFull => self.hold_full_batch(),
                // Headers are looked for in recordings only.
                DecodeStatus::NeedsInput | DecodeStatus::LaterFormat(_) => return Ok(()),
            }
        }
    }

    /// Holds the current batch, which is full, until there are enough of them.
    fn hold_full_batch(&mut self) {
        if let Some(time) = self.first_frame.take() {
            self.full_batches.push((self.batcher.take_batch(), time));
        }
        if self.full_batches.len() >= MAX_FULL_BATCHES {
            self.flush();
        }
    }

    /// Puts all held frames in the outbox.
    fn flush(&mut self) {
        if self.held_since.take().is_none() {
            return;
        }
        self.backoff.reset();
        let first_frame = self.first_frame.take();
        let current = first_frame.map(|time| (self.batcher.take_batch(), time));
        for (batch, time) in std::mem::take(&mut self.full_batches)
            .into_iter()
            .chain(current)
        {
            self.send(batch, time);
        }
    }

    /// Counts what was lost with the end of a connection, and prepares for the next one.
    fn finish_connection(&mut self, end: &Disconnect) {
        self.control.clear_connection();
        self.flush();
        match end {
            Disconnect::Broken(error) => self.buffer.dropped(error.as_str(), 1),
            _ if self.batcher.undecoded() > 0 => self.buffer.dropped(FRAME_CUT_SHORT, 1),
            _ => {}
        }
        self.requests
            .send(Request::StreamEnded(self.batcher.stream()));
        self.batcher.reset();
        self.status.disconnected(end);
    }

    fn send(&mut self, batch: FrameBatch, time: Timestamp) {
        self.report_losses_if_due();
        let dropped = self.runtime.block_on(self.buffer.send(batch));
        self.losses.add(dropped, time);
    }

    /// Sends the loss report if it is due and the outbox has room for it.
    fn report_losses_if_due(&mut self) {
        let now = Instant::now();
        if !self.losses.is_due(now) {
            return;
        }
        let report = self.loss_report();
        if self.buffer.has_room(&report) {
            self.runtime.block_on(self.buffer.send(report));
            self.losses.reset(now);
        }
    }

    /// Sends the last loss report. Waits for room, since nothing has to be read any more.
    fn report_remaining_losses(&mut self) {
        if self.losses.is_empty() {
            return;
        }
        let report = self.loss_report();
        self.runtime.block_on(self.buffer.room(&report));
        self.runtime.block_on(self.buffer.send(report));
    }

    fn loss_report(&self) -> Batch {
        let mut report = self.buffer.batch();
        report.push(self.losses.record(Timestamp::now()));
        report
    }
}
