//! The reader: a thread that connects, reads, decodes frames into batches and puts them in the
//! outbox.

use std::io;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tidegate_model::batch::Packed;
use tidegate_model::{Batch, TimeSource, Timestamp};
use tidegate_runtime::outbox::Buffer;
use tidegate_wire::payload;
use tokio::runtime::Handle;

use super::backoff::Backoff;
use super::connection::{Connection, End, Got, StreamBroken};
use super::line::Line;
use super::pace::{self, Pace};
use super::shortfall::{REPORT_INTERVAL, Shortfall};
use super::status::Status;
use super::{Config, OnEof};
use crate::frames::{BATCH_RECORDS, FRAME_CUT_SHORT, Frames, Halt};

/// How long what was read may wait for more while more keeps coming: whoever goes on with it is
/// woken up, and comes with a cold cache, once for all of it.
const HOLD: Duration = Duration::from_millis(20);
/// How long it waits where none comes.
const QUIET: Duration = Duration::from_millis(5);
/// Batches that are full, and wait for others, at most.
const MOST_FULL: usize = 3;

/// Everything that outlives a connection.
#[derive(Debug)]
pub(super) struct Reader {
    socket: PathBuf,
    on_eof: OnEof,
    frames: Frames,
    /// When the first frame came of the batch that is being filled; `None` where it has none.
    came: Option<Timestamp>,
    /// Batches that are full and were not handed over, and when each one's first frame came.
    full: Vec<(Packed, Timestamp)>,
    /// Since when the oldest frame waits that was not handed over; `None` where all were.
    held_since: Option<Instant>,
    backoff: Backoff,
    shortfall: Shortfall,
    status: Status,
    buffer: Buffer,
    line: Arc<Line>,
    runtime: Handle,
}

impl Reader {
    pub(super) fn new(
        config: &Config,
        status: Status,
        buffer: Buffer,
        line: Arc<Line>,
        runtime: Handle,
    ) -> Self {
        Self {
            socket: config.socket.clone(),
            on_eof: config.on_eof,
            frames: Frames::new(config.max_frame.get(), buffer.pool())
                .with_times(TimeSource::Receipt {
                    step: pace::LONGEST,
                })
                .for_another_thread(),
            came: None,
            full: Vec::new(),
            held_since: None,
            backoff: Backoff::new(config.reconnect),
            shortfall: Shortfall::default(),
            status,
            buffer,
            line,
            runtime,
        }
    }

    /// Connects and reads until somebody hangs up, or the stream ends and that is to be the end.
    ///
    /// # Errors
    /// That was to be the end, and the stream did not end between two frames.
    pub(super) fn run(mut self) -> Result<(), StreamBroken> {
        let mut ended = Ok(());
        while !self.line.is_hung_up() {
            match self.connect() {
                Some(Ok(stream)) => {
                    let end = self.follow(stream);
                    self.leave(&end);
                    if self.on_eof == OnEof::Stop {
                        ended = self.last(end);
                        break;
                    }
                }
                Some(Err(error)) => self.status.cannot_connect(&error),
                None => break,
            }
            self.report_loss();
            self.pause();
        }
        self.report_last_loss();
        ended
    }

    /// What the end of the last stream means for the receiver.
    fn last(&self, end: End) -> Result<(), StreamBroken> {
        match end {
            End::HungUp | End::Eof => Ok(()),
            _ if self.line.is_hung_up() => Ok(()),
            end => Err(StreamBroken {
                socket: self.socket.clone(),
                end,
            }),
        }
    }

    /// `None` if somebody hung up.
    fn connect(&self) -> Option<io::Result<UnixStream>> {
        self.status.connecting();
        let stream = self
            .runtime
            .block_on(self.line.unless_hung_up(Connection::open(&self.socket)))?;
        Some(stream.and_then(|stream| self.line.hold(&stream).map(|()| stream)))
    }

    fn pause(&mut self) {
        let pause = self.backoff.next(fastrand::f64());
        self.status.pausing(pause);
        // The timer has to be made inside the runtime.
        self.runtime.block_on(
            self.line
                .unless_hung_up(async { tokio::time::sleep(pause).await }),
        );
    }

    /// Reads a connection to its end.
    fn follow(&mut self, stream: UnixStream) -> End {
        self.status.connected();
        let (mut connection, mut pace, mut last) =
            (Connection::new(stream), Pace::default(), Instant::now());
        loop {
            let patience = self.patience();
            let space = self.frames.space();
            let room = space.len();
            let bytes = match connection.read(space, patience) {
                Ok(Got::Bytes(bytes)) => bytes,
                Ok(Got::Nothing) => {
                    self.hand_over();
                    self.report_loss();
                    continue;
                }
                Ok(Got::Eof) => return self.end_of_stream(),
                Err(error) => return End::Failed(error),
            };
            let (before, now) = (self.frames.count(), Instant::now());
            if let Err(error) = self.take(bytes, now) {
                return End::Broken(error);
            }
            let pause = pace.after(self.frames.count() - before, bytes, room, now - last);
            last = now;
            if pace.few_come() || self.is_overdue(now) {
                self.hand_over();
            } else if self.frames.is_full() {
                self.set_aside();
            }
            if !pause.is_zero() {
                thread::sleep(pause);
            }
        }
    }

    /// How long a read may wait for the peer.
    fn patience(&self) -> Option<Duration> {
        match self.held_since {
            Some(_) => Some(QUIET),
            None => (!self.shortfall.is_empty()).then_some(REPORT_INTERVAL),
        }
    }

    fn is_overdue(&self, now: Instant) -> bool {
        self.held_since.is_some_and(|since| now - since >= HOLD)
    }

    fn end_of_stream(&self) -> End {
        match self.frames.left() {
            _ if self.line.is_hung_up() => End::HungUp,
            0 => End::Eof,
            left => End::CutShort(left),
        }
    }

    /// Makes frames of what was read, and hands over what is more than a batch.
    fn take(&mut self, bytes: usize, now: Instant) -> Result<(), payload::Error> {
        self.status.read(bytes);
        self.frames.filled(bytes);
        let time = Timestamp::now();
        loop {
            let refused = |error: payload::Error| self.buffer.dropped(error.as_str(), 1);
            let halt = self.frames.decode(BATCH_RECORDS, time, refused);
            if !self.frames.is_empty() {
                self.held_since.get_or_insert(now);
                self.came.get_or_insert(time);
            }
            match halt? {
                Halt::BatchFull => self.set_aside(),
                Halt::OutOfBytes => return Ok(()),
            }
        }
    }

    /// The batch is full. Hands over if enough of them wait.
    fn set_aside(&mut self) {
        if let Some(time) = self.came.take() {
            self.full.push((self.frames.take(), time));
        }
        if self.full.len() >= MOST_FULL {
            self.hand_over();
        }
    }

    /// Puts the frames that wait in the outbox.
    fn hand_over(&mut self) {
        if self.held_since.take().is_none() {
            return;
        }
        self.backoff.reset();
        let last = self.came.take().map(|time| (self.frames.take(), time));
        for (batch, time) in std::mem::take(&mut self.full).into_iter().chain(last) {
            self.send(batch, time);
        }
    }

    /// Enters what the end of a connection cost in the books.
    fn leave(&mut self, end: &End) {
        self.line.release();
        self.hand_over();
        match end {
            End::Broken(error) => self.buffer.dropped(error.as_str(), 1),
            _ if self.frames.left() > 0 => self.buffer.dropped(FRAME_CUT_SHORT, 1),
            _ => {}
        }
        self.frames.restart();
        self.status.disconnected(end);
    }

    fn send(&mut self, batch: Packed, time: Timestamp) {
        self.report_loss();
        let dropped = self.runtime.block_on(self.buffer.send(batch));
        self.shortfall.add(dropped, time);
    }

    /// Reports what was dropped, if it is time and there is room.
    fn report_loss(&mut self) {
        let now = Instant::now();
        if !self.shortfall.is_due(now) {
            return;
        }
        let report = self.report();
        if self.buffer.has_room(&report) {
            self.runtime.block_on(self.buffer.send(report));
            self.shortfall.settle(now);
        }
    }

    /// At the end there is time to wait for room.
    fn report_last_loss(&mut self) {
        if self.shortfall.is_empty() {
            return;
        }
        let report = self.report();
        self.runtime.block_on(self.buffer.room(&report));
        self.runtime.block_on(self.buffer.send(report));
    }

    fn report(&self) -> Batch {
        let mut report = self.buffer.batch();
        report.push(self.shortfall.record(Timestamp::now()));
        report
    }
}
