//! DNS messages in captured packets.

use tidegate_core::flow::{Dns, Flow, L4, L7, L7Record, L7Type, MessagePart, Missing, Seen, Word};
use tidegate_wire::dns::{self, Name, Question};

use crate::wire_seen::{Content, Message};

const DNS_PORT: u16 = 53;

/// Whether one of the sides talks on the port of DNS servers.
pub(super) fn is_on_port(flow: &Flow) -> bool {
    let (source, destination) = flow.l4.ports().unwrap_or_default();
    (source == DNS_PORT) | (destination == DNS_PORT)
}

/// Looks for a message in a flow's payload, of which the question is read: most packets are reported more than once.
/// Its name is read into `name`.
pub(super) fn find<'a>(
    flow: &Flow,
    bytes: &'a [u8],
    content: &Content,
    name: &mut Name,
) -> Option<(Message, Question<'a>)> {
    let payload = flow.payload.of(bytes);
    // The ports come along: to ask for them later would be to branch by the protocol once more.
    let (found, (source_port, destination_port)) = match flow.l4 {
        L4::Udp { source_port, destination_port } => {
            (dns::question_udp(payload, name), (source_port, destination_port))
        }
        L4::Tcp { source_port, destination_port, .. } => {
            (dns::question_tcp(payload, name), (source_port, destination_port))
        }
        _ => return None,
    };
    let found = found.ok()?;
    let server_port = if found.is_response() { source_port } else { destination_port };
    if server_port != DNS_PORT {
        return None;
    }
    let content = content.of((name.as_bytes(), [found.qtype()].as_slice()));
    Some((Message::in_flow(flow, found.is_response(), content, found.id().into())?, found))
}

/// What goes on the flow of a message whose question asks for `name`; `None` if it is none behind its question.
pub(super) fn l7(found: Question<'_>, name: &Name) -> Option<L7> {
    let message = found.message(name).ok()?;
    let missing = missing(&message);
    let dns = Dns {
        query: message.query,
        ips: message.ips.into_iter().map(Into::into).collect(),
        ttl: message.ttl,
        cnames: message.cnames,
        observation_source: Word::Borrowed("wire"),
        rcode: message.rcode.filter(|_| message.response).map(Into::into),
        qtypes: [message.qtype].as_slice().into(),
        rrtypes: message.answer_types,
    };
    let l7_type = if message.response { L7Type::Response } else { L7Type::Request };
    Some(L7 { l7_type, latency_ns: 0, record: L7Record::Dns(dns), trace_id: None, seen: Seen::Wire, missing })
}

fn missing(message: &dns::Message) -> Missing {
    let parts = [
        (MessagePart::Answers, !message.has_all_answers),
        (MessagePart::Rcode, message.response && message.rcode.is_none()),
        (MessagePart::Records, !message.complete),
    ];
    let missing = parts.into_iter().filter(|(_, is_missing)| *is_missing);
    missing.fold(Missing::NOTHING, |missing, (part, _)| missing.and(part))
}
