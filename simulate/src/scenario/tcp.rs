//! TCP connections, as monitor aggregation shows them: the handshake, some data, the end.

use std::net::IpAddr;

use tidegate_wire::event::{observation_point, trace_reason};
use tidegate_wire::packet::{TcpFlags, ip_protocol};

use super::{Scenarios, client_port, is_v6};
use crate::cluster::{HOST_ENDPOINT, LOCAL_NODE};
use crate::event_writer::Trace;
use crate::options::Release;
use crate::packet::{Path, tcp};

/// The namespace whose pods are connected to by the addresses of their services.
const BEHIND_SERVICES: &str = "data";

/// The sequence numbers of the client and of the server.
struct Numbers {
    seq: u32,
    ack: u32,
}

impl Numbers {
    /// Sequence and acknowledgment number of the client's next segment.
    fn forward(&self) -> (u32, u32) {
        (self.seq, self.ack)
    }

    /// Sequence and acknowledgment number of the server's next segment.
    fn backward(&self) -> (u32, u32) {
        (self.ack, self.seq)
    }

    fn advance(&mut self, client_bytes: u32, server_bytes: u32) {
        self.seq = self.seq.wrapping_add(client_bytes);
        self.ack = self.ack.wrapping_add(server_bytes);
    }
}

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
        let mut numbers = Numbers {
            seq: rng.u32(..),
            ack: rng.u32(..),
        };
        self.handshake(&forward, &mut numbers);
        for _ in 0..rng.u8(1..4) {
            let request = data(&forward, numbers.forward(), rng);
            self.trace_packet(&forward, trace_reason::CT_ESTABLISHED, &request);
            let response = data(&backward, numbers.backward(), rng);
            self.trace_packet(&backward, trace_reason::CT_REPLY, &response);
            numbers.advance(400, 900);
        }
        if forward.to.endpoint == 0 {
            self.masqueraded(&forward, numbers.forward());
        }
        let fin = TcpFlags::FIN | TcpFlags::ACK;
        let end = if rng.u8(..10) == 0 {
            TcpFlags::RST
        } else {
            fin
        };
        let end = tcp(&forward, end, numbers.forward(), &[]);
        self.trace_packet(&forward, trace_reason::CT_ESTABLISHED, &end);
        let fin = tcp(&backward, fin, numbers.backward(), &[]);
        self.trace_packet(&backward, trace_reason::CT_REPLY, &fin);
    }

    fn handshake(&mut self, forward: &Path, numbers: &mut Numbers) {
        let backward = forward.reverse();
        let syn = tcp(forward, TcpFlags::SYN, (numbers.seq, 0), &[]);
        self.writer
            .verdict(forward, false, ip_protocol::TCP, 0, &syn);
        self.trace_first(forward, &syn, (numbers.seq, 0));
        if forward.to.endpoint != 0 {
            self.writer
                .verdict(forward, true, ip_protocol::TCP, 0, &syn);
        }
        numbers.advance(1, 0);
        let flags = TcpFlags::SYN | TcpFlags::ACK;
        let syn_ack = tcp(&backward, flags, numbers.backward(), &[]);
        self.trace_packet(&backward, trace_reason::CT_REPLY, &syn_ack);
        numbers.advance(0, 1);
    }

    /// Traces a SYN. To pods of some applications the client sends it to the address of the
    /// service, which the datapath translates after the first trace.
    fn trace_first(&mut self, forward: &Path, syn: &[u8], numbers: (u32, u32)) {
        let pod = forward.to.pod.as_ref();
        let service = pod
            .filter(|(namespace, _)| *namespace == BEHIND_SERVICES)
            .and_then(|_| self.cluster.service_of(&forward.to));
        match service {
            Some(to) => {
                let to_service = Path {
                    to,
                    ..forward.clone()
                };
                let syn = tcp(&to_service, TcpFlags::SYN, numbers, &[]);
                self.trace_departure(&to_service, &syn);
            }
            None => self.trace_departure(forward, syn),
        }
        self.trace_arrival(forward, trace_reason::CT_NEW, syn);
    }

    /// Traces a packet that leaves the node with the node's address. The trace has the pod's
    /// address since the last releases of 1.15.
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
            source: HOST_ENDPOINT,
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
