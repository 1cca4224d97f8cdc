//! Whatever the flows, the totals are those of a plain fold over texts.

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

/// The rules of `flow`, `drop` and `tcp` again, in the simplest words.
fn fold(flows: &[Flow]) -> Totals {
    let mut totals = Totals::new();
    for flow in flows {
        let context = format!(
            "source={:?},destination={:?}",
            source(flow),
            destination(flow)
        );
        let protocol = match (flow.message_type, flow.l4) {
            (1 | 3..=5, L4::Tcp { .. }) => "TCP",
            (1 | 3..=5, L4::Udp { .. }) => "UDP",
            (1 | 3..=5, _) => "Unknown L4",
            _ => "Unknown flow",
        };
        let (kind, subtype) = match flow.message_type {
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
            format!("protocol={protocol:?},type={kind:?},subtype={subtype:?},verdict={verdict:?}");
        *totals
            .entry(format!(
                "hubble_flows_processed_total{{{labels},{context}}}"
            ))
            .or_default() += 1;
        if verdict == "DROPPED" {
            let reason = if flow.drop_reason.0 == 133 {
                "POLICY_DENIED".to_owned()
            } else {
                flow.drop_reason.0.to_string()
            };
            let labels = format!("{context},reason={reason:?},protocol={protocol:?}");
            *totals
                .entry(format!("hubble_drop_total{{{labels}}}"))
                .or_default() += 1;
        }
        let flags = match flow.l4 {
            L4::Tcp {
                flags: Some(flags), ..
            } if verdict == "FORWARDED" => flags.0,
            _ => 0,
        };
        let syn = if flags & 0x10 == 0 { "SYN" } else { "SYN-ACK" };
        for (bit, name) in [(0x1, "FIN"), (0x2, syn), (0x4, "RST")]
            .into_iter()
            .filter(|(bit, _)| flags & bit != 0)
        {
            let _ = bit;
            *totals
                .entry(format!(
                    "hubble_tcp_flags_total{{flag={name:?},family=\"IPv4\",{context}}}"
                ))
                .or_default() += 1;
        }
    }
    totals
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
    let names = |namespace: &str, pod: &str| {
        let (namespace, pod_name) = (namespace.to_owned(), pod.to_owned());
        Some(Arc::new(EndpointNames {
            namespace,
            pod_name,
            ..EndpointNames::default()
        }))
    };
    // Some share their names, some have equal ones of their own.
    let known = vec![
        names("a", "x"),
        names("a", "x"),
        names("a", "y"),
        names("b", "x"),
        None,
    ];
    (
        prop::sample::select(known),
        prop::sample::select(vec![2, 70_000]),
    )
        .prop_map(|(names, identity)| Endpoint {
            id: 0,
            identity,
            names,
        })
}

fn flows() -> impl Strategy<Value = Flow> {
    let tcp = (0_u16..0x200).prop_map(|flags| L4::Tcp {
        source_port: 1,
        destination_port: 2,
        flags: (flags < 0x100).then_some(TcpFlags(flags)),
    });
    let l4 = prop_oneof![
        tcp,
        Just(L4::Udp {
            source_port: 1,
            destination_port: 2
        }),
        Just(L4::None)
    ];
    let verdict =
        prop::sample::select(vec![Verdict::Forwarded, Verdict::Dropped, Verdict::Unknown]);
    let direction = prop::sample::select(vec![
        Direction::Unknown,
        Direction::Ingress,
        Direction::Egress,
    ]);
    let head = (
        prop::sample::select(vec![0_u8, 1, 3, 4, 5, 7]),
        prop::sample::select(vec![0_u8, 1, 99, 200]),
        verdict,
    );
    let reason = prop::sample::select(vec![133, 206, 999]);
    (head, direction, l4, endpoints(), endpoints(), reason).prop_map(
        |(head, direction, l4, source, destination, reason)| {
            let (message_type, sub_type, verdict) = head;
            let ip = Some(ip("10.0.0.1", "10.0.0.2"));
            let drop_reason = DropReason(reason);
            Flow {
                message_type,
                sub_type,
                verdict,
                direction,
                l4,
                source,
                destination,
                drop_reason,
                ip,
                ..Flow::default()
            }
        },
    )
}

proptest! {
    #[test]
    fn totals_are_those_of_a_fold_over_texts(batches in prop::collection::vec(prop::collection::vec(flows(), 0..40), 1..6)) {
        let items = ["flow", "drop", "tcp"].map(|name| format!("{name}:{CONTEXT}"));
        let mut processor = processor(&items.each_ref().map(String::as_str));
        let mut shown = BTreeMap::new();
        for (at, batch) in batches.iter().enumerate() {
            process(&mut *processor, batch.iter().cloned().map(Record::Flow).collect());
            let mut out = Batch::new();
            processor.tick(Timestamp((at as u64 + 1) * 1_000_000_000), &mut out);
            shown.extend(totals(&points(&out)));
        }
        shown.extend(totals(&finish(&mut *processor)));
        shown.retain(|key, _| !key.starts_with("hubble_lost"));
        let expected: BTreeMap<_, _> = fold(&batches.concat()).into_iter().map(|(key, n)| (key, n.to_string())).collect();
        prop_assert_eq!(shown, expected);
    }
}
