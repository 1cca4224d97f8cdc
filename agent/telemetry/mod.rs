//! What the agent tells about itself over HTTP: `/metrics`, `/healthz`, `/readyz` and `/debug/ledger`.
//! Everything is read when it is asked for; nothing here is on the way of a record.

mod instruments;
mod ledger;
mod page;
mod process;
mod reloads;

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
use tidegate_core::pipeline::Hold;
use tidegate_core::stage::Stop;
use tidegate_core::telemetry::Telemetry;
use tidegate_exporters::exposition::Format;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A server that answers until it is dropped.
pub(crate) struct Server {
    /// As it is configured.
    listen: SocketAddr,
    /// As it is bound.
    address: SocketAddr,
    agent: Arc<Agent>,
    task: JoinHandle<()>,
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
    /// Binds the address, and answers from now on.
    pub(crate) async fn start(
        listen: SocketAddr,
        ledger: Ledger,
        telemetry: Telemetry,
        stop: Stop,
    ) -> Result<Self, Unbound> {
        let agent = Arc::new(Agent { ledger, telemetry, stop });
        let (address, task) = serve(listen, &agent).await?;
        Ok(Self { listen, address, agent, task })
    }

    /// The address that it is bound to.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address that it is configured to.
    pub(crate) fn listen(&self) -> SocketAddr {
        self.listen
    }

    /// Answers at another address from now on. If that cannot be, it stays where it is.
    pub(crate) async fn move_to(&mut self, listen: SocketAddr) -> Result<(), Unbound> {
        if Hold::Address(listen).excludes(&Hold::Address(self.listen)) {
            self.end().await;
        }
        match serve(listen, &self.agent).await {
            Ok((address, task)) => {
                self.end().await;
                (self.listen, self.address, self.task) = (listen, address, task);
                Ok(())
            }
            Err(unbound) => {
                if self.task.is_finished() {
                    (self.address, self.task) = serve(self.listen, &self.agent).await?;
                }
                Err(unbound)
            }
        }
    }

    async fn end(&mut self) {
        self.task.abort();
        if !self.task.is_finished() {
            // It was aborted, which is no error.
            let _ = (&mut self.task).await;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listen: SocketAddr, agent: &Arc<Agent>) -> Result<(SocketAddr, JoinHandle<()>), Unbound> {
    let unbound = |source| Unbound { address: listen, source };
    let listener = TcpListener::bind(listen).await.map_err(unbound)?;
    let address = listener.local_addr().map_err(unbound)?;
    let pages = Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(readiness))
        .route("/debug/ledger", get(books))
        .with_state(Arc::clone(agent));
    let task = tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, pages).await {
            tracing::error!(error = &error as &dyn std::error::Error, "telemetry ended");
        }
    });
    Ok((address, task))
}

async fn metrics(State(agent): State<Arc<Agent>>, headers: HeaderMap) -> impl IntoResponse {
    let format = Format::negotiate(headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()));
    let report = agent.ledger.report();
    let mut families = ledger::families(&report);
    families.extend(reloads::families(&report.reloads));
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
