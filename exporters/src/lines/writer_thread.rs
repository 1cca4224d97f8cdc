//! The thread that writes. An output can block, standard output for as long as its reader does not
//! read. On a thread of its own this delays neither the other stages nor the end of the process,
//! which waits for blocking tasks of the runtime, but not for a thread.

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use tokio::sync::mpsc;

use super::line_buffer::{LineBuffer, count_lines, first_line, whole_lines};
use super::sink::LineSink;

/// The delay between attempts to write to an output that another process has made non-blocking.
const WOULD_BLOCK_DELAY: Duration = Duration::from_millis(2);

/// The handle of the thread, which ends when the handle is dropped.
pub(super) struct WriterThread {
    requests: mpsc::Sender<(u64, LineBuffer)>,
    results: mpsc::Receiver<Written>,
    progress: Arc<Progress>,
    /// The number of the current buffer.
    buffer_number: u64,
    /// The lines of the current buffer when it was submitted.
    submitted: LineCounts,
}

/// A buffer that the thread has written, or failed to write.
pub(super) struct Written {
    pub(super) buffer: LineBuffer,
    pub(super) result: io::Result<()>,
    /// A problem of the output that does not prevent writing.
    pub(super) problem: Option<String>,
}

/// Lines of a buffer by what is known of them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LineCounts {
    /// Lines that are written.
    pub(super) written: u64,
    /// Lines after these that may be written, wholly or in part.
    pub(super) uncertain: u64,
}

/// The progress of the thread with its current buffer.
///
/// `uncertain` and `is_abandoned` are accessed in the same total order by both sides: either the
/// thread sees before a write that it is abandoned, or the handle sees the lines of that write.
#[derive(Debug, Default)]
struct Progress {
    /// The number of the buffer.
    buffer_number: AtomicU64,
    /// Bytes that were written since the start.
    bytes: AtomicU64,
    /// Lines of the buffer that are written.
    written: AtomicU64,
    /// Lines after these that are in the current write, or written in part.
    uncertain: AtomicU64,
    /// The thread must not begin another line.
    is_abandoned: AtomicBool,
}

struct Worker {
    sink: Box<dyn LineSink>,
    progress: Arc<Progress>,
}

impl WriterThread {
    /// Starts the thread.
    pub(super) fn start(name: &str, sink: Box<dyn LineSink>) -> io::Result<Self> {
        let (requests, request_receiver) = mpsc::channel(1);
        let (result_sender, results) = mpsc::channel(1);
        let progress = Arc::new(Progress::default());
        let worker = Worker {
            sink,
            progress: Arc::clone(&progress),
        };
        thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || worker.run(request_receiver, &result_sender))?;
        Ok(Self {
            requests,
            results,
            progress,
            buffer_number: 0,
            submitted: LineCounts::default(),
        })
    }

    /// Submits the rest of a buffer for writing. [`Self::result`] returns the outcome.
    pub(super) async fn submit(&mut self, buffer: LineBuffer) -> io::Result<()> {
        self.buffer_number += 1;
        self.submitted = buffer_counts(&buffer);
        self.requests
            .send((self.buffer_number, buffer))
            .await
            .map_err(|_| thread_has_ended())
    }

    /// Waits for the outcome of writing the current buffer. A partial line at the end is removed
    /// from the output if possible. Cancel safe.
    pub(super) async fn result(&mut self) -> Written {
        self.results.recv().await.unwrap_or_else(|| Written {
            buffer: LineBuffer::default(),
            result: Err(thread_has_ended()),
            problem: None,
        })
    }

    /// Ends the thread, and waits until it has dropped its output.
    pub(super) async fn end(&mut self) {
        let (closed, _) = mpsc::channel(1);
        self.requests = closed;
        while self.results.recv().await.is_some() {}
    }

    /// Ends the current buffer, all of which is written.
    pub(super) fn finish_buffer(&mut self) {
        self.buffer_number += 1;
        self.submitted = LineCounts::default();
    }

    /// Returns the number of bytes that were written since the start.
    pub(super) fn bytes_written(&self) -> u64 {
        self.progress.bytes.load(Ordering::Acquire)
    }

    /// Tells the thread not to begin another line. Returns the lines of the current buffer.
    pub(super) fn abandon(&self) -> LineCounts {
        self.progress.is_abandoned.store(true, Ordering::SeqCst);
        if self.progress.buffer_number.load(Ordering::SeqCst) != self.buffer_number {
            // The thread has not begun the buffer.
            return self.submitted;
        }
        // In this order, a line that the thread finishes in between is counted at least once.
        let uncertain = self.progress.uncertain.load(Ordering::SeqCst);
        let written = self.progress.written.load(Ordering::SeqCst);
        LineCounts { written, uncertain }
    }
}

impl Drop for WriterThread {
    fn drop(&mut self) {
        self.abandon();
    }
}

impl Worker {
    fn run(
        mut self,
        mut requests: mpsc::Receiver<(u64, LineBuffer)>,
        results: &mpsc::Sender<Written>,
    ) {
        while let Some((number, mut buffer)) = requests.blocking_recv() {
            let counts = buffer_counts(&buffer);
            self.progress
                .written
                .store(counts.written, Ordering::SeqCst);
            self.set_uncertain(counts.uncertain);
            self.progress.buffer_number.store(number, Ordering::SeqCst);
            let result = self.write(&mut buffer);
            self.set_uncertain(0);
            let problem = self.sink.problem();
            let written = Written {
                buffer,
                result,
                problem,
            };
            if results.blocking_send(written).is_err() {
                return;
            }
        }
    }

    /// Writes a buffer, whole lines at a time.
    fn write(&mut self, buffer: &mut LineBuffer) -> io::Result<()> {
        self.sink.prepare(buffer.partial_line() == 0)?;
        while buffer.written < buffer.text.len() {
            let mut lines = whole_lines(buffer.rest(), self.sink.atomic_len());
            let mut line_count = count_lines(lines);
            self.set_uncertain(line_count);
            if self.progress.is_abandoned.load(Ordering::SeqCst) {
                if buffer.partial_line() == 0 {
                    return Err(ErrorKind::Interrupted.into());
                }
                lines = first_line(buffer.rest());
                line_count = count_lines(lines);
            }
            match self.sink.write(lines) {
                Ok(0) => return self.fail(buffer, ErrorKind::WriteZero.into()),
                Ok(n) if n == lines.len() => self.advance(buffer, n, line_count),
                Ok(n) => {
                    let line_count = count_lines(&lines[..n]);
                    self.advance(buffer, n, line_count);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    thread::sleep(WOULD_BLOCK_DELAY);
                }
                Err(error) => return self.fail(buffer, error),
            }
        }
        Ok(())
    }

    fn advance(&self, buffer: &mut LineBuffer, bytes: usize, lines: u64) {
        buffer.written += bytes;
        self.progress
            .bytes
            .fetch_add(bytes as u64, Ordering::AcqRel);
        self.progress.written.fetch_add(lines, Ordering::SeqCst);
        self.set_uncertain(u64::from(buffer.partial_line() > 0));
    }

    fn fail(&mut self, buffer: &mut LineBuffer, error: io::Error) -> io::Result<()> {
        let partial = buffer.partial_line();
        if partial > 0 && self.sink.remove_last(partial) {
            buffer.written -= partial;
        }
        Err(error)
    }

    fn set_uncertain(&self, lines: u64) {
        self.progress.uncertain.store(lines, Ordering::SeqCst);
    }
}

fn buffer_counts(buffer: &LineBuffer) -> LineCounts {
    LineCounts {
        written: buffer.written_lines(),
        uncertain: u64::from(buffer.partial_line() > 0),
    }
}

fn thread_has_ended() -> io::Error {
    io::Error::other("the writer thread has ended")
}
