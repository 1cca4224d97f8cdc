//! The exporter before it runs, and how it starts.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tidegate_model::Kinds;
use tidegate_runtime::component::BuildContext;
use tidegate_runtime::edge::Inbox;
use tidegate_runtime::stage::{Exporter, Refresh, StageError, Undelivered};
use tidegate_runtime::telemetry::Gauge;
use tokio::sync::watch;

use super::delivery::{RequestSender, RetryConfig};
use super::export_loop::ExportLoop;
use super::in_flight::InFlight;
use super::logs::{Encoder, LogRequestBuilder, NodeResource};
use super::metrics::MetricsExport;
use super::refresh::Backend;
use super::sealing::{Compression, Sealer};
use super::spans::SpanFinder;
use super::status::{BackendStatus, Diagnosis};
use super::transport::{Client, FirstBytes};

/// An exporter that is built and does not run yet.
pub(super) struct OtlpExporter {
    pub(super) context: BuildContext,
    pub(super) backend: Arc<Backend>,
    pub(super) compression: Compression,
    pub(super) timeout: Duration,
    pub(super) drain_timeout: Duration,
    pub(super) retry: RetryConfig,
    pub(super) in_flight: usize,
    pub(super) log_requests: LogRequestBuilder,
    pub(super) log_resource: NodeResource,
    pub(super) encoder: Encoder,
    pub(super) log_kinds: Kinds,
    pub(super) span_finder: Option<SpanFinder>,
    pub(super) span_requests: LogRequestBuilder,
    pub(super) metrics: MetricsExport,
}

#[async_trait]
impl Exporter for OtlpExporter {
    async fn run(self: Box<Self>, inbox: Inbox) -> Result<(), StageError> {
        let key = format!("{}.drain_timeout", self.context.stage);
        let health = self.context.health.clone();
        let export_loop = self.start().await?;
        match export_loop.run(inbox).await {
            0 => Ok(()),
            series => {
                let what = format!("the last values of {series} metric series");
                let problem = health.state().problem().map(str::to_owned);
                Err(Undelivered { what, key, problem }.into())
            }
        }
    }

    /// Records that first have to reach another core take a third more time. Gzip takes ten times
    /// as long as everything else that is done with a record.
    fn runs_apart(&self) -> bool {
        self.compression == Compression::Gzip
    }

    fn refresher(&self) -> Option<Arc<dyn Refresh>> {
        let has_files = self.backend.target.has_files();
        has_files.then(|| Arc::clone(&self.backend) as Arc<dyn Refresh>)
    }
}

impl OtlpExporter {
    /// Reads certificates and token. Must be called within a runtime.
    async fn start(self) -> Result<ExportLoop, StageError> {
        let target = &self.backend.target;
        let settings = target.settings().await?;
        let first_bytes = FirstBytes::default();
        let diagnosis = Diagnosis {
            is_tls: target.address.is_tls,
            first_bytes: first_bytes.clone(),
        };
        let status = BackendStatus::new(
            &self.context,
            target.address.to_string(),
            diagnosis,
            target.secrets.clone(),
        );
        let client = Arc::new(Client::new(settings, self.timeout, first_bytes));
        // The exporter starts once.
        let _ = self.backend.client.set(Arc::clone(&client));
        let sender = RequestSender {
            sealer: Sealer::new(self.compression)?,
            client,
            status,
            retry: self.retry,
        };
        Ok(ExportLoop {
            drain_timeout: self.drain_timeout,
            log_requests: self.log_requests,
            log_resource: self.log_resource,
            encoder: self.encoder,
            log_kinds: self.log_kinds,
            span_finder: self.span_finder,
            span_requests: self.span_requests,
            metrics: self.metrics,
            in_flight: InFlight::new(self.in_flight),
            in_flight_gauge: in_flight_gauge(&self.context),
            sender: Arc::new(sender),
            deadline_passed: watch::Sender::new(false),
        })
    }
}

fn in_flight_gauge(context: &BuildContext) -> Gauge {
    context.telemetry.gauge(
        "tidegate_otlp_in_flight_requests",
        "Log requests in flight, including those waiting for their next attempt.",
        &[("stage", context.stage.as_str())],
    )
}
