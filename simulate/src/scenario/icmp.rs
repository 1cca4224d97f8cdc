//! ICMP and ICMPv6.

use super::{Stage, is_v6};
use crate::packet::{Path, icmp};
use crate::script::state;

impl Stage {
    pub(super) fn icmp(&mut self, rng: &mut fastrand::Rng) {
        let v6 = is_v6(rng);
        let there = Path {
            from: self.world.local(rng, v6),
            to: self.world.pod(rng, v6),
            ports: (0, 0),
        };
        let back = there.back();
        let (request, reply, unreachable) = if v6 { (128, 129, 1) } else { (8, 0, 3) };
        let id = [0, rng.u8(..), 0, 1];
        self.pass(&there, state::NEW, &icmp(&there, request, 0, id));
        if rng.u8(..4) == 0 {
            self.pass(&back, state::RELATED, &icmp(&back, unreachable, 1, [0; 4]));
        } else {
            self.pass(&back, state::REPLY, &icmp(&back, reply, 0, id));
        }
        if v6 {
            self.pass(&there, state::NEW, &icmp(&there, 135, 0, [0; 4]));
        }
    }
}
