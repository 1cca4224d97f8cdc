//! Scenarios: each writes the events of one conversation, as the node's datapath and proxies report
//! it.

mod announce;
mod dns;
mod drops;
mod http;
mod icmp;
mod internal;
mod overlay;
mod rare;
mod tcp;
mod traces;

use std::collections::BTreeSet;

use tidegate_wire::event::{observation_point, trace_reason};

use crate::cluster::Cluster;
use crate::event_writer::{Conversation, EventWriter, Trace};
use crate::mix::Scenario;
use crate::options::Options;
use crate::packet::Path;

/// Writes the events of conversations between the peers of a cluster.
#[derive(Debug)]
pub(crate) struct Scenarios {
    cluster: Cluster,
    writer: EventWriter,
    options: Options,
    /// Notifications to be sent before the next event of a conversation.
    pub(crate) announcements: Conversation,
    /// Endpoints that have been announced.
    endpoints: BTreeSet<u16>,
    /// Number of access-log records, which their timestamps are derived from.
    clock: u64,
}

impl Scenarios {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            cluster: Cluster::new(),
            writer: EventWriter::new(options),
            options: options.clone(),
            announcements: Conversation::new(),
            endpoints: BTreeSet::new(),
            clock: 0,
        }
    }

    /// Returns the events of one conversation. Notifications about new peers are added to
    /// [`Self::announcements`], if the options or the mix have them.
    pub(crate) fn play(
        &mut self,
        scenario: Scenario,
        cpu: u16,
        rng: &mut fastrand::Rng,
    ) -> Conversation {
        self.writer.cpu = cpu;
        match scenario {
            Scenario::Tcp => self.tcp(rng),
            Scenario::DnsOnWire => self.dns_on_wire(rng),
            Scenario::DnsProxied => self.dns_proxied(rng),
            Scenario::HttpOnWire => self.http_on_wire(rng),
            Scenario::HttpProxied => self.http_proxied(rng),
            Scenario::Icmp => self.icmp(rng),
            Scenario::Drop => self.drops(rng),
            Scenario::Overlay => self.overlay(rng),
            Scenario::Rare => self.rare(rng),
            Scenario::Internal => self.internal(rng),
            Scenario::HttpTraced => self.http_traced(rng),
        }
        let conversation = std::mem::take(&mut self.writer.conversation);
        let new_peers = self.cluster.take_new_peers();
        if self.options.announce || self.options.mix.has(Scenario::Internal) {
            new_peers.iter().for_each(|peer| self.announce(peer));
        }
        self.announcements.append(&mut self.writer.conversation);
        conversation
    }

    /// Writes the traces of a packet: leaving a local pod, then arriving at one with `reason` or
    /// leaving the node.
    fn trace_packet(&mut self, path: &Path, reason: u8, packet: &[u8]) {
        self.trace_departure(path, packet);
        self.trace_arrival(path, reason, packet);
    }

    /// Writes the trace of a packet that leaves a local pod, if one sent it.
    fn trace_departure(&mut self, path: &Path, packet: &[u8]) {
        let from = path.from.endpoint;
        if from != 0 {
            let trace = Trace {
                point: observation_point::FROM_ENDPOINT,
                reason: trace_reason::UNKNOWN,
                source: from,
                ..Trace::default()
            };
            self.writer.trace(path, trace, packet);
        }
    }

    /// Writes the trace of a packet that arrives at a local pod or leaves the node.
    fn trace_arrival(&mut self, path: &Path, reason: u8, packet: &[u8]) {
        let from = path.from.endpoint;
        let to = path.to.endpoint;
        if to != 0 {
            let trace = Trace {
                point: observation_point::TO_ENDPOINT,
                reason,
                source: to,
                dst_id: to,
                ..Trace::default()
            };
            self.writer.trace(path, trace, packet);
        } else {
            let trace = Trace {
                point: observation_point::TO_STACK,
                reason,
                source: from,
                ..Trace::default()
            };
            self.writer.trace(path, trace, packet);
        }
    }

    /// Returns a time in RFC 3339 with nanoseconds, a millisecond after the previous one.
    fn timestamp(&mut self) -> String {
        self.clock += 1;
        let seconds = self.clock / 1000;
        let minutes = seconds / 60;
        let hours = seconds / 3600;
        let millis = self.clock % 1000;
        format!(
            "2026-03-01T{:02}:{:02}:{:02}.{millis:03}000000Z",
            hours % 24,
            minutes % 60,
            seconds % 60
        )
    }
}

/// Picks a client's port.
fn client_port(rng: &mut fastrand::Rng) -> u16 {
    rng.u16(32_768..61_000)
}

/// Picks the IP version: one conversation in five uses IPv6.
fn is_v6(rng: &mut fastrand::Rng) -> bool {
    rng.u8(..5) == 0
}
