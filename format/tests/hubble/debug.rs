//! The texts of debug messages.

use std::sync::Arc;

use tidegate_format::hubble::Compact;
use tidegate_model::Timestamp;
use tidegate_model::flow::EndpointNames;
use tidegate_model::record::{DebugEvent, DebugEventType};

/// Returns the text of a message from the newest release.
fn message(number: u8, args: [u32; 3]) -> String {
    text(&DebugEvent {
        event_type: DebugEventType(number),
        args,
        ..DebugEvent::default()
    })
}

fn text(event: &DebugEvent) -> String {
    let mut line = String::new();
    Compact::default().push_debug_event(&mut line, event);
    let text = line
        .split_once(" CPU: 00 (")
        .and_then(|(_, rest)| rest.strip_suffix(")\n"));
    text.unwrap_or_else(|| panic!("{line}")).to_owned()
}

/// Four bytes in memory as a number, on a little-endian machine.
const fn bytes(bytes: [u8; 4]) -> u32 {
    u32::from_le_bytes(bytes)
}

/// Port 80 in network byte order.
const PORT: u32 = 0x5000;
/// Index 7 in network byte order.
const INDEX: u32 = 0x0700;
const POD: u32 = bytes([10, 0, 1, 5]);
const OTHER: u32 = bytes([10, 0, 2, 20]);
/// The last bytes of `fd00::a:b`.
const V6: u32 = bytes([0, 0x0a, 0, 0x0b]);

/// Numbers, arguments and texts.
const MESSAGES: &[(u8, [u32; 3], &str)] = &[
    (0, [1, 2, 3], "Unknown message type=0 arg1=1 arg2=2"),
    (
        1,
        [10, 255, 3],
        "No message, arg1=10 (0xa) arg2=255 (0xff) arg3=3 (0x3)",
    ),
    (
        2,
        [312, 4021, 0],
        "Attempting local delivery for container id 312 from seclabel 4021",
    ),
    (
        3,
        [16, 4021, 0],
        "Encapsulating to node 16 (0x10) from seclabel 4021",
    ),
    (
        4,
        [12, INDEX, 0],
        "Local container found ifindex  seclabel 7",
    ),
    (
        5,
        [1, 2, 0],
        "Policy evaluation would deny packet from 1 to 2",
    ),
    (
        6,
        [40001 << 16 | 80, 6 << 8 | 1, 0],
        "CT lookup: sport=40001 dport=80 nexthdr=6 flags=OUT",
    ),
    (
        7,
        [80 << 16 | 40001, 17 << 8, 0],
        "CT reverse lookup: sport=80 dport=40001 nexthdr=17 flags=",
    ),
    (
        8,
        [21600, INDEX, 0],
        "CT entry found lifetime=21600, revnat=7",
    ),
    (
        9,
        [1 << 16 | 2, 6 << 8 | 2, INDEX],
        "CT created 1/2: sport=1 dport=2 nexthdr=6 flags=RELATED revnat=7",
    ),
    (10, [POD, INDEX, 0], "CT created 2/2: 10.0.1.5 revnat=7"),
    (11, [135, 0, 0], "Handling ICMPv6 type=135"),
    (12, [54, 0, 0], "ICMPv6 echo request for router offset=54"),
    (
        13,
        [0xfd, 0xabc, 0],
        "ICMPv6 neighbour solicitation for address fd:abc",
    ),
    (14, [0, 0, 0], "Sending ICMPv6 time exceeded"),
    (15, [0, 0, 0], "CT verdict: New, revnat=0"),
    (16, [7, 0xabc, 0], "Tunnel decap: id=7 flowlabel=abc"),
    (17, [80, 8080, 0], "Mapping port from=80 to=8080"),
    (
        18,
        [69, 4_294_967_274, 0],
        "BPF function 69 returned error 4294967274",
    ),
    (19, [1, 0, 0], "Going to host, policy-skip=1"),
    (20, [0, 0, 0], "Going to the stack, policy-skip=0"),
    (
        21,
        [255, 3, 0],
        "Packet hash=255 (0xff), selected_service=3",
    ),
    (
        22,
        [0xfd, PORT, 0],
        "Frontend service lookup, addr.p4=fd key.dport=80",
    ),
    (
        23,
        [0xa, 0xb, 0],
        "Frontend service lookup failed, addr.p2=a addr.p3=b",
    ),
    (
        24,
        [2, PORT, 0],
        "Service backend slot lookup: slot=2, dport=80",
    ),
    (
        25,
        [0xfd, PORT, 0],
        "Service backend slot lookup result: target.p4=fd port=80",
    ),
    (
        26,
        [2, PORT, 0],
        "Service backend slot lookup failed: slot=2, dport=80",
    ),
    (27, [9, 0, 0], "Backend service lookup failed: backend_id=9"),
    (28, [INDEX, 0, 0], "Reverse NAT lookup, index=7"),
    (
        29,
        [0xfd, PORT, 0],
        "Performing reverse NAT, address.p4=fd port=80",
    ),
    (
        30,
        [POD, PORT, 0],
        "Frontend service lookup, addr=10.0.1.5 key.dport=80",
    ),
    (31, [0, 0, 0], "Frontend service lookup failed"),
    (
        32,
        [2, PORT, 0],
        "Service backend slot lookup: slot=2, dport=80",
    ),
    (
        33,
        [POD, PORT, 0],
        "Service backend slot lookup result: target=10.0.1.5 port=80",
    ),
    (
        34,
        [2, PORT, 0],
        "Service backend slot lookup failed: slot=2, dport=80",
    ),
    (35, [9, 0, 0], "Backend service lookup failed: backend_id=9"),
    (36, [INDEX, 0, 0], "Reverse NAT lookup, index=7"),
    (
        37,
        [POD, PORT, 0],
        "Performing reverse NAT, address=10.0.1.5 port=80",
    ),
    (
        38,
        [POD, OTHER, 0],
        "Loopback SNAT from=10.0.1.5 to=10.0.2.20",
    ),
    (
        39,
        [POD, OTHER, 0],
        "Loopback reverse SNAT from=10.0.1.5 to=10.0.2.20",
    ),
    (40, [POD, 0, 0], "CT lookup address: 10.0.1.5"),
    (
        41,
        [255, 3, 0],
        "RR backend slot selection hash=255 (0xff), selected_service=3",
    ),
    (
        42,
        [PORT << 16 | INDEX, POD, 6],
        "Reverse proxy lookup sport=80 dport=7 saddr=10.0.1.5 nexthdr=6",
    ),
    (
        43,
        [POD, 80, 0],
        "Reverse proxy entry found, orig-daddr=10.0.1.5 orig-dport=80",
    ),
    (
        44,
        [PORT << 16 | INDEX, POD, 6],
        "Reverse proxy updated sport=80 dport=7 saddr=10.0.1.5 nexthdr=6",
    ),
    (45, [PORT, 1, 0], "Resolved L4 policy to: 80 / ingress"),
    (
        46,
        [4021, 0, 0],
        "Destination is inside cluster prefix, source identity: 4021",
    ),
    (
        47,
        [POD, 4021, 0],
        "Attempting encapsulation, lookup key: 10.0.1.5, identity: 4021",
    ),
    (
        48,
        [POD, OTHER, 80 << 16 | 40001],
        "Conntrack lookup 1/2: src=10.0.1.5:40001 dst=10.0.2.20:80",
    ),
    (
        49,
        [6 << 8 | 1, 1, 2],
        "Conntrack lookup 2/2: nexthdr=6 flags=1 dir=1 scope=2",
    ),
    (
        50,
        [9 << 16 | INDEX, 4021, POD],
        "Conntrack create: proxy-port=9 revnat=7 src-identity=4021 lb=10.0.1.5",
    ),
    (
        51,
        [V6, 0, 80 << 16 | 40001],
        "Conntrack lookup 1/2: src=[::a:b]:40001 dst=[::0:0]:80",
    ),
    (
        52,
        [6 << 8 | 1, 1, 2],
        "Conntrack lookup 2/2: nexthdr=6 flags=1 dir=1 scope=2",
    ),
    (
        53,
        [9 << 16 | INDEX, 4021, POD],
        "Conntrack create: proxy-port=9 revnat=7 src-identity=4021",
    ),
    (54, [0xa00, 0, 0], "Skipping proxy, tc_index is set=a00"),
    (
        55,
        [1, 2, PORT << 16 | 6],
        "Matched L4 policy; creating conntrack src=1 dst=2 dport=80 proto=6",
    ),
    (56, [POD, 0, 0], "Failed to map addr=10.0.1.5 to identity"),
    (57, [V6, 0, 0], "Failed to map addr.p4=[::a:b] to identity"),
    (
        58,
        [POD, 4021, 0],
        "Successfully mapped addr=10.0.1.5 to identity=4021",
    ),
    (
        59,
        [V6, 4021, 0],
        "Successfully mapped addr.p4=[::a:b] to identity=4021",
    ),
    (
        60,
        [7, 8, 0],
        "Stale CT entry found stale_ct.rev_nat_id=8, svc.rev_nat_id=7",
    ),
    (61, [4021, 0, 0], "Inheriting identity=4021 from stack"),
    (
        62,
        [POD, OTHER, 80 << 16 | 40001],
        "Socket lookup: src=10.0.1.5:40001 dst=10.0.2.20:80",
    ),
    (
        63,
        [V6, 0, 80 << 16 | 40001],
        "Socket lookup: src=[::a:b]:40001 dst=[::0:0]:80",
    ),
    (64, [0, 0, 0], "Socket assign: Success"),
    (
        65,
        [POD, OTHER, 10001],
        "L7 LB from 10.0.1.5 to 10.0.2.20: proxy port 10001",
    ),
    (66, [0xa, 0xb, 0], "Loopback SNAT from.p4=a to.p4=b"),
    (67, [0xa, 0xb, 0], "Loopback reverse SNAT from.p4=a to.p4=b"),
    (68, [1, 2, 3], "Unknown message type=68 arg1=1 arg2=2"),
    (255, [1, 2, 3], "Unknown message type=255 arg1=1 arg2=2"),
];

#[test]
fn every_message_has_hubbles_text() {
    for (number, args, expected) in MESSAGES {
        assert_eq!(message(*number, *args), *expected, "{number}");
    }
}

/// The texts of 1.12.0, and of 1.13.18, 1.18.4 and 1.19.4 for the last three pairs.
#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn messages_of_older_releases_have_the_texts_of_these_releases() {
    let old = [
        (1, [10, 255, 3], "No message, arg1=10 (0xa) arg2=255 (0xff)"),
        (
            13,
            [0xfd, 0xabc, 0],
            "ICMPv6 neighbour soliciation for address fd:abc",
        ),
        (
            49,
            [1 << 8 | 1, 0, 0],
            "Conntrack lookup 2/2: nexthdr=1 flags=1",
        ),
        (
            52,
            [6 << 8 | 1, 0, 0],
            "Conntrack lookup 2/2: nexthdr=6 flags=1",
        ),
        (66, [0xa, 0xb, 0], "Unknown message type=66 arg1=10 arg2=11"),
        (67, [0xa, 0xb, 0], "Unknown message type=67 arg1=10 arg2=11"),
    ];
    for number in 0..=u8::MAX {
        let event_type = DebugEventType(number);
        let (newest, args) = MESSAGES
            .iter()
            .find(|(message, ..)| *message == number)
            .map_or(("", [1, 2, 3]), |(_, args, text)| (*text, *args));
        let event = |has_old_text| DebugEvent {
            event_type,
            args,
            has_old_text,
            ..DebugEvent::default()
        };
        match old.iter().find(|(changed, ..)| *changed == number) {
            Some((_, args, expected)) => {
                assert_eq!(
                    text(&DebugEvent {
                        args: *args,
                        ..event(true)
                    }),
                    *expected
                );
                assert!(event_type.new_text_since().is_some(), "{number}");
            }
            None => {
                assert_eq!(event_type.new_text_since(), None, "{number} {newest}");
                assert_eq!(text(&event(true)), text(&event(false)));
            }
        }
    }
}

#[test]
fn arguments_with_names_are_written_as_names() {
    let cases = [
        (15, [1, INDEX, 0], "CT verdict: Established, revnat=7"),
        (15, [2, 0, 0], "CT verdict: Reply, revnat=0"),
        (15, [3, 0, 0], "CT verdict: Related, revnat=0"),
        (15, [133, 0, 0], "CT verdict: Policy denied, revnat=0"),
        (
            15,
            [0xffff_ff85, 0, 0],
            "CT verdict: Policy denied, revnat=0",
        ),
        (15, [99, 0, 0], "CT verdict: 99, 0, revnat=0"),
        (
            6,
            [0, 3, 0],
            "CT lookup: sport=0 dport=0 nexthdr=0 flags=OUT, RELATED",
        ),
        (6, [0, 4, 0], "CT lookup: sport=0 dport=0 nexthdr=0 flags="),
        (45, [PORT, 0, 0], "Resolved L4 policy to: 80 / egress"),
        (45, [PORT, 2, 0], "Resolved L4 policy to: 80 / "),
        (64, [2, 0, 0], "Socket assign: no such file or directory"),
        (64, [94, 0, 0], "Socket assign: socket type not supported"),
        (
            64,
            [132, 0, 0],
            "Socket assign: operation not possible due to RF-kill",
        ),
        (64, [41, 0, 0], "Socket assign: errno 41"),
        (64, [133, 0, 0], "Socket assign: errno 133"),
        (64, [u32::MAX, 0, 0], "Socket assign: errno 4294967295"),
    ];
    for (number, args, expected) in cases {
        assert_eq!(message(number, args), expected, "{number} {args:?}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn a_line_has_endpoint_type_hash_cpu_and_text() {
    let event = DebugEvent {
        time: Timestamp(1_772_359_200_123_456_789),
        event_type: DebugEventType(15),
        source: 312,
        hash: 0xabc,
        args: [1, 0, 0],
        cpu: 3,
        ..DebugEvent::default()
    };
    let named = |namespace: &str, pod_name: &str, labels: &[&str]| {
        let labels = labels.iter().map(|&label| label.to_owned()).collect();
        let names = EndpointNames {
            namespace: namespace.to_owned(),
            pod_name: pod_name.to_owned(),
            ..EndpointNames::of_labels(labels)
        };
        DebugEvent {
            source: 7,
            source_names: Some(Arc::new(names)),
            ..DebugEvent::default()
        }
    };
    let cases = [
        (
            named("shop", "cart-0", &["reserved:host"]),
            "N/A: shop/cart-0 (ID: 7) DBG_EVENT_UNKNOWN MARK: 0x0 CPU: 00 \
             (Unknown message type=0 arg1=0 arg2=0)\n",
        ),
        (
            named("shop", "", &["reserved:host"]),
            "N/A: reserved:host (ID: 7) DBG_EVENT_UNKNOWN MARK: 0x0 CPU: 00 \
             (Unknown message type=0 arg1=0 arg2=0)\n",
        ),
        (
            named("", "", &["k8s:a=1", "reserved:host"]),
            "N/A: ID: 7 DBG_EVENT_UNKNOWN MARK: 0x0 CPU: 00 (Unknown message type=0 arg1=0 arg2=0)\n",
        ),
        (
            event,
            "Mar  1 10:00:00.123: ID: 312 DBG_CT_VERDICT MARK: 0xabc CPU: 03 \
             (CT verdict: Established, revnat=0)\n",
        ),
        (
            DebugEvent {
                event_type: DebugEventType(200),
                ..DebugEvent::default()
            },
            "N/A: N/A 200 MARK: 0x0 CPU: 00 (Unknown message type=200 arg1=0 arg2=0)\n",
        ),
        (
            DebugEvent {
                event_type: DebugEventType(14),
                cpu: 127,
                ..DebugEvent::default()
            },
            "N/A: N/A DBG_ICMP6_TIME_EXCEEDED MARK: 0x0 CPU: 127 (Sending ICMPv6 time exceeded)\n",
        ),
    ];
    for (event, expected) in cases {
        let mut line = String::new();
        Compact::default().push_debug_event(&mut line, &event);
        assert_eq!(line, expected);
    }
}
