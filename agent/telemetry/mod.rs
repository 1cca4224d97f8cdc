//! What the agent tells about itself over HTTP: `/metrics`, `/healthz`, `/readyz`, `/debug/ledger` and `/debug/tap`.
//! Everything is read when it is asked for; nothing here is on the way of a record.

mod books;
mod health;
mod instruments;
mod ledger;
mod page;
mod process;
mod reloads;
mod tap;

pub(crate) use books::Page;
pub(crate) use tap::{DEFAULT_RATE, Form, MAX_RATE, Progress};

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::response::IntoResponse;
use axum::routing::get;
use tidegate_core::ledger::Ledger;
use tidegate_core::pipeline::Hold;
use tidegate_core::stage::Stop;
use tidegate_core::telemetry::Telemetry;
use tidegate_exporters::exposition::Format;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use tap::Places;

/// A server that answers until it is dropped.
pub(crate) struct Server {
    /// As it is configured.
    listen: SocketAddr,
    /// As it is bound.
    address: SocketAddr,
    shared: Arc<Shared>,
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
pub(crate) struct Agent {
    pub(crate) ledger: Ledger,
    pub(crate) telemetry: Telemetry,
    pub(crate) stop: Stop,
    /// `<cluster>/<node>`.
    pub(crate) node_name: String,
}

/// What all requests share.
struct Shared {
    agent: Agent,
    places: Places,
}

impl Server {
    /// Binds the address, and answers from now on.
    pub(crate) async fn start(listen: SocketAddr, agent: Agent) -> Result<Self, Unbound> {
        let shared = Arc::new(Shared { agent, places: Places::default() });
        let (address, task) = serve(listen, &shared).await?;
        Ok(Self { listen, address, shared, task })
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
        match serve(listen, &self.shared).await {
            Ok((address, task)) => {
                self.end().await;
                (self.listen, self.address, self.task) = (listen, address, task);
                Ok(())
            }
            Err(unbound) => {
                if self.task.is_finished() {
                    (self.address, self.task) = serve(self.listen, &self.shared).await?;
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

async fn serve(listen: SocketAddr, shared: &Arc<Shared>) -> Result<(SocketAddr, JoinHandle<()>), Unbound> {
    let unbound = |source| Unbound { address: listen, source };
    let listener = TcpListener::bind(listen).await.map_err(unbound)?;
    let address = listener.local_addr().map_err(unbound)?;
    let pages = Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(readiness))
        .route("/debug/ledger", get(books))
        .route("/debug/tap", get(tap::tap))
        .with_state(Arc::clone(shared));
    let task = tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, pages).await {
            tracing::error!(error = &error as &dyn std::error::Error, "telemetry ended");
        }
    });
    Ok((address, task))
}

async fn metrics(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> impl IntoResponse {
    let agent = &shared.agent;
    let format = Format::negotiate(headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()));
    let report = agent.ledger.report();
    let mut families = ledger::families(&report);
    families.extend(reloads::families(&report.reloads));
    families.extend(instruments::families(&agent.telemetry));
    families.push(health::family(agent.telemetry.health()));
    families.extend(process::families());
    ([(CONTENT_TYPE, format.content_type())], page::write(&families, format))
}

async fn readiness(State(shared): State<Arc<Shared>>) -> impl IntoResponse {
    let agent = &shared.agent;
    health::readiness(agent.telemetry.health(), agent.stop.is_requested())
}

async fn books(State(shared): State<Arc<Shared>>) -> impl IntoResponse {
    let Agent { ledger, telemetry, .. } = &shared.agent;
    ([(CONTENT_TYPE, "application/json")], Page::new(ledger.report(), telemetry).to_json() + "\n")
}
