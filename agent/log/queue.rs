//! A bounded queue of lines for standard error. A thread of its own writes them, so that a reader
//! that stalls blocks nothing but the log.
//!
//! `tracing-appender` has such a thread, too. Its bound is in lines, not bytes; at the end it waits
//! for a slow reader no longer than for one that has stalled; and it depends on a calendar library.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Bytes that are queued at most.
const CAPACITY: usize = 1 << 20;
/// Time between two attempts to write to a non-blocking standard error that is full.
const RETRY_INTERVAL: Duration = Duration::from_millis(5);

/// How long to wait for the reader of standard error.
#[derive(Clone, Copy, Debug)]
pub(super) struct WaitLimit {
    /// While it reads nothing.
    pub(super) idle: Duration,
    /// In total.
    pub(super) total: Duration,
}

/// The queue.
#[derive(Debug)]
pub(super) struct Queue {
    lines: Mutex<Lines>,
    /// Notified of every change of `lines`.
    changed: Condvar,
    dropped: AtomicU64,
    capacity: usize,
}

#[derive(Debug, Default)]
struct Lines {
    queued: VecDeque<Vec<u8>>,
    /// Bytes of the queued lines and of the rest of the one that is being written.
    bytes: usize,
    /// Bytes written since the start, which shows a waiting thread that the reader makes progress.
    written: u64,
}

impl Queue {
    pub(super) const fn new() -> Self {
        let lines = Lines {
            queued: VecDeque::new(),
            bytes: 0,
            written: 0,
        };
        Self {
            lines: Mutex::new(lines),
            changed: Condvar::new(),
            dropped: AtomicU64::new(0),
            capacity: CAPACITY,
        }
    }

    /// Queues a line; drops and counts it if the queue is full.
    pub(super) fn push(&self, line: Vec<u8>) {
        let mut lines = self.lock();
        if lines.bytes.saturating_add(line.len()) > self.capacity {
            drop(lines);
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        lines.bytes += line.len();
        lines.queued.push_back(line);
        drop(lines);
        self.changed.notify_all();
    }

    /// Queues a text, which may be larger than the queue. Waits for room, and drops and counts the
    /// text at the limit.
    pub(super) fn push_or_wait(&self, text: Vec<u8>, limit: WaitLimit) {
        let is_full = |lines: &Lines| {
            lines.bytes > 0 && lines.bytes.saturating_add(text.len()) > self.capacity
        };
        self.wait_while(limit, is_full);
        let mut lines = self.lock();
        if is_full(&lines) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        lines.bytes += text.len();
        lines.queued.push_back(text);
        drop(lines);
        self.changed.notify_all();
    }

    /// Waits until everything is written, or until the limit.
    pub(super) fn flush(&self, limit: WaitLimit) {
        self.wait_while(limit, |lines| lines.bytes > 0);
    }

    /// Number of dropped lines.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Writes the queue to `out`, forever. `dropped_notice` makes the line that replaces a number
    /// of dropped lines.
    pub(super) fn write_to(&self, mut out: impl Write, dropped_notice: impl Fn(u64) -> Vec<u8>) {
        let mut reported = 0;
        loop {
            let text = self.next();
            self.write(&mut out, &text);
            let dropped = self.dropped();
            if dropped > reported {
                write_all(&mut out, &dropped_notice(dropped - reported), |_| {});
                reported = dropped;
            }
        }
    }

    fn write(&self, out: &mut impl Write, text: &[u8]) {
        let mut left = text.len();
        write_all(out, text, |bytes| {
            left -= bytes;
            self.add_written(bytes);
        });
        // After an error, the rest counts as written: nothing may wait for it.
        self.add_written(left);
    }

    fn add_written(&self, bytes: usize) {
        let mut lines = self.lock();
        lines.bytes -= bytes;
        lines.written += bytes as u64;
        drop(lines);
        self.changed.notify_all();
    }

    /// Waits for a line and takes it from the queue.
    fn next(&self) -> Vec<u8> {
        let mut lines = self.lock();
        loop {
            if let Some(line) = lines.queued.pop_front() {
                return line;
            }
            lines = self
                .changed
                .wait(lines)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn wait_while(&self, limit: WaitLimit, condition: impl Fn(&Lines) -> bool) {
        let deadline = Instant::now() + limit.total;
        let mut lines = self.lock();
        while condition(&lines) {
            let written = lines.written;
            let timeout = deadline
                .saturating_duration_since(Instant::now())
                .min(limit.idle);
            let is_idle = |lines: &mut Lines| lines.written == written && condition(lines);
            let waited = self.changed.wait_timeout_while(lines, timeout, is_idle);
            let (guard, result) = waited.unwrap_or_else(PoisonError::into_inner);
            if result.timed_out() {
                return;
            }
            lines = guard;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes a text, and passes the length of each part that was written to `on_write`. Retries while
/// a non-blocking `out` is full; gives up at any other error.
fn write_all(out: &mut impl Write, mut text: &[u8], mut on_write: impl FnMut(usize)) {
    while !text.is_empty() {
        match out.write(text) {
            Ok(0) => return,
            Ok(bytes) => {
                on_write(bytes);
                text = &text[bytes..];
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                thread::sleep(RETRY_INTERVAL);
            }
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Read as _, Write};
    use std::sync::Arc;
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::time::Duration;

    use super::{Queue, WaitLimit};

    const LONG: WaitLimit = WaitLimit {
        idle: Duration::from_secs(60),
        total: Duration::from_secs(60),
    };
    const SHORT: WaitLimit = WaitLimit {
        idle: Duration::from_millis(1),
        ..LONG
    };

    /// A writer that performs a write for each message of a channel.
    struct StepWriter {
        steps: Receiver<()>,
        written: Sender<Vec<u8>>,
    }

    impl Write for StepWriter {
        fn write(&mut self, text: &[u8]) -> io::Result<usize> {
            self.steps.recv().map_err(io::Error::other)?;
            self.written.send(text.to_vec()).map_err(io::Error::other)?;
            Ok(text.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn start(queue: Queue) -> (Arc<Queue>, Sender<()>, Receiver<Vec<u8>>) {
        let queue = Arc::new(queue);
        let (step, steps) = channel();
        let (written, output) = channel();
        let thread = Arc::clone(&queue);
        std::thread::spawn(move || {
            thread.write_to(StepWriter { steps, written }, |lines| {
                format!("{lines} missing\n").into_bytes()
            });
        });
        (queue, step, output)
    }

    #[test]
    fn lines_that_exceed_the_capacity_are_dropped_and_counted() {
        let (queue, step, output) = start(Queue {
            capacity: 6,
            ..Queue::new()
        });
        for line in ["one\n", "2\n", "three\n", "four\n"] {
            queue.push(line.into());
        }
        assert_eq!(queue.dropped(), 2);
        queue.flush(SHORT);
        for _ in 0..3 {
            step.send(()).unwrap();
        }
        let texts: Vec<_> = (0..3)
            .map(|_| String::from_utf8(output.recv().unwrap()).unwrap())
            .collect();
        assert_eq!(texts, ["one\n", "2 missing\n", "2\n"]);
        queue.flush(LONG);
        assert_eq!(queue.dropped(), 2);
    }

    #[test]
    fn push_or_wait_waits_for_room_and_accepts_a_text_larger_than_the_capacity() {
        let (queue, step, output) = start(Queue {
            capacity: 6,
            ..Queue::new()
        });
        queue.push(b"12345\n".to_vec());
        let pusher = Arc::clone(&queue);
        let pushed =
            std::thread::spawn(move || pusher.push_or_wait(b"the whole ledger\n".to_vec(), LONG));
        step.send(()).unwrap();
        pushed.join().unwrap();
        step.send(()).unwrap();
        queue.flush(LONG);
        assert_eq!(output.recv().unwrap(), b"12345\n");
        assert_eq!(output.recv().unwrap(), b"the whole ledger\n");
        assert_eq!(queue.dropped(), 0);
    }

    #[test]
    fn flush_does_not_wait_for_a_closed_output() {
        let queue = Arc::new(Queue::new());
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let thread = Arc::clone(&queue);
        std::thread::spawn(move || thread.write_to(writer, |_| Vec::new()));
        queue.push(b"line\n".to_vec());
        queue.flush(LONG);
    }

    #[test]
    fn lines_are_written_in_order() {
        let queue = Arc::new(Queue::new());
        let (mut reader, writer) = io::pipe().unwrap();
        let thread = Arc::clone(&queue);
        std::thread::spawn(move || thread.write_to(writer, |_| Vec::new()));
        let expected: String = (0..100).map(|number| format!("{number}\n")).collect();
        expected
            .lines()
            .for_each(|line| queue.push(format!("{line}\n").into_bytes()));
        let mut text = vec![0; expected.len()];
        reader.read_exact(&mut text).unwrap();
        assert_eq!(String::from_utf8(text).unwrap(), expected);
    }
}
