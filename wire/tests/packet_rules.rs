//! The rules of Hubble's packet decoder: which headers refuse a packet, and where decoding ends
//! without an error.

use std::net::IpAddr;

use proptest::prelude::*;
use tidegate_wire::packet::ip_protocol::{ICMP, TCP, UDP};
use tidegate_wire::packet::{
    Ip, L4, Layer, Link, Reason, SctpChunk, TcpFlags, TcpNumbers, TunnelProtocol, parse,
    parse_overlay,
};

fn ethernet(ether_type: u16, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![2; 12];
    frame.extend(ether_type.to_be_bytes());
    frame.extend(payload);
    frame
}

fn ipv4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    ipv4_with_options(protocol, &[], payload)
}

fn ipv4_with_options(protocol: u8, options: &[u8], payload: &[u8]) -> Vec<u8> {
    let header_len = 20 + options.len();
    let mut packet = vec![0x40 | (header_len / 4) as u8, 0];
    packet.extend(((header_len + payload.len()) as u16).to_be_bytes());
    packet.extend([0, 1, 0, 0, 64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
    packet.extend(options);
    packet.extend(payload);
    packet
}

fn ipv6(next: u8, len: u16, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x60, 0, 0, 0];
    packet.extend(len.to_be_bytes());
    packet.extend([next, 64]);
    packet.extend([0xfd; 32]);
    packet.extend(payload);
    packet
}

fn tcp(options: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut segment = vec![0x9c, 0x41, 0, 80, 0, 0, 0, 9, 0, 0, 0, 0];
    segment.extend([((5 + options.len() / 4) << 4) as u8, 0x18, 0, 0, 0, 0, 0, 0]);
    segment.extend(options);
    segment.extend(payload);
    segment
}

fn udp(source_port: u16, destination_port: u16, len: u16, payload: &[u8]) -> Vec<u8> {
    let mut datagram = Vec::new();
    for word in [source_port, destination_port, len, 0] {
        datagram.extend(word.to_be_bytes());
    }
    datagram.extend(payload);
    datagram
}

fn patched(mut bytes: Vec<u8>, at: usize, patch: &[u8]) -> Vec<u8> {
    bytes[at..at + patch.len()].copy_from_slice(patch);
    bytes
}

/// An ICMPv4 echo after hop-by-hop options.
fn hop_by_hop(len: u16, options: &[u8]) -> Vec<u8> {
    let mut payload = vec![ICMP, (options.len() as u8 + 2) / 8 - 1];
    payload.extend(options);
    payload.extend([8, 0, 0, 0, 0, 0, 0, 0]);
    ipv6(0, len, &payload)
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn a_malformed_header_of_a_known_layer_refuses_the_packet() {
    let echo = [8, 0, 0, 0, 0, 0, 0, 0];
    let whole = ipv4(ICMP, &echo);
    let jumbo = |len: u32| [&[0xc2, 4][..], &len.to_be_bytes()].concat();
    let v4: Vec<(Vec<u8>, Reason)> = vec![
        (whole[..19].to_vec(), Reason::Ipv4TooShort),
        (patched(whole.clone(), 2, &[0, 19]), Reason::Ipv4BadLength),
        (patched(whole.clone(), 2, &[0, 1]), Reason::Ipv4BadLength),
        (patched(whole.clone(), 0, &[0x44]), Reason::Ipv4BadLength),
        (patched(whole.clone(), 0, &[0x4f]), Reason::Ipv4BadLength),
        (
            patched(patched(whole.clone(), 0, &[0x4f]), 2, &[1, 0]),
            Reason::Ipv4TooShort,
        ),
        (
            ipv4_with_options(ICMP, &[7, 2, 1, 1], &echo),
            Reason::Ipv4BadOption,
        ),
        (
            ipv4_with_options(ICMP, &[7, 5, 0, 0], &echo),
            Reason::Ipv4BadOption,
        ),
        (
            ipv4_with_options(ICMP, &[1, 1, 1, 7], &echo),
            Reason::Ipv4BadOption,
        ),
        (ipv4(ICMP, &echo[..7]), Reason::Icmpv4TooShort),
        (ipv4(58, &echo[..3]), Reason::Icmpv6TooShort),
        (ipv4(TCP, &tcp(&[], &[])[..19]), Reason::TcpTooShort),
        (
            ipv4(TCP, &patched(tcp(&[], &[]), 12, &[0x40])),
            Reason::TcpBadOffset,
        ),
        (
            ipv4(TCP, &patched(tcp(&[], &[]), 12, &[0x60])),
            Reason::TcpTooShort,
        ),
        (ipv4(TCP, &tcp(&[2, 1, 0, 0], &[])), Reason::TcpBadOption),
        (ipv4(TCP, &tcp(&[2, 5, 0, 0], &[])), Reason::TcpBadOption),
        (ipv4(TCP, &tcp(&[1, 1, 1, 2], &[])), Reason::TcpBadOption),
        (ipv4(UDP, &udp(1, 2, 8, &[])[..7]), Reason::UdpTooShort),
        (ipv4(UDP, &udp(1, 2, 7, &[])), Reason::UdpBadLength),
        (ipv4(UDP, &udp(1, 2, 1, &[])), Reason::UdpBadLength),
        (ipv4(132, &[0; 11]), Reason::SctpTooShort),
        (ipv4(112, &[0x21, 1, 100, 1, 0, 1, 0]), Reason::VrrpTooShort),
        (
            ipv4(112, &[0x22, 1, 100, 1, 0, 1, 0, 0, 1, 2, 3, 4]),
            Reason::VrrpBadMessage,
        ),
        (
            ipv4(112, &[0x21, 1, 100, 0, 0, 1, 0, 0, 1, 2, 3, 4]),
            Reason::VrrpBadMessage,
        ),
        (
            ipv4(112, &[0x21, 1, 100, 2, 0, 1, 0, 0, 1, 2, 3, 4]),
            Reason::VrrpTooShort,
        ),
        (ipv4(2, &[0x16; 7]), Reason::IgmpTooShort),
        (ipv4(4, &whole[..19]), Reason::Ipv4TooShort),
    ];
    let v6: Vec<(Vec<u8>, Reason)> = vec![
        (ipv6(ICMP, 8, &[])[..39].to_vec(), Reason::Ipv6TooShort),
        (ipv6(ICMP, 0, &echo), Reason::Ipv6BadLength),
        (ipv6(0, 8, &[ICMP]), Reason::Ipv6BadHopByHop),
        (
            ipv6(0, 16, &[ICMP, 1, 1, 4, 0, 0, 0, 0]),
            Reason::Ipv6BadHopByHop,
        ),
        (
            hop_by_hop(16, &[5, 200, 0, 0, 0, 0]),
            Reason::Ipv6BadHopByHop,
        ),
        (hop_by_hop(0, &[1, 4, 0, 0, 0, 0]), Reason::Ipv6BadLength),
        (
            hop_by_hop(0, &[0xc2, 3, 0, 1, 0, 0]),
            Reason::Ipv6BadJumbogram,
        ),
        (hop_by_hop(0, &jumbo(65_535)), Reason::Ipv6BadJumbogram),
        (hop_by_hop(16, &jumbo(70_000)), Reason::Ipv6BadJumbogram),
    ];
    for (bytes, reason) in v4 {
        assert_eq!(parse(&bytes, Link::Ipv4), Err(reason), "{bytes:02x?}");
    }
    for (bytes, reason) in v6 {
        assert_eq!(parse(&bytes, Link::Ipv6), Err(reason), "{bytes:02x?}");
    }
    assert_eq!(
        parse(&[0; 13], Link::Ethernet),
        Err(Reason::EthernetTooShort)
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn decoding_ends_without_an_error_before_an_unknown_layer() {
    let echo = [8, 0, 0, 0, 0, 0, 0, 0];
    let inner = ipv4(ICMP, &echo);
    let fragment = |flags: [u8; 2]| ethernet(0x0800, &patched(inner.clone(), 6, &flags));
    let cases: Vec<(Vec<u8>, Layer)> = vec![
        (ethernet(0x0800, &[]), Layer::Ethernet),
        (ethernet(0x0040, &inner), Layer::Ethernet),
        (ethernet(0x0806, &inner), Layer::Ethernet),
        (ethernet(0x8100, &inner), Layer::Ethernet),
        (ethernet(0x8847, &inner), Layer::Ethernet),
        (ethernet(0x6558, &ethernet(0x0800, &inner)), Layer::Icmpv4),
        (ethernet(0xffff, &inner), Layer::Icmpv4),
        (ethernet(0x0800, &ipv4(TCP, &[])), Layer::Ipv4),
        (ethernet(0x0800, &ipv4(47, &echo)), Layer::Ipv4),
        (ethernet(0x0800, &ipv4(50, &echo)), Layer::Ipv4),
        (ethernet(0x0800, &ipv4(0, &echo)), Layer::Ipv4),
        (ethernet(0x0800, &ipv4(94, &inner)), Layer::Icmpv4),
        (fragment([0x20, 0]), Layer::Ipv4),
        (fragment([0, 1]), Layer::Ipv4),
        (fragment([0x40, 0]), Layer::Icmpv4),
        (fragment([0x80, 0]), Layer::Icmpv4),
        (ethernet(0x86dd, &ipv6(44, 8, &echo)), Layer::Ipv6),
        (ethernet(0x86dd, &ipv6(43, 8, &echo)), Layer::Ipv6),
        (ethernet(0x86dd, &ipv6(59, 8, &echo)), Layer::Ipv6),
        (ethernet(0x86dd, &ipv6(58, 8, &echo)), Layer::Icmpv6),
        (
            ethernet(0x86dd, &hop_by_hop(8, &[1, 4, 0, 0, 0, 0])),
            Layer::Icmpv4,
        ),
        (
            ethernet(0x0800, &ipv4(UDP, &udp(1, 4789, 8, &[]))),
            Layer::Udp,
        ),
        (ethernet(0x0800, &ipv4(132, &[0; 20])), Layer::Sctp),
        (ethernet(0x0800, &ipv4(2, &[0x22; 8])), Layer::Igmp),
        (
            ethernet(
                0x0800,
                &ipv4(112, &[0x31, 1, 100, 1, 0, 1, 0, 0, 1, 2, 3, 4]),
            ),
            Layer::Vrrp,
        ),
    ];
    for (bytes, last) in cases {
        let packet = parse(&bytes, Link::Ethernet).unwrap();
        assert_eq!(packet.last, Some(last), "{bytes:02x?}");
    }
    assert_eq!(parse(&[], Link::Ethernet).unwrap().last, None);
}

#[test]
fn length_fields_determine_the_end_of_the_payload() {
    let segment = tcp(&[], b"hello");
    let datagram = |len| ipv4(UDP, &udp(1, 2, len, b"hello"));
    let padded = [ipv4(TCP, &segment), vec![0; 6]].concat();
    let offloaded = patched(ipv4(TCP, &segment), 2, &[0, 0]);
    let too_long = patched(ipv4(TCP, &segment), 2, &[0, 200]);
    let cases: Vec<(Vec<u8>, &[u8], bool)> = vec![
        (ipv4(TCP, &segment), b"hello", false),
        (padded, b"hello", false),
        (offloaded, b"hello", false),
        (too_long, b"hello", true),
        (ipv4(TCP, &segment)[..42].to_vec(), b"he", true),
        (datagram(13), b"hello", false),
        (datagram(10), b"he", false),
        (datagram(0), b"hello", false),
        (datagram(500), b"hello", true),
        (ipv4(ICMP, &[8, 0, 0, 0, 0, 0, 0, 0, b'x']), b"x", false),
        (ipv4(47, b"hello"), b"", false),
    ];
    for (bytes, payload, truncated) in cases {
        let packet = parse(&bytes, Link::Ipv4).unwrap();
        assert_eq!(
            (packet.payload, packet.truncated),
            (payload, truncated),
            "{bytes:02x?}"
        );
    }
}

/// Each case is a whole option. The rest of the header is padding.
#[test]
fn a_multipath_option_has_the_length_of_its_kind() {
    let cases: [(&[u8], bool); 24] = [
        (&[30, 4, 0x01, 0], true),
        (&[30, 12, 0x01, 0], true),
        (&[30, 5, 0x01, 0], false),
        (&[30, 12, 0x10, 0], true),
        (&[30, 24, 0x10, 0], true),
        (&[30, 20, 0x10, 0], false),
        (&[30, 4, 0x20, 0], true),
        (&[30, 8, 0x20, 0x01], true),
        (&[30, 12, 0x20, 0x03], true),
        (&[30, 14, 0x20, 0x04], true),
        (&[30, 16, 0x20, 0x04], true),
        (&[30, 28, 0x20, 0x0f], true),
        (&[30, 6, 0x20, 0x00], false),
        (&[30, 16, 0x30, 1], true),
        (&[30, 8, 0x30, 1], false),
        (&[30, 8, 0x31, 1], true),
        (&[30, 8, 0x34, 1], true),
        (&[30, 3, 0x40, 1], false),
        (&[30, 3, 0x50, 1], true),
        (&[30, 12, 0x60, 0], true),
        (&[30, 12, 0x70, 0], true),
        (&[30, 5, 0x80, 0], false),
        (&[30, 1, 0xf0, 2], true),
        (&[30, 0, 0xf0, 0], false),
    ];
    for (option, accepted) in cases {
        let mut options = option.to_vec();
        options.resize(32, 0);
        let bytes = ipv4(TCP, &tcp(&options, &[]));
        let parsed = parse(&bytes, Link::Ipv4).map(|packet| packet.last);
        let refused = Err(Reason::TcpBadMptcpOption);
        let expected = if accepted {
            Ok(Some(Layer::Tcp))
        } else {
            refused
        };
        assert_eq!(parsed, expected, "{option:02x?}");
    }
}

#[test]
fn tcp_flags_count_the_nonce_sum_as_their_ninth() {
    let segment = patched(tcp(&[], &[]), 12, &[0x5f, 0x12]);
    let packet_bytes = ipv4(TCP, &segment);
    let L4::Tcp { flags, .. } = parse(&packet_bytes, Link::Ipv4).unwrap().l4 else {
        panic!("no TCP");
    };
    assert_eq!(
        flags,
        Some(TcpFlags(TcpFlags::NS | TcpFlags::SYN | TcpFlags::ACK))
    );
}

#[test]
fn the_inner_header_wins_and_an_inner_fragment_has_no_ports() {
    let inner = patched(ipv4(TCP, &tcp(&[], &[])), 12, &[192, 0, 2, 1]);
    let bytes = ipv6(4, 40, &inner);
    let packet = parse(&bytes, Link::Ipv6).unwrap();
    assert_eq!(
        packet.ip.map(|ip| (ip.version(), ip.source)),
        Some((4, [192, 0, 2, 1].into()))
    );
    assert_eq!(packet.l4.ports(), Some((40001, 80)));

    let fragment = patched(inner, 6, &[0x20, 0]);
    let bytes = ipv6(4, 40, &fragment);
    assert_eq!(parse(&bytes, Link::Ipv6).unwrap().l4, L4::None);
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn a_tunnel_has_its_vni_and_the_inner_packet() {
    let frame = ethernet(0x0800, &ipv4(ICMP, &[8, 0, 0, 0, 0, 0, 0, 0]));
    let header = [8, 0, 0, 0, 0, 0x30, 0x39, 0];
    let geneve =
        |words: u8, ether_type: [u8; 2]| [words, 0, ether_type[0], ether_type[1], 0, 0x30, 0x39, 0];
    let option = [0, 1, 2, 1, 9, 9, 9, 9];
    let cases: Vec<(TunnelProtocol, Vec<u8>, Option<Layer>)> = vec![
        (
            TunnelProtocol::Vxlan,
            [&header[..], &frame].concat(),
            Some(Layer::Icmpv4),
        ),
        (TunnelProtocol::Vxlan, header.to_vec(), None),
        (
            TunnelProtocol::Geneve,
            [&geneve(0, [0x65, 0x58])[..], &frame].concat(),
            Some(Layer::Icmpv4),
        ),
        (
            TunnelProtocol::Geneve,
            [&geneve(0, [0x08, 0])[..], &frame[14..]].concat(),
            Some(Layer::Icmpv4),
        ),
        (
            TunnelProtocol::Geneve,
            [&geneve(2, [0x65, 0x58])[..], &option, &frame].concat(),
            Some(Layer::Icmpv4),
        ),
        (
            TunnelProtocol::Geneve,
            [&geneve(0, [0x12, 0x34])[..], &frame].concat(),
            None,
        ),
        (
            TunnelProtocol::Geneve,
            geneve(0, [0x65, 0x58]).to_vec(),
            None,
        ),
    ];
    for (tunnel, bytes, last) in cases {
        let overlay = parse_overlay(&bytes, tunnel).unwrap();
        assert_eq!(
            (overlay.vni, overlay.inner.last),
            (12345, last),
            "{bytes:02x?}"
        );
    }
}

#[test]
fn a_truncated_tunnel_header_refuses_the_packet() {
    let cases: [(TunnelProtocol, &[u8], Reason); 6] = [
        (TunnelProtocol::Vxlan, &[], Reason::VxlanTooShort),
        (
            TunnelProtocol::Vxlan,
            &[8, 0, 0, 0, 0, 0, 1],
            Reason::VxlanTooShort,
        ),
        (TunnelProtocol::Geneve, &[], Reason::GeneveTooShort),
        (
            TunnelProtocol::Geneve,
            &[0, 0, 0x65, 0x58, 0, 0, 1],
            Reason::GeneveTooShort,
        ),
        (
            TunnelProtocol::Geneve,
            &[1, 0, 0x65, 0x58, 0, 0, 1, 0, 0, 0, 0],
            Reason::GeneveTooShort,
        ),
        (
            TunnelProtocol::Geneve,
            &[2, 0, 0x65, 0x58, 0, 0, 1, 0, 0, 0, 0, 1],
            Reason::GeneveTooShort,
        ),
    ];
    for (tunnel, bytes, reason) in cases {
        assert_eq!(parse_overlay(bytes, tunnel), Err(reason), "{bytes:02x?}");
    }
}

#[test]
fn only_a_udp_packet_has_a_payload_for_a_tunnel() {
    let tcp_bytes = ipv4(TCP, &tcp(&[], b"hello"));
    assert!(
        parse(&tcp_bytes, Link::Ipv4)
            .unwrap()
            .udp_payload()
            .is_empty()
    );
    let udp_bytes = ipv4(UDP, &udp(1, 8472, 13, b"hello"));
    assert_eq!(
        parse(&udp_bytes, Link::Ipv4).unwrap().udp_payload(),
        b"hello"
    );
}

/// A header above IP with a payload, and what has to be decoded from it.
fn transport(
    protocol: u8,
    (source_port, destination_port): (u16, u16),
    (sequence, acknowledgment): (u32, u32),
    flags: u8,
    payload: &[u8],
) -> (Vec<u8>, L4, Option<TcpNumbers>) {
    if protocol == UDP {
        let length = payload.len() as u16 + 8;
        let datagram = udp(source_port, destination_port, length, payload);
        let header = L4::Udp {
            source_port,
            destination_port,
        };
        return (datagram, header, None);
    }
    let ports = [source_port, destination_port]
        .map(u16::to_be_bytes)
        .concat();
    let numbers = [sequence, acknowledgment].map(u32::to_be_bytes).concat();
    let segment = patched(tcp(&[1, 1, 1, 0], payload), 0, &[ports, numbers].concat());
    let header = L4::Tcp {
        source_port,
        destination_port,
        flags: Some(TcpFlags(flags.into())),
    };
    let numbers = TcpNumbers {
        sequence,
        acknowledgment: (flags & 0x10 != 0).then_some(acknowledgment),
    };
    (patched(segment, 13, &[flags]), header, Some(numbers))
}

proptest! {
    #[test]
    fn addresses_header_and_payload_are_read_from_a_packet(
        (source, destination) in prop_oneof![
            any::<[[u8; 4]; 2]>().prop_map(|[one, other]| (IpAddr::from(one), IpAddr::from(other))),
            any::<[[u8; 16]; 2]>()
                .prop_map(|[one, other]| (IpAddr::from(one), IpAddr::from(other))),
        ],
        protocol in prop_oneof![Just(TCP), Just(UDP)],
        (ports, numbers, flags) in any::<((u16, u16), (u32, u32), u8)>(),
        payload in proptest::collection::vec(any::<u8>(), 0..100),
    ) {
        let (segment, l4, numbers) = transport(protocol, ports, numbers, flags, &payload);
        let frame = match (source, destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                let addresses = [source.octets(), destination.octets()].concat();
                ethernet(0x0800, &patched(ipv4(protocol, &segment), 12, &addresses))
            }
            (IpAddr::V6(source), IpAddr::V6(destination)) => {
                let addresses = [source.octets(), destination.octets()].concat();
                let packet = ipv6(protocol, segment.len() as u16, &segment);
                ethernet(0x86dd, &patched(packet, 8, &addresses))
            }
            mixed => panic!("{mixed:?}"),
        };
        let packet = parse(&frame, Link::Ethernet).expect("it is well-formed");
        prop_assert_eq!(packet.ip, Some(Ip { source, destination }));
        prop_assert_eq!((packet.l4, packet.tcp), (l4, numbers));
        prop_assert_eq!((packet.payload, packet.truncated), (&*payload, false));
    }

    #[test]
    fn any_bytes_result_in_a_packet_or_a_reason(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        for link in [Link::Ethernet, Link::Ipv4, Link::Ipv6] {
            if let Ok(packet) = parse(&bytes, link) {
                prop_assert!(packet.payload.len() <= bytes.len());
            }
        }
        for tunnel in [TunnelProtocol::Vxlan, TunnelProtocol::Geneve] {
            if let Err(reason) = parse_overlay(&bytes, tunnel) {
                prop_assert!(!reason.as_str().is_empty());
            }
        }
    }
}

#[test]
fn the_first_chunk_of_an_sctp_packet_has_a_type_if_it_was_captured() {
    for (chunks, expected) in [
        (&[][..], SctpChunk::Unsupported),
        (&[1, 0, 0, 20], SctpChunk::Init),
        (&[14, 0, 0, 4, 6], SctpChunk::ShutdownComplete),
    ] {
        let packet = ipv4(
            132,
            &[&[0, 7, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0], chunks].concat(),
        );
        // The padding of the perf ring is no chunk.
        let padded = [&packet[..], &[2; 4]].concat();
        let l4 = parse(&padded, Link::Ipv4).expect("a packet").l4;
        assert_eq!(
            l4,
            L4::Sctp {
                source_port: 7,
                destination_port: 9,
                chunk_type: expected,
            }
        );
    }
}
