//! What is seldom seen: SCTP, VRRP, IGMP, fragments, packets without an Ethernet header, other
//! protocols.

use tidegate_wire::event::flags;
use tidegate_wire::packet::{TcpFlags, ip_protocol};

use super::{Stage, client_port};
use crate::options::Release;
use crate::packet::{Path, ip, tcp};
use crate::script::{Trace, point, state};

const GRE: u8 = 47;
const ETHERNET: usize = 14;
const IPV4_FRAGMENT: usize = ETHERNET + 6;

impl Stage {
    pub(super) fn rare(&mut self, rng: &mut fastrand::Rng) {
        let (from, to) = (self.world.local(rng, false), self.world.pod(rng, false));
        let path = Path {
            ports: (client_port(rng), 3868),
            from,
            to,
        };
        let [a, b] = path.ports.0.to_be_bytes();
        self.pass(
            &path,
            state::NEW,
            &ip(
                &path,
                ip_protocol::SCTP,
                &[a, b, 15, 28, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 4],
            ),
        );
        self.pass(
            &path,
            state::NEW,
            &ip(
                &path,
                ip_protocol::VRRP,
                &[0x21, 7, 100, 1, 0, 1, 0, 0, 10, 0, 0, 1, 0, 0, 0, 0],
            ),
        );
        self.pass(
            &path,
            state::NEW,
            &ip(&path, ip_protocol::IGMP, &[0x16, 0, 0, 0, 224, 0, 0, 251]),
        );
        self.pass(&path, state::NEW, &ip(&path, GRE, &[0, 0, 0x08, 0x00]));
        let mut fragment = ip(&path, ip_protocol::UDP, &[0; 64]);
        fragment[IPV4_FRAGMENT] = 0x20;
        self.pass(&path, state::NEW, &fragment);
        self.without_ethernet(&path);
    }

    fn without_ethernet(&mut self, path: &Path) {
        if self.options.release < Release::V1_17 {
            return;
        }
        let packet = tcp(path, TcpFlags::ACK, (1, 1), &[]);
        let state = state::ESTABLISHED;
        let trace = Trace {
            point: point::TO_NETWORK,
            state,
            flags: flags::L3_DEVICE,
            ..Trace::default()
        };
        self.pen.trace(path, trace, &packet[ETHERNET..]);
    }
}
