//! The HTTP endpoint. A scrape is answered [piece by piece](super::pieces), so that points go on
//! coming in, and so that many series take no more memory for being shown.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use tokio::time::Instant;

use super::pieces::Pieces;
use super::scrapes::Scrapes;
use super::table::Table;
use tidegate_format::exposition::Format;

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
        let accept: Vec<_> = headers
            .get_all(ACCEPT)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .collect();
        if self.open_metrics {
            Format::negotiate(Some(&accept.join(",")))
        } else {
            Format::Text
        }
    }

    /// Counts an answer; it shows from the next scrape on, as in Hubble.
    pub(super) fn answered(&self, code: StatusCode, since: Instant) {
        tracing::debug!(path = self.path, status = code.as_u16(), took = ?since.elapsed(), "answered a scrape");
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
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        let format = endpoint.format(request.headers());
        return scrape(Pieces::new(endpoint, format, since), format);
    }
    endpoint.answered(StatusCode::METHOD_NOT_ALLOWED, since);
    StatusCode::METHOD_NOT_ALLOWED.into_response()
}

/// What fits one piece has a length; the rest is sent as it is written.
fn scrape(mut pieces: Pieces, format: Format) -> Response {
    let first = pieces.piece().unwrap_or_default();
    let body = if pieces.is_done() {
        Body::from(first)
    } else {
        Body::new(pieces.after(first))
    };
    ([(CONTENT_TYPE, format.content_type())], body).into_response()
}
