//! The log: one line for each change of state, on standard error.
//!
//! In the format `json`, everything on standard error is one object a line: log events, errors,
//! panics and the ledger at the end. Lines go through a [queue], so that no thread waits for the
//! reader.

mod json;
mod queue;

use std::io::{self, Write};
use std::panic::{self, PanicHookInfo};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};
use tracing::Level;
use tracing_subscriber::layer::{Layer, Layered, SubscriberExt as _};
use tracing_subscriber::{EnvFilter, Registry, fmt, registry, reload};

use crate::config::{BadDirective, Directives, LogFormat, process_environment};
use crate::os::terminal;
use queue::{Patience, Queue};

/// Overrides what the configuration says is logged,
const FILTER_VARIABLE: &str = "RUST_LOG";
/// and how.
const FORMAT_VARIABLE: &str = "TIDEGATE_LOG_FORMAT";
/// How long a reader of standard error may take for what matters most.
const PATIENCE: Patience = Patience {
    without_progress: Duration::from_secs(1),
    in_all: Duration::from_secs(5),
};
/// The target of what is no event.
const TARGET: &str = "tidegate";

/// Standard error, as the whole process writes to it.
static OUTPUT: Output = Output {
    queue: Queue::new(),
    is_json: AtomicBool::new(false),
    has_writer: AtomicBool::new(false),
    start: Once::new(),
};

struct Output {
    queue: Queue,
    is_json: AtomicBool,
    /// Whether a thread empties the queue.
    has_writer: AtomicBool,
    start: Once,
}

type Filter = reload::Layer<EnvFilter, Registry>;
type Form = Box<dyn Layer<Layered<Filter, Registry>> + Send + Sync>;

/// Changes what is logged, and how.
pub(crate) struct LogControl {
    filter: reload::Handle<EnvFilter, Registry>,
    form: reload::Handle<Form, Layered<Filter, Registry>>,
    has_times: bool,
}

impl LogControl {
    /// Logs what `directives` say from now on, in that format, unless the environment says
    /// otherwise.
    pub(crate) fn set(&self, directives: &Directives, format: LogFormat) {
        let chosen = Chosen::new(directives, format);
        OUTPUT
            .is_json
            .store(chosen.format == LogFormat::Json, Ordering::Relaxed);
        // They fail only if there is no subscriber any more.
        let _ = self.filter.reload(chosen.directives.filter());
        let _ = self.form.reload(form(chosen.format, self.has_times));
        chosen.warn();
    }
}

/// Logs from now on; what `directives` say, in that format, unless the environment says otherwise.
pub(crate) fn start(directives: &Directives, format: LogFormat) -> LogControl {
    // Under systemd the journal has the times already.
    start_as(
        directives,
        format,
        std::env::var_os("JOURNAL_STREAM").is_none(),
    )
}

fn start_as(directives: &Directives, format: LogFormat, has_times: bool) -> LogControl {
    let chosen = Chosen::new(directives, format);
    OUTPUT.start(chosen.format);
    let (filter, filter_handle) = reload::Layer::new(chosen.directives.filter());
    let (form, form_handle) = reload::Layer::new(form(chosen.format, has_times));
    // An embedding test may have set a subscriber already; its own is as good.
    let _ = tracing::subscriber::set_global_default(registry().with(filter).with(form));
    chosen.warn();
    LogControl {
        filter: filter_handle,
        form: form_handle,
        has_times,
    }
}

/// Logs the warnings of a verb that ends at once.
pub(crate) fn start_warnings() {
    let warnings = Directives::parse("warn").unwrap_or_default();
    start_as(&warnings, LogFormat::Text, false);
}

/// Logs as the verbs do that have no configuration.
pub(crate) fn start_default() -> LogControl {
    start(&Directives::default(), LogFormat::Text)
}

/// Until the configuration has been read, the environment alone says how to write.
pub(crate) fn begin() {
    if format_of_environment() == Ok(Some(LogFormat::Json)) {
        OUTPUT.is_json.store(true, Ordering::Relaxed);
    }
}

/// Writes a text that is no event, whatever is logged: an error, or what a verb has to say.
pub(crate) fn say(level: Level, text: &str) {
    OUTPUT.say(level, text, Map::new());
}

/// Writes a text for people; in JSON, `message` with `value` as the field `key` in its place.
pub(crate) fn say_value(text: &str, message: &str, key: &str, value: &impl Serialize) {
    match OUTPUT.is_json() {
        true => {
            let value = serde_json::to_value(value).unwrap_or_default();
            OUTPUT.say(
                Level::INFO,
                message,
                [(key.to_owned(), value)].into_iter().collect(),
            );
        }
        false => OUTPUT.say(Level::INFO, text, Map::new()),
    }
}

/// Whether standard error is JSON.
pub(crate) fn is_json() -> bool {
    OUTPUT.is_json()
}

/// Waits until all is written, for a bounded time if standard error is not read.
pub(crate) fn finish() {
    if OUTPUT.has_writer.load(Ordering::Relaxed) {
        OUTPUT.queue.flush(PATIENCE);
    }
}

/// Lines that were lost because standard error was not read.
pub(crate) fn dropped_lines() -> u64 {
    OUTPUT.queue.dropped()
}

impl Output {
    fn is_json(&self) -> bool {
        self.is_json.load(Ordering::Relaxed)
    }

    fn start(&'static self, format: LogFormat) {
        self.is_json
            .store(format == LogFormat::Json, Ordering::Relaxed);
        self.start.call_once(|| {
            let writer = thread::Builder::new().name("log".to_owned());
            let spawned = writer.spawn(|| {
                self.queue
                    .write_to(io::stderr(), |lines| self.missing(lines))
            });
            self.has_writer.store(spawned.is_ok(), Ordering::Relaxed);
            let default = panic::take_hook();
            panic::set_hook(Box::new(move |panic| match self.is_json() {
                true => self.panicked(panic),
                false => default(panic),
            }));
        });
    }

    fn say(&self, level: Level, text: &str, fields: Map<String, Value>) {
        let line = match self.is_json() {
            true => json::line(level, TARGET, text, fields),
            false => format!("{text}\n").into_bytes(),
        };
        match self.has_writer.load(Ordering::Relaxed) {
            true => self.queue.push_patiently(line, PATIENCE),
            // There is no other place to say it.
            false => _ = io::stderr().write_all(&line),
        }
    }

    /// The line that stands for lines that are missing.
    fn missing(&self, lines: u64) -> Vec<u8> {
        let text =
            format!("{lines} lines of the log are missing here: standard error was not read");
        match self.is_json() {
            true => json::line(
                Level::WARN,
                TARGET,
                &text,
                [("lines".to_owned(), lines.into())].into_iter().collect(),
            ),
            false => format!("{text}\n").into_bytes(),
        }
    }

    fn panicked(&self, panic: &PanicHookInfo<'_>) {
        let payload = panic.payload();
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        let message = text.unwrap_or("a value that is no text");
        let mut fields = Map::new();
        if let Some(location) = panic.location() {
            fields.insert("location".to_owned(), location.to_string().into());
        }
        fields.insert(
            "thread".to_owned(),
            thread::current().name().unwrap_or_default().into(),
        );
        self.say(Level::ERROR, &format!("panicked: {message}"), fields);
    }
}

/// What is logged and how: what the environment says, else the configuration.
struct Chosen {
    directives: Directives,
    format: LogFormat,
    bad_filter: Option<BadDirective>,
    bad_format: Option<String>,
}

impl Chosen {
    fn new(configured: &Directives, format: LogFormat) -> Self {
        let given =
            std::env::var_os(FILTER_VARIABLE).map(|text| text.to_string_lossy().into_owned());
        let given = given.filter(|text| !text.trim().is_empty());
        let parsed = given.map(|text| Directives::parse(&text)).transpose();
        let (directives, bad_filter) = match parsed {
            Ok(given) => (given.unwrap_or_else(|| configured.clone()), None),
            Err(bad) => (configured.clone(), Some(bad)),
        };
        let (format, bad_format) = match format_of_environment() {
            Ok(given) => (given.unwrap_or(format), None),
            Err(bad) => (format, Some(bad)),
        };
        Self {
            directives,
            format,
            bad_filter,
            bad_format,
        }
    }

    /// Says which variables could not be used.
    fn warn(&self) {
        if let Some(bad) = &self.bad_filter {
            tracing::warn!(error = %bad, used = self.directives.as_str(), "{FILTER_VARIABLE} cannot be used");
        }
        if let Some(bad) = &self.bad_format {
            tracing::warn!(
                value = bad,
                "{FORMAT_VARIABLE} cannot be used; it is `text` or `json`"
            );
        }
    }
}

/// The format of the environment; an error is a value that is none.
fn format_of_environment() -> Result<Option<LogFormat>, String> {
    match process_environment(FORMAT_VARIABLE).filter(|text| !text.is_empty()) {
        Some(text) => LogFormat::named(&text.to_lowercase()).map(Some).ok_or(text),
        None => Ok(None),
    }
}

/// How events are written; lines for people with the time or without.
fn form(format: LogFormat, has_times: bool) -> Form {
    if format == LogFormat::Json {
        return Box::new(json::Json);
    }
    let lines = fmt::layer()
        .with_writer(|| Line)
        .with_ansi(terminal::colour(&io::stderr()))
        .with_target(false);
    match has_times {
        true => Box::new(lines),
        false => Box::new(lines.without_time()),
    }
}

/// Takes a line for the queue. It comes in one piece.
struct Line;

impl Write for Line {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        OUTPUT.queue.push(line.to_vec());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
