//! Recorded datapath events, and their flows.

use std::fmt::Write as _;

use crate::support::{Chain, golden};
use tidegate_model::Record;
use tidegate_model::flow::{Address, Flow};

/// Describes a flow in one line.
fn line(flow: &Flow) -> String {
    let mut line = format!(
        "{}/{} {}",
        flow.message_type,
        flow.sub_type,
        flow.verdict.name()
    );
    if let Some(ip) = flow.ip {
        let (from, to) = flow.l4.ports().unwrap_or_default();
        let text = |address: Option<Address>| {
            address
                .map(|address| address.to_string())
                .unwrap_or_default()
        };
        let _ = write!(
            line,
            " {}:{from} > {}:{to}",
            text(flow.source_address()),
            text(flow.destination_address())
        );
        line += if ip.encrypted { " encrypted" } else { "" };
        if let Some(xlated) = ip.source_xlated {
            let _ = write!(line, " xlated {xlated}");
        }
    }
    let _ = write!(
        line,
        " {} id {}>{}",
        flow.l4.name().unwrap_or("-"),
        flow.source.identity,
        flow.destination.identity
    );
    let _ = write!(
        line,
        " {:?} reply {:?} reason {}",
        flow.direction, flow.is_reply, flow.trace_reason.0
    );
    let _ = write!(
        line,
        " if {} proxy {} trace-id {}",
        flow.interface, flow.proxy_port, flow.ip_trace_id
    );
    if let Some(file) = flow.file {
        let _ = write!(line, " {:?}:{}", file.name(), file.line);
    }
    if flow.message_type == 5 {
        let _ = write!(
            line,
            " match {} auth {} drop {}",
            flow.policy_match.0, flow.auth_type.0, flow.drop_reason.0
        );
    }
    if let Some(socket) = flow.socket.as_deref() {
        let _ = write!(
            line,
            " cookie {} cgroup {}",
            socket.cookie, socket.cgroup_id
        );
    }
    if let Some(tunnel) = flow.tunnel {
        let _ = write!(line, " in {} {}", tunnel.protocol.name(), tunnel.vni);
    }
    line
}

fn outcome(data: &[u8]) -> String {
    let mut chain = Chain::of(&[
        ("cilium_decode", "{}"),
        ("l34_flow", "{}"),
        ("sock_flow", "{}"),
    ]);
    match chain.run([data]).records() {
        [Record::Flow(flow)] => line(flow),
        [Record::DebugEvent(event)] => format!("{event:?}"),
        [] => format!("dropped {}", chain.step(1).tally.drops()[0].0),
        other => panic!("unexpected {other:?}"),
    }
}

const EXPECTED: &[(&str, &str)] = &[
    (
        "perf-debug-capture-delivery",
        r#"3/4 VERDICT_UNKNOWN 10.0.1.15:40001 > 10.0.2.20:80 TCP id 0>0 Unknown reply None reason 0 if 12 proxy 0 trace-id 0"#,
    ),
    (
        "perf-debug-msg-ct-verdict",
        r#"DebugEvent { time: Timestamp(1772359200123456789), event_type: DebugEventType(15), source: 567, source_identity: 0, source_names: None, hash: 286331153, args: [1, 1792, 0], cpu: 0, has_old_text: false }"#,
    ),
    (
        "perf-drop-1.12-hdr32",
        r#"1/133 DROPPED 10.0.1.15:40001 > 10.0.2.20:80 TCP id 25001>31337 Ingress reply None reason 0 if 0 proxy 0 trace-id 0 Some("bpf_sock.c"):1234"#,
    ),
    (
        "perf-drop-v0-hdr36",
        r#"1/133 DROPPED 10.0.1.15:40001 > 10.0.2.20:80 TCP id 25001>31337 Ingress reply None reason 0 if 0 proxy 0 trace-id 0 Some("bpf_lxc.c"):1234"#,
    ),
    (
        "perf-drop-v1-hdr36",
        r#"1/133 DROPPED 10.0.1.15:40001 > 10.0.2.20:80 TCP id 25001>31337 Ingress reply None reason 0 if 0 proxy 0 trace-id 0 Some("bpf_lxc.c"):1234"#,
    ),
    (
        "perf-drop-v2-hdr40-l3v6",
        r#"1/133 DROPPED fd00:10:0:1::f:49152 > fd00:1000:0:2::14:53 UDP id 25001>31337 Ingress reply None reason 0 if 0 proxy 0 trace-id 0 Some("bpf_lxc.c"):1234"#,
    ),
    (
        "perf-drop-v3-hdr48",
        r#"1/133 DROPPED 10.0.1.15:40001 > 10.0.2.20:80 TCP id 25001>31337 Ingress reply None reason 0 if 0 proxy 0 trace-id 1234605616436508552 Some("bpf_lxc.c"):1234"#,
    ),
    (
        "perf-policy-hdr32-allow-ingress",
        r#"5/0 FORWARDED 10.0.1.15:40001 > 10.0.2.20:80 TCP id 25001>0 Ingress reply Some(false) reason 0 if 0 proxy 0 trace-id 0 match 2 auth 0 drop 0"#,
    ),
    (
        "perf-policy-hdr32-deny-egress",
        r#"5/0 DROPPED 10.0.1.15:40001 > 10.0.2.20:80 TCP id 0>25001 Egress reply None reason 0 if 0 proxy 0 trace-id 0 match 0 auth 1 drop 133"#,
    ),
    (
        "perf-policy-hdr40-l3-ip6",
        r#"5/0 FORWARDED fd00:10:0:1::f:49152 > fd00:1000:0:2::14:53 UDP id 2>0 Ingress reply Some(false) reason 0 if 0 proxy 0 trace-id 0 match 4 auth 0 drop 0"#,
    ),
    (
        "perf-policy-hdr40-redirect-audit",
        r#"5/0 REDIRECTED 10.0.1.15:40001 > 10.0.2.20:80 TCP id 0>25001 Egress reply Some(false) reason 0 if 0 proxy 0 trace-id 0 match 3 auth 0 drop 0"#,
    ),
    (
        "perf-recorder-capture-ingress",
        r#"dropped recorder_capture"#,
    ),
    (
        "perf-trace-v0-hdr32",
        r#"4/5 FORWARDED 10.0.1.15:40001 > 10.0.2.20:80 TCP id 25001>31337 Ingress reply Some(false) reason 1 if 12 proxy 0 trace-id 0"#,
    ),
    (
        "perf-trace-v1-hdr48-ip4",
        r#"4/0 FORWARDED 10.96.0.20:40001 > 10.0.2.20:80 xlated 10.0.1.15 TCP id 25001>31337 Egress reply Some(true) reason 3 if 12 proxy 0 trace-id 0"#,
    ),
    (
        "perf-trace-v1-hdr48-ip6-encrypted",
        r#"4/11 FORWARDED fd00:96::a:49152 > fd00:1000:0:2::14:53 encrypted xlated fd00:10:0:1::f UDP id 25001>31337 Egress reply Some(false) reason 2 if 12 proxy 0 trace-id 0"#,
    ),
    (
        "perf-trace-v2-hdr56",
        r#"4/11 FORWARDED 10.0.1.15:40001 > 10.0.2.20:80 TCP id 25001>31337 Unknown reply None reason 0 if 12 proxy 0 trace-id 11259375"#,
    ),
    (
        "perf-trace-v2-hdr56-l3dev",
        r#"4/13 FORWARDED 10.0.1.15:40001 > 10.0.2.20:80 TCP id 25001>31337 Unknown reply None reason 0 if 12 proxy 0 trace-id 0"#,
    ),
    (
        "perf-trace-v2-hdr56-vxlan",
        r#"4/11 FORWARDED 10.0.1.15:40001 > 10.0.2.20:80 TCP id 25001>31337 Ingress reply Some(false) reason 2 if 12 proxy 0 trace-id 0 in VXLAN 2"#,
    ),
    (
        "perf-trace-v2-truncated-packet",
        r#"dropped ipv4_too_short"#,
    ),
    (
        "perf-tracesock-38-ip4",
        r#"7/1 TRACED :0 > 10.96.0.10:53 UDP id 0>0 Unknown reply None reason 0 if 0 proxy 0 trace-id 0 cookie 72623859790382856 cgroup 4242"#,
    ),
    (
        "perf-tracesock-40-ip6",
        r#"7/4 TRANSLATED fd00:96::a:443 > :0 TCP id 0>0 Unknown reply None reason 0 if 0 proxy 0 trace-id 0 cookie 72623859790382856 cgroup 4242"#,
    ),
];

#[test]
fn each_datapath_event_becomes_the_flow_that_hubble_makes() {
    let outcomes: Vec<_> = golden("perf")
        .into_iter()
        .map(|(name, data)| (name, outcome(&data)))
        .collect();
    let outcomes: Vec<_> = outcomes
        .iter()
        .map(|(name, outcome)| (name.as_str(), outcome.as_str()))
        .collect();
    assert_eq!(outcomes, EXPECTED);
}
