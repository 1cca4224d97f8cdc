//! The HTTP endpoint. A scrape copies one family after the other out of the table and writes it down
//! without holding the table, so that points go on coming in.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use tokio::time::Instant;

use super::scrapes::Scrapes;
use super::table::Table;
use crate::exposition::{Format, Writer};

/// What the exporter and its endpoint share.
#[derive(Debug, Default)]
pub(super) struct Endpoint {
    pub(super) path: String,
    pub(super) open_metrics: bool,
    pub(super) table: Mutex<Table>,
    pub(super) scrapes: Mutex<Scrapes>,
}

impl Endpoint {
    /// The router for all requests.
    pub(super) fn router(self: Arc<Self>) -> Router {
        Router::new().fallback(answer).with_state(self)
    }

    pub(super) fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn format(&self, headers: &HeaderMap) -> Format {
        let accept: Vec<_> = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
        if self.open_metrics { Format::negotiate(Some(&accept.join(","))) } else { Format::Text }
    }

    /// The whole exposition.
    fn expose(&self, format: Format) -> String {
        let mut writer = Writer::new(format);
        let names = self.table().names();
        for name in names {
            let snapshot = self.table().snapshot(&name);
            let Some(snapshot) = snapshot else { continue };
            let family = &snapshot.family;
            writer.family(&family.name, &family.help, &family.unit, &family.kind);
            for (labels, value) in &snapshot.samples {
                writer.sample(&labels.names, &labels.values, value);
            }
        }
        writer.finish()
    }

    /// Counts an answer; it shows from the next scrape on, as in Hubble.
    fn answered(&self, code: StatusCode, since: Instant) {
        let mut scrapes = self.scrapes.lock().unwrap_or_else(PoisonError::into_inner);
        for point in scrapes.answered(code.as_u16(), since.elapsed()) {
            // Nothing else has metrics of these names; if it had, they would win.
            let _ = self.table().absorb(&point);
        }
    }
}

async fn answer(State(endpoint): State<Arc<Endpoint>>, request: Request) -> Response {
    if request.uri().path() != endpoint.path {
        let text = format!("the metrics are at {}\n", endpoint.path);
        return (StatusCode::NOT_FOUND, text).into_response();
    }
    let since = Instant::now();
    let response = match *request.method() {
        Method::GET | Method::HEAD => scrape(&endpoint, endpoint.format(request.headers())).await,
        _ => StatusCode::METHOD_NOT_ALLOWED.into_response(),
    };
    endpoint.answered(response.status(), since);
    response
}

async fn scrape(endpoint: &Arc<Endpoint>, format: Format) -> Response {
    let endpoint = Arc::clone(endpoint);
    // Many series take long enough to write that other tasks should not wait behind them.
    match tokio::task::spawn_blocking(move || endpoint.expose(format)).await {
        Ok(text) => ([(CONTENT_TYPE, format.content_type())], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
