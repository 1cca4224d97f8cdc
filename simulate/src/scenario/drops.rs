//! Dropped packets, and the policy's verdict if it denied them.

use super::{Scenarios, client_port, is_v6};
use tidegate_wire::packet::{TcpFlags, ip_protocol};

use crate::packet::{Path, tcp, udp};

const POLICY_DENIED: u8 = 133;
const POLICY_DENY: u8 = 181;
/// Mostly policy denials.
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

impl Scenarios {
    pub(super) fn drops(&mut self, rng: &mut fastrand::Rng) {
        let v6 = is_v6(rng);
        let from = self.cluster.local(rng, v6);
        let to = self.cluster.pod(rng, v6);
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
                self.writer
                    .verdict(&path, false, protocol, -i32::from(reason), &packet);
            }
            self.writer.drop(&path, source, reason, &packet);
        }
    }
}
