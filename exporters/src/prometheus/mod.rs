//! `prometheus`: the current value of every metric series, for Prometheus to scrape.
//!
//! A scrape shows every value that has arrived. Names, labels and their order are those that
//! Hubble's own endpoint has. TLS and compression are left to a proxy. Only live series take
//! memory; how many there can be is limited where they are made.

mod config;
mod endpoint;
mod labels;
mod pieces;
mod scrapes;
mod table;

pub use config::{Config, KIND};

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use endpoint::Endpoint;
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

/// Why a point is dropped: a metric of its name has another type, and an exposition can have only
/// one.
pub const TYPE_CONFLICT: &str = "metric_type_conflict";

/// How long scrapes that have begun may take after the last point. A connection that sends nothing
/// ends then.
const LAST_SCRAPES: Duration = Duration::from_secs(1);

/// The exporter.
#[derive(Debug)]
pub struct Prometheus {
    address: SocketAddr,
    listener: Option<TcpListener>,
    allowed_hosts: Vec<String>,
    endpoint: Arc<Endpoint>,
    series: Gauge,
    health: Health,
}

/// The address could not be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {error}{}", hint(.address, .error))]
struct ListenError {
    address: SocketAddr,
    /// Part of the text, and so no source, which would be printed once more.
    error: io::Error,
}

/// Where Cilium's agent serves Hubble's metrics.
const HUBBLE: u16 = 9965;

fn hint(address: &SocketAddr, error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse if address.port() == HUBBLE => {
            "; Cilium's agent has this port where its Hubble metrics are on: set `listen`"
        }
        io::ErrorKind::AddrInUse => "; another process has it: set `listen`",
        io::ErrorKind::AddrNotAvailable => "; no interface of this host has that address",
        io::ErrorKind::PermissionDenied => "; ports below 1024 need CAP_NET_BIND_SERVICE",
        _ => "",
    }
}

impl Prometheus {
    /// An exporter that will bind its address itself.
    #[must_use]
    pub fn new(config: &Config, context: &BuildContext) -> Self {
        let endpoint = Endpoint {
            path: config.path.clone(),
            open_metrics: config.open_metrics,
            ..Endpoint::default()
        };
        let help = "Metric series that the prometheus exporter shows";
        let series = context.telemetry.gauge(
            "tidegate_prometheus_series",
            help,
            &[("stage", &context.stage)],
        );
        let allowed_hosts = config
            .allowed_hosts
            .iter()
            .filter_map(|name| parse_allowed_host(name))
            .collect();
        Self {
            address: config.listen,
            listener: None,
            allowed_hosts,
            endpoint: Arc::new(endpoint),
            series,
            health: context.health.clone(),
        }
    }

    /// The same on a socket that listens already, whatever the configured address.
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

    /// Takes in what comes until the inbox ends.
    async fn absorb(&self, mut inbox: Inbox) {
        while let Some(delivery) = inbox.recv().await {
            self.take_in(delivery);
        }
    }

    fn take_in(&self, mut delivery: Delivery) {
        let mut table = self.endpoint.table();
        let mut conflicts = 0;
        for record in delivery.records() {
            if let Record::Metric(point) = record
                && table.absorb(point) == Err(TypeConflict)
            {
                conflicts += 1;
            }
        }
        self.series
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
        tracing::info!(%address, path = self.endpoint.path, "serving metrics");
        let (ended, last_point) = oneshot::channel::<()>();
        let hosts = HostRule::for_loopback(address, &self.allowed_hosts);
        let router = with_host_rule(Arc::clone(&self.endpoint).router(), hosts);
        let server = serve(listener, router, self.health.clone(), async {
            last_point.await.unwrap_or_default()
        });
        tokio::pin!(server);
        tokio::select! {
            () = &mut server => {}
            () = self.absorb(inbox) => drop(ended),
        }
        // Past this time, whoever still holds a connection open is left alone.
        let _ = tokio::time::timeout(LAST_SCRAPES, server).await;
        Ok(())
    }
}
