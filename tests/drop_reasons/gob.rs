//! Malformed gob in the stream, in access-log records and in notifications.

use tidegate_wire::access_log::{self, Dns, LogRecord, Variant};
use tidegate_wire::agent_notify::{self, AgentNotify};
use tidegate_wire::gob::{
    Definition, Field, GoType, MAX_DEFINITION_BYTES, MAX_DEPTH, MAX_FIELDS, MAX_TYPES,
    StructWriter, Type, TypeId, put_bytes, put_int, put_uint, write_message,
};
use tidegate_wire::payload::{DEFAULT_MAX_FRAME, Encoder, Payload};

use super::samples;

const FIRST: TypeId = TypeId::FIRST;
const SECOND: TypeId = TypeId(FIRST.0 + 1);

/// A stream of one valid loss report, and one frame with this body.
pub(super) fn frame(body: &[u8]) -> Vec<u8> {
    let mut bytes = valid_stream();
    let mut value = Vec::new();
    put_int(&mut value, FIRST.0);
    value.extend(body);
    write_message(&mut bytes, &value);
    bytes
}

fn valid_stream() -> Vec<u8> {
    let payload = Payload {
        data: &[],
        cpu: 0,
        lost: 1,
        kind: Payload::RECORD_LOST,
    };
    let mut bytes = Vec::new();
    Encoder::default().encode(&payload, &mut bytes);
    bytes
}

/// A stream that ends inside a frame.
pub(super) fn truncated_frame() -> Vec<u8> {
    let mut bytes = valid_stream();
    bytes.extend([100, 1]);
    bytes
}

/// A frame whose length exceeds the limit.
pub(super) fn oversized_frame() -> Vec<u8> {
    let mut bytes = valid_stream();
    put_uint(&mut bytes, DEFAULT_MAX_FRAME as u64 + 1);
    bytes
}

/// A stream of values that are not payloads.
pub(super) fn other_values() -> Vec<u8> {
    let mut bytes = Vec::new();
    GoType::structure("Other", [("Text", GoType::built_in(TypeId::STRING))])
        .define(FIRST, &mut bytes);
    write_value(&mut bytes, &[0]);
    bytes
}

/// A payload of an unknown type.
pub(super) fn unknown_payload() -> Vec<u8> {
    let mut bytes = Vec::new();
    Encoder::default().encode(
        &Payload {
            data: &[1],
            cpu: 0,
            lost: 0,
            kind: 7,
        },
        &mut bytes,
    );
    bytes
}

/// Writes a value of the first type.
fn write_value(bytes: &mut Vec<u8>, value: &[u8]) {
    let mut body = Vec::new();
    put_int(&mut body, FIRST.0);
    body.extend(value);
    write_message(bytes, &body);
}

/// A stream of one access-log record with these messages.
pub(super) fn record(messages: &[u8]) -> Vec<u8> {
    samples(&[[&[access_log::MESSAGE_TYPE], messages].concat()])
}

/// A record with one field of a defined type.
pub(super) fn record_with_type(name: &str, ty: Type, value: &[u8]) -> Vec<u8> {
    record_with_field("LogRecord", name, SECOND, Some(ty), value)
}

/// A record with one field of a built-in type.
pub(super) fn record_with_built_in(name: &str, id: TypeId, value: &[u8]) -> Vec<u8> {
    record_with_field("LogRecord", name, id, None, value)
}

fn record_with_field(
    type_name: &str,
    name: &str,
    id: TypeId,
    ty: Option<Type>,
    value: &[u8],
) -> Vec<u8> {
    let fields = [("Timestamp", TypeId::STRING), (name, id)];
    let fields = fields
        .map(|(name, id)| Field {
            name: name.into(),
            id,
        })
        .into();
    let mut messages = definition(type_name, FIRST, Type::Struct(fields));
    messages.extend(
        ty.map(|ty| definition("", SECOND, ty))
            .into_iter()
            .flatten(),
    );
    write_value(&mut messages, &[&[2], value, &[0]].concat());
    record(&messages)
}

/// A DNS answer with an address of five bytes.
pub(super) fn invalid_address() -> Vec<u8> {
    let addresses = GoType::slice("[]net.IP", GoType::built_in(TypeId::BYTES));
    let dns = GoType::structure("LogRecordDNS", [("IPs", addresses)]);
    let ty = GoType::structure(
        "LogRecord",
        [
            ("Timestamp", GoType::built_in(TypeId::STRING)),
            ("DNS", dns),
        ],
    );
    let mut messages = Vec::new();
    let mut value = vec![2, 1, 1];
    ty.define(FIRST, &mut messages);
    put_bytes(&mut value, &[0; 5]);
    write_value(&mut messages, &value);
    record(&messages)
}

/// A DNS record with an invalid timestamp.
pub(super) fn invalid_timestamp(dns: Dns) -> Vec<u8> {
    let mut data = Vec::new();
    let record = LogRecord {
        timestamp: "noon".to_owned(),
        dns: Some(dns),
        ..LogRecord::default()
    };
    access_log::Encoder::new(Variant::C, FIRST).encode(&record, &mut data);
    samples(&[data])
}

/// A record that exceeds the size limit.
pub(super) fn oversized_record() -> Vec<u8> {
    record(&vec![0; access_log::MAX_RECORD])
}

pub(super) fn definition(name: &str, id: TypeId, ty: Type) -> Vec<u8> {
    let mut bytes = Vec::new();
    Definition {
        name: name.into(),
        inner_id: id,
        ty,
    }
    .write(id, &mut bytes);
    bytes
}

pub(super) fn strings() -> Type {
    Type::Slice {
        elem: TypeId::STRING,
    }
}

/// Nested slices, one level beyond the limit.
pub(super) fn nested() -> Vec<u8> {
    record_with_type(
        "Other",
        Type::Slice { elem: SECOND },
        &vec![1; usize::from(MAX_DEPTH) + 2],
    )
}

pub(super) fn many_types() -> Vec<u8> {
    let ids = (0..=MAX_TYPES).map(|at| TypeId(FIRST.0 + i64::try_from(at).unwrap()));
    record(
        &ids.flat_map(|id| definition("", id, strings()))
            .collect::<Vec<_>>(),
    )
}

pub(super) fn many_fields() -> Vec<u8> {
    let fields = (0..=MAX_FIELDS)
        .map(|_| Field {
            name: "A".into(),
            id: TypeId::UINT,
        })
        .collect();
    record(&definition("", FIRST, Type::Struct(fields)))
}

pub(super) fn large_definitions() -> Vec<u8> {
    let name = "n".repeat(MAX_DEFINITION_BYTES / 2);
    let ids = (0..3).map(|at| TypeId(FIRST.0 + at));
    record(
        &ids.flat_map(|id| definition(&name, id, strings()))
            .collect::<Vec<_>>(),
    )
}

/// A well-formed notification.
pub(super) fn notification(kind: u32, text: &str) -> Vec<u8> {
    let mut data = Vec::new();
    agent_notify::encode(
        &AgentNotify {
            kind,
            text: text.to_owned(),
        },
        FIRST,
        &mut data,
    );
    samples(&[data])
}

/// A notification whose second field has this name, with this kind.
pub(super) fn notification_with(name: &'static str, kind: u64) -> Vec<u8> {
    let fields = [("Type", TypeId::UINT), (name, TypeId::STRING)]
        .map(|(name, id)| (name, GoType::built_in(id)));
    let mut data = vec![agent_notify::MESSAGE_TYPE];
    let mut value = Vec::new();
    GoType::structure("AgentNotify", fields).define(FIRST, &mut data);
    StructWriter::new(&mut value).uint(kind).end();
    write_value(&mut data, &value);
    samples(&[data])
}
