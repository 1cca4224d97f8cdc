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
