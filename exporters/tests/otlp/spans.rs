//! Spans of requests with their responses.

use tidegate_model::flow::{
    Direction, Flow, FlowType, Http, L7, L7Record, L7Type, MessageSource, Missing, TraceContext,
    Verdict, message_type,
};
use tidegate_model::{Record, Timestamp};
use tonic::{Code, Status};

use crate::backend::{Backend, Reply};
use crate::pipeline::{PipelineSetup, flows};

/// A request with its response, observed at one end.
pub(crate) fn exchange(
    seq: u64,
    direction: Direction,
    context: Option<TraceContext>,
) -> Vec<Record> {
    let message = |l7_type, time| {
        let record = L7Record::Http(Http {
            method: "GET".into(),
            code: if l7_type == L7Type::Response { 200 } else { 0 },
            ..Http::default()
        });
        let l7 = L7 {
            l7_type,
            latency_ns: if l7_type == L7Type::Response { 50 } else { 0 },
            observed_latency: None,
            record,
            trace_context: context,
            source: MessageSource::Proxy,
            missing: Missing::NOTHING,
        };
        Record::Flow(Flow {
            time: Timestamp(time),
            seq,
            flow_type: FlowType::L7,
            message_type: message_type::ACCESS_LOG,
            verdict: Verdict::Forwarded,
            direction,
            l7: Some(Box::new(l7)),
            ..Flow::default()
        })
    };
    vec![
        message(L7Type::Request, 100),
        message(L7Type::Response, 150),
    ]
}

const CONTEXT: TraceContext = TraceContext {
    trace_id: [0xaa; 16],
    parent_id: [0xbb; 8],
    flags: TraceContext::SAMPLED,
};

pub(crate) fn spans(backend: &Backend) -> Vec<opentelemetry_proto::tonic::trace::v1::Span> {
    let requests = backend.services.traces.received().into_iter();
    requests
        .flat_map(|request| request.message.resource_spans)
        .flat_map(|spans| spans.scope_spans)
        .flat_map(|spans| spans.spans)
        .collect()
}

#[tokio::test]
async fn both_ends_of_a_request_are_children_of_the_span_that_sent_it() {
    let backend = Backend::start();
    let config = "signals = [\"flows\", \"traces\"]";
    let pipeline = PipelineSetup::new(&backend.url(), &[config]).start();
    let ends = [(1, Direction::Egress), (2, Direction::Ingress)];
    for (seq, direction) in ends {
        pipeline.send(exchange(seq, direction, Some(CONTEXT))).await;
    }
    let (report, _) = pipeline.finish().await;
    assert_eq!((report.absorbed, report.created), (6, 2));
    let spans = spans(&backend);
    let kinds: Vec<_> = spans.iter().map(|span| span.kind).collect();
    assert_eq!(kinds, [3, 2]);
    for span in &spans {
        assert_eq!(span.trace_id, CONTEXT.trace_id);
        assert_eq!(span.parent_span_id, CONTEXT.parent_id);
        assert_eq!(
            (span.start_time_unix_nano, span.end_time_unix_nano),
            (100, 150)
        );
    }
    assert_ne!(spans[0].span_id, spans[1].span_id);
}

#[tokio::test]
async fn flows_that_are_not_sent_themselves_are_absorbed() {
    let backend = Backend::start();
    let config = "signals = [\"traces\"]";
    let pipeline = PipelineSetup::new(&backend.url(), &[config]).start();
    let records = [flows(1..=3), exchange(4, Direction::Egress, None)].concat();
    pipeline.send(records).await;
    let (report, _) = pipeline.finish().await;
    assert_eq!((report.absorbed, report.created), (6, 1));
    assert_eq!(spans(&backend).len(), 1);
    assert!(backend.services.logs.received().is_empty());
}

#[tokio::test]
async fn refused_spans_are_dropped_with_a_reason_and_leave_log_records_alone() {
    let backend = Backend::start();
    let refusal = Status::new(Code::Unimplemented, "no traces");
    backend.services.traces.reply_with([Reply::Fail(refusal)]);
    let config = "signals = [\"flows\", \"traces\"]";
    let pipeline = PipelineSetup::new(&backend.url(), &[config]).start();
    pipeline.send(exchange(1, Direction::Egress, None)).await;
    let (report, _) = pipeline.finish().await;
    assert_eq!((report.absorbed, report.created), (2, 1));
    assert_eq!(report.dropped, [("unimplemented", 1)].into());
}

#[tokio::test]
async fn unsampled_requests_have_spans_only_if_configured() {
    let context = TraceContext {
        flags: 0,
        ..CONTEXT
    };
    for (config, expected) in [
        ("unsampled_spans = false", 0),
        ("unsampled_spans = true", 1),
    ] {
        let backend = Backend::start();
        let signals = "signals = [\"traces\"]";
        let pipeline = PipelineSetup::new(&backend.url(), &[signals, config]).start();
        pipeline
            .send(exchange(1, Direction::Egress, Some(context)))
            .await;
        let (report, _) = pipeline.finish().await;
        assert_eq!(
            (report.created, spans(&backend).len()),
            (expected, expected as usize)
        );
    }
}
