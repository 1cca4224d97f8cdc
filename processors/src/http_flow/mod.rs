//! `http_flow`: HTTP requests and responses become L7 flows.
//!
//! Access-log records of Cilium's proxies follow Hubble's `seven` parser (v1.19.4), latency and trace context
//! included. Where no proxy is involved, HTTP/1 heads at the start of captured TCP segments make flows of their own
//! beside the packets' flows: see `wire_seen` for when. Those have no latency: packets of a connection that are not
//! reported could have been another request. Bodies, HTTP/2 and heads in several segments are not read.

mod access_log;
mod config;
mod exchanges;
mod traceparent;
mod url;
mod wire;

pub use config::{Config, KIND};
use exchanges::Exchanges;
use wire::Wire;

use std::time::Duration;

use tidegate_core::ledger::Tally;
use tidegate_core::stage::Processor;
use tidegate_core::{Batch, Outcome, Record, Timestamp};

use crate::access_log_flow::{AccessLogFlows, log_of};

/// The processor.
#[derive(Debug)]
pub struct HttpFlow {
    flows: AccessLogFlows,
    exchanges: Exchanges,
    wire: Option<Wire>,
}

impl HttpFlow {
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
                // Hubble prefers DNS where a record has both.
                let is_http = log_of(record).filter(|log| log.http.is_some() && log.dns.is_none());
                let Some(log) = is_http else { return Outcome::Keep };
                if let Some(wire) = &mut self.wire {
                    wire.report(log, time);
                }
                let exchanges = &mut self.exchanges;
                let l7 = |log: &mut _, logged_at| access_log::l7(log, logged_at, exchanges);
                if let Err(reason) = self.flows.replace(record, l7) {
                    return Outcome::Dropped(reason);
                }
            }
            _ => {}
        }
        Outcome::Keep
    }
}

impl Processor for HttpFlow {
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
