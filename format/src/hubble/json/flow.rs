//! `flow.Flow` and its parts, but for the L7 records.

use std::net::IpAddr;

use tidegate_model::flow::{
    Address, Endpoint, EndpointNames, Ethernet, Flow, FlowType, Ip, L4, SourceFile, TcpFlags,
    Tunnel, XlatePoint, capture_point_name, message_type,
};

use super::object::Object;
use super::{Json, l7};
use crate::hubble::push_summary;
use crate::text::{push_address, push_decimal, push_mac, push_peer_address};

impl Json {
    /// `flow.Flow`, in the order of its declaration.
    pub(super) fn flow(&self, object: &mut Object<'_>, flow: &Flow) {
        object.time("time", flow.time);
        object.quoted("uuid", |out| self.ids.of(flow).push_to(out));
        object.object("emitter", emitter);
        object.symbol("verdict", flow.verdict as u8, Some(flow.verdict.name()));
        object.number("drop_reason", flow.drop_reason.0);
        object.symbol("auth_type", flow.auth_type.0, flow.auth_type.name());
        headers(object, flow);
        object.object("source", |object| endpoint(object, &flow.source));
        object.object("destination", |object| endpoint(object, &flow.destination));
        object.symbol("Type", flow.flow_type as u8, Some(flow.flow_type.name()));
        object.text("node_name", &self.node_name);
        object.texts("source_names", dns_names(&flow.source));
        object.texts("destination_names", dns_names(&flow.destination));
        if let Some(l7) = &flow.l7 {
            object.object("l7", |object| l7::layer7(object, l7));
        }
        object.flag("reply", flow.is_reply == Some(true));
        object.object("event_type", |object| {
            object.number("type", flow.message_type);
            object.number("sub_type", flow.sub_type);
        });
        context(object, flow);
        object.composed("Summary", |out| push_summary(out, flow));
        if let Some(l7) = flow.l7.as_deref().filter(|l7| l7::has_extensions(l7)) {
            object.object("extensions", |object| l7::extensions(object, l7));
        }
    }
}

fn emitter(object: &mut Object<'_>) {
    object.text("name", "tidegate");
    object.text("version", env!("CARGO_PKG_VERSION"));
}

/// What the captured packet says.
fn headers(object: &mut Object<'_>, flow: &Flow) {
    if let Some(Ethernet {
        source,
        destination,
    }) = flow.ethernet
    {
        object.object("ethernet", |object| {
            object.quoted("source", |out| push_mac(out, source));
            object.quoted("destination", |out| push_mac(out, destination));
        });
    }
    if let Some(ip) = &flow.ip {
        let written = |address: Option<Address>| address.map(|address| flow.written(address));
        let peers = (
            written(flow.source_address()),
            written(flow.destination_address()),
        );
        object.object("IP", |object| self::ip(object, ip, peers));
    }
    layer4(object, &flow.l4);
    if let Some(tunnel) = &flow.tunnel {
        object.object("tunnel", |object| self::tunnel(object, tunnel));
    }
}

/// What the event says about how and where it came about: `traffic_direction` to `cgroup_id`.
fn context(object: &mut Object<'_>, flow: &Flow) {
    object.symbol(
        "traffic_direction",
        flow.direction as u8,
        Some(flow.direction.name()),
    );
    object.number("policy_match_type", flow.policy_match.0);
    object.symbol(
        "trace_observation_point",
        flow.trace_point.0,
        flow.trace_point.name(),
    );
    object.symbol(
        "trace_reason",
        flow.trace_reason.0,
        flow.trace_reason.name(),
    );
    if let Some(file) = flow.file {
        object.object("file", |object| source_file(object, file));
    }
    if flow.ip_trace_id != 0 {
        object.object("ip_trace_id", |object| {
            object.wide("trace_id", flow.ip_trace_id)
        });
    }
    object.symbol(
        "drop_reason_desc",
        flow.drop_reason.0,
        flow.drop_reason.name(),
    );
    object.wrapped_flag("is_reply", flow.is_reply);
    if flow.message_type == message_type::CAPTURE {
        object.symbol(
            "debug_capture_point",
            flow.sub_type,
            capture_point_name(flow.sub_type),
        );
    }
    if flow.interface != 0 {
        object.object("interface", |object| object.number("index", flow.interface));
    }
    object.number("proxy_port", flow.proxy_port);
    if let Some(trace_id) = flow.l7.as_ref().and_then(|l7| l7.trace_id.as_ref()) {
        object.object("trace_context", |object| {
            object.object("parent", |object| object.text("trace_id", trace_id))
        });
    }
    if flow.flow_type == FlowType::Sock {
        object.symbol(
            "sock_xlate_point",
            flow.sub_type,
            XlatePoint(flow.sub_type).name(),
        );
    }
    if let Some(socket) = &flow.socket {
        object.wide("socket_cookie", socket.cookie);
        object.wide("cgroup_id", socket.cgroup_id);
    }
}

/// The header, with those of its addresses that are known.
fn ip(object: &mut Object<'_>, ip: &Ip, (source, destination): (Option<IpAddr>, Option<IpAddr>)) {
    object.composed("source", |out| push_peer_address(out, source));
    if let Some(xlated) = ip.source_xlated {
        object.quoted("source_xlated", |out| push_address(out, xlated.to_ip()));
    }
    object.composed("destination", |out| push_peer_address(out, destination));
    object.symbol("ipVersion", ip.version as u8, Some(ip.version.name()));
    object.flag("encrypted", ip.encrypted);
}

fn layer4(object: &mut Object<'_>, l4: &L4) {
    let Some(protocol) = l4.name() else { return };
    object.object("l4", |object| {
        object.object(protocol, |object| transport(object, l4))
    });
}

fn transport(object: &mut Object<'_>, l4: &L4) {
    if let Some((source, destination)) = l4.ports() {
        object.number("source_port", source);
        object.number("destination_port", destination);
    }
    match *l4 {
        L4::Tcp {
            flags: Some(flags), ..
        } => object.object("flags", |object| tcp_flags(object, flags)),
        L4::Sctp { chunk_type, .. } => {
            object.symbol("chunk_type", chunk_type as u8, Some(chunk_type.name()))
        }
        L4::Icmpv4 { icmp_type, code } | L4::Icmpv6 { icmp_type, code } => {
            object.number("type", icmp_type);
            object.number("code", code);
        }
        L4::Vrrp {
            vrrp_type,
            vrid,
            priority,
        } => {
            object.number("type", vrrp_type);
            object.number("vrid", vrid);
            object.number("priority", priority);
        }
        L4::Igmp { igmp_type, group } => {
            object.number("type", igmp_type);
            object.quoted("group_address", |out| push_address(out, group.to_ip()));
        }
        _ => {}
    }
}

/// The declaration follows the bits, unlike the summary.
fn tcp_flags(object: &mut Object<'_>, flags: TcpFlags) {
    const DECLARED: [(&str, u16); 9] = [
        ("FIN", TcpFlags::FIN),
        ("SYN", TcpFlags::SYN),
        ("RST", TcpFlags::RST),
        ("PSH", TcpFlags::PSH),
        ("ACK", TcpFlags::ACK),
        ("URG", TcpFlags::URG),
        ("ECE", TcpFlags::ECE),
        ("CWR", TcpFlags::CWR),
        ("NS", TcpFlags::NS),
    ];
    for (name, bit) in DECLARED {
        object.flag(name, flags.has(bit));
    }
}

fn tunnel(object: &mut Object<'_>, tunnel: &Tunnel) {
    object.quoted("protocol", |out| out.push_str(tunnel.protocol.name()));
    if let Some(ip) = &tunnel.ip {
        let peers = (Some(ip.source.to_ip()), Some(ip.destination.to_ip()));
        object.object("IP", |object| self::ip(object, ip, peers));
    }
    layer4(object, &tunnel.l4);
    object.number("vni", tunnel.vni);
}

pub(super) fn endpoint(object: &mut Object<'_>, endpoint: &Endpoint) {
    object.number("ID", endpoint.id);
    object.number("identity", endpoint.identity);
    let Some(EndpointNames {
        cluster_name,
        namespace,
        pod_name,
        labels,
        workloads,
        ..
    }) = endpoint.names.as_deref()
    else {
        return;
    };
    object.text("cluster_name", cluster_name);
    object.text("namespace", namespace);
    object.texts("labels", labels.iter());
    object.text("pod_name", pod_name);
    object.objects("workloads", workloads, |object, (kind, name)| {
        object.text("name", name);
        object.text("kind", kind);
    });
}

fn dns_names(endpoint: &Endpoint) -> &[String] {
    endpoint
        .names
        .as_ref()
        .map_or(&[], |names| &names.dns_names)
}

fn source_file(object: &mut Object<'_>, file: SourceFile) {
    object.quoted("name", |out| match file.name() {
        Some(name) => out.push_str(name),
        None => {
            out.push_str("unknown(");
            push_decimal(out, file.id);
            out.push(')');
        }
    });
    object.number("line", file.line);
}
