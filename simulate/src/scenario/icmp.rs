//! ICMP and ICMPv6.

use tidegate_wire::event::trace_reason;

use super::{Scenarios, is_v6};
use crate::packet::{Path, icmp};

impl Scenarios {
    pub(super) fn icmp(&mut self, rng: &mut fastrand::Rng) {
        let v6 = is_v6(rng);
        let forward = Path {
            from: self.cluster.local(rng, v6),
            to: self.cluster.pod(rng, v6),
            ports: (0, 0),
        };
        let backward = forward.reverse();
        let (request, reply, unreachable) = if v6 { (128, 129, 1) } else { (8, 0, 3) };
        let id = [0, rng.u8(..), 0, 1];
        self.trace_packet(
            &forward,
            trace_reason::CT_NEW,
            &icmp(&forward, request, 0, id),
        );
        if rng.u8(..4) == 0 {
            self.trace_packet(
                &backward,
                trace_reason::CT_RELATED,
                &icmp(&backward, unreachable, 1, [0; 4]),
            );
        } else {
            self.trace_packet(
                &backward,
                trace_reason::CT_REPLY,
                &icmp(&backward, reply, 0, id),
            );
        }
        if v6 {
            self.trace_packet(
                &forward,
                trace_reason::CT_NEW,
                &icmp(&forward, 135, 0, [0; 4]),
            );
        }
    }
}
