//! Traffic to pods of other nodes through a tunnel. Before 1.18 the datapath reports it without the
//! outer headers; later it can report the outer packet and flag the tunnel.

use tidegate_wire::event::{flags, observation_point, trace_reason};
use tidegate_wire::packet::TcpFlags;

use super::{Scenarios, client_port};
use crate::cluster::{LOCAL_NODE, REMOTE_NODE};
use crate::event_writer::Trace;
use crate::options::Release;
use crate::packet::{Path, geneve, tcp, vxlan};

const GENEVE_PORT: u16 = 6081;

impl Scenarios {
    pub(super) fn overlay(&mut self, rng: &mut fastrand::Rng) {
        let from = self.cluster.local(rng, false);
        let to = self.cluster.pod(rng, false);
        let forward = Path {
            ports: (client_port(rng), to.port),
            from,
            to,
        };
        let backward = forward.reverse();
        let seq = rng.u32(..);
        let ack = rng.u32(..);
        let syn = tcp(&forward, TcpFlags::SYN, (seq, 0), &[]);
        let to_overlay = Trace {
            point: observation_point::TO_OVERLAY,
            reason: trace_reason::CT_NEW,
            source: forward.from.endpoint,
            ..Trace::default()
        };
        self.writer.trace(&forward, to_overlay, &syn);
        let syn_ack = tcp(
            &backward,
            TcpFlags::SYN | TcpFlags::ACK,
            (ack, seq.wrapping_add(1)),
            &[],
        );
        if self.options.release >= Release::V1_18 {
            self.tunnelled(&backward, &syn_ack, rng);
        }
        self.received(&backward, &syn_ack);
    }

    /// Traces a packet that leaves the tunnel and arrives at a local endpoint.
    fn received(&mut self, path: &Path, packet: &[u8]) {
        let from_overlay = Trace {
            point: observation_point::FROM_OVERLAY,
            reason: trace_reason::UNKNOWN,
            ..Trace::default()
        };
        self.writer.trace(path, from_overlay, packet);
        let to_endpoint = Trace {
            point: observation_point::TO_ENDPOINT,
            reason: trace_reason::CT_REPLY,
            source: path.to.endpoint,
            dst_id: path.to.endpoint,
            ..Trace::default()
        };
        self.writer.trace(path, to_endpoint, packet);
    }

    /// Traces the packet as the network device receives it, sometimes encrypted.
    fn tunnelled(&mut self, path: &Path, frame: &[u8], rng: &mut fastrand::Rng) {
        let mut from = self.cluster.node(REMOTE_NODE);
        let to = self.cluster.node(LOCAL_NODE);
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
            point: observation_point::FROM_NETWORK,
            reason: trace_reason::UNKNOWN,
            flags: flag,
            encrypted: rng.u8(..4) == 0,
            ..Trace::default()
        };
        self.writer.trace(path, trace, &packet);
    }
}
