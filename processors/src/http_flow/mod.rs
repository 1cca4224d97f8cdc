//! `http_flow`: HTTP requests and responses become L7 flows.
//!
//! Access-log records of Cilium's proxies are parsed by the rules of Hubble's `seven` parser
//! (v1.19.4), including latency, trace context and redaction. HTTP/1 heads in captured TCP segments
//! become additional flows if no proxy reports them: see `l7::pending` for the conditions,
//! [`connections`] for how responses are matched with requests, and [`packets::note`] for what is
//! not read. HTTP/2, and heads that span several segments, are not read.

mod access_log;
mod connections;
mod extent;
mod message;
mod packets;
mod requests;
mod traceparent;

use std::time::Duration;

use connections::Connections;
use packets::MessageFinder;
use requests::RequestTable;
use serde::Deserialize;
use tidegate_model::flow::{Flow, L4, L7};
use tidegate_model::{Kind, Kinds};
use tidegate_runtime::component::{
    BuildContext, BuildError, ComponentKind, FlowContent, Outcomes, ProcessorConfig, ProcessorKind,
};
use tidegate_runtime::config::{Table as _, Whole};
use tidegate_runtime::stage::Processor;
use tidegate_wire::access_log as records;
use tidegate_wire::http;

use crate::l7::access_log::AccessLogEntry;
use crate::l7::pending::{ContentHasher, ExchangeId, wire_config};
use crate::l7::redaction::{self, Redaction};
use crate::l7::stage::{Findings, L7Stage, Protocol};

/// The kind.
pub const KIND: ProcessorKind = ComponentKind {
    name: "http_flow",
    about: Config::ABOUT,
    keys: Config::KEYS,
    outcomes: Outcomes {
        noted: packets::note::ALL,
        ..crate::l7::pending::OUTCOMES
    },
    parse: |table| Ok(Box::new(Config::deserialize(table)?)),
};

wire_config! {
    /// Makes L7 flows of HTTP requests and responses, from proxies' records and from packets.
    {
        /// The number of connections to remember, of about 600 bytes each, to recognize
        /// retransmissions and to match responses with their requests. Beyond it the least recently
        /// used one is dropped from the table, with the note `http_connections_full`.
        connections: ConnectionCapacity = ConnectionCapacity::new(4096),
        /// What is removed from flows, as by Hubble's `hubble-redact-*` settings.
        redact: redaction::Settings = redaction::Settings::default(),
    }
}

/// The number of connections to remember.
type ConnectionCapacity = Whole<1, { 1 << 24 }>;

impl ProcessorConfig for Config {
    fn consumes(&self) -> Kinds {
        Kinds::of(&[Kind::Event, Kind::Flow])
    }

    fn produces(&self, input: Kinds) -> Kinds {
        input.union(Kinds::of(&[Kind::Flow]))
    }

    fn contributes(&self) -> &'static [FlowContent] {
        &[FlowContent::Http]
    }

    fn build(&self, _context: &BuildContext) -> Result<Box<dyn Processor>, BuildError> {
        let protocol = HttpFlow::new(self.connections.get(), self.hold.0, self.redact.build()?);
        Ok(Box::new(L7Stage::new(protocol, self.pending_messages()?)))
    }
}

/// HTTP.
#[derive(Debug)]
struct HttpFlow {
    requests: RequestTable,
    finder: MessageFinder,
    redaction: Redaction,
}

impl HttpFlow {
    fn new(connections: usize, hold: Duration, redaction: Redaction) -> Self {
        let finder = MessageFinder {
            connections: Connections::new(connections, hold),
            hasher: ContentHasher::default(),
        };
        Self {
            requests: RequestTable::default(),
            finder,
            redaction,
        }
    }
}

impl Protocol for HttpFlow {
    const RECORDS: records::Protocol = records::Protocol::Http;

    fn l7(&mut self, entry: &AccessLogEntry<'_>, logged_at: jiff::SignedDuration) -> L7 {
        access_log::l7(entry, logged_at, &mut self.requests, &self.redaction)
    }

    fn exchange(&mut self, entry: &AccessLogEntry<'_>) -> Option<ExchangeId> {
        access_log::exchange(entry, &self.finder.hasher)
    }

    fn may_hold_message(flow: &Flow, head: [u8; 4]) -> bool {
        matches!(flow.l4, L4::Tcp { .. }) & http::may_be_head(head)
    }

    fn find_messages(&mut self, flow: &Flow, bytes: &[u8], findings: &mut Findings<'_>) {
        self.finder.find(flow, bytes, &self.redaction, findings);
    }

    #[inline]
    fn may_change_connection(&self, flow: &Flow) -> bool {
        self.finder.connections.may_change(flow)
    }

    fn update_connection(&mut self, flow: &Flow) {
        self.finder.connections.apply_flags(flow);
    }
}
