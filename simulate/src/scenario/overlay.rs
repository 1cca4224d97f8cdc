//! Traffic to pods of other nodes, through the tunnel. Before 1.18 the datapath reports it without
//! its outer headers; later it can report the outer packet and flag the tunnel.

use tidegate_wire::event::flags;
use tidegate_wire::packet::TcpFlags;

use super::{Stage, client_port};
use crate::options::Release;
use crate::packet::{Path, geneve, tcp, vxlan};
use crate::script::{Trace, point, state};
use crate::world::{LOCAL_NODE, REMOTE_NODE};

const GENEVE_PORT: u16 = 6081;

impl Stage {
    pub(super) fn overlay(&mut self, rng: &mut fastrand::Rng) {
        let (from, to) = (self.world.local(rng, false), self.world.pod(rng, false));
        let there = Path {
            ports: (client_port(rng), to.port),
            from,
            to,
        };
        let back = there.back();
        let (seq, ack) = (rng.u32(..), rng.u32(..));
        let syn = tcp(&there, TcpFlags::SYN, (seq, 0), &[]);
        let source = there.from.endpoint;
        let to_overlay = Trace {
            point: point::TO_OVERLAY,
            state: state::NEW,
            source,
            ..Trace::default()
        };
        self.pen.trace(&there, to_overlay, &syn);
        let syn_ack = tcp(
            &back,
            TcpFlags::SYN | TcpFlags::ACK,
            (ack, seq.wrapping_add(1)),
            &[],
        );
        if self.options.release >= Release::V1_18 {
            self.tunnelled(&back, &syn_ack, rng);
        }
        let from_overlay = Trace {
            point: point::FROM_OVERLAY,
            state: state::UNKNOWN,
            ..Trace::default()
        };
        self.pen.trace(&back, from_overlay, &syn_ack);
        let to_endpoint = Trace {
            point: point::TO_ENDPOINT,
            state: state::REPLY,
            source,
            dst_id: source,
            ..Trace::default()
        };
        self.pen.trace(&back, to_endpoint, &syn_ack);
    }

    /// The packet as the network device sees it, encrypted between nodes now and then.
    fn tunnelled(&mut self, path: &Path, frame: &[u8], rng: &mut fastrand::Rng) {
        let (mut from, to) = (self.world.node(REMOTE_NODE), self.world.node(LOCAL_NODE));
        from.identity = path.from.identity;
        let port = client_port(rng);
        let (flag, packet) = if rng.bool() {
            let outer = Path {
                ports: (port, to.port),
                from,
                to,
            };
            (flags::VXLAN, vxlan(&outer, path.from.identity, frame))
        } else {
            let outer = Path {
                ports: (port, GENEVE_PORT),
                from,
                to,
            };
            (flags::GENEVE, geneve(&outer, path.from.identity, frame))
        };
        let trace = Trace {
            point: point::FROM_NETWORK,
            state: state::UNKNOWN,
            flags: flag,
            encrypted: rng.u8(..4) == 0,
            ..Trace::default()
        };
        self.pen.trace(path, trace, &packet);
    }
}
