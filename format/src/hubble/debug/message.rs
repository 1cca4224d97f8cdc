//! The messages, by the numbers of `bpf/lib/dbg.h`.

use std::fmt::Write;

use tidegate_model::record::DebugEvent;

use super::argument::{ConntrackResult, Ip6, TupleFlags, be16, direction, ip4, low};
use super::errno::Errno;

/// Appends the text of a message.
pub(in crate::hubble) fn push_message(out: &mut String, event: &DebugEvent) {
    match event.event_type.0 {
        6..=10 | 15 | 40 | 48..=53 | 60 => push_conntrack(out, event),
        66 | 67 if event.has_old_text => push_forwarding(out, event),
        21..=39 | 41 | 66 | 67 => push_service(out, event),
        42..=44 | 54 | 62..=65 => push_proxy(out, event),
        _ => push_forwarding(out, event),
    }
    .expect("writing to a String cannot fail");
}

/// Forwarding: identities, policies, tunnels, ICMPv6.
#[expect(clippy::too_many_lines, reason = "a table of texts")]
fn push_forwarding(out: &mut String, event: &DebugEvent) -> std::fmt::Result {
    let [a, b, c] = event.args;
    match event.event_type.0 {
        1 if event.has_old_text => write!(out, "No message, arg1={a} ({a:#x}) arg2={b} ({b:#x})"),
        1 => write!(
            out,
            "No message, arg1={a} ({a:#x}) arg2={b} ({b:#x}) arg3={c} ({c:#x})"
        ),
        2 => write!(
            out,
            "Attempting local delivery for container id {a} from seclabel {b}"
        ),
        3 => write!(out, "Encapsulating to node {a} ({a:#x}) from seclabel {b}"),
        4 => write!(out, "Local container found ifindex  seclabel {}", be16(b)),
        5 => write!(out, "Policy evaluation would deny packet from {a} to {b}"),
        11 => write!(out, "Handling ICMPv6 type={a}"),
        12 => write!(out, "ICMPv6 echo request for router offset={a}"),
        13 if event.has_old_text => {
            write!(out, "ICMPv6 neighbour soliciation for address {a:x}:{b:x}")
        }
        13 => write!(out, "ICMPv6 neighbour solicitation for address {a:x}:{b:x}"),
        14 => out.write_str("Sending ICMPv6 time exceeded"),
        16 => write!(out, "Tunnel decap: id={a} flowlabel={b:x}"),
        17 => write!(out, "Mapping port from={a} to={b}"),
        18 => write!(out, "BPF function {a} returned error {b}"),
        19 => write!(out, "Going to host, policy-skip={a}"),
        20 => write!(out, "Going to the stack, policy-skip={a}"),
        45 => write!(out, "Resolved L4 policy to: {} / {}", be16(a), direction(b)),
        46 => write!(
            out,
            "Destination is inside cluster prefix, source identity: {a}"
        ),
        47 => write!(
            out,
            "Attempting encapsulation, lookup key: {}, identity: {b}",
            ip4(a)
        ),
        55 => write!(
            out,
            "Matched L4 policy; creating conntrack src={a} dst={b} dport={} proto={}",
            be16(c >> 16),
            c & 0xff
        ),
        56 => write!(out, "Failed to map addr={} to identity", ip4(a)),
        57 => write!(out, "Failed to map addr.p4=[::{}] to identity", Ip6(a)),
        58 => write!(out, "Successfully mapped addr={} to identity={b}", ip4(a)),
        59 => write!(
            out,
            "Successfully mapped addr.p4=[::{}] to identity={b}",
            Ip6(a)
        ),
        61 => write!(out, "Inheriting identity={a} from stack"),
        other => write!(out, "Unknown message type={other} arg1={a} arg2={b}"),
    }
}

/// Connection tracking.
#[expect(clippy::too_many_lines, reason = "a table of texts")]
fn push_conntrack(out: &mut String, event: &DebugEvent) -> std::fmt::Result {
    let [a, b, c] = event.args;
    match event.event_type.0 {
        6 => push_tuple(out, "CT lookup", a, b),
        7 => push_tuple(out, "CT reverse lookup", a, b),
        8 => write!(out, "CT entry found lifetime={a}, revnat={}", be16(b)),
        9 => {
            push_tuple(out, "CT created 1/2", a, b)?;
            write!(out, " revnat={}", be16(c))
        }
        10 => write!(out, "CT created 2/2: {} revnat={}", ip4(a), be16(b)),
        15 => write!(
            out,
            "CT verdict: {}, revnat={}",
            ConntrackResult(a),
            be16(b)
        ),
        40 => write!(out, "CT lookup address: {}", ip4(a)),
        48 => push_peers4(out, "Conntrack lookup 1/2", event),
        51 => push_peers6(out, "Conntrack lookup 1/2", event),
        49 | 52 => {
            write!(
                out,
                "Conntrack lookup 2/2: nexthdr={} flags={}",
                a >> 8,
                a & 0xff
            )?;
            if event.has_old_text {
                Ok(())
            } else {
                write!(out, " dir={b} scope={c}")
            }
        }
        50 => {
            push_created(out, a, b)?;
            write!(out, " lb={}", ip4(c))
        }
        53 => push_created(out, a, b),
        _ => write!(
            out,
            "Stale CT entry found stale_ct.rev_nat_id={b}, svc.rev_nat_id={a}"
        ),
    }
}

/// Services and their backends.
#[expect(clippy::too_many_lines, reason = "a table of texts")]
fn push_service(out: &mut String, event: &DebugEvent) -> std::fmt::Result {
    let [a, b, _] = event.args;
    let port = be16(b);
    match event.event_type.0 {
        21 => write!(out, "Packet hash={a} ({a:#x}), selected_service={b}"),
        22 => write!(
            out,
            "Frontend service lookup, addr.p4={a:x} key.dport={port}"
        ),
        23 => write!(
            out,
            "Frontend service lookup failed, addr.p2={a:x} addr.p3={b:x}"
        ),
        24 | 32 => write!(out, "Service backend slot lookup: slot={a}, dport={port}"),
        25 => write!(
            out,
            "Service backend slot lookup result: target.p4={a:x} port={port}"
        ),
        26 | 34 => write!(
            out,
            "Service backend slot lookup failed: slot={a}, dport={port}"
        ),
        27 | 35 => write!(out, "Backend service lookup failed: backend_id={a}"),
        28 | 36 => write!(out, "Reverse NAT lookup, index={}", be16(a)),
        29 => write!(out, "Performing reverse NAT, address.p4={a:x} port={port}"),
        30 => write!(
            out,
            "Frontend service lookup, addr={} key.dport={port}",
            ip4(a)
        ),
        31 => out.write_str("Frontend service lookup failed"),
        33 => write!(
            out,
            "Service backend slot lookup result: target={} port={port}",
            ip4(a)
        ),
        37 => write!(
            out,
            "Performing reverse NAT, address={} port={port}",
            ip4(a)
        ),
        38 => write!(out, "Loopback SNAT from={} to={}", ip4(a), ip4(b)),
        39 => write!(out, "Loopback reverse SNAT from={} to={}", ip4(a), ip4(b)),
        66 => write!(out, "Loopback SNAT from.p4={a:x} to.p4={b:x}"),
        67 => write!(out, "Loopback reverse SNAT from.p4={a:x} to.p4={b:x}"),
        _ => write!(
            out,
            "RR backend slot selection hash={a} ({a:#x}), selected_service={b}"
        ),
    }
}

/// Proxies and their listening sockets.
fn push_proxy(out: &mut String, event: &DebugEvent) -> std::fmt::Result {
    let [a, b, c] = event.args;
    match event.event_type.0 {
        42 => push_proxied(out, "Reverse proxy lookup", event),
        43 => write!(
            out,
            "Reverse proxy entry found, orig-daddr={} orig-dport={b}",
            ip4(a)
        ),
        44 => push_proxied(out, "Reverse proxy updated", event),
        54 => write!(out, "Skipping proxy, tc_index is set={a:x}"),
        62 => push_peers4(out, "Socket lookup", event),
        63 => push_peers6(out, "Socket lookup", event),
        64 => write!(out, "Socket assign: {}", Errno(a)),
        _ => write!(out, "L7 LB from {} to {}: proxy port {c}", ip4(a), ip4(b)),
    }
}

fn push_tuple(out: &mut String, what: &str, ports: u32, rest: u32) -> std::fmt::Result {
    write!(
        out,
        "{what}: sport={} dport={} nexthdr={} flags={}",
        ports >> 16,
        low(ports),
        rest >> 8,
        TupleFlags(rest)
    )
}

/// The low half of the ports is the source port.
fn push_peers4(out: &mut String, what: &str, event: &DebugEvent) -> std::fmt::Result {
    let [source, destination, ports] = event.args;
    write!(
        out,
        "{what}: src={}:{} dst={}:{}",
        ip4(source),
        low(ports),
        ip4(destination),
        ports >> 16
    )
}

fn push_peers6(out: &mut String, what: &str, event: &DebugEvent) -> std::fmt::Result {
    let [source, destination, ports] = event.args;
    write!(
        out,
        "{what}: src=[::{}]:{} dst=[::{}]:{}",
        Ip6(source),
        low(ports),
        Ip6(destination),
        ports >> 16
    )
}

fn push_created(out: &mut String, proxy_and_service: u32, identity: u32) -> std::fmt::Result {
    write!(
        out,
        "Conntrack create: proxy-port={} revnat={} src-identity={identity}",
        proxy_and_service >> 16,
        be16(proxy_and_service)
    )
}

fn push_proxied(out: &mut String, what: &str, event: &DebugEvent) -> std::fmt::Result {
    let [ports, source, protocol] = event.args;
    write!(
        out,
        "{what} sport={} dport={} saddr={} nexthdr={protocol}",
        be16(ports >> 16),
        be16(ports),
        ip4(source)
    )
}
