//! Malformed records, each with the reason to refuse it.

use tidegate_wire::access_log::{Decoder, LogRecord, MAX_RECORD, MESSAGE_TYPE, Variant};
use tidegate_wire::gob::{
    GoShape, GoType, StructWriter, TypeId, put_bytes, put_int, put_uint, write_message,
};

const STRING: TypeId = TypeId::STRING;
const UINT: TypeId = TypeId::UINT;

/// A record of type `ty` with the fields that `write` writes.
fn data(ty: &GoType, write: impl FnOnce(&mut StructWriter<'_>)) -> Vec<u8> {
    let mut data = vec![MESSAGE_TYPE];
    let id = ty.define(TypeId::FIRST, &mut data);
    let mut body = Vec::new();
    put_int(&mut body, id.0);
    let mut fields = StructWriter::new(&mut body);
    write(&mut fields);
    fields.end();
    write_message(&mut data, &body);
    data
}

/// The type of a `LogRecord` with a timestamp and another field.
fn log_record(name: &'static str, ty: GoType) -> GoType {
    let timestamp = ("Timestamp", GoType::built_in(STRING));
    GoType::structure("LogRecord", [timestamp, (name, ty)])
}

/// A record with one field of a built-in type.
fn one(name: &'static str, id: TypeId, write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let ty = log_record(name, GoType::built_in(id));
    data(&ty, |fields| write(fields.absent().present()))
}

/// A record with a struct of one field.
fn nested(
    name: &'static str,
    inner: &'static str,
    ty: GoType,
    write: impl FnOnce(&mut Vec<u8>),
) -> Vec<u8> {
    let ty = log_record(name, GoType::structure("Inner", [(inner, ty)]));
    data(&ty, |fields| {
        fields.absent().nested(|fields| write(fields.present()));
    })
}

fn number(value: u64) -> impl Fn(&mut Vec<u8>) {
    move |out| put_uint(out, value)
}

/// A list with one element of bytes.
fn listed(bytes: &'static [u8]) -> impl Fn(&mut Vec<u8>) {
    move |out| {
        put_uint(out, 1);
        put_bytes(out, bytes);
    }
}

fn decode(data: &[u8]) -> Result<LogRecord, &'static str> {
    Decoder::default()
        .decode(data)
        .map_err(|error| error.as_str())
}

fn net_ip() -> GoType {
    GoType::slice("[]net.IP", GoType::built_in(TypeId::BYTES))
}

fn netip_addr() -> GoType {
    GoType::slice(
        "[]netip.Addr",
        GoType {
            name: "Addr",
            shape: GoShape::Binary,
        },
    )
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn malformed_records_are_refused_with_their_reason() {
    let uints = || GoType::slice("[]uint16", GoType::built_in(UINT));
    let integer = || GoType::built_in(TypeId::INT);
    let uint = || GoType::built_in(UINT);
    let notify = GoType::structure("AgentNotify", [("Text", GoType::built_in(STRING))]);
    let mut large = one("Info", STRING, |out| {
        put_bytes(out, &vec![b'a'; MAX_RECORD])
    });
    for (case, data, reason) in [
        ("no data", vec![], "not_access_log"),
        ("a notification", vec![130, 1], "not_access_log"),
        (
            "nothing behind the type",
            vec![MESSAGE_TYPE],
            "gob_missing_value",
        ),
        (
            "a value without its type",
            vec![129, 3, 0xff, 0x82, 0],
            "gob_unknown_type",
        ),
        (
            "another struct",
            data(&notify, |_| {}),
            "access_log_unknown_shape",
        ),
        (
            "too many bytes",
            std::mem::take(&mut large),
            "access_log_too_large",
        ),
        (
            "verdict as number",
            one("Verdict", UINT, number(1)),
            "gob_type_mismatch",
        ),
        (
            "labels as text",
            nested(
                "SourceEndpoint",
                "Labels",
                GoType::built_in(STRING),
                number(0),
            ),
            "gob_type_mismatch",
        ),
        (
            "IP version 256",
            one("IPVersion", UINT, number(256)),
            "access_log_out_of_range",
        ),
        (
            "drop reason 65536",
            one("DropReason", UINT, number(65536)),
            "access_log_out_of_range",
        ),
        (
            "protocol 65536",
            one("TransportProtocol", UINT, number(65536)),
            "access_log_out_of_range",
        ),
        (
            "port 65536",
            nested("SourceEndpoint", "Port", uint(), number(65536)),
            "access_log_out_of_range",
        ),
        (
            "TTL 2^32",
            nested("DNS", "TTL", uint(), number(1 << 32)),
            "access_log_out_of_range",
        ),
        (
            "API version 32768",
            nested("Kafka", "APIVersion", integer(), number(65536)),
            "access_log_out_of_range",
        ),
        (
            "query type 65536",
            nested("DNS", "QTypes", uints(), |out| {
                put_uint(out, 1);
                put_uint(out, 65536);
            }),
            "access_log_out_of_range",
        ),
        (
            "17 bytes of net.IP",
            nested("DNS", "IPs", net_ip(), listed(&[0; 17])),
            "access_log_address_length",
        ),
        (
            "5 bytes of netip.Addr",
            nested("DNS", "IPs", netip_addr(), listed(&[0; 5])),
            "access_log_address_length",
        ),
        (
            "a list longer than the record",
            nested("DNS", "QTypes", uints(), number(200)),
            "gob_length_out_of_range",
        ),
    ] {
        assert_eq!(decode(&data), Err(reason), "{case}");
    }
}

#[test]
fn unknown_fields_are_skipped() {
    let data = nested("Latency", "Microseconds", GoType::built_in(UINT), number(7));
    let expected = LogRecord {
        variant: Variant::D,
        ..LogRecord::default()
    };
    assert_eq!(decode(&data), Ok(expected));
}

/// `Code` is an integer in the HTTP part.
#[test]
fn fields_of_other_structs_are_skipped_regardless_of_their_type() {
    let uint = || GoType::built_in(UINT);
    for (case, data) in [
        ("in the record", one("Protocol", TypeId::INT, number(4))),
        (
            "in an endpoint",
            nested("SourceEndpoint", "Type", uint(), number(7)),
        ),
        (
            "in a node",
            nested(
                "NodeAddressInfo",
                "Port",
                GoType::built_in(STRING),
                number(0),
            ),
        ),
        ("in DNS", nested("DNS", "Code", uint(), number(7))),
        ("in HTTP", nested("HTTP", "Name", uint(), number(7))),
        ("in Kafka", nested("Kafka", "Query", uint(), number(7))),
        (
            "in another protocol",
            nested("L7", "TTL", GoType::built_in(STRING), number(0)),
        ),
    ] {
        assert_eq!(
            decode(&data).map(|record| record.kind),
            Ok(String::new()),
            "{case}"
        );
    }
    assert_eq!(
        decode(&nested("HTTP", "Code", uint(), number(7))),
        Err("gob_type_mismatch")
    );
}

#[test]
fn addresses_are_printed_as_in_go() {
    let mapped: &[u8] = &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1];
    let zoned: &[u8] = &[
        0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, b'e', b't', b'h', b'0',
    ];
    for (ty, bytes, text) in [
        (net_ip(), mapped, "10.0.0.1"),
        (netip_addr(), mapped, "::ffff:10.0.0.1"),
        (netip_addr(), zoned, "fe80::1%eth0"),
        (netip_addr(), &[10, 0, 0, 1], "10.0.0.1"),
        (netip_addr(), &[], "invalid IP"),
    ] {
        let record = decode(&nested("DNS", "IPs", ty, listed(bytes))).unwrap();
        assert_eq!(record.dns.unwrap().ips[0].to_string(), text);
    }
}

#[test]
fn text_that_is_not_utf_8_is_replaced() {
    let record = decode(&one("Info", STRING, |out| put_bytes(out, b"a\xff"))).unwrap();
    assert_eq!(record.info, "a\u{fffd}");
}
