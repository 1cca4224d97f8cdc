//! Whatever is written, the bytes are those that generated code writes for the same record.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ScopeLogs};
use proptest::collection::vec;
use proptest::prelude::*;
use prost::Message;

use super::super::key::key;
use super::*;

const SHORT: (&Key, &str) = (key!("a"), "a");
const LONG: (&Key, &str) = (
    key!("cilium.agent_event.notification.type"),
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

/// Texts of which some are longer than one byte can tell.
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

fn write(out: &mut Writer<'_>, key: &Key, attribute: &Attribute) {
    match attribute {
        Attribute::Text(text) => out.text(key, text),
        Attribute::Mac(mac) => out.ascii(key, mac),
        Attribute::Int(int) => out.int(key, *int),
        Attribute::Bool(yes) => out.bool(key, *yes),
        Attribute::List(values) => out.list(key, values),
        Attribute::Named(name, value) => out.named_text(|text| text.push_str(name), value),
        Attribute::NamedList(name, values) => out.named_list(|text| text.push_str(name), values),
    }
}

/// What it is in a message; nothing for an empty list.
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
    fn records_are_what_generated_code_makes_of_them(
        time in any::<u64>(),
        body in texts(),
        trace_id in any::<Option<[u8; 16]>>(),
        attributes in vec((any::<bool>(), attributes()), 0..60),
    ) {
        let name = |short: bool| if short { SHORT } else { LONG };
        let record = LogRecord {
            time_unix_nano: time,
            observed_time_unix_nano: 7,
            severity_number: 13,
            severity_text: "WARN".to_owned(),
            body: Some(AnyValue { value: Some(Value::StringValue(body.clone())) }),
            attributes: attributes.iter().filter_map(|(short, value)| expected(name(*short).1, value)).collect(),
            trace_id: trace_id.map(Vec::from).unwrap_or_default(),
            event_name: "hubble.flow".to_owned(),
            ..LogRecord::default()
        };
        let expected = ScopeLogs { log_records: vec![record], ..ScopeLogs::default() }.encode_to_vec();
        let (mut out, mut text) = (b"before".to_vec(), body);
        let mut writer = Writer::begin_with_text(&mut out, &Head { time: Timestamp(time), severity: Severity::Warn }, &mut text);
        attributes.iter().for_each(|(short, value)| write(&mut writer, name(*short).0, value));
        writer.end(&Tail { trace_id, observed: Timestamp(7), event_name: "hubble.flow" });
        prop_assert!(out.strip_prefix(b"before") == Some(&expected[..]));
    }
}
