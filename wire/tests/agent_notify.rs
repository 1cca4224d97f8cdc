//! Agent notifications encoded by Go, and malformed notifications.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod gob_golden;

use gob_golden::vectors;
use proptest::collection::vec;
use proptest::prelude::*;
use tidegate_wire::agent_notify::{AgentNotify, Decoder, Error, MESSAGE_TYPE, encode};
use tidegate_wire::gob::{GoType, StructWriter, TypeId, put_int, write_message};

/// Decodes with a new decoder.
fn decode(data: &[u8]) -> Result<AgentNotify, Error> {
    Decoder::default().decode(data)
}

#[test]
fn every_notification_is_decoded_and_encoded_to_the_byte() {
    for (name, bytes, json) in vectors("agent") {
        let notify = decode(&bytes).unwrap();
        assert_eq!(
            u64::from(notify.kind),
            json["type"].as_u64().unwrap(),
            "{name}"
        );
        assert_eq!(notify.text, json["text"].as_str().unwrap(), "{name}");

        let id = if name.ends_with("id64") {
            TypeId::FIRST
        } else {
            TypeId::FIRST_GO_1_20
        };
        let mut again = Vec::new();
        encode(&notify, id, &mut again);
        assert_eq!(again, bytes, "{name}");
    }
}

#[test]
fn a_decoder_with_cached_definitions_agrees_with_a_new_one() {
    let vectors = vectors("agent");
    let mut decoder = Decoder::default();
    for (name, bytes, _) in vectors.iter().chain(&vectors) {
        assert_eq!(decoder.decode(bytes), decode(bytes), "{name}");
        for end in 0..bytes.len() {
            assert_eq!(
                decoder.decode(&bytes[..end]),
                decode(&bytes[..end]),
                "{name} cut at {end}"
            );
        }
    }
}

#[test]
fn a_truncated_notification_has_no_value() {
    for (name, bytes, _) in vectors("agent") {
        for end in 1..bytes.len() {
            let error = decode(&bytes[..end]).unwrap_err();
            assert_eq!(error.as_str(), "gob_missing_value", "{name} cut at {end}");
        }
    }
}

#[test]
fn a_notification_may_have_no_text() {
    let notify = AgentNotify {
        kind: 7,
        text: String::new(),
    };
    let mut data = Vec::new();
    encode(&notify, TypeId::FIRST, &mut data);
    assert_eq!(decode(&data), Ok(notify));
}

/// A notification with two fields of these types, and a value with these bytes.
fn notification(fields: [(&'static str, TypeId); 2], value: &[u8]) -> Vec<u8> {
    let mut data = vec![MESSAGE_TYPE];
    let fields = fields.map(|(name, id)| (name, GoType::built_in(id)));
    let id = GoType::structure("AgentNotify", fields).define(TypeId::FIRST, &mut data);
    let mut body = Vec::new();
    put_int(&mut body, id.0);
    body.extend_from_slice(value);
    write_message(&mut data, &body);
    data
}

#[test]
fn malformed_notifications_are_refused_with_their_reason() {
    let mut large = Vec::new();
    StructWriter::new(&mut large).uint(1u64 << 32).end();
    let number = ("Type", TypeId::UINT);
    let text = ("Text", TypeId::STRING);
    for (data, reason) in [
        (vec![], "not_agent_notify"),
        (vec![129, 1, 2], "not_agent_notify"),
        (vec![130], "gob_missing_value"),
        (
            notification([number, text], &large),
            "agent_notify_out_of_range",
        ),
        (
            notification([number, ("Other", TypeId::STRING)], &[0]),
            "agent_notify_unknown_shape",
        ),
        (
            notification([("Type", TypeId::INT), text], &[1, 2, 0]),
            "gob_type_mismatch",
        ),
        (
            notification([number, ("Text", TypeId::BYTES)], &[2, 0, 0]),
            "gob_type_mismatch",
        ),
        (
            notification([number, text], &[3, 0]),
            "gob_field_out_of_range",
        ),
    ] {
        assert_eq!(decode(&data).unwrap_err().as_str(), reason, "{data:x?}");
    }
}

proptest! {
    #[test]
    fn encoded_notifications_are_decoded(kind: u32, text: String, id in 64_i64..100_000) {
        let notify = AgentNotify { kind, text };
        let mut data = Vec::new();
        encode(&notify, TypeId(id), &mut data);
        prop_assert_eq!(decode(&data), Ok(notify));
    }

    #[test]
    fn any_bytes_end_in_a_result(mut data in vec(any::<u8>(), 1..512)) {
        data[0] = MESSAGE_TYPE;
        let _ = decode(&data);
    }
}
