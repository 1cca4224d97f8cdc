//! What the agent tells about itself over HTTP: `/metrics`, `/healthz`, `/readyz` and `/debug/ledger`.
//! Everything is read when it is asked for; nothing here is on the way of a record.

mod instruments;
mod ledger;
mod page;
mod process;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::get;
use tidegate_core::ledger::Ledger;
use tidegate_core::stage::Stop;
use tidegate_core::telemetry::Telemetry;
use tidegate_exporters::exposition::Format;
use tokio::net::TcpListener;

/// A server that is bound and does not answer yet.
pub(crate) struct Server {
    listener: TcpListener,
    address: SocketAddr,
}

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address} for telemetry (`service.telemetry.listen`)")]
pub(crate) struct Unbound {
    address: SocketAddr,
    source: io::Error,
}

/// What the pages are made of.
struct Agent {
    ledger: Ledger,
    telemetry: Telemetry,
    stop: Stop,
}

impl Server {
    /// Binds the address.
    pub(crate) async fn bind(address: SocketAddr) -> Result<Self, Unbound> {
        let unbound = |source| Unbound { address, source };
        let listener = TcpListener::bind(address).await.map_err(unbound)?;
        let address = listener.local_addr().map_err(unbound)?;
        Ok(Self { listener, address })
    }

    /// The address that it is bound to.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until it is aborted.
    pub(crate) async fn serve(self, ledger: Ledger, telemetry: Telemetry, stop: Stop) {
        let pages = Router::new()
            .route("/metrics", get(metrics))
            .route("/healthz", get(async || "ok\n"))
            .route("/readyz", get(readiness))
            .route("/debug/ledger", get(books))
            .with_state(Arc::new(Agent { ledger, telemetry, stop }));
        if let Err(error) = axum::serve(self.listener, pages).await {
            tracing::error!(error = &error as &dyn std::error::Error, "telemetry ended");
        }
    }
}

async fn metrics(State(agent): State<Arc<Agent>>, headers: HeaderMap) -> impl IntoResponse {
    let format = Format::negotiate(headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()));
    let mut families = ledger::families(&agent.ledger.report());
    families.extend(instruments::families(&agent.telemetry));
    families.extend(process::families());
    ([(CONTENT_TYPE, format.content_type())], page::write(&families, format))
}

/// A stage that fails has everything stop, so that is all that there is to know.
async fn readiness(State(agent): State<Arc<Agent>>) -> impl IntoResponse {
    match agent.stop.is_requested() {
        false => (StatusCode::OK, "ready\n"),
        true => (StatusCode::SERVICE_UNAVAILABLE, "stopping\n"),
    }
}

async fn books(State(agent): State<Arc<Agent>>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], agent.ledger.report().to_json() + "\n")
}
