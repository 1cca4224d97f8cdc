//! The stage that DNS and HTTP share: access-log records of its protocol become flows in place, and
//! messages in captured packets become additional flows. A [`Protocol`] supplies the rest.

use std::time::Duration;

use jiff::SignedDuration;
use tidegate_model::flow::{Flow, L7, ObservedLatency};
use tidegate_model::record::Event;
use tidegate_model::tally::Tally;
use tidegate_model::{Batch, Outcome, Record, Span, TimeSource, Timestamp};
use tidegate_runtime::stage::Processor;
use tidegate_wire::access_log;

use crate::l7::access_log::{AccessLogEntry, AccessLogParser};
use crate::l7::pending::{ExchangeId, MessageId, PendingMessages, ProxyPackets};

/// An L7 protocol.
pub(crate) trait Protocol: Send {
    /// The access-log records of this protocol.
    const RECORDS: access_log::Protocol;

    /// Returns the L7 part of a record's flow.
    fn l7(&mut self, entry: &AccessLogEntry<'_>, logged_at: SignedDuration) -> L7;

    /// Observes a record that has become this part of a flow. `received` has the time and the
    /// position of its frame.
    fn observe(&mut self, _l7: &L7, _entry: &AccessLogEntry<'_>, _received: (Timestamp, u64)) {}

    /// Returns the exchange that a record reports, if packets can show it.
    fn exchange(&mut self, entry: &AccessLogEntry<'_>) -> Option<ExchangeId>;

    /// Returns which packets of the proxy belong to a record, in addition to those of its exchange.
    fn proxy_packets(
        &self,
        _entry: &AccessLogEntry<'_>,
        _exchange: &ExchangeId,
    ) -> Option<ProxyPackets> {
        None
    }

    /// Whether a flow's payload, which begins with `head`, may hold a message. A cheap test that
    /// rules out most payloads.
    fn may_hold_message(flow: &Flow, head: [u8; 4]) -> bool;

    /// Finds the messages in a flow's payload, and adds them to `findings` in order. `bytes` are
    /// those of the batch.
    fn find_messages(&mut self, flow: &Flow, bytes: &[u8], findings: &mut Findings<'_>);

    /// Whether a packet may open or close a known connection.
    #[inline]
    fn may_change_connection(&self, _flow: &Flow) -> bool {
        false
    }

    /// Opens or closes the packet's connection. Called after [`Self::find_messages`].
    fn update_connection(&mut self, _flow: &Flow) {}

    /// Adds what the records of a batch taught to it.
    fn end_batch(&mut self, _batch: &mut Batch, _notes: &mut Notes) {}
}

/// Collects the messages in a packet's payload, and counts what cannot be read.
pub(crate) struct Findings<'a> {
    carrier: &'a Flow,
    times: TimeSource,
    pending: &'a mut PendingMessages,
    notes: &'a mut Notes,
}

impl Findings<'_> {
    /// Adds a message. If it is new, calls `l7` for the L7 part of its flow; `None` means that the
    /// bytes are not a message. Returns whether the message was added as a new one.
    pub(crate) fn add(&mut self, message: MessageId, l7: impl FnOnce() -> Option<L7>) -> bool {
        self.pending.add(message, self.carrier, l7)
    }

    /// Adds another report of a known message, which may say that it was dropped.
    pub(crate) fn add_report(&mut self, message: &MessageId) {
        self.pending.merge(message, self.carrier);
    }

    /// Changes the L7 part of a known message, if it has not been released.
    pub(crate) fn amend(&mut self, message: &MessageId, change: impl FnOnce(&mut L7)) {
        self.pending.amend(message, change);
    }

    /// Returns the time between a request and its response, if their timestamps determine it.
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

    /// Counts a part of the payload that cannot be read. Most packets are reported several times,
    /// so what is counted once for each message is noted with a new message only.
    pub(crate) fn note(&mut self, name: &'static str) {
        self.notes.add(name);
    }
}

/// Counts of one batch by note. There are few names, so a list is enough.
#[derive(Debug, Default)]
pub(crate) struct Notes(Vec<(&'static str, u64)>);

impl Notes {
    pub(crate) fn add(&mut self, name: &'static str) {
        match self.0.iter_mut().find(|(other, _)| *other == name) {
            Some((_, count)) => *count += 1,
            None => self.0.push((name, 1)),
        }
    }

    fn move_to(&mut self, tally: &mut Tally) {
        for (name, count) in &mut self.0 {
            tally.note_times(name, std::mem::take(count));
        }
    }
}

/// The stage.
#[derive(Debug)]
pub(crate) struct L7Stage<P> {
    protocol: P,
    parser: AccessLogParser,
    /// `None` if packets are not searched for messages.
    pending: Option<PendingMessages>,
    notes: Notes,
}

impl<P: Protocol> L7Stage<P> {
    pub(crate) fn new(protocol: P, pending: Option<PendingMessages>) -> Self {
        Self {
            protocol,
            parser: AccessLogParser::default(),
            pending,
            notes: Notes::default(),
        }
    }

    fn handle(
        &mut self,
        record: &mut Record,
        bytes: &[u8],
        times: TimeSource,
        latest: &mut Option<Timestamp>,
    ) -> Outcome {
        match record {
            Record::Flow(flow) => {
                *latest = Some(flow.time).max(*latest);
                self.search(flow, bytes, times);
                Outcome::Keep
            }
            Record::Event(Event { time, seq, .. }) => {
                let time = *time;
                let received = (time, *seq);
                *latest = Some(time).max(*latest);
                match self.parse(record, bytes, received) {
                    Ok(()) => Outcome::Keep,
                    Err(reason) => Outcome::Dropped(reason),
                }
            }
            _ => Outcome::Keep,
        }
    }

    /// Searches a packet's payload for messages.
    #[inline(always)]
    fn search(&mut self, flow: &Flow, bytes: &[u8], times: TimeSource) {
        if P::may_hold_message(flow, head(flow.payload, bytes))
            && PendingMessages::accepts(flow)
            && let Some(pending) = &mut self.pending
        {
            let findings = Findings {
                carrier: flow,
                times,
                pending,
                notes: &mut self.notes,
            };
            find_messages(&mut self.protocol, flow, bytes, findings);
        }
        if self.protocol.may_change_connection(flow) {
            self.protocol.update_connection(flow);
        }
    }

    /// Turns an access-log record of the protocol into a flow.
    fn parse(
        &mut self,
        record: &mut Record,
        bytes: &[u8],
        received: (Timestamp, u64),
    ) -> Result<(), &'static str> {
        let (time, _) = received;
        let Self {
            protocol,
            parser,
            pending,
            ..
        } = self;
        parser.replace(record, bytes, P::RECORDS, |entry, logged_at| {
            if let Some(pending) = pending
                && let Some(exchange) = protocol.exchange(entry)
            {
                pending.add_proxied(exchange, time);
                if let Some(packets) = protocol.proxy_packets(entry, &exchange) {
                    pending.add_proxy_packets(packets, time);
                }
            }
            let l7 = protocol.l7(entry, logged_at?);
            protocol.observe(&l7, entry, received);
            Some(l7)
        })
    }
}

/// Not inlined, so that its registers do not burden the packets without a message.
#[inline(never)]
fn find_messages<P: Protocol>(
    protocol: &mut P,
    flow: &Flow,
    bytes: &[u8],
    mut findings: Findings<'_>,
) {
    protocol.find_messages(flow, bytes, &mut findings);
}

/// Returns the first bytes of a payload. If it is shorter, they include what follows it.
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
            self.handle(record, bytes, times, &mut latest)
        });
        if let Some(pending) = &mut self.pending {
            pending.end_batch(latest, batch, tally);
        }
        self.protocol.end_batch(batch, &mut self.notes);
        self.notes.move_to(tally);
    }

    fn tick_every(&self) -> Option<Duration> {
        self.pending.as_ref().map(PendingMessages::tick_every)
    }

    fn tick(&mut self, now: Timestamp, out: &mut Batch) {
        if let Some(pending) = &mut self.pending {
            pending.tick(now, out);
        }
    }

    fn finish(&mut self, _now: Timestamp, out: &mut Batch) {
        if let Some(pending) = &mut self.pending {
            pending.finish(out);
        }
    }
}
