//! The task that sends metrics.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_client::MetricsServiceClient;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tonic::Request;
use tonic::codec::CompressionEncoding;
use tonic::metadata::MetadataMap;
use tonic::transport::Channel;

use super::Source;
use super::channel;
use super::error::OwnTelemetryError;
use super::meters::Meters;
use super::outcomes::SignalOutcomes;
use crate::config::OwnTelemetry;
use crate::telemetry::metrics;
use crate::telemetry::process_usage::ProcessUsage;

/// Sends the current metrics at an interval.
pub(super) struct MetricsTask {
    source: Source,
    meters: Meters,
    collected: ResourceMetrics,
    client: MetricsServiceClient<Channel>,
    metadata: MetadataMap,
    outcomes: SignalOutcomes,
    interval: Duration,
    /// The start of the process, at which every counter was 0, in nanoseconds since 1970.
    start: u64,
}

impl MetricsTask {
    /// Must be called within the runtime that connections are to live in.
    pub(super) fn new(
        settings: &OwnTelemetry,
        source: Source,
        resource: Resource,
        outcomes: SignalOutcomes,
    ) -> Result<Self, OwnTelemetryError> {
        let mut client = MetricsServiceClient::new(channel::channel(&settings.metrics)?);
        if channel::has_gzip(&settings.metrics) {
            client = client.send_compressed(CompressionEncoding::Gzip);
        }
        Ok(Self {
            source,
            meters: Meters::new(resource),
            collected: ResourceMetrics::default(),
            client: client.accept_compressed(CompressionEncoding::Gzip),
            metadata: channel::metadata(&settings.metrics),
            outcomes,
            interval: settings.interval,
            start: process_start(),
        })
    }

    /// Sends until it is stopped, and once more then. Dropping the message of `stop` says that this
    /// is done.
    pub(super) async fn run(mut self, mut stop: mpsc::Receiver<oneshot::Sender<()>>) {
        let mut ticks = interval_at(Instant::now() + self.interval, self.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => self.export().await,
                done = stop.recv() => {
                    self.export().await;
                    drop(done);
                    return;
                }
            }
        }
    }

    async fn export(&mut self) {
        let Source { ledger, telemetry } = &self.source;
        let families = metrics::families(ledger, telemetry);
        if let Err(error) = self.meters.collect(&families, &mut self.collected) {
            self.outcomes.count(0, Some(&error));
            return;
        }
        let mut request = ExportMetricsServiceRequest::from(&self.collected);
        set_start(&mut request, self.start);
        let mut request = Request::new(request);
        *request.metadata_mut() = self.metadata.clone();
        let result = self.client.export(request).await;
        let error = result.as_ref().err();
        self.outcomes.count(0, error.map(|error| error as _));
    }
}

/// Sets the start of all sums, for which the SDK takes the time at which it made the instrument.
fn set_start(request: &mut ExportMetricsServiceRequest, start: u64) {
    let scopes = request.resource_metrics.iter_mut();
    let scopes = scopes.flat_map(|resource| &mut resource.scope_metrics);
    for metric in scopes.flat_map(|scope| &mut scope.metrics) {
        if let Some(Data::Sum(sum)) = &mut metric.data {
            for point in &mut sum.data_points {
                point.start_time_unix_nano = start;
            }
        }
    }
}

fn process_start() -> u64 {
    let start = ProcessUsage::now()
        .start_seconds
        .map(Duration::from_secs_f64);
    let start = start.or_else(|| SystemTime::now().duration_since(UNIX_EPOCH).ok());
    let nanoseconds = start.unwrap_or_default().as_nanos();
    u64::try_from(nanoseconds).unwrap_or(u64::MAX)
}
