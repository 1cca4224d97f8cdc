//! The HTTP endpoint.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use tidegate_format::exposition::Format;
use tokio::time::Instant;

use super::body::ExpositionBody;
use super::shared::Shared;
use crate::http::{ContentCoding, Index, Page, is_read, method_not_allowed};

/// Serves the exposition.
#[derive(Debug)]
pub(super) struct Endpoint {
    /// Whether a scraper that asks for OpenMetrics gets it.
    pub(super) open_metrics: bool,
    pub(super) shared: Arc<Shared>,
}

impl Endpoint {
    /// Returns a router for all requests.
    pub(super) fn router(self) -> Router {
        Router::new().fallback(respond).with_state(Arc::new(self))
    }

    /// Whether the metrics are at this path; a slash at its end is ignored.
    fn has_metrics_at(&self, path: &str) -> bool {
        let configured = self.shared.path.as_str();
        path == configured || path.strip_suffix('/') == Some(configured)
    }

    fn index(&self) -> Index {
        Index {
            title: concat!("tidegate ", env!("CARGO_PKG_VERSION"), ": metrics of flows").into(),
            pages: vec![Page {
                path: self.shared.path.clone().into(),
                about: "metrics of flows, for Prometheus",
            }],
            note: "",
        }
    }

    fn format(&self, headers: &HeaderMap) -> Format {
        if !self.open_metrics {
            return Format::Text;
        }
        let accept: Vec<_> = headers
            .get_all(ACCEPT)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .collect();
        Format::negotiate(Some(&accept.join(",")))
    }
}

async fn respond(State(endpoint): State<Arc<Endpoint>>, request: Request) -> Response {
    let path = request.uri().path();
    if !endpoint.has_metrics_at(path) {
        if path == "/" && is_read(request.method()) {
            return endpoint.index().respond(request.headers());
        }
        let text = format!("the metrics are at {}\n", endpoint.shared.path);
        return (StatusCode::NOT_FOUND, text).into_response();
    }
    let start = Instant::now();
    if !is_read(request.method()) {
        let status = StatusCode::METHOD_NOT_ALLOWED;
        endpoint.shared.record_response(status, start.elapsed());
        return method_not_allowed(request.method());
    }
    let format = endpoint.format(request.headers());
    let coding = ContentCoding::negotiate(request.headers());
    let mut body = match ExpositionBody::new(Arc::clone(&endpoint.shared), format, coding, start) {
        Ok(body) => body,
        Err(error) => {
            let status = StatusCode::SERVICE_UNAVAILABLE;
            endpoint.shared.record_response(status, start.elapsed());
            return (status, format!("cannot compress the metrics: {error}\n")).into_response();
        }
    };
    // A response of one chunk gets a `Content-Length`, others are sent as they are written.
    let first = body.next_chunk().unwrap_or_default();
    let body = if body.is_finished() {
        Body::from(first)
    } else {
        Body::new(body.starting_with(first))
    };
    let mut response = ([(CONTENT_TYPE, format.content_type())], body).into_response();
    let headers = response.headers_mut();
    if let Some(name) = coding.name() {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(name));
    }
    headers.insert(VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
    response
}
