//! `prometheus`: serves the latest value of every metric series for Prometheus to scrape.
//!
//! Names, labels and their order are those of Hubble's own endpoint. TLS is left to a proxy. Memory grows with the number of live series, which the processors that make them
//! limit.

mod body;
mod config;
mod endpoint;
mod handler_metrics;
mod labels;
mod shared;
mod table;

pub use config::{Config, KIND};

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use endpoint::Endpoint;
use shared::Shared;
use table::TypeConflict;
use tidegate_model::Record;
use tidegate_runtime::component::BuildContext;
use tidegate_runtime::edge::{Delivery, Inbox};
use tidegate_runtime::health::Health;
use tidegate_runtime::stage::{Exporter, StageError};
use tidegate_runtime::telemetry::Gauge;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::http::{HostRule, parse_allowed_host, serve, with_host_rule};

/// The reason for dropping a point whose metric has another type than an existing one of the same
/// name.
pub const TYPE_CONFLICT: &str = "metric_type_conflict";

/// The time that scrapes in progress have at shutdown.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(1);

/// The exporter.
#[derive(Debug)]
pub struct Prometheus {
    address: SocketAddr,
    listener: Option<TcpListener>,
    allowed_hosts: Vec<String>,
    open_metrics: bool,
    shared: Arc<Shared>,
    series_gauge: Gauge,
    health: Health,
}

/// The listener could not be bound.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {error}{}", hint(.address, .error))]
struct ListenError {
    address: SocketAddr,
    /// Not a source, because the message already contains it.
    error: io::Error,
}

/// The port on which Cilium's agent serves Hubble's metrics.
const HUBBLE_METRICS_PORT: u16 = 9965;

fn hint(address: &SocketAddr, error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse if address.port() == HUBBLE_METRICS_PORT => {
            "; Cilium's agent has this port where its Hubble metrics are on: set `listen`"
        }
        io::ErrorKind::AddrInUse => "; another process has it: set `listen`",
        io::ErrorKind::AddrNotAvailable => "; no interface of this host has that address",
        io::ErrorKind::PermissionDenied => "; ports below 1024 need CAP_NET_BIND_SERVICE",
        _ => "",
    }
}

impl Prometheus {
    /// Creates an exporter that binds its address when it runs.
    #[must_use]
    pub fn new(config: &Config, context: &BuildContext) -> Self {
        let series_gauge = context.telemetry.gauge(
            "tidegate_prometheus_series",
            "Metric series that the prometheus exporter shows",
            &[("stage", context.stage.as_str())],
        );
        let allowed_hosts = config
            .allowed_hosts
            .iter()
            .filter_map(|name| parse_allowed_host(name))
            .collect();
        Self {
            address: config.listen.get(),
            listener: None,
            allowed_hosts,
            open_metrics: config.open_metrics,
            shared: Arc::new(Shared::new(
                &config.path,
                context.telemetry.exporter_bytes(&context.stage),
            )),
            series_gauge,
            health: context.health.clone(),
        }
    }

    /// Uses a listener that is already bound, in place of the configured address.
    #[must_use]
    pub fn on(self, listener: TcpListener) -> Self {
        Self {
            listener: Some(listener),
            ..self
        }
    }

    async fn listen(&mut self) -> Result<TcpListener, ListenError> {
        match self.listener.take() {
            Some(listener) => Ok(listener),
            None => {
                let address = self.address;
                TcpListener::bind(address)
                    .await
                    .map_err(|error| ListenError { address, error })
            }
        }
    }

    /// Stores points until the inbox is closed.
    async fn receive(&self, mut inbox: Inbox) {
        while let Some(delivery) = inbox.recv().await {
            self.store(delivery);
        }
    }

    fn store(&self, mut delivery: Delivery) {
        let mut table = self.shared.table();
        let mut conflicts = 0;
        for record in delivery.records() {
            if let Record::Metric(point) = record
                && table.update(point) == Err(TypeConflict)
            {
                conflicts += 1;
            }
        }
        self.series_gauge
            .set(i64::try_from(table.len()).unwrap_or(i64::MAX));
        drop(table);
        delivery.ticket().dropped(TYPE_CONFLICT, conflicts);
        delivery.absorbed();
    }
}

#[async_trait]
impl Exporter for Prometheus {
    async fn run(mut self: Box<Self>, inbox: Inbox) -> Result<(), StageError> {
        let listener = self.listen().await?;
        let address = listener.local_addr()?;
        tracing::info!(%address, path = self.shared.path, "serving metrics");
        let (inbox_open, inbox_closed) = oneshot::channel::<()>();
        let hosts = HostRule::for_loopback(address, &self.allowed_hosts);
        let endpoint = Endpoint {
            open_metrics: self.open_metrics,
            shared: Arc::clone(&self.shared),
        };
        let router = with_host_rule(endpoint.router(), hosts);
        let server = serve(listener, router, self.health.clone(), async {
            inbox_closed.await.unwrap_or_default()
        });
        tokio::pin!(server);
        tokio::select! {
            () = &mut server => {}
            () = self.receive(inbox) => drop(inbox_open),
        }
        // A connection that is still open after that does not delay the shutdown.
        let _ = tokio::time::timeout(SHUTDOWN_GRACE, server).await;
        Ok(())
    }
}
