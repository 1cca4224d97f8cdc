//! DNS messages in captured packets.

use tidegate_core::flow::{Dns, Flow, L4, L7, L7Record, L7Type, Seen};
use tidegate_wire::dns;

use crate::wire_seen::{Content, Message};

const DNS_PORT: u16 = 53;

/// Looks for a message in a flow's payload.
pub(super) fn find(flow: &Flow, bytes: &[u8], content: &Content) -> Option<(Message, dns::Message)> {
    let (source_port, destination_port) = flow.l4.ports()?;
    if source_port != DNS_PORT && destination_port != DNS_PORT {
        return None;
    }
    let payload = flow.payload.of(bytes);
    let found = match flow.l4 {
        L4::Udp { .. } => dns::parse_udp(payload).ok()?,
        L4::Tcp { .. } => dns::parse_tcp(payload).ok()?,
        _ => return None,
    };
    let server_port = if found.response { source_port } else { destination_port };
    if server_port != DNS_PORT {
        return None;
    }
    let content = content.of((found.query.as_str(), found.qtypes.as_slice()));
    Some((Message::in_flow(flow, found.response, content, found.id.into())?, found))
}

/// What goes on the flow of a message.
pub(super) fn l7(message: dns::Message) -> L7 {
    let dns = Dns {
        query: message.query,
        ips: message.ips.into_iter().map(Into::into).collect(),
        ttl: message.ttl.unwrap_or_default(),
        cnames: message.cnames,
        observation_source: "wire".into(),
        rcode: message.rcode.into(),
        qtypes: message.qtypes,
        rrtypes: message.answer_types,
    };
    let l7_type = if message.response { L7Type::Response } else { L7Type::Request };
    L7 { l7_type, latency_ns: 0, record: L7Record::Dns(dns), trace_id: None, seen: Seen::Wire }
}
