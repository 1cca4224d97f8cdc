//! Generated events: packets with DNS and HTTP in them, at the observation points of Cilium 1.19,
//! and access-log records.

use std::net::Ipv4Addr;

pub(crate) use tidegate_wire::access_log::LogRecord;
use tidegate_wire::access_log::{self, Variant};
use tidegate_wire::event::{Common, DropFields, Encoder, PolicyFields, Profile, TraceFields};
use tidegate_wire::gob::TypeId;

pub(crate) const CLIENT: Ipv4Addr = Ipv4Addr::new(10, 0, 1, 5);
pub(crate) const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 9);
pub(crate) const SERVICE: Ipv4Addr = Ipv4Addr::new(10, 96, 0, 10);

const ENCODER: Encoder = Encoder {
    profile: Profile::V1_19,
    padding: 0xee,
};

fn ipv4(protocol: u8, from: Ipv4Addr, to: Ipv4Addr, body: &[u8]) -> Vec<u8> {
    let total = u16::try_from(20 + body.len()).expect("a small packet");
    let mut packet = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, 0x45, 0];
    packet.extend(total.to_be_bytes());
    packet.extend([0, 1, 0x40, 0, 63, protocol, 0, 0]);
    packet.extend(from.octets());
    packet.extend(to.octets());
    packet.extend(body);
    packet
}

pub(crate) fn udp(from: (Ipv4Addr, u16), to: (Ipv4Addr, u16), payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(8 + payload.len()).expect("a small packet");
    let header = [from.1, to.1, length, 0].map(u16::to_be_bytes).concat();
    ipv4(17, from.0, to.0, &[header, payload.to_vec()].concat())
}

pub(crate) fn tcp(from: (Ipv4Addr, u16), to: (Ipv4Addr, u16), seq: u32, payload: &[u8]) -> Vec<u8> {
    segment(from, to, (seq, 1, PSH_ACK), payload)
}

pub(crate) const PSH_ACK: u8 = 0x18;

/// A TCP segment with the given sequence number, acknowledgment number and flags, and a timestamp
/// option.
pub(crate) fn segment(
    from: (Ipv4Addr, u16),
    to: (Ipv4Addr, u16),
    (seq, ack, flags): (u32, u32, u8),
    payload: &[u8],
) -> Vec<u8> {
    let mut segment = [from.1, to.1].map(u16::to_be_bytes).concat();
    segment.extend([seq, ack].map(u32::to_be_bytes).concat());
    segment.extend([0x80, flags, 0xff, 0xff, 0, 0, 0, 0]);
    segment.extend([1, 1, 8, 10, 0, 0, 0, 7, 0, 0, 0, 9]);
    segment.extend(payload);
    ipv4(6, from.0, to.0, &segment)
}

pub(crate) fn trace(point: u8, packet: &[u8]) -> Vec<u8> {
    trace_cut(point, packet, packet.len())
}

/// A trace with only the first bytes of the packet captured.
pub(crate) fn trace_cut(point: u8, packet: &[u8], captured: usize) -> Vec<u8> {
    let mut data = Vec::new();
    let common = common(point, packet);
    let fields = TraceFields {
        common,
        src_label: 11_111,
        dst_label: 22_222,
        ..TraceFields::default()
    };
    ENCODER.trace(&fields, &packet[..captured.min(packet.len())], &mut data);
    data
}

/// A trace with a reason, which is the state in connection tracking.
pub(crate) fn trace_by(point: u8, reason: u8, packet: &[u8]) -> Vec<u8> {
    let mut data = Vec::new();
    ENCODER.trace(
        &TraceFields {
            common: common(point, packet),
            reason,
            ..TraceFields::default()
        },
        packet,
        &mut data,
    );
    data
}

/// A trace between two identities.
pub(crate) fn trace_between(
    point: u8,
    (src_label, dst_label): (u32, u32),
    packet: &[u8],
) -> Vec<u8> {
    let mut data = Vec::new();
    let fields = TraceFields {
        common: common(point, packet),
        src_label,
        dst_label,
        ..TraceFields::default()
    };
    ENCODER.trace(&fields, packet, &mut data);
    data
}

pub(crate) fn drop(reason: u8, packet: &[u8]) -> Vec<u8> {
    let mut data = Vec::new();
    ENCODER.drop(
        &DropFields {
            common: common(reason, packet),
            ..DropFields::default()
        },
        packet,
        &mut data,
    );
    data
}

pub(crate) fn policy_verdict(verdict: i32, packet: &[u8]) -> Vec<u8> {
    let mut data = Vec::new();
    let fields = PolicyFields {
        common: common(0, packet),
        verdict,
        flags: 2,
        ..PolicyFields::default()
    };
    ENCODER.policy_verdict(&fields, packet, &mut data);
    data
}

fn common(subtype: u8, packet: &[u8]) -> Common {
    let len_orig = u32::try_from(packet.len()).expect("a small packet");
    Common {
        subtype,
        source: 77,
        hash: 1,
        len_orig,
    }
}

/// A query for the address of a name, or the response 10.1.1.1 with a TTL of 30 seconds.
pub(crate) fn dns(id: u16, name: &str, response: bool) -> Vec<u8> {
    let mut message = id.to_be_bytes().to_vec();
    let answers = u8::from(response);
    message.extend([
        if response { 0x81 } else { 0x01 },
        answers << 7,
        0,
        1,
        0,
        answers,
        0,
        0,
        0,
        0,
    ]);
    for label in name.split_terminator('.') {
        message.push(u8::try_from(label.len()).expect("a label"));
        message.extend(label.bytes());
    }
    message.extend([0, 0, 1, 0, 1]);
    if response {
        message.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 30, 0, 4, 10, 1, 1, 1]);
    }
    message
}

pub(crate) fn access_log(record: &LogRecord) -> Vec<u8> {
    let mut data = Vec::new();
    access_log::Encoder::new(Variant::C, TypeId(65)).encode(record, &mut data);
    data
}

/// An access-log record about the client and the server, which is the source of a response.
pub(crate) fn logged(kind: &str, protocol: u16, client_port: u16, server_port: u16) -> LogRecord {
    let endpoint = |address: Ipv4Addr, port| access_log::Endpoint {
        ipv4: address.to_string(),
        port,
        ..access_log::Endpoint::default()
    };
    let mut source = endpoint(CLIENT, client_port);
    let mut destination = endpoint(SERVICE, server_port);
    if kind == "Response" {
        std::mem::swap(&mut source, &mut destination);
    }
    LogRecord {
        kind: kind.into(),
        timestamp: "2026-03-01T10:00:00Z".into(),
        transport_protocol: protocol,
        verdict: "Forwarded".into(),
        observation_point: "Egress".into(),
        source,
        destination,
        ..LogRecord::default()
    }
}
