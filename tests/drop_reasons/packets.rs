//! Traces of packets that Hubble rejects.

use tidegate_wire::event::{Common, Encoder, Profile, RecorderFields, TraceFields, flags};

use super::samples;

pub(super) const ICMP: u8 = 1;
pub(super) const IGMP: u8 = 2;
pub(super) const TCP: u8 = 6;
pub(super) const UDP: u8 = 17;
pub(super) const ICMPV6: u8 = 58;
pub(super) const VRRP: u8 = 112;
pub(super) const SCTP: u8 = 132;
/// An ICMP message of the minimum length.
pub(super) const ECHO: [u8; 8] = [8, 0, 0, 0, 0, 0, 0, 0];

/// A stream of one trace of a packet with an Ethernet header.
pub(super) fn ethernet(packet: &[u8]) -> Vec<u8> {
    trace(0, packet)
}

/// The same without an Ethernet header.
pub(super) fn ip(packet: &[u8]) -> Vec<u8> {
    let version = packet.first().map_or(0, |first| first >> 4);
    trace(
        flags::L3_DEVICE | if version == 6 { flags::IPV6 } else { 0 },
        packet,
    )
}

/// A stream of one trace of a UDP packet that the event marks as a tunnel's.
pub(super) fn tunnel(flag: u8, payload: &[u8]) -> Vec<u8> {
    trace(flags::L3_DEVICE | flag, &ipv4(UDP, &udp(0, payload)))
}

fn trace(flags: u8, packet: &[u8]) -> Vec<u8> {
    let len_orig = u32::try_from(packet.len()).unwrap();
    let fields = TraceFields {
        common: Common {
            len_orig,
            ..Common::default()
        },
        flags,
        ..TraceFields::default()
    };
    let mut data = Vec::new();
    Encoder {
        profile: Profile::V1_19,
        padding: 0,
    }
    .trace(&fields, packet, &mut data);
    samples(&[data])
}

/// A stream of one capture of Cilium's recorder.
pub(super) fn recorder() -> Vec<u8> {
    let mut data = Vec::new();
    let fields = RecorderFields {
        subtype: 1,
        ..RecorderFields::default()
    };
    Encoder {
        profile: Profile::V1_13,
        padding: 0,
    }
    .recorder(&fields, &ipv4(ICMP, &ECHO), &mut data);
    samples(&[data])
}

pub(super) fn ipv4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    ipv4_with_options(protocol, &[], payload)
}

pub(super) fn ipv4_with_options(protocol: u8, options: &[u8], payload: &[u8]) -> Vec<u8> {
    let header_len = 20 + options.len();
    let mut packet = vec![0x40 | u8::try_from(header_len / 4).unwrap(), 0];
    packet.extend(
        u16::try_from(header_len + payload.len())
            .unwrap()
            .to_be_bytes(),
    );
    packet.extend([0, 1, 0, 0, 64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
    packet.extend(options);
    packet.extend(payload);
    packet
}

/// A packet whose payload length field is `len`.
pub(super) fn ipv6(next: u8, len: u16, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x60, 0, 0, 0];
    packet.extend(len.to_be_bytes());
    packet.extend([next, 64]);
    packet.extend([0xfd; 32]);
    packet.extend(payload);
    packet
}

pub(super) fn tcp(offset: u8, options: &[u8]) -> Vec<u8> {
    let mut segment = vec![
        0x9c,
        0x41,
        0,
        80,
        0,
        0,
        0,
        9,
        0,
        0,
        0,
        0,
        offset << 4,
        0x18,
        0,
        0,
        0,
        0,
        0,
        0,
    ];
    segment.extend(options);
    segment
}

/// A datagram whose length field is `len`.
pub(super) fn udp(len: u8, payload: &[u8]) -> Vec<u8> {
    [&[0, 1, 0, 2, 0, len, 0, 0], payload].concat()
}
