//! Reads a message that was not read before.

use tidegate_wire::http::{Head, Start, StartLine};

use super::super::connections::{HttpConnection, PendingRequest, Position};
use super::super::extent::{Extent, MessageEnd};
use super::super::message;
use super::note;
use super::segment::Segment;
use crate::l7::pending::MessageId;
use crate::l7::redaction::Redaction;
use crate::l7::stage::Findings;

/// The one interim status that is final: the connection continues with another protocol (RFC 9110,
/// section 15.2.2).
const SWITCHING_PROTOCOLS: u16 = 101;

/// A server may send this on an idle connection, without a request (RFC 9110, section 15.5.9).
const REQUEST_TIMEOUT: u16 = 408;

/// The most bytes of a message whose end is computed: sequence numbers further away could have
/// wrapped around.
const MAX_LEN: u64 = 1 << 30;

/// A message that was not read before.
pub(super) struct NewMessage<'a> {
    pub(super) segment: &'a Segment<'a>,
    /// Where it begins in the payload.
    pub(super) at: usize,
    pub(super) position: Position,
    pub(super) message: MessageId,
    pub(super) redaction: &'a Redaction,
}

impl NewMessage<'_> {
    /// Adds the message to `findings` and to its connection. Returns where the next one may begin
    /// in the payload.
    pub(super) fn read(
        &self,
        start: &Start<'_>,
        connection: &mut HttpConnection,
        findings: &mut Findings<'_>,
    ) -> Option<usize> {
        let head = start.head();
        match start.line {
            StartLine::Request { method, target, .. } => {
                self.request(&head, method, target, connection, findings)
            }
            StartLine::Response { status, .. }
                if matches!(status, 100..200) && status != SWITCHING_PROTOCOLS =>
            {
                self.interim_response(&head, connection, findings)
            }
            StartLine::Response { status, .. } => {
                self.final_response(&head, status, connection, findings)
            }
        }
    }

    fn request(
        &self,
        head: &Head<'_>,
        method: &str,
        target: &[u8],
        connection: &mut HttpConnection,
        findings: &mut Findings<'_>,
    ) -> Option<usize> {
        let extent = Extent::of_request(head, self.bytes());
        let end = self.mark_read(head, extent, connection, findings);
        let l7 = message::request(head, method, target, self.redaction);
        let request = PendingRequest::new(&l7, &self.position, end);
        findings.add(self.message, || Some(l7));
        let early_response = request.and_then(|request| connection.add_request(request));
        if let Some((request, response)) = early_response {
            findings.amend(&response, |l7| message::set_request(l7, &request));
        }
        self.next(extent)
    }

    fn interim_response(
        &self,
        head: &Head<'_>,
        connection: &mut HttpConnection,
        findings: &mut Findings<'_>,
    ) -> Option<usize> {
        findings.note(note::INTERIM_RESPONSE);
        let extent = Extent::of_response(head, self.bytes(), None);
        let end = self.mark_read(head, extent, connection, findings);
        connection.add_interim_response(&self.position, end);
        self.next(extent)
    }

    fn final_response(
        &self,
        head: &Head<'_>,
        status: u16,
        connection: &mut HttpConnection,
        findings: &mut Findings<'_>,
    ) -> Option<usize> {
        let request = connection.take_request(&self.position, status == REQUEST_TIMEOUT);
        let method = request.as_ref().map(|request| &*request.method);
        let extent = Extent::of_response(head, self.bytes(), method);
        let end = self.mark_read(head, extent, connection, findings);
        let latency = request
            .as_ref()
            .and_then(|request| findings.latency(request.time, self.position.time));
        let l7 = message::response(head, status, request.as_ref(), latency, self.redaction);
        findings.add(self.message, || Some(l7));
        match &request {
            Some(request) => connection.finish_exchange(request, &self.position, end),
            None => {
                findings.note(note::UNRELATED_RESPONSE);
                connection.add_unmatched_response(&self.position, self.message);
            }
        }
        let is_tunnel = method == Some("CONNECT") && matches!(status, 200..300);
        if status == SWITCHING_PROTOCOLS || is_tunnel {
            connection.switch_protocol();
            return None;
        }
        self.next(extent)
    }

    /// Marks the message's bytes as read on the connection, and notes the parts that cannot be
    /// read. Returns the sequence number after the message, if it is certain.
    fn mark_read(
        &self,
        head: &Head<'_>,
        extent: Extent,
        connection: &mut HttpConnection,
        findings: &mut Findings<'_>,
    ) -> Option<u32> {
        for _ in 0..head.bad_headers {
            findings.note(note::BAD_HEADER);
        }
        match extent.end {
            MessageEnd::Captured(_) => {}
            MessageEnd::BeyondCapture(_) | MessageEnd::Open(_) => {
                findings.note(note::BODY_BEYOND_PACKET);
            }
            MessageEnd::Unclear => findings.note(note::END_UNCLEAR),
            MessageEnd::HeadCut => findings.note(note::HEAD_CUT),
        }
        let start = self.segment.seq_of(self.at);
        let end = certain_len(extent).map(|len| start.wrapping_add(len));
        let read_up_to = end.unwrap_or_else(|| start.wrapping_add(self.least_len(head, extent)));
        connection.mark_read(self.position.is_response, start, read_up_to);
        end
    }

    /// Returns the number of bytes that the message has at least.
    fn least_len(&self, head: &Head<'_>, extent: Extent) -> u32 {
        match extent.end {
            MessageEnd::Open(least) if extent.is_certain => least.min(MAX_LEN) as u32,
            _ => head.len.unwrap_or(self.bytes().len()) as u32,
        }
    }

    /// Returns the payload from the message on.
    fn bytes(&self) -> &[u8] {
        &self.segment.payload[self.at..]
    }

    /// Returns where the next message begins in the payload.
    fn next(&self, extent: Extent) -> Option<usize> {
        match extent.end {
            MessageEnd::Captured(len) => Some(self.at + len),
            _ => None,
        }
    }
}

/// Returns the length of the message, if it is certain.
fn certain_len(extent: Extent) -> Option<u32> {
    match extent.end {
        MessageEnd::Captured(len) if extent.is_certain => Some(len as u32),
        MessageEnd::BeyondCapture(len) if extent.is_certain && len < MAX_LEN => Some(len as u32),
        _ => None,
    }
}
