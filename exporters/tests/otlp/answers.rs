//! What answers in place of a backend: load balancers with a page, proxies, servers that speak
//! something else.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use h2::server::SendResponse;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tonic::codegen::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};

use crate::backend::Backend;
use crate::rig::{ONE_BY_ONE, QUICK, Setup, flows};

/// What is answered.
#[derive(Clone, Copy)]
struct Answer {
    status: u16,
    headers: &'static [(&'static str, &'static str)],
    body: &'static [u8],
    /// Headers behind the body; none where the answer just ends.
    trailers: &'static [(&'static str, &'static str)],
}

const HTML: &[(&str, &str)] = &[("content-type", "text/html")];
const GRPC: &[(&str, &str)] = &[("content-type", "application/grpc")];
const TAKEN: Answer = Answer {
    status: 200,
    headers: GRPC,
    body: b"\0\0\0\0\0",
    trailers: &[("grpc-status", "0")],
};

fn page(status: u16, body: &'static [u8]) -> Answer {
    Answer {
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

/// A server that gives these answers to the first requests, and takes all others. Counts requests.
async fn balancer(answers: Vec<Answer>) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let (answers, counter) = (answers.clone(), Arc::clone(&counter));
            tokio::spawn(async move {
                let mut connection = h2::server::handshake(socket).await.unwrap();
                while let Some(Ok((request, respond))) = connection.accept().await {
                    let mut body = request.into_body();
                    let (answers, counter) = (answers.clone(), Arc::clone(&counter));
                    tokio::spawn(async move {
                        while let Some(Ok(data)) = body.data().await {
                            let _ = body.flow_control().release_capacity(data.len());
                        }
                        let at = counter.fetch_add(1, Ordering::SeqCst);
                        give(respond, answers.get(at).copied().unwrap_or(TAKEN));
                    });
                }
            });
        }
    });
    (url, count)
}

/// A client that does not want the rest is no fault.
fn give(mut respond: SendResponse<Bytes>, answer: Answer) {
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap();
    *response.headers_mut() = map(answer.headers);
    let (is_bare, ends) = (answer.body.is_empty(), answer.trailers.is_empty());
    let mut stream = respond.send_response(response, is_bare && ends).unwrap();
    if !is_bare {
        let _ = stream.send_data(Bytes::from_static(answer.body), ends);
    }
    if !ends {
        let _ = stream.send_trailers(map(answer.trailers));
    }
}

#[tokio::test]
async fn an_answer_that_is_no_grpc_is_repeated_or_not_by_its_http_status() {
    let html = b"<html>503 Service Unavailable</html>";
    let cases: [(Answer, Option<&str>); 16] = [
        (page(503, html), None),
        (page(502, b"upstream connect error"), None),
        (page(504, html), None),
        (page(429, b"slow down"), None),
        (page(503, b""), None),
        (page(503, &[b'<'; 1 << 20]), None),
        (
            Answer {
                headers: GRPC,
                ..page(503, b"")
            },
            None,
        ),
        (
            Answer {
                headers: &[],
                ..page(502, html)
            },
            None,
        ),
        (
            Answer {
                status: 204,
                headers: &[("grpc-status", "14")],
                ..TAKEN
            },
            None,
        ),
        (
            Answer {
                trailers: &[],
                body: b"",
                ..TAKEN
            },
            None,
        ),
        (page(400, html), Some("permanent_error")),
        (page(413, b""), Some("permanent_error")),
        (page(200, html), Some("permanent_error")),
        (page(401, html), Some("not_authorized")),
        (page(403, b""), Some("not_authorized")),
        (page(404, html), Some("unimplemented")),
    ];
    for (answer, reason) in cases {
        let shown = format!(
            "{} {:?} {:?}",
            answer.status,
            answer.headers,
            answer.body.get(..8)
        );
        let (url, count) = balancer(vec![answer]).await;
        let rig = Setup::new(&url, &[QUICK, ONE_BY_ONE, "signals = [\"flows\"]"]).start();
        rig.send(flows(1..=3)).await;
        let (books, _) = rig.finish().await;
        let dropped = reason.map(|reason| (reason, 1)).into_iter().collect();
        assert_eq!(
            (books.absorbed, books.dropped),
            (3 - u64::from(reason.is_some()), dropped),
            "{shown}"
        );
        assert_eq!(
            count.load(Ordering::SeqCst),
            if reason.is_some() { 3 } else { 4 },
            "{shown}"
        );
    }
}

#[tokio::test]
async fn a_status_with_details_that_are_no_base64_is_a_status() {
    let headers = &[
        ("content-type", "application/grpc"),
        ("grpc-status", "14"),
        ("grpc-status-details-bin", "?!"),
    ];
    let (url, _) = balancer(vec![Answer {
        headers,
        body: b"",
        trailers: &[],
        ..TAKEN
    }])
    .await;
    let rig = Setup::new(&url, &[QUICK, ONE_BY_ONE, "signals = [\"flows\"]"]).start();
    rig.send(flows(1..=2)).await;
    let (books, ended) = rig.finish().await;
    assert_eq!((books.absorbed, ended.failure.is_none()), (2, true));
}

/// A server that reads a little and says this, over and over.
async fn says(words: &'static [u8]) -> std::net::SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut some = [0; 16];
            let _ = socket.read(&mut some).await;
            let _ = socket.write_all(words).await;
            let _ = socket.shutdown().await;
        }
    });
    address
}

/// Waits until the stage is degraded, and yields why.
async fn problem(url: &str) -> String {
    let rig = Setup::new(
        url,
        &[
            QUICK,
            ONE_BY_ONE,
            "drain_timeout = \"0s\", signals = [\"flows\"]",
        ],
    )
    .start();
    rig.send(flows(1..=1)).await;
    let problem = loop {
        match rig.problem() {
            Some(problem) => break problem,
            None => tokio::task::yield_now().await,
        }
    };
    let (books, _) = rig.finish().await;
    // A connection that broke may have brought the request to the peer.
    let given_up = books.unconfirmed + books.dropped.get("drain_timeout").copied().unwrap_or(0);
    assert_eq!(
        (books.absorbed, given_up),
        (0, 1),
        "it was tried until the end: {problem}"
    );
    problem
}

#[tokio::test]
async fn a_peer_that_speaks_something_else_is_named_with_the_remedy() {
    let plain = Backend::start();
    let tls_alert = b"\x15\x03\x01\0\x02\x02\x46";
    let http1 = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let cases = [
        (
            format!("http://{}", says(http1).await),
            "is this an OTLP/gRPC endpoint?",
        ),
        (
            format!("http://{}", says(tls_alert).await),
            "begin the endpoint with https://",
        ),
        (
            format!("https://{}", says(http1).await),
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
        (crate::limits::nowhere(), "Connection refused"),
    ];
    for (url, remedy) in cases {
        let problem = problem(&url).await;
        assert!(
            problem.contains(remedy) && problem.contains("cannot reach"),
            "{url}: {problem}"
        );
    }
}
