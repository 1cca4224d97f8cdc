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

use tidegate_core::flow::{Address, AuthType, Flow, Ip, IpVersion, L4, TcpFlags, Tunnel, message_type};

use super::key::{Key, key};
use super::side::{DESTINATION, SOURCE};
use super::writer::Writer;
use crate::hubble::{Uuid, mac_text, push_address, push_decimal, push_type};

/// Writes them.
pub(super) fn write(out: &mut Writer<'_>, flow: &Flow, uuid: Uuid) {
    write_network(out, flow);
    SOURCE.write(out, &flow.source);
    DESTINATION.write(out, &flow.destination);
    out.ascii(key!("cilium.flow.uuid"), &uuid.text());
    out.text(key!("cilium.flow.type"), flow.flow_type.name());
    write_event(out, flow);
    write_trace(out, flow);
    out.int_if_any(key!("cilium.proxy_port"), flow.proxy_port);
    out.int_if_any(key!("cilium.interface.index"), flow.interface);
    if let Some(file) = flow.file {
        let line = file.line;
        match file.name() {
            Some(name) => out.made(key!("cilium.file"), |text| {
                text.push_str(name);
                text.push(':');
                push_decimal(text, line);
            }),
            None => out.shown(key!("cilium.file"), format_args!("unknown({}):{line}", file.id)),
        }
    }
    if let Some(tunnel) = &flow.tunnel {
        write_tunnel(out, tunnel);
    }
    if let Some(socket) = &flow.socket {
        out.int(key!("cilium.socket.cookie"), socket.cookie.cast_signed());
        out.int_if_any(key!("cilium.cgroup.id"), socket.cgroup_id.cast_signed());
    }
}

fn write_network(out: &mut Writer<'_>, flow: &Flow) {
    if let Some(ip) = &flow.ip {
        write_ip(out, flow, ip);
    }
    if let Some(ethernet) = &flow.ethernet {
        out.ascii(&SOURCE.mac, &mac_text(ethernet.source));
        out.ascii(&DESTINATION.mac, &mac_text(ethernet.destination));
    }
    out.text_if_any(key!("network.transport"), transport(&flow.l4));
    if let Some((source, destination)) = flow.l4.ports() {
        out.int(&SOURCE.port, source);
        out.int(&DESTINATION.port, destination);
    }
    match flow.l4 {
        L4::Tcp { flags: Some(flags), .. } => {
            let set = TcpFlags::NAMES.iter().filter(|(bit, _)| flags.has(*bit));
            out.list(key!("cilium.tcp.flags"), set.map(|(_, name)| name));
        }
        L4::Icmpv4 { icmp_type, code } | L4::Icmpv6 { icmp_type, code } => {
            out.int(key!("cilium.icmp.type"), icmp_type);
            out.int(key!("cilium.icmp.code"), code);
        }
        L4::Vrrp { vrrp_type, vrid, priority } => {
            out.int(key!("cilium.vrrp.type"), vrrp_type);
            out.int(key!("cilium.vrrp.vrid"), vrid);
            out.int(key!("cilium.vrrp.priority"), priority);
        }
        L4::Igmp { igmp_type, group } => {
            out.int(key!("cilium.igmp.type"), igmp_type);
            write_address(out, key!("cilium.igmp.group"), group);
        }
        _ => {}
    }
}

fn write_ip(out: &mut Writer<'_>, flow: &Flow, ip: &Ip) {
    match ip.version {
        IpVersion::V4 => out.text(key!("network.type"), "ipv4"),
        IpVersion::V6 => out.text(key!("network.type"), "ipv6"),
        IpVersion::NotUsed => {}
    }
    for (key, address) in [(&SOURCE.address, flow.source_address()), (&DESTINATION.address, flow.destination_address())]
    {
        if let Some(address) = address {
            write_address(out, key, address);
        }
    }
    if let Some(xlated) = ip.source_xlated {
        write_address(out, key!("cilium.source.xlated_address"), xlated);
    }
    if ip.encrypted {
        out.bool(key!("cilium.encrypted"), true);
    }
}

fn write_address(out: &mut Writer<'_>, key: &Key, address: Address) {
    out.made(key, |text| push_address(text, address.to_ip()));
}

/// The protocol's name in lower case; empty if there is none.
fn transport(l4: &L4) -> &'static str {
    match l4 {
        L4::None => "",
        L4::Tcp { .. } => "tcp",
        L4::Udp { .. } => "udp",
        L4::Sctp { .. } => "sctp",
        L4::Icmpv4 { .. } => "icmpv4",
        L4::Icmpv6 { .. } => "icmpv6",
        L4::Vrrp { .. } => "vrrp",
        L4::Igmp { .. } => "igmp",
    }
}

fn write_event(out: &mut Writer<'_>, flow: &Flow) {
    out.text(key!("cilium.verdict"), flow.verdict.name());
    if flow.drop_reason.0 != 0 {
        match flow.drop_reason.name() {
            Some(name) => out.text(key!("cilium.drop_reason"), name),
            None => out.shown(key!("cilium.drop_reason"), flow.drop_reason.0),
        }
    }
    match event_type(flow.message_type) {
        Some(name) => out.text(key!("cilium.event.type"), name),
        None => out.shown(key!("cilium.event.type"), flow.message_type),
    }
    out.made(key!("cilium.event.sub_type"), |text| push_type(text, flow));
    out.text(key!("cilium.traffic_direction"), flow.direction.name());
    if let Some(is_reply) = flow.is_reply {
        out.bool(key!("cilium.is_reply"), is_reply);
    }
    if flow.message_type == message_type::POLICY_VERDICT {
        out.text(key!("cilium.policy_match_type"), flow.policy_match.name());
    }
    if flow.auth_type != AuthType::default() {
        match flow.auth_type.name() {
            Some(name) => out.text(key!("cilium.auth_type"), name),
            None => out.shown(key!("cilium.auth_type"), flow.auth_type.0),
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

fn write_trace(out: &mut Writer<'_>, flow: &Flow) {
    if flow.message_type == message_type::TRACE {
        match flow.trace_point.name() {
            Some(name) => out.text(key!("cilium.trace_observation_point"), name),
            None => out.shown(key!("cilium.trace_observation_point"), flow.trace_point.0),
        }
        match flow.trace_reason.name() {
            Some(name) => out.text(key!("cilium.trace_reason"), name),
            None => out.shown(key!("cilium.trace_reason"), flow.trace_reason.0),
        }
    }
    out.int_if_any(key!("cilium.ip_trace_id"), flow.ip_trace_id.cast_signed());
}

fn write_tunnel(out: &mut Writer<'_>, tunnel: &Tunnel) {
    out.text(key!("cilium.tunnel.protocol"), tunnel.protocol.name());
    out.int(key!("cilium.tunnel.vni"), tunnel.vni);
    if let Some(ip) = &tunnel.ip {
        write_address(out, key!("cilium.tunnel.source.address"), ip.source);
        write_address(out, key!("cilium.tunnel.destination.address"), ip.destination);
    }
    if let Some((source, destination)) = tunnel.l4.ports() {
        out.int(key!("cilium.tunnel.source.port"), source);
        out.int(key!("cilium.tunnel.destination.port"), destination);
    }
}
