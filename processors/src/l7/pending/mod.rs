//! L7 messages that were found in captured packets, held back until it is clear that each is
//! reported once and that no proxy reports it.
//!
//! The same packet is reported at several observation points, and a message that passed one of
//! Cilium's proxies has an access-log record, too. So a message waits for the time `hold`:
//!
//! - Other reports of the message within that time are merged into it. A message is identified by
//!   the client's address and port, its content and its serial (the DNS id or TCP sequence number).
//!   The server's address does not count: it is the service's before load balancing and the
//!   backend's after it, and a resolver may send one query to several servers. If any report says
//!   that the packet was dropped, the message was.
//! - An access-log record of the same exchange, from `hold` before the message to `hold` after it,
//!   replaces the message. An exchange is identified by client and content; for requests the port
//!   does not count, because a proxy connects to the server from a port of its own. The responses
//!   on the connection of such a request are the proxy's as well, and so are the answers that a
//!   proxy gives itself. A DNS proxy may also use an address of its own: see [`upstream`].
//!
//! Not accepted are packets to, from or redirected to a proxy; packets that just arrived from the
//! network, because their client may still be the node that masquerades for it; and debug captures,
//! which have no verdict.

mod identity;
mod pending_message;
mod settings;
mod upstream;

pub(crate) use identity::{ContentHasher, ExchangeId, MessageId};
pub(crate) use settings::{Pending, build, wire_config};
pub(crate) use upstream::{ProxyPackets, UpstreamExchange};

use std::time::Duration;

use tidegate_model::flow::{Flow, FlowType, L7, TracePoint, Verdict};
use tidegate_model::tally::Tally;
use tidegate_model::{Batch, Record, Timestamp};
use tidegate_runtime::component::Outcomes;

use crate::bounded_map::{BoundedMap, Bounds};
use pending_message::PendingMessage;
use upstream::UpstreamExchanges;

/// A message was released before its time because the table was full.
pub(crate) const TABLE_FULL: &str = "wire_table_full";

/// The outcomes of a stage that makes flows of access-log records and of captured packets.
pub(crate) const OUTCOMES: Outcomes = Outcomes {
    dropped: crate::l7::access_log::REASONS,
    noted: &[TABLE_FULL],
    ..Outcomes::NONE
};

/// The average heap size of a pending message beyond which the oldest are released early. DNS
/// messages take 200 bytes, HTTP heads in captured packets 300.
const HEAP_PER_MESSAGE: usize = 512;

/// The most messages that are released with one batch: when a paused stream goes on, all messages
/// of a second may be due at once.
const MAX_PER_BATCH: usize = 512;

/// The verdicts of packets that were sent, or should have been.
const ACCEPTED_VERDICTS: u32 = bitset(&[
    Verdict::Forwarded as u8,
    Verdict::Dropped as u8,
    Verdict::Audit as u8,
]);

/// The observation points at a proxy, and before address translation is undone.
const SKIPPED_POINTS: u32 = bitset(&[
    TracePoint::TO_PROXY.0,
    TracePoint::FROM_PROXY.0,
    TracePoint::FROM_NETWORK.0,
]);

/// The pending messages, and the exchanges that proxies reported.
#[derive(Debug)]
pub(crate) struct PendingMessages {
    hold: Duration,
    pending: BoundedMap<MessageId, PendingMessage>,
    proxied: BoundedMap<ExchangeId, Timestamp>,
    upstream: UpstreamExchanges,
    /// Flows that were released in the middle of a batch, to be appended to it.
    released: Vec<Flow>,
    /// Messages that were released because the table was full.
    evicted: u64,
    /// The latest time in the stream.
    clock: Timestamp,
    /// Whether records arrived since the last tick.
    is_active: bool,
}

impl PendingMessages {
    /// Creates a table for `capacity` messages, which wait for `hold`.
    fn new(hold: Duration, capacity: usize) -> Self {
        Self {
            hold,
            pending: BoundedMap::new(Bounds {
                entries: capacity,
                heap: HEAP_PER_MESSAGE.saturating_mul(capacity),
            }),
            proxied: BoundedMap::new(Bounds {
                entries: capacity,
                heap: usize::MAX,
            }),
            upstream: UpstreamExchanges::new(capacity),
            released: Vec::new(),
            evicted: 0,
            clock: Timestamp::default(),
            is_active: false,
        }
    }

    /// Whether a message in this flow's payload would be accepted. Without branches, since the
    /// answer for one flow does not predict the next.
    pub(crate) fn accepts(flow: &Flow) -> bool {
        (flow.payload.len > 0)
            & (flow.flow_type == FlowType::L34)
            & (flow.proxy_port == 0)
            & contains(ACCEPTED_VERDICTS, flow.verdict as u8)
            & !contains(SKIPPED_POINTS, flow.trace_point.0)
    }

    /// Adds a message that was found in the packet of `carrier`. If it is new, calls `l7` for the
    /// L7 part of its flow; `None` means that the bytes are not a message. Returns whether the
    /// message was added as a new one.
    pub(crate) fn add(
        &mut self,
        message: MessageId,
        carrier: &Flow,
        l7: impl FnOnce() -> Option<L7>,
    ) -> bool {
        let hold = self.hold;
        match self.pending.get_mut(&message) {
            // With no hold, reports in the same batch are of one message.
            Some(pending) if hold.is_zero() || pending.flow.time + hold > carrier.time => {
                pending.merge(carrier);
                return false;
            }
            Some(_) => self.release_expired(message),
            None => {}
        }
        let Some(l7) = l7() else { return false };
        self.insert(message, PendingMessage::new(carrier, l7));
        true
    }

    /// Merges another report of a message, if it is still pending.
    pub(crate) fn merge(&mut self, message: &MessageId, carrier: &Flow) {
        if let Some(pending) = self.pending.get_mut(message) {
            pending.merge(carrier);
        }
    }

    /// Changes the L7 part of a message, if it is still pending.
    pub(crate) fn amend(&mut self, message: &MessageId, change: impl FnOnce(&mut L7)) {
        let pending = self.pending.get_mut(message);
        if let Some(l7) = pending.and_then(|pending| pending.flow.l7.as_deref_mut()) {
            change(l7);
        }
    }

    /// Releases a message whose hold time is over, ahead of the next batch.
    fn release_expired(&mut self, message: MessageId) {
        if let Some(pending) = self.pending.remove(&message) {
            let flow = self.resolve(message, pending);
            self.released.extend(flow);
        }
    }

    fn insert(&mut self, message: MessageId, pending: PendingMessage) {
        let heap = pending.flow.heap_bytes();
        while let Some((oldest, pending)) = self.pending.make_room(heap) {
            self.evicted += 1;
            let flow = self.resolve(oldest, pending);
            self.released.extend(flow);
        }
        self.pending.insert(message, pending, heap);
    }

    /// Records that a proxy reported an exchange.
    pub(crate) fn add_proxied(&mut self, exchange: ExchangeId, time: Timestamp) {
        self.proxied.remove(&exchange);
        while self.proxied.make_room(0).is_some() {}
        self.proxied.insert(exchange, time, 0);
    }

    /// Records that packets of a proxy belong to an exchange that it reported.
    pub(crate) fn add_proxy_packets(&mut self, packets: ProxyPackets, time: Timestamp) {
        match packets {
            ProxyPackets::Answer(exchange) => self.add_proxied(exchange, time),
            ProxyPackets::Upstream(exchange) => self.upstream.expect(exchange, time),
        }
    }

    /// Releases the messages that are due at the end of a batch. They are due by the stream's own
    /// time, so that a backlog does not shorten the hold; `latest` is the latest time in the batch.
    pub(crate) fn end_batch(
        &mut self,
        latest: Option<Timestamp>,
        batch: &mut Batch,
        tally: &mut Tally,
    ) {
        if let Some(latest) = latest {
            self.clock = self.clock.max(latest);
            self.is_active = true;
        }
        for flow in self.released.drain(..) {
            batch.push(Record::Flow(flow));
        }
        for _ in 0..std::mem::take(&mut self.evicted) {
            tally.note(TABLE_FULL);
        }
        self.release_due(self.clock, MAX_PER_BATCH, batch);
    }

    /// Returns the interval at which to call [`Self::tick`].
    pub(crate) fn tick_every(&self) -> Duration {
        (self.hold / 4).max(Duration::from_millis(10))
    }

    /// Releases the messages that are due by the wall clock, which counts while the stream pauses:
    /// when no records arrived between two ticks.
    pub(crate) fn tick(&mut self, now: Timestamp, out: &mut Batch) {
        if !std::mem::take(&mut self.is_active) {
            self.clock = self.clock.max(now);
            self.release_due(self.clock, MAX_PER_BATCH, out);
        }
    }

    /// Releases all messages.
    pub(crate) fn finish(&mut self, out: &mut Batch) {
        self.release_due(Timestamp(u64::MAX), usize::MAX, out);
    }

    /// Releases at most `limit` messages that are due, and forgets reported exchanges that no
    /// pending message can match.
    fn release_due(&mut self, now: Timestamp, limit: usize, out: &mut Batch) {
        let hold = self.hold;
        for _ in 0..limit {
            let due = self
                .pending
                .pop_oldest_if(|pending| pending.flow.time + hold <= now);
            let Some((message, pending)) = due else { break };
            if let Some(flow) = self.resolve(message, pending) {
                out.push(Record::Flow(flow));
            }
        }
        while self
            .proxied
            .pop_oldest_if(|time| *time + hold + hold < now)
            .is_some()
        {}
        self.upstream.expire(|time| time + hold + hold < now);
    }

    /// Returns the message's flow, or `None` if a proxy reported the message.
    fn resolve(&mut self, message: MessageId, pending: PendingMessage) -> Option<Flow> {
        let PendingMessage { flow, beyond_proxy } = pending;
        if self.proxied.contains(&message.exchange()) {
            if beyond_proxy {
                self.upstream.take(&message, &flow);
            }
        } else if message.is_response && self.proxied.contains(&message.all_responses()) {
            self.upstream.take(&message, &flow);
        } else if !self.upstream.take_from_node(&message, &flow) {
            return Some(flow);
        }
        if !message.is_response {
            self.add_proxied(message.all_responses(), flow.time);
        }
        None
    }
}

/// Returns a set of numbers below 32.
const fn bitset(numbers: &[u8]) -> u32 {
    let mut bits = 0;
    let mut at = 0;
    while at < numbers.len() {
        bits |= 1 << numbers[at];
        at += 1;
    }
    bits
}

fn contains(set: u32, number: u8) -> bool {
    (number < 32) & (set.wrapping_shr(number.into()) & 1 == 1)
}
