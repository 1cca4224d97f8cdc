//! For any flows, the totals are those of a simple model that counts texts.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use tidegate_model::flow::{
    Direction, DropReason, Endpoint, EndpointNames, Flow, L4, TcpFlags, Verdict,
};
use tidegate_model::{Batch, Record, Timestamp};

use crate::support::{finish, ip, points, process, processor, totals};

const CONTEXT: &str = "sourceEgressContext=pod;destinationContext=namespace|reserved-identity|ip";

type Totals = BTreeMap<String, u64>;

/// A simple implementation of `flow`, `drop` and `tcp`.
fn expected_totals(flows: &[Flow]) -> Totals {
    let mut totals = Totals::new();
    for flow in flows {
        let series = [flow_series(flow)].into_iter();
        for series in series.chain(drop_series(flow)).chain(tcp_series(flow)) {
            *totals.entry(series).or_default() += 1;
        }
    }
    totals
}

fn flow_series(flow: &Flow) -> String {
    let protocol = protocol(flow);
    let (flow_type, subtype) = match flow.message_type {
        1 => ("Drop", String::new()),
        3 => ("Capture", String::new()),
        4 if flow.sub_type == 0 => ("Trace", "to-endpoint".to_owned()),
        4 if flow.sub_type == 1 => ("Trace", "to-proxy".to_owned()),
        4 => ("Trace", String::new()),
        5 => ("PolicyVerdict", String::new()),
        other => ("Unknown", other.to_string()),
    };
    let verdict = flow.verdict.name();
    let labels =
        format!("protocol={protocol:?},type={flow_type:?},subtype={subtype:?},verdict={verdict:?}");
    let context = context(flow);
    format!("hubble_flows_processed_total{{{labels},{context}}}")
}

fn drop_series(flow: &Flow) -> Option<String> {
    if flow.verdict != Verdict::Dropped {
        return None;
    }
    let reason = if flow.drop_reason.0 == 133 {
        "POLICY_DENIED".to_owned()
    } else {
        flow.drop_reason.0.to_string()
    };
    let protocol = protocol(flow);
    let context = context(flow);
    Some(format!(
        "hubble_drop_total{{{context},reason={reason:?},protocol={protocol:?}}}"
    ))
}

fn tcp_series(flow: &Flow) -> impl Iterator<Item = String> {
    let flags = match flow.l4 {
        L4::Tcp {
            flags: Some(flags), ..
        } if flow.verdict == Verdict::Forwarded => flags.0,
        _ => 0,
    };
    let syn = if flags & 0x10 == 0 { "SYN" } else { "SYN-ACK" };
    let context = context(flow);
    [(0x1, "FIN"), (0x2, syn), (0x4, "RST")]
        .into_iter()
        .filter(move |(bit, _)| flags & bit != 0)
        .map(move |(_, name)| {
            format!("hubble_tcp_flags_total{{flag={name:?},family=\"IPv4\",{context}}}")
        })
}

fn protocol(flow: &Flow) -> &'static str {
    match (flow.message_type, flow.l4) {
        (1 | 3..=5, L4::Tcp { .. }) => "TCP",
        (1 | 3..=5, L4::Udp { .. }) => "UDP",
        (1 | 3..=5, _) => "Unknown L4",
        _ => "Unknown flow",
    }
}

fn context(flow: &Flow) -> String {
    let source = source(flow);
    let destination = destination(flow);
    format!("source={source:?},destination={destination:?}")
}

fn source(flow: &Flow) -> String {
    match (&flow.source.names, flow.direction) {
        (Some(names), Direction::Egress) => format!("{}/{}", names.namespace, names.pod_name),
        _ => String::new(),
    }
}

fn destination(flow: &Flow) -> String {
    match (&flow.destination.names, flow.destination.identity) {
        (Some(names), _) => names.namespace.clone(),
        (None, 2) => "reserved:world".to_owned(),
        (None, _) => "10.0.0.2".to_owned(),
    }
}

fn endpoints() -> impl Strategy<Value = Endpoint> {
    let pod = |namespace: &str, pod: &str| {
        Some(Arc::new(EndpointNames {
            namespace: namespace.to_owned(),
            pod_name: pod.to_owned(),
            ..EndpointNames::default()
        }))
    };
    // The first two are equal, but not shared.
    let names = vec![
        pod("a", "x"),
        pod("a", "x"),
        pod("a", "y"),
        pod("b", "x"),
        None,
    ];
    (
        prop::sample::select(names),
        prop::sample::select(vec![2, 70_000]),
    )
        .prop_map(|(names, identity)| Endpoint {
            id: 0,
            identity,
            names,
            service: None,
        })
}

fn l4() -> impl Strategy<Value = L4> {
    let tcp = (0_u16..0x200).prop_map(|flags| L4::Tcp {
        source_port: 1,
        destination_port: 2,
        flags: (flags < 0x100).then_some(TcpFlags(flags)),
    });
    let udp = Just(L4::Udp {
        source_port: 1,
        destination_port: 2,
    });
    prop_oneof![tcp, udp, Just(L4::None)]
}

/// Message type, subtype and verdict.
fn types() -> impl Strategy<Value = (u8, u8, Verdict)> {
    let verdicts = vec![Verdict::Forwarded, Verdict::Dropped, Verdict::Unknown];
    (
        prop::sample::select(vec![0, 1, 3, 4, 5, 7]),
        prop::sample::select(vec![0, 1, 99, 200]),
        prop::sample::select(verdicts),
    )
}

fn flows() -> impl Strategy<Value = Flow> {
    let directions = vec![Direction::Unknown, Direction::Ingress, Direction::Egress];
    let direction = prop::sample::select(directions);
    let reason = prop::sample::select(vec![133, 206, 999]);
    (types(), direction, l4(), endpoints(), endpoints(), reason).prop_map(
        |(types, direction, l4, source, destination, reason)| {
            let (message_type, sub_type, verdict) = types;
            Flow {
                message_type,
                sub_type,
                verdict,
                direction,
                l4,
                source,
                destination,
                drop_reason: DropReason(reason),
                ip: Some(ip("10.0.0.1", "10.0.0.2")),
                ..Flow::default()
            }
        },
    )
}

proptest! {
    #[test]
    fn totals_are_those_of_the_model(
        batches in prop::collection::vec(prop::collection::vec(flows(), 0..40), 1..6),
    ) {
        let items = ["flow", "drop", "tcp"].map(|name| format!("{name}:{CONTEXT}"));
        let mut processor = processor(&items.each_ref().map(String::as_str));
        let mut shown = BTreeMap::new();
        for (index, batch) in batches.iter().enumerate() {
            let records = batch.iter().cloned().map(Record::Flow).collect();
            process(&mut *processor, records);
            let mut out = Batch::new();
            processor.tick(Timestamp((index as u64 + 1) * 1_000_000_000), &mut out);
            shown.extend(totals(&points(&out)));
        }
        shown.extend(totals(&finish(&mut *processor)));
        shown.retain(|key, _| !key.starts_with("hubble_lost"));
        let expected = expected_totals(&batches.concat()).into_iter();
        let expected: BTreeMap<_, _> = expected.map(|(key, n)| (key, n.to_string())).collect();
        prop_assert_eq!(shown, expected);
    }
}
