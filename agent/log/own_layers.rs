//! Where the agent's own telemetry takes log events and spans from: two layers that are empty until
//! it starts. Their filters do not depend on that of standard error.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tidegate_runtime::spans;
use tracing::Metadata;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;
use tracing_subscriber::layer::{Context, Filter, Layer};
use tracing_subscriber::{Registry, reload};

/// A layer, or none.
type Slot = Option<BoxedLayer>;
/// A layer of any type.
pub(crate) type BoxedLayer = Box<dyn Layer<Registry> + Send + Sync>;

/// Crates that send the telemetry. What they log about that must not become telemetry.
const TRANSPORT: [&str; 8] = [
    "h2",
    "hyper",
    "hyper_util",
    "opentelemetry",
    "opentelemetry_otlp",
    "opentelemetry_sdk",
    "tonic",
    "tower",
];

/// Changes what the layers do; clones change the same ones.
#[derive(Clone)]
pub(crate) struct OwnLayers {
    logs: reload::Handle<Slot, Registry>,
    spans: reload::Handle<Slot, Registry>,
    gate: Arc<Gate>,
}

/// What the layers take.
#[derive(Default)]
struct Gate {
    /// The position in [`LEVELS`] of the least important level.
    level: AtomicUsize,
    has_spans: AtomicBool,
}

const LEVELS: [LevelFilter; 6] = [
    LevelFilter::OFF,
    LevelFilter::ERROR,
    LevelFilter::WARN,
    LevelFilter::INFO,
    LevelFilter::DEBUG,
    LevelFilter::TRACE,
];

impl OwnLayers {
    /// Returns two empty layers, and what changes them.
    pub(super) fn new() -> (Self, [BoxedLayer; 2]) {
        let gate = Arc::new(Gate::default());
        let (log_layer, logs) = reload::Layer::new(None);
        let (span_layer, spans) = reload::Layer::new(None);
        let layers = [
            log_layer.with_filter(LogFilter(Arc::clone(&gate))).boxed(),
            span_layer
                .with_filter(SpanFilter(Arc::clone(&gate)))
                .boxed(),
        ];
        (Self { logs, spans, gate }, layers)
    }

    /// Gives log events from `level` up to a layer, and spans to another.
    pub(crate) fn set(&self, level: LevelFilter, logs: Slot, spans: Slot) {
        let level = logs.as_ref().map_or(LevelFilter::OFF, |_| level);
        let position = LEVELS.iter().position(|known| *known == level);
        self.gate
            .level
            .store(position.unwrap_or(0), Ordering::Relaxed);
        self.gate
            .has_spans
            .store(spans.is_some(), Ordering::Relaxed);
        // Reloading fails only once the subscriber is gone. It has the filters asked again.
        let _ = self.logs.reload(logs);
        let _ = self.spans.reload(spans);
    }
}

/// Lets log events pass that are important enough.
struct LogFilter(Arc<Gate>);

impl LogFilter {
    fn level(&self) -> LevelFilter {
        LEVELS[self.0.level.load(Ordering::Relaxed)]
    }

    fn passes(&self, metadata: &Metadata<'_>) -> bool {
        let of_crate = metadata.target().split("::").next().unwrap_or_default();
        metadata.is_event() && *metadata.level() <= self.level() && !TRANSPORT.contains(&of_crate)
    }
}

impl Filter<Registry> for LogFilter {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, Registry>) -> bool {
        self.passes(metadata)
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        interest(self.passes(metadata))
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level())
    }
}

/// Lets the agent's [`spans`] pass.
struct SpanFilter(Arc<Gate>);

impl SpanFilter {
    fn passes(&self, metadata: &Metadata<'_>) -> bool {
        let is_one = metadata.is_span() && metadata.target() == spans::TARGET;
        is_one && self.0.has_spans.load(Ordering::Relaxed)
    }
}

impl Filter<Registry> for SpanFilter {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, Registry>) -> bool {
        self.passes(metadata)
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        interest(self.passes(metadata))
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        let has_spans = self.0.has_spans.load(Ordering::Relaxed);
        Some(if has_spans {
            LevelFilter::INFO
        } else {
            LevelFilter::OFF
        })
    }
}

fn interest(passes: bool) -> Interest {
    if passes {
        Interest::always()
    } else {
        Interest::never()
    }
}
