//! Hubble's examples: the views have the values that Cilium 1.19.4 prints for these bytes.

#![expect(clippy::unwrap_used, reason = "the examples are well-formed")]

use tidegate_wire::event::{Event, Hints, PacketEvent, parse};
use tidegate_wire::packet::{self, L4, Layer, TcpFlags, TunnelProtocol};

fn unhex(text: &str) -> Vec<u8> {
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    text.as_bytes().chunks(2).map(pair).collect()
}

const V1: &str = "\
    040038014d3c2b1a360000003600010039300000a05b000038010000110000000000000000000000\
    0000000000000000aabbcc000002aabbcc000001080045000028000140003f0600000a0001050a00\
    0209a8ca1f90000003e8000000005002faf000000000";
const V2: &str = "\
    040b3801220000003600000036000100393000000200000000000100020000000a00010500000000\
    0000000000000000aabbcc000002aabbcc000001080045000028000140003f060000c000020ac633\
    64079c4101bb000003e8000000005010faf000000000";
const V3: &str = "\
    01854d00550000002b0000002b000200393000000787000000000000d20402000000000000000000\
    aabbcc000002aabbcc00000108004500001d000140003f1100000a0001050a00030314e900350009\
    000078";
const V4: &str = "\
    05005800660000003600000036000100393000003a27000050000611000000000000000000000000\
    aabbcc000002aabbcc000001080045000028000140003f0600000a0001050a000303c35000500000\
    03e8000000005002faf000000000";
const V5: &str = "\
    05005800670000003600000036000100020000004bffffffbb01060a000000000000000000000000\
    aabbcc000002aabbcc000001080045000028000140003f0600000a000303cb007105c35101bb0000\
    03e8000000005002faf000000000";
const V6: &str = "\
    04090000770000005c0000005c000100393000000000000000000504050000000000000000000000\
    0000000000000000aabbcc000002aabbcc00000108004500004e000100003f110000ac120002ac12\
    0003d9032118003a00000800000000303900aabbcc000001aabbcc00000208004500001c00014000\
    3f0100000a0001050a0002090800000000010001";

#[test]
#[expect(clippy::too_many_lines, reason = "three examples in a row")]
fn trace_examples_have_the_values_that_hubble_prints() {
    let first = unhex(V1);
    let second = unhex(V2);
    let sixth = unhex(V6);
    let trace = |data| match parse(data, &Hints::default()) {
        Ok(Event::Trace(trace)) => trace,
        other => panic!("{other:?}"),
    };
    let event = trace(&first);
    assert_eq!(
        (event.subtype(), event.source(), event.reason()),
        (0, 312, 0)
    );
    assert_eq!(
        (event.src_label(), event.dst_label(), event.ifindex()),
        (12345, 23456, 17)
    );
    assert_eq!((event.orig_ip(), event.is_encrypted()), (None, false));

    let event = trace(&second);
    assert_eq!(
        (event.subtype(), event.reason(), event.ifindex()),
        (11, 1, 2)
    );
    assert_eq!(event.orig_ip(), Some([10, 0, 1, 5].into()));
    let packet = packet::parse(event.packet(), event.link()).unwrap();
    assert_eq!(packet.ip.map(|ip| ip.source), Some([192, 0, 2, 10].into()));
    assert_eq!(
        packet.l4,
        L4::Tcp {
            source_port: 40001,
            destination_port: 443,
            flags: Some(TcpFlags(TcpFlags::ACK)),
        }
    );
    let numbers = packet.tcp.unwrap();
    assert_eq!((numbers.sequence, numbers.acknowledgment), (1000, Some(0)));

    let event = trace(&sixth);
    let outer = packet::parse(event.packet(), event.link()).unwrap();
    assert_eq!(outer.l4.ports(), Some((55555, 8472)));
    let tunnel = event.tunnel().unwrap();
    let overlay = packet::parse_overlay(outer.udp_payload(), tunnel).unwrap();
    assert_eq!(
        (overlay.tunnel, overlay.vni),
        (TunnelProtocol::Vxlan, 12345)
    );
    assert_eq!(
        overlay.inner.l4,
        L4::Icmpv4 {
            icmp_type: 8,
            code: 0
        }
    );
    assert_eq!(overlay.inner.last, Some(Layer::Icmpv4));
    assert_eq!(
        overlay.inner.ip.map(|ip| ip.destination),
        Some([10, 0, 2, 9].into())
    );
}

#[test]
fn drop_and_verdict_examples_have_the_values_that_hubble_prints() {
    let data = unhex(V3);
    let Event::Drop(drop) = parse(&data, &Hints::default()).unwrap() else {
        panic!("no drop");
    };
    assert_eq!((drop.subtype(), drop.line(), drop.file()), (133, 1234, 2));
    assert_eq!((drop.src_label(), drop.dst_label()), (12345, 34567));

    let cases = [(V4, 12345, 10042, true, 2), (V5, 2, -181, false, 1)];
    for (text, remote_label, verdict, ingress, match_type) in cases {
        let data = unhex(text);
        let Event::PolicyVerdict(event) = parse(&data, &Hints::default()).unwrap() else {
            panic!("no verdict");
        };
        assert_eq!((event.header_len(), event.packet().len()), (40, 54));
        assert_eq!(
            (event.remote_label(), event.verdict()),
            (remote_label, verdict)
        );
        assert_eq!(
            (event.is_ingress(), event.match_type()),
            (ingress, match_type)
        );
    }
}
