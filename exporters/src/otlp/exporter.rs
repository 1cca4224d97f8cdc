//! The exporter before it runs, and how it starts.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tidegate_model::Kinds;
use tidegate_runtime::component::BuildContext;
use tidegate_runtime::disk_log::Settings;
use tidegate_runtime::edge::Inbox;
use tidegate_runtime::stage::{Exporter, Refresh, StageError, Undelivered};
use tokio::sync::watch;

use super::delivery::{RequestSender, RetryConfig};
use super::export_loop::ExportLoop;
use super::logs::{Encoder, LogRequestBuilder, NodeResource};
use super::metrics::MetricsExport;
use super::queue::{QueueConfig, QueueGauges, RequestQueue, open_disk};
use super::refresh::Backends;
use super::sealing::{Compression, Sealer};
use super::signal::Signal;
use super::spans::SpanFinder;
use super::status::BackendStatus;
use super::transport::Client;

/// An exporter that is built and does not run yet.
pub(super) struct OtlpExporter {
    pub(super) context: BuildContext,
    pub(super) backends: Arc<Backends>,
    /// Of each signal.
    pub(super) compression: [Compression; Signal::ALL.len()],
    /// Whether requests of a signal are JSON.
    pub(super) has_json: bool,
    pub(super) drain_timeout: Duration,
    pub(super) retry: RetryConfig,
    pub(super) queue: QueueConfig,
    pub(super) disk: Option<Settings>,
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
        let export_loop = self.start(&inbox).await?;
        match export_loop.run(inbox).await {
            0 => Ok(()),
            series => {
                let what = format!("the last values of {series} metric series");
                let problem = health.state().problem().map(str::to_owned);
                Err(Undelivered { what, key, problem }.into())
            }
        }
    }

    /// Records that first have to reach another core take a third more time. What takes long is
    /// done on a thread for blocking work: compression, and the queue on disk.
    fn runs_apart(&self) -> bool {
        self.has_json
    }

    fn refresher(&self) -> Option<Arc<dyn Refresh>> {
        let has_files = self.backends.targets.has_files();
        has_files.then(|| Arc::clone(&self.backends) as Arc<dyn Refresh>)
    }
}

impl OtlpExporter {
    /// Reads certificates and credentials, and opens the queue on disk. Must be called within a
    /// runtime.
    async fn start(self, inbox: &Inbox) -> Result<ExportLoop, StageError> {
        let targets = &self.backends.targets;
        let client = Arc::new(Client::start(targets).await?);
        let status = BackendStatus::new(&self.context, targets.describe(), targets.secrets());
        // The exporter starts once.
        let _ = self.backends.client.set(Arc::clone(&client));
        let disk = match self.disk {
            Some(settings) => Some(open_disk(settings).await?),
            None => None,
        };
        let sender = Arc::new(RequestSender {
            sealer: Arc::new(Sealer::new(self.compression)?),
            client,
            status,
            retry: self.retry,
            refuses_everything: Default::default(),
        });
        let deadline_passed = watch::Sender::new(false);
        let queue = RequestQueue::new(
            self.queue,
            Arc::clone(&sender),
            disk,
            deadline_passed.clone(),
            QueueGauges::new(&self.context),
            inbox,
        );
        Ok(ExportLoop {
            drain_timeout: self.drain_timeout,
            log_requests: self.log_requests,
            log_resource: self.log_resource,
            encoder: self.encoder,
            log_kinds: self.log_kinds,
            span_finder: self.span_finder,
            span_requests: self.span_requests,
            metrics: self.metrics,
            queue,
            sender,
            deadline_passed,
        })
    }
}
