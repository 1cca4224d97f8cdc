//! A thread that writes. Standard output can block for as long as its reader likes, which must hold
//! up neither the other stages nor the end of the process: a runtime waits for its blocking tasks,
//! and not for a thread.

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use tokio::sync::mpsc;

use super::sink::Sink;

/// How long to wait for an output that another process has made non-blocking.
const RETRY: Duration = Duration::from_millis(2);

/// Lines to be written.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) text: String,
    /// Bytes of it that are written.
    pub(super) written: usize,
}

impl Page {
    /// Lines that are written.
    pub(super) fn lines(&self) -> u64 {
        lines(&self.text.as_bytes()[..self.written])
    }

    /// Bytes of the line that was begun and is not whole.
    pub(super) fn half_line(&self) -> usize {
        let written = &self.text.as_bytes()[..self.written];
        written
            .iter()
            .rev()
            .take_while(|byte| **byte != b'\n')
            .count()
    }
}

fn lines(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|byte| **byte == b'\n').count() as u64
}

/// How far the thread is with its page. What the thread attempts and whether it is abandoned are
/// read and written in one order by both sides: either the thread sees that it is abandoned before
/// a write, or the other side sees the attempt.
#[derive(Debug, Default)]
struct Progress {
    /// The number of the page.
    page: AtomicU64,
    /// Bytes since the start.
    bytes: AtomicU64,
    /// Lines of the page that are written.
    lines: AtomicU64,
    /// Lines behind them that are in the write at hand, or of which a part is written.
    attempted: AtomicU64,
    /// The near end is gone, and the thread ends with the line at hand.
    is_abandoned: AtomicBool,
}

/// The near end of the thread, which ends when this is dropped.
pub(super) struct Output {
    work: mpsc::Sender<(u64, Page)>,
    done: mpsc::Receiver<(Page, io::Result<()>)>,
    progress: Arc<Progress>,
    /// The number of the page at hand, and its lines as they were handed over: those that were
    /// written, and those of which a part was.
    page: u64,
    handed: (u64, u64),
}

impl Output {
    /// Starts the thread.
    pub(super) fn start(sink: Box<dyn Sink>) -> io::Result<Self> {
        let (work, todo) = mpsc::channel(1);
        let (report, done) = mpsc::channel(1);
        let progress = Arc::new(Progress::default());
        let writer = Writer {
            sink,
            progress: Arc::clone(&progress),
        };
        thread::Builder::new()
            .name("stdout".to_owned())
            .spawn(move || writer.work_off(todo, &report))?;
        Ok(Self {
            work,
            done,
            progress,
            page: 0,
            handed: (0, 0),
        })
    }

    /// Has a page written from where its writing stopped. [`Self::done`] tells when it has come to
    /// an end.
    pub(super) async fn write(&mut self, page: Page) -> io::Result<()> {
        self.page += 1;
        self.handed = (page.lines(), u64::from(page.half_line() > 0));
        self.work.send((self.page, page)).await.map_err(|_| gone())
    }

    /// The page at hand is written. Nothing of the next one is.
    pub(super) fn finished(&mut self) {
        self.page += 1;
        self.handed = (0, 0);
    }

    /// The page, and whether all of it was written. Half a line is taken back where that can be
    /// done. Safe to cancel.
    pub(super) async fn done(&mut self) -> (Page, io::Result<()>) {
        self.done
            .recv()
            .await
            .unwrap_or_else(|| (Page::default(), Err(gone())))
    }

    /// Bytes that were written since the start.
    pub(super) fn bytes(&self) -> u64 {
        self.progress.bytes.load(Ordering::Acquire)
    }

    /// Has the thread begin no further line. Yields the lines of the page at hand that were
    /// written, and lines behind them that may be.
    pub(super) fn abandon(&self) -> (u64, u64) {
        self.progress.is_abandoned.store(true, Ordering::SeqCst);
        if self.progress.page.load(Ordering::SeqCst) != self.page {
            // The thread has not begun it.
            return self.handed;
        }
        let attempted = self.progress.attempted.load(Ordering::SeqCst);
        (self.progress.lines.load(Ordering::SeqCst), attempted)
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        self.abandon();
    }
}

fn gone() -> io::Error {
    io::Error::other("the thread that writes has ended")
}

struct Writer {
    sink: Box<dyn Sink>,
    progress: Arc<Progress>,
}

impl Writer {
    fn work_off(
        mut self,
        mut todo: mpsc::Receiver<(u64, Page)>,
        report: &mpsc::Sender<(Page, io::Result<()>)>,
    ) {
        while let Some((number, mut page)) = todo.blocking_recv() {
            self.progress.lines.store(page.lines(), Ordering::SeqCst);
            self.progress
                .attempted
                .store(u64::from(page.half_line() > 0), Ordering::SeqCst);
            self.progress.page.store(number, Ordering::SeqCst);
            let result = self.write(&mut page);
            self.progress.attempted.store(0, Ordering::SeqCst);
            if report.blocking_send((page, result)).is_err() {
                return;
            }
        }
    }

    /// Writes whole lines at a time.
    fn write(&mut self, page: &mut Page) -> io::Result<()> {
        while page.written < page.text.len() {
            let rest = &page.text.as_bytes()[page.written..];
            let mut piece = piece(rest, self.sink.room());
            let mut count = lines(piece);
            self.progress.attempted.store(count, Ordering::SeqCst);
            if self.progress.is_abandoned.load(Ordering::SeqCst) {
                if page.half_line() == 0 {
                    return Err(ErrorKind::Interrupted.into());
                }
                piece = first_line(rest);
                count = lines(piece);
            }
            match self.sink.write(piece) {
                Ok(0) => return self.fail(page, ErrorKind::WriteZero.into()),
                Ok(n) => {
                    page.written += n;
                    self.progress.bytes.fetch_add(n as u64, Ordering::AcqRel);
                    let written = if n == piece.len() {
                        count
                    } else {
                        lines(&piece[..n])
                    };
                    self.progress.lines.fetch_add(written, Ordering::SeqCst);
                    self.progress
                        .attempted
                        .store(u64::from(page.half_line() > 0), Ordering::SeqCst);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(RETRY),
                Err(error) => return self.fail(page, error),
            }
        }
        Ok(())
    }

    fn fail(&mut self, page: &mut Page, error: io::Error) -> io::Result<()> {
        let half = page.half_line();
        if half > 0 && self.sink.take_back(half) {
            page.written -= half;
        }
        Err(error)
    }
}

/// The first line, or all if it has no end.
fn first_line(rest: &[u8]) -> &[u8] {
    let end = rest.iter().position(|byte| *byte == b'\n');
    &rest[..end.map_or(rest.len(), |end| end + 1)]
}

/// As many whole lines as there is room for, and one at least.
fn piece(rest: &[u8], room: usize) -> &[u8] {
    if rest.len() <= room {
        return rest;
    }
    let is_end = |byte: &u8| *byte == b'\n';
    let last = rest[..room]
        .iter()
        .rposition(is_end)
        .or_else(|| rest.iter().position(is_end));
    &rest[..last.map_or(rest.len(), |last| last + 1)]
}

#[cfg(test)]
mod tests {
    use super::{Page, piece};

    #[test]
    fn a_piece_is_as_many_whole_lines_as_there_is_room_for_and_one_at_least() {
        let cases = [
            ("aa\nbb\ncc\n", 9, 9),
            ("aa\nbb\ncc\n", 8, 6),
            ("aa\nbb\ncc\n", 3, 3),
            ("aa\nbb\n", 2, 3),
            ("aa", 1, 2),
        ];
        for (text, room, expected) in cases {
            assert_eq!(
                piece(text.as_bytes(), room).len(),
                expected,
                "{text:?} {room}"
            );
        }
    }

    #[test]
    fn lines_that_are_written_and_half_a_line_are_told_apart() {
        for (written, lines, half) in [(0, 0, 0), (1, 0, 1), (3, 1, 0), (5, 1, 2), (6, 2, 0)] {
            let page = Page {
                text: "aa\nbb\n".to_owned(),
                written,
            };
            assert_eq!((page.lines(), page.half_line()), (lines, half), "{written}");
        }
    }
}
