//! `flow.Flow` and its parts, except the L7 records.

use std::net::IpAddr;

use tidegate_model::flow::{
    Address, Endpoint, EndpointNames, Ethernet, Flow, FlowType, Ip, L4, ServiceName, SourceFile,
    TcpFlags, Tunnel, XlatePoint, capture_point_name, message_type, uuid_text,
};

use uuid::Uuid;

use super::object::Object;
use super::{Json, l7};
use crate::hubble::push_summary;
use crate::text::{push_address, push_decimal, push_mac, push_optional_address};

/// The addresses of a header; `None` if unknown.
#[derive(Clone, Copy)]
struct IpAddresses {
    source: Option<IpAddr>,
    destination: Option<IpAddr>,
}

impl Json {
    /// Writes a `flow.Flow`.
    pub(super) fn flow(&self, object: &mut Object<'_>, flow: &Flow) {
        object.timestamp("time", flow.time);
        object.raw_string("uuid", |out| push_uuid(out, self.ids.id(flow)));
        object.message("emitter", emitter);
        object.enumeration("verdict", flow.verdict as u8, Some(flow.verdict.name()));
        object.uint32("drop_reason", flow.drop_reason.0);
        object.enumeration("auth_type", flow.auth_type.0, flow.auth_type.name());
        headers(object, flow);
        object.message("source", |object| endpoint(object, &flow.source));
        object.message("destination", |object| endpoint(object, &flow.destination));
        object.enumeration("Type", flow.flow_type as u8, Some(flow.flow_type.name()));
        object.string("node_name", &self.node_name);
        object.strings("node_labels", node_labels(flow));
        object.strings("source_names", dns_names(&flow.source));
        object.strings("destination_names", dns_names(&flow.destination));
        if let Some(l7) = &flow.l7 {
            object.message("l7", |object| l7::layer7(object, l7));
        }
        object.boolean("reply", flow.is_reply == Some(true));
        object.message("event_type", |object| {
            object.uint32("type", flow.message_type);
            object.uint32("sub_type", flow.sub_type);
        });
        service(object, "source_service", &flow.source);
        service(object, "destination_service", &flow.destination);
        context(object, flow);
        object.string_with("Summary", |out| push_summary(out, flow));
        extensions(object, flow);
        policies(object, flow);
    }
}

/// Writes `flow.Flow.extensions`, for data that Hubble's messages have no field for. As in Retina's
/// flows it is a `google.protobuf.Struct`. `sampled_one_in` is of how many flows this one was kept;
/// [`l7::extensions`] has the others.
fn extensions(object: &mut Object<'_>, flow: &Flow) {
    let l7 = flow.l7.as_deref().filter(|l7| l7::has_extensions(l7));
    let one_in = flow.sampling.one_in();
    if l7.is_none() && one_in.is_none() {
        return;
    }
    object.message("extensions", |object| {
        object.string("@type", "type.googleapis.com/google.protobuf.Struct");
        object.message("value", |object| {
            if let Some(one_in) = one_in {
                object.struct_number("sampled_one_in", one_in.get().into());
            }
            if let Some(l7) = l7 {
                l7::extensions(object, l7);
            }
        });
    });
}

/// Writes the policies of a verdict, and what their rules log.
fn policies(object: &mut Object<'_>, flow: &Flow) {
    let Some((effect, applied)) = flow.policies() else {
        return;
    };
    object.messages(effect.field(), &applied.policies, |object, policy| {
        object.string("name", &policy.name);
        object.string("namespace", &policy.namespace);
        object.strings("labels", &policy.labels);
        object.uint64("revision", policy.revision);
        object.string("kind", &policy.kind);
    });
    object.strings("policy_log", &applied.log);
}

fn push_uuid(out: &mut String, id: Uuid) {
    out.push_str(std::str::from_utf8(&uuid_text(id)).unwrap_or_default());
}

fn emitter(object: &mut Object<'_>) {
    object.string("name", "tidegate");
    object.string("version", env!("CARGO_PKG_VERSION"));
}

/// Writes the fields of the captured packet: `ethernet` to `tunnel`.
fn headers(object: &mut Object<'_>, flow: &Flow) {
    if let Some(Ethernet {
        source,
        destination,
    }) = flow.ethernet
    {
        object.message("ethernet", |object| {
            object.raw_string("source", |out| push_mac(out, source));
            object.raw_string("destination", |out| push_mac(out, destination));
        });
    }
    if let Some(ip) = &flow.ip {
        let written = |address: Option<Address>| address.map(|address| flow.display_ip(address));
        let addresses = IpAddresses {
            source: written(flow.source_address()),
            destination: written(flow.destination_address()),
        };
        object.message("IP", |object| self::ip(object, ip, addresses));
    }
    layer4(object, &flow.l4);
    if let Some(tunnel) = &flow.tunnel {
        object.message("tunnel", |object| self::tunnel(object, tunnel));
    }
}

/// Writes the fields of the event: `traffic_direction` to `cgroup_id`.
#[expect(clippy::too_many_lines, reason = "a list of fields")]
fn context(object: &mut Object<'_>, flow: &Flow) {
    object.enumeration(
        "traffic_direction",
        flow.direction as u8,
        Some(flow.direction.name()),
    );
    object.uint32("policy_match_type", flow.policy_match.0);
    object.enumeration(
        "trace_observation_point",
        flow.trace_point.0,
        flow.trace_point.name(),
    );
    object.enumeration(
        "trace_reason",
        flow.trace_reason.0,
        flow.trace_reason.name(),
    );
    if let Some(file) = flow.file {
        object.message("file", |object| source_file(object, file));
    }
    if flow.ip_trace_id != 0 {
        object.message("ip_trace_id", |object| {
            object.uint64("trace_id", flow.ip_trace_id)
        });
    }
    object.enumeration(
        "drop_reason_desc",
        flow.drop_reason.0,
        flow.drop_reason.name(),
    );
    object.bool_value("is_reply", flow.is_reply);
    if flow.message_type == message_type::CAPTURE {
        object.enumeration(
            "debug_capture_point",
            flow.sub_type,
            capture_point_name(flow.sub_type),
        );
    }
    if flow.interface != 0 {
        object.message("interface", |object| interface(object, flow));
    }
    object.uint32("proxy_port", flow.proxy_port);
    if let Some(context) = flow.l7.as_ref().and_then(|l7| l7.trace_context) {
        let trace_id = context.trace_id_text();
        let trace_id = str::from_utf8(&trace_id).unwrap_or_default();
        object.message("trace_context", |object| {
            object.message("parent", |object| object.string("trace_id", trace_id))
        });
    }
    if flow.flow_type == FlowType::Sock {
        object.enumeration(
            "sock_xlate_point",
            flow.sub_type,
            XlatePoint(flow.sub_type).name(),
        );
    }
    if let Some(socket) = &flow.socket {
        object.uint64("socket_cookie", socket.cookie);
        object.uint64("cgroup_id", socket.cgroup_id);
    }
}

/// Writes a header, without addresses that are unknown.
fn ip(object: &mut Object<'_>, ip: &Ip, addresses: IpAddresses) {
    object.string_with("source", |out| {
        push_optional_address(out, addresses.source);
    });
    if let Some(xlated) = ip.source_xlated {
        object.raw_string("source_xlated", |out| push_address(out, xlated.to_ip()));
    }
    object.string_with("destination", |out| {
        push_optional_address(out, addresses.destination);
    });
    object.enumeration("ipVersion", ip.version as u8, Some(ip.version.name()));
    object.boolean("encrypted", ip.encrypted);
}

fn layer4(object: &mut Object<'_>, l4: &L4) {
    let Some(protocol) = l4.name() else { return };
    object.message("l4", |object| {
        object.message(protocol, |object| transport(object, l4))
    });
}

fn transport(object: &mut Object<'_>, l4: &L4) {
    if let Some((source, destination)) = l4.ports() {
        object.uint32("source_port", source);
        object.uint32("destination_port", destination);
    }
    match *l4 {
        L4::Tcp {
            flags: Some(flags), ..
        } => object.message("flags", |object| tcp_flags(object, flags)),
        L4::Sctp { chunk_type, .. } => {
            object.enumeration("chunk_type", chunk_type as u8, Some(chunk_type.name()))
        }
        L4::Icmpv4 { icmp_type, code } | L4::Icmpv6 { icmp_type, code } => {
            object.uint32("type", icmp_type);
            object.uint32("code", code);
        }
        L4::Vrrp {
            vrrp_type,
            vrid,
            priority,
        } => {
            object.uint32("type", vrrp_type);
            object.uint32("vrid", vrid);
            object.uint32("priority", priority);
        }
        L4::Igmp { igmp_type, group } => {
            object.uint32("type", igmp_type);
            object.raw_string("group_address", |out| push_address(out, group.into()));
        }
        _ => {}
    }
}

/// Writes the flags in the order of their bits, unlike the summary.
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
        object.boolean(name, flags.has(bit));
    }
}

fn tunnel(object: &mut Object<'_>, tunnel: &Tunnel) {
    object.raw_string("protocol", |out| out.push_str(tunnel.protocol.name()));
    if let Some(ip) = &tunnel.ip {
        let addresses = IpAddresses {
            source: Some(ip.source.to_ip()),
            destination: Some(ip.destination.to_ip()),
        };
        object.message("IP", |object| self::ip(object, ip, addresses));
    }
    layer4(object, &tunnel.l4);
    object.uint32("vni", tunnel.vni);
}

pub(super) fn endpoint(object: &mut Object<'_>, endpoint: &Endpoint) {
    object.uint32("ID", endpoint.id);
    object.uint32("identity", endpoint.identity);
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
    object.string("cluster_name", cluster_name);
    object.string("namespace", namespace);
    object.strings("labels", labels.iter());
    object.string("pod_name", pod_name);
    object.messages("workloads", workloads, |object, (kind, name)| {
        object.string("name", name);
        object.string("kind", kind);
    });
}

fn service(object: &mut Object<'_>, member: &str, endpoint: &Endpoint) {
    if let Some(ServiceName { namespace, name }) = endpoint.service.as_deref() {
        object.message(member, |object| {
            object.string("name", name);
            object.string("namespace", namespace);
        });
    }
}

fn interface(object: &mut Object<'_>, flow: &Flow) {
    object.uint32("index", flow.interface);
    if let Some(node) = &flow.node {
        object.string("name", &node.interface_name);
    }
}

fn node_labels(flow: &Flow) -> &[String] {
    flow.node.as_ref().map_or(&[], |node| &node.node_labels)
}

fn dns_names(endpoint: &Endpoint) -> &[String] {
    endpoint
        .names
        .as_ref()
        .map_or(&[], |names| &names.dns_names)
}

fn source_file(object: &mut Object<'_>, file: SourceFile) {
    object.raw_string("name", |out| match file.name() {
        Some(name) => out.push_str(name),
        None => {
            out.push_str("unknown(");
            push_decimal(out, file.id);
            out.push(')');
        }
    });
    object.uint32("line", file.line);
}
