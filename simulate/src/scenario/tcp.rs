//! TCP connections, as monitor aggregation shows them: the handshake, some data, the end.

use super::{Stage, client_port, is_v6};
use crate::options::Release;
use tidegate_wire::packet::{TcpFlags, ip_protocol};

use crate::packet::{Path, tcp};
use crate::script::{Trace, point, state};
use crate::world::LOCAL_NODE;

impl Stage {
    pub(super) fn tcp(&mut self, rng: &mut fastrand::Rng) {
        let v6 = is_v6(rng);
        let from = self.world.local(rng, v6);
        let to = if rng.u8(..4) == 0 {
            self.world.outside(rng, v6)
        } else {
            self.world.pod(rng, v6)
        };
        let ports = (client_port(rng), to.port);
        let there = Path { from, to, ports };
        let back = there.back();
        let (mut seq, mut ack) = (rng.u32(..), rng.u32(..));
        let syn = tcp(&there, TcpFlags::SYN, (seq, 0), &[]);
        self.pen.verdict(&there, false, ip_protocol::TCP, 0, &syn);
        self.pass(&there, state::NEW, &syn);
        if there.to.endpoint != 0 {
            self.pen.verdict(&there, true, ip_protocol::TCP, 0, &syn);
        }
        seq = seq.wrapping_add(1);
        self.pass(
            &back,
            state::REPLY,
            &tcp(&back, TcpFlags::SYN | TcpFlags::ACK, (ack, seq), &[]),
        );
        ack = ack.wrapping_add(1);
        for _ in 0..rng.u8(1..4) {
            self.pass(&there, state::ESTABLISHED, &data(&there, (seq, ack), rng));
            self.pass(&back, state::REPLY, &data(&back, (ack, seq), rng));
            (seq, ack) = (seq.wrapping_add(400), ack.wrapping_add(900));
        }
        if there.to.endpoint == 0 {
            self.masqueraded(&there, (seq, ack));
        }
        let end = if rng.u8(..10) == 0 {
            TcpFlags::RST
        } else {
            TcpFlags::FIN | TcpFlags::ACK
        };
        self.pass(
            &there,
            state::ESTABLISHED,
            &tcp(&there, end, (seq, ack), &[]),
        );
        self.pass(
            &back,
            state::REPLY,
            &tcp(&back, TcpFlags::FIN | TcpFlags::ACK, (ack, seq), &[]),
        );
    }

    /// A packet that leaves the node under the node's address; the trace tells the pod's, from the
    /// last releases of 1.15 on.
    fn masqueraded(&mut self, path: &Path, numbers: (u32, u32)) {
        if path.is_v6() || self.options.release < Release::V1_16 {
            return;
        }
        let mut orig_ip = [0; 16];
        if let std::net::IpAddr::V4(v4) = path.from.ip {
            orig_ip[..4].copy_from_slice(&v4.octets());
        }
        let mut outside = path.clone();
        outside.from.ip = self.world.node(LOCAL_NODE).ip;
        let packet = tcp(&outside, TcpFlags::ACK, numbers, &[]);
        let state = state::ESTABLISHED;
        let trace = Trace {
            point: point::TO_NETWORK,
            state,
            source: 290,
            orig_ip,
            ..Trace::default()
        };
        self.pen.trace(&outside, trace, &packet);
    }
}

/// A segment with bytes that no parser takes for a protocol's.
fn data(path: &Path, numbers: (u32, u32), rng: &mut fastrand::Rng) -> Vec<u8> {
    let mut payload = [0u8; 400];
    rng.fill(&mut payload);
    payload[0] = 0x17;
    tcp(path, TcpFlags::PSH | TcpFlags::ACK, numbers, &payload)
}
