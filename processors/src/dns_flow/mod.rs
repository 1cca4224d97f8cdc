//! `dns_flow`: DNS requests and responses become L7 flows.
//!
//! Access-log records of Cilium's DNS proxy are parsed by the rules of Hubble's `seven` parser
//! (v1.19.4). Messages in captured packets from or to port 53 become additional flows, with the
//! observation source `wire`, if no proxy reports them: see `l7::pending` for the conditions. Over
//! TCP, all messages are read that follow each other from the start of a segment. A retransmitted
//! segment holds the same messages: see [`tcp_messages`].
//!
//! If a message is cut by the capture or continues in another segment, its flow has the records
//! that are whole and lists the missing parts; the note `dns_incomplete` counts these messages.
//! Bytes that are not a readable message make no flow, and are counted by the note `dns_unread`: a
//! message without a whole question, the middle of a TCP stream, or another protocol.
//!
//! If a later stage absorbs names, answers also become records of names, in front of the records
//! that they are decoded from: see [`answers`].

mod access_log;
mod answers;
mod packets;
mod tcp_messages;

use serde::Deserialize;
use tidegate_model::flow::{Flow, L7};
use tidegate_model::{Batch, Kind, Kinds, Timestamp};
use tidegate_runtime::component::{
    BuildContext, BuildError, ComponentKind, FlowContent, Outcomes, ProcessorConfig, ProcessorKind,
};
use tidegate_runtime::config::Table as _;
use tidegate_runtime::stage::Processor;
use tidegate_wire::access_log as records;

use crate::l7::access_log::AccessLogEntry;
use crate::l7::pending::{
    ContentHasher, ExchangeId, OUTCOMES, ProxyPackets, TABLE_FULL, wire_config,
};
use crate::l7::stage::{Findings, L7Stage, Notes, Protocol};
use answers::Answers;

/// The kind.
pub const KIND: ProcessorKind = ComponentKind {
    name: "dns_flow",
    about: Config::ABOUT,
    keys: Config::KEYS,
    outcomes: Outcomes {
        noted: &[
            TABLE_FULL,
            packets::INCOMPLETE,
            packets::UNREAD,
            packets::TCP_TABLE_FULL,
            answers::NAMES_FULL,
        ],
        ..OUTCOMES
    },
    parse: |table| Ok(Box::new(Config::deserialize(table)?)),
};

wire_config! {
    /// Makes L7 flows of DNS requests and responses, from proxies' records and from packets.
    {
        /// Whether answers give names to the addresses in them, for `source_names` and
        /// `destination_names` of the flows that follow. Hubble shows such names only where a
        /// policy sends DNS through Cilium's proxy.
        learn_names: bool = true,
    }
}

impl ProcessorConfig for Config {
    fn consumes(&self) -> Kinds {
        Kinds::of(&[Kind::Event, Kind::Flow])
    }

    fn produces(&self, input: Kinds) -> Kinds {
        input.union(Kinds::of(&[Kind::Flow]))
    }

    fn contributes(&self) -> &'static [FlowContent] {
        &[FlowContent::Dns]
    }

    fn creates_on_demand(&self) -> Kinds {
        if self.learn_names {
            Kinds::of(&[Kind::Names])
        } else {
            Kinds::NONE
        }
    }

    fn build(&self, context: &BuildContext) -> Result<Box<dyn Processor>, BuildError> {
        self.build_for(Kinds::NONE, context)
    }

    fn build_for(
        &self,
        demanded: Kinds,
        _context: &BuildContext,
    ) -> Result<Box<dyn Processor>, BuildError> {
        let answers = Answers::new(demanded.contains(Kind::Names));
        Ok(Box::new(L7Stage::new(
            DnsFlow::new(self.pending.get(), answers),
            self.pending_messages()?,
        )))
    }
}

/// DNS.
#[derive(Debug)]
struct DnsFlow {
    hasher: ContentHasher,
    finder: packets::MessageFinder,
    /// A record's query in lower case; kept to reuse its memory.
    query: Vec<u8>,
}

impl DnsFlow {
    fn new(pending: usize, answers: Answers) -> Self {
        Self {
            hasher: ContentHasher::default(),
            finder: packets::MessageFinder::new(pending, answers),
            query: Vec::new(),
        }
    }
}

impl Protocol for DnsFlow {
    const RECORDS: records::Protocol = records::Protocol::Dns;

    fn l7(&mut self, entry: &AccessLogEntry<'_>, _logged_at: jiff::SignedDuration) -> L7 {
        access_log::l7(entry)
    }

    fn observe(&mut self, l7: &L7, entry: &AccessLogEntry<'_>, received: (Timestamp, u64)) {
        self.finder.answers.learn_from_record(l7, entry, received);
    }

    fn exchange(&mut self, entry: &AccessLogEntry<'_>) -> Option<ExchangeId> {
        access_log::exchange(entry, &self.hasher, &mut self.query)
    }

    fn proxy_packets(
        &self,
        entry: &AccessLogEntry<'_>,
        exchange: &ExchangeId,
    ) -> Option<ProxyPackets> {
        access_log::proxy_packets(entry, exchange)
    }

    fn may_hold_message(flow: &Flow, _head: [u8; 4]) -> bool {
        packets::has_dns_port(flow)
    }

    fn find_messages(&mut self, flow: &Flow, bytes: &[u8], findings: &mut Findings<'_>) {
        self.finder.find(flow, bytes, &self.hasher, findings);
    }

    fn end_batch(&mut self, batch: &mut Batch, notes: &mut Notes) {
        self.finder.answers.end_batch(batch, notes);
    }
}
