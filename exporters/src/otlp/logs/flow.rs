//! Attributes of every flow, beside those of its sides ([`super::side`]) and its request or response
//! ([`super::l7`]). An attribute whose value the event does not carry is left out.
//!
//! | attribute | type | meaning |
//! | --- | --- | --- |
//! | `network.type` | string | `ipv4` or `ipv6` |
//! | `network.transport` | string | `tcp`, `udp`, `sctp`, `icmpv4`, `icmpv6`, `vrrp` or `igmp` |
//! | `cilium.flow.uuid` | string | the flow's id, the same in every exporter |
//! | `cilium.flow.type` | string | `L3_L4`, `L7` or `SOCK` |
//! | `cilium.verdict` | string | `FORWARDED`, `DROPPED` and the like |
//! | `cilium.drop_reason` | string | name of the reason, or its number |
//! | `cilium.event.type` | string | the event that told of it: `drop`, `trace`, `policy-verdict`, `trace-sock`, `l7`, `capture` |
//! | `cilium.event.sub_type` | string | where and how, in the words of `hubble observe`: `to-endpoint`, `Policy denied` |
//! | `cilium.traffic_direction` | string | `INGRESS` or `EGRESS`, seen from the local endpoint |
//! | `cilium.is_reply` | bool | whether it is a reply |
//! | `cilium.trace_observation_point` | string | where it was traced |
//! | `cilium.trace_reason` | string | state of its connection |
//! | `cilium.policy_match_type` | string | what part of a rule matched: `L3-L4`, `all` |
//! | `cilium.auth_type` | string | how its peers had to authenticate |
//! | `cilium.proxy_port` | int | port of the proxy that it was sent to |
//! | `cilium.interface.index` | int | network interface |
//! | `cilium.file` | string | place in Cilium's BPF sources that reported the drop: `bpf_lxc.c:1234` |
//! | `cilium.socket.cookie`, `cilium.cgroup.id` | int | the socket and its process's cgroup, of a socket trace |
//! | `cilium.ip_trace_id` | int | trace id found in an IP option |
//! | `cilium.encrypted` | bool | true if Cilium encrypted or decrypted it |
//! | `cilium.source.xlated_address` | string | source address after translation, where it differs |
//! | `cilium.tcp.flags` | string[] | flags that are set, in Hubble's order |
//! | `cilium.icmp.type`, `cilium.icmp.code` | int | of an ICMP message |
//! | `cilium.vrrp.type`, `cilium.vrrp.vrid`, `cilium.vrrp.priority` | int | of a VRRP message |
//! | `cilium.igmp.type` | int | of an IGMP message |
//! | `cilium.igmp.group` | string | its group |
//! | `cilium.tunnel.protocol` | string | `VXLAN` or `GENEVE` |
//! | `cilium.tunnel.vni` | int | virtual network identifier |
//! | `cilium.tunnel.source.address`, `cilium.tunnel.destination.address` | string | the outer addresses |
//! | `cilium.tunnel.source.port`, `cilium.tunnel.destination.port` | int | the outer ports |

use tidegate_core::flow::{AuthType, Flow, Ip, IpVersion, L4, TcpFlags, Tunnel, message_type};

use super::side::{DESTINATION, SOURCE};
use super::writer::Writer;
use crate::hubble::{Uuid, push_type};

/// Writes them.
pub(super) fn write(out: &mut Writer, flow: &Flow, uuid: Uuid) {
    write_network(out, flow);
    SOURCE.write(out, &flow.source);
    DESTINATION.write(out, &flow.destination);
    out.shown("cilium.flow.uuid", uuid);
    out.text("cilium.flow.type", flow.flow_type.name());
    write_event(out, flow);
    write_trace(out, flow);
    out.int_if_any("cilium.proxy_port", flow.proxy_port);
    out.int_if_any("cilium.interface.index", flow.interface);
    if let Some(file) = flow.file {
        let line = file.line;
        match file.name() {
            Some(name) => out.shown("cilium.file", format_args!("{name}:{line}")),
            None => out.shown("cilium.file", format_args!("unknown({}):{line}", file.id)),
        }
    }
    if let Some(tunnel) = &flow.tunnel {
        write_tunnel(out, tunnel);
    }
    if let Some(socket) = &flow.socket {
        out.int("cilium.socket.cookie", socket.cookie.cast_signed());
        out.int_if_any("cilium.cgroup.id", socket.cgroup_id.cast_signed());
    }
}

fn write_network(out: &mut Writer, flow: &Flow) {
    if let Some(ip) = &flow.ip {
        write_ip(out, flow, ip);
    }
    if let Some(ethernet) = &flow.ethernet {
        out.shown(SOURCE.mac, Mac(ethernet.source));
        out.shown(DESTINATION.mac, Mac(ethernet.destination));
    }
    if let Some(name) = flow.l4.name() {
        out.text("network.transport", &name.to_ascii_lowercase());
    }
    if let Some((source, destination)) = flow.l4.ports() {
        out.int(SOURCE.port, source);
        out.int(DESTINATION.port, destination);
    }
    match flow.l4 {
        L4::Tcp { flags: Some(flags), .. } => {
            let set: Vec<_> = TcpFlags::NAMES.iter().filter(|(bit, _)| flags.has(*bit)).map(|(_, name)| name).collect();
            out.list("cilium.tcp.flags", &set);
        }
        L4::Icmpv4 { icmp_type, code } | L4::Icmpv6 { icmp_type, code } => {
            out.int("cilium.icmp.type", icmp_type);
            out.int("cilium.icmp.code", code);
        }
        L4::Vrrp { vrrp_type, vrid, priority } => {
            out.int("cilium.vrrp.type", vrrp_type);
            out.int("cilium.vrrp.vrid", vrid);
            out.int("cilium.vrrp.priority", priority);
        }
        L4::Igmp { igmp_type, group } => {
            out.int("cilium.igmp.type", igmp_type);
            out.shown("cilium.igmp.group", group);
        }
        _ => {}
    }
}

fn write_ip(out: &mut Writer, flow: &Flow, ip: &Ip) {
    match ip.version {
        IpVersion::V4 => out.text("network.type", "ipv4"),
        IpVersion::V6 => out.text("network.type", "ipv6"),
        IpVersion::NotUsed => {}
    }
    for (side, address) in [(SOURCE, flow.source_address()), (DESTINATION, flow.destination_address())] {
        if let Some(address) = address {
            out.shown(side.address, address);
        }
    }
    if let Some(xlated) = ip.source_xlated {
        out.shown("cilium.source.xlated_address", xlated);
    }
    if ip.encrypted {
        out.bool("cilium.encrypted", true);
    }
}

fn write_event(out: &mut Writer, flow: &Flow) {
    out.text("cilium.verdict", flow.verdict.name());
    if flow.drop_reason.0 != 0 {
        match flow.drop_reason.name() {
            Some(name) => out.text("cilium.drop_reason", name),
            None => out.shown("cilium.drop_reason", flow.drop_reason.0),
        }
    }
    match event_type(flow.message_type) {
        Some(name) => out.text("cilium.event.type", name),
        None => out.shown("cilium.event.type", flow.message_type),
    }
    let mut sub_type = String::new();
    push_type(&mut sub_type, flow);
    out.text("cilium.event.sub_type", &sub_type);
    out.text("cilium.traffic_direction", flow.direction.name());
    if let Some(is_reply) = flow.is_reply {
        out.bool("cilium.is_reply", is_reply);
    }
    if flow.message_type == message_type::POLICY_VERDICT {
        out.text("cilium.policy_match_type", flow.policy_match.name());
    }
    if flow.auth_type != AuthType::default() {
        match flow.auth_type.name() {
            Some(name) => out.text("cilium.auth_type", name),
            None => out.shown("cilium.auth_type", flow.auth_type.0),
        }
    }
}

/// Names of message types, as `pkg/monitor/api` (v1.19.4) has them.
fn event_type(message_type: u8) -> Option<&'static str> {
    Some(match message_type {
        message_type::DROP => "drop",
        message_type::DEBUG => "debug",
        message_type::CAPTURE => "capture",
        message_type::TRACE => "trace",
        message_type::POLICY_VERDICT => "policy-verdict",
        message_type::RECORDER => "recorder",
        message_type::TRACE_SOCK => "trace-sock",
        message_type::ACCESS_LOG => "l7",
        message_type::AGENT => "agent",
        _ => return None,
    })
}

fn write_trace(out: &mut Writer, flow: &Flow) {
    if flow.message_type == message_type::TRACE {
        match flow.trace_point.name() {
            Some(name) => out.text("cilium.trace_observation_point", name),
            None => out.shown("cilium.trace_observation_point", flow.trace_point.0),
        }
        match flow.trace_reason.name() {
            Some(name) => out.text("cilium.trace_reason", name),
            None => out.shown("cilium.trace_reason", flow.trace_reason.0),
        }
    }
    out.int_if_any("cilium.ip_trace_id", flow.ip_trace_id.cast_signed());
}

fn write_tunnel(out: &mut Writer, tunnel: &Tunnel) {
    out.text("cilium.tunnel.protocol", tunnel.protocol.name());
    out.int("cilium.tunnel.vni", tunnel.vni);
    if let Some(ip) = &tunnel.ip {
        out.shown("cilium.tunnel.source.address", ip.source);
        out.shown("cilium.tunnel.destination.address", ip.destination);
    }
    if let Some((source, destination)) = tunnel.l4.ports() {
        out.int("cilium.tunnel.source.port", source);
        out.int("cilium.tunnel.destination.port", destination);
    }
}

struct Mac([u8; 6]);

impl std::fmt::Display for Mac {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}
