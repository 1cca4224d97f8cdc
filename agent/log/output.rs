//! Standard error of the process.

use std::io::{self, Write as _};
use std::panic::{self, PanicHookInfo};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::{Map, Value};
use tracing::Level;

use super::json_line::json_line;
use super::queue::{Queue, WaitLimit};
use crate::config::LogFormat;

/// The output that the whole process shares.
pub(super) static OUTPUT: Output = Output {
    queue: Queue::new(),
    is_json: AtomicBool::new(false),
    has_writer: AtomicBool::new(false),
    start: Once::new(),
};

/// How long errors, and the end of the process, wait for the reader of standard error.
const WAIT_LIMIT: WaitLimit = WaitLimit {
    idle: Duration::from_secs(1),
    total: Duration::from_secs(5),
};
/// The target of lines that are not log events.
const TARGET: &str = "tidegate";

/// Lines on their way to standard error, and their format.
pub(super) struct Output {
    queue: Queue,
    is_json: AtomicBool,
    /// Whether a thread writes the queue.
    has_writer: AtomicBool,
    start: Once,
}

impl Output {
    /// Starts the thread that writes, and logs panics from now on.
    pub(super) fn start(&'static self, format: LogFormat) {
        self.set_format(format);
        self.start.call_once(|| {
            let thread = thread::Builder::new().name("log".to_owned());
            let spawned = thread.spawn(|| {
                self.queue
                    .write_to(io::stderr(), |lines| self.dropped_notice(lines))
            });
            self.has_writer.store(spawned.is_ok(), Ordering::Relaxed);
            let default = panic::take_hook();
            panic::set_hook(Box::new(move |info| match self.is_json() {
                true => self.print_panic(info),
                false => default(info),
            }));
        });
    }

    pub(super) fn set_format(&self, format: LogFormat) {
        self.is_json
            .store(format == LogFormat::Json, Ordering::Relaxed);
    }

    pub(super) fn is_json(&self) -> bool {
        self.is_json.load(Ordering::Relaxed)
    }

    /// Queues the line of a log event; drops and counts it if the queue is full.
    pub(super) fn push(&self, line: Vec<u8>) {
        self.queue.push(line);
    }

    /// Prints a text that is not a log event; `fields` are for JSON. Waits for room in the queue.
    pub(super) fn print(&self, level: Level, text: &str, fields: Map<String, Value>) {
        let line = self.line(level, text, fields);
        if self.has_writer.load(Ordering::Relaxed) {
            self.queue.push_or_wait(line, WAIT_LIMIT);
        } else {
            // An error cannot be reported anywhere else.
            let _ = io::stderr().write_all(&line);
        }
    }

    /// Waits until the queue is written, for a bounded time.
    pub(super) fn flush(&self) {
        if self.has_writer.load(Ordering::Relaxed) {
            self.queue.flush(WAIT_LIMIT);
        }
    }

    /// Number of lines that were dropped because the queue was full.
    pub(super) fn dropped_lines(&self) -> u64 {
        self.queue.dropped()
    }

    fn line(&self, level: Level, text: &str, fields: Map<String, Value>) -> Vec<u8> {
        match self.is_json() {
            true => json_line(level, TARGET, text, fields),
            false => format!("{text}\n").into_bytes(),
        }
    }

    /// The line that replaces dropped ones.
    fn dropped_notice(&self, lines: u64) -> Vec<u8> {
        let text =
            format!("{lines} lines of the log are missing here: standard error was not read");
        let fields = Map::from_iter([("lines".to_owned(), lines.into())]);
        self.line(Level::WARN, &text, fields)
    }

    fn print_panic(&self, info: &PanicHookInfo<'_>) {
        let payload = info.payload();
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        let message = text.unwrap_or("a payload without a text");
        let mut fields = Map::new();
        if let Some(location) = info.location() {
            fields.insert("location".to_owned(), location.to_string().into());
        }
        let thread = thread::current().name().unwrap_or_default().to_owned();
        fields.insert("thread".to_owned(), thread.into());
        self.print(Level::ERROR, &format!("panicked: {message}"), fields);
    }
}
