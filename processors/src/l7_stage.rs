//! What the stages for L7 protocols share: access-log records of their protocol become flows in place, and messages
//! in packets become flows besides. What a protocol adds is a [`Protocol`].

use std::time::Duration;

use jiff::SignedDuration;
use tidegate_core::flow::{Flow, L7};
use tidegate_core::ledger::Tally;
use tidegate_core::record::Event;
use tidegate_core::stage::Processor;
use tidegate_core::{Batch, Outcome, Record, Span, Timestamp};
use tidegate_wire::access_log;

use crate::access_log_flow::{AccessLogFlows, Log};
use crate::wire_seen::{Exchange, Message, WireSeen};

/// One protocol's part.
pub(crate) trait Protocol: Send {
    /// What was found in a packet, before it is known whether it is needed.
    type Found<'a>;

    /// Which records are about this protocol.
    const RECORDS: access_log::Protocol;

    /// The protocol's part of a record.
    fn l7(&mut self, log: &Log<'_>, logged_at: SignedDuration) -> L7;

    /// The exchange that a record reports, as far as packets could show it, too.
    fn exchange(&mut self, log: &Log<'_>) -> Option<Exchange>;

    /// Whether a flow's payload, which begins with `head`, could be a message: what most payloads are not, told without
    /// looking far.
    fn may_be(flow: &Flow, head: [u8; 4]) -> bool;

    /// Looks for a message in a flow's payload, which lies in `bytes`.
    fn find<'a>(&mut self, flow: &Flow, bytes: &'a [u8]) -> Option<(Message, Self::Found<'a>)>;

    /// What goes on the flow of the message that was found last; `None` if it turns out to be none.
    fn found(&mut self, found: Self::Found<'_>) -> Option<L7>;
}

/// The stage.
#[derive(Debug)]
pub(crate) struct L7Stage<P> {
    protocol: P,
    flows: AccessLogFlows,
    /// `None` where packets are not looked into.
    seen: Option<WireSeen>,
}

impl<P: Protocol> L7Stage<P> {
    pub(crate) fn new(protocol: P, seen: Option<WireSeen>) -> Self {
        Self { protocol, flows: AccessLogFlows::default(), seen }
    }

    fn judge(&mut self, record: &mut Record, bytes: &[u8], latest: &mut Option<Timestamp>) -> Outcome {
        let Self { protocol, flows, seen } = self;
        let time = match record {
            Record::Flow(flow) => {
                *latest = Some(flow.time).max(*latest);
                if P::may_be(flow, head(flow.payload, bytes))
                    && WireSeen::takes(flow)
                    && let Some(seen) = seen
                {
                    look(protocol, seen, flow, bytes);
                }
                return Outcome::Keep;
            }
            Record::Event(Event { time, .. }) => *time,
            _ => return Outcome::Keep,
        };
        *latest = Some(time).max(*latest);
        let replaced = flows.replace(record, bytes, P::RECORDS, |log, logged_at| {
            if let Some(seen) = seen
                && let Some(exchange) = protocol.exchange(log)
            {
                seen.report(exchange, time);
            }
            logged_at.map(|logged_at| protocol.l7(log, logged_at))
        });
        match replaced {
            Ok(()) => Outcome::Keep,
            Err(reason) => Outcome::Dropped(reason),
        }
    }
}

/// Shows `seen` the message in a flow's payload, if it is one.
#[inline(never)]
fn look<P: Protocol>(protocol: &mut P, seen: &mut WireSeen, flow: &Flow, bytes: &[u8]) {
    if let Some((message, found)) = protocol.find(flow, bytes) {
        seen.show(message, flow, || protocol.found(found));
    }
}

/// The first bytes of a payload, whatever is behind it.
fn head(payload: Span, bytes: &[u8]) -> [u8; 4] {
    bytes.get(payload.start as usize..).and_then(<[u8]>::first_chunk).copied().unwrap_or_default()
}

impl<P: Protocol + 'static> Processor for L7Stage<P> {
    fn process(&mut self, batch: &mut Batch, tally: &mut Tally) {
        let mut latest = None;
        batch.sift(tally, |record, bytes| self.judge(record, bytes, &mut latest));
        if let Some(seen) = &mut self.seen {
            seen.end_batch(latest, batch, tally);
        }
    }

    fn tick_every(&self) -> Option<Duration> {
        self.seen.as_ref().map(WireSeen::tick_every)
    }

    fn tick(&mut self, now: Timestamp, out: &mut Batch) {
        if let Some(seen) = &mut self.seen {
            seen.tick(now, out);
        }
    }

    fn finish(&mut self, _now: Timestamp, out: &mut Batch) {
        if let Some(seen) = &mut self.seen {
            seen.finish(out);
        }
    }
}
