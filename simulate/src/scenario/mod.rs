//! What happens: each scenario writes the events of one conversation, as the node's datapath and
//! proxies report it.

mod announce;
mod dns;
mod drops;
mod http;
mod icmp;
mod internal;
mod overlay;
mod rare;
mod tcp;

use std::collections::BTreeSet;

use crate::mix::Scenario;
use crate::options::Options;
use crate::packet::Path;
use crate::script::{Pen, Script, Trace, point, state};
use crate::world::World;

/// Everything that a scenario plays with.
#[derive(Debug)]
pub(crate) struct Stage {
    world: World,
    pen: Pen,
    options: Options,
    /// Notifications that have to come first.
    pub(crate) announcements: Script,
    /// Endpoints that have been announced.
    endpoints: BTreeSet<u16>,
    /// Counts access-log records, whose timestamps are made of it.
    clock: u64,
}

impl Stage {
    pub(crate) fn new(options: &Options) -> Self {
        let (world, pen, options) = (World::new(), Pen::new(options), options.clone());
        Self {
            world,
            pen,
            options,
            announcements: Script::new(),
            endpoints: BTreeSet::new(),
            clock: 0,
        }
    }

    /// The events of one conversation. Where the mix has notifications, those about who takes part
    /// for the first time are in [`Self::announcements`], to come before.
    pub(crate) fn play(&mut self, scenario: Scenario, cpu: u16, rng: &mut fastrand::Rng) -> Script {
        self.pen.cpu = cpu;
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
        }
        let conversation = std::mem::take(&mut self.pen.script);
        let newcomers = self.world.newcomers();
        if self.options.mix.has(Scenario::Internal) {
            newcomers.iter().for_each(|peer| self.announce(peer));
        }
        self.announcements.append(&mut self.pen.script);
        conversation
    }

    /// A packet on its way from a local pod, with the states of its two traces: leaving the pod,
    /// and arriving or leaving the node.
    fn pass(&mut self, path: &Path, state: u8, packet: &[u8]) {
        let (from, to) = (path.from.endpoint, path.to.endpoint);
        if from != 0 {
            let trace = Trace {
                point: point::FROM_ENDPOINT,
                state: state::UNKNOWN,
                source: from,
                ..Trace::default()
            };
            self.pen.trace(path, trace, packet);
        }
        if to != 0 {
            let trace = Trace {
                point: point::TO_ENDPOINT,
                state,
                source: to,
                dst_id: to,
                ..Trace::default()
            };
            self.pen.trace(path, trace, packet);
        } else {
            let trace = Trace {
                point: point::TO_STACK,
                state,
                source: from,
                ..Trace::default()
            };
            self.pen.trace(path, trace, packet);
        }
    }

    /// RFC 3339 with nanoseconds, a millisecond after the one before it.
    fn timestamp(&mut self) -> String {
        self.clock += 1;
        let (seconds, millis) = (self.clock / 1000, self.clock % 1000);
        let (minutes, hours) = (seconds / 60, seconds / 3600);
        format!(
            "2026-03-01T{:02}:{:02}:{:02}.{millis:03}000000Z",
            hours % 24,
            minutes % 60,
            seconds % 60
        )
    }
}

/// A port that a client takes.
fn client_port(rng: &mut fastrand::Rng) -> u16 {
    rng.u16(32_768..61_000)
}

/// One conversation in five is over IPv6.
fn is_v6(rng: &mut fastrand::Rng) -> bool {
    rng.u8(..5) == 0
}
