//! Packets are decoded as gopacket does with Hubble's decoders.

#![expect(clippy::unwrap_used, reason = "the recorded packets are well-formed")]

use std::net::IpAddr;

use tidegate_wire::packet::{
    L4, Layer, Link, Packet, Reason, SctpChunk, TunnelProtocol, parse, parse_overlay,
};

const RECORDED: &str = include_str!("packet_gopacket.txt");

fn unhex(text: &str) -> Vec<u8> {
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    text.as_bytes().chunks(2).map(pair).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn decode<'a>(first: &str, bytes: &'a [u8]) -> Result<(u32, Packet<'a>), Reason> {
    let plain = |link| parse(bytes, link).map(|packet| (0, packet));
    let overlay = |tunnel| parse_overlay(bytes, tunnel).map(|overlay| (overlay.vni, overlay.inner));
    match first {
        "E" => plain(Link::Ethernet),
        "4" => plain(Link::Ipv4),
        "6" => plain(Link::Ipv6),
        "V" => overlay(TunnelProtocol::Vxlan),
        "G" => overlay(TunnelProtocol::Geneve),
        other => panic!("first layer {other}"),
    }
}

/// A packet in the form of the recording.
fn describe(vni: u32, packet: &Packet<'_>) -> String {
    let absent = || "-".to_owned();
    let mac = |mac: [u8; 6]| mac.map(|byte| format!("{byte:02x}")).join(":");
    let ip = |ip: IpAddr| match ip {
        IpAddr::V4(ip) => hex(&ip.octets()),
        IpAddr::V6(ip) => hex(&ip.octets()),
    };
    let ethernet = packet.ethernet.map_or_else(absent, |ether| {
        format!("{}>{}", mac(ether.source), mac(ether.destination))
    });
    let addresses = packet.ip.map_or_else(absent, |it| {
        format!("{}:{}>{}", it.version(), ip(it.source), ip(it.destination))
    });
    let l4 = describe_l4(packet);
    let last = packet.last.map_or("-", Layer::as_str);
    let payload = hex(packet.payload);
    format!(
        "{vni} {ethernet} {addresses} {l4} {last} {} [{payload}]",
        packet.truncated
    )
}

fn describe_l4(packet: &Packet<'_>) -> String {
    let ports = packet.l4.ports();
    let ports = ports.map_or_else(String::new, |(source, destination)| {
        format!("{source} {destination}")
    });
    match packet.l4 {
        L4::None => "-".to_owned(),
        L4::Tcp { flags, .. } => {
            let flags = flags.unwrap().0;
            let sequence = packet.tcp.unwrap().sequence;
            format!("tcp {ports} {flags} {sequence}")
        }
        L4::Udp { .. } => format!("udp {ports}"),
        L4::Sctp { .. } => format!("sctp {ports}"),
        L4::Icmpv4 { icmp_type, code } => format!("icmp4 {icmp_type} {code}"),
        L4::Icmpv6 { icmp_type, code } => format!("icmp6 {icmp_type} {code}"),
        L4::Vrrp {
            vrrp_type,
            vrid,
            priority,
        } => format!("vrrp {vrrp_type} {vrid} {priority}"),
        L4::Igmp { igmp_type, group } => format!("igmp {igmp_type} {group}"),
    }
}

fn recorded() -> impl Iterator<Item = (&'static str, Vec<u8>, &'static str)> {
    let lines = RECORDED.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| {
        let (input, expected) = line.split_once(" => ").unwrap();
        let (first, bytes) = input.split_once(' ').unwrap();
        (first, unhex(bytes), expected)
    })
}

#[test]
fn recorded_packets_are_decoded_as_by_gopacket() {
    for (first, bytes, expected) in recorded() {
        let actual = decode(first, &bytes).map_or("ERR".to_owned(), |(vni, it)| describe(vni, &it));
        assert_eq!(actual, expected, "{first} {}", hex(&bytes));
    }
}

#[test]
fn payload_offsets_point_to_the_payload() {
    for (first, bytes, _) in recorded() {
        if let Ok((_, packet)) = decode(first, &bytes) {
            let start = packet.payload_offset;
            let end = start + packet.payload.len();
            assert_eq!(
                &bytes[start..end],
                packet.payload,
                "{first} {}",
                hex(&bytes)
            );
        }
    }
}

/// A truncated packet is refused, or has no port and no address that the complete one lacks.
#[test]
fn a_truncated_packet_has_nothing_that_the_complete_one_lacks() {
    for (first, bytes, _) in recorded() {
        let Ok((_, whole)) = decode(first, &bytes) else {
            continue;
        };
        for len in 0..bytes.len() {
            let Ok((_, cut)) = decode(first, &bytes[..len]) else {
                continue;
            };
            assert!(whole.payload.starts_with(cut.payload) || cut.last != whole.last);
            if cut.last == whole.last && cut.l4 != L4::None {
                // The first chunk follows the header and can be cut off.
                let whole_l4 = match (cut.l4, whole.l4) {
                    (
                        L4::Sctp {
                            chunk_type: SctpChunk::Unsupported,
                            ..
                        },
                        L4::Sctp { .. },
                    ) => cut.l4,
                    (_, l4) => l4,
                };
                assert_eq!(cut.l4.ports(), whole.l4.ports(), "{first} {len}");
                assert_eq!(
                    (cut.l4, cut.ip),
                    (whole_l4, whole.ip),
                    "{first} {} {len}",
                    hex(&bytes)
                );
            }
        }
    }
}
