//! Lines on their way to standard error. A line is left in a bounded queue, from which a thread of
//! its own writes, so that a reader of standard error that is stuck stops nothing but the log.
//!
//! `tracing-appender` does the same with a bound in lines alone, waits for a stuck reader only as
//! long as for a slow one at the end, and brings a calendar library.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Bytes that wait at most.
const BOUND: usize = 1 << 20;
/// How long to leave a standard error alone that does not wait by itself and is full.
const PAUSE: Duration = Duration::from_millis(5);

/// How long to wait for a reader.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// While it reads nothing.
    pub(super) without_progress: Duration,
    pub(super) in_all: Duration,
}

/// The queue.
#[derive(Debug)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    /// Something has changed.
    changed: Condvar,
    dropped: AtomicU64,
    bound: usize,
}

#[derive(Debug, Default)]
struct Waiting {
    texts: VecDeque<Vec<u8>>,
    /// Of those, and of what is being written.
    bytes: usize,
    /// Bytes that were written so far, by which one that waits sees that it goes on.
    written: u64,
}

impl Queue {
    pub(super) const fn new() -> Self {
        let waiting = Waiting {
            texts: VecDeque::new(),
            bytes: 0,
            written: 0,
        };
        Self {
            waiting: Mutex::new(waiting),
            changed: Condvar::new(),
            dropped: AtomicU64::new(0),
            bound: BOUND,
        }
    }

    /// Leaves a line, or counts it as dropped if the queue is full.
    pub(super) fn push(&self, line: Vec<u8>) {
        let mut waiting = self.lock();
        if waiting.bytes.saturating_add(line.len()) > self.bound {
            drop(waiting);
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        waiting.bytes += line.len();
        waiting.texts.push_back(line);
        drop(waiting);
        self.changed.notify_all();
    }

    /// Leaves a text that matters more than lines: it waits for room as [`Self::flush`] waits.
    pub(super) fn push_patiently(&self, text: Vec<u8>, patience: Patience) {
        let is_full = |waiting: &Waiting| {
            waiting.bytes > 0 && waiting.bytes.saturating_add(text.len()) > self.bound
        };
        self.wait_while(patience, is_full);
        let mut waiting = self.lock();
        if is_full(&waiting) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        waiting.bytes += text.len();
        waiting.texts.push_back(text);
        drop(waiting);
        self.changed.notify_all();
    }

    /// Waits until all is written, unless that takes too long.
    pub(super) fn flush(&self, patience: Patience) {
        self.wait_while(patience, |waiting| waiting.bytes > 0);
    }

    /// Lines that were dropped.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Writes what comes, for ever. `lost` makes the line that says how many lines are missing.
    pub(super) fn write_to(&self, mut out: impl Write, lost: impl Fn(u64) -> Vec<u8>) {
        let mut reported = 0;
        loop {
            let text = self.next();
            self.write(&mut out, &text);
            let dropped = self.dropped();
            if dropped > reported {
                write_all(&mut out, &lost(dropped - reported), |_| {});
                reported = dropped;
            }
        }
    }

    fn write(&self, out: &mut impl Write, text: &[u8]) {
        let mut left = text.len();
        write_all(out, text, |bytes| {
            left -= bytes;
            self.wrote(bytes);
        });
        // What cannot be written is not waited for.
        self.wrote(left);
    }

    fn wrote(&self, bytes: usize) {
        let mut waiting = self.lock();
        waiting.bytes -= bytes;
        waiting.written += bytes as u64;
        drop(waiting);
        self.changed.notify_all();
    }

    fn next(&self) -> Vec<u8> {
        let mut waiting = self.lock();
        loop {
            if let Some(text) = waiting.texts.pop_front() {
                return text;
            }
            waiting = self
                .changed
                .wait(waiting)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn wait_while(&self, patience: Patience, is_so: impl Fn(&Waiting) -> bool) {
        let end = Instant::now() + patience.in_all;
        let mut waiting = self.lock();
        while is_so(&waiting) {
            let written = waiting.written;
            let goes_on = |waiting: &mut Waiting| waiting.written == written && is_so(waiting);
            let left = end
                .saturating_duration_since(Instant::now())
                .min(patience.without_progress);
            let waited = self.changed.wait_timeout_while(waiting, left, goes_on);
            let (now, result) = waited.unwrap_or_else(PoisonError::into_inner);
            if result.timed_out() {
                return;
            }
            waiting = now;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes a text, and reports each part of it. A standard error that is non-blocking is tried
/// again.
fn write_all(out: &mut impl Write, mut text: &[u8], mut wrote: impl FnMut(usize)) {
    while !text.is_empty() {
        match out.write(text) {
            Ok(0) => return,
            Ok(bytes) => {
                wrote(bytes);
                text = &text[bytes..];
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::sleep(PAUSE),
            // There is no other place to say so.
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

    use super::{Patience, Queue};

    const LONG: Patience = Patience {
        without_progress: Duration::from_secs(60),
        in_all: Duration::from_secs(60),
    };
    const SHORT: Patience = Patience {
        without_progress: Duration::from_millis(1),
        ..LONG
    };

    /// Writes when it is let.
    struct Gate(Receiver<()>, Sender<Vec<u8>>);

    impl Write for Gate {
        fn write(&mut self, text: &[u8]) -> io::Result<usize> {
            self.0.recv().map_err(io::Error::other)?;
            self.1.send(text.to_vec()).map_err(io::Error::other)?;
            Ok(text.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn start(queue: Queue) -> (Arc<Queue>, Sender<()>, Receiver<Vec<u8>>) {
        let queue = Arc::new(queue);
        let (open, opened) = channel();
        let (out, written) = channel();
        let writer = Arc::clone(&queue);
        std::thread::spawn(move || {
            writer.write_to(Gate(opened, out), |lines| {
                format!("{lines} missing\n").into_bytes()
            });
        });
        (queue, open, written)
    }

    #[test]
    fn a_reader_that_is_stuck_costs_lines_and_they_are_counted() {
        let (queue, open, written) = start(Queue {
            bound: 6,
            ..Queue::new()
        });
        for line in ["one\n", "2\n", "three\n", "four\n"] {
            queue.push(line.into());
        }
        assert_eq!(queue.dropped(), 2);
        queue.flush(SHORT);
        for _ in 0..3 {
            open.send(()).unwrap();
        }
        let texts: Vec<_> = (0..3)
            .map(|_| String::from_utf8(written.recv().unwrap()).unwrap())
            .collect();
        assert_eq!(texts, ["one\n", "2 missing\n", "2\n"]);
        queue.flush(LONG);
        assert_eq!(queue.dropped(), 2);
    }

    #[test]
    fn what_matters_waits_for_room_and_is_written_even_if_it_is_long() {
        let (queue, open, written) = start(Queue {
            bound: 6,
            ..Queue::new()
        });
        queue.push(b"12345\n".to_vec());
        let late = Arc::clone(&queue);
        let pushed =
            std::thread::spawn(move || late.push_patiently(b"the whole ledger\n".to_vec(), LONG));
        open.send(()).unwrap();
        pushed.join().unwrap();
        open.send(()).unwrap();
        queue.flush(LONG);
        assert_eq!(written.recv().unwrap(), b"12345\n");
        assert_eq!(written.recv().unwrap(), b"the whole ledger\n");
        assert_eq!(queue.dropped(), 0);
    }

    #[test]
    fn what_cannot_be_written_is_not_waited_for() {
        let queue = Arc::new(Queue::new());
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let thread = Arc::clone(&queue);
        std::thread::spawn(move || thread.write_to(writer, |_| Vec::new()));
        queue.push(b"line\n".to_vec());
        queue.flush(LONG);
    }

    #[test]
    fn a_pipe_gets_all_in_order() {
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
