//! Spans of a real agent's requests.

use std::collections::BTreeSet;

use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;

use crate::recordings::unzip;
use crate::support::{Collector, LedgerReport, Reply, TestDir};

/// The `traceparent` that the recording's client sent.
const TRACE_ID: u128 = 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736;
const PARENT_ID: u64 = 0x00f0_67aa_0ba9_02b7;

fn spans_of_recording() -> (Vec<Span>, LedgerReport) {
    let dir = TestDir::new();
    let collector = Collector::with_replies(&[], Reply::Accept);
    let recording = dir.write("recording", unzip("v1.19.4-s2.rec.gz"));
    let chain = "[\"cilium_decode\", \"l34_flow\", \"dns_flow\", \"http_flow\"]";
    let config = dir.write(
        "pipeline.toml",
        format!(
            "[receivers.replay]\nfile = {recording:?}\n[processors.cilium_decode]\n\
             [processors.l34_flow]\n[processors.dns_flow]\n[processors.http_flow]\n\
             [exporters.otlp]\nendpoint = \"http://{}\"\nsignals = [\"traces\"]\n\
             [service]\ntelemetry.listen = \"127.0.0.1:0\"\n[service.pipelines.flows]\n\
             receivers = [\"replay\"]\nprocessors = {chain}\nexporters = [\"otlp\"]\n",
            collector.address
        ),
    );
    let ledger = LedgerReport::of_run(&dir, &config);
    (collector.spans(), ledger)
}

#[test]
fn the_requests_of_a_real_agent_are_in_the_trace_of_their_client() {
    let (spans, ledger) = spans_of_recording();
    let created = ledger.count("exporters.otlp", "created");
    assert_eq!(spans.len() as u64, created, "{ledger}");
    let traced = |span: &&Span| span.trace_id == TRACE_ID.to_be_bytes();
    let traced: Vec<_> = spans.iter().filter(traced).collect();
    assert!(!traced.is_empty(), "{spans:?}");
    for span in traced {
        assert_eq!(span.parent_span_id, PARENT_ID.to_be_bytes());
        assert_eq!((span.name.as_str(), span.kind()), ("GET", SpanKind::Server));
        let nanos = span.end_time_unix_nano - span.start_time_unix_nano;
        assert_eq!(nanos, 6_036_393, "the latency that Hubble states");
    }
    let ids: BTreeSet<_> = spans.iter().map(|span| &span.span_id).collect();
    assert_eq!(ids.len(), spans.len(), "ids are unique");
    let roots = spans.iter().filter(|span| span.parent_span_id.is_empty());
    let traces: BTreeSet<_> = roots.clone().map(|span| &span.trace_id).collect();
    assert_eq!(traces.len(), roots.count(), "other requests are roots");
}
