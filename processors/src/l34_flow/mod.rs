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
use tidegate_core::{Batch, Kind, Kinds, Outcome, Record};
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
            let Record::Event(event) = record else { return Outcome::Keep };
            let EventBody::Packet { header_len } = event.body else { return Outcome::Keep };
            match flow(event, header_len, bytes) {
                Ok(flow) => *record = Record::Flow(flow),
                Err(reason) => return Outcome::Dropped(reason),
            }
            Outcome::Keep
        });
    }
}

fn flow(event: &Event, header_len: u16, bytes: &[u8]) -> Result<Flow, &'static str> {
    // The decoder settled the only layout that a version byte leaves open.
    let drop_v1 = if header_len == 32 { DropV1Header::Len32 } else { DropV1Header::Len36 };
    let hints = Hints { drop_v1, ..Hints::default() };
    let mut flow = Flow { time: event.time, seq: event.seq, ..Flow::default() };
    let parsed = event::parse(event.data.of(bytes), &hints).map_err(|reason| reason.as_str())?;
    let filled = match &parsed {
        event::Event::Drop(drop) => packet::read(&mut flow, drop, event.data).map(|()| header::drop(&mut flow, drop)),
        event::Event::Trace(trace) => {
            packet::read(&mut flow, trace, event.data).map(|()| header::trace(&mut flow, trace))
        }
        event::Event::PolicyVerdict(verdict) => {
            packet::read(&mut flow, verdict, event.data).map(|()| header::policy_verdict(&mut flow, verdict))
        }
        event::Event::Capture(capture) => {
            packet::read(&mut flow, capture, event.data).map(|()| header::capture(&mut flow, capture))
        }
        // No decoder says `Packet` of these.
        _ => return Err(NO_PACKET),
    };
    filled.map_err(|reason| reason.as_str())?;
    Ok(flow)
}

/// The event was announced as one with a packet, but its type has none.
const NO_PACKET: &str = "event_without_packet";
