//! Keys that decide what records show.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use tidegate_model::Record;
use tidegate_model::flow::{Direction, Endpoint, EndpointNames, L7Record};

use crate::backend::Backend;
use crate::pipeline::PipelineSetup;
use crate::spans::exchange;

/// A request with a header and a source with a label.
fn request() -> Record {
    let Some(Record::Flow(mut flow)) = exchange(1, Direction::Egress, None).into_iter().next()
    else {
        panic!("a flow")
    };
    if let Some(L7Record::Http(http)) = flow.l7.as_mut().map(|l7| &mut l7.record) {
        http.headers = vec![("Accept".into(), "a".to_owned())];
    }
    let names = EndpointNames {
        labels: ["k8s:app=cart".to_owned()].into(),
        ..EndpointNames::default()
    };
    flow.source = Endpoint {
        names: Some(names.into()),
        ..Endpoint::default()
    };
    Record::Flow(flow)
}

async fn shown(config: &str) -> LogRecord {
    let backend = Backend::start();
    let pipeline = PipelineSetup::new(&backend.url(), &[config]).start();
    pipeline.send(vec![request()]).await;
    pipeline.finish().await;
    let received = backend.services.logs.received();
    let logs = &received[0].message.resource_logs[0].scope_logs[0].log_records;
    logs[0].clone()
}

fn attribute(record: &LogRecord, key: &str) -> Option<Value> {
    let mut attributes = record.attributes.iter();
    attributes.find(|one| one.key == key)?.value.clone()?.value
}

fn body(record: &LogRecord) -> Option<String> {
    match record.body.clone()?.value? {
        Value::StringValue(text) => Some(text),
        _ => None,
    }
}

#[tokio::test]
async fn records_are_shown_as_configured() {
    let default = shown("signals = [\"flows\"]").await;
    assert!(body(&default).is_some_and(|body| !body.starts_with('{')));
    let labels = "cilium.source.labels";
    let header = "http.request.header.accept";
    assert!(matches!(
        attribute(&default, labels),
        Some(Value::ArrayValue(_))
    ));
    assert_eq!(attribute(&default, header), None);

    let json = shown("body = \"json\", labels = \"map\", http_headers = [\"accept\"]").await;
    assert!(body(&json).is_some_and(|body| body.starts_with('{')));
    assert!(matches!(
        attribute(&json, labels),
        Some(Value::KvlistValue(_))
    ));
    assert!(attribute(&json, header).is_some());

    assert_eq!(shown("body = \"none\"").await.body, None);
}
