//! The oracle: packets decode to what gopacket makes of them with Hubble's decoders.

#![expect(clippy::unwrap_used, reason = "the recorded packets are well-formed")]

use std::net::IpAddr;

use tidegate_wire::packet::{L4, Layer, Link, Packet, Reason, Tunnel, parse, parse_overlay};

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
        "V" => overlay(Tunnel::Vxlan),
        "G" => overlay(Tunnel::Geneve),
        other => panic!("first layer {other}"),
    }
}

/// A packet in the words of the recording.
fn describe(vni: u32, packet: &Packet<'_>) -> String {
    let absent = || "-".to_owned();
    let mac = |mac: [u8; 6]| mac.map(|byte| format!("{byte:02x}")).join(":");
    let ip = |ip: IpAddr| match ip {
        IpAddr::V4(ip) => hex(&ip.octets()),
        IpAddr::V6(ip) => hex(&ip.octets()),
    };
    let ethernet = packet.ethernet.map_or_else(absent, |ether| {
        format!("{}>{}", mac(ether.src), mac(ether.dst))
    });
    let addresses = packet.ip.map_or_else(absent, |it| {
        format!("{}:{}>{}", it.version(), ip(it.src), ip(it.dst))
    });
    let l4 = packet.l4.map_or_else(absent, describe_l4);
    let last = packet.last.map_or("-", Layer::as_str);
    let payload = hex(packet.payload);
    format!(
        "{vni} {ethernet} {addresses} {l4} {last} {} [{payload}]",
        packet.truncated
    )
}

fn describe_l4(l4: L4) -> String {
    match l4 {
        L4::Tcp {
            sport,
            dport,
            flags,
            seq,
            ..
        } => format!("tcp {sport} {dport} {flags} {seq}"),
        L4::Udp { sport, dport } => format!("udp {sport} {dport}"),
        L4::Sctp { sport, dport, .. } => format!("sctp {sport} {dport}"),
        L4::Icmpv4 { kind, code } => format!("icmp4 {kind} {code}"),
        L4::Icmpv6 { kind, code } => format!("icmp6 {kind} {code}"),
        L4::Vrrp {
            kind,
            vrid,
            priority,
        } => format!("vrrp {kind} {vrid} {priority}"),
        L4::Igmp { kind, group } => format!("igmp {kind} {group}"),
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
fn every_recorded_packet_decodes_as_gopacket_decodes_it() {
    for (first, bytes, expected) in recorded() {
        let actual = decode(first, &bytes).map_or("ERR".to_owned(), |(vni, it)| describe(vni, &it));
        assert_eq!(actual, expected, "{first} {}", hex(&bytes));
    }
}

#[test]
fn a_payload_is_found_again_by_its_offset() {
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

/// Cut bytes either give a reason or name no port and no address that the whole packet does not.
#[test]
fn a_packet_cut_anywhere_never_names_what_is_not_there() {
    for (first, bytes, _) in recorded() {
        let Ok((_, whole)) = decode(first, &bytes) else {
            continue;
        };
        for len in 0..bytes.len() {
            let Ok((_, cut)) = decode(first, &bytes[..len]) else {
                continue;
            };
            assert!(whole.payload.starts_with(cut.payload) || cut.last != whole.last);
            if cut.last == whole.last && cut.l4.is_some() {
                let whole_l4 = match (cut.l4, whole.l4) {
                    // The first chunk lies behind the header, and can be cut off.
                    (Some(L4::Sctp { chunk: None, .. }), Some(L4::Sctp { sport, dport, .. })) => {
                        Some(L4::Sctp {
                            sport,
                            dport,
                            chunk: None,
                        })
                    }
                    (_, l4) => l4,
                };
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
