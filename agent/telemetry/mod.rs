//! The [pages] that the agent serves about itself over HTTP, and its [own] telemetry that it sends.
//! Each request reads the current state; nothing here is on the path of a record.

mod ledger_page;
mod metrics;
mod own;
mod pages;
mod process_usage;
mod readiness;
mod server;
mod tap;

pub(crate) use ledger_page::LedgerPage;
pub(crate) use own::OwnTelemetrySender;
pub(crate) use server::{Server, ServerError, certificates, key, read_tokens, roots};
pub(crate) use tap::{
    DEFAULT_RATE, FilterWord, LineFormatter, MAX_RATE, TapFormat, TapLines, TapProgress,
};

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::response::IntoResponse;
use axum::routing::get;
use tidegate_exporters::http::not_found;
use tidegate_format::exposition::Format;
use tidegate_runtime::ledger::Ledger;
use tidegate_runtime::shutdown::Shutdown;
use tidegate_runtime::telemetry::Telemetry;

use crate::config::TelemetrySettings;
use tap::WatcherSlots;

/// The agent that the pages show.
pub(crate) struct Agent {
    pub(crate) ledger: Ledger,
    pub(crate) telemetry: Telemetry,
    pub(crate) shutdown: Shutdown,
    /// `<cluster>/<node>`.
    pub(crate) node_name: String,
}

/// The state of all requests.
struct PageState {
    agent: Agent,
    watcher_slots: WatcherSlots,
}

/// Starts serving the pages with these settings.
pub(crate) async fn serve_pages(
    settings: &TelemetrySettings,
    agent: Agent,
) -> Result<Server, ServerError> {
    let pages = [
        (pages::METRICS, get(metrics)),
        (pages::HEALTH, get(async || "ok\n")),
        (pages::READINESS, get(readiness)),
        (pages::LEDGER, get(ledger)),
        (pages::TAP, get(tap::tap)),
    ];
    let router = pages
        .into_iter()
        .fold(Router::new(), |router, (page, get)| {
            let with_slash = format!("{}/", page.path);
            router.route(page.path, get.clone()).route(&with_slash, get)
        });
    let router = router
        .fallback(async || not_found())
        .with_state(Arc::new(PageState {
            agent,
            watcher_slots: WatcherSlots::default(),
        }));
    Server::start(settings, router).await
}

async fn metrics(State(state): State<Arc<PageState>>, headers: HeaderMap) -> impl IntoResponse {
    let Agent {
        ledger, telemetry, ..
    } = &state.agent;
    let format = Format::negotiate(headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()));
    let text = metrics::text(ledger, telemetry, format);
    ([(CONTENT_TYPE, format.content_type())], text)
}

async fn readiness(State(state): State<Arc<PageState>>) -> impl IntoResponse {
    let agent = &state.agent;
    readiness::readiness(agent.telemetry.health(), agent.shutdown.is_requested())
}

async fn ledger(State(state): State<Arc<PageState>>) -> impl IntoResponse {
    let Agent {
        ledger,
        telemetry,
        shutdown,
        node_name,
    } = &state.agent;
    let stopping = shutdown.is_requested();
    let page = LedgerPage::new(ledger.report(), telemetry, node_name, stopping);
    let json = page.to_json() + "\n";
    ([(CONTENT_TYPE, "application/json")], json)
}
