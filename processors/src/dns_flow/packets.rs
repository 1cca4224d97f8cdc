//! DNS messages in captured packets.

use tidegate_model::flow::{
    CommonText, Dns, Flow, L4, L7, L7Record, L7Type, MessagePart, MessageSource, Missing,
};
use tidegate_wire::dns::{self, Name, Question, Reason, Segments};

use super::answers::Answers;
use super::tcp_messages::TcpMessages;
use crate::l7::pending::{ContentHasher, MessageId};
use crate::l7::stage::Findings;

const DNS_PORT: u16 = 53;

/// The payload on the DNS port is not a readable message. Counted for each report of the packet,
/// because there is no id to recognise another one by.
pub(super) const UNREAD: &str = "dns_unread";

/// The capture or the TCP segment lacks a part of the message. Counted once for each message.
pub(super) const INCOMPLETE: &str = "dns_incomplete";

/// A message over TCP was evicted from the table although its segment may be retransmitted.
pub(super) const TCP_TABLE_FULL: &str = "dns_tcp_table_full";

/// Whether one of the ports is that of DNS servers.
pub(super) fn has_dns_port(flow: &Flow) -> bool {
    let (source, destination) = flow.l4.ports().unwrap_or_default();
    (source == DNS_PORT) | (destination == DNS_PORT)
}

/// Finds messages in packets.
#[derive(Debug)]
pub(super) struct MessageFinder {
    /// The name in the latest question; kept to reuse its memory.
    name: Name,
    tcp_messages: TcpMessages,
    pub(super) answers: Answers,
}

impl MessageFinder {
    /// Creates a finder that remembers at most `tcp_messages` messages over TCP, and adds what
    /// answers teach to `answers`.
    pub(super) fn new(tcp_messages: usize, answers: Answers) -> Self {
        Self {
            answers,
            name: Name::default(),
            tcp_messages: TcpMessages::new(tcp_messages),
        }
    }

    /// Adds the messages in a flow's payload to `findings`. Of a message that was read before, only
    /// the question is read again: most packets are reported more than once.
    pub(super) fn find(
        &mut self,
        flow: &Flow,
        bytes: &[u8],
        hasher: &ContentHasher,
        findings: &mut Findings<'_>,
    ) {
        let payload = flow.payload.of(bytes);
        match flow.l4 {
            L4::Udp { .. } => {
                let question = dns::question_udp(payload, &mut self.name);
                self.add(question, None, flow, hasher, findings);
            }
            L4::Tcp { .. } => {
                for segment in Segments::new(payload) {
                    // A payload has less than 2^32 bytes.
                    let seq = segment
                        .as_ref()
                        .ok()
                        .map(|segment| flow.tcp_seq.wrapping_add(segment.at as u32));
                    let question = segment.and_then(|segment| segment.question(&mut self.name));
                    // The start of a message after unreadable bytes is unknown.
                    if !self.add(question, seq, flow, hasher, findings) {
                        break;
                    }
                }
                for _ in 0..self.tcp_messages.take_evicted() {
                    findings.note(TCP_TABLE_FULL);
                }
            }
            _ => {}
        }
    }

    /// Adds a message. `seq` is the sequence number of its first byte if it is in a TCP stream.
    /// Returns whether the bytes are a message.
    fn add(
        &mut self,
        question: Result<Question<'_>, Reason>,
        seq: Option<u32>,
        flow: &Flow,
        hasher: &ContentHasher,
        findings: &mut Findings<'_>,
    ) -> bool {
        let Ok(question) = question else {
            findings.note(UNREAD);
            return false;
        };
        let content = hasher.hash((self.name.as_bytes(), question.qtypes()));
        let serial = question.id().into();
        let message = MessageId::in_flow(flow, question.is_response(), content, serial);
        let Some(message) = message else {
            return false;
        };
        if seq.is_some_and(|seq| self.tcp_messages.contains(&message, seq)) {
            findings.add_report(&message);
            return true;
        }
        let mut parsed = Parsed::Earlier;
        findings.add(message, || {
            let l7 = parse(question, &self.name, &mut parsed)?;
            self.answers.learn_from_packet(&l7, flow);
            Some(l7)
        });
        match parsed {
            Parsed::Earlier | Parsed::Complete => {}
            Parsed::Incomplete => findings.note(INCOMPLETE),
            Parsed::Malformed => {
                findings.note(UNREAD);
                return false;
            }
        }
        if let Some(seq) = seq {
            self.tcp_messages.add(message, seq, flow.time);
        }
        true
    }
}

/// The result of parsing a message.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Parsed {
    /// It was parsed with an earlier report of its packet.
    Earlier,
    Complete,
    Incomplete,
    Malformed,
}

/// Parses the rest of a message.
fn parse(question: Question<'_>, name: &Name, parsed: &mut Parsed) -> Option<L7> {
    let Ok(message) = question.message(name) else {
        *parsed = Parsed::Malformed;
        return None;
    };
    *parsed = if message.complete {
        Parsed::Complete
    } else {
        Parsed::Incomplete
    };
    Some(l7(message))
}

/// Returns the L7 part of a message's flow.
fn l7(message: dns::Message) -> L7 {
    let missing = missing(&message);
    let dns = Dns {
        query: message.query,
        ips: message.ips.into_iter().map(Into::into).collect(),
        ttl: message.ttl,
        cnames: message.cnames,
        observation_source: CommonText::Borrowed("wire"),
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
        trace_context: None,
        source: MessageSource::Wire,
        missing,
    }
}

/// Returns the parts that the capture lacks.
fn missing(message: &dns::Message) -> Missing {
    let lacks_rcode = message.response && message.rcode.is_none();
    let parts = [
        (MessagePart::Answers, !message.has_all_answers),
        (MessagePart::Rcode, lacks_rcode),
        (MessagePart::Records, !message.complete),
    ];
    let missing = parts.into_iter().filter(|(_, is_missing)| *is_missing);
    missing.fold(Missing::NOTHING, |missing, (part, _)| missing.and(part))
}
