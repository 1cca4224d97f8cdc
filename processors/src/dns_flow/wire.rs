//! DNS messages in captured packets.

use tidegate_core::flow::{Dns, Flow, L4, L7, L7Record, L7Type, Seen, Word};
use tidegate_wire::dns;

use crate::wire_seen::{Content, Message};

const DNS_PORT: u16 = 53;

/// A payload with a message, of which only the question was read: most packets are reported more than once.
#[derive(Clone, Copy)]
pub(super) struct Shown<'a> {
    payload: &'a [u8],
    is_tcp: bool,
}

/// Whether one of the sides talks on the port of DNS servers.
pub(super) fn is_on_port(flow: &Flow) -> bool {
    let (source, destination) = flow.l4.ports().unwrap_or_default();
    (source == DNS_PORT) | (destination == DNS_PORT)
}

/// Looks for a message in a flow's payload. Its name is read into `name`, whose memory is used again.
#[inline]
pub(super) fn find<'a>(
    flow: &Flow,
    bytes: &'a [u8],
    content: &Content,
    name: &mut dns::Name,
) -> Option<(Message, Shown<'a>)> {
    let (source_port, destination_port) = flow.l4.ports()?;
    let payload = flow.payload.of(bytes);
    let (is_tcp, found) = match flow.l4 {
        L4::Udp { .. } => (false, dns::question_udp(payload, name).ok()?),
        L4::Tcp { .. } => (true, dns::question_tcp(payload, name).ok()?),
        _ => return None,
    };
    let server_port = if found.response { source_port } else { destination_port };
    if server_port != DNS_PORT {
        return None;
    }
    let content = content.of((name.as_bytes(), [found.qtype].as_slice()));
    Some((Message::in_flow(flow, found.response, content, found.id.into())?, Shown { payload, is_tcp }))
}

/// What goes on the flow of a message; `None` if it is none behind its question.
pub(super) fn l7(Shown { payload, is_tcp }: Shown<'_>) -> Option<L7> {
    let message = if is_tcp { dns::parse_tcp(payload) } else { dns::parse_udp(payload) }.ok()?;
    let dns = Dns {
        query: message.query,
        ips: message.ips.into_iter().map(Into::into).collect(),
        ttl: message.ttl.unwrap_or_default(),
        cnames: message.cnames,
        observation_source: Word::Borrowed("wire"),
        rcode: message.rcode.into(),
        qtypes: [message.qtype].as_slice().into(),
        rrtypes: message.answer_types,
    };
    let l7_type = if message.response { L7Type::Response } else { L7Type::Request };
    Some(L7 { l7_type, latency_ns: 0, record: L7Record::Dns(dns), trace_id: None, seen: Seen::Wire })
}
