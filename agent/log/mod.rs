//! The agent's log, on standard error.
//!
//! With the format `json`, every line on standard error is one object: log events, errors, panics
//! and the final ledger. Lines go through a bounded [queue], so that a reader that stalls never
//! blocks a thread of the agent.

mod json_layer;
mod json_line;
mod output;
mod own_layers;
mod queue;
mod settings;
mod text_fields;

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Map;
use tracing::level_filters::LevelFilter;
use tracing::{Level, Metadata};
use tracing_subscriber::filter::{FilterExt as _, filter_fn};
use tracing_subscriber::layer::{Layer, SubscriberExt as _};
use tracing_subscriber::{EnvFilter, Registry, fmt, registry, reload};

use crate::config::{Directives, LogFormat};
use crate::os::terminal;
use json_layer::JsonLayer;
use output::OUTPUT;
pub(crate) use own_layers::{BoxedLayer, OwnLayers};
use settings::Settings;
use text_fields::TextFields;

/// Changes the filter and the format of the log while the agent runs.
pub(crate) struct LogControl {
    filter: reload::Handle<EnvFilter, Registry>,
    format: reload::Handle<BoxedLayer, Registry>,
    has_timestamps: bool,
    own: OwnLayers,
}

impl LogControl {
    /// Applies a configuration; environment variables take precedence.
    pub(crate) fn set(&self, directives: &Directives, format: LogFormat) {
        let settings = Settings::new(directives, format);
        OUTPUT.set_format(settings.format);
        // Reloading fails only once the subscriber is gone.
        let _ = self.filter.reload(settings.directives.filter());
        let layer = format_layer(settings.format, self.has_timestamps);
        let _ = self.format.reload(layer);
        settings.warn();
    }

    /// The layers of the agent's own telemetry.
    pub(crate) fn own_layers(&self) -> OwnLayers {
        self.own.clone()
    }
}

/// Starts the log with a configuration; environment variables take precedence.
pub(crate) fn init(directives: &Directives, format: LogFormat) -> LogControl {
    // The systemd journal adds timestamps of its own.
    let has_timestamps = std::env::var_os("JOURNAL_STREAM").is_none();
    start(directives, format, has_timestamps)
}

/// Starts the log of a verb that only prints warnings.
pub(crate) fn init_warnings() {
    let warnings = Directives::parse("warn").unwrap_or_default();
    start(&warnings, LogFormat::Text, false);
}

/// Starts the log of a verb whose own messages are all that it prints.
pub(crate) fn init_quiet() {
    let off = Directives::parse("off").unwrap_or_default();
    start(&off, LogFormat::Text, false);
}

/// Starts the log of a verb that has no configuration.
pub(crate) fn init_default() -> LogControl {
    init(&Directives::default(), LogFormat::Text)
}

fn start(directives: &Directives, format: LogFormat, has_timestamps: bool) -> LogControl {
    let settings = Settings::new(directives, format);
    OUTPUT.start(settings.format);
    let (filter, filter_handle) = reload::Layer::new(settings.directives.filter());
    let layer = format_layer(settings.format, has_timestamps);
    let (format, format_handle) = reload::Layer::new(layer);
    // The agent's spans are no part of the log. What `tracing::enabled!` asks for is neither span nor event.
    let events = filter_fn(|metadata: &Metadata<'_>| !metadata.is_span())
        .with_max_level_hint(LevelFilter::TRACE);
    let (own, [own_logs, own_spans]) = OwnLayers::new();
    let layers = vec![
        format.with_filter(filter.and(events)).boxed(),
        own_logs,
        own_spans,
    ];
    // A test may have set a subscriber already; that one is kept.
    let _ = tracing::subscriber::set_global_default(registry().with(layers));
    settings.warn();
    LogControl {
        filter: filter_handle,
        format: format_handle,
        has_timestamps,
        own,
    }
}

/// Takes the format from the environment, for what is printed before [`init`].
pub(crate) fn init_format_from_environment() {
    if settings::format_from_environment() == Ok(Some(LogFormat::Json)) {
        OUTPUT.set_format(LogFormat::Json);
    }
}

/// Prints a text regardless of the filter: an error, or the result of a verb.
pub(crate) fn print(level: Level, text: &str) {
    OUTPUT.print(level, text, Map::new());
}

/// Prints `text`; with the format `json`, `message` and a field `key` that holds `value`.
pub(crate) fn print_value(text: &str, message: &str, key: &str, value: &impl Serialize) {
    if OUTPUT.is_json() {
        let value = serde_json::to_value(value).unwrap_or_default();
        let fields = Map::from_iter([(key.to_owned(), value)]);
        OUTPUT.print(Level::INFO, message, fields);
    } else {
        OUTPUT.print(Level::INFO, text, Map::new());
    }
}

/// Whether lines on standard error are JSON.
pub(crate) fn is_json() -> bool {
    OUTPUT.is_json()
}

/// Waits until all lines are written, for a bounded time.
pub(crate) fn flush() {
    OUTPUT.flush();
}

/// Number of lines that were dropped because standard error was not read.
pub(crate) fn dropped_lines() -> u64 {
    OUTPUT.dropped_lines()
}

fn format_layer(format: LogFormat, has_timestamps: bool) -> BoxedLayer {
    if format == LogFormat::Json {
        return Box::new(JsonLayer);
    }
    let lines = fmt::layer()
        .with_writer(|| LineWriter)
        .fmt_fields(TextFields)
        .with_ansi(terminal::has_colour(&io::stderr()))
        .with_target(false);
    if has_timestamps {
        Box::new(lines)
    } else {
        Box::new(lines.without_time())
    }
}

/// Queues each write as a line; the `fmt` layer writes a line at once.
struct LineWriter;

impl Write for LineWriter {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        OUTPUT.push(line.to_vec());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
