//! `l34_flow`: events with packets become L3/L4 flows, by the rules of Hubble's `threefour` parser (v1.19.4).
//!
//! A flow has every field that its event alone determines. What Hubble looks up in the agent's memory (endpoint
//! ids, names, labels, services, policies) stays empty here, as in Hubble's parser without getters; in particular
//! no endpoint is known to be local, so an egress drop shows as ingress, as it does in Retina. A packet that Hubble
//! refuses makes no flow and is dropped with the reason. Events without packets pass untouched.

mod header;
mod packet;

use serde::Deserialize;
use tidegate_core::component::{BuildContext, BuildError, ComponentKind, ProcessorConfig, ProcessorKind};
use tidegate_core::flow::Flow;
use tidegate_core::ledger::Tally;
use tidegate_core::record::{Event, EventBody};
use tidegate_core::stage::Processor;
use tidegate_core::{Batch, Kind, Kinds, Outcome, Record, Span};
use tidegate_wire::event::{self, DropV1Header, Hints};

/// The kind.
pub const KIND: ProcessorKind = ComponentKind {
    name: "l34_flow",
    about: "Turns events with packets into L3/L4 flows as Hubble does",
    keys: &[],
    parse: |table| Ok(Box::new(Config::deserialize(table)?)),
};

/// Configuration of `l34_flow`: nothing can be set.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {}

impl ProcessorConfig for Config {
    fn consumes(&self) -> Kinds {
        Kinds::of(&[Kind::Event])
    }

    fn produces(&self, input: Kinds) -> Kinds {
        input.union(Kinds::of(&[Kind::Flow]))
    }

    fn build(&self, _context: &BuildContext) -> Result<Box<dyn Processor>, BuildError> {
        Ok(Box::new(L34Flow))
    }
}

/// The processor; it remembers nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct L34Flow;

impl Processor for L34Flow {
    fn process(&mut self, batch: &mut Batch, tally: &mut Tally) {
        batch.sift(tally, |record, bytes| {
            let Record::Event(Event { time, seq, data, body: EventBody::Packet { header_len }, .. }) = *record else {
                return Outcome::Keep;
            };
            match fill(record.begin_flow(time, seq), data, header_len, bytes) {
                Ok(()) => Outcome::Keep,
                Err(reason) => Outcome::Dropped(reason),
            }
        });
    }
}

fn fill(flow: &mut Flow, data: Span, header_len: u16, bytes: &[u8]) -> Result<(), &'static str> {
    // The decoder settled the only layout that a version byte leaves open.
    let drop_v1 = if header_len == 32 { DropV1Header::Len32 } else { DropV1Header::Len36 };
    let hints = Hints { drop_v1, ..Hints::default() };
    let filled = match event::parse(data.of(bytes), &hints).map_err(|reason| reason.as_str())? {
        event::Event::Drop(drop) => packet::read(flow, &drop, data).map(|()| header::drop(flow, &drop)),
        event::Event::Trace(trace) => packet::read(flow, &trace, data).map(|()| header::trace(flow, &trace)),
        event::Event::PolicyVerdict(verdict) => {
            packet::read(flow, &verdict, data).map(|()| header::policy_verdict(flow, &verdict))
        }
        event::Event::Capture(capture) => packet::read(flow, &capture, data).map(|()| header::capture(flow, &capture)),
        // No decoder says `Packet` of these.
        _ => return Err(NO_PACKET),
    };
    filled.map_err(|reason| reason.as_str())
}

/// The event was announced as one with a packet, but its type has none.
const NO_PACKET: &str = "event_without_packet";
