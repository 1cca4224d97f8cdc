//! The agent's own pages over HTTP: `/metrics`, `/healthz`, `/readyz`, `/debug/ledger` and
//! `/debug/tap`. Everything is read when it is asked for; nothing here is on the way of a record.

mod books;
mod health;
mod instruments;
mod ledger;
mod page;
mod process;
mod reloads;
mod server;
mod tap;

pub(crate) use books::Page;
pub(crate) use server::{Server, ServerError, certificates, key, read_tokens, roots};
pub(crate) use tap::{DEFAULT_RATE, Form, MAX_RATE, Progress};

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::response::IntoResponse;
use axum::routing::get;
use tidegate_format::exposition::Format;
use tidegate_runtime::ledger::Ledger;
use tidegate_runtime::shutdown::Shutdown;
use tidegate_runtime::telemetry::Telemetry;

use crate::config::TelemetrySettings;
use tap::Places;

/// What the pages are made of.
pub(crate) struct Agent {
    pub(crate) ledger: Ledger,
    pub(crate) telemetry: Telemetry,
    pub(crate) shutdown: Shutdown,
    /// `<cluster>/<node>`.
    pub(crate) node_name: String,
}

/// What all requests share.
struct Shared {
    agent: Agent,
    places: Places,
}

/// Serves the pages where `settings` say, from now on.
pub(crate) async fn serve_pages(
    settings: &TelemetrySettings,
    agent: Agent,
) -> Result<Server, ServerError> {
    let router = Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(readiness))
        .route("/debug/ledger", get(books))
        .route("/debug/tap", get(tap::tap))
        .with_state(Arc::new(Shared {
            agent,
            places: Places::default(),
        }));
    Server::start(settings, router).await
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
    (
        [(CONTENT_TYPE, format.content_type())],
        page::write(&families, format),
    )
}

async fn readiness(State(shared): State<Arc<Shared>>) -> impl IntoResponse {
    let agent = &shared.agent;
    health::readiness(agent.telemetry.health(), agent.shutdown.is_requested())
}

async fn books(State(shared): State<Arc<Shared>>) -> impl IntoResponse {
    let Agent {
        ledger, telemetry, ..
    } = &shared.agent;
    (
        [(CONTENT_TYPE, "application/json")],
        Page::new(ledger.report(), telemetry).to_json() + "\n",
    )
}
