//! Gob that no agent writes: in the stream, in access-log records, in notifications.

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

/// A stream of one sample of type 0, which nothing is wrong with, and one frame with this body.
pub(super) fn frame(body: &[u8]) -> Vec<u8> {
    let mut bytes = definition_of_payload();
    let mut value = Vec::new();
    put_int(&mut value, FIRST.0);
    value.extend(body);
    write_message(&mut bytes, &value);
    bytes
}

fn definition_of_payload() -> Vec<u8> {
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
pub(super) fn cut_frame() -> Vec<u8> {
    let mut bytes = definition_of_payload();
    bytes.extend([100, 1]);
    bytes
}

/// A frame that claims more than a frame may have.
pub(super) fn long_frame() -> Vec<u8> {
    let mut bytes = definition_of_payload();
    put_uint(&mut bytes, DEFAULT_MAX_FRAME as u64 + 1);
    bytes
}

/// A stream of something else than payloads.
pub(super) fn other_values() -> Vec<u8> {
    let mut bytes = Vec::new();
    GoType::structure("Other", [("Text", GoType::built_in(TypeId::STRING))])
        .define(FIRST, &mut bytes);
    message(&mut bytes, &[0]);
    bytes
}

/// A payload of a type that there is not.
pub(super) fn other_payload() -> Vec<u8> {
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

/// A value of the first type.
fn message(bytes: &mut Vec<u8>, value: &[u8]) {
    let mut body = Vec::new();
    put_int(&mut body, FIRST.0);
    body.extend(value);
    write_message(bytes, &body);
}

/// A stream of one access-log record with these messages.
pub(super) fn record(messages: &[u8]) -> Vec<u8> {
    samples(&[[&[access_log::MESSAGE_TYPE], messages].concat()])
}

/// A record whose one field has the second type, which is `ty`, and this value.
pub(super) fn record_of(name: &str, ty: Type, value: &[u8]) -> Vec<u8> {
    field_of("LogRecord", name, SECOND, Some(ty), value)
}

/// A record whose one field has a built-in type, and this value.
pub(super) fn built_in(name: &str, id: TypeId, value: &[u8]) -> Vec<u8> {
    field_of("LogRecord", name, id, None, value)
}

fn field_of(of: &str, name: &str, id: TypeId, ty: Option<Type>, value: &[u8]) -> Vec<u8> {
    let fields = [("Timestamp", TypeId::STRING), (name, id)];
    let fields = fields
        .map(|(name, id)| Field {
            name: name.into(),
            id,
        })
        .into();
    let mut messages = definition(of, FIRST, Type::Struct(fields));
    messages.extend(
        ty.map(|ty| definition("", SECOND, ty))
            .into_iter()
            .flatten(),
    );
    message(&mut messages, &[&[2], value, &[0]].concat());
    record(&messages)
}

/// A DNS answer with an address of five bytes.
pub(super) fn odd_address() -> Vec<u8> {
    let addresses = GoType::slice("[]net.IP", GoType::built_in(TypeId::BYTES));
    let dns = GoType::structure("LogRecordDNS", [("IPs", addresses)]);
    let ty = GoType::structure(
        "LogRecord",
        [
            ("Timestamp", GoType::built_in(TypeId::STRING)),
            ("DNS", dns),
        ],
    );
    let (mut messages, mut value) = (Vec::new(), vec![2, 1, 1]);
    ty.define(FIRST, &mut messages);
    put_bytes(&mut value, &[0; 5]);
    message(&mut messages, &value);
    record(&messages)
}

/// A record about a name, without a time.
pub(super) fn timeless(dns: Dns) -> Vec<u8> {
    let mut data = Vec::new();
    let record = LogRecord {
        timestamp: "noon".to_owned(),
        dns: Some(dns),
        ..LogRecord::default()
    };
    access_log::Encoder::new(Variant::C, FIRST).encode(&record, &mut data);
    samples(&[data])
}

/// A record that is longer than one may be.
pub(super) fn long_record() -> Vec<u8> {
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

/// Slices in slices, one deeper than they may be.
pub(super) fn nested() -> Vec<u8> {
    record_of(
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

/// A notification that is well formed.
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

/// A notification whose second field has this name, and whose number is this.
pub(super) fn odd_notification(name: &'static str, kind: u64) -> Vec<u8> {
    let fields = [("Type", TypeId::UINT), (name, TypeId::STRING)]
        .map(|(name, id)| (name, GoType::built_in(id)));
    let (mut data, mut value) = (vec![agent_notify::MESSAGE_TYPE], Vec::new());
    GoType::structure("AgentNotify", fields).define(FIRST, &mut data);
    StructWriter::new(&mut value).uint(kind).end();
    message(&mut data, &value);
    samples(&[data])
}
