//! Packets that the datapath drops, with the policy's verdict where it was the policy.

use super::{Stage, client_port, is_v6};
use tidegate_wire::packet::{TcpFlags, ip_protocol};

use crate::packet::{Path, tcp, udp};

const POLICY_DENIED: u8 = 133;
const POLICY_DENY: u8 = 181;
/// Denied by policy most of the time, otherwise anything that happens.
const REASONS: [u8; 12] = [
    POLICY_DENIED,
    POLICY_DENIED,
    POLICY_DENIED,
    POLICY_DENIED,
    POLICY_DENY,
    130,
    132,
    134,
    137,
    144,
    169,
    196,
];

impl Stage {
    pub(super) fn drops(&mut self, rng: &mut fastrand::Rng) {
        let v6 = is_v6(rng);
        let (from, to) = (self.world.local(rng, v6), self.world.pod(rng, v6));
        let path = Path {
            ports: (client_port(rng), to.port),
            from,
            to,
        };
        let reason = REASONS[rng.usize(..REASONS.len())];
        let (protocol, packet) = if rng.u8(..4) == 0 {
            (ip_protocol::UDP, udp(&path, b"datagram"))
        } else {
            (
                ip_protocol::TCP,
                tcp(&path, TcpFlags::SYN, (rng.u32(..), 0), &[]),
            )
        };
        let source = path.from.endpoint;
        for _ in 0..rng.u8(1..4) {
            if reason == POLICY_DENIED || reason == POLICY_DENY {
                self.pen
                    .verdict(&path, false, protocol, -i32::from(reason), &packet);
            }
            self.pen.drop(&path, source, reason, &packet);
        }
    }
}
