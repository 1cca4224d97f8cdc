//! Events with the flows that Hubble 1.19.4 makes of them without its getters.

use crate::support::{NOON, TestChain, hex, only_flow};
use tidegate_model::Span;
use tidegate_model::flow::{
    Address, Direction, DropReason, Endpoint, Ethernet, FileNumbering, Flow, FlowType, Ip,
    IpVersion, L4, Layer, PolicyMatch, SourceFile, TcpFlags, TracePoint, TraceReason, Tunnel,
    TunnelProtocol, Verdict,
};

/// Compares all fields of a flow, including internal ones. Flows are not comparable, so they are
/// compared as text.
fn assert_flow(data: &str, expected: &Flow) {
    let batch = TestChain::to_flows().run([hex(data)]);
    assert_eq!(
        format!("{:#?}", only_flow(&batch)),
        format!("{expected:#?}")
    );
}

fn from_lower_mac() -> Option<Ethernet> {
    Some(Ethernet {
        source: [0xaa, 0xbb, 0xcc, 0, 0, 1],
        destination: [0xaa, 0xbb, 0xcc, 0, 0, 2],
    })
}

fn ip(source: [u8; 4], destination: [u8; 4]) -> Ip {
    Ip {
        source: Address::v4(source),
        destination: Address::v4(destination),
        version: IpVersion::V4,
        ..Ip::default()
    }
}

fn tcp(source_port: u16, destination_port: u16, flags: u16) -> L4 {
    L4::Tcp {
        source_port,
        destination_port,
        flags: Some(TcpFlags(flags)),
    }
}

fn identity(identity: u32) -> Endpoint {
    Endpoint {
        identity,
        ..Endpoint::default()
    }
}

/// The flow of a TCP packet without payload, whose event has `len` bytes.
fn tcp_flow(len: u32) -> Flow {
    Flow {
        time: NOON,
        seq: 1,
        flow_type: FlowType::L34,
        ethernet: from_lower_mac(),
        last_layer: Some(Layer::Tcp),
        payload: Span { start: len, len: 0 },
        tcp_seq: 1000,
        ..Flow::default()
    }
}

#[test]
fn a_new_connection_to_an_endpoint() {
    assert_flow(
        "040038014d3c2b1a360000003600010039300000a05b000038010000110000000000000000000000
         0000000000000000aabbcc000002aabbcc000001080045000028000140003f0600000a0001050a00
         0209a8ca1f90000003e8000000005002faf000000000",
        &Flow {
            message_type: 4,
            verdict: Verdict::Forwarded,
            direction: Direction::Ingress,
            reversing_endpoint: 312,
            is_reply: Some(false),
            trace_point: TracePoint::TO_ENDPOINT,
            trace_reason: TraceReason(1),
            ip: Some(ip([10, 0, 1, 5], [10, 0, 2, 9])),
            l4: tcp(43210, 8080, TcpFlags::SYN),
            source: identity(12345),
            destination: identity(23456),
            interface: 17,
            ..tcp_flow(102)
        },
    );
}

#[test]
fn a_translated_source_is_restored() {
    let original = Ip {
        source_xlated: Some(Address::v4([192, 0, 2, 10])),
        ..ip([10, 0, 1, 5], [198, 51, 100, 7])
    };
    assert_flow(
        "040b3801220000003600000036000100393000000200000000000100020000000a00010500000000
         0000000000000000aabbcc000002aabbcc000001080045000028000140003f060000c000020ac633
         64079c4101bb000003e8000000005010faf000000000",
        &Flow {
            message_type: 4,
            sub_type: 11,
            verdict: Verdict::Forwarded,
            direction: Direction::Egress,
            is_reply: Some(false),
            trace_point: TracePoint(11),
            trace_reason: TraceReason(2),
            ip: Some(original),
            l4: tcp(40001, 443, TcpFlags::ACK),
            tcp_ack: Some(0),
            source: identity(12345),
            destination: identity(2),
            interface: 2,
            ..tcp_flow(102)
        },
    );
}

#[test]
fn a_mapped_unspecified_address_is_not_an_original_source() {
    let batch = TestChain::to_flows().run([hex(
        "0404c3a144ea54b02800000028000100ef1700600b000000eda70003000000000000000000000000
         0000ffff000000006000000000083b4020010db800000000000000000000000120010db800000000
         0000000000000002",
    )]);
    let flow = only_flow(&batch);
    assert_eq!(flow.direction, Direction::Ingress);
    assert_eq!(flow.ip.map(|ip| ip.source_xlated), Some(None));
}

#[test]
fn a_drop_has_a_reason_and_a_source_file() {
    assert_flow(
        "01854d00550000002b0000002b000200393000000787000000000000d20402000000000000000000
         aabbcc000002aabbcc00000108004500001d000140003f1100000a0001050a00030314e900350009
         000078",
        &Flow {
            message_type: 1,
            sub_type: 133,
            verdict: Verdict::Dropped,
            drop_reason: DropReason(133),
            direction: Direction::Ingress,
            reversing_endpoint: 77,
            ip: Some(ip([10, 0, 1, 5], [10, 0, 3, 3])),
            l4: L4::Udp {
                source_port: 5353,
                destination_port: 53,
            },
            last_layer: Some(Layer::Udp),
            source: identity(12345),
            destination: identity(34567),
            file: Some(SourceFile {
                id: 2,
                line: 1234,
                numbering: FileNumbering::V1_18_0,
            }),
            payload: Span { start: 82, len: 1 },
            tcp_seq: 0,
            tcp_ack: None,
            ..tcp_flow(0)
        },
    );
}

#[test]
fn an_ingress_verdict_redirects_to_the_proxy() {
    assert_flow(
        "05005800660000003600000036000100393000003a27000050000611000000000000000000000000
         aabbcc000002aabbcc000001080045000028000140003f0600000a0001050a000303c35000500000
         03e8000000005002faf000000000",
        &Flow {
            message_type: 5,
            verdict: Verdict::Redirected,
            direction: Direction::Ingress,
            is_reply: Some(false),
            policy_match: PolicyMatch(2),
            ip: Some(ip([10, 0, 1, 5], [10, 0, 3, 3])),
            l4: tcp(50000, 80, TcpFlags::SYN),
            source: identity(12345),
            ..tcp_flow(94)
        },
    );
}

#[test]
fn an_egress_verdict_denies() {
    assert_flow(
        "05005800670000003600000036000100020000004bffffffbb01060a000000000000000000000000
         aabbcc000002aabbcc000001080045000028000140003f0600000a000303cb007105c35101bb0000
         03e8000000005002faf000000000",
        &Flow {
            message_type: 5,
            verdict: Verdict::Dropped,
            drop_reason: DropReason(181),
            direction: Direction::Egress,
            policy_match: PolicyMatch(1),
            ip: Some(ip([10, 0, 3, 3], [203, 0, 113, 5])),
            l4: tcp(50001, 443, TcpFlags::SYN),
            destination: identity(2),
            ..tcp_flow(94)
        },
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "one flow with its tunnel")]
fn the_packet_inside_a_tunnel_determines_the_flow() {
    let outer = Tunnel {
        protocol: TunnelProtocol::Vxlan,
        ip: Some(ip([172, 18, 0, 2], [172, 18, 0, 3])),
        l4: L4::Udp {
            source_port: 55555,
            destination_port: 8472,
        },
        vni: 12345,
    };
    let Some(Ethernet {
        source,
        destination,
    }) = from_lower_mac()
    else {
        unreachable!()
    };
    assert_flow(
        "04090000770000005c0000005c000100393000000000000000000504050000000000000000000000
         0000000000000000aabbcc000002aabbcc00000108004500004e000100003f110000ac120002ac12
         0003d9032118003a00000800000000303900aabbcc000001aabbcc00000208004500001c00014000
         3f0100000a0001050a0002090800000000010001",
        &Flow {
            message_type: 4,
            sub_type: 9,
            verdict: Verdict::Forwarded,
            trace_point: TracePoint(9),
            ethernet: Some(Ethernet {
                source: destination,
                destination: source,
            }),
            ip: Some(ip([10, 0, 1, 5], [10, 0, 2, 9])),
            l4: L4::Icmpv4 {
                icmp_type: 8,
                code: 0,
            },
            last_layer: Some(Layer::Icmpv4),
            tunnel: Some(outer),
            source: identity(12345),
            interface: 5,
            tcp_seq: 0,
            tcp_ack: None,
            ..tcp_flow(140)
        },
    );
}
