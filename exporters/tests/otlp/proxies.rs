//! HTTP proxies: of the configuration and of the environment, by tunnels and by forwarding.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use crate::backend::Backend;
use crate::endpoints::send;
use crate::http_server::HttpServer;
use crate::limits::unused_url;
use crate::pipeline::{FAST_RETRIES, PipelineSetup, flows};
use crate::tls::{https_server, table};

const GRPC: &str = "protocol = \"grpc\"";
const HTTP: &str = "protocol = \"http/protobuf\"";
const ONLY_FLOWS: &str = "signals = [\"flows\"]";

/// An HTTP proxy that opens tunnels to one backend, whatever their target, and records the heads of
/// the requests that it gets.
struct Proxy {
    url: String,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    async fn start(to: String, status: &'static str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://alice:s3cret@{}", listener.local_addr().unwrap());
        let heads = Arc::new(Mutex::new(Vec::new()));
        let recorded = Arc::clone(&heads);
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(socket.read_u8().await.unwrap());
                }
                recorded
                    .lock()
                    .unwrap()
                    .push(String::from_utf8(head).unwrap());
                let response = format!("HTTP/1.1 {status}\r\n\r\n");
                socket.write_all(response.as_bytes()).await.unwrap();
                if status.starts_with("200") {
                    let mut target = TcpStream::connect(&to).await.unwrap();
                    tokio::spawn(async move { copy_bidirectional(&mut socket, &mut target).await });
                }
            }
        });
        Self { url, heads }
    }
}

#[tokio::test]
async fn grpc_goes_through_a_tunnel_of_the_proxy() {
    let backend = Backend::start();
    let to = backend.url().replace("http://", "");
    let proxy = Proxy::start(to, "200 OK").await;
    let key = format!("proxy_url = \"{}\"", proxy.url);
    assert_eq!(send("http://backend.test:4317", &[&key], 2).await, 2);
    let head = proxy.heads.lock().unwrap()[0].clone();
    assert_eq!(
        head,
        "CONNECT backend.test:4317 HTTP/1.1\r\nHost: backend.test:4317\r\n\
         Proxy-Authorization: Basic YWxpY2U6czNjcmV0\r\n\r\n"
    );
}

#[tokio::test]
async fn plain_http_is_forwarded_by_the_proxy() {
    let proxy = HttpServer::start(Vec::new()).await;
    let key = format!("proxy_url = \"http://alice:s3cret@{}\"", proxy.address);
    assert_eq!(send("http://backend.test:4318", &[HTTP, &key], 1).await, 1);
    let request = proxy.received().pop().unwrap();
    assert_eq!(request.line, "POST http://backend.test:4318/v1/logs");
    assert_eq!(request.headers["host"], "backend.test:4318");
    assert_eq!(
        request.headers["proxy-authorization"],
        "Basic YWxpY2U6czNjcmV0"
    );
}

#[tokio::test]
async fn a_proxy_that_refuses_is_named_without_its_password() {
    let proxy = Proxy::start(String::new(), "403 Forbidden").await;
    let key = format!("proxy_url = \"{}\", drain_timeout = \"0s\"", proxy.url);
    let config = [&*key, FAST_RETRIES];
    let pipeline = PipelineSetup::new("https://backend.test", &config).start();
    pipeline.send(flows(1..=1)).await;
    let problem = loop {
        match pipeline.problem() {
            Some(problem) => break problem,
            None => tokio::task::yield_now().await,
        }
    };
    assert!(
        problem.contains("responded 403 Forbidden to CONNECT")
            && problem.contains("check `proxy_url`")
            && !problem.contains("s3cret"),
        "{problem}"
    );
    pipeline.finish().await;
}

#[tokio::test]
async fn https_goes_through_a_tunnel_of_the_proxy() {
    let (url, versions) = https_server(b"http/1.1").await;
    let proxy = Proxy::start(url.replace("https://", ""), "200 OK").await;
    let key = format!("proxy_url = \"{}\"", proxy.url);
    let table = table("backend.test", true);
    assert_eq!(
        send("https://backend.test:4318", &[HTTP, &key, &table], 2).await,
        2
    );
    assert_eq!(versions.lock().unwrap().len(), 2);
    let head = proxy.heads.lock().unwrap()[0].clone();
    assert!(
        head.starts_with("CONNECT backend.test:4318 HTTP/1.1\r\n")
            && head.contains("\r\nProxy-Authorization: Basic YWxpY2U6czNjcmV0\r\n"),
        "{head}"
    );
}

/// Sends a flow with variables, and returns whether it was delivered.
async fn send_with(endpoint: &str, protocol: &str, variables: &[(&'static str, String)]) -> bool {
    let config = [ONLY_FLOWS, protocol, FAST_RETRIES, "drain_timeout = \"5s\""];
    let mut setup = PipelineSetup::new(endpoint, &config);
    setup.environment = variables.to_vec();
    let pipeline = setup.start();
    pipeline.send(flows(1..=1)).await;
    pipeline.finish().await.0.absorbed == 1
}

#[tokio::test]
async fn the_proxy_of_the_scheme_is_used() {
    // The second variable of each pair would lead nowhere.
    for (used, other) in [
        ("HTTP_PROXY", "HTTPS_PROXY"),
        ("HTTP_PROXY", "http_proxy"),
        ("http_proxy", "https_proxy"),
        ("http_proxy", "ALL_PROXY"),
        ("ALL_PROXY", "HTTPS_PROXY"),
        ("all_proxy", "https_proxy"),
    ] {
        let proxy = HttpServer::start(Vec::new()).await;
        let variables = [(used, proxy.url()), (other, unused_url())];
        assert!(
            send_with("http://backend.test:4318", HTTP, &variables).await,
            "{used}"
        );
        let line = proxy.received().pop().unwrap().line;
        assert_eq!(line, "POST http://backend.test:4318/v1/logs", "{used}");
    }
}

#[tokio::test]
async fn grpc_takes_the_proxy_of_https() {
    for (used, other) in [
        ("HTTPS_PROXY", "HTTP_PROXY"),
        ("HTTPS_PROXY", "https_proxy"),
        ("https_proxy", "http_proxy"),
        ("https_proxy", "all_proxy"),
        ("ALL_PROXY", "HTTP_PROXY"),
        ("all_proxy", "http_proxy"),
    ] {
        let backend = Backend::start();
        let proxy = Proxy::start(backend.address.to_string(), "200 OK").await;
        let variables = [(used, proxy.url.clone()), (other, unused_url())];
        assert!(
            send_with("http://backend.test:4317", GRPC, &variables).await,
            "{used}"
        );
        let head = proxy.heads.lock().unwrap()[0].clone();
        assert!(
            head.starts_with("CONNECT backend.test:4317 "),
            "{used}: {head}"
        );
    }
}

#[tokio::test]
async fn hosts_that_need_no_proxy_are_reached_directly() {
    // This host, by an address that is none of loopback.
    let here = |url: String| url.replace("127.0.0.1", "0.0.0.0");
    for name in ["NO_PROXY", "no_proxy"] {
        for (list, is_direct) in [
            ("*", true),
            ("10.0.0.0/8, 0.0.0.0/8", true),
            ("example.org,0.0.0.0:PORT", true),
            ("0.0.0.0:1", false),
            ("10.0.0.0/8", false),
            ("", false),
        ] {
            let server = HttpServer::start(Vec::new()).await;
            let proxy = HttpServer::start(Vec::new()).await;
            let listed = list.replace("PORT", &server.address.port().to_string());
            let variables = [("HTTP_PROXY", proxy.url()), (name, listed)];
            assert!(
                send_with(&here(server.url()), HTTP, &variables).await,
                "{list}"
            );
            let direct = server.received().len() == 1;
            assert_eq!(
                (direct, proxy.received().is_empty()),
                (is_direct, is_direct),
                "{list}"
            );

            let backend = Backend::start();
            let listed = list.replace("PORT", &backend.address.port().to_string());
            let proxy = Proxy::start(backend.address.to_string(), "200 OK").await;
            let variables = [("HTTPS_PROXY", proxy.url.clone()), (name, listed)];
            assert!(
                send_with(&here(backend.url()), GRPC, &variables).await,
                "{list}"
            );
            assert_eq!(proxy.heads.lock().unwrap().is_empty(), is_direct, "{list}");
        }
    }
}

#[tokio::test]
async fn this_host_needs_no_proxy() {
    let server = HttpServer::start(Vec::new()).await;
    let variables = [("HTTP_PROXY", unused_url())];
    assert!(send_with(&server.url(), HTTP, &variables).await);
}
