//! DNS messages in captured packets.

use tidegate_core::flow::{Dns, Flow, L4, L7, L7Record, L7Type, MessagePart, Missing, Seen, Word};
use tidegate_wire::dns::{self, Name, Question, Reason, Segments};

use crate::l7_stage::Findings;
use crate::wire_seen::{Content, Message};

const DNS_PORT: u16 = 53;

/// Bytes on the port of DNS that are no readable message. Counted for each packet report, since they have no id.
pub(super) const UNREAD: &str = "dns_unread";

/// A message of which the capture or the TCP segment lacks a part. Counted once for each message.
pub(super) const INCOMPLETE: &str = "dns_incomplete";

/// Whether one of the sides talks on the port of DNS servers.
pub(super) fn is_on_port(flow: &Flow) -> bool {
    let (source, destination) = flow.l4.ports().unwrap_or_default();
    (source == DNS_PORT) | (destination == DNS_PORT)
}

/// What is kept from message to message.
#[derive(Debug, Default)]
pub(super) struct Finder {
    /// The name in the question that was read last.
    name: Name,
}

impl Finder {
    /// Adds the messages of a flow's payload. Of a message that was seen before only the question is read: most packets are
    /// reported more than once.
    pub(super) fn find(&mut self, flow: &Flow, bytes: &[u8], content: &Content, findings: &mut Findings<'_>) {
        let payload = flow.payload.of(bytes);
        match flow.l4 {
            L4::Udp { .. } => {
                let question = dns::question_udp(payload, &mut self.name);
                self.add(question, flow, content, findings);
            }
            L4::Tcp { .. } => {
                for segment in Segments::new(payload) {
                    let question = segment.and_then(|segment| segment.question(&mut self.name));
                    // What follows bytes that are no message has no known start.
                    if !self.add(question, flow, content, findings) {
                        return;
                    }
                }
            }
            _ => {}
        }
    }

    /// Adds a message; returns whether it is one.
    fn add(
        &self,
        question: Result<Question<'_>, Reason>,
        flow: &Flow,
        content: &Content,
        findings: &mut Findings<'_>,
    ) -> bool {
        let Ok(question) = question else {
            findings.note(UNREAD);
            return false;
        };
        let is_response = question.is_response();
        let content = content.of((self.name.as_bytes(), question.qtypes()));
        let Some(message) = Message::in_flow(flow, is_response, content, question.id().into()) else { return false };
        let mut read = Read::Before;
        findings.message(message, || match question.message(&self.name) {
            Ok(message) => {
                read = if message.complete { Read::Whole } else { Read::Part };
                Some(l7(message))
            }
            Err(_) => {
                read = Read::Malformed;
                None
            }
        });
        match read {
            Read::Before | Read::Whole => {}
            Read::Part => findings.note(INCOMPLETE),
            Read::Malformed => findings.note(UNREAD),
        }
        read != Read::Malformed
    }
}

/// How a message was read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Read {
    /// With an earlier report of its packet.
    Before,
    Whole,
    Part,
    Malformed,
}

/// What goes on the flow of a message.
fn l7(message: dns::Message) -> L7 {
    let missing = missing(&message);
    let dns = Dns {
        query: message.query,
        ips: message.ips.into_iter().map(Into::into).collect(),
        ttl: message.ttl,
        cnames: message.cnames,
        observation_source: Word::Borrowed("wire"),
        rcode: message.rcode.filter(|_| message.response).map(Into::into),
        qtypes: message.qtypes.as_slice().into(),
        rrtypes: message.answer_types,
    };
    let l7_type = if message.response { L7Type::Response } else { L7Type::Request };
    L7 {
        l7_type,
        latency_ns: 0,
        observed_latency: None,
        record: L7Record::Dns(dns),
        trace_id: None,
        seen: Seen::Wire,
        missing,
    }
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
