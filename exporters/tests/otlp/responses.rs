//! Responses of servers that are not backends: error pages of load balancers, proxies, and servers of
//! other protocols.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use h2::server::SendResponse;
use tidegate_runtime::ledger::StageReport;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tonic::codegen::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};

use crate::backend::Backend;
use crate::pipeline::{FAST_RETRIES, ONE_RECORD_PER_REQUEST, PipelineSetup, flows};

/// A scripted response.
#[derive(Clone, Copy)]
struct ScriptedResponse {
    status: u16,
    headers: &'static [(&'static str, &'static str)],
    body: &'static [u8],
    /// Headers after the body; none if the response ends with the body.
    trailers: &'static [(&'static str, &'static str)],
}

/// The body of an error page.
const PAGE: &[u8] = b"<html>503 Service Unavailable</html>";
const HTML: &[(&str, &str)] = &[("content-type", "text/html")];
const GRPC: &[(&str, &str)] = &[("content-type", "application/grpc")];
const ACCEPTED: ScriptedResponse = ScriptedResponse {
    status: 200,
    headers: GRPC,
    body: b"\0\0\0\0\0",
    trailers: &[("grpc-status", "0")],
};

impl ScriptedResponse {
    fn description(&self) -> String {
        format!(
            "{} {:?} {:?}",
            self.status,
            self.headers,
            self.body.get(..8)
        )
    }
}

fn page(status: u16, body: &'static [u8]) -> ScriptedResponse {
    ScriptedResponse {
        status,
        headers: HTML,
        body,
        trailers: &[],
    }
}

fn map(headers: &[(&'static str, &'static str)]) -> HeaderMap {
    headers
        .iter()
        .map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        })
        .collect()
}

/// Starts a server that gives these responses to the first requests and accepts all others. Returns
/// its URL and the number of requests.
async fn start_server(responses: Vec<ScriptedResponse>) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(serve(socket, responses.clone(), Arc::clone(&counter)));
        }
    });
    (url, count)
}

async fn serve(socket: TcpStream, responses: Vec<ScriptedResponse>, counter: Arc<AtomicUsize>) {
    let mut connection = h2::server::handshake(socket).await.unwrap();
    while let Some(Ok((request, respond))) = connection.accept().await {
        let mut body = request.into_body();
        let responses = responses.clone();
        let counter = Arc::clone(&counter);
        tokio::spawn(async move {
            while let Some(Ok(data)) = body.data().await {
                let _ = body.flow_control().release_capacity(data.len());
            }
            let index = counter.fetch_add(1, Ordering::SeqCst);
            send(respond, responses.get(index).copied().unwrap_or(ACCEPTED));
        });
    }
}

/// Sends a response. The client may reset the stream before the end.
fn send(mut respond: SendResponse<Bytes>, scripted: ScriptedResponse) {
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::from_u16(scripted.status).unwrap();
    *response.headers_mut() = map(scripted.headers);
    let has_body = !scripted.body.is_empty();
    let has_trailers = !scripted.trailers.is_empty();
    let mut stream = respond
        .send_response(response, !has_body && !has_trailers)
        .unwrap();
    if has_body {
        let _ = stream.send_data(Bytes::from_static(scripted.body), !has_trailers);
    }
    if has_trailers {
        let _ = stream.send_trailers(map(scripted.trailers));
    }
}

/// Sends three flows in requests of their own, of which the first gets this response. Returns the
/// report of the exporter and the number of requests.
async fn send_three_flows(first: ScriptedResponse) -> (StageReport, usize) {
    let (url, count) = start_server(vec![first]).await;
    let config = [
        FAST_RETRIES,
        ONE_RECORD_PER_REQUEST,
        "signals = [\"flows\"]",
    ];
    let pipeline = PipelineSetup::new(&url, &config).start();
    pipeline.send(flows(1..=3)).await;
    let (report, _) = pipeline.finish().await;
    (report, count.load(Ordering::SeqCst))
}

#[tokio::test]
async fn a_temporary_failure_in_any_form_is_retried() {
    let responses = [
        page(503, PAGE),
        page(502, b"upstream connect error"),
        page(504, PAGE),
        page(429, b"slow down"),
        page(503, b""),
        page(503, &[b'<'; 1 << 20]),
        ScriptedResponse {
            headers: GRPC,
            ..page(503, b"")
        },
        ScriptedResponse {
            headers: &[],
            ..page(502, PAGE)
        },
        ScriptedResponse {
            status: 204,
            headers: &[("grpc-status", "14")],
            ..ACCEPTED
        },
        ScriptedResponse {
            trailers: &[],
            body: b"",
            ..ACCEPTED
        },
    ];
    for response in responses {
        let (report, requests) = send_three_flows(response).await;
        let description = response.description();
        assert_eq!(report.absorbed, 3, "{description}");
        assert_eq!(report.dropped, BTreeMap::new(), "{description}");
        assert_eq!(requests, 4, "{description}");
    }
}

#[tokio::test]
async fn a_permanent_failure_in_any_form_drops_the_records() {
    let cases = [
        (page(400, PAGE), "permanent_error"),
        (page(413, b""), "too_large_for_peer"),
        (page(200, PAGE), "permanent_error"),
        (page(401, PAGE), "not_authorized"),
        (page(403, b""), "not_authorized"),
        (page(404, PAGE), "unimplemented"),
    ];
    for (response, reason) in cases {
        let (report, requests) = send_three_flows(response).await;
        let description = response.description();
        assert_eq!(report.absorbed, 2, "{description}");
        assert_eq!(report.dropped, [(reason, 1)].into(), "{description}");
        assert_eq!(requests, 3, "{description}");
    }
}

#[tokio::test]
async fn malformed_status_details_are_ignored() {
    let headers = &[
        ("content-type", "application/grpc"),
        ("grpc-status", "14"),
        ("grpc-status-details-bin", "?!"),
    ];
    let (url, _) = start_server(vec![ScriptedResponse {
        headers,
        body: b"",
        trailers: &[],
        ..ACCEPTED
    }])
    .await;
    let pipeline = PipelineSetup::new(
        &url,
        &[
            FAST_RETRIES,
            ONE_RECORD_PER_REQUEST,
            "signals = [\"flows\"]",
        ],
    )
    .start();
    pipeline.send(flows(1..=2)).await;
    let (report, ended) = pipeline.finish().await;
    assert_eq!((report.absorbed, ended.failure.is_none()), (2, true));
}

/// Starts a server that reads a few bytes of each connection, sends these and closes it.
async fn start_tcp_server(response: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut buffer = [0; 16];
            let _ = socket.read(&mut buffer).await;
            let _ = socket.write_all(response).await;
            let _ = socket.shutdown().await;
        }
    });
    address
}

/// Waits until the stage is degraded, and returns its problem.
async fn problem(url: &str) -> String {
    let pipeline = PipelineSetup::new(
        url,
        &[
            FAST_RETRIES,
            ONE_RECORD_PER_REQUEST,
            "drain_timeout = \"0s\", signals = [\"flows\"]",
        ],
    )
    .start();
    pipeline.send(flows(1..=1)).await;
    let problem = loop {
        match pipeline.problem() {
            Some(problem) => break problem,
            None => tokio::task::yield_now().await,
        }
    };
    let (report, _) = pipeline.finish().await;
    // The peer may have received the request before the connection broke.
    let given_up = report.unconfirmed + report.dropped.get("drain_timeout").copied().unwrap_or(0);
    assert_eq!(
        (report.absorbed, given_up),
        (0, 1),
        "the request is retried until the end: {problem}"
    );
    problem
}

#[tokio::test]
async fn a_peer_with_another_protocol_is_reported_with_a_hint() {
    let plain = Backend::start();
    let tls_alert = b"\x15\x03\x01\0\x02\x02\x46";
    let http1 = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let cases = [
        (
            format!("http://{}", start_tcp_server(http1).await),
            "is this an OTLP/gRPC endpoint?",
        ),
        (
            format!("http://{}", start_tcp_server(tls_alert).await),
            "begin the endpoint with https://",
        ),
        (
            format!("https://{}", start_tcp_server(http1).await),
            "begin the endpoint with http://",
        ),
        (
            plain.url().replace("http:", "https:"),
            "begin the endpoint with http://",
        ),
        (
            "http://no-such-host.invalid:4317".to_owned(),
            "cannot be looked up",
        ),
        (crate::limits::unused_url(), "Connection refused"),
    ];
    for (url, hint) in cases {
        let problem = problem(&url).await;
        assert!(
            problem.contains(hint) && problem.contains("cannot reach"),
            "{url}: {problem}"
        );
    }
}
