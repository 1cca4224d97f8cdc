//! Recorded datapath events, and their flows.

use std::fmt::Write as _;

use crate::support::{TestChain, golden};
use tidegate_model::Record;
use tidegate_model::flow::{Address, Flow, message_type};

/// Describes a flow in one line.
fn line(flow: &Flow) -> String {
    let message_type = flow.message_type;
    let sub_type = flow.sub_type;
    let verdict = flow.verdict.name();
    let l4 = flow.l4.name().unwrap_or("-");
    let source = flow.source.identity;
    let destination = flow.destination.identity;
    format!(
        "{message_type}/{sub_type} {verdict}{} {l4} id {source}>{destination} {:?} reply {:?} \
         reason {} if {} proxy {} trace-id {}{}",
        addresses(flow),
        flow.direction,
        flow.is_reply,
        flow.trace_reason.0,
        flow.interface,
        flow.proxy_port,
        flow.ip_trace_id,
        rare_fields(flow)
    )
}

/// Describes addresses and ports, if there are any.
fn addresses(flow: &Flow) -> String {
    let Some(ip) = flow.ip else {
        return String::new();
    };
    let text = |address: Option<Address>| {
        address
            .map(|address| address.to_string())
            .unwrap_or_default()
    };
    let source = text(flow.source_address());
    let destination = text(flow.destination_address());
    let (from, to) = flow.l4.ports().unwrap_or_default();
    let encrypted = if ip.encrypted { " encrypted" } else { "" };
    let mut line = format!(" {source}:{from} > {destination}:{to}{encrypted}");
    if let Some(xlated) = ip.source_xlated {
        let _ = write!(line, " xlated {xlated}");
    }
    line
}

/// Describes the fields that few types of events have.
fn rare_fields(flow: &Flow) -> String {
    let mut line = String::new();
    if let Some(file) = flow.file {
        let _ = write!(line, " {:?}:{}", file.name(), file.line);
    }
    if flow.message_type == message_type::POLICY_VERDICT {
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
    let mut chain = TestChain::of(&[
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

/// Each recorded event by name, and on the next line what it becomes.
const EXPECTED: &str = include_str!("perf_vectors.txt");

#[test]
fn each_datapath_event_becomes_the_flow_that_hubble_makes() {
    let mut actual = String::new();
    for (name, data) in golden("perf") {
        let _ = writeln!(actual, "{name}\n    {}", outcome(&data));
    }
    assert_eq!(actual, EXPECTED);
}
