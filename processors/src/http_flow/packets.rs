//! HTTP/1 messages in captured packets: finds all that a segment holds, whether they are new, and
//! which request a response answers.

use tidegate_model::Timestamp;
use tidegate_model::flow::{Address, Flow, ObservedLatency, Verdict};
use tidegate_wire::http::{self, Head, Reason, Start, StartLine};
use tidegate_wire::text::Text;

use super::connections::{Asked, Connection, Connections, Place, Position};
use super::extent::{self, End, Extent};
use super::message;
use crate::l7::pending::{Content, Message};
use crate::l7::redaction::Redaction;
use crate::l7::stage::Findings;
use crate::l7::url;

/// Notes of `http_flow`, once for each message unless it says otherwise.
pub(super) mod note {
    /// All of them.
    pub(in super::super) const ALL: &[&str] = &[
        crate::l7::pending::TABLE_FULL,
        BAD_HEADER,
        HEAD_CUT,
        START_LINE_CUT,
        START_LINE_UNREAD,
        BODY_BEYOND_PACKET,
        END_UNCLEAR,
        REST_UNREAD,
        INTERIM_RESPONSE,
        UNRELATED_RESPONSE,
        CONNECTIONS_FULL,
    ];

    /// A header line that is malformed, and left out; once for each line.
    pub(in super::super) const BAD_HEADER: &str = "http_bad_header";
    /// The packet ends inside the headers. What follows in its connection is found where a packet
    /// begins with it.
    pub(in super::super) const HEAD_CUT: &str = "http_head_cut";
    /// The packet ends inside what could be a start line: there is no flow. Once for each report of
    /// the packet.
    pub(in super::super) const START_LINE_CUT: &str = "http_start_line_cut";
    /// The packet, or what follows a message in it, begins with a line that names HTTP and is no
    /// start line of HTTP/1: another version, or a method, target or status that there cannot be.
    /// Once for each report of the packet.
    pub(in super::super) const START_LINE_UNREAD: &str = "http_start_line_unread";
    /// The message ends in a later packet. What follows it is found where a packet begins with it.
    pub(in super::super) const BODY_BEYOND_PACKET: &str = "http_body_beyond_packet";
    /// Where the message ends is unclear: what follows it in the packet is not read.
    pub(in super::super) const END_UNCLEAR: &str = "http_end_unclear";
    /// What follows the message in the packet is no head, and not read.
    pub(in super::super) const REST_UNREAD: &str = "http_rest_unread";
    /// An interim response (1xx but 101), which is a part of the final answer.
    pub(in super::super) const INTERIM_RESPONSE: &str = "http_interim_response";
    /// A response that nothing relates to a request that was seen before it: method and URL are
    /// unknown.
    pub(in super::super) const UNRELATED_RESPONSE: &str = "http_unrelated_response";
    /// A connection that had not ended was forgotten for a newer one; once for each connection.
    pub(in super::super) const CONNECTIONS_FULL: &str = "http_connections_full";
}

/// The longest message whose end is looked forward to: sequence numbers beyond could be of another
/// round.
const LONGEST: u64 = 1 << 30;

/// Reads packets.
#[derive(Debug)]
pub(super) struct Wire {
    pub(super) connections: Connections,
    pub(super) content: Content,
}

/// A TCP segment with a payload.
#[derive(Clone, Copy)]
struct Segment<'a> {
    payload: &'a [u8],
    source: (Address, u16),
    destination: (Address, u16),
    seq: u32,
    ack: Option<u32>,
    time: Timestamp,
    was_dropped: bool,
}

impl<'a> Segment<'a> {
    fn of(flow: &Flow, bytes: &'a [u8]) -> Option<Self> {
        let (ip, ports) = (flow.ip?, flow.l4.ports()?);
        Some(Self {
            payload: flow.payload.of(bytes),
            source: (ip.source, ports.0),
            destination: (ip.destination, ports.1),
            seq: flow.tcp_seq,
            ack: flow.tcp_ack,
            time: flow.time,
            was_dropped: flow.verdict == Verdict::Dropped,
        })
    }

    /// The sequence number of a byte of the payload.
    fn seq_of(&self, at: usize) -> u32 {
        // A payload has less than 2^32 bytes.
        self.seq.wrapping_add(at as u32)
    }
}

/// What was read of a segment.
struct Read {
    /// Whether it is a message that was not seen before.
    is_new: bool,
    /// Where the next one may begin in the payload.
    next: Option<usize>,
}

impl Read {
    /// Nothing that is a message, and there can be none behind it.
    const NOTHING: Self = Self {
        is_new: false,
        next: None,
    };
}

impl Wire {
    /// Finds the messages in a flow's payload.
    pub(super) fn find(
        &mut self,
        flow: &Flow,
        bytes: &[u8],
        redaction: &Redaction,
        findings: &mut Findings<'_>,
    ) {
        let Some(segment) = Segment::of(flow, bytes) else {
            return;
        };
        let mut at = 0;
        // Whether what comes next is to be counted: not behind a message that was counted before.
        let mut is_new = true;
        while at < segment.payload.len() {
            let read = match http::start(&segment.payload[at..]) {
                Ok(start) => self.message(&segment, at, start, redaction, findings),
                Err(Reason::Truncated) if is_new => return findings.note(note::START_LINE_CUT),
                Err(Reason::BadStartLine) if is_new => {
                    return findings.note(note::START_LINE_UNREAD);
                }
                Err(Reason::NotHttp) if is_new && at > 0 => {
                    return findings.note(note::REST_UNREAD);
                }
                Err(_) => return,
            };
            is_new = read.is_new;
            match read.next {
                Some(next) if next > at => at = next,
                _ => break,
            }
        }
        for _ in 0..self.connections.take_evicted() {
            findings.note(note::CONNECTIONS_FULL);
        }
    }

    /// Takes the message that begins at `at`.
    fn message(
        &mut self,
        segment: &Segment<'_>,
        at: usize,
        start: Start<'_>,
        redaction: &Redaction,
        findings: &mut Findings<'_>,
    ) -> Read {
        let seq = segment.seq_of(at + start.line_at);
        let (is_response, content) = match start.line {
            StartLine::Request { method, target, .. } => (
                false,
                self.content
                    .of((method, url::target(&Text(target).lossy()))),
            ),
            StartLine::Response { status, .. } => (true, self.content.of(i64::from(status))),
        };
        let (client, server) = if is_response {
            (segment.destination, segment.source)
        } else {
            (segment.source, segment.destination)
        };
        // Half of the bits tell contents of one connection apart.
        let position = Position {
            is_response,
            seq,
            ack: segment.ack,
            content: content as u32,
            time: segment.time,
        };
        let Some((key, connection, place)) = self.connections.open(client, server, &position)
        else {
            return Read::NOTHING;
        };
        let message = Message {
            client: client.0,
            client_port: client.1,
            is_response,
            content,
            serial: seq,
            epoch: connection.epoch,
            by_port: is_response,
        };
        match place {
            Place::Tunnel => Read::NOTHING,
            Place::Read(end) => {
                findings.again(&message);
                // All messages of a segment share its fate.
                let next = connection
                    .next_start(is_response, seq)
                    .filter(|_| segment.was_dropped)
                    .unwrap_or(end);
                Read {
                    is_new: false,
                    next: Some(next.wrapping_sub(segment.seq) as usize),
                }
            }
            Place::New => {
                let found = Found {
                    segment,
                    at,
                    position,
                    message,
                    redaction,
                };
                let next = match start.line {
                    StartLine::Request { method, target, .. } => {
                        found.request(&start.head(), method, target, connection, findings)
                    }
                    StartLine::Response { status, .. } => {
                        found.response(&start.head(), status, connection, findings)
                    }
                };
                self.connections.changed(key, segment.time);
                Read { is_new: true, next }
            }
        }
    }
}

/// A message that is new.
struct Found<'a> {
    segment: &'a Segment<'a>,
    /// Where it begins in the payload.
    at: usize,
    position: Position,
    message: Message,
    redaction: &'a Redaction,
}

impl Found<'_> {
    fn request(
        &self,
        head: &Head<'_>,
        method: &str,
        target: &[u8],
        connection: &mut Connection,
        findings: &mut Findings<'_>,
    ) -> Option<usize> {
        let extent = extent::of(head, self.bytes(), false, Some(method));
        let end = self.settle(head, extent, connection, findings);
        let l7 = message::request(head, method, target, self.redaction);
        let asked = Asked::of(&l7, &self.position, end);
        findings.message(self.message, || Some(l7));
        if let Some((asked, response)) = asked.and_then(|asked| connection.ask(asked)) {
            findings.amend(&response, |l7| message::relate(l7, &asked));
        }
        self.next(extent)
    }

    fn response(
        &self,
        head: &Head<'_>,
        status: u16,
        connection: &mut Connection,
        findings: &mut Findings<'_>,
    ) -> Option<usize> {
        if matches!(status, 100..200) && status != SWITCHING_PROTOCOLS {
            findings.note(note::INTERIM_RESPONSE);
            let extent = extent::of(head, self.bytes(), true, None);
            let end = self.settle(head, extent, connection, findings);
            connection.interim(&self.position, end);
            return self.next(extent);
        }
        let asked = connection.answer(&self.position, status == REQUEST_TIMEOUT);
        let method = asked.as_ref().map(|asked| &*asked.method);
        let extent = extent::of(head, self.bytes(), true, method);
        let end = self.settle(head, extent, connection, findings);
        let latency = asked
            .as_ref()
            .and_then(|asked| self.latency(asked, findings));
        let l7 = message::response(head, status, asked.as_ref(), latency, self.redaction);
        findings.message(self.message, || Some(l7));
        let is_tunnel = method == Some("CONNECT") && matches!(status, 200..300);
        match &asked {
            Some(asked) => connection.answered(asked, &self.position, end),
            None => {
                findings.note(note::UNRELATED_RESPONSE);
                connection.unanswerable(&self.position, self.message);
            }
        }
        if status == SWITCHING_PROTOCOLS || is_tunnel {
            connection.switch();
            return None;
        }
        self.next(extent)
    }

    /// Enters what was read, and counts what was not. The sequence number behind the message, if it
    /// is certain.
    fn settle(
        &self,
        head: &Head<'_>,
        extent: Extent,
        connection: &mut Connection,
        findings: &mut Findings<'_>,
    ) -> Option<u32> {
        (0..head.bad_headers).for_each(|_| findings.note(note::BAD_HEADER));
        let unread = match extent.end {
            End::At(_) => None,
            End::Beyond(_) | End::Open(_) => Some(note::BODY_BEYOND_PACKET),
            End::Unclear => Some(note::END_UNCLEAR),
            End::HeadCut => Some(note::HEAD_CUT),
        };
        if let Some(unread) = unread {
            findings.note(unread);
        }
        let begin = self.segment.seq_of(self.at);
        let end = match extent.end {
            End::At(len) if extent.is_certain => Some(begin.wrapping_add(len as u32)),
            End::Beyond(len) if extent.is_certain && len < LONGEST => {
                Some(begin.wrapping_add(len as u32))
            }
            _ => None,
        };
        let least = match extent.end {
            End::Open(least) if extent.is_certain => least.min(LONGEST) as u32,
            _ => head.len.unwrap_or(self.bytes().len()) as u32,
        };
        connection.cover(
            self.position.is_response,
            begin,
            end.unwrap_or(begin.wrapping_add(least)),
        );
        end
    }

    fn latency(&self, asked: &Asked, findings: &Findings<'_>) -> Option<ObservedLatency> {
        findings.latency(asked.time, self.position.time)
    }

    /// The payload from the message on.
    fn bytes(&self) -> &[u8] {
        &self.segment.payload[self.at..]
    }

    /// Where the next message begins in the payload.
    fn next(&self, extent: Extent) -> Option<usize> {
        match extent.end {
            End::At(len) => Some(self.at + len),
            _ => None,
        }
    }
}

/// The one interim code that is a final answer: the connection goes on with another protocol (RFC
/// 9110 15.2.2).
const SWITCHING_PROTOCOLS: u16 = 101;

/// A server may send this on an idle connection, in answer to nothing (RFC 9110 15.5.9).
const REQUEST_TIMEOUT: u16 = 408;
