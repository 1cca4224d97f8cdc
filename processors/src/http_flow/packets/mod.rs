//! HTTP/1 messages in captured packets: finds all messages of a segment, skips those that were read
//! before, and matches responses with requests.

mod new_message;
pub(super) mod note;
mod segment;

use tidegate_model::flow::Flow;
use tidegate_wire::http::{self, Reason, Start, StartLine};
use tidegate_wire::text::Text;

use super::connections::{Connections, HttpConnection, Placement, Position, Socket};
use crate::l7::pending::{ContentHasher, MessageId};
use crate::l7::redaction::Redaction;
use crate::l7::stage::Findings;
use crate::l7::url;
use new_message::NewMessage;
use segment::Segment;

/// Finds messages in packets.
#[derive(Debug)]
pub(super) struct MessageFinder {
    pub(super) connections: Connections,
    pub(super) hasher: ContentHasher,
}

/// What was read at a position of a segment.
struct ReadMessage {
    /// Whether it is a message that was not read before.
    is_new: bool,
    /// Where the next message may begin in the payload.
    next: Option<usize>,
}

impl ReadMessage {
    /// There is no message, and none can follow.
    const NONE: Self = Self {
        is_new: false,
        next: None,
    };
}

impl MessageFinder {
    /// Adds the messages in a flow's payload to `findings`.
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
        // Whether to count what is read next: not if the message before it was counted earlier.
        let mut is_new = true;
        while at < segment.payload.len() {
            let read = match http::start(&segment.payload[at..]) {
                Ok(start) => self.read(&segment, at, start, redaction, findings),
                Err(reason) => {
                    if is_new && let Some(note) = unread_note(reason, at) {
                        findings.note(note);
                    }
                    return;
                }
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

    /// Reads the message that begins at `at`.
    fn read(
        &mut self,
        segment: &Segment<'_>,
        at: usize,
        start: Start<'_>,
        redaction: &Redaction,
        findings: &mut Findings<'_>,
    ) -> ReadMessage {
        let content = self.content(&start.line);
        let position = Position {
            is_response: matches!(start.line, StartLine::Response { .. }),
            seq: segment.seq_of(at + start.line_at),
            ack: segment.ack,
            // Half of the bits are enough to distinguish the messages of a connection.
            content: content as u32,
            time: segment.time,
        };
        let (client, server) = segment.client_and_server(position.is_response);
        let Some((key, connection, placement)) = self.connections.locate(client, server, &position)
        else {
            return ReadMessage::NONE;
        };
        let message = message_id(client, &position, content, connection.epoch);
        match placement {
            Placement::Tunnel => ReadMessage::NONE,
            Placement::Read(end) => {
                findings.add_report(&message);
                ReadMessage {
                    is_new: false,
                    next: Some(next_of_known(segment, connection, &position, end)),
                }
            }
            Placement::New => {
                let new = NewMessage {
                    segment,
                    at,
                    position,
                    message,
                    redaction,
                };
                let next = new.read(&start, connection, findings);
                self.connections.update_heap(key, segment.time);
                ReadMessage { is_new: true, next }
            }
        }
    }

    /// Hashes the part of a start line that an access-log record reports, too.
    fn content(&self, line: &StartLine<'_>) -> u64 {
        match line {
            StartLine::Request { method, target, .. } => {
                let target = Text(target).lossy();
                self.hasher.hash((*method, url::target(&target)))
            }
            StartLine::Response { status, .. } => self.hasher.hash(i64::from(*status)),
        }
    }
}

fn message_id(client: Socket, position: &Position, content: u64, epoch: u16) -> MessageId {
    let (client, client_port) = client;
    MessageId {
        client,
        client_port,
        is_response: position.is_response,
        content,
        serial: position.seq,
        epoch,
        by_port: position.is_response,
    }
}

/// Returns where to continue after a message that was read before, up to the sequence number `end`.
fn next_of_known(
    segment: &Segment<'_>,
    connection: &HttpConnection,
    position: &Position,
    end: u32,
) -> usize {
    // If the segment was dropped, so were all of its messages: each gets the report.
    let next = connection
        .next_start(position.is_response, position.seq)
        .filter(|_| segment.was_dropped)
        .unwrap_or(end);
    segment.offset_of(next)
}

/// Returns the note for bytes at `at` that are not a start line.
fn unread_note(reason: Reason, at: usize) -> Option<&'static str> {
    match reason {
        Reason::Truncated => Some(note::START_LINE_CUT),
        Reason::BadStartLine => Some(note::START_LINE_UNREAD),
        Reason::NotHttp if at > 0 => Some(note::REST_UNREAD),
        _ => None,
    }
}
