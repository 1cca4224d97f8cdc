//! Attributes of every flow, in addition to those of its peers ([`super::template::peer`]) and of
//! its request or response ([`super::l7`]). An attribute is left out if the event has no value for
//! it.

use tidegate_format::text::{push_address, push_decimal};
use tidegate_model::flow::{
    Address, Flow, Ip, L4, Sampling, SctpChunk, SourceFile, Tunnel, uuid_text,
};
use uuid::Uuid;

use super::record_writer::LogRecordWriter;
use super::template::{FlowTemplates, PeerTemplate, event, peer};
use crate::otlp::mapping::{self, AttributeKey, DESTINATION, SOURCE};

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
    match &flow.ip {
        Some(Ip {
            source_xlated: Some(translated),
            ..
        }) => write_translated_source(out, flow, *translated, source),
        _ => out.encoded(|out| source.copy_sections(peer::ADDRESS, peer::ATTRIBUTES, out)),
    }
    out.encoded(|out| destination.copy_sections(peer::ADDRESS, peer::ATTRIBUTES, out));
    out.encoded(|out| event.copy_section(event::ATTRIBUTES, out));
    if let Some((source, destination)) = flow.l4.ports() {
        out.int(&SOURCE.port, source);
        out.int(&DESTINATION.port, destination);
    }
    out.ascii(mapping::RECORD_UID, &uuid_text(uuid));
    out.non_zero_int(mapping::INTERFACE_INDEX, flow.interface);
    if let Some(node) = &flow.node {
        out.non_empty_string(mapping::INTERFACE_NAME, &node.interface_name);
        if node.policies.is_some() {
            write_policies(out, flow);
        }
    }
    write_rare(out, flow);
}

/// Writes the policies of a verdict. Rules that are from no resource have no name.
#[cold]
fn write_policies(out: &mut LogRecordWriter<'_>, flow: &Flow) {
    let Some((_, applied)) = flow.policies() else {
        return;
    };
    let named = applied
        .policies
        .iter()
        .filter(|policy| !policy.name.is_empty());
    let names: Vec<_> = named
        .map(|policy| match policy.namespace.as_str() {
            "" => policy.name.clone(),
            namespace => format!("{namespace}/{}", policy.name),
        })
        .collect();
    out.strings(mapping::VERDICT_POLICIES, &names);
    let texts = applied.log.iter().filter(|text| !text.is_empty());
    out.strings(mapping::VERDICT_LOG, texts);
}

/// Writes the source of a packet whose source address was translated: Hubble's flow has the
/// original address, the packet the translated one.
fn write_translated_source(
    out: &mut LogRecordWriter<'_>,
    flow: &Flow,
    translated: Address,
    source: &PeerTemplate,
) {
    write_address(out, &SOURCE.address, translated);
    out.encoded(|out| source.copy_sections(peer::ATTRIBUTES, peer::ATTRIBUTES, out));
    if let Some(original) = flow.source_address() {
        write_address(out, mapping::ORIGINAL_SOURCE, original);
    }
}

/// Writes attributes that few flows have.
fn write_rare(out: &mut LogRecordWriter<'_>, flow: &Flow) {
    if flow.ip.is_some_and(|ip| ip.encrypted) {
        out.bool(mapping::ENCRYPTED, true);
    }
    write_l4(out, &flow.l4);
    out.non_zero_unsigned(mapping::IP_TRACE_ID, flow.ip_trace_id);
    out.non_zero_int(mapping::PROXY_PORT, flow.proxy_port);
    if let Some(file) = flow.file {
        write_file(out, file);
    }
    if let Some(tunnel) = &flow.tunnel {
        write_tunnel(out, tunnel);
    }
    if let Some(socket) = &flow.socket {
        out.unsigned(mapping::SOCKET_COOKIE, socket.cookie);
        out.non_zero_unsigned(mapping::CGROUP_ID, socket.cgroup_id);
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
    out.int(mapping::SAMPLING_ONE_IN, one_in.get());
    let Some(randomness) = flow.connection_randomness(flow.sampling.seed()) else {
        return;
    };
    let threshold = format!("{:014x}", Sampling::threshold(one_in));
    // Of the number 0, one digit is left.
    let digits = threshold.trim_end_matches('0').len().max(1);
    out.string(mapping::SAMPLING_THRESHOLD, &threshold[..digits]);
    out.display(
        mapping::SAMPLING_RANDOMNESS,
        format_args!("{randomness:014x}"),
    );
}

fn write_file(out: &mut LogRecordWriter<'_>, file: SourceFile) {
    let line = file.line;
    match file.name() {
        Some(name) => out.string_with(mapping::SOURCE_FILE, |text| {
            text.push_str(name);
            text.push(':');
            push_decimal(text, line);
        }),
        None => out.display(
            mapping::SOURCE_FILE,
            format_args!("unknown({}):{line}", file.id),
        ),
    }
}

/// Writes header fields of rare protocols.
fn write_l4(out: &mut LogRecordWriter<'_>, l4: &L4) {
    match *l4 {
        L4::Sctp { chunk_type, .. } if chunk_type != SctpChunk::Unsupported => {
            out.string(mapping::SCTP_CHUNK_TYPE, chunk_type.name());
        }
        L4::Vrrp {
            vrrp_type,
            vrid,
            priority,
        } => {
            out.int(mapping::VRRP_TYPE, vrrp_type);
            out.int(mapping::VRRP_VRID, vrid);
            out.int(mapping::VRRP_PRIORITY, priority);
        }
        L4::Igmp { igmp_type, group } => {
            out.int(mapping::IGMP_TYPE, igmp_type);
            write_address(out, mapping::IGMP_GROUP, group.into());
        }
        _ => {}
    }
}

fn write_address(out: &mut LogRecordWriter<'_>, key: &AttributeKey, address: Address) {
    out.string_with(key, |text| push_address(text, address.to_ip()));
}

fn write_tunnel(out: &mut LogRecordWriter<'_>, tunnel: &Tunnel) {
    out.string(mapping::TUNNEL_PROTOCOL, tunnel.protocol.name());
    out.int(mapping::TUNNEL_VNI, tunnel.vni);
    if let Some(ip) = &tunnel.ip {
        write_address(out, mapping::TUNNEL_SOURCE_ADDRESS, ip.source);
        write_address(out, mapping::TUNNEL_DESTINATION_ADDRESS, ip.destination);
    }
    if let Some((source, destination)) = tunnel.l4.ports() {
        out.int(mapping::TUNNEL_SOURCE_PORT, source);
        out.int(mapping::TUNNEL_DESTINATION_PORT, destination);
    }
}
