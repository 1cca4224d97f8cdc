//! `dns_flow`: DNS requests and responses become L7 flows.
//!
//! Access-log records of Cilium's DNS proxy follow Hubble's `seven` parser (v1.19.4). Where no
//! proxy is involved, messages in captured packets from or to port 53 (UDP, and TCP where a segment
//! starts with a message, as many as follow each other) make flows of their own beside the packets'
//! flows, with observation source `wire`: see `l7::pending` for when. Of a message that the capture
//! cut, or that goes on in another segment, the records that are whole are on the flow, which lists
//! the parts that are missing; the note `dns_incomplete` counts it. A retransmitted TCP segment is
//! the same message: see [`tcp_messages`]. What is no readable message (without a whole question, in the
//! middle of a TCP stream, no DNS) makes no flow, and is counted by the note `dns_unread`.

mod access_log;
mod packets;
mod tcp_messages;

use serde::Deserialize;
use tidegate_model::flow::{Flow, L7};
use tidegate_model::{Kind, Kinds};
use tidegate_runtime::component::{
    BuildContext, BuildError, ComponentKind, Outcomes, ProcessorConfig, ProcessorKind,
};
use tidegate_runtime::stage::Processor;
use tidegate_wire::access_log as records;

use crate::l7::access_log::Log;
use crate::l7::pending::{Content, Exchange, OUTCOMES, OfProxy, Settings, TABLE_FULL};
use crate::l7::stage::{Findings, L7Stage, Protocol};

/// The kind.
pub const KIND: ProcessorKind = ComponentKind {
    name: "dns_flow",
    about: "Makes L7 flows of DNS requests and responses, from proxies' records and from packets",
    keys: Settings::KEYS,
    outcomes: Outcomes {
        noted: &[
            TABLE_FULL,
            packets::INCOMPLETE,
            packets::UNREAD,
            packets::SENT_FULL,
        ],
        ..OUTCOMES
    },
    parse: |table| Ok(Box::new(Config::deserialize(table)?)),
};

/// Configuration of `dns_flow`: the keys of the wire source.
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
        Ok(Box::new(L7Stage::new(
            DnsFlow::new(self.0.pending),
            self.0.build()?,
        )))
    }
}

/// DNS.
#[derive(Debug)]
struct DnsFlow {
    content: Content,
    finder: packets::Finder,
    /// A record's name in lower case; kept for its memory.
    query: Vec<u8>,
}

impl DnsFlow {
    fn new(pending: usize) -> Self {
        Self {
            content: Content::default(),
            finder: packets::Finder::new(pending),
            query: Vec::new(),
        }
    }
}

impl Protocol for DnsFlow {
    const RECORDS: records::Protocol = records::Protocol::Dns;

    fn l7(&mut self, log: &Log<'_>, _logged_at: jiff::SignedDuration) -> L7 {
        access_log::l7(log)
    }

    fn exchange(&mut self, log: &Log<'_>) -> Option<Exchange> {
        access_log::exchange(log, &self.content, &mut self.query)
    }

    fn of_proxy(&self, log: &Log<'_>, exchange: &Exchange) -> Option<OfProxy> {
        access_log::of_proxy(log, exchange)
    }

    fn may_be(flow: &Flow, _head: [u8; 4]) -> bool {
        packets::is_on_port(flow)
    }

    fn find(&mut self, flow: &Flow, bytes: &[u8], findings: &mut Findings<'_>) {
        self.finder.find(flow, bytes, &self.content, findings);
    }
}
