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
    BuildContext, BuildError, ComponentKind, Key, Outcomes, ProcessorConfig, ProcessorKind,
};
use tidegate_runtime::config::HumanDuration;
use tidegate_runtime::stage::Processor;
use tidegate_wire::access_log as records;
use tidegate_wire::http;

use crate::l7::access_log::AccessLogEntry;
use crate::l7::pending::{ContentHasher, Exchange, Settings};
use crate::l7::redaction::{self, Redaction};
use crate::l7::stage::{Findings, L7Stage, Protocol};

/// The kind.
pub const KIND: ProcessorKind = ComponentKind {
    name: "http_flow",
    about: "Makes L7 flows of HTTP requests and responses, from proxies' records and from packets",
    keys: KEYS,
    outcomes: Outcomes {
        noted: packets::note::ALL,
        ..crate::l7::pending::OUTCOMES
    },
    parse: |table| Ok(Box::new(Config::deserialize(table)?)),
};

const KEYS: &[Key] = &[
    Settings::WIRE,
    Settings::HOLD,
    Settings::PENDING,
    Key {
        name: "connections",
        default: "4096",
        effect: "connections that are remembered, at some 600 bytes each, so that retransmissions are known and responses have their requests; beyond it the least recently used is forgotten, with the note `http_connections_full`",
    },
    redaction::Settings::KEY,
];

/// Configuration of `http_flow`.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    wire: bool,
    hold: HumanDuration,
    pending: usize,
    /// Connections that are remembered (default 4096, at least 1). Raise it where
    /// `http_connections_full` appears.
    connections: usize,
    redact: redaction::Settings,
}

impl Default for Config {
    fn default() -> Self {
        let Settings {
            wire,
            hold,
            pending,
        } = Settings::default();
        Self {
            wire,
            hold,
            pending,
            connections: 4_096,
            redact: redaction::Settings::default(),
        }
    }
}

const MOST_CONNECTIONS: usize = 1 << 24;

impl ProcessorConfig for Config {
    fn consumes(&self) -> Kinds {
        Kinds::of(&[Kind::Event, Kind::Flow])
    }

    fn produces(&self, input: Kinds) -> Kinds {
        input.union(Kinds::of(&[Kind::Flow]))
    }

    fn build(&self, _context: &BuildContext) -> Result<Box<dyn Processor>, BuildError> {
        if !(1..=MOST_CONNECTIONS).contains(&self.connections) {
            let message = format!("connections is 1 to {MOST_CONNECTIONS}");
            return Err(BuildError {
                key: "connections",
                message,
            });
        }
        let seen = Settings {
            wire: self.wire,
            hold: self.hold,
            pending: self.pending,
        }
        .build()?;
        let protocol = HttpFlow::new(self.connections, self.hold.0, self.redact.build()?);
        Ok(Box::new(L7Stage::new(protocol, seen)))
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

    fn exchange(&mut self, entry: &AccessLogEntry<'_>) -> Option<Exchange> {
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
