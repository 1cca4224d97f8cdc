//! DNS messages in captured packets.

use tidegate_model::flow::{Dns, Flow, L4, L7, L7Record, L7Type, MessagePart, Missing, Seen, Word};
use tidegate_wire::dns::{self, Name, Question, Reason, Segments};

use super::tcp_messages::Sent;
use crate::l7::pending::{Content, Message};
use crate::l7::stage::Findings;

const DNS_PORT: u16 = 53;

/// Bytes on the port of DNS that are no readable message. Counted for each packet report, since
/// they have no id.
pub(super) const UNREAD: &str = "dns_unread";

/// A message of which the capture or the TCP segment lacks a part. Counted once for each message.
pub(super) const INCOMPLETE: &str = "dns_incomplete";

/// A message over TCP was forgotten for a newer one, though its segment could still be sent again.
pub(super) const SENT_FULL: &str = "dns_tcp_table_full";

/// Whether one of the sides talks on the port of DNS servers.
pub(super) fn is_on_port(flow: &Flow) -> bool {
    let (source, destination) = flow.l4.ports().unwrap_or_default();
    (source == DNS_PORT) | (destination == DNS_PORT)
}

/// What is kept from message to message.
#[derive(Debug)]
pub(super) struct Finder {
    /// The name in the question that was read last.
    name: Name,
    /// What was found in TCP streams.
    sent: Sent,
}

impl Finder {
    /// One that remembers so many messages over TCP.
    pub(super) fn new(messages: usize) -> Self {
        Self {
            name: Name::default(),
            sent: Sent::new(messages),
        }
    }

    /// Adds the messages of a flow's payload. Of a message that was seen before only the question
    /// is read: most packets are reported more than once.
    pub(super) fn find(
        &mut self,
        flow: &Flow,
        bytes: &[u8],
        content: &Content,
        findings: &mut Findings<'_>,
    ) {
        let payload = flow.payload.of(bytes);
        match flow.l4 {
            L4::Udp { .. } => {
                let question = dns::question_udp(payload, &mut self.name);
                self.add(question, None, flow, content, findings);
            }
            L4::Tcp { .. } => {
                for segment in Segments::new(payload) {
                    // A payload has less than 2^32 bytes.
                    let seq = segment
                        .as_ref()
                        .ok()
                        .map(|segment| flow.tcp_seq.wrapping_add(segment.at as u32));
                    let question = segment.and_then(|segment| segment.question(&mut self.name));
                    // What follows bytes that are no message has no known start.
                    if !self.add(question, seq, flow, content, findings) {
                        break;
                    }
                }
                for _ in 0..self.sent.take_evicted() {
                    findings.note(SENT_FULL);
                }
            }
            _ => {}
        }
    }

    /// Adds a message, which begins at the sequence number `seq` if it is in a stream; returns
    /// whether it is one.
    fn add(
        &mut self,
        question: Result<Question<'_>, Reason>,
        seq: Option<u32>,
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
        let Some(message) = Message::in_flow(flow, is_response, content, question.id().into())
        else {
            return false;
        };
        if seq.is_some_and(|seq| self.sent.has(&message, seq)) {
            findings.again(&message);
            return true;
        }
        let mut read = Read::Before;
        findings.message(message, || match question.message(&self.name) {
            Ok(message) => {
                read = if message.complete {
                    Read::Whole
                } else {
                    Read::Part
                };
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
            Read::Malformed => {
                findings.note(UNREAD);
                return false;
            }
        }
        if let Some(seq) = seq {
            self.sent.add(message, seq, flow.time);
        }
        true
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
    let l7_type = if message.response {
        L7Type::Response
    } else {
        L7Type::Request
    };
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
        (
            MessagePart::Rcode,
            message.response && message.rcode.is_none(),
        ),
        (MessagePart::Records, !message.complete),
    ];
    let missing = parts.into_iter().filter(|(_, is_missing)| *is_missing);
    missing.fold(Missing::NOTHING, |missing, (part, _)| missing.and(part))
}
