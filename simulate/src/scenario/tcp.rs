//! TCP connections, as monitor aggregation shows them: the handshake, some data, the end.

use std::net::IpAddr;

use tidegate_wire::event::{observation_point, trace_reason};
use tidegate_wire::packet::{TcpFlags, ip_protocol};

use super::{Scenarios, client_port, is_v6};
use crate::cluster::LOCAL_NODE;
use crate::event_writer::Trace;
use crate::options::Release;
use crate::packet::{Path, tcp};

impl Scenarios {
    pub(super) fn tcp(&mut self, rng: &mut fastrand::Rng) {
        let v6 = is_v6(rng);
        let from = self.cluster.local(rng, v6);
        let to = if rng.u8(..4) == 0 {
            self.cluster.external(rng, v6)
        } else {
            self.cluster.pod(rng, v6)
        };
        let ports = (client_port(rng), to.port);
        let forward = Path { from, to, ports };
        let backward = forward.reverse();
        let mut seq: u32 = rng.u32(..);
        let mut ack: u32 = rng.u32(..);
        let syn = tcp(&forward, TcpFlags::SYN, (seq, 0), &[]);
        self.writer
            .verdict(&forward, false, ip_protocol::TCP, 0, &syn);
        self.trace_packet(&forward, trace_reason::CT_NEW, &syn);
        if forward.to.endpoint != 0 {
            self.writer
                .verdict(&forward, true, ip_protocol::TCP, 0, &syn);
        }
        seq = seq.wrapping_add(1);
        self.trace_packet(
            &backward,
            trace_reason::CT_REPLY,
            &tcp(&backward, TcpFlags::SYN | TcpFlags::ACK, (ack, seq), &[]),
        );
        ack = ack.wrapping_add(1);
        for _ in 0..rng.u8(1..4) {
            self.trace_packet(
                &forward,
                trace_reason::CT_ESTABLISHED,
                &data(&forward, (seq, ack), rng),
            );
            self.trace_packet(
                &backward,
                trace_reason::CT_REPLY,
                &data(&backward, (ack, seq), rng),
            );
            seq = seq.wrapping_add(400);
            ack = ack.wrapping_add(900);
        }
        if forward.to.endpoint == 0 {
            self.masqueraded(&forward, (seq, ack));
        }
        let end = if rng.u8(..10) == 0 {
            TcpFlags::RST
        } else {
            TcpFlags::FIN | TcpFlags::ACK
        };
        self.trace_packet(
            &forward,
            trace_reason::CT_ESTABLISHED,
            &tcp(&forward, end, (seq, ack), &[]),
        );
        self.trace_packet(
            &backward,
            trace_reason::CT_REPLY,
            &tcp(&backward, TcpFlags::FIN | TcpFlags::ACK, (ack, seq), &[]),
        );
    }

    /// Traces a packet that leaves the node with the node's address. The trace has the pod's address
    /// since the last releases of 1.15.
    fn masqueraded(&mut self, path: &Path, numbers: (u32, u32)) {
        if path.is_v6() || self.options.release < Release::V1_16 {
            return;
        }
        let mut orig_ip = [0; 16];
        if let IpAddr::V4(v4) = path.from.ip {
            orig_ip[..4].copy_from_slice(&v4.octets());
        }
        let mut masqueraded = path.clone();
        masqueraded.from.ip = self.cluster.node(LOCAL_NODE).ip;
        let packet = tcp(&masqueraded, TcpFlags::ACK, numbers, &[]);
        let trace = Trace {
            point: observation_point::TO_NETWORK,
            reason: trace_reason::CT_ESTABLISHED,
            source: 290,
            orig_ip,
            ..Trace::default()
        };
        self.writer.trace(&masqueraded, trace, &packet);
    }
}

/// Builds a segment with bytes that no parser recognises.
fn data(path: &Path, numbers: (u32, u32), rng: &mut fastrand::Rng) -> Vec<u8> {
    let mut payload = [0u8; 400];
    rng.fill(&mut payload);
    payload[0] = 0x17;
    tcp(path, TcpFlags::PSH | TcpFlags::ACK, numbers, &payload)
}
