//! `http_flow`: HTTP requests and responses become L7 flows.
//!
//! Access-log records of Cilium's proxies follow Hubble's `seven` parser (v1.19.4), latency and trace context
//! included. Where no proxy is involved, HTTP/1 heads at the start of captured TCP segments make flows of their own
//! beside the packets' flows: see `wire_seen` for when. Those have no latency: packets of a connection that are not
//! reported could have been another request. Bodies, HTTP/2 and heads in several segments are not read.

mod access_log;
mod exchanges;
mod traceparent;
mod url;
mod wire;

use exchanges::Exchanges;

use serde::Deserialize;
use tidegate_core::component::{BuildContext, BuildError, ComponentKind, ProcessorConfig, ProcessorKind};
use tidegate_core::flow::{Flow, L4, L7};
use tidegate_core::stage::Processor;
use tidegate_core::{Kind, Kinds};
use tidegate_wire::access_log as records;
use tidegate_wire::http;

use crate::access_log_flow::Log;
use crate::l7_stage::{Findings, L7Stage, Protocol};
use crate::wire_seen::{Content, Exchange, Settings};

/// The kind.
pub const KIND: ProcessorKind = ComponentKind {
    name: "http_flow",
    about: "Makes L7 flows of HTTP requests and responses, from proxies' records and from packets",
    keys: Settings::KEYS,
    outcomes: crate::wire_seen::OUTCOMES,
    parse: |table| Ok(Box::new(Config::deserialize(table)?)),
};

/// Configuration of `http_flow`: the keys of the wire source.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct Config(Settings);

impl ProcessorConfig for Config {
    fn consumes(&self) -> Kinds {
        Kinds::of(&[Kind::Event, Kind::Flow])
    }

    fn produces(&self, input: Kinds) -> Kinds {
        input.union(Kinds::of(&[Kind::Flow]))
    }

    fn build(&self, _context: &BuildContext) -> Result<Box<dyn Processor>, BuildError> {
        Ok(Box::new(L7Stage::new(HttpFlow::default(), self.0.build()?)))
    }
}

/// HTTP.
#[derive(Debug, Default)]
struct HttpFlow {
    exchanges: Exchanges,
    content: Content,
}

impl Protocol for HttpFlow {
    const RECORDS: records::Protocol = records::Protocol::Http;

    fn l7(&mut self, log: &Log<'_>, logged_at: jiff::SignedDuration) -> L7 {
        access_log::l7(log, logged_at, &mut self.exchanges)
    }

    fn exchange(&mut self, log: &Log<'_>) -> Option<Exchange> {
        access_log::exchange(log, &self.content)
    }

    fn may_be(flow: &Flow, head: [u8; 4]) -> bool {
        matches!(flow.l4, L4::Tcp { .. }) & http::may_be_head(head)
    }

    fn find(&mut self, flow: &Flow, bytes: &[u8], findings: &mut Findings<'_>) {
        if let Some((message, start)) = wire::find(flow, bytes, &self.content) {
            findings.message(message, || wire::l7(start));
        }
    }
}
