//! Attributes of every flow, in addition to those of its peers ([`super::template::peer`]) and of
//! its request or response ([`super::l7`]). An attribute is left out if the event has no value for
//! it. The type `uint` is an integer up to 2^63-1, the largest in OTLP, and above that a string of
//! the decimal digits.
//!
//! | attribute | type | meaning |
//! | --- | --- | --- |
//! | `network.type` | string | `ipv4` or `ipv6` |
//! | `network.transport` | string | `tcp`, `udp`, `sctp`, `icmpv4`, `icmpv6`, `vrrp` or `igmp` |
//! | `cilium.flow.uuid` | string | the flow's id, the same in every exporter |
//! | `cilium.flow.type` | string | `L3_L4`, `L7` or `SOCK` |
//! | `cilium.verdict` | string | `FORWARDED`, `DROPPED` and the like |
//! | `cilium.drop_reason` | string | name of the reason, or its number |
//! | `cilium.event.type` | string | the event that reported it: `drop`, `trace`, `policy-verdict`, `trace-sock`, `l7`, `capture` |
//! | `cilium.event.sub_type` | string | where and how, as in `hubble observe`: `to-endpoint`, `Policy denied` |
//! | `cilium.traffic_direction` | string | `INGRESS` or `EGRESS`, from the local endpoint |
//! | `cilium.is_reply` | bool | whether it is a reply |
//! | `cilium.trace_observation_point` | string | where it was observed |
//! | `cilium.trace_reason` | string | state of its connection |
//! | `cilium.policy_match_type` | string | what part of a rule matched: `L3-L4`, `all` |
//! | `cilium.auth_type` | string | how its peers had to authenticate |
//! | `cilium.proxy_port` | int | port of the proxy that it was sent to |
//! | `cilium.interface.index` | int | network interface |
//! | `network.interface.name` | string | its name |
//! | `cilium.file` | string | place in Cilium's BPF sources that reported the drop: `bpf_lxc.c:1234` |
//! | `cilium.socket.cookie`, `cilium.cgroup.id` | uint | the socket and its process's cgroup, of a socket trace |
//! | `cilium.ip_trace_id` | uint | trace id found in an IP option |
//! | `cilium.encrypted` | bool | true if Cilium encrypted or decrypted it |
//! | `cilium.source.xlated_address` | string | source address after translation, where it differs |
//! | `cilium.tcp.flags` | string[] | flags that are set, in Hubble's order |
//! | `cilium.sctp.chunk_type` | string | first chunk of an SCTP packet, if it opens or closes an association: `INIT` |
//! | `cilium.icmp.type`, `cilium.icmp.code` | int | of an ICMP message |
//! | `cilium.vrrp.type`, `cilium.vrrp.vrid`, `cilium.vrrp.priority` | int | of a VRRP message |
//! | `cilium.igmp.type` | int | of an IGMP message |
//! | `cilium.igmp.group` | string | its group |
//! | `cilium.tunnel.protocol` | string | `VXLAN` or `GENEVE` |
//! | `cilium.tunnel.vni` | int | virtual network identifier |
//! | `cilium.tunnel.source.address`, `cilium.tunnel.destination.address` | string | the outer addresses |
//! | `cilium.tunnel.source.port`, `cilium.tunnel.destination.port` | int | the outer ports |
//! | `cilium.sampling.one_in` | int | of how many flows this one was kept; absent if it was not subject to sampling |
//! | `sampling.threshold`, `sampling.randomness` | string | the same for OpenTelemetry's consistent samplers, in hexadecimal digits |

use tidegate_format::text::{push_address, push_decimal};
use tidegate_model::flow::{
    Address, Flow, Ip, L4, Sampling, SctpChunk, SourceFile, Tunnel, uuid_text,
};
use uuid::Uuid;

use super::attribute_key::{AttributeKey, key};
use super::record_writer::LogRecordWriter;
use super::template::{DESTINATION, FlowTemplates, SOURCE, event, peer};

/// Writes the attributes of a flow.
pub(super) fn write_attributes(
    out: &mut LogRecordWriter<'_>,
    flow: &Flow,
    templates: FlowTemplates<'_>,
    uuid: Uuid,
) {
    let FlowTemplates {
        source,
        destination,
        event,
    } = templates;
    out.encoded(|out| source.copy_section(peer::ATTRIBUTES, out));
    out.encoded(|out| destination.copy_section(peer::ATTRIBUTES, out));
    out.encoded(|out| event.copy_section(event::ATTRIBUTES, out));
    if let Some((source, destination)) = flow.l4.ports() {
        out.int(&SOURCE.port, source);
        out.int(&DESTINATION.port, destination);
    }
    out.ascii(key!("cilium.flow.uuid"), &uuid_text(uuid));
    out.non_zero_int(key!("cilium.interface.index"), flow.interface);
    if let Some(node) = &flow.node {
        out.non_empty_string(key!("network.interface.name"), &node.interface_name);
    }
    write_rare(out, flow);
}

/// Writes attributes that few flows have.
fn write_rare(out: &mut LogRecordWriter<'_>, flow: &Flow) {
    if let Some(ip) = &flow.ip {
        write_ip(out, ip);
    }
    write_l4(out, &flow.l4);
    out.non_zero_unsigned(key!("cilium.ip_trace_id"), flow.ip_trace_id);
    out.non_zero_int(key!("cilium.proxy_port"), flow.proxy_port);
    if let Some(file) = flow.file {
        write_file(out, file);
    }
    if let Some(tunnel) = &flow.tunnel {
        write_tunnel(out, tunnel);
    }
    if let Some(socket) = &flow.socket {
        out.unsigned(key!("cilium.socket.cookie"), socket.cookie);
        out.non_zero_unsigned(key!("cilium.cgroup.id"), socket.cgroup_id);
    }
    write_sampling(out, flow);
}

/// Writes the rate of a sampled flow, for readers that multiply by it, and as the collector's
/// `probabilistic_sampler` writes it on log records, so that one behind this program continues the
/// sampling.
fn write_sampling(out: &mut LogRecordWriter<'_>, flow: &Flow) {
    let Some(one_in) = flow.sampling.one_in() else {
        return;
    };
    out.int(key!("cilium.sampling.one_in"), one_in.get());
    let Some(randomness) = flow.connection_randomness(flow.sampling.seed()) else {
        return;
    };
    let threshold = format!("{:014x}", Sampling::threshold(one_in));
    // Of the number 0, one digit is left.
    let digits = threshold.trim_end_matches('0').len().max(1);
    out.string(key!("sampling.threshold"), &threshold[..digits]);
    out.display(
        key!("sampling.randomness"),
        format_args!("{randomness:014x}"),
    );
}

fn write_file(out: &mut LogRecordWriter<'_>, file: SourceFile) {
    let line = file.line;
    match file.name() {
        Some(name) => out.string_with(key!("cilium.file"), |text| {
            text.push_str(name);
            text.push(':');
            push_decimal(text, line);
        }),
        None => out.display(
            key!("cilium.file"),
            format_args!("unknown({}):{line}", file.id),
        ),
    }
}

/// Writes header fields of rare protocols.
fn write_l4(out: &mut LogRecordWriter<'_>, l4: &L4) {
    match *l4 {
        L4::Sctp { chunk_type, .. } if chunk_type != SctpChunk::Unsupported => {
            out.string(key!("cilium.sctp.chunk_type"), chunk_type.name());
        }
        L4::Vrrp {
            vrrp_type,
            vrid,
            priority,
        } => {
            out.int(key!("cilium.vrrp.type"), vrrp_type);
            out.int(key!("cilium.vrrp.vrid"), vrid);
            out.int(key!("cilium.vrrp.priority"), priority);
        }
        L4::Igmp { igmp_type, group } => {
            out.int(key!("cilium.igmp.type"), igmp_type);
            write_address(out, key!("cilium.igmp.group"), group.into());
        }
        _ => {}
    }
}

/// Writes IP fields other than version and addresses.
fn write_ip(out: &mut LogRecordWriter<'_>, ip: &Ip) {
    if let Some(xlated) = ip.source_xlated {
        write_address(out, key!("cilium.source.xlated_address"), xlated);
    }
    if ip.encrypted {
        out.bool(key!("cilium.encrypted"), true);
    }
}

fn write_address(out: &mut LogRecordWriter<'_>, key: &AttributeKey, address: Address) {
    out.string_with(key, |text| push_address(text, address.to_ip()));
}

fn write_tunnel(out: &mut LogRecordWriter<'_>, tunnel: &Tunnel) {
    out.string(key!("cilium.tunnel.protocol"), tunnel.protocol.name());
    out.int(key!("cilium.tunnel.vni"), tunnel.vni);
    if let Some(ip) = &tunnel.ip {
        write_address(out, key!("cilium.tunnel.source.address"), ip.source);
        write_address(
            out,
            key!("cilium.tunnel.destination.address"),
            ip.destination,
        );
    }
    if let Some((source, destination)) = tunnel.l4.ports() {
        out.int(key!("cilium.tunnel.source.port"), source);
        out.int(key!("cilium.tunnel.destination.port"), destination);
    }
}
