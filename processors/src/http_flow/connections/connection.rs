//! What is known about one TCP connection that carries HTTP.

use tidegate_model::Timestamp;
use tidegate_model::flow::{Address, L7, L7Record, Word};

use super::covered::{Covered, distance};
use crate::l7::pending::Message;

/// Beginnings of messages that are remembered for each direction.
const STARTS: usize = 4;
/// Requests without an answer that are remembered; of more, the oldest is forgotten.
const MOST_ASKED: usize = 16;
/// A sequence number that is further than this from the last one is of another connection, unless
/// the other direction's number says that it is of this one.
const NEAR: u32 = 1 << 24;

/// An address and a port.
pub(super) type Socket = (Address, u16);

/// Where a message stands.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Position {
    /// Whether the server sent it.
    pub(in super::super) is_response: bool,
    /// Sequence number of its first byte.
    pub(in super::super) seq: u32,
    /// The acknowledgment of its segment.
    pub(in super::super) ack: Option<u32>,
    /// What its start line says, as a number.
    pub(in super::super) content: u32,
    /// When it was seen.
    pub(in super::super) time: Timestamp,
}

/// What a message is to its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Place {
    /// A message that was not seen before.
    New,
    /// A retransmission, another report of the segment, or a part of another message's body. All up
    /// to this sequence number was read.
    Read(u32),
    /// Bytes of another protocol, to which the connection was switched.
    Tunnel,
}

/// A request without an answer.
#[derive(Clone, Debug)]
pub(in super::super) struct Asked {
    /// Sequence number of its first byte.
    pub(in super::super) start: u32,
    /// The one behind it, if it is certain.
    pub(in super::super) end: Option<u32>,
    /// The sequence number at which its answer begins, if it is known.
    pub(in super::super) answer_at: Option<u32>,
    /// Whether that follows from the messages in front of it, and not from the client's
    /// acknowledgment.
    pub(in super::super) is_chained: bool,
    pub(in super::super) time: Timestamp,
    pub(in super::super) method: Word,
    pub(in super::super) url: String,
    pub(in super::super) trace_id: Option<String>,
}

impl Asked {
    /// What is to be remembered of a request.
    pub(in super::super) fn of(request: &L7, at: &Position, end: Option<u32>) -> Option<Self> {
        let L7Record::Http(http) = &request.record else {
            return None;
        };
        Some(Self {
            start: at.seq,
            end,
            answer_at: at.ack,
            is_chained: false,
            time: at.time,
            method: http.method.clone(),
            url: http.url.clone(),
            trace_id: request.trace_id.clone(),
        })
    }
}

/// A response that came before its request was reported, if it was.
#[derive(Clone, Copy, Debug)]
struct Orphan {
    at: u32,
    message: Message,
}

/// One direction.
#[derive(Clone, Copy, Debug, Default)]
struct Stream {
    covered: Covered,
    /// Sequence numbers and contents of the last messages.
    starts: [(u32, u32); STARTS],
    /// Messages so far.
    count: usize,
    /// The last sequence number that is known.
    last: Option<u32>,
}

impl Stream {
    fn content_at(&self, seq: u32) -> Option<u32> {
        let known = &self.starts[..self.count.min(STARTS)];
        known
            .iter()
            .find(|(start, _)| *start == seq)
            .map(|(_, content)| *content)
    }

    fn next_start(&self, seq: u32) -> Option<u32> {
        let known = &self.starts[..self.count.min(STARTS)];
        let behind = known
            .iter()
            .map(|(start, _)| *start)
            .filter(|start| distance(seq, *start) > 0);
        behind.min_by_key(|start| distance(seq, *start))
    }

    fn is_near(&self, seq: u32) -> bool {
        self.last
            .is_some_and(|last| distance(last, seq).unsigned_abs() < NEAR)
    }
}

#[derive(Clone, Debug)]
pub(in super::super) struct Connection {
    /// The server, as the first packet showed it.
    pub(super) server: Socket,
    /// How many connections were here before, between the same two sides.
    pub(in super::super) epoch: u16,
    /// Whether it carries another protocol by now.
    is_tunnel: bool,
    /// Whether client and server have said that they send no more.
    fins: [bool; 2],
    /// When it ended.
    ended: Option<Timestamp>,
    requests: Stream,
    responses: Stream,
    /// In the order of their sequence numbers.
    asked: Vec<Asked>,
    /// Where the next request and its answer begin: behind the last request that was answered, and
    /// behind its answer, if both ends are certain.
    turn: Option<(u32, u32)>,
    orphan: Option<Orphan>,
}

impl Connection {
    pub(super) fn new(server: Socket) -> Self {
        Self {
            server,
            epoch: 0,
            is_tunnel: false,
            fins: [false; 2],
            ended: None,
            requests: Stream::default(),
            responses: Stream::default(),
            asked: Vec::new(),
            turn: None,
            orphan: None,
        }
    }

    /// Begins anew: the client uses the port for another connection, whose first byte has this
    /// number if it is known.
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

    /// Whether a message is of this connection, by its numbers.
    pub(super) fn has(&self, at: &Position) -> bool {
        let (own, other) = if at.is_response {
            (&self.responses, &self.requests)
        } else {
            (&self.requests, &self.responses)
        };
        own.is_near(at.seq) || at.ack.is_some_and(|ack| other.is_near(ack))
    }

    /// A side sends no more, or the connection was aborted.
    pub(super) fn close(&mut self, by_client: bool, is_abort: bool, time: Timestamp) {
        self.fins[usize::from(by_client)] = true;
        if is_abort || self.fins == [true; 2] {
            self.ended.get_or_insert(time);
        }
    }

    /// Whether it ended before this time.
    pub(super) fn ended_before(&self, time: Timestamp) -> bool {
        self.ended.is_some_and(|ended| ended < time)
    }

    /// Finds a message's place, and enters it if it is new.
    pub(super) fn place(&mut self, at: &Position) -> Place {
        let stream = if at.is_response {
            &self.responses
        } else {
            &self.requests
        };
        let place = match stream.content_at(at.seq) {
            Some(content) if content != at.content => {
                // The bytes of a retransmission are the same, so this is another connection.
                self.restart(None);
                Place::New
            }
            known => match stream.covered.end_of(at.seq) {
                Some(end) => Place::Read(end),
                None if known.is_some() => Place::Read(at.seq),
                None if self.is_tunnel => Place::Tunnel,
                None => Place::New,
            },
        };
        if place == Place::New {
            self.enter(at);
        }
        place
    }

    fn enter(&mut self, at: &Position) {
        let (own, other) = if at.is_response {
            (&mut self.responses, &mut self.requests)
        } else {
            (&mut self.requests, &mut self.responses)
        };
        own.starts[own.count % STARTS] = (at.seq, at.content);
        own.count += 1;
        own.last = Some(at.seq);
        other.last = at.ack.or(other.last);
    }

    /// The sequence number of the message behind the one at `seq`, if it is one of the last.
    pub(in super::super) fn next_start(&self, is_response: bool, seq: u32) -> Option<u32> {
        if is_response {
            self.responses.next_start(seq)
        } else {
            self.requests.next_start(seq)
        }
    }

    /// The bytes from `start` up to `end` were read.
    pub(in super::super) fn cover(&mut self, is_response: bool, start: u32, end: u32) {
        let stream = if is_response {
            &mut self.responses
        } else {
            &mut self.requests
        };
        stream.covered.add(start, end);
    }

    /// Remembers a request, unless the response to it was reported before it, as reports of two
    /// CPUs can be in the wrong order: then it is returned with that.
    pub(in super::super) fn ask(&mut self, mut asked: Asked) -> Option<(Asked, Message)> {
        if let Some((request, answer)) = self.turn
            && asked.start == request
            && asked.answer_at.is_none_or(|at| distance(at, answer) >= 0)
        {
            (asked.answer_at, asked.is_chained) = (Some(answer), true);
        }
        if let Some(orphan) = self
            .orphan
            .take_if(|orphan| asked.answer_at == Some(orphan.at))
        {
            return Some((asked, orphan.message));
        }
        if self.asked.len() >= MOST_ASKED {
            self.asked.remove(0);
        }
        // Mostly there is one.
        self.asked.reserve_exact(1);
        let behind = self
            .asked
            .iter()
            .rposition(|other| distance(other.start, asked.start) > 0);
        self.asked.insert(behind.map_or(0, |at| at + 1), asked);
        None
    }

    /// An interim response of which the last byte has the number before `end`, if that is known:
    /// the answer to its request begins there.
    pub(in super::super) fn interim(&mut self, at: &Position, end: Option<u32>) {
        if let Some(index) = self.answered_by(at, false) {
            let asked = &mut self.asked[index];
            (asked.answer_at, asked.is_chained) = (end, true);
        }
    }

    /// Takes the request that a final response answers, if their numbers prove it. Requests before
    /// it were answered unseen. `needs_ack` says that the response has to acknowledge a part of its
    /// request.
    pub(in super::super) fn answer(&mut self, at: &Position, needs_ack: bool) -> Option<Asked> {
        let index = self.answered_by(at, needs_ack)?;
        let asked = self.asked.drain(..=index).next_back();
        if self.asked.is_empty() {
            self.asked = Vec::new();
        }
        asked
    }

    /// The oldest request whose answer begins where this response does: where the client's
    /// acknowledgment said that the next byte would be, or where what is in front of it says. In
    /// the first case, a response that acknowledges less than the bytes before the request was sent
    /// without it.
    fn answered_by(&self, at: &Position, needs_ack: bool) -> Option<usize> {
        let least = if needs_ack { 1 } else { 0 };
        self.asked.iter().position(|asked| {
            let is_excluded = || at.ack.is_some_and(|ack| distance(asked.start, ack) < least);
            asked.answer_at == Some(at.seq) && (asked.is_chained || !is_excluded())
        })
    }

    /// The answer to `asked` is over before `end`, if that is known: the next one begins there, if
    /// it was pipelined right behind it.
    pub(in super::super) fn answered(&mut self, asked: &Asked, at: &Position, end: Option<u32>) {
        self.turn = asked.end.zip(end);
        let Some(next) = self.asked.first_mut() else {
            return;
        };
        let was_pipelined = next
            .answer_at
            .is_none_or(|answer| distance(at.seq, answer) <= 0);
        if was_pipelined {
            next.answer_at = end.filter(|_| asked.end == Some(next.start));
            next.is_chained = true;
        }
    }

    /// A response for which no request is known by now.
    pub(in super::super) fn unanswerable(&mut self, at: &Position, message: Message) {
        self.orphan = Some(Orphan {
            at: at.seq,
            message,
        });
    }

    /// The connection carries another protocol from now on.
    pub(in super::super) fn switch(&mut self) {
        self.is_tunnel = true;
        self.asked = Vec::new();
    }

    /// Bytes on the heap.
    pub(super) fn heap(&self) -> usize {
        let texts = |asked: &Asked| {
            asked.url.len() + asked.trace_id.as_ref().map_or(0, String::len) + asked.method.len()
        };
        self.asked.capacity() * size_of::<Asked>() + self.asked.iter().map(texts).sum::<usize>()
    }
}
