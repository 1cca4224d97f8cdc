//! The SDK's providers while telemetry is sent, and the thread that their connections live on.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_otlp::{
    Compression, LogExporter, SpanExporter, WithExportConfig as _, WithTonicConfig as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tidegate_exporters::otlp::ClientSettings;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, oneshot};
use tonic::service::Interceptor;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::layer::Layer as _;

use super::Source;
use super::channel::{channel, has_gzip, metadata};
use super::counted::Counted;
use super::error::OwnTelemetryError;
use super::metrics::MetricsTask;
use super::outcomes::{Outcomes, SignalOutcomes};
use super::resource::resource;
use crate::config::{OwnLevel, OwnSignal, OwnTelemetry};
use crate::log::OwnLayers;

/// How long the last requests may take.
pub(super) const FINISH_LIMIT: Duration = Duration::from_secs(1);

/// Providers, and the thread of their connections.
pub(super) struct Running {
    logs: Option<SdkLoggerProvider>,
    traces: Option<SdkTracerProvider>,
    /// Stops the task that sends metrics.
    metrics: mpsc::Sender<oneshot::Sender<()>>,
    /// Ends the thread when it is dropped.
    connections: oneshot::Sender<()>,
}

impl Running {
    /// Starts to send metrics, and makes the providers of logs and spans. Connects later.
    pub(super) fn start(
        settings: &OwnTelemetry,
        source: Source,
        outcomes: &Outcomes,
    ) -> Result<Self, OwnTelemetryError> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let resource = resource(settings);
        let of =
            |signal, client: &ClientSettings| outcomes.of(signal, &client.uri, &source.telemetry);
        let (metrics, stop) = mpsc::channel(1);
        let (logs, traces) = {
            let _within = runtime.enter();
            let logs = settings.sends(OwnSignal::Logs).then(|| {
                let outcomes = of(OwnSignal::Logs, &settings.logs);
                logger_provider(&settings.logs, outcomes, resource.clone())
            });
            let traces = settings.sends(OwnSignal::Traces).then(|| {
                let outcomes = of(OwnSignal::Traces, &settings.traces);
                tracer_provider(&settings.traces, outcomes, resource.clone())
            });
            if settings.sends(OwnSignal::Metrics) {
                let outcomes = of(OwnSignal::Metrics, &settings.metrics);
                let task = MetricsTask::new(settings, source.clone(), resource, outcomes)?;
                runtime.spawn(task.run(stop));
            }
            (logs.transpose()?, traces.transpose()?)
        };
        Ok(Self {
            logs,
            traces,
            metrics,
            connections: spawn(runtime)?,
        })
    }

    /// Takes log events and spans from the layers.
    pub(super) fn install(&self, settings: &OwnTelemetry, layers: &OwnLayers) {
        let level = match settings.level {
            OwnLevel::Error => LevelFilter::ERROR,
            OwnLevel::Warn => LevelFilter::WARN,
            OwnLevel::Info => LevelFilter::INFO,
        };
        let logs = self.logs.as_ref();
        let logs = logs.map(|provider| OpenTelemetryTracingBridge::new(provider).boxed());
        let traces = self.traces.as_ref().map(|provider| {
            tracing_opentelemetry::layer()
                .with_tracer(provider.tracer("tidegate"))
                .with_location(false)
                .with_threads(false)
                .with_tracked_inactivity(false)
                .with_target(false)
                .boxed()
        });
        layers.set(level, logs, traces);
    }

    /// Sends what is left, on a thread that ends later. The message says when; each of the last
    /// requests takes [`FINISH_LIMIT`] at most.
    pub(super) fn finish(self) -> Receiver<()> {
        let (finished, receiver) = sync_channel(1);
        // Without a thread, nothing more is sent.
        let _ = thread::Builder::new()
            .name("own-telemetry".to_owned())
            .spawn(move || self.send_rest(finished));
        receiver
    }

    fn send_rest(self, finished: SyncSender<()>) {
        let _suppressed = Context::enter_telemetry_suppressed_scope();
        // An error is the end of the time, or has been counted.
        if let Some(logs) = &self.logs {
            let _ = logs.shutdown_with_timeout(FINISH_LIMIT);
        }
        if let Some(traces) = &self.traces {
            let _ = traces.shutdown_with_timeout(FINISH_LIMIT);
        }
        let (done, is_done) = oneshot::channel();
        if self.metrics.try_send(done).is_ok() {
            // The message is dropped.
            let _ = is_done.blocking_recv();
        }
        let _ = finished.send(());
        drop(self.connections);
    }
}

/// Takes nothing from the layers any more.
pub(super) fn uninstall(layers: &OwnLayers) {
    layers.set(LevelFilter::OFF, None, None);
}

/// Runs connections on a thread of their own, until the result is dropped. What it logs becomes no
/// telemetry.
fn spawn(runtime: Runtime) -> io::Result<oneshot::Sender<()>> {
    let (sender, dropped) = oneshot::channel();
    thread::Builder::new()
        .name("own-telemetry".to_owned())
        .spawn(move || {
            let _suppressed = Context::enter_telemetry_suppressed_scope();
            // The sender is dropped without a message.
            let _ = runtime.block_on(dropped);
            runtime.shutdown_background();
        })?;
    Ok(sender)
}

fn logger_provider(
    client: &ClientSettings,
    outcomes: SignalOutcomes,
    resource: Resource,
) -> Result<SdkLoggerProvider, OwnTelemetryError> {
    let builder = LogExporter::builder()
        .with_tonic()
        .with_channel(channel(client)?)
        .with_interceptor(replace_headers(client))
        .with_timeout(client.timeout);
    let builder = match has_gzip(client) {
        true => builder.with_compression(Compression::Gzip),
        false => builder,
    };
    let exporter = builder.build()?;
    let provider = SdkLoggerProvider::builder()
        .with_resource(resource)
        .with_batch_exporter(Counted { exporter, outcomes });
    Ok(provider.build())
}

fn tracer_provider(
    client: &ClientSettings,
    outcomes: SignalOutcomes,
    resource: Resource,
) -> Result<SdkTracerProvider, OwnTelemetryError> {
    let builder = SpanExporter::builder()
        .with_tonic()
        .with_channel(channel(client)?)
        .with_interceptor(replace_headers(client))
        .with_timeout(client.timeout);
    let builder = match has_gzip(client) {
        true => builder.with_compression(Compression::Gzip),
        false => builder,
    };
    let exporter = builder.build()?;
    let provider = SdkTracerProvider::builder()
        .with_resource(resource)
        .with_batch_exporter(Counted { exporter, outcomes });
    Ok(provider.build())
}

/// Replaces the headers that `opentelemetry-otlp` takes from variables by the configured ones, which
/// have them, too, unless the file has other values.
fn replace_headers(client: &ClientSettings) -> impl Interceptor + Clone + Send + Sync + 'static {
    let metadata = metadata(client);
    move |mut request: tonic::Request<()>| {
        *request.metadata_mut() = metadata.clone();
        Ok(request)
    }
}
