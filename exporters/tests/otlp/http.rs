//! OTLP over HTTP: what arrives at a server, and what becomes of records for each response.

use std::io::Read as _;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use prost::Message as _;
use tidegate_model::metric::Value;
use tidegate_runtime::ledger::StageReport;

use crate::backend::Backend;
use crate::http_server::{HttpServer, Received, Reply};
use crate::metric_values::{counter, point};
use crate::pipeline::{FAST_RETRIES, ONE_RECORD_PER_REQUEST, PipelineSetup, flows};

const PROTOBUF: &str = "protocol = \"http/protobuf\"";
const ONLY_FLOWS: &str = "signals = [\"flows\"]";

fn header<'r>(request: &'r Received, name: &str) -> Option<&'r str> {
    request
        .headers
        .get(name)
        .map(|value| value.to_str().unwrap())
}

/// The body without compression.
pub(crate) fn decompressed(request: &Received) -> Vec<u8> {
    let mut body = Vec::new();
    match header(request, "content-encoding") {
        None => body.extend_from_slice(&request.body),
        Some("gzip") => {
            let mut decoder = flate2::read::GzDecoder::new(&request.body[..]);
            decoder.read_to_end(&mut body).unwrap();
        }
        Some("zstd") => zstd::stream::copy_decode(&request.body[..], &mut body).unwrap(),
        other => panic!("{other:?}"),
    }
    body
}

pub(crate) fn log_request(request: &Received) -> ExportLogsServiceRequest {
    let body = decompressed(request);
    match header(request, "content-type") {
        Some("application/x-protobuf") => ExportLogsServiceRequest::decode(&body[..]).unwrap(),
        Some("application/json") => serde_json::from_slice(&body).unwrap(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_same_records_arrive_in_every_protocol_and_compression() {
    let grpc = Backend::start();
    let pipeline = PipelineSetup::new(&grpc.url(), &[ONLY_FLOWS]).start();
    pipeline.send(flows(1..=20)).await;
    pipeline.finish().await;
    let records = |message: &ExportLogsServiceRequest| {
        let records = &message.resource_logs[0].scope_logs[0].log_records;
        let mut records = records.clone();
        records
            .iter_mut()
            .for_each(|record| record.observed_time_unix_nano = 0);
        records
    };
    let expected = records(&grpc.services.logs.received()[0].message);
    assert_eq!(expected.len(), 20);
    for protocol in ["http/protobuf", "http/json"] {
        for compression in ["none", "gzip", "zstd"] {
            let server = HttpServer::start(Vec::new()).await;
            let keys = format!("protocol = \"{protocol}\", compression = \"{compression}\"");
            let pipeline = PipelineSetup::new(&server.url(), &[&keys, ONLY_FLOWS]).start();
            pipeline.send(flows(1..=20)).await;
            let (report, _) = pipeline.finish().await;
            assert_eq!(report.absorbed, 20, "{keys}");
            let [request] = <[_; 1]>::try_from(server.received()).unwrap();
            assert_eq!(request.line, "POST /v1/logs", "{keys}");
            assert_eq!(records(&log_request(&request)), expected, "{keys}");
            let length = header(&request, "content-length").unwrap();
            assert_eq!(length, request.body.len().to_string(), "{keys}");
            let agent = header(&request, "user-agent").unwrap();
            assert!(agent.starts_with("OTel-OTLP-Exporter-tidegate/"), "{agent}");
            let host = header(&request, "host").unwrap();
            assert_eq!(host, server.address.to_string(), "{keys}");
            assert_eq!(header(&request, "te"), None, "{keys}");
        }
    }
}

#[tokio::test]
async fn metrics_go_to_their_path_below_that_of_the_endpoint() {
    let server = HttpServer::start(Vec::new()).await;
    let endpoint = format!("{}/otlp/", server.url());
    let config = [PROTOBUF, "compression = \"none\""];
    let pipeline = PipelineSetup::new(&endpoint, &config).start();
    pipeline
        .send(vec![point(&counter("a"), Value::Counter(3.0))])
        .await;
    pipeline.finish().await;
    let request = server.received().pop().unwrap();
    assert_eq!(request.line, "POST /otlp/v1/metrics");
    let message = ExportMetricsServiceRequest::decode(&request.body[..]).unwrap();
    assert_eq!(
        message.resource_metrics[0].scope_metrics[0].metrics.len(),
        1
    );
}

/// Sends three flows in requests of their own, of which the first gets this reply. Returns the
/// report of the exporter and the number of requests.
async fn send_three_flows(first: Reply) -> (StageReport, usize) {
    let server = HttpServer::start(vec![first]).await;
    let config = [PROTOBUF, FAST_RETRIES, ONE_RECORD_PER_REQUEST, ONLY_FLOWS];
    let pipeline = PipelineSetup::new(&server.url(), &config).start();
    pipeline.send(flows(1..=3)).await;
    let (report, _) = pipeline.finish().await;
    (report, server.received().len())
}

#[tokio::test]
async fn a_temporary_failure_is_retried_and_any_other_drops_the_records() {
    for status in [429, 502, 503, 504] {
        let (report, requests) = send_three_flows(Reply::status(status)).await;
        assert_eq!((report.absorbed, requests), (3, 4), "{status}");
    }
    let now = Reply {
        headers: vec![("retry-after", "0")],
        ..Reply::status(503)
    };
    assert_eq!(send_three_flows(now).await.0.absorbed, 3);
    for (status, reason) in [
        (400, "invalid_for_peer"),
        (401, "not_authorized"),
        (403, "not_authorized"),
        (404, "unimplemented"),
        (413, "too_large_for_peer"),
        (422, "invalid_for_peer"),
        (500, "permanent_error"),
        (301, "permanent_error"),
    ] {
        let (report, requests) = send_three_flows(Reply::status(status)).await;
        assert_eq!(report.dropped, [(reason, 1)].into(), "{status}");
        assert_eq!((report.absorbed, requests), (2, 3), "{status}");
    }
}

#[tokio::test]
async fn a_partial_success_counts_what_was_rejected() {
    let json: &[u8] = br#"{"partialSuccess":{"rejectedLogRecords":"1","errorMessage":"old"}}"#;
    for (content_type, body) in [
        ("application/x-protobuf", &b"\x0a\x02\x08\x01"[..]),
        ("application/json", json),
    ] {
        let reply = Reply {
            status: 200,
            headers: vec![("content-type", content_type)],
            body,
        };
        let (report, requests) = send_three_flows(reply).await;
        assert_eq!(
            report.dropped,
            [("rejected_by_peer", 1)].into(),
            "{content_type}"
        );
        assert_eq!((report.absorbed, requests), (2, 3), "{content_type}");
    }
}

#[tokio::test]
async fn a_connection_that_the_server_closes_is_replaced() {
    let closing = Reply {
        headers: vec![("connection", "close")],
        ..Reply::status(200)
    };
    let server = HttpServer::start(vec![closing.clone(), closing]).await;
    let config = [PROTOBUF, FAST_RETRIES, ONE_RECORD_PER_REQUEST, ONLY_FLOWS];
    let pipeline = PipelineSetup::new(&server.url(), &config).start();
    pipeline.send(flows(1..=4)).await;
    let (report, _) = pipeline.finish().await;
    assert_eq!((report.absorbed, server.received().len()), (4, 4));
}

#[tokio::test]
async fn a_server_of_grpc_is_reported_with_what_to_change() {
    let grpc = Backend::start();
    let config = [
        PROTOBUF,
        FAST_RETRIES,
        ONE_RECORD_PER_REQUEST,
        "drain_timeout = \"0s\"",
    ];
    let pipeline = PipelineSetup::new(&grpc.url(), &config).start();
    pipeline.send(flows(1..=1)).await;
    let problem = loop {
        match pipeline.problem() {
            Some(problem) => break problem,
            None => tokio::task::yield_now().await,
        }
    };
    assert!(problem.contains("the peer speaks gRPC"), "{problem}");
    pipeline.finish().await;
}
