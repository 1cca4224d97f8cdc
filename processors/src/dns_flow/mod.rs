//! `dns_flow`: DNS requests and responses become L7 flows.
//!
//! Access-log records of Cilium's DNS proxy follow Hubble's `seven` parser (v1.19.4). Where no proxy is involved,
//! messages in captured packets from or to port 53 (UDP, and TCP if a segment starts with a message) make flows of
//! their own beside the packets' flows, with observation source `wire`: see `wire_seen` for when. Of a message that
//! the capture cut, the records that are whole are on the flow, and no TTL; without a whole question it makes none.

mod access_log;
mod config;
mod wire;

pub use config::{Config, KIND};
use wire::Wire;

use std::time::Duration;

use tidegate_core::ledger::Tally;
use tidegate_core::stage::Processor;
use tidegate_core::{Batch, Outcome, Record, Timestamp};

use crate::access_log_flow::{AccessLogFlows, log_of};

/// The processor.
#[derive(Debug)]
pub struct DnsFlow {
    flows: AccessLogFlows,
    wire: Option<Wire>,
}

impl DnsFlow {
    fn judge(&mut self, record: &mut Record, bytes: &[u8]) -> Outcome {
        match record {
            Record::Flow(flow) => {
                if let Some(wire) = &mut self.wire {
                    wire.look(flow, bytes);
                }
            }
            Record::Event(event) => {
                let time = event.time;
                if let Some(wire) = &mut self.wire {
                    wire.seen.pass(time);
                }
                let Some(log) = log_of(record).filter(|log| log.dns.is_some()) else { return Outcome::Keep };
                if let Some(wire) = &mut self.wire {
                    wire.report(log, time);
                }
                if let Err(reason) = self.flows.replace(record, |log, _| access_log::l7(log)) {
                    return Outcome::Dropped(reason);
                }
            }
            _ => {}
        }
        Outcome::Keep
    }
}

impl Processor for DnsFlow {
    fn process(&mut self, batch: &mut Batch, tally: &mut Tally) {
        batch.sift(tally, |record, bytes| self.judge(record, bytes));
        if let Some(wire) = &mut self.wire {
            wire.seen.end_batch(batch, tally);
        }
    }

    fn tick_every(&self) -> Option<Duration> {
        self.wire.as_ref().map(|wire| wire.seen.tick_every())
    }

    fn tick(&mut self, now: Timestamp, out: &mut Batch) {
        if let Some(wire) = &mut self.wire {
            wire.seen.tick(now, out);
        }
    }

    fn finish(&mut self, _now: Timestamp, out: &mut Batch) {
        if let Some(wire) = &mut self.wire {
            wire.seen.finish(out);
        }
    }
}
