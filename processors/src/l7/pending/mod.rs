//! L7 messages found in captured packets, held back until it is clear that they are one message
//! each and that no proxy has reported them.
//!
//! The same packet is reported at several observation points, and a message that went through a
//! proxy of Cilium has an access-log record besides. So a message that a packet shows waits for
//! `hold`:
//!
//! - What shows it again meanwhile is the same message. It is identified by client, client's port,
//!   content and serial (the DNS id or TCP sequence number), not by the server's address, which is
//!   a service's before and a backend's behind the load balancer. So a query that a resolver sends
//!   to several servers under one id counts once. If one of the reports says that the packet was
//!   dropped, the message was.
//! - An access-log record of the same exchange, in the time from `hold` before to `hold` after it,
//!   takes its place. Exchanges are identified by client and content, for requests not by the port:
//!   a proxy talks to the server from a port of its own. The responses on the connection of such a
//!   request belong to the proxy, too, and so do answers that a proxy gives itself. A DNS proxy may
//!   also have an address of its own: see [`upstream`].
//!
//! Packets to, from or redirected to a proxy are not taken, nor are those that just came from the
//! network, whose client may still be the node that masquerades for it, nor debug captures, which
//! have no verdict.

mod identity;
mod pending_message;
mod settings;
mod upstream;

pub(crate) use identity::{Content, Exchange, Message, OfProxy};
pub(crate) use settings::Settings;
pub(crate) use upstream::Relayed;

use std::time::Duration;

use tidegate_model::flow::{Flow, FlowType, L7, TracePoint, Verdict};
use tidegate_model::tally::Tally;
use tidegate_model::{Batch, Record, Timestamp};
use tidegate_runtime::component::Outcomes;

use crate::bounded_map::{BoundedMap, Bounds};
use pending_message::Waiting;
use upstream::RelayedExchanges;

/// A message was handed on before its time, because as many as may be were waiting.
pub(crate) const TABLE_FULL: &str = "wire_table_full";

/// What a stage can state that makes flows of records and of what is found on the wire.
pub(crate) const OUTCOMES: Outcomes = Outcomes {
    dropped: crate::l7::access_log::REASONS,
    noted: &[TABLE_FULL],
    ..Outcomes::NONE
};

/// Bytes of texts that waiting messages have on average at most, beyond which the oldest are handed
/// on early, too. DNS messages have 200, HTTP heads in captured packets 300.
const TEXTS: usize = 512;

/// Messages that are handed on with one batch: what came in a second may all be due when the stream
/// goes on.
const AT_ONCE: usize = 512;

/// Verdicts on packets that were sent, or should have been.
const TAKEN_VERDICTS: u32 = set(&[
    Verdict::Forwarded as u8,
    Verdict::Dropped as u8,
    Verdict::Audit as u8,
]);

/// Where packets are not taken: at a proxy, and before the translation of addresses is undone.
const SKIPPED_POINTS: u32 = set(&[
    TracePoint::TO_PROXY.0,
    TracePoint::FROM_PROXY.0,
    FROM_NETWORK.0,
]);

/// `FROM_NETWORK`: before the translation of addresses is undone.
const FROM_NETWORK: TracePoint = TracePoint(10);

/// The messages that wait, and the exchanges that proxies reported.
#[derive(Debug)]
pub(crate) struct WireSeen {
    hold: Duration,
    waiting: BoundedMap<Message, Waiting>,
    proxied: BoundedMap<Exchange, Timestamp>,
    relayed: RelayedExchanges,
    /// Handed on before the end of a batch, until that can be pushed to.
    early: Vec<Flow>,
    early_count: u64,
    /// The latest time in the stream.
    clock: Timestamp,
    /// Whether records came since the last tick.
    busy: bool,
}

impl WireSeen {
    /// An empty table for `pending` messages, which wait for `hold`.
    fn new(hold: Duration, pending: usize) -> Self {
        Self {
            hold,
            waiting: BoundedMap::new(Bounds {
                entries: pending,
                heap: TEXTS.saturating_mul(pending),
            }),
            proxied: BoundedMap::new(Bounds {
                entries: pending,
                heap: usize::MAX,
            }),
            relayed: RelayedExchanges::new(pending),
            early: Vec::new(),
            early_count: 0,
            clock: Timestamp::default(),
            busy: false,
        }
    }

    /// Whether a message in this flow's payload would be taken. Without branches: what one flow
    /// answers says nothing of the next one, so they could not be predicted.
    pub(crate) fn takes(flow: &Flow) -> bool {
        (flow.payload.len > 0)
            & (flow.flow_type == FlowType::L34)
            & (flow.proxy_port == 0)
            & has(TAKEN_VERDICTS, flow.verdict as u8)
            & !has(SKIPPED_POINTS, flow.trace_point.0)
    }

    /// A packet showed a message; `l7` makes what goes on its flow, if it is new and a message.
    /// Returns whether it is.
    pub(crate) fn show(
        &mut self,
        message: Message,
        carrier: &Flow,
        l7: impl FnOnce() -> Option<L7>,
    ) -> bool {
        let hold = self.hold;
        match self.waiting.get_mut(&message) {
            // Without a hold the batch is the time in which reports are of one message.
            Some(known) if hold.is_zero() || known.flow.time + hold > carrier.time => {
                known.learn(carrier);
                return false;
            }
            Some(_) => self.hand_on_early(message),
            None => {}
        }
        let Some(l7) = l7() else { return false };
        self.wait(message, Waiting::new(carrier, l7));
        true
    }

    /// Another report of a message that may still wait.
    pub(crate) fn show_again(&mut self, message: &Message, carrier: &Flow) {
        if let Some(known) = self.waiting.get_mut(message) {
            known.learn(carrier);
        }
    }

    /// Changes what is said of a message, if it still waits.
    pub(crate) fn amend(&mut self, message: &Message, change: impl FnOnce(&mut L7)) {
        if let Some(l7) = self
            .waiting
            .get_mut(message)
            .and_then(|known| known.flow.l7.as_deref_mut())
        {
            change(l7);
        }
    }

    /// Hands on a message whose time is over, before the next batch does.
    fn hand_on_early(&mut self, message: Message) {
        if let Some(waiting) = self.waiting.remove(&message) {
            let settled = self.settle(message, waiting);
            self.early.extend(settled);
        }
    }

    fn wait(&mut self, message: Message, waiting: Waiting) {
        let heap = waiting.flow.heap_bytes();
        while let Some((oldest, waiting)) = self.waiting.make_room(heap) {
            self.early_count += 1;
            let settled = self.settle(oldest, waiting);
            self.early.extend(settled);
        }
        self.waiting.insert(message, waiting, heap);
    }

    /// A proxy reported an exchange.
    pub(crate) fn report(&mut self, exchange: Exchange, time: Timestamp) {
        self.proxied.remove(&exchange);
        while self.proxied.make_room(0).is_some() {}
        self.proxied.insert(exchange, time, 0);
    }

    /// Packets of the proxy itself belong to an exchange that it reported.
    pub(crate) fn report_of_proxy(&mut self, of_proxy: OfProxy, time: Timestamp) {
        match of_proxy {
            OfProxy::Answer(exchange) => self.report(exchange, time),
            OfProxy::Relayed(relayed) => self.relayed.report(relayed, time),
        }
    }

    /// Hands on what is due at the end of a batch. The stream's own time counts here, so that a
    /// backlog does not cut the wait short; `latest` is the latest time in the batch.
    pub(crate) fn end_batch(
        &mut self,
        latest: Option<Timestamp>,
        batch: &mut Batch,
        tally: &mut Tally,
    ) {
        if let Some(latest) = latest {
            self.clock = self.clock.max(latest);
            self.busy = true;
        }
        for flow in self.early.drain(..) {
            batch.push(Record::Flow(flow));
        }
        for _ in 0..std::mem::take(&mut self.early_count) {
            tally.note(TABLE_FULL);
        }
        self.hand_on(self.clock, AT_ONCE, batch);
    }

    /// How often [`Self::tick`] is to be called.
    pub(crate) fn tick_every(&self) -> Duration {
        (self.hold / 4).max(Duration::from_millis(10))
    }

    /// Hands on what is due when the stream has paused: the wall clock counts once nothing came
    /// between two ticks.
    pub(crate) fn tick(&mut self, now: Timestamp, out: &mut Batch) {
        if !std::mem::take(&mut self.busy) {
            self.clock = self.clock.max(now);
            self.hand_on(self.clock, AT_ONCE, out);
        }
    }

    /// Hands on all that waits.
    pub(crate) fn finish(&mut self, out: &mut Batch) {
        self.hand_on(Timestamp(u64::MAX), usize::MAX, out);
    }

    /// Hands on what is due, `most` of it.
    fn hand_on(&mut self, now: Timestamp, most: usize, out: &mut Batch) {
        let hold = self.hold;
        for _ in 0..most {
            let due = self
                .waiting
                .pop_oldest_if(|waiting| waiting.flow.time + hold <= now);
            let Some((message, waiting)) = due else { break };
            if let Some(flow) = self.settle(message, waiting) {
                out.push(Record::Flow(flow));
            }
        }
        while self
            .proxied
            .pop_oldest_if(|time| *time + hold + hold < now)
            .is_some()
        {}
        self.relayed.expire(|time| time + hold + hold < now);
    }

    /// The flow, unless a proxy reported the message.
    fn settle(&mut self, message: Message, waiting: Waiting) -> Option<Flow> {
        let Waiting { flow, beyond_proxy } = waiting;
        if self.proxied.contains(&message.exchange()) {
            if beyond_proxy {
                self.relayed.account(&message, &flow);
            }
        } else if message.is_response && self.proxied.contains(&message.connection()) {
            self.relayed.account(&message, &flow);
        } else if !self.relayed.take(&message, &flow) {
            return Some(flow);
        }
        if !message.is_response {
            self.report(message.connection(), flow.time);
        }
        None
    }
}

/// Small numbers, as bits.
const fn set(numbers: &[u8]) -> u32 {
    let (mut bits, mut at) = (0, 0);
    while at < numbers.len() {
        bits |= 1 << numbers[at];
        at += 1;
    }
    bits
}

fn has(set: u32, number: u8) -> bool {
    (number < 32) & (set.wrapping_shr(number.into()) & 1 == 1)
}
