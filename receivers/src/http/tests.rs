//! The client with scripted servers.

use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, UnixListener};

use super::{Client, HeaderMap, HttpError, MAX_HEAD, Response, Target, Timeouts};

/// What the server does after the last bytes.
#[derive(Clone, Copy, PartialEq)]
enum Then {
    Close,
    Wait,
}

/// A server on a unix socket that reads one request and answers with these bytes.
struct Server {
    directory: TempDir,
}

impl Server {
    fn new(pieces: Vec<Vec<u8>>, then: Then) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(directory.path().join("api.sock")).unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                stream.read_buf(&mut request).await.unwrap();
            }
            for piece in pieces {
                // The client may have read enough.
                let _ = stream.write_all(&piece).await;
                tokio::task::yield_now().await;
            }
            if then == Then::Wait {
                std::future::pending::<()>().await;
            }
        });
        Self { directory }
    }

    fn client(&self, timeouts: Timeouts) -> Client {
        Client {
            target: Target::Unix(self.directory.path().join("api.sock")),
            timeouts,
        }
    }
}

/// The status and body of the response, or the label of the error.
async fn get(bytes: &[u8], then: Then, max_body: u64) -> Result<(u16, Vec<u8>), &'static str> {
    let server = Server::new(vec![bytes.to_vec()], then);
    let client = server.client(Timeouts::of(Duration::from_secs(30)));
    let response = client.get("/v1/ip", &HeaderMap::new(), max_body).await;
    read(response).await
}

async fn read(response: Result<Response, HttpError>) -> Result<(u16, Vec<u8>), &'static str> {
    let label = |error: HttpError| error.label();
    let response = response.map_err(label)?;
    let status = response.status.as_u16();
    Ok((status, response.bytes().await.map_err(label)?))
}

#[tokio::test]
async fn a_body_is_read_by_its_length_by_chunks_or_to_the_end_of_the_connection() {
    let cases: [&[u8]; 3] = [
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nhello",
    ];
    for bytes in cases {
        let expected = Ok((200, b"hello".to_vec()));
        assert_eq!(get(bytes, Then::Close, 5).await, expected);
    }
    let empty = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n";
    assert_eq!(get(empty, Then::Wait, 0).await, Ok((404, Vec::new())));
}

#[tokio::test]
async fn a_response_that_breaks_off_or_is_not_http_is_an_error() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n";
    for end in 0..head.len() + 5 {
        let bytes = [&head[..], b"hello"].concat();
        assert_eq!(
            get(&bytes[..end], Then::Close, 64).await,
            Err("cut"),
            "{end} bytes"
        );
    }
    let chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhel";
    assert_eq!(get(chunked, Then::Close, 64).await, Err("cut"));
    let no_size = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nhello\r\n";
    assert_eq!(get(no_size, Then::Wait, 64).await, Err("not_http"));
    for garbage in [&b"\x02\x04gob\r\n\r\n"[..], b"SSH-2.0-OpenSSH_9.2\r\n\r\n"] {
        assert_eq!(get(garbage, Then::Close, 64).await, Err("not_http"));
    }
}

#[tokio::test]
async fn a_body_that_is_compressed_unasked_is_refused_by_name() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\n\x1f\x8b";
    let server = Server::new(vec![head.to_vec()], Then::Wait);
    let client = server.client(Timeouts::of(Duration::from_secs(30)));
    let response = client.get("/v1/ip", &HeaderMap::new(), 64).await;
    let error = response.err().unwrap();
    assert_eq!(
        (error.to_string().as_str(), error.label()),
        (
            "the response is encoded as \"gzip\", which was not asked for",
            "not_http"
        )
    );
    let plain = b"HTTP/1.1 200 OK\r\ncontent-encoding: identity\r\ncontent-length: 2\r\n\r\n[]";
    let expected = Ok((200, b"[]".to_vec()));
    assert_eq!(get(plain, Then::Wait, 64).await, expected);
}

#[tokio::test]
async fn a_server_can_ask_for_a_pause_of_seconds() {
    for (value, expected) in [
        ("2", Some(2)),
        ("0", Some(0)),
        ("86400", Some(600)),
        ("99999999999999999999999", Some(600)),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
        ("-1", None),
        ("", None),
    ] {
        let head = format!("HTTP/1.1 503 X\r\nretry-after: {value}\r\ncontent-length: 0\r\n\r\n");
        let server = Server::new(vec![head.into_bytes()], Then::Wait);
        let client = server.client(Timeouts::of(Duration::from_secs(30)));
        let response = client.get("/", &HeaderMap::new(), 64).await.unwrap();
        let asked_for = response.retry_after().map(|pause| pause.as_secs());
        assert_eq!(asked_for, expected, "{value}");
    }
}

#[tokio::test]
async fn heads_and_bodies_have_a_bound() {
    let long_head = [
        b"HTTP/1.1 200 OK\r\nx: ",
        &vec![b'x'; 2 * MAX_HEAD][..],
        b"\r\ncontent-length: 0\r\n\r\n",
    ]
    .concat();
    assert_eq!(get(&long_head, Then::Wait, 64).await, Err("not_http"));
    let stated = b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n";
    assert_eq!(get(stated, Then::Wait, 5).await, Err("body_too_large"));
    let endless = [
        &b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n"[..],
        &vec![b' '; 1 << 20],
    ]
    .concat();
    assert_eq!(get(&endless, Then::Wait, 1000).await, Err("body_too_large"));
}

#[tokio::test]
async fn a_peer_that_is_silent_or_slow_is_given_up() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n";
    let short = Timeouts {
        head: Duration::from_millis(1),
        ..Timeouts::of(Duration::from_secs(30))
    };
    let stall = Timeouts {
        progress: Duration::from_millis(1),
        ..Timeouts::of(Duration::from_secs(30))
    };
    let slow = Timeouts {
        body: Duration::from_millis(1),
        ..Timeouts::of(Duration::from_secs(30))
    };
    let cases: [(&[u8], Timeouts, &str); 4] = [
        (b"", short, "no response within 1ms"),
        (&head[..20], short, "no response within 1ms"),
        (
            head,
            stall,
            "nothing more of the response arrived within 1ms",
        ),
        (head, slow, "the response did not end within 1ms"),
    ];
    for (bytes, timeouts, message) in cases {
        let server = Server::new(vec![bytes.to_vec()], Then::Wait);
        let client = server.client(timeouts);
        let error = match client.get("/", &HeaderMap::new(), 64).await {
            Err(error) => error,
            Ok(response) => response.bytes().await.unwrap_err(),
        };
        assert_eq!(
            (error.to_string().as_str(), error.label()),
            (message, "timed_out")
        );
    }
}

#[tokio::test]
async fn an_absent_server_is_unreachable() {
    let directory = tempfile::tempdir().unwrap();
    let client = Client {
        target: Target::Unix(directory.path().join("absent.sock")),
        timeouts: Timeouts::of(Duration::from_secs(30)),
    };
    let error = client.get("/", &HeaderMap::new(), 64).await.err().unwrap();
    assert!(error.is_unreachable(), "{error}");
    assert_eq!(error.label(), "connect_failed");
}

#[tokio::test]
async fn requests_name_the_host_and_the_agent_and_have_the_given_headers() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let authority = listener.local_addr().unwrap().to_string();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            stream.read_buf(&mut request).await.unwrap();
        }
        let refusal = b"HTTP/1.1 403 Forbidden\r\ncontent-length: 9\r\n\r\n disabled";
        stream.write_all(refusal).await.unwrap();
        String::from_utf8(request).unwrap()
    });
    let client = Client {
        target: Target::Tcp(authority.clone()),
        timeouts: Timeouts::of(Duration::from_secs(30)),
    };
    let mut headers = HeaderMap::new();
    headers.insert("brief", "true".parse().unwrap());
    let response = client.get("/v1/healthz?x=1", &headers, 64).await.unwrap();
    assert_eq!(response.excerpt(4).await, "dis");
    let request = server.await.unwrap();
    assert!(
        request.starts_with("GET /v1/healthz?x=1 HTTP/1.1\r\n"),
        "{request}"
    );
    for header in [
        &format!("host: {authority}"),
        "user-agent: tidegate/",
        "accept: application/json",
        "brief: true",
    ] {
        assert!(request.contains(header), "{header} in {request}");
    }
}

#[tokio::test]
async fn a_request_that_cannot_be_sent_is_refused() {
    let client = Client {
        target: Target::Tcp("127.0.0.1:1".to_owned()),
        timeouts: Timeouts::of(Duration::from_secs(30)),
    };
    let error = client
        .get("/a b", &HeaderMap::new(), 64)
        .await
        .err()
        .unwrap();
    assert_eq!(error.label(), "bad_request");
}
