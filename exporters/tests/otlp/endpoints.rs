//! Endpoints of every form, several of them, settings of one signal, and credentials.

use std::fs;

use tidegate_model::metric::Value;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpStream, UnixListener};

use crate::backend::{Backend, Reply};
use crate::http_server::{self, HttpServer};
use crate::limits::unused_url;
use crate::metric_values::{counter, point};
use crate::pipeline::{FAST_RETRIES, ONE_RECORD_PER_REQUEST, PipelineSetup, flows};

const HTTP: &str = "protocol = \"http/protobuf\"";
const ONLY_FLOWS: &str = "signals = [\"flows\"]";

/// Sends flows one by one, each in a request of its own, and returns how many were delivered.
pub(crate) async fn send(endpoint: &str, config: &[&str], count: u64) -> u64 {
    let config = [config, &[FAST_RETRIES, ONE_RECORD_PER_REQUEST, ONLY_FLOWS]].concat();
    let pipeline = PipelineSetup::new(endpoint, &config).start();
    pipeline.send(flows(1..=count)).await;
    pipeline.finish().await.0.absorbed
}

#[tokio::test]
async fn a_grpc_endpoint_needs_no_scheme() {
    let backend = Backend::start();
    let target = backend.url().replace("http://", "");
    assert_eq!(send(&target, &["tls = { insecure = true }"], 1).await, 1);
    let by_dns = format!("dns:///{target}");
    assert_eq!(send(&by_dns, &["tls = { insecure = true }"], 1).await, 1);
    assert_eq!(backend.services.logs.received().len(), 2);
}

/// Passes connections of a unix socket on to an address.
fn forward(listener: UnixListener, to: String) {
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut target = TcpStream::connect(&to).await.unwrap();
            tokio::spawn(async move { copy_bidirectional(&mut socket, &mut target).await });
        }
    });
}

#[tokio::test]
async fn unix_sockets_take_both_protocols() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("grpc.sock");
    let backend = Backend::start();
    let listener = UnixListener::bind(&path).unwrap();
    forward(listener, backend.url().replace("http://", ""));
    assert_eq!(send(&format!("unix://{}", path.display()), &[], 2).await, 2);
    assert_eq!(backend.services.logs.received().len(), 2);

    let path = folder.path().join("http.sock");
    let server = HttpServer::start_at(&path);
    assert_eq!(
        send(&format!("unix:{}", path.display()), &[HTTP], 2).await,
        2
    );
    let received = server.received();
    assert_eq!(received[1].line, "POST /v1/logs");
    assert_eq!(received[1].headers["host"], "localhost");
}

/// The keys of several endpoints, in place of the one of [`PipelineSetup`].
fn endpoints(urls: &[String], name: &str) -> PipelineSetup {
    let list = format!("endpoints = {urls:?}, balancer_name = \"{name}\"");
    let config = [&*list, FAST_RETRIES, ONE_RECORD_PER_REQUEST, ONLY_FLOWS];
    PipelineSetup::without_endpoint(&config)
}

#[tokio::test]
async fn a_request_that_an_endpoint_cannot_take_goes_to_the_next_one_at_once() {
    let backend = Backend::start();
    let urls = [unused_url(), backend.url()];
    let mut setup = endpoints(&urls, "pick_first");
    // Another attempt would have to wait for longer than the test.
    setup.config = setup.config.replace(
        FAST_RETRIES,
        "retry_on_failure = { initial_interval = \"1h\", max_interval = \"1h\" }",
    );
    let pipeline = setup.start();
    pipeline.send(flows(1..=3)).await;
    backend.services.logs.wait_for_requests(3).await;
    assert_eq!(pipeline.problem(), None, "the backend accepts requests");
    let (report, ended) = pipeline.finish().await;
    assert_eq!((report.absorbed, report.unconfirmed), (3, 0));
    let failed = ended.count("tidegate_otlp_requests_total", "failed");
    assert_eq!(failed, 1, "the endpoint that failed is left out for a time");
}

#[tokio::test]
async fn a_refused_request_is_sent_to_no_other_endpoint_and_a_busy_one_is_left_out() {
    let first = Backend::start();
    let second = Backend::start();
    let refused = Reply::Fail(tonic::Status::invalid_argument("bad"));
    let busy = Reply::Fail(tonic::Status::unavailable("busy"));
    first.services.logs.reply_with([refused, busy]);
    let pipeline = endpoints(&[first.url(), second.url()], "pick_first").start();
    pipeline.send(flows(1..=4)).await;
    let (report, _) = pipeline.finish().await;
    assert_eq!(report.dropped, [("invalid_for_peer", 1)].into());
    let counts = [&first, &second].map(|one| one.services.logs.received().len());
    assert_eq!((report.absorbed, counts), (3, [2, 3]));
}

#[tokio::test]
async fn requests_are_balanced_over_a_connection_to_each_endpoint() {
    let backends = [Backend::start(), Backend::start(), Backend::start()];
    let urls = [&backends[0], &backends[1], &backends[2]].map(Backend::url);
    let pipeline = endpoints(&urls, "round_robin").start();
    pipeline.send(flows(1..=6)).await;
    let (report, _) = pipeline.finish().await;
    let counts = backends
        .each_ref()
        .map(|one| one.services.logs.received().len());
    assert_eq!((report.absorbed, counts), (6, [2, 2, 2]));
}

#[tokio::test]
async fn a_signal_can_have_settings_of_its_own() {
    let grpc = Backend::start();
    let server = HttpServer::start(Vec::new()).await;
    let keys = format!(
        "headers = {{ tenant = \"all\" }}, metrics_endpoint = \"{}/push\", \
         metrics = {{ protocol = \"http/json\", headers = {{ tenant = \"m\" }}, \
         compression = \"gzip\" }}",
        server.url()
    );
    let pipeline = PipelineSetup::new(&grpc.url(), &[&keys]).start();
    pipeline.send(flows(1..=1)).await;
    pipeline
        .send(vec![point(&counter("a"), Value::Counter(3.0))])
        .await;
    pipeline.finish().await;
    let logs = grpc.services.logs.received();
    assert_eq!(logs[0].metadata.get("tenant").unwrap(), "all");
    assert!(grpc.services.metrics.received().is_empty());
    let metrics = server.received().pop().unwrap();
    assert_eq!(metrics.line, "POST /push");
    assert_eq!(metrics.headers["tenant"], "m");
    assert_eq!(metrics.headers["content-encoding"], "gzip");
    assert_eq!(metrics.headers["content-type"], "application/json");
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table")]
async fn credentials_of_every_form_are_sent_and_read_again_when_their_file_changes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    let file = path.display().to_string();
    for (config, name, expected) in [
        (
            format!("token_file = '{file}'"),
            "authorization",
            ["Bearer one", "Bearer another"],
        ),
        (
            format!("header_files = {{ X-Key = '{file}' }}"),
            "x-key",
            ["one", "another"],
        ),
        (
            format!("basic_auth = {{ username = 'u', password_file = '{file}' }}"),
            "authorization",
            ["Basic dTpvbmU=", "Basic dTphbm90aGVy"],
        ),
    ] {
        fs::write(&path, "one\n").unwrap();
        let server = HttpServer::start(Vec::new()).await;
        let config = [
            &*config,
            HTTP,
            ONE_RECORD_PER_REQUEST,
            ONLY_FLOWS,
            "reload_interval = \"1ms\"",
        ];
        let pipeline = PipelineSetup::new(&server.url(), &config).start();
        let mut seen = Vec::new();
        let mut count = 0;
        while seen.len() < 2 {
            pipeline.send(flows(1..=1)).await;
            count += 1;
            server.wait_for_requests(count).await;
            let value = server.received()[count - 1].headers[name].clone();
            let value = value.to_str().unwrap().to_owned();
            if !seen.contains(&value) {
                seen.push(value);
                fs::write(&path, "another\n").unwrap();
            }
        }
        assert_eq!(seen, expected, "{config:?}");
        pipeline.finish().await;
    }
}

#[tokio::test]
async fn a_password_can_be_in_the_configuration() {
    let server = HttpServer::start(Vec::new()).await;
    let basic = "basic_auth = { username = 'Aladdin', password = 'open sesame' }";
    assert_eq!(send(&server.url(), &[HTTP, basic], 1).await, 1);
    let value = server.received()[0].headers["authorization"].clone();
    assert_eq!(value, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
}

#[tokio::test]
async fn a_server_that_asks_for_a_pause_is_left_out_for_its_length() {
    let busy = http_server::Reply {
        headers: vec![("retry-after", "3600")],
        ..http_server::Reply::status(429)
    };
    let first = HttpServer::start(vec![busy]).await;
    let second = HttpServer::start(Vec::new()).await;
    let mut setup = endpoints(&[first.url(), second.url()], "round_robin");
    setup.config = format!("{}, {HTTP}", setup.config);
    let pipeline = setup.start();
    pipeline.send(flows(1..=4)).await;
    let (report, _) = pipeline.finish().await;
    assert_eq!(
        (
            report.absorbed,
            first.received().len(),
            second.received().len()
        ),
        (4, 1, 4)
    );
}
