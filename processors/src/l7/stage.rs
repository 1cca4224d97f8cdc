//! What the stages for L7 protocols share: access-log records of their protocol become flows in
//! place, and messages in packets become flows besides. What a protocol adds is a [`Protocol`].

use std::time::Duration;

use jiff::SignedDuration;
use tidegate_model::flow::{Flow, L7, ObservedLatency};
use tidegate_model::record::Event;
use tidegate_model::tally::Tally;
use tidegate_model::{Batch, Outcome, Record, Span, TimeSource, Timestamp};
use tidegate_runtime::stage::Processor;
use tidegate_wire::access_log;

use crate::l7::access_log::{AccessLogFlows, Log};
use crate::l7::pending::{Exchange, Message, OfProxy, WireSeen};

/// One protocol's part.
pub(crate) trait Protocol: Send {
    /// Which records are about this protocol.
    const RECORDS: access_log::Protocol;

    /// The protocol's part of a record.
    fn l7(&mut self, log: &Log<'_>, logged_at: SignedDuration) -> L7;

    /// The exchange that a record reports, as far as packets could show it, too.
    fn exchange(&mut self, log: &Log<'_>) -> Option<Exchange>;

    /// Which packets of the proxy itself a record is about, too, beside those of the exchange.
    fn of_proxy(&self, _log: &Log<'_>, _exchange: &Exchange) -> Option<OfProxy> {
        None
    }

    /// Whether a flow's payload, which begins with `head`, could be a message. A cheap check that
    /// refuses most payloads.
    fn may_be(flow: &Flow, head: [u8; 4]) -> bool;

    /// Looks for messages in a flow's payload, which lies in `bytes`, and adds each to the
    /// findings, in their order.
    fn find(&mut self, flow: &Flow, bytes: &[u8], findings: &mut Findings<'_>);

    /// Whether a packet may begin or end a connection that is known; it has a message or not.
    #[inline]
    fn is_concerned(&self, _flow: &Flow) -> bool {
        false
    }

    /// Sees to the beginning or end of a connection, after the messages in the packet were found.
    fn control(&mut self, _flow: &Flow) {}
}

/// Receives the messages that a packet's payload holds, and counts what of it cannot be read.
pub(crate) struct Findings<'a> {
    carrier: &'a Flow,
    times: TimeSource,
    seen: &'a mut WireSeen,
    notes: &'a mut Notes,
}

impl Findings<'_> {
    /// Adds a message. `l7` makes what goes on its flow; it is called only if the message is new,
    /// and returns `None` if the bytes turn out to be none. Returns whether the message is new and
    /// waits to be handed on.
    pub(crate) fn message(&mut self, message: Message, l7: impl FnOnce() -> Option<L7>) -> bool {
        self.seen.show(message, self.carrier, l7)
    }

    /// Another report of a message that was added before, which may say that it was dropped.
    pub(crate) fn again(&mut self, message: &Message) {
        self.seen.show_again(message, self.carrier);
    }

    /// Changes what is said of a message that was added before, if it was not handed on yet.
    pub(crate) fn amend(&mut self, message: &Message, change: impl FnOnce(&mut L7)) {
        self.seen.amend(message, change);
    }

    /// The time between a request and its response, if their times say that.
    pub(crate) fn latency(
        &self,
        request: Timestamp,
        response: Timestamp,
    ) -> Option<ObservedLatency> {
        let (time, error) = self.times.between(request, response)?;
        let nanos = |duration: Duration| u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let is_exact = self.times == TimeSource::Packets;
        Some(ObservedLatency {
            nanos: nanos(time),
            error_nanos: nanos(error),
            is_exact,
        })
    }

    /// Counts something about the payload that an operator should see: a part that cannot be read.
    /// A packet is mostly reported more than once, so what is counted once for each message is
    /// noted only with a new one.
    pub(crate) fn note(&mut self, what: &'static str) {
        self.notes.add(what);
    }
}

/// Counts between two visits of the stage's tally; a handful of names.
#[derive(Debug, Default)]
pub(crate) struct Notes(Vec<(&'static str, u64)>);

impl Notes {
    pub(crate) fn add(&mut self, what: &'static str) {
        match self.0.iter_mut().find(|(name, _)| *name == what) {
            Some((_, count)) => *count += 1,
            None => self.0.push((what, 1)),
        }
    }

    fn enter(&mut self, tally: &mut Tally) {
        for (what, count) in &mut self.0 {
            tally.note_times(what, std::mem::take(count));
        }
    }
}

/// The stage.
#[derive(Debug)]
pub(crate) struct L7Stage<P> {
    protocol: P,
    flows: AccessLogFlows,
    /// `None` where packets are not looked into.
    seen: Option<WireSeen>,
    notes: Notes,
}

impl<P: Protocol> L7Stage<P> {
    pub(crate) fn new(protocol: P, seen: Option<WireSeen>) -> Self {
        Self {
            protocol,
            flows: AccessLogFlows::default(),
            seen,
            notes: Notes::default(),
        }
    }

    fn judge(
        &mut self,
        record: &mut Record,
        bytes: &[u8],
        times: TimeSource,
        latest: &mut Option<Timestamp>,
    ) -> Outcome {
        let Self {
            protocol,
            flows,
            seen,
            notes,
        } = self;
        let time = match record {
            Record::Flow(flow) => {
                *latest = Some(flow.time).max(*latest);
                if P::may_be(flow, head(flow.payload, bytes))
                    && WireSeen::takes(flow)
                    && let Some(seen) = seen
                {
                    look(
                        protocol,
                        flow,
                        bytes,
                        &mut Findings {
                            carrier: flow,
                            times,
                            seen,
                            notes,
                        },
                    );
                }
                if protocol.is_concerned(flow) {
                    protocol.control(flow);
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
                if let Some(of_proxy) = protocol.of_proxy(log, &exchange) {
                    seen.report_of_proxy(of_proxy, time);
                }
            }
            logged_at.map(|logged_at| protocol.l7(log, logged_at))
        });
        match replaced {
            Ok(()) => Outcome::Keep,
            Err(reason) => Outcome::Dropped(reason),
        }
    }
}

// Apart, so that the other packets do without its registers.
#[inline(never)]
fn look<P: Protocol>(protocol: &mut P, flow: &Flow, bytes: &[u8], findings: &mut Findings<'_>) {
    protocol.find(flow, bytes, findings);
}

/// The first bytes of a payload, whatever is behind it.
fn head(payload: Span, bytes: &[u8]) -> [u8; 4] {
    bytes
        .get(payload.start as usize..)
        .and_then(<[u8]>::first_chunk)
        .copied()
        .unwrap_or_default()
}

impl<P: Protocol + 'static> Processor for L7Stage<P> {
    fn process(&mut self, batch: &mut Batch, tally: &mut Tally) {
        let mut latest = None;
        let times = batch.time_source();
        batch.sift(tally, |record, bytes| {
            self.judge(record, bytes, times, &mut latest)
        });
        if let Some(seen) = &mut self.seen {
            seen.end_batch(latest, batch, tally);
            self.notes.enter(tally);
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
