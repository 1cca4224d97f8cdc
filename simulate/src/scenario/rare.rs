//! Rare packets: SCTP, VRRP, IGMP, fragments, no Ethernet header, other protocols.

use tidegate_wire::event::{flags, observation_point, trace_reason};
use tidegate_wire::packet::{TcpFlags, ip_protocol};

use super::{Scenarios, client_port};
use crate::event_writer::Trace;
use crate::options::Release;
use crate::packet::{Path, ip, tcp};

const GRE: u8 = 47;
const ETHERNET: usize = 14;
const IPV4_FRAGMENT: usize = ETHERNET + 6;

impl Scenarios {
    pub(super) fn rare(&mut self, rng: &mut fastrand::Rng) {
        let from = self.cluster.local(rng, false);
        let to = self.cluster.pod(rng, false);
        let path = Path {
            ports: (client_port(rng), 3868),
            from,
            to,
        };
        let [a, b] = path.ports.0.to_be_bytes();
        self.trace_packet(
            &path,
            trace_reason::CT_NEW,
            &ip(
                &path,
                ip_protocol::SCTP,
                &[a, b, 15, 28, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 4],
            ),
        );
        self.trace_packet(
            &path,
            trace_reason::CT_NEW,
            &ip(
                &path,
                ip_protocol::VRRP,
                &[0x21, 7, 100, 1, 0, 1, 0, 0, 10, 0, 0, 1, 0, 0, 0, 0],
            ),
        );
        self.trace_packet(
            &path,
            trace_reason::CT_NEW,
            &ip(&path, ip_protocol::IGMP, &[0x16, 0, 0, 0, 224, 0, 0, 251]),
        );
        self.trace_packet(
            &path,
            trace_reason::CT_NEW,
            &ip(&path, GRE, &[0, 0, 0x08, 0x00]),
        );
        let mut fragment = ip(&path, ip_protocol::UDP, &[0; 64]);
        fragment[IPV4_FRAGMENT] = 0x20;
        self.trace_packet(&path, trace_reason::CT_NEW, &fragment);
        self.without_ethernet(&path);
    }

    fn without_ethernet(&mut self, path: &Path) {
        if self.options.release < Release::V1_17 {
            return;
        }
        let packet = tcp(path, TcpFlags::ACK, (1, 1), &[]);
        let trace = Trace {
            point: observation_point::TO_NETWORK,
            reason: trace_reason::CT_ESTABLISHED,
            flags: flags::L3_DEVICE,
            ..Trace::default()
        };
        self.writer.trace(path, trace, &packet[ETHERNET..]);
    }
}
