//! Logs and spans.

use std::collections::BTreeSet;

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{Span, span::SpanKind};

use super::{attribute, collector, config};
use crate::support::{Agent, Collector, FakeCilium, TestDir, eventually};

fn body(record: &LogRecord) -> &str {
    match record.body.as_ref().and_then(|body| body.value.as_ref()) {
        Some(Value::StringValue(text)) => text,
        other => panic!("{other:?}"),
    }
}

fn record(collector: &Collector, text: &str) -> Option<LogRecord> {
    let mut logs = collector.logs().into_iter();
    logs.find(|record| body(record).contains(text))
}

fn span(collector: &Collector, name: &str) -> Option<Span> {
    let mut spans = collector.spans().into_iter();
    spans.find(|span| span.name == name)
}

#[test]
fn warnings_are_sent_with_their_fields_and_the_span_that_they_belong_to() {
    let dir = TestDir::new();
    let collector = collector();
    let keys = format!("endpoint = \"http://{}\"", collector.address);
    let path = config(&dir, &keys);
    let mut agent = Agent::run(&path);
    agent.find_line("cannot connect to the monitor socket");
    eventually("the warning arrives", || {
        record(&collector, "cannot connect to the monitor socket").is_some()
    });
    let warning = record(&collector, "cannot connect to the monitor socket").unwrap();
    assert_eq!(warning.severity_text, "WARN");
    assert_eq!(
        attribute(&warning.attributes, "stage").as_deref(),
        Some("receivers.monitor1_2")
    );
    std::fs::write(&path, "nonsense").unwrap();
    agent.send_signal("HUP");
    agent.wait_for_line("the configuration cannot be used");
    eventually("the reload arrives", || {
        span(&collector, "reload").is_some() && record(&collector, "cannot be used").is_some()
    });
    let reload = span(&collector, "reload").unwrap();
    assert_eq!(
        attribute(&reload.attributes, "outcome").as_deref(),
        Some("refused")
    );
    let refusal = record(&collector, "cannot be used").unwrap();
    assert_eq!(
        (refusal.trace_id, refusal.span_id),
        (reload.trace_id, reload.span_id)
    );
    agent.send_signal("TERM");
    assert_eq!(agent.wait().code, Some(0));
    let levels: BTreeSet<_> = collector
        .logs()
        .into_iter()
        .map(|record| record.severity_text)
        .collect();
    assert_eq!(Vec::from_iter(levels), ["ERROR", "WARN"]);
}

#[test]
fn start_connect_and_drain_are_spans() {
    let dir = TestDir::new();
    let collector = collector();
    let keys = format!("endpoint = \"http://{}\"", collector.address);
    let mut agent = Agent::run(&config(&dir, &keys));
    agent.find_line("cannot connect to the monitor socket");
    let cilium = FakeCilium::listen(&dir.path("monitor.sock"));
    let _connection = cilium.send(10);
    agent.wait_for_line("connected to the monitor socket");
    agent.send_signal("TERM");
    assert_eq!(agent.wait().code, Some(0));
    let names: BTreeSet<_> = collector
        .spans()
        .into_iter()
        .map(|span| span.name)
        .collect();
    assert_eq!(Vec::from_iter(names), ["connect", "drain", "start"]);
    let mut connects = collector.spans();
    connects.retain(|span| span.name == "connect");
    let socket = dir.path("monitor.sock").display().to_string();
    for connect in &connects {
        assert_eq!(connect.kind, SpanKind::Client as i32);
        let attributes = &connect.attributes;
        assert_eq!(
            attribute(attributes, "server.address"),
            Some(socket.clone())
        );
        assert_eq!(
            attribute(attributes, "stage").as_deref(),
            Some("receivers.monitor1_2")
        );
        assert!(connect.end_time_unix_nano >= connect.start_time_unix_nano);
    }
    let failed = |span: &&Span| {
        let status = span.status.as_ref();
        status.is_some_and(|status| status.code == StatusCode::Error as i32)
    };
    assert_eq!(connects.last().filter(failed), None);
    let first = connects.first().filter(failed).expect("the first fails");
    assert!(attribute(&first.attributes, "error.message").is_some());
}

#[test]
fn signals_and_the_level_decide_what_is_sent_whatever_standard_error_gets() {
    let dir = TestDir::new();
    let collector = collector();
    let keys = format!(
        "endpoint = \"http://{}\"\nsignals = [\"logs\"]\nlevel = \"info\"\ninterval = \"10ms\"",
        collector.address
    );
    let path = config(&dir, &keys);
    let text = std::fs::read_to_string(&path).unwrap();
    let quiet = text.replace("[service]\n", "[service]\nlog = \"off\"\n");
    std::fs::write(&path, quiet).unwrap();
    let agent = Agent::run(&path);
    eventually("the log arrives", || {
        record(&collector, "running").is_some()
    });
    agent.send_signal("TERM");
    let output = agent.wait();
    assert_eq!(output.code, Some(0));
    assert!(!output.stderr.contains("running"), "{}", output.stderr);
    assert_eq!(collector.metrics(), []);
    assert_eq!(collector.spans(), []);
}
