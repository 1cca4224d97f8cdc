//! Records have the bytes that the generated encoder writes.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ScopeLogs};
use proptest::collection::vec;
use proptest::prelude::*;
use prost::Message;

use super::*;
use crate::otlp::mapping::{self, AttributeKey};

const SHORT: (&AttributeKey, &str) = (mapping::VERDICT, "cilium.verdict");
const LONG: (&AttributeKey, &str) = (
    mapping::NOTIFICATION_TYPE,
    "cilium.agent_event.notification.type",
);

/// One attribute, under a short or a long name.
#[derive(Clone, Debug)]
enum Attribute {
    Text(String),
    Mac([u8; 17]),
    Int(i64),
    Bool(bool),
    List(Vec<String>),
    Named(String, String),
    NamedList(String, Vec<String>),
}

/// Texts, some of them with lengths that need two bytes.
fn texts() -> impl Strategy<Value = String> {
    (any::<char>(), 0..300_usize).prop_map(|(c, n)| c.to_string().repeat(n))
}

fn attributes() -> impl Strategy<Value = Attribute> {
    let ints = (any::<i64>(), 0..64_u32).prop_map(|(int, shift)| int >> shift);
    prop_oneof![
        texts().prop_map(Attribute::Text),
        Just(Attribute::Mac(*b"02:00:00:00:00:0a")),
        ints.prop_map(Attribute::Int),
        any::<bool>().prop_map(Attribute::Bool),
        vec(texts(), 0..4).prop_map(Attribute::List),
        (texts(), texts()).prop_map(|(name, value)| Attribute::Named(format!("x.{name}"), value)),
        (texts(), vec(texts(), 1..4))
            .prop_map(|(name, values)| Attribute::NamedList(format!("x.{name}"), values)),
    ]
}

fn write(out: &mut LogRecordWriter<'_>, key: &AttributeKey, attribute: &Attribute) {
    match attribute {
        Attribute::Text(text) => out.string(key, text),
        Attribute::Mac(mac) => out.ascii(key, mac),
        Attribute::Int(int) => out.int(key, *int),
        Attribute::Bool(yes) => out.bool(key, *yes),
        Attribute::List(values) => out.strings(key, values),
        Attribute::Named(name, value) => out.named_string(|text| text.push_str(name), value),
        Attribute::NamedList(name, values) => out.named_strings(|text| text.push_str(name), values),
    }
}

/// The attribute as a message; `None` for an empty list.
fn expected(name: &str, attribute: &Attribute) -> Option<KeyValue> {
    let text = |text: &str| Value::StringValue(text.to_owned());
    let any = |value| AnyValue { value: Some(value) };
    let list = |values: &[String]| {
        Value::ArrayValue(ArrayValue {
            values: values.iter().map(|value| any(text(value))).collect(),
        })
    };
    let (name, value) = match attribute {
        Attribute::Text(value) => (name, text(value)),
        Attribute::Mac(mac) => (name, text(std::str::from_utf8(mac).unwrap())),
        Attribute::Int(int) => (name, Value::IntValue(*int)),
        Attribute::Bool(yes) => (name, Value::BoolValue(*yes)),
        Attribute::List(values) if values.is_empty() => return None,
        Attribute::List(values) => (name, list(values)),
        Attribute::Named(name, value) => (name.as_str(), text(value)),
        Attribute::NamedList(name, values) => (name.as_str(), list(values)),
    };
    Some(KeyValue {
        key: name.to_owned(),
        value: Some(any(value)),
        ..KeyValue::default()
    })
}

proptest! {
    #[test]
    fn a_record_has_the_bytes_that_the_generated_encoder_writes(
        time in any::<u64>(),
        body in texts(),
        trace in any::<Option<([u8; 16], [u8; 8], u8)>>(),
        attributes in vec((any::<bool>(), attributes()), 0..60),
    ) {
        let name = |short: bool| if short { SHORT } else { LONG };
        let attributes_of_record = attributes
            .iter()
            .filter_map(|(short, value)| expected(name(*short).1, value));
        let record = LogRecord {
            time_unix_nano: time,
            observed_time_unix_nano: 7,
            severity_number: 13,
            severity_text: "WARN".to_owned(),
            body: Some(AnyValue { value: Some(Value::StringValue(body.clone())) }),
            attributes: attributes_of_record.collect(),
            flags: trace.map_or(0, |(_, _, flags)| flags.into()),
            trace_id: trace.map(|(id, _, _)| id.to_vec()).unwrap_or_default(),
            span_id: trace.map(|(_, id, _)| id.to_vec()).unwrap_or_default(),
            event_name: "hubble.flow".to_owned(),
            ..LogRecord::default()
        };
        let scope_logs = ScopeLogs { log_records: vec![record], ..ScopeLogs::default() };
        let expected = scope_logs.encode_to_vec();

        let mut out = b"before".to_vec();
        let mut scratch = body;
        let header = RecordHeader { time: Timestamp(time), severity: Severity::Warn };
        let mut writer = LogRecordWriter::begin(&mut out, &header, &mut scratch);
        writer.body_from_scratch();
        for (short, value) in &attributes {
            write(&mut writer, name(*short).0, value);
        }
        writer.finish(&RecordTrailer {
            trace_context: trace.map(|(trace_id, parent_id, flags)| TraceContext {
                trace_id,
                parent_id,
                flags,
            }),
            observed: Timestamp(7),
            event_name: "hubble.flow",
        });
        prop_assert!(out.strip_prefix(b"before") == Some(&expected[..]));
    }
}
