//! The state of one TCP connection that carries HTTP.

use tidegate_model::Timestamp;
use tidegate_model::flow::{Address, CommonText, L7, L7Record, TraceContext};

use super::read_ranges::{ReadRanges, distance};
use crate::l7::pending::MessageId;

/// The number of latest messages of a direction whose start is remembered.
const STARTS: usize = 4;
/// The most pending requests of a connection; beyond it the oldest is forgotten.
const MAX_PENDING: usize = 16;
/// A sequence number further than this from the last one belongs to another connection, unless the
/// number of the other direction fits this one.
const MAX_DISTANCE: u32 = 1 << 24;

/// An address and a port.
pub(crate) type Socket = (Address, u16);

/// The position of a message on its connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Position {
    /// Whether the server sent the message.
    pub(crate) is_response: bool,
    /// The sequence number of its first byte.
    pub(crate) seq: u32,
    /// The acknowledgment number of its segment.
    pub(crate) ack: Option<u32>,
    /// A hash of its start line.
    pub(crate) content: u32,
    /// When the segment was reported.
    pub(crate) time: Timestamp,
}

/// How a message relates to what was read of its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Placement {
    /// A message that was not read before.
    New,
    /// A retransmission, another report of the segment, or part of another message's body. All
    /// bytes up to this sequence number were read.
    Read(u32),
    /// Bytes of another protocol, to which the connection was switched.
    Tunnel,
}

/// A request whose response has not been read.
#[derive(Clone, Debug)]
pub(crate) struct PendingRequest {
    /// The sequence number of its first byte.
    pub(crate) start: u32,
    /// The sequence number after its last byte, if it is certain.
    pub(crate) end: Option<u32>,
    /// The sequence number at which its response begins, if it is known.
    pub(crate) response_at: Option<u32>,
    /// Whether `response_at` follows from the messages before it, not from the client's
    /// acknowledgment number.
    pub(crate) is_chained: bool,
    pub(crate) time: Timestamp,
    pub(crate) method: CommonText,
    pub(crate) url: String,
    pub(crate) trace_context: Option<TraceContext>,
}

impl PendingRequest {
    /// Returns `None` if `request` is not an HTTP record.
    pub(crate) fn new(request: &L7, at: &Position, end: Option<u32>) -> Option<Self> {
        let L7Record::Http(http) = &request.record else {
            return None;
        };
        Some(Self {
            start: at.seq,
            end,
            response_at: at.ack,
            is_chained: false,
            time: at.time,
            method: http.method.clone(),
            url: http.url.clone(),
            trace_context: request.trace_context,
        })
    }
}

/// A response that was reported before its request, or without it.
#[derive(Clone, Copy, Debug)]
struct UnmatchedResponse {
    at: u32,
    message: MessageId,
}

/// One direction of a connection.
#[derive(Clone, Copy, Debug, Default)]
struct HalfConnection {
    read: ReadRanges,
    /// Sequence numbers and contents of the latest messages.
    starts: [(u32, u32); STARTS],
    /// The number of messages so far.
    count: usize,
    /// The latest known sequence number.
    last: Option<u32>,
}

impl HalfConnection {
    fn latest(&self) -> &[(u32, u32)] {
        &self.starts[..self.count.min(STARTS)]
    }

    fn content_at(&self, seq: u32) -> Option<u32> {
        let start = self.latest().iter().find(|(start, _)| *start == seq);
        start.map(|(_, content)| *content)
    }

    fn next_start(&self, seq: u32) -> Option<u32> {
        let starts = self.latest().iter().map(|(start, _)| *start);
        starts
            .filter(|start| distance(seq, *start) > 0)
            .min_by_key(|start| distance(seq, *start))
    }

    fn is_near(&self, seq: u32) -> bool {
        self.last
            .is_some_and(|last| distance(last, seq).unsigned_abs() < MAX_DISTANCE)
    }
}

#[derive(Clone, Debug)]
pub(crate) struct HttpConnection {
    /// The server, as the first packet showed it.
    pub(super) server: Socket,
    /// The number of earlier connections between the same client port and server.
    pub(crate) epoch: u16,
    /// Whether it was switched to another protocol.
    is_tunnel: bool,
    /// Whether server and client have closed their directions.
    fins: [bool; 2],
    /// When it ended.
    ended: Option<Timestamp>,
    requests: HalfConnection,
    responses: HalfConnection,
    /// In the order of their sequence numbers.
    pending: Vec<PendingRequest>,
    /// Where the next request and its response begin: after the last request that was answered and
    /// after its response, if both ends are certain.
    next_exchange: Option<(u32, u32)>,
    unmatched: Option<UnmatchedResponse>,
}

impl HttpConnection {
    pub(super) fn new(server: Socket) -> Self {
        Self {
            server,
            epoch: 0,
            is_tunnel: false,
            fins: [false; 2],
            ended: None,
            requests: HalfConnection::default(),
            responses: HalfConnection::default(),
            pending: Vec::new(),
            next_exchange: None,
            unmatched: None,
        }
    }

    /// Resets the state for another connection from the same client port. `first` is the sequence
    /// number of its first byte, if it is known.
    pub(super) fn restart(&mut self, first: Option<u32>) {
        *self = Self {
            epoch: self.epoch.wrapping_add(1),
            ..Self::new(self.server)
        };
        self.requests.last = first;
    }

    pub(super) fn is_tunnel(&self) -> bool {
        self.is_tunnel
    }

    /// Whether the message's numbers are those of this connection.
    pub(super) fn contains(&self, at: &Position) -> bool {
        let (sender, receiver) = if at.is_response {
            (&self.responses, &self.requests)
        } else {
            (&self.requests, &self.responses)
        };
        sender.is_near(at.seq) || at.ack.is_some_and(|ack| receiver.is_near(ack))
    }

    /// Closes one direction, or both if the connection was aborted.
    pub(super) fn close(&mut self, by_client: bool, is_abort: bool, time: Timestamp) {
        self.fins[usize::from(by_client)] = true;
        if is_abort || self.fins == [true; 2] {
            self.ended.get_or_insert(time);
        }
    }

    pub(super) fn ended_before(&self, time: Timestamp) -> bool {
        self.ended.is_some_and(|ended| ended < time)
    }

    /// Finds a message's placement, and records its start if it is new.
    pub(super) fn place(&mut self, at: &Position) -> Placement {
        let sender = if at.is_response {
            &self.responses
        } else {
            &self.requests
        };
        let placement = match sender.content_at(at.seq) {
            Some(content) if content != at.content => {
                // A retransmission has the same bytes, so this is another connection.
                self.restart(None);
                Placement::New
            }
            known => match sender.read.end_of(at.seq) {
                Some(end) => Placement::Read(end),
                None if known.is_some() => Placement::Read(at.seq),
                None if self.is_tunnel => Placement::Tunnel,
                None => Placement::New,
            },
        };
        if placement == Placement::New {
            self.record_start(at);
        }
        placement
    }

    fn record_start(&mut self, at: &Position) {
        let (sender, receiver) = if at.is_response {
            (&mut self.responses, &mut self.requests)
        } else {
            (&mut self.requests, &mut self.responses)
        };
        sender.starts[sender.count % STARTS] = (at.seq, at.content);
        sender.count += 1;
        sender.last = Some(at.seq);
        receiver.last = at.ack.or(receiver.last);
    }

    /// Returns the start of the message after the one at `seq`, if it is among the latest.
    pub(crate) fn next_start(&self, is_response: bool, seq: u32) -> Option<u32> {
        if is_response {
            self.responses.next_start(seq)
        } else {
            self.requests.next_start(seq)
        }
    }

    /// Marks the bytes from `start` up to `end` as read.
    pub(crate) fn mark_read(&mut self, is_response: bool, start: u32, end: u32) {
        let sender = if is_response {
            &mut self.responses
        } else {
            &mut self.requests
        };
        sender.read.add(start, end);
    }

    /// Adds a pending request. If its response was reported first, which happens with reports from
    /// two CPUs, returns the request with that response instead.
    pub(crate) fn add_request(
        &mut self,
        mut request: PendingRequest,
    ) -> Option<(PendingRequest, MessageId)> {
        if let Some((start, response_at)) = self.next_exchange
            && request.start == start
            && request
                .response_at
                .is_none_or(|at| distance(at, response_at) >= 0)
        {
            request.response_at = Some(response_at);
            request.is_chained = true;
        }
        if let Some(response) = self
            .unmatched
            .take_if(|response| request.response_at == Some(response.at))
        {
            return Some((request, response.message));
        }
        if self.pending.len() >= MAX_PENDING {
            self.pending.remove(0);
        }
        // Most connections have one pending request at a time.
        self.pending.reserve_exact(1);
        let before = self
            .pending
            .iter()
            .rposition(|other| distance(other.start, request.start) > 0);
        self.pending.insert(before.map_or(0, |at| at + 1), request);
        None
    }

    /// Handles an interim response that ends before the sequence number `end`, if that is known:
    /// the final response begins there.
    pub(crate) fn add_interim_response(&mut self, at: &Position, end: Option<u32>) {
        if let Some(index) = self.index_of_request(at, false) {
            let request = &mut self.pending[index];
            request.response_at = end;
            request.is_chained = true;
        }
    }

    /// Removes and returns the request that a final response answers, if the sequence numbers prove
    /// it. Requests before it are removed, too: their responses were not captured. With
    /// `needs_ack`, the response has to acknowledge a part of its request.
    pub(crate) fn take_request(
        &mut self,
        at: &Position,
        needs_ack: bool,
    ) -> Option<PendingRequest> {
        let index = self.index_of_request(at, needs_ack)?;
        let request = self.pending.drain(..=index).next_back();
        if self.pending.is_empty() {
            self.pending = Vec::new();
        }
        request
    }

    /// Finds the oldest request whose response begins at `at`: either where the client's
    /// acknowledgment number pointed, or after the messages before it. In the first case, a
    /// response that acknowledges no byte of the request was sent before the request arrived.
    fn index_of_request(&self, at: &Position, needs_ack: bool) -> Option<usize> {
        let least = if needs_ack { 1 } else { 0 };
        self.pending.iter().position(|request| {
            let is_excluded = || {
                at.ack
                    .is_some_and(|ack| distance(request.start, ack) < least)
            };
            request.response_at == Some(at.seq) && (request.is_chained || !is_excluded())
        })
    }

    /// Records that the response to `request` begins at `at` and ends before `end`, if that is
    /// known. The response to a request that was pipelined directly after it begins at `end`.
    pub(crate) fn finish_exchange(
        &mut self,
        request: &PendingRequest,
        at: &Position,
        end: Option<u32>,
    ) {
        self.next_exchange = request.end.zip(end);
        let Some(next) = self.pending.first_mut() else {
            return;
        };
        let was_pipelined = next
            .response_at
            .is_none_or(|response_at| distance(at.seq, response_at) <= 0);
        if was_pipelined {
            next.response_at = end.filter(|_| request.end == Some(next.start));
            next.is_chained = true;
        }
    }

    /// Remembers a response whose request has not been read.
    pub(crate) fn add_unmatched_response(&mut self, at: &Position, message: MessageId) {
        self.unmatched = Some(UnmatchedResponse {
            at: at.seq,
            message,
        });
    }

    /// Switches the connection to another protocol.
    pub(crate) fn switch_protocol(&mut self) {
        self.is_tunnel = true;
        self.pending = Vec::new();
    }

    pub(super) fn heap_bytes(&self) -> usize {
        let texts = |request: &PendingRequest| request.url.len() + request.method.len();
        self.pending.capacity() * size_of::<PendingRequest>()
            + self.pending.iter().map(texts).sum::<usize>()
    }
}
